"""What a person says of a task: it is done, with what the vendor gave; it cannot be done; or it is to be done after all.

Takes its seats itself: the provider's, then that of the account that goes on. Source: acceptance AC-36; issue of vendors'
tenants, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from uuid import UUID

from purser.access import permit
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.provisioning import desk, places, tasks
from purser.provisioning.models import Account, Instance, Step, StepState, Task, TaskState
from purser.provisioning.steps import TASK
from purser.provisioning.tasks import LONGEST, VERB

# From each state to those it may go to.
TASK_STEPS: dict[str, frozenset[str]] = {
    "open": frozenset({"done", "declined"}),
    "declined": frozenset({"open"}),
    "done": frozenset(),
}


class Changed(Refused):
    """Somebody was faster."""


def confirm(actor: Actor, id: UUID, *, answers: Mapping[str, str], note: str = "", version: int, now: datetime) -> Task:
    """It is done at the vendor. `answers` as `asked` names them. What waits for it goes on.

    Raises Missing, Changed, Refused for answers that cannot be.
    """
    permit.check(actor, VERB)
    with tenancy.acting_in(actor.tenant):
        row = _step(id, TaskState.DONE, version)
        answer = _answers(row, answers)
        tasks.act(actor, row, "Confirmed", {**answer, "note": tasks.note_of(note)}, now)
        tasks.end(row, TaskState.DONE, actor, answer=answer, note=note, now=now)
    _go_on(actor, row)
    return row


def decline(actor: Actor, id: UUID, *, note: str, version: int, now: datetime) -> Task:
    """It cannot be done; the note says why. What waits for it is half done then, and says so."""
    permit.check(actor, VERB)
    if not tasks.note_of(note):
        raise Refused("Say why it cannot be done.", code="note")
    with tenancy.acting_in(actor.tenant):
        row = _step(id, TaskState.DECLINED, version)
        tasks.act(actor, row, "Declined", {"note": tasks.note_of(note)}, now)
        tasks.end(row, TaskState.DECLINED, actor, note=note, now=now)
    _go_on(actor, row)
    return row


def reopen(actor: Actor, id: UUID, *, days: int = 2, version: int, now: datetime) -> Task:
    """One that was declined is to be done after all, from today."""
    permit.check(actor, VERB)
    with tenancy.acting_in(actor.tenant):
        row = _step(id, TaskState.OPEN, version)
        tasks.act(actor, row, "Opened again", {"note": row.note}, now)
        tasks.open_again(row, today=tasks.day_of(now), days=days)
    _go_on(actor, row)
    return row


def _step(id: UUID, to: str, version: int) -> Task:
    """The task, locked. Raises Missing, Changed, Refused for a step that TASK_STEPS does not name."""
    row: Task | None = Task.objects.select_for_update().filter(pk=id).first()
    if row is None:
        raise Missing("There is no such task.")
    if row.version != version:
        raise Changed("Somebody changed this task meanwhile.", code="version", hint="Open it again.")
    if to not in TASK_STEPS[row.state]:
        words = f"The task is “{TaskState(row.state).label}” and cannot become “{TaskState(to).label}”."
        raise Refused(words, code="state", hint="Open it again.")
    return row


def _answers(row: Task, given: Mapping[str, str]) -> dict[str, str]:
    wrong = sorted(set(given) - set(row.answer))
    if wrong:
        raise Refused(f"Nobody asked for {', '.join(wrong)[:100]}.", code="answer")
    found = {name: " ".join(str(given.get(name, "")).split()) for name in row.answer}
    for name, words in tasks.asked(row):
        value = found[name]
        if not value or len(value) > LONGEST or not value.isprintable():
            raise Refused(f"{words}: 1 to {LONGEST} characters are needed.", code="answer", hint="The vendor shows it.")
        if row.words.get("do") == "usage":
            found[name] = _figure(words, value)
    if "id" in found:
        _new(row, found["id"])
    return found


def _figure(words: str, value: str) -> str:
    try:
        figure = Decimal(value)
    except InvalidOperation:
        figure = Decimal(-1)
    if not figure.is_finite() or not 0 <= figure < Decimal(10) ** 18:
        raise Refused(f"{words}: {value[:40]} is no amount.", code="answer", hint="Write it as 12 or 12.5.")
    return format(figure, "f")


def _new(row: Task, id: str) -> None:
    """An id stands for one tenant; "own" is ourselves."""
    Instance.objects.select_for_update().get(pk=row.instance_id)
    same = Task.objects.filter(instance_id=row.instance_id, state=TaskState.DONE, words__do="create", answer__id=id)
    if id == "own" or same.exists():
        raise Refused(f"The tenant {id} is another one already.", code="id_taken", hint="Look at the vendor's own id again.")


def _go_on(actor: Actor, row: Task) -> None:
    """Ask for a run of the account that waits for the task."""
    words = row.words
    if words.get("do") == "usage":
        return
    which = {"reference": words["reference"]} if words.get("do") == "create" else {"remote": words.get("tenant") or "-"}
    with places.listing(actor):
        found = list(Account.across.filter(provider=actor.tenant, instance=row.instance_id, **which))
    for account in found:
        tenant = UUID(str(account.tenant_id))
        with tenancy.acting_in(tenant):
            Step.objects.filter(account_id=account.pk, state=StepState.BUSY, code=TASK).update(retry_at=None)
            desk.later(tenant, account.pk)
