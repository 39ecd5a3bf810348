"""How often we write to an address that somebody else names: three letters of a kind within an hour, whichever door they
come through. Nobody's mailbox is ours to fill.

Counted by the acts that were kept of them, so the count is a fact that everybody can read. Source: reliability section 4
(Rate limits).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection

from purser.access.models import Act
from purser.kernel.errors import Refused
from purser.postgres import tenancy

PER_HOUR, HOUR = 3, timedelta(hours=1)


class TooOften(Refused):
    """A person is told to wait, in the form they filled in; a program by 429 and `retry_after`."""

    def __init__(self, email: str, retry_after: timedelta) -> None:
        self.retry_after = retry_after
        super().__init__(
            f"We wrote to {email} three times within the hour.",
            code="too_many",
            hint=f"Try again in {retry_after.seconds // 60 + 1} minutes.",
        )


def check(verb: str, email: str, *, now: datetime) -> None:
    """In the seat of whoever writes, before the act is recorded, whose `after` must hold `email`. Raises TooOften.

    Two at once wait for each other, so they cannot both be the third.
    """
    with connection.cursor() as cursor:
        name = f"letters {tenancy.tenant()} {verb} {email}"
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
    sent = Act.objects.filter(verb=verb, outcome="done", at__gt=now - HOUR, after__email=email).order_by("-at", "-id")
    at = list(sent.values_list("at", flat=True)[:PER_HOUR])
    if len(at) == PER_HOUR:
        raise TooOften(email, at[-1] + HOUR - now)
