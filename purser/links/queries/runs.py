"""Passes over a pair: what each found and did."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from purser.kernel.errors import Missing
from purser.links.models import Link, Receipt, Run, StoredPlan
from purser.links.queries import pairs

MOST = 200  # postings, and links set aside, shown of one pass


def every(context: str = "") -> QuerySet[Run, Any]:
    found = Run.objects.select_related("sync__target")
    # without a context no condition: the list walks its own index
    return found.filter(sync_id__in=pairs.ids(context)) if context else found


def one(run_id: UUID) -> Run:
    """Raises Missing."""
    found: Run | None = Run.objects.select_related("sync__source", "sync__target").filter(pk=run_id).first()
    if found is None:
        raise Missing("There is no such pass.")
    return found


def receipts(run: Run) -> list[Receipt]:
    """What it sent, in order; the first MOST."""
    return list(Receipt.objects.filter(run=run).order_by("intended_at", "id")[:MOST])


def plans(run: Run) -> list[StoredPlan]:
    return list(StoredPlan.objects.filter(run=run).defer("changes", "asides").order_by("made_at", "id"))


def asides(run: Run) -> list[Link]:
    """What the latest pass over the pair left alone, by company; `aside` has the reason. Nothing for an earlier pass: the
    reasons are kept with the links, not with each pass.
    """
    if Run.objects.filter(sync=run.sync, started_at__gt=run.started_at).exists():
        return []
    held = Link.objects.filter(sync=run.sync, cleared_at=None).exclude(aside="")
    return list(held.select_related("resource__customer").order_by("resource__customer__name", "resource__name", "id")[:MOST])


def took(run: Run) -> str:
    """How long it ran, in seconds."""
    if run.ended_at is None:
        return ""
    return f"{(run.ended_at - run.started_at).total_seconds():.1f} s"
