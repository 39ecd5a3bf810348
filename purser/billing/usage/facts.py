"""What is known of a partner's days, read back as values that rating understands. In the partner's seat, or the meter's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection
from django.db.models import QuerySet

from purser.billing import models
from purser.kernel.errors import Busy
from purser.kernel.period import month_of
from purser.rating import charges, ratchet, shares
from purser.rating.closes import Close
from purser.rating.days import DAY
from purser.rating.metering import Counts, Metered
from purser.rating.policy import Policy, Terms
from purser.rating.ratchet import Day

PATIENCE = timedelta(seconds=20)


def hold(zone: str) -> None:
    """Until the transaction ends no other close, correction or stint of this zone begins. Raises Busy after `PATIENCE`.

    A day's peak stands on the day before: nobody may rate one while somebody else changes the other.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{PATIENCE.total_seconds():.0f}s"])
        try:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"close {zone}"])
        except OperationalError as late:
            raise Busy(f"The days of {zone} were being closed for {PATIENCE}.", code="held") from late
        cursor.execute("SELECT set_config('lock_timeout', '0', true)")


def standing(*, since: date | None = None) -> list[Close]:
    """The closes of the partner acted in as they are known now, oldest first; from `since` on."""
    rows = models.Close.objects.all()
    return [value(row) for row in latest(rows if since is None else rows.filter(on__gte=since))]


def charged(*, since: date | None = None) -> dict[date, models.Charge]:
    """The charge that stands for each day of the partner acted in, by date."""
    rows = models.Charge.objects.all()
    return {row.on: row for row in latest(rows if since is None else rows.filter(on__gte=since))}


def latest(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Of closes or charges the highest version of each partner's day, oldest first."""
    return rows.order_by("tenant", "on", "-version").distinct("tenant", "on")


def value(row: models.Close) -> Close:
    users = dict(zip(map(str, row.tenants), row.counts, strict=True))
    return Close(str(row.tenant_id), row.on, users, row.known_at, row.version)


def rating_start(on: date, policy: Policy) -> date:
    """The first of a month, not after `on`, whose opening peaks follow from the close before it alone."""
    start = month_of(on).start
    while start > policy.versions[0].from_on and policy.on(start).keeps(1):
        before = start - DAY
        if policy.on(before).follows(before.day):
            break
        start = month_of(before).start
    return start


def rate(closes: Sequence[Close], policy: Policy, *, start: date | None = None) -> list[Metered]:
    """Rate one partner's closes from its first on; or from `start`, as rating_start gives it, and the day before is with them.

    Days are left out only where the partner was out of the programme. Who comes back within the calendar month opens with
    the peak it left with, later with 0. Source: decision 0008; acceptance F-4.
    """
    rated: list[Metered] = []
    for run in runs(closes):
        opening: Counts = {}
        if rated and _stands(rated[-1].day.on, run[0].on):
            opening = shares.split(rated[-1].day.peak, rated[-1].weights)
        if start is not None and run[0].on < start:
            opening, run = run[0].users, run[1:]
        rated += charges.rate(run, policy=policy, opening=opening)
    return rated


def next_day(users: int, *, on: date, terms: Terms, last: date | None, peak: int) -> Day:
    """What rate() says of one day, where all tenants run into one peak: it goes on from `peak`, of the last day charged."""
    opening = peak if last is not None and _stands(last, on) and terms.keeps(on.day) else 0
    return ratchet.month([users], first=on, opening_peak=opening, terms=terms)[0]


def _stands(last: date, on: date) -> bool:
    """Whether the peak of `last` may be gone on from on `on`, with no day of the partner's between them."""
    return last + DAY == on or month_of(last) == month_of(on)


def runs(closes: Sequence[Close]) -> Iterator[list[Close]]:
    """The closes in stretches of days without a gap."""
    places = [0, *(n for n, (one, next_) in enumerate(pairwise(closes), 1) if one.on + DAY != next_.on), len(closes)]
    return (list(closes[first:end]) for first, end in pairwise(places) if end > first)


def charge(day: Day, *, version: int, close_version: int, now: datetime, tenant: UUID) -> models.Charge:
    """A rated day as the row it becomes."""
    return models.Charge(
        tenant_id=tenant, on=day.on, version=version, close_version=close_version,
        users=day.users, peak=day.peak, units=day.units, made_at=now,
    )  # fmt: skip
