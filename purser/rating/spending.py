"""What rated days do to a balance: back over days that were, and ahead over days expected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from purser.kernel.errors import Refused
from purser.kernel.money import Money
from purser.kernel.period import month_of
from purser.rating.days import DAY
from purser.rating.metering import Counts, meter
from purser.rating.packages import Package, needed
from purser.rating.policy import Policy
from purser.rating.ratchet import Day


class Spent(NamedTuple):
    """A rated day, the packages bought when its charge took the balance below 0, and the balance after both."""

    day: Day
    bought: int
    balance: int


def spend(days: Iterable[Day], *, balance: int, package: Package) -> list[Spent]:
    """Charge each day to the balance and buy as automated billing does, no daily cap in its way. Source: F-2, F-3."""
    spent = []
    for day in days:
        balance -= day.units
        bought = needed(balance=balance, package=package)
        balance += bought * package.units
        spent.append(Spent(day, bought, balance))
    return spent


@dataclass(frozen=True)
class Outlook:
    """What comes if the counts are as expected.

    headroom: users that can be licensed today without one unit more, as the month's peak is paid already; None on days
        whose peak follows the count.
    carry: the peak that next month opens with, by the last expected close of this one.
    """

    days: Sequence[Spent]
    headroom: int | None
    carry: int

    @property
    def purchase(self) -> Spent | None:
        """The first day that buys: when, and how many packages."""
        return next((one for one in self.days if one.bought), None)


def outlook(
    *, peaks: Counts, users: Counts, first: date, through: date, balance: int, policy: Policy, package: Package,
    changes: Mapping[date, Counts] | None = None,
) -> Outlook:  # fmt: skip
    """Forecast `first` to `through`, which is not before the end of its month.

    peaks, users: at the close before `first`, by tenant. Counts stay as they are but for `changes`, known in advance: from
    that date on, the tenants named have so many users.
    """
    month = month_of(first)
    if through + DAY < month.end:
        raise Refused(f"A forecast from {first} goes to {month.end - DAY} at least; asked for {through}.", code="through")
    closes = expected(users, first=first, through=through, changes=changes or {})
    days = [one.day for one in meter(closes, first=first, policy=policy, opening=peaks)]
    terms = policy.on(first)
    paid = sum(peaks.values()) if terms.keeps(first.day) else 0
    return Outlook(
        days=spend(days, balance=balance, package=package),
        headroom=None if terms.follows(first.day) else max(0, paid - sum(users.values())),
        carry=days[month.left_from(first) - 1].peak if policy.on(month.end).keeps(1) else 0,
    )


def expected(users: Counts, *, first: date, through: date, changes: Mapping[date, Counts]) -> list[Counts]:
    """The count by tenant at each close from `first` to `through`."""
    closes: list[Counts] = []
    for ordinal in range(first.toordinal(), through.toordinal() + 1):
        users = {**users, **changes.get(date.fromordinal(ordinal), {})}
        closes.append(users)
    return closes


def cost(units: int, *, package: Package) -> Money:
    """What units are worth at the package's price for one, rounded as a line is."""
    return package.unit_price.times(units).rounded()
