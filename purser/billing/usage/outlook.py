"""Where a partner stands today and what comes: users so far, headroom, what the day would cost, the next purchase, the carry.

Source: acceptance CS-43 to CS-50, CS-53; issue 4, "true-up adviser".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from purser.billing.buying import defaults, packages
from purser.billing.models import Programme, Stint
from purser.billing.usage import counting, rated, statement, terms
from purser.kernel.errors import Missing, Refused
from purser.kernel.money import Money
from purser.kernel.period import month_of, plus_months
from purser.postgres import tenancy
from purser.rating import advice, days, spending
from purser.rating.days import DAY
from purser.rating.packages import Package
from purser.rating.policy import Policy

AHEAD = 13  # months that are looked ahead for the next purchase


@dataclass(frozen=True)
class Standing:
    """A partner's programme at a moment, in plain values: what forecasts and advice start from.

    today: the day not closed yet, in `zone`. users: licensed now, by tenant. peaks: at the last close, by tenant; `closed` is
    that day. balance: in the books; `waiting` units of closed days are not in them yet. unsold: the code of the default
    package where the price list has it no more, so that nothing is bought by itself; else "".
    """

    today: date
    zone: ZoneInfo
    from_on: date
    until_on: date | None
    closed: date | None
    users: Mapping[str, int]
    peaks: Mapping[str, int]
    balance: int
    waiting: int
    policy: Policy
    package: Package
    unsold: str
    auto_on: bool
    cap: Money | None

    @property
    def count(self) -> int:
        return sum(self.users.values())

    @property
    def peak(self) -> int:
        """The peak of the last close, which the day begins with."""
        return sum(self.peaks.values()) if self.policy.on(self.today).keeps(self.today.day) else 0

    @property
    def first(self) -> date:
        """The first day that has not been closed: today, or one that its close is late for."""
        return self.closed + DAY if self.closed and self.closed + DAY >= self.from_on else self.from_on

    @property
    def ended(self) -> bool:
        return self.until_on is not None and self.first >= self.until_on

    @property
    def behind(self) -> int:
        """Closes that are due and not made."""
        return max(0, (self.today - self.first).days)

    @property
    def true_up(self) -> date:
        """The first day of this month that costs nothing and whose peak follows the count."""
        billable = self.policy.on(self.today).billable_days
        return min(self.today.replace(day=1) + timedelta(days=billable), month_of(self.today).end)

    @property
    def ends_on(self) -> date:
        """The last day of the month."""
        return month_of(self.today).end - DAY

    @property
    def closes_at(self) -> datetime:
        """When today is over."""
        return days.closes_at(self.today, zone=self.zone)

    @property
    def ends(self) -> datetime:
        """The last midnight of the month, whose count is carried over."""
        return days.closes_at(self.ends_on, zone=self.zone)

    @property
    def advises(self) -> bool:
        return self.today.day >= advice.OPENS


def of(partner: UUID, *, now: datetime) -> Standing:
    """Takes the seats it needs. Raises Missing(code="programme") for a partner that never was in the programme."""
    with tenancy.acting_in(partner):
        stint = Stint.objects.order_by("-from_on").first()
        programme = Programme.objects.first()
        if stint is None or programme is None:
            raise Missing("You take no part in the programme of daily units yet.", code="programme")
        zone = ZoneInfo(stint.zone)
        today = days.day_at(now, zone=zone)
        closed = rated.last_closed()
        held = terms.own()
        same = closed is not None and (closed + DAY >= stint.from_on or closed.replace(day=1) == today.replace(day=1))
        peaks = rated.peaks_after(closed) if closed and same else {}
        package, missing = default_package(programme, now=now), unsold(now)
        cap = Money(programme.cap, programme.currency) if programme.cap is not None else None
        balance, waiting = statement.balance(), statement.waiting()
        plain = stint.from_on, stint.until_on
    users = counting.so_far(partner, at=now)
    return Standing(
        today, zone, *plain, closed, users, peaks, balance, waiting, held, package, missing, programme.auto_on, cap
    )  # fmt: skip


def default_package(programme: Programme, *, now: datetime) -> Package:
    """The default package, at the price in force. Where the list has it no more units are valued by the smallest there is:
    nobody buys that one by itself, as `unsold` tells.
    """
    held = packages.current(now)
    wanted = programme.default_package or defaults.FIRST
    if held is not None:
        rows = packages.as_offers(packages.rows_of(held))
        currency = held.currency
    else:
        rows, currency = packages.standard(), programme.currency
    one = next((offer for offer in rows if offer.code == wanted), rows[0])
    return Package(one.code, one.units, Money(one.unit_price, currency), Money(one.price, currency))


def unsold(now: datetime) -> str:
    """The default package's code where automatic purchase does not find it; "" where it does. In the partner's seat."""
    try:
        defaults.package(now)
    except Refused:
        return defaults.code()
    return ""


def ahead(standing: Standing, *, months: int = AHEAD) -> spending.Outlook:
    """The forecast with the users of this moment, from the first day not closed on."""
    first = standing.first
    return spending.outlook(
        peaks=standing.peaks,
        users=standing.users,
        first=first,
        through=plus_months(first.replace(day=1), months) - DAY,
        balance=standing.balance - standing.waiting,
        policy=standing.policy,
        package=standing.package,
    )
