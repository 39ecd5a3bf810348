"""Who belongs to an organisation, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from purser.access import acts, verbs
from purser.access.actors import Actor
from purser.access.models import ApiToken, Membership, Person
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy


@dataclass(frozen=True)
class Place:
    """An organisation a person belongs to."""

    tenant: UUID
    organisation: str
    role: str


def places(person: UUID) -> list[Place]:
    """Where a person belongs, by name. Takes the person's own seat."""
    with tenancy.as_person(person):
        rows = Membership.across.filter(person_id=person).order_by("organisation", "tenant_id")
        return [Place(*row) for row in rows.values_list("tenant_id", "organisation", "role")]


def members() -> list[Membership]:
    """Everyone in the organisation acted in, with their person, by name."""
    return list(Membership.objects.select_related("person").order_by("person__name", "person__email", "id"))


def role_of(kind: str, role: str) -> str:
    """The role, if an organisation of this kind has it. Raises Refused."""
    if role not in verbs.ROLES.get(kind, {}):
        known = ", ".join(verbs.ROLES.get(kind, {}))
        raise Refused(f"There is no role “{role}” here.", code="role", hint=f"The roles are: {known}.")
    return role


def change_role(actor: Actor, membership: UUID, role: str, *, now: datetime) -> None:
    """Give a member another role; it counts from their next request.

    Raises Missing, or Refused where it would leave no owner.
    """
    role = role_of(actor.kind, role)
    row = _locked(membership, keeps_owner=role == verbs.OWNER)
    if row.role == role:
        return
    acts.record(
        actor,
        "people.change_role",
        summary=f"Made {row.person} {role}, before {row.role}",
        of=("person", row.person_id),
        before={"role": row.role},
        after={"role": role},
        now=now,
    )
    row.role = role
    row.save(update_fields=["role"])


def remove(actor: Actor, membership: UUID, *, now: datetime) -> None:
    """Take a member out, and revoke their API tokens here; it counts from their next request.

    Raises Missing, or Refused for the last owner.
    """
    row = _locked(membership, keeps_owner=False)
    acts.record(
        actor,
        "people.remove",
        summary=f"Removed {row.person}",
        of=("person", row.person_id),
        before={"role": row.role, "email": row.person.email},
        now=now,
    )
    ApiToken.objects.filter(person_id=row.person_id, revoked_at=None).update(revoked_at=now)
    row.delete()


def join(*, person: Person, role: str, organisation: str, now: datetime) -> Membership:
    """Make a person a member. Raises Refused for one who is."""
    if Membership.objects.filter(person_id=person.pk).exists():
        raise Refused(f"{person.email} belongs to {organisation} already.", code="member")
    membership = Membership(person=person, role=role, organisation=organisation, created_at=now)
    membership.save(force_insert=True)
    return membership


def _locked(membership: UUID, *, keeps_owner: bool) -> Membership:
    """The membership, locked with all owners' in one order: two owners who remove each other wait, and one
    is told.
    """
    owners = list(Membership.objects.filter(role=verbs.OWNER).order_by("id").select_for_update().values_list("pk", flat=True))
    row: Membership | None = (
        Membership.objects.select_related("person").select_for_update(of=("self",)).filter(pk=membership).first()
    )
    if row is None:
        raise Missing("There is no such person here.")
    if owners == [row.pk] and not keeps_owner:
        raise Refused(
            f"{row.person} is the only owner of {row.organisation}.",
            code="last_owner",
            hint="Make somebody else an owner first.",
        )
    return row
