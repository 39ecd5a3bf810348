"""One's own notices as a list, for both doors."""

from __future__ import annotations

from django.db.models import Case, CharField, Value, When

from purser.lists.model import Column, Preset, Sign, Table
from purser.notices import reading
from purser.notices.kinds import KINDS

STATE_SIGNS = {"unread": Sign("Unread", "note"), "read": Sign("Read", "plain")}

NOTICES = Table(
    name="notices",
    title="Notices",
    lead="What happened here that concerns you, or that you follow, newest first.",
    rows=lambda actor, params: reading.visible(actor),
    order=("-at",),
    columns=(
        Column(
            "state",
            "State",
            "badge",
            expression=Case(When(read_at=None, then=Value("unread")), default=Value("read"), output_field=CharField()),
            signs=STATE_SIGNS,
        ),
        Column("at", "When", "datetime"),
        Column("subject", "What"),
        Column("kind", "Kind", "badge", signs={name: Sign(kind.short, "plain", "bell") for name, kind in KINDS.items()}),
        Column("text", "In full", shown=False),
        Column("path", "Where to look", shown=False),
        Column("read_at", "Read", "datetime", shown=False),
    ),
    presets=(Preset("Unread", "state.is=unread"), Preset("Last 7 days", "at.last=7")),
)
