"""The peak ratchet: from the count at each close to the peak and the units of each day.

Plain numbers of one meter; whose counts they are is metering's matter.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from datetime import date
from itertools import accumulate, chain, repeat
from typing import NamedTuple

from purser.kernel.errors import Refused
from purser.rating.policy import Policy, Terms


class Day(NamedTuple):
    """`users` at the close of `on`, the peak then, and the units that the day costs."""

    on: date
    users: int
    peak: int
    units: int


def month(users: Sequence[int], *, first: date, opening_peak: int, terms: Terms) -> list[Day]:
    """Rate consecutive days of one month from `first` on.

    `opening_peak` is the peak at the close before `first`: in mid-month that of the day before, 0 for a partner that joins
    then; on the 1st what was carried over. A month may be rated in part and gone on with from its last peak.
    Source: acceptance CS-44 to CS-48, CS-51, F-4.
    """
    _whole(users, first=first, opening_peak=opening_peak)
    billable = max(0, terms.billable_days - first.day + 1)
    if not terms.ratchet:
        peaks = users
    elif terms.true_up:
        peaks = [*_highest(users[:billable], opening_peak), *users[billable:]]
    else:
        peaks = _highest(users, opening_peak)
    start = first.toordinal()
    days = map(date.fromordinal, range(start, start + len(users)))
    return list(map(Day._make, zip(days, users, peaks, chain(peaks[:billable], repeat(0)), strict=False)))


def history(users: Sequence[int], *, first: date, policy: Policy, opening_peak: int = 0) -> list[Day]:
    """Rate consecutive days from `first` on over any number of months, each by the terms in force.

    `opening_peak` as for month(); 0 before a partner's first day (F-4).
    """
    days: list[Day] = []
    peak, done = opening_peak, 0
    while done < len(users):
        on = date.fromordinal(first.toordinal() + done)
        terms = policy.on(on)
        taken = users[done : done + left(on)]
        days += month(taken, first=on, opening_peak=peak if terms.keeps(on.day) else 0, terms=terms)
        peak = days[-1].peak
        done += len(taken)
    return days


def left(day: date) -> int:
    """Days of the month from `day` on, `day` included."""
    return monthrange(day.year, day.month)[1] - day.day + 1


def _highest(users: Sequence[int], opening_peak: int) -> list[int]:
    return list(accumulate(users, max, initial=opening_peak))[1:]


def _whole(users: Sequence[int], *, first: date, opening_peak: int) -> None:
    if opening_peak < 0:
        raise Refused(f"The peak before {first} is {opening_peak}; a peak is never below 0.", code="count")
    if len(users) > left(first):
        raise Refused(f"{len(users)} counts from {first} on, but the month has {left(first)} days left.", code="count")
    if users and min(users) < 0:
        at = next(n for n, count in enumerate(users) if count < 0)
        on = date.fromordinal(first.toordinal() + at)
        raise Refused(f"{users[at]} users at the close of {on}; a count is never below 0.", code="count")
