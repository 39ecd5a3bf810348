"""Plans, and the passes that made them."""

from __future__ import annotations

from typing import Any

from django.db.models import IntegerField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from purser.links.lists.context import OWN, context_of
from purser.links.models.runs import PlanState
from purser.links.queries import plans, runs
from purser.lists.model import Column, Preset, Sign, Table

PLAN_SIGNS = {
    PlanState.PREVIEW.value: Sign("Preview", "note", "eye"),
    PlanState.WAITING.value: Sign("Waits for a person", "warn", "hourglass"),
    PlanState.APPROVED.value: Sign("Approved", "note", "check"),
    PlanState.DRIVEN.value: Sign("Posted", "good"),
    PlanState.REJECTED.value: Sign("Rejected", "plain", "ban"),
    PlanState.OUTDATED.value: Sign("Outdated", "plain", "clock"),
}
RUN_SIGNS = {
    "running": Sign("Running", "note", "progress"),
    "done": Sign("Done", "good"),
    "partly": Sign("Done with failures", "warn"),
    "waiting": Sign("Waits for a person", "warn", "hourglass"),
    "failed": Sign("Failed", "bad"),
}
CAUSES = {
    "monitor": Sign("The rhythm", "plain", "clock"),
    "person": Sign("A person", "plain", "user"),
    "link": Sign("A new relation", "plain", "link"),
    "approved": Sign("An approved plan", "plain", "check"),
    "preview": Sign("A preview", "plain", "eye"),
    "retry": Sign("A retry", "plain", "refresh"),
    "drift": Sign("A decided hand edit", "plain", "arrows-diff"),
}
NUMBERS = {
    "compared": "Compared",
    "changes": "Differences",
    "posted": "Posted",
    "failed": "Failed",
    "aside": "Set aside",
    "healed": "Healed",
}


def _number(name: str) -> Any:
    return Cast(KT(f"numbers__{name}"), IntegerField())


PLANS = Table(
    name="plans",
    title="Plans",
    lead="What was about to be posted, and what was decided about it, newest first.",
    own=OWN,
    rows=lambda actor, params: plans.every(context_of(params)),
    order=("-made",),
    columns=(
        Column("made", "Made", "datetime", field="made_at"),
        Column("psa", "PSA", field="sync__target__name"),
        Column("size", "Changes", "number"),
        Column("state", "State", "badge", signs=PLAN_SIGNS),
        Column("doubts", "Why it waits", read=lambda plan: " ".join(one["text"] for one in plan.doubts)),
        Column("cause", "Cause of the pass", "badge", field="run__cause", shown=False),
        Column("decided", "Decided", "datetime", field="decided_at"),
        Column("by", "Decided by", field="decided_by__name"),
        Column("reason", "Reason"),
        Column("digest", "Digest", shown=False),
    ),
    presets=(Preset("Waiting", "state.is=waiting"), Preset("Previews", "state.is=preview")),
)

RUNS = Table(
    name="runs",
    title="Passes",
    lead="Each reading and comparing of a pair, newest first.",
    own=OWN,
    rows=lambda actor, params: runs.every(context_of(params)),
    order=("-started",),
    columns=(
        Column("started", "Started", "datetime", field="started_at"),
        Column("psa", "PSA", field="sync__target__name"),
        Column("cause", "Cause", "badge", signs=CAUSES),
        Column("state", "State", "badge", signs=RUN_SIGNS),
        Column("took", "Took", read=runs.took),
        *(Column(name, words, "number", expression=_number(name)) for name, words in NUMBERS.items()),
        Column("text", "What happened"),
    ),
    presets=(Preset("With postings", "posted.min=1"), Preset("In trouble", "state.in=failed&state.in=partly")),
)
