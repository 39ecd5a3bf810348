"""Collections, licences and the runs of Auto-License, as lists that both doors show."""

from __future__ import annotations

from typing import Any

from django.db.models import Case, CharField, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Cast

from purser.directory import collections
from purser.directory.models import Cause, Licence, LicensingRun, LicensingStep, User
from purser.lists.model import Column, Preset, Sign, Table

YES = {"yes": Sign("Yes", "good"), "no": Sign("No", "plain")}
CAUSES = {
    Cause.AUTO.value: Sign("Auto-License", "plain", "refresh"),
    Cause.HAND.value: Sign("By hand", "plain", "user"),
}
LICENCE_SIGNS = {"open": Sign("Licensed", "good"), "ended": Sign("Ended", "plain", "clock")}
LICENSED = {"yes": Sign("Licensed", "good"), "no": Sign("Not licensed", "plain", "ban")}
ACCOUNT = {"on": Sign("On", "good"), "off": Sign("Off", "warn", "ban"), "gone": Sign("Has left", "warn", "logout")}
RUN_SIGNS = {
    "running": Sign("Running", "note", "progress"),
    "waits": Sign("Waits for a person", "warn", "hourglass"),
    "done": Sign("Done", "good"),
    "failed": Sign("Failed", "bad"),
    "dropped": Sign("Set aside", "plain", "ban"),
}
RUN_CAUSES = {
    "hand": Sign("A person", "plain", "user"),
    "schedule": Sign("The schedule", "plain", "clock"),
    "preview": Sign("A preview", "plain", "eye"),
    "approved": Sign("An approved plan", "plain", "check"),
}
STEP_SIGNS = {
    "intended": Sign("Under way", "note", "progress"),
    "done": Sign("Done", "good"),
    "failed": Sign("Failed", "bad"),
}
STEP_WORDS = {"give": Sign("Give", "plain", "plus"), "take": Sign("Take back", "plain", "arrow-back-up")}


def _words(claim: Any, yes: str = "yes", no: str = "no") -> Any:
    return Case(When(claim, then=Value(yes)), default=Value(no), output_field=CharField())


COLLECTIONS = Table(
    name="collections",
    title="Collections",
    lead="Users by name and by group; what follows a collection follows who is in it.",
    rows=lambda actor, params: collections.listed(),
    order=("name",),
    columns=(
        Column("name", "Name"),
        Column("users", "Users", "number"),
        Column("groups", "Groups", "number"),
        Column("all_mailboxes", "All mailboxes", "badge", expression=_words(Q(all_mailboxes=True)), signs=YES),
        Column("excluded", "Left out", "number"),
        Column("auto", "Auto-License", "badge", expression=_words(Q(chosen_now=True)), signs=YES),
        Column("created_at", "Made", "datetime", shown=False),
    ),
    presets=(Preset("Auto-License", "auto.is=yes"),),
)


def _users(actor: Any, params: Any) -> QuerySet[Any, Any]:
    """Everybody who is there, and whoever has left and is licensed still."""
    held = Licence.objects.filter(user=OuterRef("pk"), until=None)
    rows = User.objects.annotate(
        licensed=Exists(held),
        since=Subquery(held.values("since")[:1]),
        given=Subquery(held.values("cause")[:1]),
        given_by=Subquery(held.values("by_name")[:1]),
    )
    return rows.filter(Q(gone_at=None) | Q(licensed=True))


LICENSED_USERS = Table(
    name="licensed_users",
    title="Licences",
    lead="Who is licensed, since when and by whom. A user who left keeps the licence until it is taken.",
    rows=_users,
    order=("name",),
    columns=(
        Column("name", "User", field="display_name"),
        Column("principal_name", "Sign-in"),
        Column("mail", "E-mail", shown=False),
        Column("department", "Department"),
        Column("licence", "Licence", "badge", expression=_words(Q(licensed=True)), signs=LICENSED),
        Column("since", "Since", "datetime"),
        Column("given", "Given", "badge", signs=CAUSES),
        Column("given_by", "Given by", shown=False),
        Column(
            "account",
            "Account",
            "badge",
            expression=Case(
                When(gone_at__isnull=False, then=Value("gone")),
                When(enabled=False, then=Value("off")),
                default=Value("on"),
                output_field=CharField(),
            ),
            signs=ACCOUNT,
        ),
    ),
    presets=(
        Preset("Licensed", "licence.is=yes"),
        Preset("Not licensed", "licence.is=no"),
        Preset("Licensed, and off or gone", "licence.is=yes&account.in=off&account.in=gone"),
    ),
)

LICENCES = Table(
    name="licences",
    title="History of licences",
    lead="Each licence from when it was given until it was taken, newest first.",
    rows=lambda actor, params: Licence.objects.select_related("user"),
    order=("-since",),
    columns=(
        Column("user", "User", field="user__display_name"),
        Column("principal_name", "Sign-in", field="user__principal_name"),
        Column(
            "state",
            "State",
            "badge",
            expression=Case(When(until=None, then=Value("open")), default=Value("ended"), output_field=CharField()),
            signs=LICENCE_SIGNS,
        ),
        Column("since", "Since", "datetime"),
        Column("until", "Until", "datetime"),
        Column("cause", "Given", "badge", signs=CAUSES),
        Column("by_name", "Given by"),
        Column("ended_by_name", "Taken by"),
    ),
    presets=(Preset("Open", "state.is=open"), Preset("Last 30 days", "since.last=30")),
)

LICENSING_RUNS = Table(
    name="licensing_runs",
    title="Runs of Auto-License",
    lead="Each comparing of collections with licences, and what came of it, newest first.",
    rows=lambda actor, params: LicensingRun.objects.defer("changes"),  # as long as its users are many
    order=("-started_at",),
    columns=(
        Column("started_at", "Started", "datetime"),
        Column("cause", "Cause", "badge", signs=RUN_CAUSES),
        Column("by_name", "For"),
        Column("state", "State", "badge", signs=RUN_SIGNS),
        Column("dry", "Preview", "badge", expression=_words(Q(dry=True)), signs=YES, shown=False),
        Column("added", "Added", "number"),
        Column("already", "Already", "number"),
        Column("removed", "Taken back", "number"),
        Column("failed", "Failed", "number"),
        Column("text", "What happened"),
        Column("ended_at", "Ended", "datetime", shown=False),
    ),
    presets=(
        Preset("Waiting", "state.is=waits"),
        Preset("With licences given", "added.min=1"),
        Preset("With failures", "failed.min=1"),
    ),
)

LICENSING_STEPS = Table(
    name="licensing_steps",
    title="Changes by Auto-License",
    lead="The receipt of each licence that a run gave or took back, newest first.",
    rows=lambda actor, params: LicensingStep.objects.select_related("user", "run"),
    order=("-at",),
    columns=(
        Column("at", "When", "datetime", field="intended_at"),
        Column("user", "User", field="user__display_name"),
        Column("principal_name", "Sign-in", field="user__principal_name"),
        Column("what", "What", "badge", expression=_words(Q(after=True), "give", "take"), signs=STEP_WORDS),
        Column("state", "State", "badge", signs=STEP_SIGNS),
        Column("text", "Why not"),
        Column("run", "Run", expression=Cast("run_id", CharField()), shown=False),
    ),
    presets=(Preset("Failed", "state.is=failed"), Preset("Last 7 days", "at.last=7")),
)
