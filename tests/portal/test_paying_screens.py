"""The pages of payment in a real browser: both themes, both widths, axe clean; and the way to the provider's page and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings
from playwright.sync_api import expect

from purser.postgres import tenancy
from tests.access import kit as people
from tests.access.kit import site as site
from tests.billing.paying import kit
from tests.billing.paying.kit import Shop
from tests.portal.browser import Open, assets, browser, live, screen, sound

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]
__all__ = ["assets", "browser", "live", "screen"]


@pytest.fixture
def shop() -> Iterator[Shop]:
    with kit.shop() as made:
        yield made


def seen(faults: dict[str, list[str]], window: Any, name: str, path: str) -> None:
    window.faults.clear()
    window.go(path)
    faults[name] = sound(window, f"paying-{name}")


def test_the_pages_of_payment_are_sound(shop: Shop, screen: Open) -> None:
    found: dict[str, list[str]] = {}
    mine = screen(people.sign_in(people.member(shop.partner)))
    url = f"/t/{shop.tenant}"
    seen(found, mine, "no-card", f"{url}/card/")
    shop.card()
    shop.automatic(cap="500")
    paid = shop.bought({"CPP-DSU-1": 2, "CPP-DSU-5": 1})
    made = shop.refund(paid, 300)
    shop.carry_refund(made)
    shop.card(kit.LATER_DECLINED)
    declined = shop.place()
    shop.pay(declined)
    seen(found, mine, "card", f"{url}/card/")
    seen(found, mine, "automatic", f"{url}/automatic-purchase/")
    seen(found, mine, "purchases", f"{url}/purchases/")
    seen(found, mine, "paid", f"{url}/purchases/{paid.pk}/")
    seen(found, mine, "declined", f"{url}/purchases/{declined.pk}/")
    desk = screen(people.sign_in(people.member(shop.operator)))
    theirs = f"/t/{shop.operator.pk}"
    seen(found, desk, "provider", f"{theirs}/payment-provider/")
    seen(found, desk, "payments", f"{theirs}/payments/")
    seen(found, desk, "payment", f"{theirs}/payments/{shop.tenant}/{paid.pk}/")
    seen(found, desk, "refund", f"{theirs}/payments/{shop.tenant}/{paid.pk}/refund/")
    assert not any(found.values()), "\n".join(f"{name}: {line}" for name, lines in found.items() for line in lines)


def test_a_card_is_stored_on_the_providers_page_and_the_browser_comes_back(shop: Shop, screen: Open, live: str) -> None:
    """Through the content policy: a form of ours leads to no foreign host, and yet the browser gets there."""
    window = screen(people.sign_in(people.member(shop.partner)))
    with override_settings(SITE_URL=live):
        page = window.go(f"/t/{shop.tenant}/card/")
        page.get_by_role("button", name="Store a card").click()
        expect(page.get_by_role("heading", name="Save your card")).to_be_visible()
        assert page.url.startswith(shop.url)
        for label, text in (("Card number", kit.VISA), ("Expiration (MM / YY)", "09 / 31"), ("Security code", "123")):
            page.get_by_label(label).fill(text)
        page.get_by_label("Name on card").fill("Ada Stone")
        page.get_by_role("button", name="Save card").click()
        expect(page.get_by_text("Visa ending in 4242", exact=True)).to_be_visible()
    with tenancy.acting_in(shop.tenant):
        assert kit.Card.objects.filter(removed_at=None).count() == 1
