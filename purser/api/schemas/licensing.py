"""Collections, licences and Auto-License."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Answer, Out, Sent
from purser.directory import auto, collections, licences, licensing_runs
from purser.directory.models import AutoLicensing, Item, Licence, LicensingRun, LicensingStep, User

Ids = Annotated[list[UUID], Field(max_length=collections.LARGEST)]
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class NamedThing(Out):
    """A user or a group that a collection names. `left_out`: whoever it is, is not in the collection by anything else."""

    id: UUID
    name: str
    kind: str = Field(description="`user` or `group`", examples=["group"])
    left_out: bool


class Collection(Out):
    """`version` is to be sent back with a change. `chosen`: licences follow it."""

    id: UUID
    name: str
    all_mailboxes: bool
    chosen: bool
    version: int
    items: list[NamedThing]


class Wanted(Sent):
    """All of a collection. A group stays a group: who is in it is asked whenever the collection is used."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["Head office"])]
    all_mailboxes: bool = False
    users: Ids = []
    groups: Ids = []
    left_out_users: Ids = []
    left_out_groups: Ids = []

    def draft(self) -> collections.Draft:
        return collections.Draft(
            self.name,
            self.all_mailboxes,
            tuple(self.users),
            tuple(self.groups),
            tuple(self.left_out_users),
            tuple(self.left_out_groups),
        )


class LicencesChanged(Wanted):
    version: Annotated[int, Field(ge=1)]


class LicensedPerson(Out):
    id: UUID
    name: str
    principal_name: str
    mail: str


class Inside(Out):
    """Who is in it now: there and switched on; `others` are in it but off or have left.

    `cut` says why there may be more, and `loose` why some may have to be left out; "" where all is known.
    """

    count: int
    others: int
    cut: str
    loose: str
    users: list[LicensedPerson] = Field(description=f"The first {collections.LARGEST} by name.")


class UsersFound(Out):
    users: list[LicensedPerson]
    groups: list[NamedThing]


class Held(Out):
    """A licence from when it was given until it was taken; `until` is null while it is held. `cause`: auto or hand."""

    id: UUID
    since: datetime
    until: datetime | None
    cause: str
    by: str
    ended_by: str


class OfUser(Out):
    user: LicensedPerson
    licensed: bool
    licences: list[Held]


class UserIds(Sent):
    users: Annotated[list[UUID], Field(min_length=1, max_length=1000)]


class Auto(Out):
    """How licences follow the directory. `hour` is in the tenant's zone. The limits bound one run without a person: its plan
    waits when it gives or takes back the licences of more than `limit_percent` percent of the users compared (who are
    licensed or are to be), and of at least `limit_least`. What a person gives by a run does not count.
    """

    on: bool
    take_back: bool
    clear_synced: bool
    hour: int
    limit_percent: int
    limit_least: int
    collections: list[UUID]
    next_at: datetime | None
    version: int


class ChangeAuto(Sent):
    on: bool = False
    take_back: bool = False
    clear_synced: bool = False
    hour: Annotated[int, Field(ge=0, le=23)] = 2
    limit_percent: Annotated[int, Field(ge=0, le=100)] = 20
    limit_least: Annotated[int, Field(ge=1, le=100_000)] = 5
    collections: Annotated[list[UUID], Field(max_length=auto.MOST)]
    version: Annotated[int, Field(ge=0, description="0 before anything was saved.")]

    def rules(self) -> auto.Rules:
        return auto.Rules(**self.model_dump(exclude={"collections", "version"}))


class AskRun(Sent):
    dry: Annotated[bool, Field(description="A preview: a plan to read, and nothing is changed.")] = False


class LicenceChange(Out):
    """`after`: licensed then, or not."""

    user: UUID
    name: str
    principal_name: str
    after: bool


class StepOfRun(Out):
    user: UUID
    name: str
    after: bool
    state: str
    text: str


class LicensingDoubt(Out):
    code: str
    text: str


class RunOfLicences(Out):
    """`digest` is to be sent back with an approval, which holds for exactly these `changes`. `open`: a person can decide it.

    `already`: members who were licensed before.
    """

    id: UUID
    cause: str
    dry: bool
    state: str
    open: bool
    started_at: datetime
    ended_at: datetime | None
    by: str
    text: str
    digest: str
    added: int
    already: int
    removed: int
    failed: int
    doubts: list[LicensingDoubt]
    changes: list[LicenceChange]
    steps: list[StepOfRun]


class AskedRun(Out):
    """`new` is false when one was under way, which will do."""

    run: UUID
    new: bool


class Approve(Sent):
    digest: Digest


class SetAside(Sent):
    reason: Annotated[str, Field(min_length=1, max_length=300)]


def collection(row: Any, items: Iterable[Item]) -> Collection:
    return Collection(
        id=row.pk,
        name=row.name,
        all_mailboxes=row.all_mailboxes,
        chosen=row.chosen_now,
        version=row.version,
        items=[named(item) for item in items],
    )


def named(item: Item) -> NamedThing:
    thing = item.user or item.group
    assert thing is not None
    return NamedThing(id=thing.pk, name=str(thing), kind="user" if item.user_id else "group", left_out=item.excluded)


def person(row: User) -> LicensedPerson:
    return LicensedPerson(id=row.pk, name=row.display_name, principal_name=row.principal_name, mail=row.mail)


def inside(found: collections.Inside) -> Inside:
    rows = User.objects.filter(pk__in=found.users).order_by("display_name", "id")[: collections.LARGEST]
    return Inside(
        count=len(found.users), others=found.others, cut=found.cut, loose=found.loose, users=[person(row) for row in rows]
    )


def answers(found: Iterable[licences.Answer]) -> list[Answer]:
    return [Answer(id=one.user, ok=one.ok, text=one.text) for one in found]


def of_user(row: User, held: Sequence[Licence]) -> OfUser:
    licensed = any(one.until is None for one in held)
    return OfUser(user=person(row), licensed=licensed, licences=[_held(one) for one in held])


def _held(row: Licence) -> Held:
    return Held(id=row.pk, since=row.since, until=row.until, cause=row.cause, by=row.by_name, ended_by=row.ended_by_name)


def auto_licence(row: AutoLicensing, chosen: Iterable[Any]) -> Auto:
    return Auto(**vars(auto.rules_of(row)), collections=[one.pk for one in chosen], next_at=row.next_at, version=row.version)


def run(row: LicensingRun, steps: Iterable[LicensingStep]) -> RunOfLicences:
    return RunOfLicences(
        id=row.pk,
        cause=row.cause,
        dry=row.dry,
        state=row.state,
        open=licensing_runs.waiting(row),
        started_at=row.started_at,
        ended_at=row.ended_at,
        by=row.by_name,
        text=row.text,
        digest=row.digest,
        added=row.added,
        already=row.already,
        removed=row.removed,
        failed=row.failed,
        doubts=[LicensingDoubt(code=one["code"], text=one["text"]) for one in row.doubts],
        changes=[LicenceChange(**one) for one in row.changes],
        steps=[
            StepOfRun(user=one.user_id, name=one.user.display_name, after=one.after, state=one.state, text=one.text)
            for one in steps
        ],
    )
