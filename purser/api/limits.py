"""How often the API may be called: 600 times a minute with one token, 3,000 times in one tenant.

Source: reliability section 4 (Rate limits).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from purser.api.models import Calls
from purser.kernel.errors import Busy
from purser.postgres import ids, tenancy

PER_CALLER = 600
PER_TENANT = 3_000
_MINUTE = timedelta(minutes=1)
_TENANT = "tenant"


class TooMany(Busy):
    """More calls than a minute allows."""


def count(caller: str, *, now: datetime) -> None:
    """Count one call in the tenant acted in. Raises TooMany, which takes the count back with the transaction.

    One row for the caller and one for the tenant, updated in that order by everybody, so that two calls never wait for
    each other in a circle. A row is used anew in each minute: nothing grows and nothing has to be cleared.
    """
    minute = now.replace(second=0, microsecond=0)
    for of, most in ((caller, PER_CALLER), (_TENANT, PER_TENANT)):
        if _counted(of, minute) > most:
            left = minute + _MINUTE - now
            raise TooMany(
                f"More than {most} calls within a minute.",
                code="too_many",
                hint=f"Go on in {left.seconds + 1} seconds, and spread the calls.",
                retry_after=left,
            )


def _counted(of: str, minute: datetime) -> int:
    table = Calls._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f'INSERT INTO "{table}" AS held (id, tenant_id, "of", minute, count) VALUES (%s, %s, %s, %s, 1) '  # noqa: S608
            'ON CONFLICT (tenant_id, "of") DO UPDATE SET minute = EXCLUDED.minute, '
            "count = CASE WHEN held.minute = EXCLUDED.minute THEN held.count + 1 ELSE 1 END RETURNING count",
            [ids.new(), tenancy.tenant(), of, minute],
        )
        return int(cursor.fetchone()[0])
