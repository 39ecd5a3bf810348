"""The operator founds partners, stops them and lets them go on. Customers come by orders (orders.py).

Each call acts in two organisations, with an act in each. Source: acceptance CS-1; reliability P22.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from purser.access import actors, acts, invitations, verbs
from purser.access.actors import Actor
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

    Raises Refused for details that are none; nothing is kept then.
    """
    email = invitations.address(wanted.contact)
    if wanted.kind not in PARTNERS:
        raise Refused(f"A {wanted.kind} is not founded here.", code="kind", hint="Customers come with their orders.")
    with tenancy.acting_in(actor.tenant):
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
        issued = invitations.invite(guest, email=email, role=verbs.OWNER, kind=made.kind, now=now)
    with tenancy.acting_in(actor.tenant):
        acts.record(
            actor, "operator.organisations.found", summary=f"Founded the {made.kind} {made.name}",
            of=("organisation", made.pk), after=told, now=now,
        )  # fmt: skip
    return Founded(made, issued)


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
