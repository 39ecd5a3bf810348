"""Numbers of papers: they follow each other without a gap, and each is given once. Run in the seat of the tenant."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from purser.postgres import ids, tenancy
from purser.tenants import organisations

_NEXT = """
INSERT INTO billing_series AS s (id, tenant_id, name, last) VALUES (%s, %s, %s, 1)
ON CONFLICT (tenant_id, name) DO UPDATE SET last = s.last + 1 RETURNING last
"""


def next(series: str, now: datetime) -> str:
    """The next number of a series, which begins anew each year of the tenant's zone: "Q" gives Q-2026-0001.

    Whoever asks second waits for the first one's transaction; one that is rolled back leaves no gap.
    """
    year = organisations.today(organisation=organisations.own(), now=now).year
    return f"{series}-{year}-{count(f'{series}-{year}'):04d}"


def count(name: str) -> int:
    """The next number of the series of that name, from 1 on; the row is locked until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, [ids.new(), tenancy.tenant(), name])
        return int(cursor.fetchone()[0])
