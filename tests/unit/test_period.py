"""Periods against an oracle that walks day by day and knows no arithmetic of months."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.kernel import period
from purser.kernel.period import Period

DAY = timedelta(days=1)
dates = st.dates(date(2019, 1, 1), date(2033, 12, 31))


def later(first: date, months: int) -> date:
    """The day `months` on, found by walking: the same day of month, or the last one of a month that is too short."""
    day, passed = first.replace(day=1), 0
    step = DAY if months >= 0 else -DAY
    while passed < abs(months):
        day += step
        if (day.day == 1) if months >= 0 else ((day + DAY).day == 1):
            passed += 1
    day = day.replace(day=1)
    month = day.month
    while day.day < first.day and (day + DAY).month == month:
        day += DAY
    return day


def starts(first: date, step: int) -> list[date]:
    return [later(first, n * step) for n in range(-3, 4)]


@given(first=dates, months=st.integers(-40, 40))
def test_months_are_added_as_a_calendar_does(first: date, months: int) -> None:
    assert period.plus_months(first, months) == later(first, months)


@given(first=dates, every=st.sampled_from(sorted(period.MONTHS)), data=st.data())
def test_the_period_that_holds_a_day_is_the_one_between_two_starts(first: date, every: str, data: st.DataObject) -> None:
    walked = starts(first, period.MONTHS[every])
    day = data.draw(st.dates(walked[0], walked[-1] - DAY))
    found = period.holding(day, first=first, every=every)
    assert found.start == max(s for s in walked if s <= day)
    assert found.end == min(s for s in walked if s > day)
    assert day in found
    assert period.next_start(day, first=first, every=every) == found.end


@pytest.mark.parametrize("anchor", [28, 29, 30, 31])
@pytest.mark.parametrize("every", sorted(period.MONTHS))
def test_periods_tile_the_calendar_for_late_anchors(anchor: int, every: str) -> None:
    """Four years with a leap day in them: no day is in two periods or in none, and the anchor comes back."""
    first = date(2023, 1, anchor)
    day, before = first, period.holding(first, first=first, every=every)
    assert before.start == first
    while day < date(2027, 3, 2):
        found = period.holding(day, first=first, every=every)
        assert day in found
        assert found == before or found.start == before.end
        assert found.start == later(first, (found.start.year - 2023) * 12 + found.start.month - 1)
        day, before = day + DAY, found


def test_a_month_from_the_31st_comes_back_to_the_31st() -> None:
    found = period.holding(date(2026, 3, 5), first=date(2026, 1, 31), every="month")
    assert found == Period(date(2026, 2, 28), date(2026, 3, 31))


def test_left_from_counts_the_day_itself() -> None:
    july = period.month_of(date(2026, 7, 11))
    assert (july.days, july.left_from(date(2026, 7, 11)), july.left_from(date(2026, 7, 31))) == (31, 21, 1)
    assert july.left_from(date(2026, 8, 1)) == 0
    assert july.left_from(date(2026, 6, 1)) == 31


def test_a_period_that_does_not_last_is_refused() -> None:
    with pytest.raises(ValueError, match="2026-07-11"):
        Period(date(2026, 7, 11), date(2026, 7, 11))
