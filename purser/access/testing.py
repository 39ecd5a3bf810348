"""How often credentials are tested at a vendor: ten times within an hour, whoever does it and through whichever door.

Counted by the acts that were kept of them, so the count is a fact that everybody can read. Source: reliability section 4
(Rate limits).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from django.db import connection

from purser.access import acts
from purser.access.actors import Actor
from purser.access.models import Act
from purser.kernel.errors import Busy

PER_HOUR, HOUR, MINUTE = 10, timedelta(hours=1), timedelta(minutes=1)


class TooManyTests(Busy):
    """More wrong passwords might lock the account at the vendor."""


def begin(actor: Actor, verb: str, of: tuple[str, UUID], what: str, *, now: datetime) -> None:
    """In the seat of whoever tests, before the call: the act of a test of `what`, which counts from here on. One that hangs,
    or whose process ends, has tried the password too; of several at once each counts the others.

    Nothing else may keep acts of `of` under this verb. Raises TooManyTests, with the time until there is room again.
    """
    kind, id = of
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"test:{kind}:{id}"])
    made = Act.objects.filter(verb=verb, of_kind=kind, of_id=str(id), at__gt=now - HOUR).exclude(outcome="denied")
    at = list(made.order_by("-at", "-id").values_list("at", flat=True)[:PER_HOUR])
    if len(at) == PER_HOUR:
        left = at[-1] + HOUR - now
        raise TooManyTests(
            f"{what[:1].upper()}{what[1:]} was tested {PER_HOUR} times within the hour.",
            code="too_many",
            hint=f"Test it again in {ceil(left / MINUTE)} minutes.",
            retry_after=left,
        )
    acts.record(actor, verb, summary=f"Tests {what}", of=of, now=now)
