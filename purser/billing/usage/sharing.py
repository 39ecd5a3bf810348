"""What each tenant has of the charges, for bills of the partner's own. Shares sum to the charge, day by day and in all.

Source: acceptance CS-69.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from purser.billing.usage import named, rated
from purser.billing.usage.named import Named
from purser.kernel.period import month_of
from purser.lists.files import Value
from purser.postgres import tenancy
from purser.rating.days import DAY


@dataclass(frozen=True)
class Share:
    """A tenant's part of a day: `users` at its close, `units` of the charge."""

    on: date
    tenant: Named
    users: int
    units: int


@dataclass(frozen=True)
class Total:
    """A tenant's part of a month. `users`: the most at one close."""

    tenant: Named
    users: int
    units: int


@dataclass(frozen=True)
class Shares:
    """A month's shares: `days` by date and then tenant, `totals` by units. `charged` is what both sum to."""

    month: date
    days: Sequence[Share]
    totals: Sequence[Total]
    charged: int


def of_month(partner: UUID, month: date, *, now: datetime) -> Shares:
    """Takes the seats. A day of nobody whose peak is still paid is shared as the day that set the peak."""
    period = month_of(month)
    with tenancy.acting_in(partner):
        found = rated.days(period.start, period.end - DAY)
    parts = [(day, {name: units for name, units in day.shares.items() if units or day.close.users.get(name)}) for day in found]
    who = named.of(partner, (name for _, units in parts for name in units), now=now)
    days = [
        Share(day.on, who[name], day.close.users.get(name, 0), units[name])
        for day, units in parts
        for name in sorted(units, key=lambda name: (who[name].name, name))
    ]
    units: Counter[UUID] = Counter()
    users: dict[UUID, int] = {}
    for one in days:
        units[one.tenant.id] += one.units
        users[one.tenant.id] = max(one.users, users.get(one.tenant.id, 0))
    totals = [Total(tenant, users[tenant.id], units[tenant.id]) for tenant in who.values()]
    totals.sort(key=lambda one: (-one.units, one.tenant.name, one.tenant.id))
    return Shares(period.start, days, totals, sum(day.charge.units for day in found))


Sheet = tuple[list[str], list[list[Value]]]  # the heads of a file, and its rows


def _per_month(found: Shares) -> Sheet:
    """A row for each tenant."""
    heads = ["Month", "Tenant name", "Tenant ID", "Most users", "Units"]
    month = f"{found.month:%Y-%m}"
    return heads, [[month, one.tenant.name, one.tenant.number, one.users, one.units] for one in found.totals]


def _per_day(found: Shares) -> Sheet:
    """A row for each tenant and day."""
    heads = ["Day", "Tenant name", "Tenant ID", "Users", "Units"]
    return heads, [[one.on, one.tenant.name, one.tenant.number, one.users, one.units] for one in found.days]


FILES = {"month": _per_month, "day": _per_day}
