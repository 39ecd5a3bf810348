"""The plan of a dated change at ConnectWise, on its own: any history, any stop."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from purser.connectors.connectwise import change, units
from purser.connectors.connectwise.wire import Addition
from purser.connectors.ports.psa import Adjustment
from purser.kernel.errors import Refused

START = date(2025, 7, 1)
DAYS = [START + timedelta(days=n) for n in range(-1, 60)]


def addition(id: int, quantity: int, first: int, last: int | None, *, billed: bool = True) -> Addition:
    return Addition(
        id=id,
        product_id=210,
        product="M365-E3",
        name="Microsoft 365 E3",
        unit="Each",
        quantity=Decimal(quantity),
        less_included=Decimal(0),
        unit_price=Decimal(4),
        unit_cost=Decimal(3),
        billing="Billable" if billed else "DoNotBill",
        taxable=True,
        starts_on=START + timedelta(days=first),
        ends_on=None if last is None else START + timedelta(days=last),
        serial="",
        invoice_text="",
    )


@st.composite
def histories(draw: st.DrawFn) -> list[Addition]:
    """Additions one after the other, perhaps with gaps, the last one perhaps without end."""
    edges = sorted(draw(st.sets(st.integers(0, 40), min_size=2, max_size=7)))
    found = []
    for id, (first, last) in enumerate(pairwise(edges), start=1):
        if draw(st.booleans()) or not found:
            found.append(addition(id, draw(st.integers(1, 20)), first, last))
    if draw(st.booleans()):
        found[-1] = replace(found[-1], ends_on=None)
    return found


def held(additions: list[Addition], day: date) -> Decimal:
    return sum((a.quantity for a in additions if a.runs_on(day)), Decimal(0))


def taken(additions: list[Addition], step: change.Step, adjustment: Adjustment) -> list[Addition]:
    """The additions after ConnectWise took one step."""
    serial = change.mark("a1")
    match step:
        case change.Add(like, quantity, less_included, ends_on):
            made = replace(
                like,
                id=max(a.id for a in additions) + 1,
                quantity=quantity,
                less_included=less_included,
                starts_on=adjustment.effective_on,
                ends_on=ends_on,
                serial=serial,
            )
            return [*additions, made]
        case change.Set(old, quantity):
            return [replace(a, quantity=quantity, serial=serial) if a == old else a for a in additions]
        case change.End(old, on):
            return [replace(a, ends_on=on, serial=serial) if a == old else a for a in additions]
        case change.Delete(old):
            return [a for a in additions if a != old]


@settings(max_examples=300)
@given(histories(), st.integers(0, 45), st.integers(-10, 10))
def test_it_shifts_every_day_from_its_date_on_and_no_other(before: list[Addition], on: int, delta: int) -> None:
    day = START + timedelta(days=on)
    was = held(before, day)
    assume(delta and was + delta >= 0 and all(held(before, d) + delta >= 0 for d in DAYS if held(before, d)))
    adjustment = Adjustment("5", "product:210", day, was, was + delta)
    now, calls = before, 0
    while course := change.course(now, adjustment, once="a1", dated=True).steps:
        now, calls = taken(now, course[0], adjustment), calls + 1  # the plan is drawn up anew after each call
        assert calls < 20
    whole = before
    for step in change.course(before, adjustment, once="a1", dated=True).steps:
        whole = taken(whole, step, adjustment)
    for d in DAYS:
        assert held(now, d) == held(whole, d)
        if d < day:
            assert held(now, d) == held(before, d)
        elif d == day or held(before, d):
            assert held(now, d) == held(before, d) + delta


@example([addition(1, 1, 0, 1), addition(2, 1, 1, 2)], [1], 0, 0)
@example([addition(1, 1, 0, 1), addition(2, 2, 1, 2), addition(3, 1, 2, 3)], [1, 1], 1, 0)
@settings(max_examples=300)
@given(histories(), st.lists(st.integers(1, 9), max_size=3), st.integers(0, 45), st.integers(0, 40))
def test_it_makes_the_count_or_refuses(before: list[Addition], more: list[int], on: int, after: int) -> None:
    day = START + timedelta(days=on)
    beside = [addition(100 + n, q, n, None, billed=n % 2 == 0) for n, q in enumerate(more)]
    now = [*before, *beside]
    adjustment = Adjustment("5", "product:210", day, held(now, day), Decimal(after))
    try:
        while course := change.course(now, adjustment, once="a1", dated=True).steps:
            now = taken(now, course[0], adjustment)
    except Refused as refused:
        assert refused.code == "conflict"  # noqa: PT017 - most examples are not refused
        assert now == [*before, *beside]
        return
    assert held(now, day) == after
    assert all(held(now, d) == held([*before, *beside], d) for d in DAYS if d < day)


@given(histories())
def test_it_reads_the_same_units_as_the_segments_say(additions: list[Addition]) -> None:
    service = units.service("5", additions, since=date(2025, 1, 1), today=START, catalog={})
    assert [service.units_on(d) for d in DAYS] == [held(additions, d) for d in DAYS]
    starts = [s.starts_on for s in service.segments]
    assert starts == sorted(set(starts))


def test_it_asks_for_a_product_that_was_once_there() -> None:
    adjustment = Adjustment("5", "product:210", START, Decimal(0), Decimal(3))
    with pytest.raises(Refused) as refused:
        change.course([], adjustment, once="a1", dated=True)
    assert refused.value.code == "not_found"


@pytest.mark.parametrize("once", ["", "x" * 41])
def test_it_needs_an_id_that_fits_into_a_serial_number(once: str) -> None:
    with pytest.raises(ValueError, match="1 to 40"):
        change.mark(once)
    assert len(change.mark("x" * 40)) <= 50
