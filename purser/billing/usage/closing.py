"""The daily close: what each partner had when its day ended, counted once, and what the day costs.

A zone and a day is one transaction from the meter's seat: counts, charges and the job that posts them stand together or not
at all. Whoever comes late, twice or from two machines finds the day closed. Source: acceptance CS-42 to CS-48; decision F-5.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import DatabaseError, connection
from django.db.models import Q

from purser.billing import models
from purser.billing.usage import facts, terms
from purser.postgres import tenancy
from purser.postgres.queue import defer
from purser.rating import days
from purser.rating.policy import Policy, Scope, Terms
from purser.rating.ratchet import Day

# A change begun in the last instant of a day is committed by then, and so counted.
SETTLES = timedelta(minutes=1)
LAST_MONTH = timedelta(days=40)


@dataclass(frozen=True)
class Closed:
    """A day that was closed for `partners` partners of a zone."""

    zone: str
    on: date
    partners: int


class Unrated(Exception):
    """Partners whose day could not be rated, each with why. Nothing of the zone's day was written."""

    def __init__(self, why: Mapping[UUID, Exception]) -> None:
        super().__init__(f"{len(why)} partners could not be rated: {', '.join(map(str, why))}")
        self.why = why


Failed = Callable[[str, UUID | None, Exception], None]


def _raise(zone: str, partner: UUID | None, failure: Exception) -> None:
    raise failure


def close_due(now: datetime, *, failed: Failed = _raise) -> list[Closed]:
    """Close every day that is over and was not closed, zone by zone, in order. May be run at any time and by several.

    `failed` is called for a zone that cannot be closed, and for a partner that cannot be rated: if it returns, the others are
    closed without them.
    """
    found: list[Closed] = []
    for zone, first in _next():
        try:
            for on, partners in _close_zone(zone, first, now, failed):
                found.append(Closed(zone, on, partners))
        except Exception as failure:
            failed(zone, None, failure)
    return found


def _close_zone(zone: str, first: date, now: datetime, failed: Failed) -> Iterator[tuple[date, int]]:
    without: set[UUID] = set()
    for on in days.due(after=first - days.DAY, now=now - SETTLES, zone=ZoneInfo(zone)):
        try:
            partners = close(zone, on, now=now, without=without)
        except Unrated as unrated:
            for partner, why in unrated.why.items():
                failed(zone, partner, why)
            without |= unrated.why.keys()
            partners = close(zone, on, now=now, without=without)
        if partners:
            yield on, partners


def close(zone: str, on: date, *, now: datetime, without: Collection[UUID] = ()) -> int:
    """Close a day that is over for the partners of a zone whose day before is closed; how many. Raises Unrated, Busy."""
    at = days.closes_at(on, zone=ZoneInfo(zone))
    with tenancy.metering():
        facts.hold(zone)
        counted = _count(zone, on, at, now, without)
        if counted:
            _charge(_rated(counted, on), on, now)
            defer("purser.post_days", zone=zone, on=on.isoformat())
    return len(counted)


def partners_on(zone: str, on: date) -> list[UUID]:
    """The partners of a zone whose day `on` counts, or counted lately. Takes the meter's seat."""
    with tenancy.metering():
        # who left is asked for until its last month is closed in the books
        held = Q(until_on=None) | Q(until_on__gt=on - LAST_MONTH)
        found = models.Stint.across.filter(held, zone=zone, from_on__lte=on).order_by("tenant")
        return list(found.values_list("tenant_id", flat=True))


def _next() -> list[tuple[str, date]]:
    """Each zone that has stints with days to come, and the first day that some partner of it has not closed."""
    with tenancy.metering(), connection.cursor() as cursor:
        cursor.execute(
            'SELECT zone, min(first) FROM (SELECT s.zone, s.until_on, coalesce((SELECT max(c."on") + 1 FROM billing_close c '
            'WHERE c.tenant_id = s.tenant_id AND c."on" >= s.from_on AND (s.until_on IS NULL OR c."on" < s.until_on)), '
            "s.from_on) AS first FROM billing_stint s) AS open "
            "WHERE until_on IS NULL OR first < until_on GROUP BY zone ORDER BY min(first), zone"
        )
        return list(cursor.fetchall())


class _Counted(NamedTuple):
    """A partner's day that was closed with so many `users`; the last day charged before it, and the peak then."""

    partner: UUID
    users: int
    last: date | None
    peak: int | None
    terms: Terms


def _count(zone: str, on: date, at: datetime, now: datetime, without: Collection[UUID]) -> list[_Counted]:
    """Write the closes of those whose day is open; what they are rated from."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE, {"on": on, "at": at, "now": now, "zone": zone, "without": list(without)})
        rows = cursor.fetchall()
    held = {columns: terms.of_columns(columns) for columns in {row[4:] for row in rows}}
    return [_Counted(partner, users, last, peak, held[tuple(of)]) for partner, users, last, peak, *of in rows]


# One grouped count, by tenant before it knows whose: else a million rows were joined. It is kept apart (MATERIALIZED), as the
# planner takes policies for conditions that few rows pass, and would count again for each partner. Who moved here from another
# zone waits until the days there are closed: the peak goes on from them.
_CLOSE = """
WITH mine AS MATERIALIZED (
  SELECT s.tenant_id, t.billable_days, t.ratchet, t.true_up, t.carry_over, t.scope
    FROM billing_stint s CROSS JOIN LATERAL (
      SELECT * FROM (SELECT tenant_id, from_on, billable_days, ratchet, true_up, carry_over, scope FROM billing_terms) t
       WHERE t.tenant_id = s.tenant_id AND t.from_on <= %(on)s ORDER BY t.from_on DESC LIMIT 1) t
   WHERE s.zone = %(zone)s AND s.from_on <= %(on)s AND (s.until_on IS NULL OR s.until_on > %(on)s)
     AND s.tenant_id <> ALL (%(without)s::uuid[])
     AND NOT EXISTS (SELECT FROM billing_close c WHERE c.tenant_id = s.tenant_id AND c."on" = %(on)s)
     AND (s.from_on = %(on)s OR EXISTS (SELECT FROM billing_close c WHERE c.tenant_id = s.tenant_id AND c."on" = %(on)s - 1))
     AND NOT EXISTS (
       SELECT FROM billing_stint p WHERE p.tenant_id = s.tenant_id AND p.until_on <= s.from_on AND p.until_on > p.from_on
          AND NOT EXISTS (SELECT FROM billing_close c WHERE c.tenant_id = p.tenant_id AND c."on" = p.until_on - 1))
), counted AS MATERIALIZED (
  SELECT w.partner_id, w.tenant_id, l.users
    FROM (SELECT tenant_id, count(*)::int AS users FROM directory_licence
           WHERE since < %(at)s AND (until IS NULL OR until >= %(at)s) GROUP BY tenant_id) l
    JOIN tenants_selling w ON w.tenant_id = l.tenant_id
   WHERE w.since < %(at)s AND (w.until IS NULL OR w.until >= %(at)s)
), closed AS (
  INSERT INTO billing_close (id, tenant_id, "on", version, closes_at, known_at, users, tenants, counts, text)
  SELECT gen_random_uuid(), m.tenant_id, %(on)s, 1, %(at)s, %(now)s, coalesce(c.users, 0), coalesce(c.tenants, '{}'),
         coalesce(c.counts, '{}'), ''
    FROM mine m LEFT JOIN (
      SELECT partner_id, sum(users) AS users, array_agg(tenant_id ORDER BY tenant_id) AS tenants,
             array_agg(users ORDER BY tenant_id) AS counts
        FROM counted WHERE partner_id IN (SELECT tenant_id FROM mine) GROUP BY partner_id) c ON c.partner_id = m.tenant_id
  ON CONFLICT (tenant_id, "on", version) DO NOTHING
  RETURNING tenant_id, users
)
SELECT c.tenant_id, c.users, b."on", b.peak, m.billable_days, m.ratchet, m.true_up, m.carry_over, m.scope
  FROM closed c JOIN mine m ON m.tenant_id = c.tenant_id
  LEFT JOIN LATERAL (
    SELECT "on", peak FROM billing_charge b WHERE b.tenant_id = c.tenant_id AND b."on" < %(on)s
     ORDER BY b."on" DESC, b.version DESC LIMIT 1) b ON true
"""


def _rated(counted: Sequence[_Counted], on: date) -> list[tuple[UUID, Day]]:
    """Raises Unrated."""
    policies = _policies([one.partner for one in counted if one.terms.scope is Scope.TENANT])
    rated: list[tuple[UUID, Day]] = []
    why: dict[UUID, Exception] = {}
    for one in counted:
        try:
            if one.terms.scope is Scope.PARTNER:  # one peak, which goes on from the last: no more of its history is read
                day = facts.next_day(one.users, on=on, terms=one.terms, last=one.last, peak=one.peak or 0)
            else:
                day = _apart(one.partner, on, terms.policy(policies[one.partner]))
            rated.append((one.partner, day))
        except DatabaseError:  # the transaction is lost, and with it the others
            raise
        except Exception as failure:
            why[one.partner] = failure
    if why:
        raise Unrated(why)
    return rated


def _policies(partners: Collection[UUID]) -> dict[UUID, list[models.Terms]]:
    names = ("tenant_id", "from_on", *terms.COLUMNS)
    versions = models.Terms.across.filter(tenant__in=partners).order_by("tenant", "from_on").values_list(*names)
    rows = [models.Terms(**dict(zip(names, row, strict=True))) for row in versions]
    return {partner: list(found) for partner, found in groupby(rows, key=lambda row: row.tenant_id)}


def _apart(partner: UUID, on: date, policy: Policy) -> Day:
    """A partner whose tenants have a peak each, from its closes: no charge says whose was how high. They are few."""
    start = facts.rating_start(on, policy)
    known = models.Close.across.filter(tenant=partner, on__gte=start - days.DAY, on__lte=on)
    return facts.rate([facts.value(row) for row in facts.latest(known)], policy, start=start)[-1].day


def _charge(rated: Sequence[tuple[UUID, Day]], on: date, now: datetime) -> None:
    partners, each = zip(*rated, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            'INSERT INTO billing_charge (id, tenant_id, "on", version, close_version, users, peak, units, made_at) '
            "SELECT gen_random_uuid(), partner, %s, 1, 1, users, peak, units, %s "
            "FROM unnest(%s::uuid[], %s::int[], %s::int[], %s::int[]) AS new (partner, users, peak, units)",
            [on, now, list(partners), [day.users for day in each], [day.peak for day in each], [day.units for day in each]],
        )
