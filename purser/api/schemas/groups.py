"""Groups of tenants: customers that a partner treats alike."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Out, Sent
from purser.partners import groups

Name = Annotated[str, Field(min_length=1, max_length=80, examples=["Managed workplace, gold"])]


class TenantGroup(Out):
    """`size`: how many tenants are in it."""

    id: UUID
    name: str
    size: int


class Named(Sent):
    name: Name


class GroupMember(Out):
    """`consent` is how it stands to your administration, as in the list of tenants. `open`: it may be administered now;
    `asked`: a request waits.
    """

    id: UUID
    name: str
    number: str
    consent: str
    open: bool
    asked: bool


class Put(Sent):
    tenants: Annotated[list[UUID], Field(min_length=1, max_length=groups.LARGEST)]


class AskedOne(Out):
    """What came of asking one tenant; `why` where it was not asked."""

    tenant: UUID
    name: str
    asked: bool
    why: str


def group(row: Any) -> TenantGroup:
    return TenantGroup(id=row.pk, name=row.name, size=row.size)


def member(row: Any) -> GroupMember:
    return GroupMember(id=row.pk, name=row.name, number=row.number, consent=row.consent, open=row.open, asked=row.asked)


def asked(one: groups.Asked) -> AskedOne:
    return AskedOne(tenant=one.customer, name=one.name, asked=one.asked, why=one.why)
