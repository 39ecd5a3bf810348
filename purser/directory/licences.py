"""Who is licensed since when: rows are opened and ended at the moment it happens, and a user has one open at most.

Source: acceptance CS-26, CS-29, CS-42.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet, Value
from django.db.models.functions import Greatest

from purser.access import acts
from purser.access.actors import Actor
from purser.directory.models import Cause, Licence, User
from purser.kernel.errors import Missing, Refused

LARGEST = 50_000  # users of one bulk act
NAMED = 20  # of them by name in the act
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class Answer:
    """What came of giving or taking one user's licence: `ok` when it was changed, else `text` says why not."""

    user: UUID
    name: str
    ok: bool
    text: str


def give(actor: Actor, users: Iterable[UUID], *, now: datetime) -> list[Answer]:
    """License each of the users by hand. Raises Missing when one of them is nobody here, Refused for too many at once."""
    rows = _rows(users)
    there = open_of(rows)
    new = [row for row in rows.values() if row.pk not in there and row.gone_at is None]
    if new:
        _record(actor, "Licensed", new, now)
        _open(new, Cause.HAND, actor.name, now)
    return [_given(row, there.get(row.pk)) for row in rows.values()]


def take(actor: Actor, users: Iterable[UUID], *, now: datetime) -> list[Answer]:
    """End the licence of each of the users, whoever gave it. Raises as `give` does."""
    rows = _rows(users)
    there = open_of(rows)
    held = [row for row in rows.values() if row.pk in there]
    if held:
        _record(actor, "Took the licence of", held, now)
        _end(Licence.objects.filter(user__in=[row.pk for row in held]), actor.name, now)
    return [
        Answer(row.pk, row.display_name, row.pk in there, "" if row.pk in there else "Had no licence.")
        for row in rows.values()
    ]


def open_one(user: User, *, by: str, now: datetime) -> None:
    """Auto-License gives one; nothing where there is one by now."""
    _open([user], Cause.AUTO, by, now)


def end_one(user: UUID, *, by: str, now: datetime) -> bool:
    """Auto-License takes one back, never one that was given by hand. Whether there was one to take."""
    return _end(Licence.objects.filter(user_id=user, cause=Cause.AUTO), by, now) > 0


def open_of(users: Iterable[UUID] | None = None) -> Mapping[UUID, Licence]:
    """The open licences of the tenant acted in, or of these users, by user."""
    rows = Licence.objects.filter(until=None)
    if users is not None:
        rows = rows.filter(user__in=list(users))
    return {row.user_id: row for row in rows}


def of_user(user: UUID) -> tuple[User, list[Licence]]:
    """A user and their licences, the newest first. Raises Missing."""
    row = User.objects.filter(pk=user).first()
    if row is None:
        raise Missing("There is no such user.")
    return row, list(row.licences.order_by("-since", "-id"))


def _given(row: User, held: Licence | None) -> Answer:
    if held is not None:
        return Answer(row.pk, row.display_name, False, f"Is licensed already, since {held.since:%d %B %Y}.")
    if row.gone_at is not None:
        return Answer(row.pk, row.display_name, False, "Has left the directory.")
    return Answer(row.pk, row.display_name, True, "")


def _rows(users: Iterable[UUID]) -> dict[UUID, User]:
    """Locked, so that two who give and take at once do so one after the other."""
    wanted = set(users)
    if len(wanted) > LARGEST:
        raise Refused(f"{len(wanted)} users at once; at most {LARGEST} are.", code="many", hint="Filter the list first.")
    rows = {row.pk: row for row in User.objects.filter(pk__in=wanted).select_for_update().order_by("id")}
    if wanted - rows.keys():
        raise Missing("There is no such user.")
    return dict(sorted(rows.items(), key=lambda item: (item[1].display_name, str(item[0]))))


def _record(actor: Actor, words: str, rows: list[User], now: datetime) -> None:
    names = [row.display_name for row in rows]
    many = f"{len(names)} users" if len(names) > 1 else names[0]
    acts.record(
        actor, "licences.write", summary=f"{words} {many}", of=("user", rows[0].pk) if len(rows) == 1 else None,
        after={"users": names[:NAMED], "count": len(names)}, now=now,
    )  # fmt: skip


def _open(rows: Iterable[User], cause: Cause, by: str, now: datetime) -> None:
    """The unique key lets one of two through who give at the same moment."""
    new = [Licence(user=row, since=now, cause=cause, by_name=by[:254]) for row in rows]
    Licence.objects.bulk_create(new, batch_size=2000, ignore_conflicts=True)


def _end(rows: QuerySet[Any, Any], by: str, now: datetime) -> int:
    """At `now`, and after the beginning even where another machine's clock runs ahead."""
    ends = Greatest(Value(now), F("since") + _INSTANT)
    return int(rows.filter(until=None).update(until=ends, ended_by_name=by[:254]))
