"""Founding and finding organisations."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from purser.kernel.errors import Missing, Refused
from purser.postgres import ids, tenancy
from purser.tenants.models import Kind, Organisation

# Which kind may stand under which. Source: architecture, Tenancy.
UNDER = {
    Kind.DISTRIBUTOR: {Kind.OPERATOR},
    Kind.RESELLER: {Kind.OPERATOR, Kind.DISTRIBUTOR},
    Kind.CUSTOMER: {Kind.RESELLER},
}


def found(*, kind: Kind, name: str, parent: Organisation | None, now: datetime, zone: str = "UTC") -> Organisation:
    """Make an organisation, in a transaction of its own. Raises Refused for a place in the tree that its
    kind cannot have.
    """
    name = name.strip()
    if not name:
        raise Refused("An organisation needs a name.", code="name")
    if zone not in available_timezones():
        raise Refused(f"{zone!r} is no time zone.", code="zone", hint="Choose one like Europe/Berlin.")
    if parent is not None and parent.kind not in UNDER.get(kind, set()):
        raise Refused(f"A {kind} cannot stand under a {parent.kind}.", code="tree")
    id = ids.new()
    with tenancy.acting_in(id):
        return Organisation.objects.create(
            id=id, kind=kind, name=name, parent_id=parent.pk if parent else None, zone=zone, created_at=now
        )


def own() -> Organisation:
    """The organisation acted in. Raises Missing."""
    organisation = Organisation.objects.first()
    if organisation is None:
        raise Missing("There is no such organisation.")
    return organisation


def today(*, organisation: Organisation, now: datetime) -> date:
    """The date it is for this organisation."""
    return now.astimezone(ZoneInfo(organisation.zone)).date()


def everyone() -> list[Organisation]:
    """All organisations, for the operator's lists."""
    return list(Organisation.across.order_by("name", "id"))


def under(parent: UUID) -> list[Organisation]:
    """The organisations that stand directly under one, by name; in the operator's seat."""
    return list(Organisation.across.filter(parent_id=parent).order_by("name", "id"))


def ids_of_all() -> list[UUID]:
    """Every organisation's id, oldest first; takes the operator's seat. For work that goes tenant by
    tenant.
    """
    with tenancy.listing_all():
        return list(Organisation.across.order_by("id").values_list("id", flat=True))
