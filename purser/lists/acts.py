"""What was done, by whom, and on behalf of whom."""

from __future__ import annotations

import json
from typing import Any

from purser.access import acts
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
        Column("home_name", "On behalf, from"),
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


def _fields(found: dict[str, Any] | None) -> str:
    return "; ".join(f"{name}: {_plain(value)}" for name, value in sorted((found or {}).items()))


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


ON_BEHALF = Table(
    name="on_behalf",
    title="Done on behalf of the company",
    lead="Every act in this tenant by somebody from another organisation, with what was before and after.",
    rows=lambda actor, params: acts.on_behalf(),
    order=("-at",),
    columns=(
        Column("at", "When", "datetime"),
        Column("actor", "Who"),
        Column("home_name", "From"),
        Column("summary", "What"),
        Column("before", "Before", read=lambda act: _fields(act.before)),
        Column("after", "After", read=lambda act: _fields(act.after)),
        Column("outcome", "Outcome", "badge", signs=OUTCOME_SIGNS),
        Column("verb", "Verb", "badge"),
        Column("grant_id", "Consent", filterable=False, shown=False),
        Column("address", "From address", shown=False),
        Column("request_id", "Request", shown=False),
    ),
    presets=(Preset("Last 7 days", "at.last=7"), Preset("Denied", "outcome.is=denied")),
)
