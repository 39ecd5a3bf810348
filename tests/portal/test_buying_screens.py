"""The pages of buying in a browser: both themes, wide and on a phone, nothing for axe to find, and the basket by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from purser.access import verbs
from purser.billing.buying import papers, profile, quotes
from purser.billing.models import Card
from purser.postgres import tenancy
from tests.access import kit
from tests.billing.buying.kit import SELLER, Buyer, buyer, publish
from tests.portal.browser import Open, assets, browser, live, screen, sound

pytestmark = pytest.mark.browser
__all__ = ["assets", "browser", "live", "screen"]

PARTNERS = {
    "basket": "packages/",
    "quotes": "quotes/",
    "quote": "quotes/{quote}/",
    "buy": "quotes/{quote}/buy/",
    "documents": "documents/",
    "info": "settings/billing/",
    "edit": "settings/billing/edit/",
    "default": "settings/package/",
}
OPERATORS = {"prices": "prices/", "publish": "prices/publish/", "seller": "prices/seller/"}


@pytest.fixture
def made() -> Buyer:
    now = kit.now()
    found = buyer(now=now - timedelta(days=1))
    with tenancy.acting_in(found.operator.pk):
        profile.store(found.desk, SELLER, now=now)
    publish(found, now=now - timedelta(hours=1))
    with tenancy.acting_in(found.partner.pk):
        Card.objects.create(
            payer="c", token="t", brand="visa", last_four="4242", expiry_month=8, expiry_year=2031, stored_at=now,
            stored_by_name="Olive",
        )  # fmt: skip
    return found


def quoted(made: Buyer) -> str:
    with tenancy.acting_in(made.partner.pk):
        row = quotes.issue({"CPP-DSU-1": 1, "CPP-DSU-1000": 10_000}, made_by_name="Olive", now=kit.now())
    papers.quote(made.partner.pk, row.pk, now=kit.now())
    return str(row.pk)


@pytest.mark.parametrize("name", PARTNERS)
def test_it_shows_the_partners_pages_soundly(screen: Open, made: Buyer, name: str) -> None:
    quote = quoted(made)
    client = kit.sign_in(made.owner)
    if name == "basket":
        for code in ("CPP-DSU-1", "CPP-DSU-250"):
            client.post(kit.url(made.partner, "packages/change/"), {"more": code})
    window = screen(client)
    window.go(kit.url(made.partner, PARTNERS[name].format(quote=quote)))
    assert sound(window, f"buying-{name}") == []


@pytest.mark.parametrize("name", OPERATORS)
def test_it_shows_the_operators_pages_soundly(screen: Open, made: Buyer, name: str) -> None:
    window = screen(kit.sign_in(kit.member(made.operator, factor=False)))
    window.go(kit.url(made.operator, OPERATORS[name]))
    if name == "publish":
        window.page.get_by_label("Row 1, package price").fill("44")
        window.page.get_by_label("Row 1, single DSU price").fill("0.044")
        window.page.get_by_role("button", name="Preview").click()
        expect(window.page.get_by_role("heading", name="What changes")).to_be_visible()
        window.page.goto(window.page.url)
    assert sound(window, f"prices-{name}") == []


def test_a_basket_is_filled_and_leads_to_the_purchase(screen: Open, made: Buyer) -> None:
    window = screen(kit.sign_in(made.owner))
    page = window.go(kit.url(made.partner, "packages/"))
    expect(page.get_by_text("No selected packages")).to_be_visible()
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    page.get_by_role("button", name="Add one CPP-DSU-1", exact=True).click()
    expect(page.get_by_text("Total Quote: $43")).to_be_visible()
    page.get_by_role("button", name="Add one CPP-DSU-10", exact=True).click()
    expect(page.get_by_text("Total Quote: $443")).to_be_visible()
    page.get_by_role("button", name="Remove one CPP-DSU-1", exact=True).click()
    expect(page.get_by_text("Total Quote: $400")).to_be_visible()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_text("Purchase Amount: $400")).to_be_visible()
    expect(page.get_by_role("button", name="Purchase")).to_be_enabled()
    page.get_by_role("link", name="Back").click()
    expect(page.get_by_text("Total Quote: $400")).to_be_visible()
    assert window.faults == []


def test_choosing_another_default_clears_the_first(screen: Open, made: Buyer) -> None:
    page = screen(kit.sign_in(made.owner)).go(kit.url(made.partner, "settings/package/"))
    expect(page.get_by_role("radio", name="CPP-DSU-2", exact=True)).to_be_checked()
    page.get_by_role("radio", name="CPP-DSU-25", exact=True).check()
    expect(page.get_by_role("radio", name="CPP-DSU-2", exact=True)).not_to_be_checked()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("radio", name="CPP-DSU-25", exact=True)).to_be_checked()
    assert page.get_by_role("radio", checked=True).count() == 1


def test_a_bookkeeper_gets_quotes_and_buys_nothing(screen: Open, made: Buyer) -> None:
    window = screen(kit.sign_in(kit.member(made.partner, verbs.BOOKKEEPER, factor=False)))
    page = window.go(kit.url(made.partner, "packages/"))
    page.get_by_role("button", name="Add one CPP-DSU-1", exact=True).click()
    expect(page.get_by_role("button", name="Get quote")).to_be_enabled()
    expect(page.get_by_role("button", name="Next")).to_have_count(0)
