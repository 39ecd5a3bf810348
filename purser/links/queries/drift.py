"""Hand edits in the PSA: the three counts of each, and what was decided. Source: acceptance ID-30."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, F, Q, QuerySet, Value, When

from purser.kernel.errors import Missing
from purser.links.models import Drift
from purser.links.models.connections import Policy
from purser.links.models.runs import DriftState
from purser.links.queries import pairs
from purser.links.queries.reports import Trimmed

# Open, the rule is to ask, and nobody was asked yet.
UNDECIDED = Q(state=DriftState.OPEN, decision="", policy=Policy.ASK)


def every(context: str = "") -> QuerySet[Drift, Any]:
    """All of them; `waits` is "yes" for those that a person must decide."""
    return (
        Drift.objects.filter(link__sync_id__in=pairs.ids(context))
        .select_related(
            "link__resource__customer",
            "link__resource__subscription",
            "link__service__agreement__account",
            "closed_by",
        )
        .annotate(waits=Case(When(UNDECIDED, then=Value("yes")), default=Value("no"), output_field=CharField(max_length=3)))
    )


def undecided(context: str = "") -> QuerySet[Drift, Any]:
    return every(context).filter(UNDECIDED)


def one(drift_id: UUID) -> Drift:
    """Raises Missing."""
    found: Drift | None = every().select_related("receipt", "link__sync__target").filter(pk=drift_id).first()
    if found is None:
        raise Missing("There is no such hand edit.")
    return found


def decidable(found: Drift) -> bool:
    return found.state == DriftState.OPEN and not found.decision


def difference() -> Trimmed:
    """How many units the PSA has more (or, negative, fewer) than we posted."""
    return Trimmed(F("psa_units") - F("expected_units"))
