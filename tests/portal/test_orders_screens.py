"""Ordering and approval in a real browser, for who sells and in self-service: sound in both themes and widths."""

from __future__ import annotations

import pytest
from django.test import Client
from playwright.sync_api import expect

from tests.access import kit
from tests.access.kit import site as site
from tests.portal.browser import Open, assets, browser, live, look, screen, sound
from tests.portal.customers import inside
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]
__all__ = ["assets", "browser", "live", "screen"]


@pytest.fixture
def made() -> Shop:
    made = shops.shop()
    made.live()
    shops.approving(made)
    made.place(made.admin(), made.new("YEAR", 5), note="For the new office")
    return made


def put(client: Client, made: Shop, where: str) -> None:
    for code in ("BASE", "YEAR", "ADD"):
        sent = {"offer": str(made.offers[code].pk), "quantity": "5", "price": "8.50"}
        assert client.post(f"{where}basket/", sent).status_code == 302


@pytest.mark.parametrize("own", [False, True], ids=["reseller", "customer"])
def test_it_shows_the_way_of_an_order_soundly(made: Shop, screen: Open, own: bool) -> None:
    at = made.customer if own else made.reseller
    client = inside(made.chain.admin if own else made.chain.owner)
    shop = kit.url(at, f"sales-orders/for/{made.customer.pk}/")
    put(client, made, shop)
    row = made.subscriptions()[0]
    who = "customer" if own else "reseller"
    window = screen(client)
    pages = {
        "shop": f"{shop}?category=Backup&cycle=monthly&group=Workloads",
        "check": f"{shop}check/",
        "change": kit.url(at, f"sales-orders/change/{row.pk}/?kind=quantity"),
        "addon": kit.url(at, f"sales-orders/change/{row.pk}/?kind=addon"),
        "list": kit.url(at, "my-services/" if own else "sales-orders/"),
    }
    for name, path in pages.items():
        window.go(path)
        assert sound(window, f"orders-{who}-{name}") == [], name


def test_it_shows_the_desk_an_order_to_decide_and_the_rules_soundly(made: Shop, screen: Open) -> None:
    window = screen(inside(made.chain.owner))
    page = window.go(kit.url(made.reseller, "sales-orders/waiting/"))
    assert sound(window, "orders-desk") == []
    page.get_by_role("link", name="O-00002").click()
    assert sound(window, "orders-decide") == []
    window.go(kit.url(made.reseller, "sales-orders/rules/"))
    assert sound(window, "orders-rules") == []
    window.go(kit.url(made.reseller, "sales-orders/new/"))
    assert sound(window, "orders-new") == []


def test_it_narrows_recalculates_and_orders_by_hand(made: Shop, screen: Open) -> None:
    window = screen(inside(made.chain.owner))
    page = window.go(kit.url(made.reseller, f"sales-orders/for/{made.customer.pk}/"))
    page.get_by_label("Category").select_option("Backup")
    page.get_by_label("Product group").select_option("Workloads")
    quantity = page.get_by_label("Quantity of Cyber Protect per workload")
    expect(quantity).to_be_visible()
    quantity.fill("4")
    product = page.get_by_role("region", name="Cyber Protect per workload", exact=True)
    cost = product.locator(".cost")
    expect(cost).to_contain_text("34.00 EUR")
    expect(cost).to_contain_text("Margin 37.98 %")
    quantity.fill("0")
    expect(cost).to_contain_text("at least 1; not 0")
    quantity.fill("4")
    expect(cost).to_contain_text("34.00 EUR")
    about = page.get_by_role("button", name="About Cyber Protect per workload")
    words = product.get_by_role("tooltip")
    expect(words).not_to_be_visible()
    about.focus()
    expect(words).to_be_visible()
    page.keyboard.press("Tab")
    expect(words).not_to_be_visible()
    about.hover()
    expect(words).to_contain_text("What Cyber Protect does.")
    expect(words).to_be_visible()
    words.hover()  # the words themselves can be pointed at
    expect(words).to_be_visible()
    page.keyboard.press("Escape")
    expect(words).not_to_be_visible()
    quantity.hover()
    about.hover()
    expect(words).to_be_visible()
    quantity.hover()
    about.focus()
    page.keyboard.press("Escape")
    expect(words).not_to_be_visible()
    about.hover()
    expect(words).not_to_be_visible()  # it stays closed while the focus is there
    quantity.hover()
    page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(words).to_be_visible()
    product.get_by_text("Show details").click()
    expect(product.locator("dl.facts")).to_contain_text("BASE")
    look(page, "orders-shop-details")
    page.get_by_role("button", name="Add Cyber Protect per workload").click()
    expect(page.get_by_role("heading", name="Check your order")).to_be_visible()
    page.get_by_label("Quantity of Cyber Protect per workload").fill("6")
    page.keyboard.press("Tab")
    expect(page.get_by_role("cell", name="51.00 EUR")).to_be_visible()  # what is typed is what is ordered
    page.get_by_role("button", name="Order", exact=True).dblclick()
    expect(page.get_by_role("heading", name="Order O-00003")).to_be_visible()
    page.go_back()
    assert [one.quantity for one in made.subscriptions()] == [3, 6]
    assert window.faults == []
