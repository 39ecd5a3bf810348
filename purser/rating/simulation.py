"""Policies and prices side by side over the same closes: what a partner would have paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from purser.kernel.money import Money
from purser.rating import spending
from purser.rating.metering import Counts, meter
from purser.rating.packages import Package
from purser.rating.policy import Policy


@dataclass(frozen=True)
class Scheme:
    """What is compared: how days become units, and the package that pays for them."""

    name: str
    policy: Policy
    package: Package


@dataclass(frozen=True)
class Month:
    """One scheme's calendar month, of which the history may hold a part.

    used: the units at the price for one. bought: packages, paid: what they cost. balance: at the month's last close.
    """

    first: date
    users: int
    peak: int
    units: int
    used: Money
    bought: int
    paid: Money
    balance: int


def simulate(
    closes: Sequence[Counts], *, first: date, schemes: Sequence[Scheme], opening: Counts | None = None, balance: int = 0
) -> dict[str, list[Month]]:
    """Months by the scheme's name, oldest first; every scheme starts from the same peaks and the same balance.

    users, peak: the highest of the month. Rows of one place in the lists are the same month.
    """
    return {scheme.name: _months(closes, first, scheme, opening, balance) for scheme in schemes}


def _months(closes: Sequence[Counts], first: date, scheme: Scheme, opening: Counts | None, balance: int) -> list[Month]:
    rated = [one.day for one in meter(closes, first=first, policy=scheme.policy, opening=opening)]
    months = []
    spent = spending.spend(rated, balance=balance, package=scheme.package)
    for _, group in groupby(spent, key=lambda one: (one.day.on.year, one.day.on.month)):
        lines = list(group)
        units = sum(one.day.units for one in lines)
        bought = sum(one.bought for one in lines)
        months.append(
            Month(
                first=lines[0].day.on.replace(day=1),
                users=max(one.day.users for one in lines),
                peak=max(one.day.peak for one in lines),
                units=units,
                used=spending.cost(units, package=scheme.package),
                bought=bought,
                paid=scheme.package.price.times(bought),
                balance=lines[-1].balance,
            )
        )
    return months
