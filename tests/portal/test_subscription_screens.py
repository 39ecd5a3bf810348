"""The pages of subscriptions in a real browser: as reseller, distributor and customer, both themes and widths."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from purser.access import verbs
from purser.postgres import tenancy
from purser.subscriptions import lifecycle, planned
from purser.subscriptions.models import Subscription
from tests.access import kit
from tests.access.kit import site as site
from tests.portal.browser import Open, assets, browser, live, screen, sound
from tests.subscriptions.held import US, Shop, days

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]
__all__ = ["assets", "browser", "live", "screen"]

TODAY = datetime.now(UTC).date()
SINCE = TODAY - days(40)


@pytest.fixture
def shop() -> Shop:
    made = Shop(start=SINCE)
    made.offer("CP", prices=("6.2", "8.15", "10.4"))
    made.offer("YEAR", prices=("60", "80", "100"), term_months=12, cycle="yearly", cancel_days=60)
    made.offer("EXTRA", prices=("1", "2", "3"), addon_of_id=made.product)
    return made


@pytest.fixture
def row(shop: Shop) -> Subscription:
    made = shop.active("CP", 5, on=SINCE)
    shop.active("YEAR", 12, on=TODAY - days(30))
    shop.active("EXTRA", 3, on=SINCE, base=made)
    now = kit.now()
    with tenancy.acting_in(shop.customer):
        lifecycle.set_quantity(made.pk, 8, on=TODAY, by=US, now=now)
        lifecycle.suspend(made.pk, by=US, now=now)
        lifecycle.resume(made.pk, by=US, now=now + timedelta(seconds=1))
        planned.plan(made.pk, what="quantity", value="9", on=TODAY + days(2), by=US, now=now)
    return made


PAGES = ("", "{row}/", "{row}/price/", "{row}/plans/", "commitments/", "margins/")


@pytest.mark.parametrize("path", PAGES)
def test_it_shows_the_resellers_pages_soundly(shop: Shop, row: Subscription, screen: Open, path: str) -> None:
    window = screen(kit.sign_in(kit.member(shop.chain.reseller)))
    window.go(kit.url(shop.chain.reseller, "services/" + path.format(row=row.pk)))
    assert sound(window, f"held-{path.partition('/')[2].strip('/') or path.strip('/') or 'list'}") == []


@pytest.mark.parametrize("path", ["", "{row}/", "commitments/"])
def test_it_shows_the_customers_pages_soundly(shop: Shop, row: Subscription, screen: Open, path: str) -> None:
    window = screen(kit.sign_in(kit.member(shop.chain.customer, verbs.ADMINISTRATOR)))
    window.go(kit.url(shop.chain.customer, "services/" + path.format(row=row.pk)))
    assert sound(window, f"held-customer-{'one' if 'row' in path else path.strip('/') or 'list'}") == []


def test_its_seller_sees_what_a_price_does_and_keeps_it(shop: Shop, row: Subscription, screen: Open) -> None:
    window = screen(kit.sign_in(kit.member(shop.chain.reseller)))
    page = window.go(kit.url(shop.chain.reseller, "services/"))
    page.get_by_role("link", name="Edit sales price: Protect CP, Alder Dental").click()
    page.get_by_label("Sales price").fill("9.99")
    page.get_by_label("From").fill((SINCE + days(3)).isoformat())
    page.get_by_role("button", name="Show what it does").click()
    expect(page.locator("#effect")).to_be_visible()
    assert sound(window, "held-price-effect") == []
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("table").filter(has_text="By hand").first).to_contain_text("9.99")
