"""Terms of an offer that change between being shown, asked for and approved, in the pages. Source: acceptance CM-45."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from tests.access.kit import site as site
from tests.portal.orders import admin as admin
from tests.portal.orders import at, fields, order, page, placed, put, shop, words
from tests.portal.orders import made as made
from tests.portal.orders import seller as seller
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop
from tests.subscriptions.test_terms import MONTHLY, SOLD_YEARLY, YEARLY

pytestmark = pytest.mark.usefixtures("site")
BOTH = f"the terms were “{MONTHLY}” and are now “{YEARLY}”"


def test_between_the_check_and_the_order_they_are_shown_with_both_and_confirmed_by_the_button(
    made: Shop, admin: Client
) -> None:
    put(admin, made, own=True, terms=MONTHLY)
    html = page(admin, shop(made, own=True, more="check/"))
    assert MONTHLY in words(html).lower()
    shops.change(made, "BASE", **SOLD_YEARLY)
    answer = admin.post(shop(made, own=True, more="place/"), fields(html))
    assert answer.status_code == 422
    told = words(answer.content.decode())
    assert told.count(BOTH) == 2, "of the order that was sent, and at its line"
    assert "Order as it is now" in told
    assert placed(made) == []
    order(admin, made, own=True)
    assert made.subscriptions()[0].cycle == "yearly"


def test_since_it_was_put_into_the_order_they_are_compared_as_well(made: Shop, seller: Client) -> None:
    html = page(seller, shop(made, more="?category=Backup&cycle=monthly&group=Workloads"))
    assert f'name="terms" value="{MONTHLY}"' in html
    put(seller, made, terms=MONTHLY)
    assert BOTH not in words(page(seller, shop(made, more="check/")))
    shops.change(made, "BASE", **SOLD_YEARLY)
    assert BOTH in words(page(seller, shop(made, more="check/")))


def test_an_add_on_is_ordered_under_the_terms_of_its_form(made: Shop, seller: Client) -> None:
    row = made.live()
    there = at(made, f"sales-orders/change/{row.pk}/?kind=addon")
    chosen = re.search(r'type="radio" name="offer" value="([^"]*)"', page(seller, there))
    assert chosen
    assert chosen.group(1).endswith(f" EUR {MONTHLY}")
    shops.change(made, "ADD", **SOLD_YEARLY)
    sent = {"once": "one", "offer": chosen.group(1), "quantity": "2"}
    answer = seller.post(there, sent)
    assert (answer.status_code, BOTH in words(answer.content.decode())) == (422, True)
    shops.change(made, "ADD", cycle="monthly", term_months=0)
    assert seller.post(there, sent).status_code == 302


def test_an_approver_sees_both_and_confirms_with_the_button(made: Shop, seller: Client, admin: Client) -> None:
    shops.approving(made)
    row = made.place(made.admin(), made.new())
    there = at(made, f"sales-orders/{row.pk}/")
    assert BOTH not in words(page(seller, there))
    shops.change(made, "BASE", **SOLD_YEARLY)
    answer = seller.post(f"{there}approve/", {"expect": "0" * 64})
    html = answer.content.decode()
    assert (answer.status_code, BOTH in words(html), made.subscriptions()) == (422, True, [])
    expect = re.search(r'name="expect" value="(\w+)"', html)
    assert expect
    assert seller.post(f"{there}approve/", {"expect": expect.group(1)}).status_code == 302
    assert made.subscriptions()[0].term_months == 12
    told = words(page(admin, at(made, f"sales-orders/{row.pk}/", own=True)))
    assert f"B{YEARLY[1:]}" in told
