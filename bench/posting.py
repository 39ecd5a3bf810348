"""What posting costs beside a COPY of the rows it leaves behind, into plain tables with the same indexes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connections

from bench.figures import Figure, percentile, seconds
from purser.ledger import balances, entries
from purser.ledger.chart import DSU
from purser.ledger.entries import Draft, Leg
from purser.ledger.models import Entry, Posting
from purser.postgres import tenancy
from tests import make

ENTRIES = 100_000
FIRST = date(2025, 1, 1)
NOW = datetime(2026, 2, 1, tzinfo=UTC)


def figures() -> Iterator[Figure]:
    rounds = [_round() for _ in range(3)]
    posted, copied, tenant = sorted(rounds, key=lambda one: one[0] / one[1])[1]
    yield Figure("posting_vs_copy", posted / copied, 3.0)
    yield Figure("posting_100k_s", posted)
    with tenancy.acting_in(tenant):
        took = [seconds(lambda: balances.balance(account="balance", of=None, unit=DSU)) for _ in range(20)]
        yield Figure("balance_of_100k_ms", percentile(took, 0.5) * 1000)
        last = [seconds(lambda: _month(date(2026, 1, 1))) for _ in range(20)]
        yield Figure("statement_month_ms", percentile(last, 0.5) * 1000)


def _round() -> tuple[float, float, UUID]:
    """Seconds to post, seconds to copy, and whose books were written."""
    tenant = make.reseller().pk
    drafts = list(_drafts(random.Random(7)))
    posted = seconds(lambda: _post(tenant, drafts))
    return posted, _copy(tenant), tenant


def _drafts(chance: random.Random) -> Iterator[Draft]:
    """Days of a partner's charges; the books of ENTRIES days, dated over 13 months."""
    for number in range(ENTRIES):
        units = Decimal(chance.randint(1, 100_000))
        legs = (Leg("balance", None, DSU, -units), Leg("used", None, DSU, units))
        yield Draft("charge", date.fromordinal(FIRST.toordinal() + number * 395 // ENTRIES), f"charge:{number}", legs)


def _month(start: date) -> None:
    if not balances.statement(account="balance", of=None, unit=DSU, start=start, end=date(2026, 2, 1)).lines:
        raise RuntimeError(f"the statement from {start} has no lines")


def _post(tenant: UUID, drafts: list[Draft]) -> None:
    with tenancy.acting_in(tenant):
        entries.post_all(drafts, now=NOW)


def _copy(tenant: UUID) -> float:
    """The same rows, by the owner, without walls, keys to other tables or triggers."""
    took = 0.0
    with connections["owner"].cursor() as cursor:
        for model in (Entry, Posting):
            table = model._meta.db_table
            cursor.execute(f'CREATE TABLE bench_plain (LIKE "{table}" INCLUDING DEFAULTS INCLUDING INDEXES)')
            cursor.execute(f'SELECT * FROM "{table}" WHERE tenant_id = %s ORDER BY id', [tenant])
            rows = cursor.fetchall()
            took += seconds(lambda rows=rows: _copy_rows(cursor, rows))
            cursor.execute("SELECT count(*) FROM bench_plain")
            if cursor.fetchone()[0] != len(rows) or len(rows) < ENTRIES:
                raise RuntimeError(f"{table} has {len(rows)} rows of the tenant, and not all were copied")
            cursor.execute("DROP TABLE bench_plain")
    return took


def _copy_rows(cursor: Any, rows: list[tuple[Any, ...]]) -> None:
    with cursor.copy("COPY bench_plain FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
