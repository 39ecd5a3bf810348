"""Hand edits in the PSA: three counts side by side, and what was decided. Source: acceptance ID-30."""

from __future__ import annotations

from purser.links.lists.context import OWN, context_of
from purser.links.models.connections import Policy
from purser.links.queries import drift, reports
from purser.lists.model import Column, Preset, Sign, Table

STATE_SIGNS = {
    "open": Sign("Open", "warn"),
    "healed": Sign("Healed", "good"),
    "accepted": Sign("Accepted", "plain", "check"),
    "adopted": Sign("Already equal", "plain"),
}
POLICY_SIGNS = {value: Sign(str(label), "plain", "adjustments") for value, label in Policy.choices}

DRIFT = Table(
    name="drift",
    title="Drift",
    lead="The PSA shows other units than those we posted. Three counts each, and who wins.",
    own=OWN,
    rows=lambda actor, params: drift.every(context_of(params)),
    order=("-waits", "-seen"),
    columns=(
        Column("waits", "Waits for you", "badge", signs={"yes": Sign("Decide", "warn"), "no": Sign("No", "plain")}),
        Column("company", "ODIN Company Name", field="link__resource__customer__name"),
        Column("resource", "ODIN Resource Name", field="link__resource__name"),
        Column("customer", "PSA Customer", field="link__service__agreement__account__name"),
        Column("agreement", "PSA Agreement", field="link__service__agreement__name"),
        Column("marketplace", "Marketplace", "number", expression=reports.trimmed("marketplace_units")),
        Column("ours", "Posted by us", "number", expression=reports.trimmed("expected_units")),
        Column("psa", "In the PSA", "number", expression=reports.trimmed("psa_units")),
        Column("difference", "Difference", "number", expression=drift.difference()),
        Column("state", "State", "badge", signs=STATE_SIGNS),
        Column("seen", "Seen", "datetime", field="seen_at"),
        Column("policy", "Rule", "badge", signs=POLICY_SIGNS, shown=False),
        Column("decision", "Decision", shown=False),
        Column("closed", "Closed", "datetime", field="closed_at", shown=False),
        Column("by", "Closed by", field="closed_by__name", shown=False),
        Column("relation", "Relation ID", expression=reports.identifier("link_id"), shown=False),
        Column("posting", "Posting ID", expression=reports.identifier("receipt_id"), shown=False),
    ),
    presets=(Preset("Waits for you", "waits.is=yes"), Preset("Open", "state.is=open")),
)
