"""The mirror: what readings said, as rows. Sets of rows are written, never one by one; call it in the source's seat.

Law 2: nobody is gone by a reading that is not whole, and then no member leaves a group.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, models

from purser.connectors.ports import directory as port
from purser.directory.models import Group, Member, User
from purser.reconcile.model import Reading

BATCH = 1_000

_USER_COLUMNS = ("principal_name", "display_name", "mail", "department", "job_title", "enabled", "guest", "listed")
_GROUP_COLUMNS = ("name", "kind", "mail", "description", "rule", "hides_members")
_CARD = tuple(f.name for f in fields(port.User) if f.name not in (*_USER_COLUMNS, "id"))

V = TypeVar("V")
M = TypeVar("M", bound=models.Model)


def all_of(reading: Reading[V]) -> port.Changes[V]:
    """A reading of everything, from a directory that cannot say what changed."""
    return port.Changes(reading.items, frozenset(), "", True, reading.at, reading.whole, reading.cut)


@dataclass(frozen=True)
class Difference:
    """What a part would change: rows to write, and ids of rows that are gone. `names` are of the new, changed, and gone."""

    new: tuple[Any, ...] = ()
    changed: tuple[Any, ...] = ()
    gone: tuple[UUID, ...] = ()
    gone_names: tuple[str, ...] = ()
    seen: frozenset[str] | None = field(default=None, repr=False)  # keys; None: all that are there

    def bound(self) -> list[list[str]]:
        """What a person's word is bound to."""
        return [sorted(row.key for row in self.new), sorted(row.key for row in self.changed), sorted(map(str, self.gone))]


def users(part: port.Changes[port.User]) -> Difference:
    """What this would change among the users; writes nothing."""
    held = {row.key: row for row in _held(User, part)}
    return _difference(part, held, {key: user_columns(user) for key, user in part.items.items()}, User, "display_name")


def groups(part: port.Changes[port.Group]) -> Difference:
    """What this would change among the directory's groups; ours are not looked at."""
    held = {row.key: row for row in _held(Group, part)}
    return _difference(part, held, {key: group_columns(group) for key, group in part.items.items()}, Group, "name")


def _held(model: type[M], part: port.Changes[Any]) -> Iterable[M]:
    rows = model._default_manager.exclude(key="")
    return rows if part.full else rows.filter(key__in=[*part.items, *part.gone])


def _difference(
    part: port.Changes[Any], held: Mapping[str, Any], columns: Mapping[str, dict[str, Any]], model: Any, name: str
) -> Difference:
    new, changed = [], []
    for key, wanted in columns.items():
        row = held.get(key)
        if row is None:
            new.append(model(key=key, **wanted))
        elif row.gone_at is not None or any(getattr(row, column) != value for column, value in wanted.items()):
            for column, value in {**wanted, "gone_at": None}.items():
                setattr(row, column, value)
            changed.append(row)
    leaving: list[Any] = []
    if part.whole:
        missing = held.keys() - part.items.keys() if part.full else part.gone - part.items.keys()
        leaving = sorted((held[key] for key in missing if key in held and held[key].gone_at is None), key=lambda r: str(r.pk))
    return Difference(
        tuple(new),
        tuple(changed),
        tuple(row.pk for row in leaving),
        tuple(getattr(row, name) for row in leaving),
        None if part.whole else frozenset(part.items),
    )


def write_users(difference: Difference, *, now: datetime) -> None:
    _write(User, difference, (*_USER_COLUMNS, "card"), now)


def write_groups(difference: Difference, *, now: datetime) -> None:
    """A new group has no members until they are read: it is not expanded."""
    _write(Group, difference, _GROUP_COLUMNS, now)


def _write(model: Any, difference: Difference, columns: tuple[str, ...], now: datetime) -> None:
    rows = [*difference.new, *difference.changed]
    for row in rows:
        row.seen_at = now
    model.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=[*columns, "gone_at", "seen_at"],
    )
    model.objects.filter(pk__in=difference.gone).update(gone_at=now)
    there = model.objects.exclude(key="").filter(gone_at=None)
    (there if difference.seen is None else there.filter(key__in=difference.seen)).update(seen_at=now)


def present_users() -> list[port.User]:
    """All users that are there, as the directory gave them."""
    return [user(row) for row in User.objects.filter(gone_at=None).order_by("id").iterator(chunk_size=2_000)]


def anybody() -> bool:
    return User.objects.filter(gone_at=None).exists()


def present_groups(*, only_unknown: bool = False) -> list[port.Group]:
    """The directory's groups that are there: all, or only those whose members are not known to the end."""
    rows = Group.objects.exclude(key="").filter(gone_at=None)
    return [group(row) for row in (rows.filter(expanded=False) if only_unknown else rows).order_by("id")]


def write_mailboxes(reading: Reading[port.Mailbox], asked: Collection[str]) -> None:
    """Whose mailbox is of which kind. Of those asked for, who has none loses the mark only by a whole reading."""
    by_purpose: dict[str, list[str]] = {}
    for key, box in reading.items.items():
        by_purpose.setdefault(box.purpose, []).append(key)
    if reading.whole:
        by_purpose[""] = sorted(set(asked) - reading.items.keys())
    for purpose, keys in sorted(by_purpose.items()):
        User.objects.filter(key__in=keys).exclude(mailbox=purpose).update(mailbox=purpose)


def write_members(members: Mapping[str, port.Members], *, asked: Collection[str], drop: bool) -> None:
    """Put users in the groups that were expanded, and with `drop` out of those that no longer name them.

    A group that was asked for and not expanded keeps its members and is marked, as is one with a user whom we do not know
    yet: both are asked for again with the next reading.
    """
    ids = dict(Group.objects.filter(key__in=[*asked, *members]).exclude(key="").values_list("key", "pk"))
    known = dict(User.objects.values_list("key", "pk"))
    wanted: set[tuple[UUID, UUID]] = set()
    whole: set[UUID] = set()
    for key, one in members.items():
        if key not in ids:
            continue
        wanted |= {(ids[key], known[user]) for user in one.users if user in known}
        if one.users <= known.keys():
            whole.add(ids[key])
    expanded = [ids[key] for key in members if key in ids]
    held = {(row[0], row[1]): row[2] for row in Member.objects.filter(group__in=expanded).values_list("group", "user", "pk")}
    joining = sorted(wanted - held.keys())
    if len(joining) > BATCH:
        _plan_anew()
    Member.objects.bulk_create([Member(group_id=g, user_id=u) for g, u in joining], batch_size=5 * BATCH)
    left = held.keys() - wanted
    if not drop:
        whole -= {group for group, _ in left}  # asked for again, or who left would stay for good
    else:
        leaving = [held[pair] for pair in left]
        for at in range(0, len(leaving), 10 * BATCH):
            Member.objects.filter(pk__in=leaving[at : at + 10 * BATCH]).delete()
    Group.objects.filter(pk__in=whole, expanded=False).update(expanded=True)
    Group.objects.filter(pk__in=set(ids.values()) - whole, expanded=True).update(expanded=False)


def moves(members: Mapping[str, port.Members], *, drop: bool) -> tuple[int, int]:
    """How many memberships would begin and end by `write_members`, also those of users and groups not yet there."""
    rows = Member.objects.filter(group__key__in=list(members), group__gone_at=None, user__gone_at=None)
    held = set(rows.values_list("group__key", "user__key"))
    wanted = {(key, user) for key, one in members.items() for user in one.users}
    return len(wanted - held), len(held - wanted) if drop else 0


def moved_mailboxes(reading: Reading[port.Mailbox], asked: Collection[str]) -> int:
    """How many users would get another mark by `write_mailboxes`."""
    held = dict(User.objects.filter(key__in=asked).values_list("key", "mailbox"))
    wanted = {key: box.purpose for key, box in reading.items.items()}
    keys = asked if reading.whole else wanted
    return sum(held.get(key, "") != wanted.get(key, "") for key in keys)


def _plan_anew() -> None:
    """Forget the plans of this connection: those that check foreign keys were perhaps made when users were few, and would
    read all of the many that are new for each member."""
    with connection.cursor() as cursor:
        cursor.execute("DISCARD PLANS")


# Our rows and the port's values


def user_columns(one: port.User) -> dict[str, Any]:
    """`card` is what has no column, as plain JSON."""
    card = asdict(one)
    card["attributes"] = dict(one.attributes)
    return {
        "principal_name": one.principal_name[:254],
        "display_name": one.display_name[:256],
        "mail": one.mail[:254],
        "department": one.department[:256],
        "job_title": one.job_title[:256],
        "enabled": one.enabled,
        "guest": one.guest,
        "listed": one.listed,
        "card": {name: _plain(card[name]) for name in _CARD},
    }


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def user(row: User) -> port.User:
    card = dict(row.card)
    card["address"] = port.Address(**(card.get("address") or {}))
    card["attributes"] = tuple(sorted((card.get("attributes") or {}).items()))
    for name in ("aliases", "business_phones"):
        card[name] = tuple(card.get(name) or ())
    return port.User(id=row.key, **{name: getattr(row, name) for name in _USER_COLUMNS}, **card)


def group_columns(one: port.Group) -> dict[str, Any]:
    return {
        "name": one.name[:256],
        "kind": one.kind,
        "mail": one.mail[:254],
        "description": one.description[:1024],
        "rule": one.rule,
        "hides_members": one.hides_members,
    }


def group(row: Group) -> port.Group:
    return port.Group(id=row.key, **{name: getattr(row, name) for name in _GROUP_COLUMNS})
