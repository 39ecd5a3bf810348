"""The daily close: what each partner had when its day ended, counted once, and what the day costs.

A zone and a day is one transaction from the meter's seat: counts, charges and the job that posts them stand together or not
at all. Whoever comes late, twice or from two machines finds the day closed. Source: acceptance CS-42 to CS-48; decision F-5.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Q

from purser.billing import models
from purser.billing.usage import facts, terms
from purser.postgres import tenancy
from purser.postgres.queue import defer
from purser.rating import days

# A change begun in the last instant of a day is committed by then, and so counted.
SETTLES = timedelta(minutes=1)
LAST_MONTH = timedelta(days=40)


@dataclass(frozen=True)
class Closed:
    """A day that was closed for `partners` partners of a zone."""

    zone: str
    on: date
    partners: int


def close_due(now: datetime) -> list[Closed]:
    """Close every day that is over and was not closed, zone by zone, in order. May be run at any time and by several."""
    found = []
    for zone, first in _next():
        for on in days.due(after=first - days.DAY, now=now - SETTLES, zone=ZoneInfo(zone)):
            partners = close(zone, on, now=now)
            if partners:
                found.append(Closed(zone, on, partners))
    return found


def close(zone: str, on: date, *, now: datetime) -> int:
    """Close a day that is over for the partners of a zone whose day before is closed; how many."""
    at = days.closes_at(on, zone=ZoneInfo(zone))
    with tenancy.metering():
        facts.hold(zone)
        partners, apart = _write(zone, on, at, now)
        if apart:
            _rate_apart(apart, on, now)
        if partners:
            defer("purser.post_days", zone=zone, on=on.isoformat())
    return partners


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


def _write(zone: str, on: date, at: datetime, now: datetime) -> tuple[int, list[UUID]]:
    """Count and charge; for how many, and whose charges are still to be rated."""
    with connection.cursor() as cursor:
        moments: dict[str, date] = {"on": on, "month": on.replace(day=1), "at": at, "now": now}
        cursor.execute(_CLOSE, {**moments, "zone": zone, "day": on.day})
        closed, apart = cursor.fetchone()
    return closed, apart


# One grouped count, by tenant before it knows whose: else a million rows were joined. It is kept apart (MATERIALIZED), as the
# planner takes policies for conditions that few rows pass, and would count again for each partner. A day opens with the peak
# before it, where that is of the day before or of the same month: what facts.rate says of a month as a whole.
_CLOSE = """
WITH mine AS MATERIALIZED (
  SELECT s.tenant_id, t.billable_days, t.ratchet, t.true_up, t.carry_over, t.scope
    FROM billing_stint s CROSS JOIN LATERAL (
      SELECT * FROM (SELECT tenant_id, from_on, billable_days, ratchet, true_up, carry_over, scope FROM billing_terms) t
       WHERE t.tenant_id = s.tenant_id AND t.from_on <= %(on)s ORDER BY t.from_on DESC LIMIT 1) t
   WHERE s.zone = %(zone)s AND s.from_on <= %(on)s AND (s.until_on IS NULL OR s.until_on > %(on)s)
     AND NOT EXISTS (SELECT FROM billing_close c WHERE c.tenant_id = s.tenant_id AND c."on" = %(on)s)
     AND (s.from_on = %(on)s OR EXISTS (SELECT FROM billing_close c WHERE c.tenant_id = s.tenant_id AND c."on" = %(on)s - 1))
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
), peaks AS (
  SELECT c.tenant_id, c.users, %(day)s <= m.billable_days AS billable,
         CASE WHEN NOT m.ratchet OR (m.true_up AND %(day)s > m.billable_days) THEN c.users
              ELSE greatest(c.users, CASE WHEN b."on" >= %(month)s OR (b."on" = %(on)s - 1 AND m.carry_over) THEN b.peak END)
         END AS peak
    FROM closed c JOIN mine m ON m.tenant_id = c.tenant_id AND m.scope = 'partner'
    LEFT JOIN LATERAL (
      SELECT "on", peak FROM billing_charge b WHERE b.tenant_id = c.tenant_id AND b."on" < %(on)s
       ORDER BY b."on" DESC, b.version DESC LIMIT 1) b ON true
), charged AS (
  INSERT INTO billing_charge (id, tenant_id, "on", version, close_version, users, peak, units, made_at)
  SELECT gen_random_uuid(), tenant_id, %(on)s, 1, 1, users, peak, CASE WHEN billable THEN peak ELSE 0 END, %(now)s FROM peaks
)
SELECT (SELECT count(*) FROM closed),
       ARRAY(SELECT tenant_id FROM closed JOIN mine USING (tenant_id) WHERE scope = 'tenant' ORDER BY tenant_id)
"""


def _rate_apart(partners: list[UUID], on: date, now: datetime) -> None:
    """Charge the partners whose tenants have a peak each: few, and rated by the engine itself."""
    names = ("tenant_id", "from_on", *terms.COLUMNS)
    versions = models.Terms.across.filter(tenant__in=partners).order_by("tenant", "from_on").values_list(*names)
    rows = []
    for partner, found in groupby(versions, key=lambda row: row[0]):
        policy = terms.policy(models.Terms(**dict(zip(names, row, strict=True))) for row in found)
        start = facts.rating_start(on, policy)
        known = models.Close.across.filter(tenant=partner, on__gte=start - days.DAY, on__lte=on)
        day = facts.rate([facts.value(row) for row in facts.latest(known)], policy, start=start)[-1].day
        rows.append(facts.charge(day, version=1, close_version=1, now=now, tenant=partner))
    models.Charge.across.bulk_create(rows)
