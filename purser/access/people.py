"""Who belongs to an organisation, and as what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from purser.access import acts, giving, verbs
from purser.access.actors import Actor
from purser.access.giving import Role
from purser.access.models import ApiToken, CustomRole, Membership, Person
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.tenants import packages
from purser.tenants.models import PackageStock


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


def belongs(person: UUID | None, tenant: UUID) -> bool:
    """Whether a person is one of an organisation's people, working there or suspended. Takes its seat."""
    if person is None:
        return False
    with tenancy.acting_in(tenant):
        return Membership.objects.filter(person_id=person).exists()


def members() -> list[Membership]:
    """Everyone in the organisation acted in, with their person, by name."""
    return list(Membership.objects.select_related("person", "own_role").order_by("person__name", "person__email", "id"))


def one(membership: UUID) -> Membership:
    """One member of the organisation acted in, with their person. Raises Missing."""
    row: Membership | None = Membership.objects.select_related("person", "own_role", "tenant").filter(pk=membership).first()
    if row is None:
        raise Missing("There is no such person here.")
    return row


def change_role(actor: Actor, membership: UUID, role: str, *, now: datetime) -> None:
    """Give a member another role, one of the kind's or (by its id) one of the organisation's own; it counts from their
    next request. Takes its seats itself.

    Raises Missing, or Refused where it would leave nobody who heads the organisation, would give more than the actor may,
    or the actor is there on behalf and the member works where they come from.
    """
    change_roles(actor, {membership: role}, now=now)


def change_roles(actor: Actor, wanted: Mapping[UUID, str], *, now: datetime) -> None:
    """The same for several members, in their order: all or none."""
    refuse_insiders(actor, wanted)
    with tenancy.acting_in(actor.tenant):
        for membership, role in wanted.items():
            _change_role(actor, membership, giving.find(actor.kind, role), now)


def _change_role(actor: Actor, membership: UUID, role: Role, now: datetime) -> None:
    row = _locked(membership, kind=actor.kind, keeps_head=role.role == verbs.HEAD[actor.kind])
    held = Role(actor.kind, row.role, row.own_role)
    giving.check(actor, role, had=held.verbs_here())
    if held.text == role.text:
        return
    acts.record(
        actor,
        "people.change_role",
        summary=f"Made {row.person} {role.name}, before {held.name}",
        of=("person", row.person_id),
        before={"role": held.name},
        after={"role": role.name},
        now=now,
    )
    row.role, row.own_role = role.role, role.own
    row.save(update_fields=["role", "own_role"])


def refuse_insiders(actor: Actor, memberships: Iterable[UUID]) -> None:
    """Nobody who acts on behalf of a tenant gives anything there to people of the organisation they come from: it would
    outlive the consent. Outside any seat; for an actor who is not there on behalf it says nothing. Raises Refused.

    Source: reliability P17.
    """
    if actor.home is None:
        return
    with tenancy.acting_in(actor.tenant):
        rows = Membership.objects.filter(pk__in=list(memberships))
        people = dict(rows.values_list("person_id", "person__email"))
    with tenancy.acting_in(actor.home):
        ours = Membership.objects.filter(person_id__in=people).order_by("id").values_list("person_id", flat=True).first()
    if ours is not None:
        raise Refused(
            f"{people[ours]} works for {actor.home_name}, and you are here by the consent of {actor.organisation}.",
            code="insider",
            hint=f"An administrator of {actor.organisation}'s own decides what they may here.",
        )


def remove(actor: Actor, membership: UUID, *, now: datetime) -> None:
    """Take a member out, and revoke their API tokens here; it counts from their next request.

    Raises Missing, or Refused for the last who heads the organisation.
    """
    row = _locked(membership, kind=actor.kind, keeps_head=False)
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


def suspend(actor: Actor, membership: UUID, *, suspended: bool, now: datetime) -> None:
    """Keep a member out, or let them in again, from their next request; nothing of theirs is lost. Takes its seats itself.

    Raises Missing, or Refused for the last who heads the organisation, where it is so already, or where somebody on behalf
    would let in one of the people where they come from.
    """
    if not suspended:
        refuse_insiders(actor, [membership])
    with tenancy.acting_in(actor.tenant):
        _suspend(actor, membership, suspended, now)


def _suspend(actor: Actor, membership: UUID, suspended: bool, now: datetime) -> None:
    row = _locked(membership, kind=actor.kind, keeps_head=not suspended)
    if (row.suspended_at is not None) == suspended:
        raise Refused(f"{row.person} is {'' if suspended else 'not '}suspended already.", code="same")
    words = f"Suspended {row.person}" if suspended else f"Let {row.person} in again"
    acts.record(actor, "people.suspend", summary=words, of=("person", row.person_id), after={"suspended": suspended}, now=now)
    row.suspended_at = now if suspended else None
    row.save(update_fields=["suspended_at"])


def set_partner_administrator(actor: Actor, membership: UUID, *, on: bool, now: datetime) -> None:
    """Let a member act in the tenants of customers who agreed, or no longer; it counts from their next request.

    Raises Missing, or Refused before operations enabled this organisation, and for a member without a paid package.
    Source: acceptance UC-2, UC-7, UC-10.
    """
    row = _one(membership)
    if on and not row.tenant.administers:
        raise Refused(
            f"{row.organisation} is not enabled to administer customers.",
            code="not_enabled",
            hint="Request enabling under Partner administration; operations answers.",
        )
    if on and not packages.paid(row.package):
        raise Refused(
            f"{row.person} has {row.package or 'no package'}; a partner administrator needs a paid one.",
            code="package",
            hint="Give the person a paid package first.",
        )
    if row.partner_administrator == on:
        return
    words = f"Made {row.person} a partner administrator" if on else f"{row.person} is no partner administrator any more"
    acts.record(
        actor,
        "people.partner_administrator",
        summary=words,
        of=("person", row.person_id),
        before={"partner_administrator": row.partner_administrator},
        after={"partner_administrator": on},
        now=now,
    )
    row.partner_administrator = on
    row.save(update_fields=["partner_administrator"])


def set_package(actor: Actor, membership: UUID, package: str, *, now: datetime) -> None:
    """Give a member a package, or none (""). Raises Missing, or Refused where none of it is left.

    A partner administrator who no longer has a paid package cannot act for customers. Source: acceptance UC-2, UC-17.
    """
    row = _one(membership)
    if package and package not in packages.PACKAGES:
        raise Refused(f"There is no package “{package}”.", code="package")
    if row.package == package:
        return
    if package:
        stock = PackageStock.objects.select_for_update().filter(package=package).first()
        total, used = stock.total if stock else 0, Membership.objects.filter(package=package).count()
        if used >= total:
            raise Refused(f"All {total} licences of {package} are used.", code="package_used_up", hint="Order more.")
    acts.record(
        actor,
        "people.package",
        summary=f"Gave {row.person} {package}" if package else f"Took {row.package} from {row.person}",
        of=("person", row.person_id),
        before={"package": row.package},
        after={"package": package},
        now=now,
    )
    row.package = package
    row.save(update_fields=["package"])


def join(*, person: Person, role: str, organisation: str, now: datetime, own: CustomRole | None = None) -> Membership:
    """Make a person a member; with the role CUSTOM by the organisation's `own`. Raises Refused for one who is."""
    if Membership.objects.filter(person_id=person.pk).exists():
        raise Refused(f"{person.email} belongs to {organisation} already.", code="member")
    membership = Membership(person=person, role=role, own_role=own, organisation=organisation, created_at=now)
    membership.save(force_insert=True)
    return membership


def _one(membership: UUID) -> Membership:
    rows = Membership.objects.select_related("person", "tenant").select_for_update(of=("self",))
    row: Membership | None = rows.filter(pk=membership).first()
    if row is None:
        raise Missing("There is no such person here.")
    return row


def _locked(membership: UUID, *, kind: str, keeps_head: bool) -> Membership:
    """The membership, locked with all heads' in one order: two owners who remove each other wait, and one
    is told.
    """
    head = verbs.HEAD[kind]
    heads = Membership.objects.filter(role=head, suspended_at=None).order_by("id").select_for_update()
    held = list(heads.values_list("pk", flat=True))
    row: Membership | None = (
        Membership.objects.select_related("person", "own_role").select_for_update(of=("self",)).filter(pk=membership).first()
    )
    if row is None:
        raise Missing("There is no such person here.")
    if held == [row.pk] and not keeps_head:
        raise Refused(
            f"{row.person} is the only {head} of {row.organisation}.",
            code="last_owner",
            hint=f"Make somebody else an {head} first.",
        )
    return row
