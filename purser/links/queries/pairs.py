"""Which pair of marketplace and PSA a screen speaks of. Source: acceptance ID-5."""

from __future__ import annotations

from uuid import UUID

from purser.kernel.errors import Missing
from purser.links.models import Sync


def of(context: str = "") -> list[Sync]:
    """The pairs whose PSA is of this kind, all of them for "", oldest first."""
    found = Sync.objects.select_related("source", "target").order_by("created_at", "id")
    return list(found.filter(target__kind=context) if context else found)


def ids(context: str = "") -> list[UUID]:
    return [pair.pk for pair in of(context)]


def main(context: str = "") -> Sync | None:
    """The pair of a page that shows one: the oldest of the context."""
    return next(iter(of(context)), None)


def find(sync_id: UUID) -> Sync:
    """Raises Missing."""
    found = Sync.objects.select_related("source", "target").filter(pk=sync_id).first()
    if found is None:
        raise Missing("There is no such pair.")
    return found
