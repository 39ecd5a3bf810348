"""An order that is cut off at any commit is one order in the end, each of its lines one subscription, known to each seller
from its first moment, and on record on both sides.

Source: acceptance CM-15, CM-44; reliability 3, P18.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection, connections

from purser.access import at_home
from purser.jobs import acts as jobs
from purser.kernel.errors import Refused
from purser.postgres import ids, tenancy
from purser.subscriptions import deciding, desk
from purser.subscriptions.models import Order, OrderLine, TierPrice
from tests.access import kit
from tests.flows.crashing import At, Crash, watched
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import SELLS, Shop

MOST = 60  # commits of one order; more would be a loop


class AtCommit(At):
    """Ends the process before or after the n-th commit, for good: what tidies up may swallow the first end."""

    def __call__(self, name: str) -> None:
        if self.ended:
            raise Crash(self.ended)
        if name.startswith("commit"):
            super().__call__(name)


def cut(n: int, act: Callable[[], object]) -> str:
    """Where it was cut off at the n-th instant of a commit; empty when it was survived."""
    at = AtCommit(n)
    try:
        with watched(at):
            act()
    except BaseException:
        if not at.ended:
            raise
    finally:
        if at.ended:
            del connections["default"]  # the next process has a new one
    return at.ended


def instants(act: Callable[[int], Callable[[], object]]) -> int:
    """Cut a fresh try off at each instant until one is survived; how many there were."""
    for n in range(1, MOST):
        if not cut(n, act(n)):
            return n - 1
    raise AssertionError(f"more than {MOST} instants")


def left() -> None:
    """What the jobs do that a dead process left behind, each of them twice."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = %s", [at_home.TASK])
        rows = [args if isinstance(args, dict) else json.loads(args) for (args,) in cursor.fetchall()]
    for args in rows * 2:
        jobs.keep(**args)


def check_parts(made: Shop) -> None:
    """At any moment: of what the customer has each seller knows its part, once."""
    held = sorted(row.pk for row in made.subscriptions())
    for seller in (made.chain.distributor, made.reseller):
        with tenancy.acting_in(seller.pk):
            kept = TierPrice.objects.filter(subscription__in=held).values_list("subscription", flat=True)
            assert sorted(kept) == held, seller


def check(made: Shop, once: str) -> None:
    """One order, a subscription a line, each seller's part, the account's job asked for, every act here and there."""
    with tenancy.acting_in(made.customer.pk):
        order = Order.objects.get(once=once)
        begun = [row.subscription_id for row in OrderLine.objects.filter(order=order)]
        assert order.state == "approved"
    assert None not in begun
    assert len(set(begun)) == 2
    check_parts(made)
    check_acts(made, order.pk)


def check_acts(made: Shop, of: UUID) -> None:
    """What was done from elsewhere is on record there: once, at the same time, by the same person, of the same thing."""
    there = [act for act in kit.acts_of(made.customer) if act.of_id == str(of) and act.actor.endswith(" (Acme IT)")]
    home = [act for act in kit.acts_of(made.reseller) if act.of_id == str(of)]
    assert there
    told = [(act.at, act.verb, act.person_id, act.actor, act.after) for act in home]
    assert told == [(act.at, act.verb, act.person_id, act.actor.removesuffix(" (Acme IT)"), act.after) for act in there]
    assert [act.summary for act in home] == [f"{act.summary}: Alder Dental" for act in there]


def test_placing_is_cut_off_at_each_commit_and_sent_again() -> None:
    made = shops.shop()
    sent: dict[int, str] = {}

    def act(n: int) -> Callable[[], object]:
        sent[n] = ids.new().hex
        check_parts(made)
        return lambda: made.place(made.owner(), made.new("BASE"), made.new("YEAR", 5), once=sent[n])

    assert instants(act) >= 10
    for once in sent.values():
        made.place(made.owner(), made.new("BASE"), made.new("YEAR", 5), once=once)
    left()
    for once in sent.values():
        check(made, once)
    assert len(made.subscriptions()) == 2 * len(sent)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'purser.account' AND args->>'tenant' = %s",
                       [str(made.customer.pk)])  # fmt: skip
        assert cursor.fetchone()[0] == 1, "merged: one waits, which will do"


def test_approving_is_cut_off_at_each_commit_and_tried_again() -> None:
    made = shops.shop()
    shops.approving(made)
    waiting: dict[int, UUID] = {}
    sent: dict[int, str] = {}

    def act(n: int) -> Callable[[], object]:
        sent[n] = ids.new().hex
        check_parts(made)
        waiting[n] = made.place(made.admin(), made.new("BASE"), made.new("YEAR", 5), once=sent[n]).pk
        return lambda: deciding.approve(made.owner(), waiting[n], now=kit.now())

    assert instants(act) >= 10
    for id in waiting.values():
        with suppress(Refused):  # it was approved before the end came
            deciding.approve(made.owner(), id, now=kit.now())
    left()
    for once in sent.values():
        check(made, once)
    assert len(made.subscriptions()) == 2 * len(sent)


def test_a_price_set_by_its_seller_is_cut_off_at_each_commit() -> None:
    """What who sells does to a subscription without an order."""
    made = shops.shop()
    rows = iter([made.live() for _ in range(20)])
    cut_off: list[UUID] = []

    def act(n: int) -> Callable[[], object]:
        row = next(rows)
        cut_off.append(row.pk)
        now = kit.now()
        return lambda: desk.set_price(made.owner(), row.pk, price=SELLS + n, from_on=now.date(), now=now)

    assert instants(act) >= 4
    left()
    changed = [row.pk for row in made.subscriptions() if row.price != SELLS]
    assert changed
    for id in changed:
        check_acts(made, id)
    for id in set(cut_off) - set(changed):
        assert [act for act in kit.acts_of(made.reseller) if act.of_id == str(id)] == [], "nothing was done, nothing is told"


def test_an_offer_withdrawn_right_after_a_crash_leaves_no_seller_without_its_part() -> None:
    made = shops.shop()
    once = ids.new().hex
    for n in range(1, MOST):  # the first commits only read
        cut(n, lambda: made.place(made.owner(), made.new("BASE"), made.new("YEAR", 5), once=once))
        if made.subscriptions():
            break
    shops.withdraw(made, "BASE")
    shops.withdraw(made, "YEAR")
    assert kit.acts_of(made.reseller, "orders.place") == []
    left()
    check(made, once)


# A breach, planted.


def test_it_finds_an_order_that_is_approved_before_it_is_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the subscriptions were begun in a transaction of their own, after that of the order."""
    made = shops.shop()
    once = ids.new().hex
    monkeypatch.setattr("purser.subscriptions.carrying.carry", lambda *of, **more: None)
    made.place(made.owner(), made.new("BASE"), made.new("YEAR", 5), once=once)
    monkeypatch.undo()
    with pytest.raises(AssertionError):
        check(made, once)


def test_it_finds_an_act_that_is_not_at_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the process died right after the order, and no job had been asked for with it."""
    made = shops.shop()
    once = ids.new().hex
    monkeypatch.setattr(at_home, "follow", lambda *of, **more: None)
    made.place(made.owner(), made.new("BASE"), made.new("YEAR", 5), once=once)
    monkeypatch.undo()
    left()
    check_parts(made)
    with pytest.raises(AssertionError):
        check(made, once)


def test_what_a_seller_confirmed_is_on_its_record_also_when_the_process_died(monkeypatch: pytest.MonkeyPatch) -> None:
    made = shops.shop()
    made.publish(made.reseller, {"BASE": Decimal("5.30")})
    monkeypatch.setattr(at_home, "keep", lambda **named: None)  # it died between its commit and that
    made.place(made.owner(), made.new("BASE"), confirmed=["floor"])
    monkeypatch.undo()
    assert kit.acts_of(made.reseller, "orders.place") == []
    left()
    (act,) = kit.acts_of(made.reseller, "orders.place")
    assert act.after["confirmed"] == ["floor"]
