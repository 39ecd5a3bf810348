"""Sealing acts into the chain of their tenant, in the background: a write takes no lock of anybody else.

digest(n) = SHA-256 over digest(n - 1) and the canonical JSON of the n-th act; digest(0) is SHA-256 of the tenant's id. The
order is that of sealing, so an act whose transaction commits late takes its place behind those sealed before it.
Source: reliability section 4 (Audit log) and P30.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Exists, OuterRef

from purser.access.models import Act
from purser.audit.models import Seal
from purser.kernel import digest
from purser.kernel.problem import Problem
from purser.postgres import tenancy

LATE = timedelta(hours=2)  # the longest that an act may wait for its seal before `purser verify` asks why
PART = 1000
FIELDS = (
    *("id", "at", "person_id", "actor", "home", "home_name", "grant_id", "verb", "of_kind", "of_id"),
    *("summary", "before", "after", "outcome", "request_id", "address"),
)


def plain(act: Act) -> dict[str, Any]:
    """An act as it is sealed and exported: every field, with one spelling."""
    found: dict[str, Any] = digest.plain({name: getattr(act, name) for name in FIELDS})
    return found


def start(tenant: UUID | str) -> str:
    """digest(0)."""
    return hashlib.sha256(str(tenant).encode()).hexdigest()


def following(before: str, act: dict[str, Any]) -> str:
    """digest(n) from digest(n - 1) and the plain act."""
    return digest.of([before, act])


def seal(*, now: datetime) -> int:
    """Seal what is not sealed yet in the tenant acted in; how many. Of two at once the second waits and finds less to do."""
    tenant = tenancy.tenant()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"seal {tenant}"])
    last = Seal.objects.order_by("-number").first()
    number, before = (last.number, last.digest) if last else (0, start(tenant))
    rows: list[Seal] = []
    for act in _unsealed().iterator(chunk_size=PART):
        number, before = number + 1, following(before, plain(act))
        rows.append(Seal(number=number, act=act, digest=before, sealed_at=now))
    Seal.objects.bulk_create(rows, batch_size=PART)
    return len(rows)


def head() -> tuple[int, str]:
    """Number and digest of the last link; 0 and digest(0) of an empty chain."""
    last = Seal.objects.order_by("-number").first()
    return (last.number, last.digest) if last else (0, start(tenancy.tenant()))


def links() -> Iterator[tuple[Seal, Act]]:
    """The chain from its beginning, each link with its act."""
    for row in Seal.objects.select_related("act").order_by("number").iterator(chunk_size=PART):
        yield row, row.act


def check(*, now: datetime) -> Iterator[Problem]:
    """What breaks the chain in the tenant acted in: the first bad link, and acts that wait too long for theirs."""
    before = start(tenancy.tenant())
    for number, (row, act) in enumerate(links(), start=1):
        before = following(before, plain(act))
        if row.number != number or row.digest != before:
            yield Problem("chain", f"act {act.pk}", f"The chain of acts breaks at number {row.number}.")
            break
    late = _unsealed().filter(at__lt=now - LATE).count()
    sealed_since = Seal.objects.filter(sealed_at__gte=now - LATE).exists()
    if late and sealed_since:
        yield Problem("chain", "acts", f"{late} acts older than {LATE} are in no chain, though sealing runs.")


def _unsealed() -> Any:
    return Act.objects.filter(~Exists(Seal.objects.filter(act_id=OuterRef("pk")))).order_by("at", "id")
