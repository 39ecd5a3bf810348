"""Groups of users: those that the directory has, with the members it named, and dynamic ones of ours, found anew each time.

The vendor's own dynamic distribution groups cannot be listed; ours stand in for them. Source: acceptance CS-22, CS-23.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from purser.access import acts, permit
from purser.access.actors import Actor
from purser.directory import expressions
from purser.directory.models import Group, Item, Member, User
from purser.kernel.errors import Missing, Refused

DYNAMIC = "dynamic"  # the kind of ours
VERB = "users.group"

_COLUMNS = ("department", "job_title", "mail", "principal_name", "display_name", "mailbox", "enabled", "guest")
_OF_CARD = ("company", "office", "employee_type")
_OF_ADDRESS = ("country", "city", "state")


def members_of(groups: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Who is in each of these groups now, by id of group and user; nobody in one that is gone, or of no such id.

    Of the directory's groups as they were last read, with the members of groups in them; of ours by their expressions.
    Users who left the directory are in none.
    """
    found: dict[UUID, set[UUID]] = {id: set() for id in groups}
    there = Group.objects.filter(pk__in=found, gone_at=None)
    pairs = Member.objects.filter(group__in=there, user__gone_at=None).values_list("group_id", "user_id")
    for group, user in pairs.iterator(chunk_size=5_000):
        found[group].add(user)
    ours = {row.pk: expressions.parse(row.expression) for row in there.exclude(expression="")}
    if ours:
        for user, values in _everyone():
            for id, expression in ours.items():
                if expressions.matches(expression, values):
                    found[id].add(user)
    return found


def _everyone() -> Iterable[tuple[UUID, expressions.Values]]:
    rows = User.objects.filter(gone_at=None).only("id", "tenant_id", *_COLUMNS, "card")
    for row in rows.iterator(chunk_size=2_000):
        yield row.pk, values_of(row)


def values_of(user: User) -> expressions.Values:
    """A user's attributes as expressions name them."""
    card, address = user.card, user.card.get("address") or {}
    return {
        **{name: getattr(user, name) for name in _COLUMNS},
        **{name: card.get(name, "") for name in _OF_CARD},
        **{name: address.get(name, "") for name in _OF_ADDRESS},
        **(card.get("attributes") or {}),
    }


def listed() -> QuerySet[Group]:
    return Group.objects.filter(gone_at=None)


def find(id: UUID) -> Group:
    """Raises Missing."""
    row: Group | None = Group.objects.filter(pk=id).first()
    if row is None:
        raise Missing("There is no such group.")
    return row


def members(group: Group) -> QuerySet[User]:
    """The users in a group, by name."""
    return User.objects.filter(pk__in=members_of([group.pk])[group.pk]).order_by("display_name", "id")


def of_user(user: User) -> list[Group]:
    """The groups a user is in, by name; none for one who left."""
    if user.gone_at is not None:
        return []
    values = values_of(user)
    dynamic = listed().exclude(expression="")
    ours = [row.pk for row in dynamic if expressions.matches(expressions.parse(row.expression), values)]
    named = Member.objects.filter(user=user).values("group_id")
    return list(listed().filter(Q(pk__in=ours) | Q(pk__in=named)).order_by("name", "id"))


@dataclass(frozen=True)
class Preview:
    """Who an expression matches: how many of how many, and the first of them by name. `written` is it in our spelling."""

    written: str
    count: int
    of: int
    users: tuple[User, ...]


def preview(text: str, *, most: int = 50) -> Preview:
    """Raises Refused(code="expression") with the column and what was expected there."""
    expression = expressions.parse(text)
    of, matched = 0, []
    for of, (user, values) in enumerate(_everyone(), start=1):  # noqa: B007  # the last is the number
        if expressions.matches(expression, values):
            matched.append(user)
    shown = User.objects.filter(pk__in=matched).order_by("display_name", "id")[:most]
    return Preview(expressions.written(expression), len(matched), of, tuple(shown))


# Ours: made, changed, dropped


@transaction.atomic
def make(actor: Actor, *, name: str, expression: str, now: datetime) -> Group:
    """Raises Refused for an expression that cannot be read, or a name that is empty or taken."""
    permit.check(actor, VERB)
    kept = _kept(name, expression)
    _free(kept["name"])
    acts.record(actor, VERB, summary=f"Made the dynamic group {kept['name']}", of=("user_group", ""), after=kept, now=now)
    row: Group = Group.objects.create(kind=DYNAMIC, expanded=True, seen_at=now, **kept)
    return row


@transaction.atomic
def change(actor: Actor, id: UUID, *, name: str, expression: str, version: int, now: datetime) -> Group:
    """Raises Missing, and Refused as `make` does, for a group of the directory, and for an old version."""
    permit.check(actor, VERB)
    row = _ours(id)
    if row.version != version:
        raise Refused(f"Somebody changed the group {row.name} meanwhile.", code="version", hint="Open it again.")
    kept = _kept(name, expression)
    _free(kept["name"], but=id)
    before = {"name": row.name, "expression": row.expression}
    summary = f"Changed the dynamic group {row.name}"
    acts.record(actor, VERB, summary=summary, of=("user_group", id), before=before, after=kept, now=now)
    row.name, row.expression, row.version = kept["name"], kept["expression"], version + 1
    row.save(update_fields=["name", "expression", "version"])
    return row


@transaction.atomic
def drop(actor: Actor, id: UUID, *, now: datetime) -> None:
    """Raises Missing, and Refused for a group of the directory or one that a collection holds."""
    permit.check(actor, VERB)
    row = _ours(id)
    held = sorted(set(Item.objects.filter(group=row).values_list("collection__name", flat=True)))
    if held:
        text = f"The group {row.name} is in {len(held)} collections: {', '.join(held[:5])}."
        raise Refused(text, code="held", hint="Take it out of them first.")
    before = {"name": row.name, "expression": row.expression}
    acts.record(actor, VERB, summary=f"Dropped the dynamic group {row.name}", of=("user_group", id), before=before, now=now)
    row.delete()


def _ours(id: UUID) -> Group:
    row: Group | None = Group.objects.select_for_update().filter(pk=id).first()
    if row is None:
        raise Missing("There is no such group.")
    if not row.expression:
        raise Refused(f"{row.name} is a group of the directory: change it there.", code="read")
    return row


def _kept(name: str, expression: str) -> Mapping[str, str]:
    name = " ".join(name.split())
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise Refused("A group needs a name of 1 to 100 characters, all of which can be seen.", code="name")
    expressions.parse(expression)
    return {"name": name, "expression": expression.strip()}  # as typed: in our spelling it might be longer than may be read


def _free(name: str, *, but: UUID | None = None) -> None:
    same = Group.objects.filter(key="", name=name)
    if (same.exclude(pk=but) if but else same).exists():
        raise Refused(f"There is a dynamic group {name} already.", code="taken")
