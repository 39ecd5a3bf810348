"""The rooms of commerce in a real browser, as those who do not sell them to the end customer, and the pages of each change."""

from __future__ import annotations

import pytest

from purser.access import verbs
from purser.catalog.models import PriceList, Product, Vendor
from purser.postgres import tenancy
from purser.subscriptions.models import LineKind
from purser.subscriptions.wanted import Asked
from tests.access import kit
from tests.access.kit import site as site
from tests.portal.browser import Open, assets, browser, live, screen, sound
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]
__all__ = ["assets", "browser", "live", "screen"]

SOLD = (
    "services/",
    "services/{row}/",
    "services/commitments/",
    "services/charges/",
    "services/margins/",
    "sales-orders/{order}/",
)
SEATS = {
    "operator": ("operator", verbs.OWNER, (
        *SOLD, "sales-orders/", "vendor-accounts/", "vendor-accounts/to-sync/", "vendor-tasks/", "instances/", "catalog/",
        "catalog/prices/",
    )),
    "distributor": ("distributor", verbs.OWNER, (
        *SOLD, "sales-orders/for/{customer}/?category=Backup&cycle=monthly&group=Workloads", "catalog/products/make/",
        "catalog/products/{product}/", "catalog/offers/make/", "catalog/vendors/make/", "catalog/vendors/{vendor}/",
        "catalog/prices/{costs}/", "catalog/prices/{costs}/change/", "catalog/prices/{costs}/publish/",
    )),
    "technician": ("reseller", verbs.TECHNICIAN, ("services/{row}/", "vendor-accounts/to-sync/", "sales-orders/{order}/")),
    "bookkeeper": ("reseller", verbs.BOOKKEEPER, ("services/{row}/", "sales-orders/waiting/", "sales-orders/{order}/")),
    "reader": ("reseller", verbs.READER, ("services/", "services/{row}/", "catalog/on-sale/")),
    "looker": ("customer", verbs.READER, ("my-services/", "services/{row}/", "sales-orders/{order}/", "services/charges/")),
}  # fmt: skip
CHANGES = ("addon", "renewal", "suspend", "cancel")


@pytest.fixture
def made() -> Shop:
    made = shops.shop()
    made.live("YEAR", 5)
    made.live("BASE", 1234)
    shops.approving(made)
    made.place(made.admin(), made.new("BASE", 4), note="For the new office")
    return made


def ids(made: Shop) -> dict[str, object]:
    yearly = next(row for row in made.subscriptions() if row.offer_code == "YEAR")
    order = made.place(made.admin(), Asked(LineKind.QUANTITY, 9, subscription=yearly.pk))
    with tenancy.acting_in(made.chain.distributor.pk):
        costs = PriceList.objects.get(side="cost")
        product, vendor = Product.objects.first(), Vendor.objects.get()
    assert product is not None
    return {
        "row": yearly.pk, "order": order.pk, "customer": made.customer.pk, "product": product.pk, "vendor": vendor.pk,
        "costs": costs.pk,
    }  # fmt: skip


@pytest.mark.parametrize("seat", SEATS)
def test_it_shows_its_pages_soundly(made: Shop, screen: Open, seat: str) -> None:
    name, role, pages = SEATS[seat]
    at, known = getattr(made.chain, name), ids(made)
    window = screen(kit.sign_in(kit.member(at, role)))
    faults = []
    for number, path in enumerate(pages):
        page = window.go(kit.url(at, path.format(**known)))
        assert kit.url(at, path.format(**known)) in page.url
        faults += [f"{path}: {fault}" for fault in sound(window, f"seat-{seat}-{number:02}")]
    assert faults == []


def test_it_shows_what_each_change_asks_soundly(made: Shop, screen: Open) -> None:
    """A customer's own, and one that is refused keeps what was typed and tells what that would cost."""
    by_code = {row.offer_code: row for row in made.subscriptions()}
    window = screen(kit.sign_in(kit.member(made.customer, verbs.ADMINISTRATOR)))
    faults = []
    for kind in CHANGES:
        row = by_code["BASE" if kind == "addon" else "YEAR"]
        window.go(kit.url(made.customer, f"sales-orders/change/{row.pk}/?kind={kind}"))
        faults += [f"{kind}: {fault}" for fault in sound(window, f"change-{kind}")]
    page = window.page
    assert page.get_by_text("It would end on").is_visible()
    assert faults == []
    window.go(kit.url(made.customer, f"sales-orders/change/{by_code['YEAR'].pk}/?kind=quantity"))
    page.get_by_label("Quantity").fill("3")
    page.get_by_role("button", name="Update").click()
    assert page.get_by_text("This was not done").is_visible()
    assert "25.50" in page.locator("#cost").inner_text()


def test_a_phone_reads_history_prices_and_quantities_without_scrolling_sideways(made: Shop, screen: Open) -> None:
    row = next(one for one in made.subscriptions() if one.offer_code == "BASE")
    window = screen(kit.sign_in(kit.member(made.reseller)), size=(390, 844))
    page = window.go(kit.url(made.reseller, f"services/{row.pk}/"))
    wide = (
        "els => els.filter(e => e.scrollWidth > e.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(e).overflowX)).length"
    )
    assert page.eval_on_selector_all("main *", wide) == 0
    broken = "els => els.filter(e => e.textContent.trim().length > 3 && e.getBoundingClientRect().height > 90).length"
    assert page.eval_on_selector_all(".change del, .change ins", broken) == 0, "no value is broken into single letters"
