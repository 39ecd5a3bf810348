"""What must hold for secrets and acts of one tenant. Run in its seat."""

from __future__ import annotations

from collections.abc import Iterator

from purser.access import vault, verbs
from purser.access.models import Act, Membership, Sealed
from purser.kernel.problem import Problem
from purser.postgres import sealing


def check(*, kind: str) -> Iterator[Problem]:
    for row in Sealed.objects.order_by("pk"):
        try:
            vault.reveal(row.of_table, row.of_id, row.field)
        except sealing.Broken:
            yield Problem("secret", f"{row.of_table} {row.of_id} {row.field}", "The secret does not open where it lies.")
    for act in Act.objects.filter(actor="").order_by("pk"):
        yield Problem("act", f"act {act.pk}", "An act without an actor.")
    if Membership.objects.exists() and not Membership.objects.filter(role=verbs.HEAD[kind]).exists():
        yield Problem("owner", "memberships", f"The organisation has people but no {verbs.HEAD[kind]}.")
