"""Collections: users chosen by name, by group, or all with a mailbox, less those left out.

A group is kept as a group, and who is in it is asked whenever the collection is used. Source: acceptance CS-21 to CS-24.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from purser.access import acts, permit
from purser.access.actors import Actor
from purser.directory import groups as directory_groups
from purser.directory.models import Chosen, Collection, Group, Item, Source, User
from purser.kernel.errors import Missing, Refused

MOST = 200  # collections of a tenant
LARGEST = 400  # users and groups named in one; more come by group
FOUND = 20  # users, and as many groups, that a search shows


@dataclass(frozen=True)
class Draft:
    """What a collection is to be. `no_users` and `no_groups` are left out, whatever else they are in."""

    name: str
    all_mailboxes: bool = False
    users: tuple[UUID, ...] = ()
    groups: tuple[UUID, ...] = ()
    no_users: tuple[UUID, ...] = ()
    no_groups: tuple[UUID, ...] = ()

    def things(self) -> list[tuple[str, UUID, bool]]:
        """("user" or "group", id, left out) of each, once, in the order they were named."""
        found = [("user", id, False) for id in self.users] + [("group", id, False) for id in self.groups]
        found += [("user", id, True) for id in self.no_users] + [("group", id, True) for id in self.no_groups]
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Inside:
    """Who is in one or more collections now. `users` are there and switched on, `others` are in but off or have left.

    `cut` says why there may be more than these: from such a reading nobody may be taken out. `loose` says why some of these
    may have to be left out. Both are empty where all is known.
    """

    users: frozenset[UUID]
    others: int = 0
    cut: str = ""
    loose: str = ""


def listed() -> QuerySet[Any, Any]:
    """The collections of the tenant acted in, with `users`, `groups` and `excluded` counted, and whether they are `chosen`."""

    def count(**having: Any) -> Count:
        return Count("items", filter=Q(**{f"items__{name}": value for name, value in having.items()}))

    rows: QuerySet[Any, Any] = Collection.objects.annotate(
        users=count(user__isnull=False, excluded=False),
        groups=count(group__isnull=False, excluded=False),
        excluded=count(excluded=True),
        chosen_now=Exists(Chosen.objects.filter(collection=OuterRef("pk"))),
    )
    return rows


def one(collection: UUID) -> Any:
    """As in `listed`. Raises Missing."""
    row = listed().filter(pk=collection).first()
    if row is None:
        raise Missing("There is no such collection.")
    return row


def items(collection: UUID) -> list[Item]:
    """What is named in it, by name, those left out last."""
    rows = Item.objects.filter(collection_id=collection).select_related("user", "group")
    return sorted(rows, key=lambda item: (item.excluded, item.user_id is not None, str(item.user or item.group), str(item.pk)))


def draft(row: Collection) -> Draft:
    """The collection as a draft to go on from."""
    lists: dict[tuple[str, bool], list[UUID]] = {}
    for item in items(row.pk):
        id = item.user_id or item.group_id
        assert id is not None  # the table has one of the two
        lists.setdefault(("user" if item.user_id else "group", item.excluded), []).append(id)

    def of(kind: str, out: bool) -> tuple[UUID, ...]:
        return tuple(lists.get((kind, out), ()))

    return Draft(row.name, row.all_mailboxes, of("user", False), of("group", False), of("user", True), of("group", True))


def make(actor: Actor, wanted: Draft, *, now: datetime) -> Collection:
    """Raises Refused for a name that is empty or taken in whatever case, Missing for a user or group of nobody here."""
    if Collection.objects.count() >= MOST:
        raise Refused(f"There are {MOST} collections, and that is the most.", code="many", hint="Delete one first.")
    row = Collection(name=_name(wanted.name), all_mailboxes=wanted.all_mailboxes, created_at=now)
    names = _checked(wanted)
    acts.record(
        actor, "collections.create", summary=f"Made the collection {row.name}", of=("collection", row.pk),
        after=_told(wanted, row.name, names), now=now,
    )  # fmt: skip
    _kept(row, lambda: row.save(force_insert=True))
    _put(row, wanted)
    return row


def change(actor: Actor, collection: UUID, wanted: Draft, *, version: int, now: datetime) -> Collection:
    """Make the collection what the draft says, if it is still the one of `version`. Raises as `make` does."""
    row = _locked(collection, version)
    if Chosen.objects.filter(collection=row).exists():  # who is licensed follows it. Source: acceptance CS-13
        permit.check(actor, "auto_licence.write")
    before = draft(row)
    row.name, row.all_mailboxes, row.version = _name(wanted.name, but=row.pk), wanted.all_mailboxes, version + 1
    old, new = _checked(before), _checked(wanted)
    acts.record(
        actor, "collections.edit", summary=f"Changed the collection {row.name}", of=("collection", row.pk),
        before=_told(before, before.name, old), after=_told(wanted, row.name, new), now=now,
    )  # fmt: skip
    _kept(row, lambda: row.save(update_fields=["name", "all_mailboxes", "version"]))
    _put(row, wanted)
    return row


def drop(actor: Actor, collection: UUID, *, version: int, now: datetime) -> None:
    """Delete a collection. Raises Refused while licences follow it: unchoosing it is a decision of its own."""
    row = _locked(collection, version)
    if Chosen.objects.filter(collection=row).exists():
        hint = "Choose others under Auto-License first."
        raise Refused(f"Licences follow the collection {row.name}.", code="chosen", hint=hint)
    before = draft(row)
    acts.record(
        actor, "collections.delete", summary=f"Deleted the collection {row.name}", of=("collection", row.pk),
        before=_told(before, row.name, _checked(before)), now=now,
    )  # fmt: skip
    Item.objects.filter(collection=row).delete()
    row.delete()


def search(text: str) -> tuple[list[User], list[Group]]:
    """Users that are there, and groups of the directory and of our own, whose name or address has the text."""
    text = text.strip()
    if not text:
        return [], []
    like = Q(display_name__icontains=text) | Q(principal_name__icontains=text) | Q(mail__icontains=text)
    users = User.objects.filter(like, gone_at=None).order_by("display_name", "id")[:FOUND]
    named = Group.objects.filter(Q(name__icontains=text) | Q(mail__icontains=text), gone_at=None)
    return list(users), list(named.order_by("name", "id")[:FOUND])


def inside(collections: Iterable[UUID]) -> Inside:
    """Who is in any of the collections now. Whom one leaves out may still be in by another."""
    ids = list(collections)
    rows = Collection.objects.filter(pk__in=ids).order_by("id")
    named = list(Item.objects.filter(collection__in=ids).values_list("collection_id", "user_id", "group_id", "excluded"))
    return _inside([(row.all_mailboxes, [one[1:] for one in named if one[0] == row.pk]) for row in rows])


def inside_draft(wanted: Draft) -> Inside:
    """The same of one that is not stored yet."""
    things = [(id if kind == "user" else None, id if kind == "group" else None, out) for kind, id, out in wanted.things()]
    return _inside([(wanted.all_mailboxes, things)])


Thing = tuple[UUID | None, UUID | None, bool]  # user, group, left out


def _inside(parts: list[tuple[bool, list[Thing]]]) -> Inside:
    groups = {group for _, things in parts for _, group, _ in things if group}
    members = directory_groups.members_of(groups)
    with_mailbox = _with_mailbox() if any(every for every, _ in parts) else set()
    found: set[UUID] = set()
    for every, things in parts:
        chosen: dict[bool, set[UUID]] = {False: set(with_mailbox) if every else set(), True: set()}
        for user, group, out in things:
            chosen[out] |= {user} if user else members.get(group, set()) if group else set()
        found |= chosen[False] - chosen[True]
    there = frozenset(User.objects.filter(pk__in=found, enabled=True, gone_at=None).values_list("pk", flat=True))
    outside = {group for _, things in parts for _, group, out in things if group and out}
    within = {group for _, things in parts for _, group, out in things if group and not out}
    unknown = _unknown(members)
    return Inside(
        there,
        others=len(found) - len(there),
        cut=_unread() or " ".join(unknown[group] for group in unknown if group in within),
        loose=" ".join(unknown[group] for group in unknown if group in outside),
    )


def _with_mailbox() -> set[UUID]:
    return set(User.objects.exclude(mailbox="").filter(gone_at=None).values_list("pk", flat=True))


def _unread() -> str:
    """Why the directory is not known as a whole; "" where it is."""
    source = Source.objects.first()
    if source is None or source.read_at is None:
        return "No directory has been read yet."
    return "" if source.whole else f"The directory was not read as a whole: {source.cut or 'the reading was cut short.'}"


def _unknown(members: Mapping[UUID, set[UUID]]) -> dict[UUID, str]:
    """Groups whose members are not all known, with the reason, by name. Our own are known whenever the directory is."""
    found = {}
    for group in Group.objects.filter(pk__in=list(members)).order_by("name", "id"):
        if group.gone_at is not None:
            found[group.pk] = f"The group {group.name} is no longer in the directory; take it out of the collection."
        elif not group.expanded and not group.expression:
            found[group.pk] = f"Not all members of the group {group.name} are known."
        elif group.hides_members and not members[group.pk]:
            found[group.pk] = f"The directory hides who is in the group {group.name}."
    return found


def _name(text: str, but: UUID | None = None) -> str:
    name = " ".join(text.split())
    if not 1 <= len(name) <= 100:
        raise Refused("A collection needs a name of 1 to 100 characters.", code="name")
    taken = Collection.objects.filter(name__iexact=name).first()
    if taken is not None and taken.pk != but:
        raise _taken(taken.name)
    return name


def _taken(name: str) -> Refused:
    return Refused(f"There is a collection {name} already.", code="name_taken", hint="Choose another name.")


def _kept(row: Collection, save: Callable[[], None]) -> None:
    """Two who take the same name at the same moment: the database lets one of them."""
    try:
        with transaction.atomic():
            save()
    except IntegrityError as wrong:
        if "collection_name_once" not in str(wrong):
            raise
        raise _taken(row.name) from None


def _checked(wanted: Draft) -> Mapping[UUID, str]:
    """The names of all that the draft names. Raises Missing for what is not here, Refused for what is in and left out."""
    things = wanted.things()
    if len(things) > LARGEST:
        raise Refused(
            f"{len(things)} users and groups are named; a collection names at most {LARGEST}.",
            code="large", hint="Put more users in by a group.",
        )  # fmt: skip
    users = {id for kind, id, _ in things if kind == "user"}
    groups = {id for kind, id, _ in things if kind == "group"}
    names = dict(User.objects.filter(pk__in=users).values_list("pk", "display_name"))
    names |= dict(Group.objects.filter(pk__in=groups).values_list("pk", "name"))
    if (users | groups) - names.keys():
        raise Missing("There is no such user or group.")
    both = [names[id] for kind, id, out in things if out and (kind, id, False) in things]
    if both:
        raise Refused(f"{both[0]} is both in the collection and left out of it.", code="both", hint="Take it out once.")
    return names


def _told(wanted: Draft, name: str, names: Mapping[UUID, str]) -> dict[str, Any]:
    def named(ids: Iterable[UUID]) -> list[str]:
        return sorted(names[id] for id in set(ids))

    return {
        "name": name,
        "all_mailboxes": wanted.all_mailboxes,
        "users": named(wanted.users),
        "groups": named(wanted.groups),
        "left_out": named((*wanted.no_users, *wanted.no_groups)),
    }


def _put(row: Collection, wanted: Draft) -> None:
    """Its items become those of the draft; what stays keeps its row."""
    there = {("user" if i.user_id else "group", i.user_id or i.group_id, i.excluded): i.pk for i in row.items.all()}
    things = wanted.things()
    gone = [pk for thing, pk in there.items() if thing not in things]
    Item.objects.filter(pk__in=gone).delete()
    Item.objects.bulk_create(
        Item(collection=row, user_id=id if kind == "user" else None, group_id=id if kind == "group" else None, excluded=out)
        for kind, id, out in things
        if (kind, id, out) not in there
    )


def _locked(collection: UUID, version: int) -> Collection:
    row = Collection.objects.select_for_update().filter(pk=collection).first()
    if row is None:
        raise Missing("There is no such collection.")
    if row.version != version:
        raise Refused("Somebody changed this collection meanwhile.", code="version", hint="Open it again.")
    return row
