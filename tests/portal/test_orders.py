"""Ordering by pages, for who sells and in self-service. Source: acceptance CM-2, CM-10 to CM-15, CM-64, AC-25."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.test import Client

from purser.subscriptions.models import LineKind
from purser.subscriptions.wanted import Asked
from tests.access import kit
from tests.access.kit import site as site
from tests.portal.orders import admin as admin
from tests.portal.orders import at, fields, order, page, placed, put, shop, words
from tests.portal.orders import made as made
from tests.portal.orders import seller as seller
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop

pytestmark = pytest.mark.usefixtures("site")


@pytest.mark.parametrize("own", [False, True])
def test_it_narrows_by_category_then_cycle_then_group_to_exactly_the_products_that_match(
    made: Shop, seller: Client, admin: Client, own: bool
) -> None:
    client = admin if own else seller
    shops.change(made, "TRY", cycle="yearly", term_months=12)  # of the same group as what is monthly
    first = page(client, shop(made, own=own))
    assert [one in first for one in (">Backup<", ">Productivity<", "per workload")] == [True, True, False]
    second = page(client, shop(made, own=own, more="?category=Backup"))
    assert (">Monthly<" in second, ">Yearly<" in second) == (True, True)
    other = page(client, shop(made, own=own, more="?category=Productivity"))
    assert (">Monthly<" in other, ">Yearly<" in other) == (False, True)

    def shown(cycle: str, group: str) -> list[str]:
        html = page(client, shop(made, own=own, more=f"?category=Backup&cycle={cycle}&group={group}"))
        return re.findall(r'<h2 class="h3 mb-1" id="[^"]*">([^<]+)<', html)

    assert shown("monthly", "Add-ons") == ["Advanced Security pack"]
    assert shown("monthly", "Workloads") == ["Cloud storage", "Cyber Protect per workload"]
    assert shown("yearly", "Workloads") == ["Cyber Protect trial"]


def test_it_shows_item_code_period_and_what_the_product_is(made: Shop, admin: Client) -> None:
    html = page(admin, shop(made, own=True, more="?category=Productivity"))
    assert re.search(r'<dt>Item code</dt><dd class="mono">YEAR</dd>', html)
    assert "12 months, then it renews" in html
    assert re.search(r'aria-describedby="about-[^"]+".*role="tooltip"[^>]*>What Office suite does.<', html)


def test_a_quantity_recalculates_price_and_margin_for_who_sells_alone(made: Shop, seller: Client, admin: Client) -> None:
    ask = f"price/?offer={made.offers['BASE'].pk}&quantity=4"
    told = words(page(seller, shop(made, more=ask)))
    assert "34.00 EUR" in told
    assert "Margin 37.98 %" in told
    told = words(page(admin, shop(made, own=True, more=ask)))
    assert "34.00 EUR" in told
    assert "argin" not in told
    ask = f"price/?offer={made.offers['YEAR'].pk}&quantity=51"
    assert "5 to 50; not 51" in page(seller, shop(made, more=ask))


def test_it_orders_what_was_checked_and_shows_the_order(made: Shop, seller: Client) -> None:
    assert put(seller, made).status_code == 302
    put(seller, made, "YEAR", "5")
    told = words(page(seller, shop(made, more="check/")))
    for one in ("Alder Dental", "8.50 EUR", "25.50 EUR", "42.50 EUR", "sell all EUR, version 1", "by Acronis EU", "Change"):
        assert one in told, one
    answer = order(seller, made)
    (row,) = placed(made)
    assert answer.headers["Location"] == at(made, f"sales-orders/{row.pk}/")
    assert "Approved" in words(page(seller, answer.headers["Location"]))
    assert [one.offer_code for one in made.subscriptions()] == ["BASE", "YEAR"]
    assert "Nothing is in the order" in page(seller, shop(made, more="check/"))


def test_what_comes_back_with_an_order_is_said_and_confirmed_before(made: Shop, seller: Client) -> None:
    row, other = made.live(), made.live("YEAR", 5)
    for one in (row, other):
        made.place(made.owner(), Asked(LineKind.SUSPEND, subscription=one.pk))
    put(seller, made)
    html = page(seller, shop(made, more="check/"))
    assert f"enables its tenant again, also for {row.offer_name} ({row.number})" in words(html)
    assert 'name="confirmed" value="enables" required' in html
    assert "enables its tenant again" in kit.text(order(seller, made, status=422))
    lift = at(made, f"sales-orders/change/{row.pk}/?kind=resume")
    answer = seller.post(lift, {"once": "lift"})
    assert (answer.status_code, 'name="confirmed" value="enables"' in answer.content.decode()) == (422, True)
    assert seller.post(lift, {"once": "lift", "confirmed": "enables"}).status_code == 302
    assert [one.state for one in made.subscriptions()] == ["active", "suspended"]


def test_double_click_back_button_and_second_tab_order_once(made: Shop, seller: Client) -> None:
    put(seller, made)
    sent = fields(page(seller, shop(made, more="check/")))
    assert fields(page(seller, shop(made, more="check/"))) == sent, "a second tab has the same key"
    answers = [seller.post(shop(made, more="place/"), sent).headers["Location"] for _ in range(3)]
    assert len(set(answers)) == 1
    assert len(made.subscriptions()) == 1


def test_a_price_that_moved_is_shown_with_both_and_confirmed_by_the_button(made: Shop, admin: Client) -> None:
    put(admin, made, own=True)
    seen = fields(page(admin, shop(made, own=True, more="check/")))
    made.publish(made.reseller, {"BASE": Decimal("9.25")})
    answer = admin.post(shop(made, own=True, more="place/"), seen)
    assert answer.status_code == 422
    told = words(answer.content.decode())
    assert "was 8.5 EUR and is now 9.25 EUR" in told
    assert "Order as it is now" in told
    assert placed(made) == []
    order(admin, made, own=True)
    assert made.subscriptions()[0].price == Decimal("9.25")


def test_what_cannot_be_ordered_is_said_at_its_line_and_the_button_is_off(made: Shop, seller: Client) -> None:
    put(seller, made, "BASE", "0")
    put(seller, made, "ADD", "1")
    put(seller, made, "YEAR", "5")
    shops.withdraw(made, "YEAR")
    html = page(seller, shop(made, more="check/"))
    gone = "Office suite yearly is not on sale to Alder Dental any more"
    for one in ("at least 1; not 0", "is an add-on, and Alder Dental has no live", gone):
        assert one in html, one
    assert re.search(r'<button class="btn btn-primary" disabled>', html)
    order(seller, made, status=422)
    assert made.subscriptions() == []
    seller.post(shop(made, more="basket/"), {"line": "0", "quantity": "2"})
    seller.post(shop(made, more="basket/"), {"drop": "1"})
    seller.post(shop(made, more="basket/"), {"drop": "1"})
    order(seller, made)
    assert made.subscriptions()[0].quantity == 2


@pytest.mark.parametrize("odd", ["", "x", "1.5", "9999999999", "１"])
def test_a_quantity_that_is_none_is_refused(made: Shop, seller: Client, odd: str) -> None:
    assert put(seller, made, quantity=odd).status_code == 422


def test_who_is_not_synced_is_named_with_a_link_to_the_sync_options(made: Shop, seller: Client, admin: Client) -> None:
    made.unsync(made.reseller)
    put(seller, made)
    html = page(seller, shop(made, more="check/"))
    assert "Acme IT is not synced with Acronis EU." in html
    assert f'href="/t/{made.reseller.pk}/vendor-accounts/of/{made.reseller.pk}/{made.instance.pk}/options/"' in html
    put(admin, made, own=True)
    html = page(admin, shop(made, own=True, more="check/"))
    assert "Acme IT is not synced with Acronis EU." in html
    assert "Open Sync Options</a>" not in html


def test_below_the_floor_the_seller_confirms(made: Shop, seller: Client) -> None:
    made.publish(made.reseller, {"BASE": Decimal("5.30")})
    put(seller, made, price="5.30")
    html = page(seller, shop(made, more="check/"))
    assert "I confirm the margin below the floor" in html
    assert "below the floor of 20.00 %" in html
    order(seller, made, status=422)
    order(seller, made, confirmed="floor")
    assert len(made.subscriptions()) == 1
