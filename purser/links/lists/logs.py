"""Success log, failure log, movements. Source, also of the titles: acceptance ID-28 to ID-44."""

from __future__ import annotations

from typing import Any

from purser.links.lists.context import OWN, context_of
from purser.links.queries import logs, reports
from purser.lists.model import Column, Preset, Sign, Table

RECEIPT_SIGNS = {
    "intended": Sign("Sent, no answer yet", "note"),
    "accepted": Sign("Accepted, not yet confirmed", "note"),
    "done": Sign("Posted", "good"),
    "refused": Sign("Refused", "bad"),
    "busy": Sign("To be tried again", "warn"),
    "unsure": Sign("Unknown outcome", "bad", "help"),
    "settled": Sign("Settled by a later posting", "plain"),
    "dropped": Sign("No longer needed", "plain"),
}
# A marketplace change that is due looks like work, one that is not linked like a leak.
BECAME_TONES = {"posted": "good", "netted": "plain", "due": "note", "unlinked": "warn", "accepted": "plain"}


def contract_dates(row: Any) -> str:
    """The dates of the agreement as last read, where the failure is about a date. Source: acceptance ID-40."""
    if "date" not in row.code:
        return ""
    agreement = row.link.service.agreement
    return f"{agreement.starts_on or 'open'} to {agreement.ends_on or 'open'}"


# What the sources name is shown; the rest can be chosen. Source: acceptance ID-33, ID-36.
LOG = (
    Column("adjusted", "Adjustment Date", "datetime", field="intended_at"),
    Column("company", "ODIN Company Name"),
    Column("subscription", "ODIN Subscription Name"),
    Column("resource", "ODIN Resource Name"),
    Column("customer", "PSA Customer"),
    Column("agreement", "PSA Agreement"),
    Column("product", "PSA Product"),
    Column("amount", "Adjustment Amount", "number", expression=reports.two_decimals("amount")),
)
STATE = Column("state", "State", "badge", signs=RECEIPT_SIGNS, shown=False)
FIRST_FAILED = Column("first_failed", "Failed First", "datetime", field="first_failed_at", shown=False)
EFFECTIVE = Column("effective", "Effective", "date", field="effective_on", shown=False)
DETAILS = (
    Column("before", "Units Before", "number", expression=reports.trimmed("units_before"), shown=False),
    Column("after", "Units After", "number", expression=reports.trimmed("units_after"), shown=False),
    Column("price", "Price", "money", expression=reports.two_decimals("unit_price"), currency="currency", shown=False),
    Column("cost", "Cost", "money", expression=reports.two_decimals("unit_cost"), currency="currency", shown=False),
    Column("reference", "PSA Reference", shown=False),
    Column("attempts", "Attempts", "number", shown=False),
    Column("id", "Posting ID", shown=False),
    Column("relation", "Relation ID", expression=reports.identifier("link_id"), shown=False),
    Column("plan", "Plan ID", expression=reports.identifier("plan_id"), shown=False),
    Column("run", "Pass ID", expression=reports.identifier("run_id"), shown=False),
)
LAST_30 = Preset("Show last 30 days", "adjusted.last=30")
RANGES = (LAST_30, Preset("Last 7 days", "adjusted.last=7"), Preset("Last 90 days", "adjusted.last=90"))

SUCCESS = Table(
    name="success_log",
    title="Success log",
    lead="What Purser posted into the PSA, newest first.",
    own=OWN,
    rows=lambda actor, params: logs.posted(context_of(params)),
    order=("-adjusted",),
    columns=(
        *LOG,
        STATE,
        FIRST_FAILED,
        EFFECTIVE,
        Column("confirmed", "Confirmed", "datetime", field="confirmed_at", shown=False),
        Column("note", "Note", shown=False),
        *DETAILS,
    ),
    presets=(*RANGES, Preset("Failed at first", "first_failed.empty=no")),
)

FAILURES = Table(
    name="failure_log",
    title="Failure log",
    lead="Postings that are due and did not succeed. Each is tried again by itself.",
    own=OWN,
    rows=lambda actor, params: logs.failed(context_of(params)),
    order=("-adjusted",),
    columns=(
        *LOG,
        Column("error", "Error Message", field="text"),
        Column("hint", "What to do", shown=False),
        Column("dates", "Contract Dates", read=contract_dates, shown=False),
        STATE,
        FIRST_FAILED,
        EFFECTIVE,
        Column("retry", "Next Try", "datetime", field="retry_at", shown=False),
        Column("code", "Cause", "badge", shown=False),
        *DETAILS,
    ),
    presets=(LAST_30, Preset("Unknown outcome", "state.is=unsure")),
)

MOVEMENTS = Table(
    name="movements",
    title="Movements",
    lead="Each change of a count that the marketplace showed, and what became of it.",
    own=OWN,
    rows=lambda actor, params: logs.movements(context_of(params)),
    order=("-seen",),
    columns=(
        Column("seen", "Seen", "datetime", field="seen_at"),
        Column("company", "ODIN Company Name", field="resource__customer__name"),
        Column("subscription", "ODIN Subscription Name", field="resource__subscription__name"),
        Column("resource", "ODIN Resource Name", field="resource__name"),
        Column("before", "Before", "number", expression=reports.trimmed("before")),
        Column("after", "After", "number", expression=reports.trimmed("after")),
        Column("change", "Change", "number", expression=logs.change()),
        Column(
            "became",
            "What became of it",
            "badge",
            signs={key: Sign(words, BECAME_TONES[key]) for key, words in logs.BECAME.items()},
        ),
        Column("posted", "Posted", "datetime", field="receipt__intended_at"),
        Column("posting", "Posting ID", field="receipt__id", shown=False),
    ),
    presets=(Preset("Show last 30 days", "seen.last=30"), Preset("Not linked", "became.is=unlinked")),
)
