"""Terms of an offer that change between being shown, asked for and approved. Source: acceptance CM-45."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail

from purser.catalog.selling import terms_of
from purser.kernel.errors import Refused
from purser.subscriptions import asking, buyers, deciding, wanted
from purser.subscriptions.models import Order
from tests.access import kit
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop

MONTHLY = "billed monthly per licence, without a term"
YEARLY = "billed yearly per licence, for terms of 12 months"
SOLD_YEARLY = {"cycle": "yearly", "term_months": 12}


@pytest.fixture
def made() -> Shop:
    return shops.shop()


@pytest.fixture
def waiting(made: Shop) -> Order:
    shops.approving(made)
    return made.place(made.admin(), made.new())


def facts(made: Shop, order: Order) -> str:
    opened = deciding.orders.one(made.owner(), order.pk)
    return wanted.facts(deciding.looked_at(made.owner(), opened, now=kit.now()))


def refused(made: Shop, order: Order, expect: str = "") -> Refused:
    with pytest.raises(Refused) as failed:
        deciding.approve(made.owner(), order.pk, expect=expect, now=kit.now())
    return failed.value


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, MONTHLY),
        (SOLD_YEARLY, YEARLY),
        ({"term_months": 1}, "billed monthly per licence, for terms of 1 month"),
        ({**SOLD_YEARLY, "cancel_days": 7}, f"{YEARLY}, each cancellable within 7 days"),
        ({"unit": "seat"}, "billed monthly per seat, without a term"),
        ({"metered": True, "unit": "GB", "meter": "storage"}, "billed monthly per GB of storage used, without a term"),
        ({"trial": True}, f"{MONTHLY}, a trial"),
    ],
)
def test_each_of_them_is_in_the_words_that_are_compared(made: Shop, changed: dict[str, Any], words: str) -> None:
    shops.change(made, "BASE", **changed)
    (line,) = asking.check(made.owner(), buyers.one(made.owner(), made.customer.pk, kit.now()), [made.new(quantity=1)])
    assert line.terms == words
    made.place(made.owner(), made.new(quantity=1))
    assert terms_of(made.subscriptions()[0]) == words


def test_an_approver_who_did_not_see_them_is_refused_with_both(made: Shop, waiting: Order) -> None:
    seen_before = facts(made, waiting)
    shops.change(made, "BASE", **SOLD_YEARLY)
    for expect in ("", seen_before):
        failed = refused(made, waiting, expect)
        said = f"Cyber Protect per workload: the terms were “{MONTHLY}” and are now “{YEARLY}”."
        assert (failed.code, failed.text) == ("moved", said)
    assert made.subscriptions() == []
    done = deciding.approve(made.owner(), waiting.pk, expect=facts(made, waiting), now=kit.now())
    assert done.state == "approved"
    assert [(row.cycle, row.term_months) for row in made.subscriptions()] == [("yearly", 12)]


def test_many_at_once_leave_it_to_a_look_of_its_own(made: Shop, waiting: Order) -> None:
    shops.change(made, "BASE", cancel_days=7, term_months=1)
    done, kept = deciding.approve_many(made.owner(), [waiting.pk], now=kit.now())
    assert (done, [(number, failure.code) for number, failure in kept]) == ([], [(waiting.number, "moved")])


def test_what_is_not_as_it_was_shown_is_not_ordered(made: Shop) -> None:
    shown = made.new(terms=MONTHLY)
    assert made.place(made.owner(), shown).state == "approved"
    shops.change(made, "BASE", **SOLD_YEARLY)
    for actor in (made.owner(), made.admin()):
        with pytest.raises(Refused) as failed:
            made.place(actor, shown)
        assert failed.value.code == "terms_moved"
        assert f"the terms were “{MONTHLY}” and are now “{YEARLY}”" in failed.value.text
    assert made.place(made.admin(), made.new(terms=YEARLY)).state == "approved"


def test_of_price_and_terms_both_are_named(made: Shop) -> None:
    shops.change(made, "BASE", **SOLD_YEARLY)
    made.publish(made.reseller, {"BASE": shops.SELLS * 12})
    with pytest.raises(Refused) as failed:
        made.place(made.owner(), made.new(price=shops.SELLS, terms=MONTHLY))
    assert failed.value.code == "price_moved"
    assert "was 8.5 EUR and is now 102 EUR" in failed.value.text
    assert YEARLY in failed.value.text


def test_who_ordered_is_told_what_was_confirmed_and_it_is_on_record(made: Shop, waiting: Order) -> None:
    shops.change(made, "BASE", **SOLD_YEARLY)
    made.publish(made.reseller, {"BASE": shops.SELLS * 12})
    deciding.approve(made.owner(), waiting.pk, expect=facts(made, waiting), now=kit.now())
    letter = [str(one.body) for one in mail.outbox if one.to == [made.chain.admin.email]][-1]
    act = kit.acts_of(made.customer, "orders.decide")[-1]
    for said in ("the price was 8.5 EUR and is now 102 EUR", f"the terms were “{MONTHLY}” and are now “{YEARLY}”"):
        assert said in letter
        assert said in " ".join(act.after["moved"])


def test_what_did_not_move_is_not_told(made: Shop, waiting: Order) -> None:
    deciding.approve(made.owner(), waiting.pk, now=kit.now())
    assert "is now" not in [str(one.body) for one in mail.outbox if one.to == [made.chain.admin.email]][-1]
    assert "moved" not in kit.acts_of(made.customer, "orders.decide")[-1].after
