"""The operator founds partners, stops them and lets them go on. Customers come by orders (orders.py), or whoever administers
their directory founds them, invited by their partner (joining.py).

Each call acts in two organisations, with an act in each. Source: acceptance CS-1, CS-8; reliability P22.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import IntegrityError

from purser.access import actors, acts, invitations, often, people, verbs
from purser.access.actors import Actor
from purser.access.models import Person
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.tenants import organisations, tree
from purser.tenants.models import PARTNERS, Kind, Organisation


@dataclass(frozen=True)
class Partner:
    """What a partner is founded with. `contact` is the address that becomes its first owner; `distributor` the Partner ID of
    the one above a reseller, empty where it stands directly under the operator.
    """

    kind: str
    name: str
    contact: str
    zone: str = "UTC"
    domain: str = ""
    region: str = ""
    distributor: str = ""


@dataclass(frozen=True)
class Founded:
    organisation: Organisation
    issued: invitations.Issued


def found(actor: Actor, wanted: Partner, *, now: datetime) -> Founded:
    """Found a distributor or a reseller and invite its first owner; the caller sends the link. Takes its seats itself.

    Raises Refused for details that are none, and often.TooOften for the contact; nothing is kept then.
    """
    email = invitations.address(wanted.contact)
    if wanted.kind not in PARTNERS:
        raise Refused(f"A {wanted.kind} is not founded here.", code="kind", hint="Customers come with their orders.")
    with tenancy.acting_in(actor.tenant):
        often.check("operator.organisations.found", email, now=now)
        parent = organisations.own()
    if wanted.distributor:
        parent = _distributor(actor.tenant, wanted.distributor)
    made = organisations.found(
        kind=Kind(wanted.kind), name=wanted.name, parent=parent, now=now, zone=wanted.zone, domain=wanted.domain,
        region=wanted.region, contact_email=email,
    )  # fmt: skip
    told = {"name": made.name, "kind": made.kind, "zone": made.zone, "contact": email, "under": parent.name}
    with tenancy.acting_in(made.pk):
        guest = actors.guest(actor, tenant=made.pk, organisation=made.name, kind=made.kind)
        acts.record(guest, "operator.organisations.found", summary="Founded", after=told, now=now)
        issued = invitations.first(guest, email=email, kind=made.kind, now=now)
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, "operator.organisations.found", summary=f"Founded the {made.kind} {made.name}",
            of=("organisation", made.pk), after={**told, "email": email}, now=now,
        )  # fmt: skip
    return Founded(made, issued)


@dataclass(frozen=True)
class Tenant:
    """What a tenant is founded with by whoever administers its directory. `person` is its first administrator, new (unsaved,
    with a `password`) or known.
    """

    name: str
    zone: str
    person: Person
    password: str | None


def found_tenant(actor: Actor, wanted: Tenant, *, under: Organisation, now: datetime) -> Organisation:
    """Found a customer under a partner, with its first administrator, in one transaction. Takes its seats itself; `actor` is
    that person, as of the new tenant, whose id is the directory's own: it is the Tenant ID that its people know, and no second
    organisation can have it.

    Raises Refused for details that are none, and where an organisation has this id. Source: acceptance CS-8.
    """
    person, email = wanted.person, wanted.person.email
    with tenancy.acting_in(actor.tenant):
        try:
            made = organisations.found(
                id=actor.tenant, kind=Kind.CUSTOMER, name=wanted.name, parent=under, now=now, zone=wanted.zone,
                contact_name=person.name, contact_email=email,
            )  # fmt: skip
        except IntegrityError:
            raise here_already(actor.tenant) from None
        told = {"name": made.name, "zone": made.zone, "email": email, "under": under.name, "directory": actor.tenant}
        acts.record(actor, "tenants.accept", summary="Founded by its administrator", after=told, now=now)
        if person._state.adding:
            person.set_password(wanted.password)
            person.save(force_insert=True)
            EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
        people.join(person=person, role=verbs.ADMINISTRATOR, organisation=made.name, now=now)
    return made


def here_already(directory: UUID) -> Refused:
    """A company has one tenant here, whoever brought it."""
    return Refused(
        f"The tenant {directory} is here already.",
        code="tenant_exists",
        hint="A Tenant Admin of it signs in with the account they have here, and opens the link of the invitation then.",
    )


def suspend(actor: Actor, organisation: UUID, *, why: str, now: datetime) -> Organisation:
    """From now on nobody signs in there and nobody acts from there; open sessions end with their next request. Takes its
    seats itself. Raises Missing for none of this operator's, Refused without a reason or where it is so already.
    """
    return _turn(actor, organisation, on=True, why=why, now=now)


def resume(actor: Actor, organisation: UUID, *, why: str, now: datetime) -> Organisation:
    """The opposite: consents that were given and are not over hold again."""
    return _turn(actor, organisation, on=False, why=why, now=now)


def _turn(actor: Actor, organisation: UUID, *, on: bool, why: str, now: datetime) -> Organisation:
    why = " ".join(why.split())[:500]
    if not why:
        raise Refused("Say why: the organisation's record keeps it.", code="reason")
    target = organisations.below(actor.tenant, organisation)
    words = "Suspended" if on else "Let it work again"
    with tenancy.acting_in(organisation):
        guest = actors.guest(actor, tenant=organisation, organisation=target.name, kind=target.kind)
        acts.record(guest, "operator.organisations.suspend", summary=words, after={"why": why}, now=now)
        if on:
            tree.suspend(now=now)
        else:
            tree.resume()
        row = organisations.own()
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, "operator.organisations.suspend", summary=f"{words}: {target.name}", of=("organisation", organisation),
            after={"why": why}, now=now,
        )  # fmt: skip
    return row


def _distributor(operator: UUID, number: str) -> Organisation:
    with tenancy.listing_all():
        rows = organisations.of_operator(operator).filter(partner_number=number, kind=Kind.DISTRIBUTOR)
        row: Organisation | None = rows.first()
    if row is None:
        raise Refused(f"No distributor has the Partner ID {number!r}.", code="partner_id")
    return row
