"""What was done, by whom."""

from __future__ import annotations

from purser.access.models import Act
from purser.lists.model import Column, Preset, Sign, Table

OUTCOME_SIGNS = {"done": Sign("Done", "good"), "refused": Sign("Refused", "warn"), "denied": Sign("Denied", "bad")}

ACTS = Table(
    name="acts",
    title="Acts",
    lead="Every change, sign-in and refusal here, newest first.",
    rows=lambda actor, params: Act.objects.all(),
    order=("-at",),
    columns=(
        Column("at", "When", "datetime"),
        Column("actor", "Who"),
        Column("summary", "What"),
        Column("verb", "Verb", "badge"),
        Column("of_kind", "Kind of thing", "badge"),
        Column("of_id", "Thing", shown=False),
        Column("outcome", "Outcome", "badge", signs=OUTCOME_SIGNS),
        Column("address", "From address", shown=False),
        Column("request_id", "Request", shown=False),
    ),
    presets=(Preset("Last 7 days", "at.last=7"), Preset("Denied", "outcome.is=denied")),
)
