"""Runs of Auto-License as rows: asked for, planned, waiting for a person, done.

A run is a row before it is a job, so that a person can follow it, and a job that is run again goes on with it.
Source: acceptance CS-26; reliability P13, P9.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Q

from purser.access import acts, errands
from purser.access.actors import Actor
from purser.directory import auto, licensing_steps
from purser.directory.models import LicensingRun, RunState, StepState, User
from purser.kernel.errors import Missing, Refused
from purser.notices import outbox
from purser.postgres import queue, tenancy
from purser.reconcile.guard import Doubt
from purser.reconcile.model import Change
from purser.reconcile.plan import digest_of
from purser.tenants import grants, organisations
from purser.tenants.models import GrantKind

HAND, SCHEDULE, PREVIEW, APPROVED = "hand", "schedule", "preview", "approved"  # causes
SET_ASIDE = "set_aside"  # the doubt of a plan that a person does not want
TASK = "purser.licensing"
NEWER = "A newer run took its place."


def ask(actor: Actor, *, dry: bool, now: datetime) -> tuple[LicensingRun, bool]:
    """RUN, or `dry` a preview of it; and whether it is a new one: while one is under way, that will do.

    Raises Refused where no collection is chosen.
    """
    if not auto.chosen():
        raise Refused("No collection is chosen for Auto-License.", code="collections", hint="Choose one under Edit first.")
    row = LicensingRun.objects.filter(state=RunState.RUNNING, dry=dry).order_by("started_at", "id").first()
    if row is not None:
        _job(row, actor)  # its job may be lost; one too many finds nothing left to do
        return row, False
    words = "Asked for a preview of Auto-License" if dry else "Ran Auto-License"
    row = LicensingRun(cause=PREVIEW if dry else HAND, dry=dry, started_at=now, by_name=actor.name)
    acts.record(actor, "tasks.auto_licence", summary=words, of=("licensing_run", row.pk), now=now)
    row.save(force_insert=True)
    _job(row, actor)
    return row, True


def begin_scheduled(*, now: datetime) -> LicensingRun:
    """The run whose time has come, in the tenant acted in; one that is under way will do, and its job may be lost."""
    row: LicensingRun | None = LicensingRun.objects.filter(state=RunState.RUNNING, dry=False).first()
    if row is None:
        row = LicensingRun.objects.create(cause=SCHEDULE, started_at=now, by_name="Auto-License")
    _job(row, None)
    return row


def _job(row: LicensingRun, actor: Actor | None) -> None:
    tenant, by = str(tenancy.tenant()), errands.by(actor) if actor else None
    queue.defer(TASK, lock=f"licensing:{tenant}", tenant=tenant, run=str(row.pk), by=by)


def one(run: UUID) -> LicensingRun:
    """Raises Missing."""
    row = LicensingRun.objects.filter(pk=run).first()
    if row is None:
        raise Missing("There is no such run.")
    return row


def approve(actor: Actor, run: UUID, *, digest: str, now: datetime) -> LicensingRun:
    """Do exactly the plan that was shown, or a preview's. It is compared with the directory once more before.

    Raises Missing, and Refused when it is another plan than the one shown, or was decided already.
    """
    row = _open(run, digest)
    acts.record(
        actor, "tasks.auto_licence", summary=f"Approved {words(row.changes)}", of=("licensing_run", row.pk),
        before={"state": row.state}, after={"digest": row.digest}, now=now,
    )  # fmt: skip
    row.state, row.cause, row.dry, row.by_name, row.ended_at, row.text = (
        RunState.RUNNING,
        APPROVED,
        False,
        actor.name,
        None,
        "",
    )
    row.save(update_fields=["state", "cause", "dry", "by_name", "ended_at", "text"])
    _job(row, actor)
    return row


def set_aside(actor: Actor, run: UUID, *, reason: str, now: datetime) -> LicensingRun:
    """Do nothing of it; the schedule does not ask about the same plan again. Raises as `approve` does."""
    reason = " ".join(reason.split())[:300]
    if not reason:
        raise Refused("Say in a few words why nothing is to be done.", code="reason")
    row = _open(run, None)
    acts.record(
        actor, "tasks.auto_licence", summary=f"Set aside {words(row.changes)}: {reason}", of=("licensing_run", row.pk),
        before={"state": row.state}, after={"reason": reason}, now=now,
    )  # fmt: skip
    row.doubts = [*row.doubts, {"code": SET_ASIDE, "text": f"Set aside by {actor.name}: {reason}"}]
    row.state, row.ended_at, row.text = RunState.DROPPED, now, f"Set aside by {actor.name}: {reason}"[:500]
    row.save(update_fields=["doubts", "state", "ended_at", "text"])
    return row


def waiting(row: LicensingRun) -> bool:
    """Whether a person can still decide it: its plan waits, or it is a preview of something to do."""
    return bool(row.state == RunState.WAITS or (row.dry and row.state == RunState.DONE and row.changes))


def _open(run: UUID, digest: str | None) -> LicensingRun:
    row = LicensingRun.objects.select_for_update().filter(pk=run).first()
    if row is None:
        raise Missing("There is no such run.")
    if not waiting(row):
        raise Refused(f"This run is {row.get_state_display().lower()}; nothing is left to decide.", code="state")
    if digest is not None and row.digest != digest:
        raise Refused("This is not the plan you were shown.", code="moved", hint="Read the new one first.")
    return row


def words(changes: Sequence[Mapping[str, Any]]) -> str:
    """What a plan does, in a few words."""
    more = sum(1 for one in changes if one["after"])
    parts = [f"{more} licence{'s'[: more != 1]} to give"] if more else []
    if fewer := len(changes) - more:
        parts.append(f"{fewer} licence{'s'[: fewer != 1]} to take back")
    return " and ".join(parts) or "nothing to change"


# The plan of a run


def as_rows(changes: Iterable[Change[bool]]) -> list[dict[str, Any]]:
    """Changes as a run keeps them, with the names of the moment."""
    found = list(changes)
    users = User.objects.in_bulk([UUID(change.key) for change in found])
    rows = []
    for change in found:
        user = users[UUID(change.key)]
        rows.append(
            {
                "user": change.key,
                "name": user.display_name,
                "principal_name": user.principal_name,
                "after": change.after is not None,
            }
        )
    return rows


def as_changes(row: LicensingRun) -> list[Change[bool]]:
    return [Change(one["user"], None if one["after"] else True, True if one["after"] else None) for one in row.changes]


def decide(row: LicensingRun, planned: Sequence[Change[bool]], doubts: Sequence[Doubt], *, now: datetime) -> bool:
    """Keep what was planned with the run, and say whether to do it now.

    A run that bears a plan already was approved, or its process died while it did it: it goes on where what is left is part
    of that plan, for an approved one the whole of it unless some was done. Else the plan made now is decided as a new one.
    """
    kept = set(as_changes(row))
    others = LicensingRun.objects.filter(state=RunState.WAITS).exclude(pk=row.pk)
    if kept and row.cause == APPROVED:
        begun = row.steps.exists()
        if digest_of(planned) != row.digest and not (begun and all(change in kept for change in planned)):
            _moved(row, planned, doubts, now)
            return False
    else:
        row.changes = row.changes + as_rows(change for change in planned if change not in kept)
        row.digest = digest_of(as_changes(row))
        row.doubts = [{"code": doubt.code, "text": doubt.text} for doubt in doubts]
        row.save(update_fields=["changes", "digest", "doubts"])
        if row.dry:
            return False
        if planned and doubts:
            _wait(row, now)
            return False
    others.update(state=RunState.DROPPED, ended_at=now, text=NEWER)
    return bool(planned)


def _wait(row: LicensingRun, now: datetime) -> None:
    """For a person; not again for a plan that waits already, nor by the schedule for one that a person set aside."""
    same = LicensingRun.objects.filter(digest=row.digest).exclude(pk=row.pk)
    if row.cause == SCHEDULE:
        if same.filter(state=RunState.DROPPED, doubts__contains=[{"code": SET_ASIDE}]).exists():
            finish(row, RunState.DROPPED, text="The same plan was set aside by a person.", now=now)
            return
        if same.filter(state=RunState.WAITS).exists():
            finish(row, RunState.DROPPED, text="The same plan waits for a person already.", now=now)
            return
    others = LicensingRun.objects.filter(state=RunState.WAITS).exclude(pk=row.pk)
    others.update(state=RunState.DROPPED, ended_at=now, text=NEWER)
    row.state = RunState.WAITS
    row.save(update_fields=["state", "already"])
    first = f"{words(row.changes)}, and nothing is done before somebody approves.".capitalize()
    _tell("licensing_waits", "Auto-License waits for you", [first, *(one["text"] for one in row.doubts)], row, now)


def _moved(row: LicensingRun, planned: Sequence[Change[bool]], doubts: Sequence[Doubt], now: datetime) -> None:
    """What was approved does not fit any more: nothing of it is done, and what is to do now waits in its place."""
    text = "Something changed since this plan was made; nothing more of it was done."
    finish(row, RunState.DROPPED, text=text, now=now)
    if not planned:
        return
    new = LicensingRun(cause=HAND, started_at=now, by_name=row.by_name, changes=as_rows(planned), digest=digest_of(planned))
    moved = {"code": "moved", "text": "The plan that was approved does not fit any more: something changed in between."}
    new.already = row.already
    new.doubts = [moved, *({"code": doubt.code, "text": doubt.text} for doubt in doubts)]
    new.save(force_insert=True)
    _wait(new, now)


def finish(row: LicensingRun, state: str, *, text: str = "", now: datetime) -> None:
    """End a run with the counts of its receipts; whoever runs Auto-License is told where something failed."""
    licensing_steps.settle_left(row, now=now)
    left = row.steps.filter(state=StepState.INTENDED)
    left.update(state=StepState.FAILED, settled_at=now, code="given_up", text="Not made: the run ended before.")
    counts = row.steps.aggregate(
        added=Count("id", filter=Q(state=StepState.DONE, after=True)),
        removed=Count("id", filter=Q(state=StepState.DONE, after=False)),
        failed=Count("id", filter=Q(state=StepState.FAILED)),
    )
    row.state, row.ended_at, row.text = state, now, text[:500]
    for name, count in counts.items():
        setattr(row, name, count)
    row.save(update_fields=["state", "ended_at", "text", "already", *counts])
    if state == RunState.FAILED or row.failed:
        what = text if state == RunState.FAILED else f"{row.failed} of {len(row.changes)} changes could not be made."
        _tell("licensing_failed", "Auto-License did not do everything", [what], row, now, outside=f"{words(row.changes)}.")


def _tell(kind: str, subject: str, lines: Sequence[str], row: LicensingRun, now: datetime, *, outside: str = "") -> None:
    """The tenant's own people in full; the partner that acts for it, that there is something to do, and nothing of users:
    the first line, or `outside` where that may name somebody.
    """
    tenant = tenancy.tenant()
    outbox.post(
        kind, audience=tenant, subject=subject, lines=lines, page="licensing_run",
        args={"licensing_run": row.pk}, about=[("licensing_run", row.pk)], by_job=True, now=now,
    )  # fmt: skip
    for grant in grants.live(now).filter(kind=GrantKind.CONSENT, scopes__contains=["licensing"]):
        outbox.post(
            "tenant_licensing", audience=grant.partner_id, subject=f"{organisations.own().name}: {subject}",
            lines=[outside or lines[0]], page="tenant", args={"organisation": tenant},
            about=[("tenant", tenant)], by_job=True, now=now,
        )  # fmt: skip
