"""From a directory's entry to a member: who it is, with which role, let in or kept out.

A person who exists is joined, never renamed or given another address: they may belong to others, too, and their account is
theirs. The directory ends what is the organisation's own, the membership. Source: decision S-3; reliability P22.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.models import EmailAddress

from purser.access import acts, domains, people, verbs
from purser.access.actors import Actor
from purser.access.identity import DirectoryGroup, DirectoryMember, DirectoryUser
from purser.access.models import CustomRole, Membership, Person
from purser.kernel.errors import Missing, Refused


def address_of(values: Mapping[str, Any], user_name: str) -> str:
    """The address that an entry is known by: the primary one, else the first, else the user name; "" for none."""
    found = [one for one in values.get("emails") or [] if isinstance(one, dict) and one.get("value")]
    primary = next((one["value"] for one in found if one.get("primary")), found[0]["value"] if found else user_name)
    text = str(primary).strip().lower()
    return text if "@" in text and len(text) <= 254 else ""


def place(actor: Actor, row: DirectoryUser, *, was_active: bool | None, now: datetime) -> None:
    """Bring the membership in line with the entry as it is now; `was_active` is None for a new one.

    Raises Refused where it would keep out the last who heads the organisation, or the person has another entry.
    """
    if row.person_id is None:
        row.person = _person(row)
        if row.person is None:
            return
        if DirectoryUser.objects.filter(person=row.person).exclude(pk=row.pk).exists():
            raise Refused(f"{row.person.email} has another entry in this directory.", code="taken")
        held = _membership(row)
        row.role_before = _role_text(held) if held is not None else ""
        row.save(update_fields=["person", "role_before"])
    held = _membership(row)
    if held is None:
        if row.active:
            _join(actor, row, now)
        return
    said = row.active != (was_active is not False)  # nothing new is said: who was suspended by hand stays so
    if said and row.active == (held.suspended_at is not None):
        people.suspend(actor, held.pk, suspended=not row.active, now=now)


def settle(actor: Actor, users: Iterable[UUID], *, before: Mapping[UUID, str], now: datetime) -> None:
    """Give members the role of their groups, after groups or what they give changed; `before` is what they gave.

    Whom no group gives a role any more gets back what they had before the directory. Raises Refused where it would leave
    nobody who heads the organisation.
    """
    rows = DirectoryUser.objects.filter(pk__in=list(users), person__isnull=False).order_by("id")
    given = roles_given(actor.kind, [row.pk for row in rows])
    for row in rows:
        role = given.get(row.pk, "")
        held = _membership(row)
        if held is None or (not role and not before.get(row.pk, "")):
            continue
        wanted = role or row.role_before or weakest(actor.kind)
        if wanted != _role_text(held):
            people.change_role(actor, held.pk, wanted, now=now)


def roles_given(kind: str, users: Iterable[UUID]) -> dict[UUID, str]:
    """The strongest role that the groups of each user give; nothing for those without."""
    found: dict[UUID, str] = {}
    rows = DirectoryMember.objects.filter(user_id__in=list(users)).exclude(group__role="")
    for user, role in rows.values_list("user_id", "group__role"):
        if user not in found or _rank(kind, role) < _rank(kind, found[user]):
            found[user] = role
    return found


def remove(actor: Actor, row: DirectoryUser, *, now: datetime) -> None:
    """Take the entry out, and the member with it. Raises Refused for the last who heads the organisation."""
    held = _membership(row)
    if held is not None:
        people.remove(actor, held.pk, now=now)
    DirectoryMember.objects.filter(user=row).delete()
    row.delete()


def place_waiting(actor: Actor, *, now: datetime) -> int:
    """Place the entries that waited for their domain to be proven; how many came in."""
    count = 0
    for row in DirectoryUser.objects.filter(person=None, active=True).order_by("id"):
        try:
            place(actor, row, was_active=None, now=now)
        except Refused:
            continue  # it says so on the page of the directory
        count += row.person_id is not None
    return count


def give(actor: Actor, group: UUID, role: str, *, now: datetime) -> DirectoryGroup:
    """Say what the members of a group are here; "" for nothing. It counts from their next request.

    Raises Missing, or Refused for an unknown role, or where it would leave nobody who heads the organisation.
    """
    row: DirectoryGroup | None = DirectoryGroup.objects.select_for_update().filter(pk=group).first()
    if row is None:
        raise Missing("There is no such group here.")
    if role and role not in dict(choices(actor.kind)):
        raise Refused(f"There is no role “{role}” here.", code="role")
    users = list(DirectoryMember.objects.filter(group=row).values_list("user_id", flat=True))
    before = roles_given(actor.kind, users)
    words = dict(choices(actor.kind))
    acts.record(
        actor,
        "directory.configure",
        summary=f"Members of {row.name} are {words[role]}" if role else f"{row.name} gives no role",
        of=("directory group", row.pk),
        before={"role": words.get(row.role, row.role)},
        after={"role": words.get(role, role)},
        now=now,
    )
    row.role = role
    row.save(update_fields=["role"])
    settle(actor, users, before=before, now=now)
    return row


def choices(kind: str) -> list[tuple[str, str]]:
    """The roles that a group can give, with their names: the kind's, then the organisation's own."""
    own = CustomRole.objects.order_by("name").values_list("pk", "name")
    return [*((role, role) for role in verbs.ROLES[kind]), *((str(id), name) for id, name in own)]


def weakest(kind: str) -> str:
    """What somebody is whom no group gives a role."""
    return list(verbs.ROLES[kind])[-1]


def _person(row: DirectoryUser) -> Person | None:
    """Whom the entry means, made where nobody has the address; None while the address is in no proven domain."""
    email = address_of(row.values, row.user_name)
    if not email or not domains.covers(email):
        return None
    found = Person.objects.filter(email=email).first()
    if found is None:
        person = Person(email=email, name=_name(row.values))
        person.set_unusable_password()
        person.save(force_insert=True)
        EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
        return person
    return found


def _name(values: Mapping[str, Any]) -> str:
    name = values.get("name") or {}
    parts = " ".join(filter(None, [name.get("givenName"), name.get("familyName")]))
    return str(values.get("displayName") or name.get("formatted") or parts)[:200]


def _join(actor: Actor, row: DirectoryUser, now: datetime) -> None:
    assert row.person is not None
    given = roles_given(actor.kind, [row.pk]).get(row.pk, "")
    first = weakest(actor.kind)
    acts.record(
        actor,
        "people.join",
        summary=f"{row.person} joined as {first}, by the directory",
        of=("person", row.person_id),
        after={"email": row.person.email, "role": first},
        now=now,
    )
    made = people.join(person=row.person, role=first, organisation=actor.organisation, now=now)
    if given and given != first:
        people.change_role(actor, made.pk, given, now=now)


def _membership(row: DirectoryUser) -> Membership | None:
    held: Membership | None = Membership.objects.filter(person_id=row.person_id).first() if row.person_id else None
    return held


def _role_text(held: Membership) -> str:
    """The role as people.change_role takes it."""
    return str(held.own_role_id) if held.own_role_id is not None else str(held.role)


def _rank(kind: str, role: str) -> tuple[int, str]:
    """Strongest first; the organisation's own roles come after its head."""
    roles = list(verbs.ROLES[kind])
    return (roles.index(role) * 2 if role in roles else 1), role
