"""The approval desk and its rules by pages. Source: acceptance CM-42 to CM-45."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.test import Client

from purser.access import verbs
from purser.postgres import tenancy
from purser.subscriptions.models import ApprovalRule, LineKind
from purser.subscriptions.wanted import Asked
from tests.access import kit
from tests.access.kit import site as site
from tests.portal.customers import inside
from tests.portal.orders import admin as admin
from tests.portal.orders import at, order, page, placed, put, words
from tests.portal.orders import made as made
from tests.portal.orders import seller as seller
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import SELLS, Shop

pytestmark = pytest.mark.usefixtures("site")


def test_an_approver_is_told_what_comes_back_and_confirms_it(made: Shop, seller: Client) -> None:
    row = made.live()
    made.place(made.owner(), Asked(LineKind.SUSPEND, subscription=row.pk))
    waiting = made.place(made.admin(), made.new(), confirmed=["enables"])
    there = at(made, f"sales-orders/{waiting.pk}/")
    html = page(seller, there)
    assert "The tenant is enabled again" in words(html)
    assert row.number in words(html)
    assert seller.post(f"{there}approve/").status_code == 422
    assert seller.post(f"{there}approve/", {"confirmed": "enables"}).status_code == 302
    assert [one.state for one in made.subscriptions()] == ["suspended", "ordered"]


def test_a_customers_order_waits_is_seen_at_the_desk_and_approved(made: Shop, seller: Client, admin: Client) -> None:
    shops.approving(made)
    put(admin, made, own=True)
    order(admin, made, own=True)
    (row,) = placed(made)
    assert (row.state, made.subscriptions()) == ("new", [])
    assert "New" in words(page(admin, at(made, "my-services/", own=True)))
    assert "O-00001" in page(seller, at(made, "sales-orders/waiting/"))
    html = page(seller, at(made, f"sales-orders/{row.pk}/"))
    assert "A new paid subscription" in html
    assert "margin 37.98 %" in html
    expect = re.search(r'name="expect" value="(\w+)"', html)
    assert expect
    answer = seller.post(at(made, f"sales-orders/{row.pk}/approve/"), {"expect": expect.group(1), "comment": "Fine"})
    assert answer.status_code == 302
    assert placed(made)[0].comment == "Fine"
    assert [one.state for one in made.subscriptions()] == ["ordered"]
    assert seller.post(at(made, f"sales-orders/{row.pk}/approve/"), {}).status_code == 422
    assert len(made.subscriptions()) == 1


def test_the_desk_approves_many_and_names_those_that_need_a_look(made: Shop, seller: Client) -> None:
    shops.approving(made)
    for price, code in (("8.50", "BASE"), ("8.50", "YEAR"), ("8.50", "TRY")):
        made.place(made.admin(), made.new(code, 5, price=Decimal(price)))
    made.publish(made.reseller, {"BASE": SELLS, "YEAR": SELLS, "TRY": Decimal("9.25")})
    ticked = {"row": [str(one.pk) for one in placed(made)]}
    answer = seller.post(at(made, "sales-orders/waiting/approve/"), ticked, follow=True)
    told = words(answer.content.decode())
    assert "2 approved and carried out" in told
    assert "O-00003 waits: Cyber Protect trial: the price was 8.5 EUR and is now 9.25 EUR." in told
    assert [one.state for one in placed(made)] == ["approved", "approved", "new"]


def test_a_price_that_moved_since_it_was_asked_is_confirmed_by_the_approver(made: Shop, seller: Client) -> None:
    shops.approving(made)
    row = made.place(made.admin(), made.new())
    stale = seller.post(at(made, f"sales-orders/{row.pk}/approve/"), {"expect": "0" * 64})
    assert stale.status_code == 302, "nothing had moved"
    row = made.place(made.admin(), made.new())
    made.publish(made.reseller, {"BASE": Decimal("9.25")})
    answer = seller.post(at(made, f"sales-orders/{row.pk}/approve/"), {"expect": "0" * 64})
    assert answer.status_code == 422
    assert "was 8.5 EUR and is now 9.25 EUR" in answer.content.decode()
    expect = re.search(r'name="expect" value="(\w+)"', answer.content.decode())
    assert expect
    assert seller.post(at(made, f"sales-orders/{row.pk}/approve/"), {"expect": expect.group(1)}).status_code == 302
    assert made.subscriptions()[-1].price == Decimal("9.25")


def test_a_rejection_needs_a_comment_and_changes_nothing(made: Shop, seller: Client) -> None:
    shops.approving(made)
    row = made.place(made.admin(), made.new())
    assert seller.post(at(made, f"sales-orders/{row.pk}/reject/"), {"comment": " "}).status_code == 422
    assert seller.post(at(made, f"sales-orders/{row.pk}/reject/"), {"comment": "Too dear"}).status_code == 302
    assert (placed(made)[0].state, placed(made)[0].comment, made.subscriptions()) == ("rejected", "Too dear", [])


def test_only_who_raised_it_cancels(made: Shop, admin: Client) -> None:
    shops.approving(made)
    row = made.place(made.admin(), made.new())
    other = inside(kit.member(made.customer, verbs.ADMINISTRATOR, factor=False))
    there = at(made, f"sales-orders/{row.pk}/", own=True)
    assert "Cancel the order" not in page(other, there)
    answer = other.post(f"{there}cancel/")
    assert (answer.status_code, placed(made)[0].state) == (422, "new")
    assert "Cancel the order" in page(admin, there)
    assert admin.post(f"{there}cancel/").status_code == 302
    assert placed(made)[0].state == "cancelled"


def test_a_rule_is_kept_for_all_for_some_and_taken_back(made: Shop, seller: Client) -> None:
    other = kit.customer("Birch Law", under=made.reseller)
    rules = at(made, "sales-orders/rules/")

    def seen() -> list[str]:
        return re.findall(r'name="seen" value="([^"]*)"', page(seller, rules))

    assert "Nothing needs approval" in words(page(seller, rules))
    sent = {"whom": "all", "on": "1", "trigger": ["create_paid", "quantity"], "over": "0.00", "seen": seen()}
    assert seller.post(rules, sent).status_code == 302
    answer = seller.post(rules, sent)
    shown = answer.content.decode()
    assert (answer.status_code, "Somebody changed the default meanwhile" in shown) == (422, True)
    typed = {**sent, "whom": "some", "customer": [str(other.pk)], "trigger": ["renewal"], "over": "12.345"}
    shown = seller.post(rules, typed).content.decode()
    assert re.findall(r'name="trigger" value="(\w+)" checked', shown) == ["renewal"], "what was typed stays"
    assert re.findall(r'<option value="([^"]+)" selected', shown) == [str(other.pk)]
    assert ('value="some" checked' in shown, 'value="12.345"' in shown) == (True, True)
    sent["seen"] = seen()
    many = {**sent, "whom": "some", "customer": [str(made.customer.pk), str(other.pk)], "over": "100.00"}
    assert seller.post(rules, many).status_code == 302
    told = words(page(seller, rules))
    assert "A new paid subscription, A change of quantity; from 100.00 a cycle on" in told
    with tenancy.acting_in(made.reseller.pk):
        assert ApprovalRule.objects.count() == 3
    assert seller.post(at(made, f"sales-orders/rules/{other.pk}/drop/")).status_code == 302
    assert seller.post(rules, {**sent, "whom": "some"}).status_code == 422
    assert seller.post(rules, {**sent, "over": "1.234"}).status_code == 422
    assert seller.post(rules, {**sent, "trigger": "everything"}).status_code == 422
    with tenancy.acting_in(made.reseller.pk):
        assert ApprovalRule.objects.count() == 2
    assert "everybody; what holds for 1 customer instead is dropped" in words(page(seller, rules))
    answer = seller.post(rules, {**sent, "whom": "every", "seen": seen()}, follow=True)
    assert "For everybody this holds from the next order on" in words(answer.content.decode())
    assert "instead is dropped" not in page(seller, rules)
    with tenancy.acting_in(made.reseller.pk):
        assert [one.customer for one in ApprovalRule.objects.all()] == [None]
