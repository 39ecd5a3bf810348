"""The days of a subscription: its term, the window in which it can be cancelled, its cycles, and when to look at it next.

Pure. A day is a date in the zone of whoever asks. Source: acceptance CM-14, CM-16; catalog Offer.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from purser.kernel import period
from purser.kernel.period import Period, plus_months
from purser.subscriptions.models import Subscription

AHEAD = timedelta(days=10 * 366)  # how far from today a day may be named
EVERY = {"monthly": "month", "yearly": "year"}


def cycle(row: Subscription, day: date) -> Period | None:
    """The billing cycle that holds the day; None before it began to run. Of a metered one it is the month in which its vendor
    counts, or what is left of it on the day it starts. Source: decision 0011.
    """
    if row.started_on is None or day < row.started_on:
        return None
    if row.metered:
        month = period.month_of(day)
        return Period(max(month.start, row.started_on), month.end)
    return period.holding(day, first=row.started_on, every=EVERY[row.cycle])


def next_term_end(row: Subscription, after: date) -> date:
    """The term's end that follows the one on `after`: so many months on, back to the day of the month it began on."""
    anchor = row.started_on.day if row.started_on else None
    return plus_months(after, row.term_months, anchor=anchor)


def term_start(row: Subscription) -> date | None:
    """The day the running term began: the start, or the last renewal. None without a term."""
    if row.term_ends_on is None or row.started_on is None:
        return None
    return max(row.started_on, plus_months(row.term_ends_on, -row.term_months, anchor=row.started_on.day))


def window_closes(row: Subscription) -> date | None:
    """The first day on which the running term can no longer be cancelled; None without a term."""
    start = term_start(row)
    return start + timedelta(days=row.cancel_days) if start is not None else None


def earliest_end(row: Subscription, today: date) -> date:
    """The first day on which it may end: today within the window, or without a term; else the term's end."""
    closes = window_closes(row)
    if closes is None or row.term_ends_on is None or today < closes:
        return today
    return max(today, row.term_ends_on)


def may_end(row: Subscription, on: date, today: date) -> bool:
    """Whether it may end that day: at once within a window, or at the end of a term, running or to come."""
    earliest = earliest_end(row, today)
    if on < earliest:
        return False
    if row.term_ends_on is None or on == earliest or on < (window_closes(row) or on):
        return True
    return on in _term_ends(row, on)


def is_bound(row: Subscription, on: date) -> bool:
    """Whether its term holds it that day to what it has: it cannot end then, and there cannot be fewer of it."""
    return earliest_end(row, on) > on


def within_reach(day: date, today: date) -> bool:
    return today - AHEAD <= day <= today + AHEAD


def _term_ends(row: Subscription, until: date) -> Iterator[date]:
    end = row.term_ends_on
    while end is not None and end <= until:
        yield end
        end = next_term_end(row, end)


def next_change(row: Subscription, today: date, prices: list[date]) -> date | None:
    """The next day on which something becomes of it by itself: its end, its renewal or next cycle, or one of `prices` (the
    days from which prices hold). None while it has not begun, and once it ended.
    """
    if row.started_on is None or row.state == "ended":
        return None
    running = cycle(row, max(today, row.started_on))
    following = row.term_ends_on or (running.end if running else None)
    days = [day for day in (row.ends_on, following) if day is not None]
    days += [day for day in prices if day > today]
    return min(days)
