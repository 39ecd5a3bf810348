"""What the operator does: organisations, orders, rules, and looking in in an emergency."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Line, Out, Sent
from purser.api.schemas.partners import Email
from purser.partners import founding, orders
from purser.partners.models import whose
from purser.tenants.models import Grant, Organisation

PartnerId = Annotated[str, Field(max_length=9, examples=["P12345678"])]
Name = Annotated[str, Field(max_length=200)]
Zone = Annotated[str, Field(max_length=60, examples=["Europe/Berlin"])]
Domain = Annotated[str, Field(max_length=253)]
Region = Annotated[str, Field(pattern="^([A-Za-z]{2})?$", examples=["DE"])]


class Node(Out):
    """An organisation in the tree. `partner_number` is its Partner ID where it sells; `administers`: it was enabled."""

    id: UUID
    kind: str
    name: str
    number: str
    partner_number: str
    under: UUID | None
    distributor: UUID | None
    domain: str
    region: str
    zone: str
    administers: bool
    suspended_at: datetime | None
    created_at: datetime


class Found(Sent):
    """`contact` becomes the first owner, by an invitation; `distributor` is the Partner ID of the one above a reseller."""

    kind: Literal["distributor", "reseller"]
    name: Annotated[str, Field(min_length=1, max_length=200)]
    contact: Email
    zone: Zone = "UTC"
    domain: Domain = ""
    region: Region = ""
    distributor: PartnerId = ""


class Order(Sent):
    """`reseller` and `distributor` are Partner IDs; `distributor` is empty where there is none. `customer` is the Tenant ID of
    one that exists, or empty: then the order founds it. `packages` are added to what the tenant has. `number` is the order's
    own: with it an order that is sent twice takes effect once.
    """

    reseller: PartnerId
    distributor: PartnerId = ""
    customer: Annotated[str, Field(max_length=12)] = ""
    name: Name = ""
    domain: Domain = ""
    region: Region = ""
    zone: Zone = "UTC"
    contact_name: Name = ""
    contact_email: Annotated[str, Field(max_length=254)] = ""
    number: Annotated[str, Field(max_length=80, examples=["SO-10042"])] = ""
    packages: Annotated[dict[str, int], Field(max_length=20, examples=[{"UnifyEnterprise": 5}])] = {}


class HalfDone(Out):
    """An order that was cut off, or is under way. `given_at` says when the customer got what it brings: then it can only be
    completed. `undoable` is false while it was tried a short time ago.
    """

    id: UUID
    number: str
    customer: str
    reseller: str
    packages: dict[str, int]
    taken_by: str
    tried_at: datetime
    given_at: datetime | None
    undoable: bool


class Why(Sent):
    why: Line


class MoveCustomer(Sent):
    """`to` is the Partner ID of the new partner."""

    to: Annotated[str, Field(min_length=1, max_length=9)]


class Decide(Sent):
    """The partner reads why."""

    approve: bool
    why: Line


class Regions(Out):
    """Countries where both sides confirm the data-processing agreement before a consent can be given."""

    regions: list[str]


class Require(Sent):
    region: Annotated[str, Field(pattern="^[A-Za-z]{2}$", examples=["DE"])]
    required: bool


class Emergency(Sent):
    """The organisation reads it."""

    reason: Annotated[str, Field(min_length=10, max_length=500)]


class Look(Out):
    """An emergency look that waits for a colleague (`approved_at` is null) or holds until `ends_at`."""

    organisation: UUID
    reason: str
    asked_by: str
    asked_at: datetime
    approved_by: str
    approved_at: datetime | None
    ends_at: datetime | None


def node(row: Organisation) -> Node:
    return Node(
        id=row.pk,
        kind=row.kind,
        name=row.name,
        number=row.number,
        partner_number=row.partner_number,
        under=row.parent_id,
        distributor=row.distributor_id,
        domain=row.domain,
        region=row.region,
        zone=row.zone,
        administers=row.administers,
        suspended_at=row.suspended_at,
        created_at=row.created_at,
    )


def half_done(one: orders.HalfDone) -> HalfDone:
    row = one.row
    return HalfDone(
        id=row.pk,
        number=row.number,
        customer=row.customer_name,
        reseller=row.content["reseller"],
        packages=row.content["packages"],
        taken_by=row.taken_by_name,
        tried_at=row.tried_at,
        given_at=one.given_at,
        undoable=one.undoable,
    )


def look(row: Grant) -> Look:
    return Look(
        organisation=whose(row),
        reason=row.reason,
        asked_by=row.asked_by_name,
        asked_at=row.asked_at,
        approved_by=row.approved_by_name,
        approved_at=row.approved_at,
        ends_at=row.ends_at,
    )


def partner(body: Found) -> founding.Partner:
    return founding.Partner(**body.model_dump())


def order(body: Order) -> orders.Order:
    return orders.Order(**body.model_dump())
