"""The same key, the same answer: a POST that is sent again after a lost answer takes effect once.

The effect and the kept answer are one transaction, under a lock that ends with it. So a process that dies half-way leaves
neither, and there is nothing to expire. Source: reliability P38.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from purser.api.models import Answered
from purser.kernel.errors import Busy, Refused
from purser.postgres import tenancy

KEPT = timedelta(hours=24)
LONGEST = 200


class UnderWay(Busy):
    """The first call with this key has not been answered yet."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: str


def key_of(text: str) -> str:
    """A key as it is kept. Raises Refused."""
    if not 1 <= len(text) <= LONGEST or not (text.isascii() and text.isprintable()):
        raise Refused(f"An Idempotency-Key has 1 to {LONGEST} printable ASCII characters.", code="key", hint="A UUID does.")
    return text


def digest_of(method: str, path: str, query: str, body: bytes) -> str:
    """Equal for calls that ask for the same."""
    return hashlib.sha256(b"\0".join([method.encode(), path.encode(), query.encode(), body])).hexdigest()


def once(person: UUID, key: str, *, digest: str, act: Callable[[], Answer], now: datetime) -> tuple[Answer, bool]:
    """Act, or give the answer of the call that did; the second value tells which. Inside the tenant's seat.

    Raises UnderWay, and Refused where the key was used to ask for something else. What `act` raises is not kept: nothing
    took effect, so the same key may be tried again.
    """
    if not _locked(person, key):
        raise UnderWay(
            "A call with this Idempotency-Key is under way.",
            code="under_way",
            hint="Send it again in a second: it then gets the first one's answer.",
            retry_after=timedelta(seconds=1),
        )
    Answered.objects.filter(at__lte=now - KEPT).delete()
    held = Answered.objects.filter(person_id=person, key=key).first()
    if held is not None:
        if held.digest != digest:
            raise Refused(
                "This Idempotency-Key was used for another call.", code="key_used", hint="Make a new key for each call."
            )
        return Answer(held.status, held.body), True
    answer = act()
    Answered.objects.create(person_id=person, key=key, digest=digest, status=answer.status, body=answer.body, at=now)
    return answer, False


def _locked(person: UUID, key: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"api {tenancy.tenant()} {person} {key}"])
        return bool(cursor.fetchone()[0])
