"""Source: P11, P12. What bounds the calls of a connector: budget, circuit, pages."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from purser.connectors.shared import budget as budgets
from purser.connectors.shared import pages
from purser.connectors.shared.budget import Budget
from purser.connectors.shared.circuit import Circuit
from purser.kernel.errors import Busy, Refused

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_it_lets_no_more_than_its_threads_call_at_a_time() -> None:
    budget = Budget(3, None)
    lock, inside, most = threading.Lock(), 0, 0
    together = threading.Barrier(3)  # three can be inside at once, or this times out

    def call() -> None:
        nonlocal inside, most
        with budget.hold():
            with lock:
                inside += 1
                most = max(most, inside)
            together.wait(5)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=call) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (most, inside) == (3, 0)
    assert not together.broken


def test_it_waits_for_a_thread_only_so_long() -> None:
    budget = Budget(1, None, wait=0.05)
    with budget.hold(), pytest.raises(Busy) as busy, budget.hold():
        pass
    assert busy.value.code == "throttled"
    with budget.hold():  # and the thread came back
        pass


def test_it_spends_its_calls_over_a_rolling_hour() -> None:
    now = 0.0
    budget = Budget(1, 3, now=lambda: now)
    for at in (0.0, 600.0, 1200.0):
        now = at
        with budget.hold():
            pass
    now = 1800.0
    with pytest.raises(Busy) as busy, budget.hold():
        pass
    assert (busy.value.code, busy.value.retry_after) == ("throttled", timedelta(seconds=1800))
    now = 3600.0
    with budget.hold():
        pass
    with pytest.raises(Busy) as busy, budget.hold():
        pass
    assert busy.value.retry_after == timedelta(seconds=600)


def test_it_slows_down_in_a_full_minute_and_stops_nobody() -> None:
    slept: list[float] = []
    now = 1000.0

    def sleep(seconds: float) -> None:
        nonlocal now
        slept.append(seconds)
        now += seconds

    budget = Budget(1, None, per_minute=3, now=lambda: now, sleep=sleep)
    for _ in range(7):
        with budget.hold():
            now += 10
    assert slept == [30.0, 30.0]
    assert now == 1000.0 + 7 * 10 + 60


def test_it_shares_a_budget_by_credential() -> None:
    ours = budgets.shared("digest-1", threads=3, per_hour=10_000)
    assert budgets.shared("digest-1", threads=3, per_hour=10_000) is ours
    assert budgets.shared("digest-2", threads=3, per_hour=10_000) is not ours
    assert budgets.shared("digest-1", threads=1, per_hour=10_000).threads == 1


def test_it_refuses_a_budget_that_allows_nothing() -> None:
    for threads, per_hour in ((0, None), (1, 0)):
        with pytest.raises(ValueError, match="at least 1"):
            Budget(threads, per_hour)


def test_it_lets_one_trial_through_however_many_ask() -> None:
    now = NOON
    circuit = Circuit(clock=lambda: now)
    for _ in range(5):
        circuit.settle(trial=circuit.enter(), answered=False)
    now += timedelta(seconds=30)
    assert circuit.enter() is True
    for _ in range(3):
        with pytest.raises(Busy):
            circuit.enter()
    circuit.settle(trial=True, answered=None)  # never made: the next one is the trial
    assert circuit.enter() is True
    circuit.settle(trial=True, answered=True)
    assert circuit.enter() is False


def test_it_counts_failures_in_a_row_only() -> None:
    circuit = Circuit(clock=lambda: NOON)
    for answered in (False, False, False, False, True, False, False, False, None, False):
        circuit.settle(trial=circuit.enter(), answered=answered)
    circuit.settle(trial=circuit.enter(), answered=False)
    with pytest.raises(Busy):
        circuit.enter()


LIST = {0: ([1, 2], 2), 2: ([3, 4], 4), 4: ([5], None)}


def test_it_collects_pages_to_the_end() -> None:
    found = pages.collect(0, lambda at: LIST[at])
    assert found.rows == (1, 2, 3, 4, 5)
    assert found.whole


def test_it_keeps_what_it_has_when_a_later_page_fails() -> None:
    def page(at: int) -> tuple[list[int], int | None]:
        if at == 4:
            raise Busy("The vendor is down.", code="network")
        return LIST[at]

    found = pages.collect(0, page)
    assert found.rows == (1, 2, 3, 4)
    assert found.cut == "Page 3 could not be read: The vendor is down."
    assert not found.whole


def test_it_raises_when_nothing_could_be_read() -> None:
    def page(at: int) -> tuple[list[int], int | None]:
        raise Refused("Wrong password.", code="credentials")

    with pytest.raises(Refused, match="Wrong password"):
        pages.collect(0, page)


def test_it_notices_a_loop_and_an_endless_list() -> None:
    around = pages.collect("a", lambda at: ([at], {"a": "b", "b": "c", "c": "b"}[at]))
    assert (around.rows, around.cut) == (("a", "b", "c"), "Page 4 repeats an earlier page.")
    endless = pages.collect(0, lambda at: ([at], at + 1), most=50)
    assert len(endless.rows) == 50
    assert endless.cut == "There are more than 50 pages."
