"""The receipts of a run of Auto-License: one for each licence it gives or takes back. Source: reliability P9."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.directory.models import Licence, LicensingRun, LicensingStep, StepState
from purser.reconcile.model import Change, Done, Outcome


def intend(run: UUID, change: Change[bool], *, now: datetime) -> UUID:
    """The step of this user in the run, noted before it is made; the same one where it is made again."""
    values = {"after": change.after is not None, "state": StepState.INTENDED, "intended_at": now}
    row, _ = LicensingStep.objects.update_or_create(
        run_id=run, user_id=UUID(change.key), defaults={**values, "settled_at": None, "code": "", "text": ""}
    )
    found: UUID = row.pk
    return found


def settle(step: UUID, outcome: Outcome, *, now: datetime) -> None:
    if isinstance(outcome, Done):
        values = {"state": StepState.DONE, "code": "", "text": outcome.note[:500]}
    else:
        values = {"state": StepState.FAILED, "code": outcome.code[:30], "text": outcome.text[:500]}
    LicensingStep.objects.filter(pk=step).update(settled_at=now, **values)


def settle_left(row: LicensingRun, *, now: datetime) -> None:
    """Intentions of a process that died: done where the licence shows it; else the plan made next has them again."""
    left = list(row.steps.filter(state=StepState.INTENDED))
    held = set(Licence.objects.filter(user__in=[one.user_id for one in left], until=None).values_list("user_id", flat=True))
    done = [one.pk for one in left if one.after == (one.user_id in held)]
    LicensingStep.objects.filter(pk__in=done).update(state=StepState.DONE, settled_at=now)


def given(row: LicensingRun) -> set[UUID]:
    """Whom the run has licensed so far."""
    return set(row.steps.filter(state=StepState.DONE, after=True).values_list("user_id", flat=True))


def steps(row: LicensingRun, *, most: int) -> list[LicensingStep]:
    """Failed ones first, then by name."""
    rows = row.steps.select_related("user").order_by("-state", "user__display_name", "id")
    return sorted(rows[:most], key=lambda one: one.state != StepState.FAILED)


def progress(row: LicensingRun) -> tuple[int, int]:
    """How many changes of the run are settled, of how many."""
    return row.steps.exclude(state=StepState.INTENDED).count(), len(row.changes)
