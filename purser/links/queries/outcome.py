"""How the whole job stands: the numbers of `purser demo --once`."""

from __future__ import annotations

from typing import Any

from django.db.models import F

from purser.links.models import Drift, Link, Receipt
from purser.links.models.relations import LinkState
from purser.links.models.runs import FAILED_RECEIPTS, POSTED_RECEIPTS, DriftState


def whole_job() -> dict[str, Any]:
    """`linked` live relations, `posted` adjustments, `failed` still open, `drift` hand edits healed, `in_step` whether every
    linked resource equals its PSA units on the latest posted effective date."""
    live = Link.objects.filter(cleared_at=None)
    return {
        "linked": live.count(),
        "posted": Receipt.objects.filter(state__in=POSTED_RECEIPTS).count(),
        "failed": Receipt.objects.filter(state__in=FAILED_RECEIPTS).count(),
        "drift": Drift.objects.filter(state=DriftState.HEALED).count(),
        "in_step": not not_in_step().exists(),
    }


def not_in_step() -> Any:
    """Live links whose units at the PSA, as last read, are not what the marketplace says they must be."""
    settled = Link.objects.filter(
        cleared_at=None,
        state__in=(LinkState.IN_STEP, LinkState.ENDED),
        service__final_units=F("expected_units"),
    )
    return Link.objects.filter(cleared_at=None).exclude(pk__in=settled.values("pk"))
