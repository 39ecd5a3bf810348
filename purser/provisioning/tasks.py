"""What people do at vendors that have no interface: asked for by flows, done until a day, confirmed or declined.

A task is a row of the provider. Whoever confirms or declines one takes its seats itself: the provider's, then that of the
account that goes on. Source: acceptance AC-36; issue of vendors' tenants, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q

from purser.access import actors, acts, permit
from purser.access.actors import Actor
from purser.connectors.ports.tasks import Ask, State, Told
from purser.kernel.errors import Missing, Refused
from purser.notices import outbox
from purser.postgres import tenancy
from purser.provisioning import desk, places
from purser.provisioning.models import Account, Instance, Step, StepState, Task, TaskState
from purser.provisioning.steps import TASK
from purser.tenants import organisations

VERB = "tasks.confirm"
READ = "accounts.read"
MOST_DAYS = 60  # working days until a task is due
LONGEST = 100  # of an answer
LONGEST_NOTE = 500
TOLD = 10  # titles in a notice
PURSER = "Purser"
GOES_ON = ("suspend", "delete", "usage")  # of an account that is being removed

# From each state to those it may go to.
TASK_STEPS: dict[str, frozenset[str]] = {
    "open": frozenset({"done", "declined"}),
    "declined": frozenset({"open"}),
    "done": frozenset(),
}
DO = {
    "create": "Make a tenant",
    "rename": "Rename a tenant",
    "suspend": "Suspend a tenant",
    "resume": "Resume a tenant",
    "delete": "Delete a tenant",
    "switch": "Set what a tenant may use",
    "user": "Make a user",
    "user_gone": "Delete a user",
    "usage": "Tell what was used",
}
# What each of a task's words is called, in the order of the page.
LABELS = {
    "do": "What", "organisation": "Organisation", "tenant": "Tenant at the vendor", "kind": "Kind of tenant", "name": "Name",
    "parent": "Under the tenant", "reference": "Our reference", "number": "Account number", "contact": "Contact",
    "login": "User name", "email": "E-mail", "on": "To be on", "off": "To be off", "month": "Month",
}  # fmt: skip
ANSWERS = {"id": "The vendor's id of the tenant"}


class Changed(Refused):
    """Somebody was faster."""


class Desk:
    """The port's other half for one instance: each call commits for itself."""

    def __init__(self, instance: Instance, *, days: int, clock: Callable[[], datetime]) -> None:
        """`days`: working days until a task is due."""
        self._provider, self._instance = UUID(str(instance.tenant_id)), instance.pk
        self._days, self._clock = days, clock

    def ask(self, ask: Ask) -> Told:
        with tenancy.acting_in(self._provider):
            row = _of(self._instance, ask.key)
            if row is None:
                row = self._made(ask)
            elif row.state == TaskState.DECLINED and row.ended_by_name == PURSER:
                _open(row, today=_today(self._clock()), days=self._days)
            if row.state == TaskState.OPEN and (row.title, row.words) != (ask.title, dict(ask.words)):
                row.title, row.words, row.version = ask.title, dict(ask.words), row.version + 1
                row.save(update_fields=["title", "words", "version"])
            return _told(row)

    def done(self) -> Sequence[Told]:
        with tenancy.acting_in(self._provider):
            rows = Task.objects.filter(instance_id=self._instance, state=TaskState.DONE).order_by("ended_at", "id")
            return [_told(row) for row in rows]

    def _made(self, ask: Ask) -> Task:
        now = self._clock()
        today = _today(now)
        try:
            with transaction.atomic():
                row: Task = Task.objects.create(
                    instance_id=self._instance, key=ask.key, title=ask.title, words=dict(ask.words),
                    answer=dict.fromkeys(ask.answers, ""), made_at=now, due_on=due_on(today, self._days),
                )  # fmt: skip
                return row
        except IntegrityError:  # asked for at the same moment
            found = _of(self._instance, ask.key)
            assert found is not None
            return found


def due_on(today: date, days: int) -> date:
    """The last of so many working days after today; Saturdays and Sundays are none."""
    day = today
    for _ in range(days):
        day += timedelta(days=1)
        while day.weekday() >= 5:
            day += timedelta(days=1)
    return day


def find(id: UUID) -> Task:
    """A task of the organisation acted in. Raises Missing."""
    row: Task | None = Task.objects.select_related("instance").filter(pk=id).first()
    if row is None:
        raise Missing("There is no such task.")
    return row


def overdue(*, today: date) -> list[Task]:
    """Open tasks of the organisation acted in whose day has passed, the oldest first."""
    return list(Task.objects.filter(state=TaskState.OPEN, due_on__lt=today).order_by("due_on", "id"))


def facts(row: Task) -> list[tuple[str, str]]:
    """What is to be done, in words, field by field."""
    words = {name: str(row.words.get(name) or "") for name in LABELS}
    words["do"] = DO.get(words["do"], words["do"])
    if words["parent"] == "own":
        words["parent"] = ""
    return [(LABELS[name], value) for name, value in words.items() if value]


def asked(row: Task) -> list[tuple[str, str]]:
    """What the person tells in return, by name, with its words."""
    return [(name, ANSWERS.get(name, f"Used of {name}")) for name in row.answer]


def confirm(actor: Actor, id: UUID, *, answers: Mapping[str, str], note: str = "", version: int, now: datetime) -> Task:
    """It is done at the vendor. `answers` as `asked` names them. What waits for it goes on.

    Raises Missing, Changed, Refused for answers that cannot be.
    """
    permit.check(actor, VERB)
    with tenancy.acting_in(actor.tenant):
        row = _step(id, TaskState.DONE, version)
        answer = _answers(row, answers)
        _act(actor, row, "Confirmed", {**answer, "note": _note(note)}, now)
        _end(row, TaskState.DONE, actor, answer=answer, note=note, now=now)
    _go_on(actor, row)
    return row


def decline(actor: Actor, id: UUID, *, note: str, version: int, now: datetime) -> Task:
    """It cannot be done; the note says why. What waits for it is half done then, and says so."""
    permit.check(actor, VERB)
    if not _note(note):
        raise Refused("Say why it cannot be done.", code="note")
    with tenancy.acting_in(actor.tenant):
        row = _step(id, TaskState.DECLINED, version)
        _act(actor, row, "Declined", {"note": _note(note)}, now)
        _end(row, TaskState.DECLINED, actor, note=note, now=now)
    _go_on(actor, row)
    return row


def reopen(actor: Actor, id: UUID, *, days: int = 2, version: int, now: datetime) -> Task:
    """One that was declined is to be done after all, from today."""
    permit.check(actor, VERB)
    with tenancy.acting_in(actor.tenant):
        row = _step(id, TaskState.OPEN, version)
        _act(actor, row, "Opened again", {"note": row.note}, now)
        _open(row, today=_today(now), days=days)
    _go_on(actor, row)
    return row


def withdraw(account: Account, *, now: datetime) -> None:
    """The account is being removed: what was to be made or changed for it is not done any more. Purser declines these tasks,
    and opens them again where they are asked for once more. Takes the provider's seat."""
    its = Q(words__reference=account.reference) | Q(words__tenant=account.remote or "-")
    with tenancy.acting_in(account.provider):
        open_ = Task.objects.select_for_update().filter(its, instance_id=account.instance, state=TaskState.OPEN)
        for row in open_.exclude(words__do__in=GOES_ON).order_by("made_at", "id"):
            worker = actors.system(PURSER, tenant=account.provider, organisation=organisations.own().name)
            note = f"{account.name} is being removed: it is not needed any more."
            _act(worker, row, "Withdrawn", {"note": note}, now)
            _end(row, TaskState.DECLINED, worker, note=note, now=now)


def providers() -> list[UUID]:
    """Who has accounts at vendors, and so may have tasks. Takes the operator's seat."""
    with tenancy.listing_all():
        return list(Account.across.order_by("provider").values_list("provider", flat=True).distinct())


def remind(provider: UUID, *, now: datetime) -> int:
    """Tell a provider's people what is overdue; how much. Takes its seat."""
    with tenancy.acting_in(provider):
        late = overdue(today=_today(now))
        if late:
            lines = [f"{row.title}: due on {row.due_on}" for row in late[:TOLD]]
            lines += [f"and {len(late) - TOLD} more"] if len(late) > TOLD else []
            subject = "1 task at a vendor is overdue" if len(late) == 1 else f"{len(late)} tasks at vendors are overdue"
            outbox.post(
                "task_overdue", audience=provider, subject=subject, lines=lines, page="vendor_tasks", by_job=True, now=now
            )
    return len(late)


def _of(instance: UUID, key: str) -> Task | None:
    found: Task | None = Task.objects.select_for_update().filter(instance_id=instance, key=key).first()
    return found


def _told(row: Task) -> Told:
    return Told(row.key, cast("State", row.state), row.due_on, row.words, row.answer, row.note, row.ended_at)


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
    for name, words in asked(row):
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


def _act(actor: Actor, row: Task, what: str, after: Mapping[str, Any], now: datetime) -> None:
    acts.record(actor, VERB, summary=f"{what}: {row.title}"[:300], of=("task", row.pk), after=after, now=now)


def _end(row: Task, to: str, actor: Actor, *, answer: dict[str, str] | None = None, note: str, now: datetime) -> None:
    row.state, row.ended_at, row.ended_by_name, row.note = to, now, actor.name[:254], _note(note)
    if answer is not None:
        row.answer = answer
    row.version += 1
    row.save(update_fields=["state", "ended_at", "ended_by_name", "note", "answer", "version"])


def _open(row: Task, *, today: date, days: int) -> None:
    row.state, row.ended_at, row.ended_by_name, row.due_on = TaskState.OPEN, None, "", due_on(today, days)
    row.version += 1
    row.save(update_fields=["state", "ended_at", "ended_by_name", "due_on", "version"])


def _today(now: datetime) -> date:
    return now.astimezone(ZoneInfo(organisations.zone())).date()


def _note(note: str) -> str:
    return " ".join(note.split())[:LONGEST_NOTE]


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
