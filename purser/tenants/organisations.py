"""Founding and finding organisations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q, QuerySet

from purser.kernel import zones
from purser.kernel.errors import Missing, Refused
from purser.postgres import ids, tenancy
from purser.tenants import numbers, search
from purser.tenants.models import PARTNERS, Kind, Organisation, Selling

# Which kind may stand under which. A distributor may sell directly, and is then the partner. Source: architecture,
# Tenancy; acceptance UC-8.
UNDER = {
    Kind.DISTRIBUTOR: {Kind.OPERATOR},
    Kind.RESELLER: {Kind.OPERATOR, Kind.DISTRIBUTOR},
    Kind.CUSTOMER: {Kind.RESELLER, Kind.DISTRIBUTOR},
}
STEPS = 4  # of the tree, from a customer to its operator
_DOMAIN = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}\Z")


@dataclass(frozen=True)
class Card:
    """What one organisation may know of another that it deals with: who it is, and whether it works."""

    id: UUID
    kind: str
    name: str
    number: str
    partner_number: str
    administers: bool
    parent: UUID | None


def found(
    *,
    kind: Kind,
    name: str,
    parent: Organisation | None,
    now: datetime,
    zone: str = "UTC",
    domain: str = "",
    region: str = "",
    contact_name: str = "",
    contact_email: str = "",
    id: UUID | None = None,
) -> Organisation:
    """Make an organisation, in a transaction of its own. Raises Refused for a place in the tree that its kind cannot have,
    or details that are none, and IntegrityError where there is one with this `id`.
    """
    if zone not in zones.names():
        raise Refused(f"{zone!r} is no time zone.", code="zone", hint="Choose one like Europe/Berlin.")
    if parent is not None and parent.kind not in UNDER.get(kind, set()):
        raise Refused(f"A {kind} cannot stand under a {parent.kind}.", code="tree")
    id = id or ids.new()
    with tenancy.acting_in(id):
        made = Organisation.objects.create(
            id=id,
            kind=kind,
            name=named(name),
            parent_id=parent.pk if parent else None,
            distributor_id=distributor_over(parent),
            partner_number=numbers.partner() if kind in PARTNERS else "",
            zone=zone,
            domain=domain_of(domain),
            region=region_of(region),
            contact_name=contact_name.strip()[:200],
            contact_email=email_of(contact_email),
            created_at=now,
        )
        if made.kind == Kind.CUSTOMER and parent is not None:
            Selling.objects.create(partner_id=parent.pk, since=now)
        search.index(made)
        return made


def distributor_over(parent: Organisation | None) -> UUID | None:
    """The distributor whose lists show what stands under this parent; itself where it is one."""
    if parent is None:
        return None
    return parent.pk if parent.kind == Kind.DISTRIBUTOR else parent.distributor_id


def named(text: str) -> str:
    """A name as it is kept. Raises Refused for none."""
    name = " ".join(text.split())
    if not 1 <= len(name) <= 200 or not name.isprintable():  # unseen letters make two names look like one
        raise Refused("An organisation needs a name of 1 to 200 characters, all of which can be seen.", code="name")
    return name


def email_of(text: str) -> str:
    """An e-mail address as it is kept, or nothing. Raises Refused."""
    email = text.strip().lower()
    try:
        if email:
            validate_email(email)
    except ValidationError:
        raise Refused(f"“{text}” is no e-mail address.", code="email") from None
    return email


def domain_of(text: str) -> str:
    """A domain as it is kept: in small letters and ASCII, so that a look-alike shows as what it is. Raises Refused."""
    try:
        domain = text.strip().rstrip(".").encode("idna").decode().lower() if text.strip() else ""
    except UnicodeError:
        domain = "?"
    if domain and not _DOMAIN.match(domain):
        raise Refused(f"“{text}” is no domain.", code="domain", hint="Write it like example.com.")
    return domain


def region_of(text: str) -> str:
    """A country as two letters, or nothing. Raises Refused."""
    region = text.strip().upper()
    if region and not re.fullmatch("[A-Z]{2}", region):
        raise Refused(f"“{text}” is no country code.", code="region", hint="Two letters, like DE.")
    return region


def own() -> Organisation:
    """The organisation acted in. Raises Missing."""
    organisation = Organisation.objects.first()
    if organisation is None:
        raise Missing("There is no such organisation.")
    return organisation


def zone() -> str:
    """The time zone of the organisation acted in."""
    return str(own().zone)


def zone_of(id: UUID) -> str:
    """The time zone of an organisation, read in its own seat: never inside another's transaction."""
    with tenancy.acting_in(id):
        return zone()


def card(id: UUID) -> Card:
    """Who another organisation is, read in its own seat: never inside another's transaction. Raises Missing."""
    with tenancy.acting_in(id):
        row = own()
    return Card(row.pk, row.kind, row.name, row.number, row.partner_number, row.administers, row.parent_id)


def operator_over(id: UUID | None) -> UUID | None:
    """The operator at the root above an organisation, which may be itself; None for a tree without one. Outside any seat.

    Raises Missing for no such organisation.
    """
    here = card(id) if id is not None else None
    for _ in range(STEPS):
        if here is None or here.parent is None:
            break
        here = card(here.parent)
    return here.id if here is not None and here.kind == Kind.OPERATOR else None


def today(*, organisation: Organisation, now: datetime) -> date:
    """The date it is for this organisation."""
    return now.astimezone(ZoneInfo(organisation.zone)).date()


def everyone() -> list[Organisation]:
    """All organisations, for the operator's lists."""
    return list(Organisation.across.order_by("name", "id"))


def under(parent: UUID) -> list[Organisation]:
    """The organisations that stand directly under one, by name; in the operator's or the parent's seat."""
    return list(Organisation.across.filter(parent_id=parent).order_by("name", "id"))


def of_operator(operator: UUID) -> QuerySet[Any, Any]:
    """In the operator's seat: everything that stands under this operator, at any depth of the tree."""
    rows: QuerySet[Any, Any] = Organisation.across.filter(
        Q(parent_id=operator) | Q(parent__parent_id=operator) | Q(distributor__parent_id=operator)
    )
    return rows


def below(operator: UUID, id: UUID) -> Organisation:
    """An organisation that stands under this operator. Takes the operator's seat. Raises Missing for any other."""
    with tenancy.listing_all():
        row: Organisation | None = of_operator(operator).filter(pk=id).first()
    if row is None:
        raise Missing("There is no such organisation.")
    return row


def ids_of_all() -> list[UUID]:
    """Every organisation's id, oldest first; takes the operator's seat. For work that goes tenant by
    tenant.
    """
    with tenancy.listing_all():
        return list(Organisation.across.order_by("id").values_list("id", flat=True))
