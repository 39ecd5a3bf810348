"""A customer's domain: its packages, who sells to it, and what its own administrators may do."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from purser.access import verbs
from purser.api.schemas.common import Out, Sent
from purser.partners import domain
from purser.tenants.models import Organisation
from purser.tenants.organisations import Card


class Package(Out):
    name: str
    total: int
    used: int
    available: int


class Above(Out):
    """Who sells to the customer, or to its partner."""

    name: str
    partner_number: str


class Domain(Out):
    """`distributor` is null where the partner buys from nobody in between."""

    name: str
    number: str
    domain: str
    region: str
    zone: str
    contact_name: str
    contact_email: str
    partner: Above | None
    distributor: Above | None


class ChangeDomain(Sent):
    contact_name: Annotated[str, Field(max_length=200)]
    contact_email: Annotated[str, Field(max_length=254)]
    zone: Annotated[str, Field(min_length=1, max_length=60, examples=["Europe/Berlin"])]


class TenantPermission(Out):
    """`left`: the tenant's own administrators may."""

    group: str
    title: str
    left: bool


class Permit(Sent):
    """The groups that the tenant's own administrators keep; the others are taken away."""

    groups: Annotated[list[Literal["a", "b", "c", "d"]], Field(max_length=4)]


def package(row: domain.Stock) -> Package:
    return Package(name=row.package, total=row.total, used=row.used, available=row.available)


def of(row: Organisation, chain: domain.Chain) -> Domain:
    return Domain(
        name=row.name,
        number=row.number,
        domain=row.domain,
        region=row.region,
        zone=row.zone,
        contact_name=row.contact_name,
        contact_email=row.contact_email,
        partner=_above(chain.partner),
        distributor=_above(chain.distributor),
    )


def _above(card: Card | None) -> Above | None:
    return Above(name=card.name, partner_number=card.partner_number) if card else None


def permissions(row: Organisation) -> list[TenantPermission]:
    return [TenantPermission(group=name, title=title, left=name in row.permissions) for name, title in verbs.GROUPS.items()]
