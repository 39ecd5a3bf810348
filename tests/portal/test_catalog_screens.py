"""The pages of the catalog in a browser: both themes, wide and on a phone, nothing for axe to find; and a price by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from purser.catalog.models import Offer, PriceList, PriceVersion
from purser.postgres import tenancy
from tests.access import kit
from tests.catalog.kit import Shop, stocked
from tests.portal.browser import Open, assets, browser, live, screen, sound
from tests.subscriptions import held

pytestmark = pytest.mark.browser
__all__ = ["assets", "browser", "live", "screen"]

PROVIDERS = {
    "catalog": "catalog/",
    "offer": "catalog/offers/{offer}/",
    "change": "catalog/offers/{offer}/change/",
    "file": "catalog/offers/file/",
    "products": "catalog/products/",
    "vendors": "catalog/vendors/",
    "make": "catalog/prices/make/",
}
RESELLERS = {
    "on-sale": "catalog/on-sale/",
    "offer-bought": "catalog/offers/{offer}/",
    "lists": "catalog/prices/",
    "list": "catalog/prices/{list}/",
    "publish": "catalog/prices/{list}/publish/",
    "version": "catalog/prices/{list}/versions/{version}/",
    "why": "catalog/why/?offer={offer}&buyer={buyer}&quantity=3",
}


@pytest.fixture
def sold() -> tuple[Shop, Offer]:
    made, offer = stocked(kit.now())
    more = [
        made.offer(f"P-{number}", name=words, cycle=cycle, term_months=12 * (cycle == "yearly"), maximum=500)
        for number, words, cycle in (
            (101, "Cyber Protect Advanced, per workload and month, with the extended retention of backups", "monthly"),
            (102, "Cyber Protect, a year", "yearly"),
        )
    ]
    every = {one.pk: price for one, price in zip((offer, *more), ("8", "14.125", "80"), strict=True)}
    made.publish(made.distributor, every, buyer=made.reseller)
    made.publish(made.reseller, {**every, offer.pk: "12"})
    made.publish(made.reseller, {offer.pk: "11"}, buyer=made.customer)
    made.publish(made.reseller, {offer.pk: "13", more[0].pk: "20"}, from_on=made.now.date() + timedelta(days=9))
    return made, offer


def places(made: Shop, offer: Offer) -> dict[str, str]:
    with tenancy.acting_in(made.reseller.pk):
        listed = PriceList.objects.get(buyer=None)
        version = PriceVersion.objects.get(price_list=listed, number=3)
    return {"offer": str(offer.pk), "list": str(listed.pk), "version": str(version.pk), "buyer": str(made.customer.pk)}


@pytest.mark.parametrize("name", PROVIDERS)
def test_it_shows_the_providers_pages_soundly(screen: Open, sold: tuple[Shop, Offer], name: str) -> None:
    made, offer = sold
    window = screen(kit.sign_in(kit.member(made.distributor, factor=False)))
    window.go(kit.url(made.distributor, PROVIDERS[name].format(offer=offer.pk)))
    assert sound(window, f"catalog-{name}") == []


@pytest.mark.parametrize("name", RESELLERS)
def test_it_shows_the_resellers_pages_soundly(screen: Open, sold: tuple[Shop, Offer], name: str) -> None:
    made, offer = sold
    window = screen(kit.sign_in(kit.member(made.reseller, factor=False)))
    window.go(kit.url(made.reseller, RESELLERS[name].format(**places(made, offer))))
    assert sound(window, f"catalog-{name}") == []


def test_a_price_is_typed_looked_at_and_published(screen: Open, sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    window = screen(kit.sign_in(kit.member(made.reseller, factor=False)))
    page = window.go(kit.url(made.reseller, RESELLERS["publish"].format(**places(made, offer))))
    page.get_by_label("Price of Offer P-100, P-100").fill("12.345678")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("heading", name="What changes")).to_be_visible()
    expect(page.get_by_text("12.345678 EUR")).to_be_visible()
    expect(page.get_by_text("35.20 %")).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_text("Version 4 is published")).to_be_visible()
    assert window.faults == []


def test_it_shows_what_a_price_change_does_to_live_subscriptions_soundly(screen: Open) -> None:
    made = held.Shop()
    made.offer("CP")
    made.offer("YEAR", cycle="yearly", term_months=12)
    begun = kit.now().date() - timedelta(days=3)
    for code in ("CP", "YEAR"):
        made.active(code, on=begun)
    ordered = made.order("CP", 2, on=begun)
    own = made.chain.reseller
    with tenancy.acting_in(own.pk):
        listed = PriceList.objects.get()
    window = screen(kit.sign_in(kit.member(own, factor=False)))
    page = window.go(kit.url(own, f"catalog/prices/{listed.pk}/publish/"))
    page.get_by_label("Price of Protect CP, CP").fill("12.5")
    page.get_by_label("Price of Protect YEAR, YEAR").fill("99")
    page.get_by_role("button", name="What it does to live subscriptions").click()
    expect(page.get_by_text("2 live subscriptions follow, 1 keeps the price")).to_be_visible()
    expect(page.get_by_text("It has not begun")).to_be_visible()
    assert ordered.started_on is None
    assert sound(window, "catalog-simulate") == []
    page.get_by_role("button", name="Back to the prices").click()
    expect(page.get_by_label("Price of Protect CP, CP")).to_have_value("12.5")
