"""An order that is cut off at any commit is one order in the end, and each of its lines one subscription.

Source: acceptance CM-15, CM-44; reliability 3.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connection, connections

from purser.jobs import orders as jobs
from purser.kernel.errors import Refused
from purser.postgres import ids, tenancy
from purser.subscriptions import carrying, deciding
from purser.subscriptions.models import Order, OrderLine, TierPrice
from tests.access import kit
from tests.flows.crashing import At, Crash, watched
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop

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


def sweep() -> None:
    later = kit.now() + carrying.GRACE + timedelta(seconds=1)
    for customer, order in carrying.left(now=later):
        carrying.complete(customer, order, now=later)
        carrying.complete(customer, order, now=later)


def check(made: Shop, once: str) -> None:
    """One order, one subscription a line, each seller's part once, the account's job asked for, and nothing left."""
    with tenancy.acting_in(made.customer.pk):
        order = Order.objects.get(once=once)
        rows = list(OrderLine.objects.filter(order=order))
        begun = [row.subscription_id for row in rows]
        assert (order.state, order.carried_at is not None) == ("approved", True)
    assert None not in begun
    assert len(set(begun)) == len(rows) == 2
    for seller in (made.chain.distributor, made.reseller):
        with tenancy.acting_in(seller.pk):
            kept = list(TierPrice.objects.filter(subscription__in=begun).values_list("subscription", flat=True))
        assert sorted(kept) == sorted(begun), seller


def test_placing_is_cut_off_at_each_commit_and_sent_again() -> None:
    made = shops.shop()
    sent: dict[int, str] = {}

    def act(n: int) -> Callable[[], object]:
        sent[n] = ids.new().hex
        return lambda: made.place(made.owner(), made.new("BASE"), made.new("YEAR", 5), once=sent[n])

    assert instants(act) >= 10
    for once in sent.values():
        made.place(made.owner(), made.new("BASE"), made.new("YEAR", 5), once=once)
    sweep()
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
        waiting[n] = made.place(made.admin(), made.new("BASE"), made.new("YEAR", 5), once=sent[n]).pk
        return lambda: deciding.approve(made.owner(), waiting[n], now=kit.now())

    assert instants(act) >= 10
    for id in waiting.values():
        with suppress(Refused):  # it was approved before the end came
            deciding.approve(made.owner(), id, now=kit.now())
    sweep()
    for once in sent.values():
        check(made, once)
    assert len(made.subscriptions()) == 2 * len(sent)


def test_the_sweep_leaves_alone_what_is_under_way() -> None:
    made = shops.shop()
    once = ids.new().hex
    # the first commits only read; so that it is cut after the approval and before the sellers' rows
    for n in range(1, MOST):
        cut(n, lambda: made.place(made.owner(), made.new("BASE"), made.new("YEAR", 5), once=once))
        if made.subscriptions():
            break
    assert carrying.left(now=kit.now()) == []
    sweep()
    check(made, once)


def test_the_job_asks_for_what_is_left_and_does_it() -> None:
    made = shops.shop()
    order = made.place(made.owner(), made.new("BASE"), made.new("YEAR", 5))
    with tenancy.acting_in(made.customer.pk):
        Order.objects.filter(pk=order.pk).update(carried_at=None, decided_at=kit.now() - 2 * carrying.GRACE)
    jobs.left(0)
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'purser.order' AND args->>'order' = %s",
                       [str(order.pk)])  # fmt: skip
        ((args,),) = cursor.fetchall()
    jobs.complete(**args if isinstance(args, dict) else json.loads(args))
    check(made, order.once)


# A breach, planted.


def test_it_finds_an_order_that_is_approved_before_it_is_carried_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the subscriptions were begun in a transaction of their own, after that of the order."""
    made = shops.shop()
    once = ids.new().hex
    monkeypatch.setattr(carrying, "carry", lambda *of, **more: None)
    made.place(made.owner(), made.new("BASE"), made.new("YEAR", 5), once=once)
    monkeypatch.undo()
    sweep()
    with pytest.raises(AssertionError):
        check(made, once)
