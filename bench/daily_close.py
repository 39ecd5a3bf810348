"""What the daily close costs beside the one grouped count that it needs and a COPY of the charges it writes.

A million licensed users in 100,000 tenants of 10,000 partners, and some licences and sellers of the past. Source: issue 4.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, connections

from bench.figures import Figure, seconds
from purser.billing.models import Charge
from purser.billing.usage import closing
from purser.postgres import tenancy
from purser.rating import days

PARTNERS = 10_000
TENANTS = 100_000
USERS = 1_000_000
ZONE = "Europe/Berlin"
FIRST = date(2026, 7, 1)
ROUNDS = 5

# Id number n of a kind: readable, and in the order of n.
_ID = "lpad(to_hex({n}), 8, '0') || '-0000-7000-8000-{kind}'"
P, T, U = "00000000000a", "00000000000b", "00000000000c"


def _id(n: str, kind: str) -> str:
    return f"({_ID.format(n=n, kind=kind)})::uuid"


NEVER, PAST, THEN = "NULL::timestamptz", "timestamptz '2020-01-01'", "timestamptz '2021-01-01'"
SEED = (
    "INSERT INTO tenants_organisation (id, kind, name, parent_id, number, partner_number, partner_admin_id, domain, region, "
    "contact_name, contact_email, permissions, zone, created_at) "
    f"SELECT {_id('n', P)}, 'reseller', 'Partner ' || n, {_id('n', U)}, 'P' || n, '', '', '', '', '', '', 'abcd', '{ZONE}', "
    f"{PAST} FROM generate_series(1, {PARTNERS}) n",
    f"INSERT INTO billing_stint (id, tenant_id, from_on, zone) SELECT gen_random_uuid(), {_id('n', P)}, '{FIRST}', '{ZONE}' "
    f"FROM generate_series(1, {PARTNERS}) n",
    "INSERT INTO billing_terms (id, tenant_id, from_on, billable_days, ratchet, true_up, carry_over, scope) SELECT "
    f"gen_random_uuid(), {_id('n', P)}, '{FIRST}', 25, true, true, true, 'partner' FROM generate_series(1, {PARTNERS}) n",
    "INSERT INTO tenants_selling (id, tenant_id, partner_id, since, until) "
    f"SELECT gen_random_uuid(), {_id('n', T)}, {_id(f'n % {PARTNERS} + 1', P)}, {THEN}, {NEVER} "
    f"FROM generate_series(1, {TENANTS}) n UNION ALL "
    f"SELECT gen_random_uuid(), {_id('n', T)}, {_id(f'n % {PARTNERS} + 2', P)}, {PAST}, {THEN} "
    f"FROM generate_series(1, {TENANTS}, 10) n",
    "INSERT INTO directory_licence (id, tenant_id, user_id, since, until, cause, by_name, ended_by_name) "
    f"SELECT gen_random_uuid(), {_id(f'n % {TENANTS} + 1', T)}, {_id('n', U)}, {THEN}, {NEVER}, 'auto', '', '' "
    f"FROM generate_series(1, {USERS}) n UNION ALL "
    f"SELECT gen_random_uuid(), {_id(f'n % {TENANTS} + 1', T)}, {_id('n', U)}, {PAST}, {THEN}, 'auto', '', '' "
    f"FROM generate_series(1, {USERS}, 10) n",
)

# As one writes it down, and as the close does it.
COUNT = """
SELECT count(*), sum(users) FROM (
  SELECT w.partner_id, l.tenant_id, count(*)::int AS users
    FROM tenants_selling w JOIN directory_licence l ON l.tenant_id = w.tenant_id
   WHERE w.since < %(at)s AND (w.until IS NULL OR w.until >= %(at)s)
     AND l.since < %(at)s AND (l.until IS NULL OR l.until >= %(at)s)
   GROUP BY w.partner_id, l.tenant_id) counted
"""
LEAST = """
SELECT count(*), sum(users) FROM (
  SELECT w.partner_id, w.tenant_id, l.users
    FROM (SELECT tenant_id, count(*)::int AS users FROM directory_licence
           WHERE since < %(at)s AND (until IS NULL OR until >= %(at)s) GROUP BY tenant_id) l
    JOIN tenants_selling w ON w.tenant_id = l.tenant_id
   WHERE w.since < %(at)s AND (w.until IS NULL OR w.until >= %(at)s)) counted
"""


def figures() -> Iterator[Figure]:
    _seed()
    found = []
    for number in range(ROUNDS):
        on = FIRST + timedelta(days=number)
        at = days.closes_at(on, zone=ZoneInfo(ZONE))
        closed = seconds(lambda on=on, at=at: _close(on, at))  # type: ignore[misc]
        copied = _copy(on)
        plain = seconds(lambda at=at: _count(COUNT, at)) + copied  # type: ignore[misc]
        least = seconds(lambda at=at: _count(LEAST, at)) + copied  # type: ignore[misc]
        found.append((closed, plain, least))
    yield Figure("daily_close_vs_count_and_copy", statistics.median(closed / plain for closed, plain, _ in found), 2.0)
    yield Figure("daily_close_vs_its_own_count", statistics.median(closed / least for closed, _, least in found))
    yield Figure("daily_close_s", statistics.median(closed for closed, *_ in found))


def _seed() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        for statement in SEED:
            cursor.execute(statement)
        cursor.execute("RESET session_replication_role")
        for table in ("billing_stint", "billing_terms", "tenants_selling", "directory_licence", "tenants_organisation"):
            cursor.execute(f"VACUUM ANALYZE {table}")


def _close(on: date, at: datetime) -> None:
    if closing.close(ZONE, on, now=at + closing.SETTLES) != PARTNERS:
        raise RuntimeError(f"not every partner closed {on}")


def _count(query: str, at: datetime) -> None:
    with tenancy.metering(), connection.cursor() as cursor:
        cursor.execute(query, {"at": at})
        if cursor.fetchone() != (TENANTS, USERS):
            raise RuntimeError("the count is another than was planted")


def _copy(on: date) -> float:
    """The charges of the day into a plain table, by the owner."""
    table = Charge._meta.db_table
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'CREATE TABLE bench_plain (LIKE "{table}" INCLUDING DEFAULTS)')
        cursor.execute(f'SELECT * FROM "{table}" WHERE "on" = %s ORDER BY id', [on])
        rows = cursor.fetchall()
        if len(rows) != PARTNERS or {row[cursor_at(cursor, "users")] for row in rows} != {USERS // PARTNERS}:
            raise RuntimeError(f"{len(rows)} charges of {on}, or not of {USERS // PARTNERS} users each")
        took = seconds(lambda: _write(cursor, rows))
        cursor.execute("DROP TABLE bench_plain")
    return took


def cursor_at(cursor: Any, name: str) -> int:
    return next(n for n, column in enumerate(cursor.description) if column.name == name)


def _write(cursor: Any, rows: list[tuple[Any, ...]]) -> None:
    with cursor.copy("COPY bench_plain FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
