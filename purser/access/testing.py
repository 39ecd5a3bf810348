"""How often credentials are tested at a vendor: ten times within an hour, whoever does it and through whichever door.

Counted by the acts that were kept of them, so the count is a fact that everybody can read. Source: reliability section 4
(Rate limits).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from purser.access.models import Act
from purser.kernel.errors import Busy

PER_HOUR, HOUR, MINUTE = 10, timedelta(hours=1), timedelta(minutes=1)


class TooManyTests(Busy):
    """More wrong passwords might lock the account at the vendor."""


def check(verb: str, of: tuple[str, UUID], what: str, *, now: datetime) -> None:
    """In the seat of whoever tests, before the act of the test is recorded, which must be of `of`. `what` begins the text.
    Raises TooManyTests, with the time until there is room again."""
    kind, id = of
    made = Act.objects.filter(verb=verb, of_kind=kind, of_id=str(id), at__gt=now - HOUR).exclude(outcome="denied")
    at = list(made.order_by("-at", "-id").values_list("at", flat=True)[:PER_HOUR])
    if len(at) == PER_HOUR:
        left = at[-1] + HOUR - now
        raise TooManyTests(
            f"{what} was tested {PER_HOUR} times within the hour.",
            code="too_many",
            hint=f"Test it again in {ceil(left / MINUTE)} minutes.",
            retry_after=left,
        )
