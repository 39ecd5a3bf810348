"""The lists of a partner's units: days as they stand, every charge ever made, and what moved the balance."""

from __future__ import annotations

from purser.billing.usage import statement
from purser.lists.model import Column, Preset, Sign, Table

BOOKED = {
    "yes": Sign("Booked", "good"),
    "no": Sign("Waits to be booked", "warn"),
    "free": Sign("Costs nothing", "plain"),
}
STANDS = {"yes": Sign("Stands", "good"), "no": Sign("Replaced", "plain")}
KINDS = {kind: Sign(words) for kind, words in statement.KINDS.items()}

DAYS = Table(
    name="usage_days",
    title="Statement",
    lead="Licensed users at each day's close, the peak, what the day costs, and the balance after it. Each number opens why.",
    rows=lambda actor, params: statement.days(),
    order=("-on",),
    columns=(
        Column("on", "Day", "date"),
        Column("users", "Users", "number"),
        Column("peak", "Peak", "number"),
        Column("units", "Charge", "number"),
        Column("balance", "Balance after", "number"),
        Column("booked", "In the books", "badge", signs=BOOKED),
        Column("version", "Version", "number", shown=False),
    ),
    presets=(
        Preset("Last 31 days", "on.last=31"),
        Preset("Corrected", "version.min=2"),
        Preset("Waits to be booked", "booked.is=no"),
    ),
)

CHARGES = Table(
    name="usage_charges",
    title="Charges",
    lead="Every charge that was ever made, those that a correction replaced too.",
    rows=lambda actor, params: statement.every_charge(),
    order=("-on", "-version"),
    columns=(
        Column("on", "Day", "date"),
        Column("version", "Version", "number"),
        Column("users", "Users", "number"),
        Column("peak", "Peak", "number"),
        Column("units", "Charge", "number"),
        Column("stands", "State", "badge", signs=STANDS),
        Column("reason", "Reason"),
        Column("made_at", "Made", "datetime"),
        Column("close_version", "Version of the count", "number", shown=False),
    ),
    presets=(Preset("Replaced", "stands.is=no"), Preset("Corrections", "version.min=2")),
)

ENTRIES = Table(
    name="usage_entries",
    title="Entries",
    lead="What moved the balance, entry by entry. Nothing here is ever changed; what was wrong is reversed.",
    rows=lambda actor, params: statement.lines(),
    order=("-on",),
    columns=(
        Column("on", "Date", "date"),
        Column("kind", "What", "badge", field="entry__kind", signs=KINDS),
        Column("units", "Units", "number", field="moved"),
        Column("text", "Text", field="entry__text"),
        Column("source", "Cause", field="entry__source"),
        Column("made_at", "Made", "datetime", field="entry__made_at"),
        Column("entry", "Entry", field="entry__id"),
        Column("reverses", "Reverses", field="entry__reverses__id", shown=False),
    ),
    presets=(Preset("Bought", "kind.in=purchase&kind.in=free"), Preset("Corrections", "kind.is=reversal")),
)
