"""How often the API may be called. Source: reliability section 4 (Rate limits)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.db import connection

from purser.api.models import Calls
from purser.kernel.errors import Busy
from purser.postgres import ids, tenancy

MINUTE = timedelta(minutes=1)
PER_CALLER = 600  # a minute
PER_TENANT = 3_000  # a minute

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TooMany(Busy):
    """More calls than the window allows."""


def call(caller: str, *, now: datetime) -> None:
    """Count a call by this caller, in the tenant acted in. Raises TooMany.

    Everybody counts the caller first and the tenant second, so two calls never wait for each other in a circle.
    """
    _count(caller, most=PER_CALLER, now=now)
    _count("tenant", most=PER_TENANT, now=now)


def _count(of: str, *, most: int, now: datetime) -> None:
    """One row per name, used anew in each minute: nothing grows and nothing has to be cleared. A call too many is taken
    back with the transaction that it ends.
    """
    since = now - (now - _EPOCH) % MINUTE
    table = Calls._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" AS held (id, tenant_id, "of", since, count) VALUES (%s, %s, %s, %s, 1) '  # noqa: S608
            'ON CONFLICT (tenant_id, "of") DO UPDATE SET since = EXCLUDED.since, '
            "count = CASE WHEN held.since = EXCLUDED.since THEN held.count + 1 ELSE 1 END RETURNING count",
            [ids.new(), tenancy.tenant(), of, since],
        )
        (count,) = cursor.fetchone()
    if count > most:
        left = since + MINUTE - now
        raise TooMany(
            f"More than {most} within a minute.",
            code="too_many",
            hint=f"Go on in {left.seconds + 1} seconds.",
            retry_after=left,
        )
