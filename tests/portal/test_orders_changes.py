"""What is asked of a subscription by its forms. Source: acceptance CM-17 to CM-23."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client

from purser.postgres import tenancy
from purser.subscriptions.models import LIVE, Subscription
from tests.access import kit
from tests.access.kit import site as site
from tests.portal.orders import admin as admin
from tests.portal.orders import at, page, placed, words
from tests.portal.orders import made as made
from tests.portal.orders import seller as seller
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import SELLS, Shop

pytestmark = pytest.mark.usefixtures("site")


def test_what_is_cancelled_is_suspended_or_taken_back_from_its_row(made: Shop, seller: Client) -> None:
    """Who does not pay in the notice period gets no service in it."""
    row = made.live("YEAR", 5)
    ends = kit.now().date() + timedelta(days=90)
    with tenancy.acting_in(made.customer.pk):
        Subscription.objects.filter(pk=row.pk).update(state="cancelled", ends_on=ends, term_ends_on=ends)
    shown = words(page(seller, at(made, f"services/{row.pk}/")))
    assert ("Suspend" in shown, "Take the cancellation back" in shown) == (True, True)
    change = at(made, f"sales-orders/change/{row.pk}/?kind=")
    assert "Take the cancellation back" in words(page(seller, f"{change}resume"))
    assert seller.post(f"{change}suspend", {"once": "off"}).status_code == 302
    assert [(one.state, one.ends_on) for one in made.subscriptions()] == [("suspended", ends)]
    shown = words(page(seller, at(made, f"services/{row.pk}/")))
    assert (f"It ends on {ends}" in shown, "Lift the suspension" in shown) == (True, True)
    assert seller.post(f"{change}resume", {"once": "on"}).status_code == 302
    assert [(one.state, one.ends_on) for one in made.subscriptions()] == [("cancelled", ends)]


def test_an_add_on_below_the_floor_is_confirmed_in_its_form(made: Shop, seller: Client) -> None:
    row = made.live()
    made.publish(made.reseller, {"BASE": SELLS, "ADD": Decimal("5.30")})
    there = at(made, f"sales-orders/change/{row.pk}/?kind=addon")
    assert 'name="confirmed"' not in page(seller, there)
    sent = {"once": "one", "offer": f"{made.offers['ADD'].pk} 5.30", "quantity": "2"}
    answer = seller.post(there, sent)
    assert answer.status_code == 422
    assert "I confirm the margin below the floor" in answer.content.decode()
    assert seller.post(there, {**sent, "confirmed": "floor"}).status_code == 302
    assert made.subscriptions()[-1].base == row


def test_a_change_of_quantity_shows_its_cost_before_it_is_ordered(made: Shop, admin: Client) -> None:
    row = made.live()
    there = at(made, f"sales-orders/change/{row.pk}/?kind=quantity", own=True)
    assert "25.50 EUR" in words(page(admin, there))
    headers = {"HX-Request": "true", "HX-Target": "div#cost"}
    part = admin.get(f"{there}&quantity=7", headers=headers).content.decode()
    assert "59.50 EUR" in part
    assert "<html" not in part
    once = re.search(r'name="once" value="(\w+)"', page(admin, there))
    assert once
    sent = {"once": once.group(1), "quantity": "7", "price": "8.50"}
    assert [admin.post(there, sent).status_code for _ in range(2)] == [302, 302]
    assert made.subscriptions()[0].quantity == 7
    assert len(placed(made)) == 2
    assert admin.post(there, {**sent, "once": "another", "quantity": "-1"}).status_code == 422


@pytest.mark.parametrize(
    ("kind", "code", "state"), [("suspend", "BASE", "suspended"), ("cancel", "BASE", "ended"), ("renewal", "YEAR", "active")]
)
def test_each_change_is_asked_for_by_a_form(made: Shop, admin: Client, kind: str, code: str, state: str) -> None:
    row = made.live(code, 5)
    there = at(made, f"sales-orders/change/{row.pk}/?kind={kind}", own=True)
    page(admin, there)
    answer = admin.post(there, {"once": "one", "renews": "0"})
    assert answer.status_code == 302, kit.text(answer)[-800:]
    assert made.subscriptions()[0].state == state


def test_only_the_add_ons_valid_for_it_are_offered(made: Shop, seller: Client) -> None:
    row, other = made.live(), made.live("YEAR", 5)
    there = at(made, f"sales-orders/change/{row.pk}/?kind=addon")
    assert "Advanced Security pack" in page(seller, there)
    assert "No add-ons" in page(seller, at(made, f"sales-orders/change/{other.pk}/?kind=addon"))
    sent = {"once": "one", "offer": f"{made.offers['ADD'].pk} 8.50", "quantity": "2"}
    assert seller.post(there, sent).status_code == 302
    assert made.subscriptions()[-1].base == row


def test_my_services_are_the_live_subscriptions_and_the_orders(made: Shop, admin: Client) -> None:
    made.live()
    told = words(page(admin, at(made, "my-services/", own=True)))
    for one in ("Cyber Protect per workload", "BASE", "8.50 EUR", "Active", "O-00001"):
        assert one in told, one
    with tenancy.acting_in(made.customer.pk):
        assert Subscription.objects.filter(state__in=LIVE).count() == 1


def test_a_foreign_order_or_customer_is_not_there(made: Shop, seller: Client) -> None:
    other = shops.shop()
    row = other.place(other.owner(), other.new())
    page(seller, at(made, f"sales-orders/{row.pk}/"), 404)
    page(seller, at(made, f"sales-orders/for/{other.customer.pk}/"), 404)
    page(seller, at(made, f"sales-orders/change/{other.subscriptions()[0].pk}/?kind=quantity"), 404)
    assert seller.post(at(made, f"sales-orders/{row.pk}/approve/")).status_code == 404
