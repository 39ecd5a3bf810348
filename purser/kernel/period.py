"""Half-open spans of days, and the periods of a billing cycle."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date

MONTHS = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}


@dataclass(frozen=True)
class Period:
    """Days from `start` up to but not including `end`."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise ValueError(f"A period ends after it starts; got {self.start} to {self.end}.")

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    def __contains__(self, day: date) -> bool:
        return self.start <= day < self.end

    def left_from(self, day: date) -> int:
        """Days from `day` to the end, `day` included; 0 when it lies behind."""
        return max(0, (self.end - max(day, self.start)).days)


def plus_months(day: date, months: int, *, anchor: int | None = None) -> date:
    """The same day so many months on, clamped to the month's length; `anchor` is the day of month to come back to."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    wanted = anchor or day.day
    return date(year, month + 1, min(wanted, calendar.monthrange(year, month + 1)[1]))


def holding(day: date, *, first: date, every: str) -> Period:
    """The billing period that holds `day`, counted from `first` in steps of `every` (a key of MONTHS)."""
    step = MONTHS[every]
    months = (day.year - first.year) * 12 + day.month - first.month
    count = months // step
    start = plus_months(first, count * step, anchor=first.day)
    if start > day:
        count -= 1
        start = plus_months(first, count * step, anchor=first.day)
    end = plus_months(first, (count + 1) * step, anchor=first.day)
    if end <= day:
        start, end = end, plus_months(first, (count + 2) * step, anchor=first.day)
    return Period(start, end)


def next_start(day: date, *, first: date, every: str) -> date:
    """The first day of the period after the one that holds `day`."""
    return holding(day, first=first, every=every).end


def month_of(day: date) -> Period:
    start = day.replace(day=1)
    return Period(start, plus_months(start, 1))
