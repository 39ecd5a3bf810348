"""What people do at vendors that have no interface: asked for by flows, due on a day, withdrawn, and told of when overdue.

A task is a row of the provider. Source: acceptance AC-36; issue of vendors' tenants, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction
from django.db.models import Q

from purser.access import actors, acts
from purser.access.actors import Actor
from purser.connectors.ports.tasks import Ask, State, Told
from purser.kernel.errors import Missing
from purser.notices import outbox
from purser.postgres import tenancy
from purser.provisioning.models import Account, Instance, Task, TaskState
from purser.tenants import organisations

VERB = "tasks.confirm"
READ = "accounts.read"
MOST_DAYS = 60  # working days until a task is due
LONGEST = 100  # of an answer
LONGEST_NOTE = 500
TOLD = 10  # titles in a notice
PURSER = "Purser"
REMOVES = ("suspend", "delete")
GOES_ON = (*REMOVES, "usage")  # of an account that is being removed

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
                open_again(row, today=day_of(self._clock()), days=self._days)
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
        today = day_of(now)
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


def withdraw(account: Account, *, kept: bool = False, now: datetime) -> None:
    """The account is being removed: what was to be made or changed for it is not done any more; `kept`: its removal was given
    up, and is not done any more. Purser declines these tasks, and opens them again where they are asked for once more. Takes
    the provider's seat."""
    its = Q(words__reference=account.reference) | Q(words__tenant=account.remote or "-")
    with tenancy.acting_in(account.provider):
        open_ = Task.objects.select_for_update().filter(its, instance_id=account.instance, state=TaskState.OPEN)
        over = open_.filter(words__do__in=REMOVES) if kept else open_.exclude(words__do__in=GOES_ON)
        for row in over.order_by("made_at", "id"):
            worker = actors.system(PURSER, tenant=account.provider, organisation=organisations.own().name)
            note = f"{account.name} {'is kept' if kept else 'is being removed'}: it is not needed any more."
            act(worker, row, "Withdrawn", {"note": note}, now)
            end(row, TaskState.DECLINED, worker, note=note, now=now)


def providers() -> list[UUID]:
    """Who has accounts at vendors, and so may have tasks. Takes the operator's seat."""
    with tenancy.listing_all():
        return list(Account.across.order_by("provider").values_list("provider", flat=True).distinct())


def remind(provider: UUID, *, now: datetime) -> int:
    """Tell a provider's people what is overdue; how much. Takes its seat."""
    with tenancy.acting_in(provider):
        late = overdue(today=day_of(now))
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


def act(actor: Actor, row: Task, what: str, after: Mapping[str, Any], now: datetime) -> None:
    """In the provider's record."""
    acts.record(actor, VERB, summary=f"{what}: {row.title}"[:300], of=("task", row.pk), after=after, now=now)


def end(row: Task, to: str, actor: Actor, *, answer: dict[str, str] | None = None, note: str, now: datetime) -> None:
    """It is done, or will not be; who says so, and why."""
    row.state, row.ended_at, row.ended_by_name, row.note = to, now, actor.name[:254], note_of(note)
    if answer is not None:
        row.answer = answer
    row.version += 1
    row.save(update_fields=["state", "ended_at", "ended_by_name", "note", "answer", "version"])


def open_again(row: Task, *, today: date, days: int) -> None:
    """To be done after all, in so many working days."""
    row.state, row.ended_at, row.ended_by_name, row.due_on = TaskState.OPEN, None, "", due_on(today, days)
    row.version += 1
    row.save(update_fields=["state", "ended_at", "ended_by_name", "due_on", "version"])


def day_of(now: datetime) -> date:
    """The day where the organisation acted in is."""
    return now.astimezone(ZoneInfo(organisations.zone())).date()


def note_of(note: str) -> str:
    """As it is kept."""
    return " ".join(note.split())[:LONGEST_NOTE]
