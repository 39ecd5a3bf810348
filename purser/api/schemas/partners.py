"""A partner and its customers: tenants, invitations, and being enabled to administer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Out, Sent
from purser.api.schemas.consent import Area, Confirmation, Grant
from purser.partners import heads
from purser.partners.models import EnablingRequest, TenantInvitation, whose
from purser.tenants import grants
from purser.tenants.models import Organisation

Email = Annotated[str, Field(min_length=3, max_length=254, examples=["admin@alder.example"])]


class Tenant(Out):
    """A customer. `consent` is how it stands to your administration, as in the list. `open`: it may be administered now,
    until `until`; `asked`: a request waits. `grants` are all consents and
    requests, newest first; `agreements` what each side confirmed.
    """

    id: UUID
    name: str
    number: str
    domain: str
    region: str
    contact_name: str
    contact_email: str
    consent: str
    open: bool
    asked: bool
    until: datetime | None
    grants: list[Grant]
    agreements: list[Confirmation]


class Ask(Sent):
    """What the consent is asked for; the request lapses after 90 days."""

    scopes: Annotated[list[Area], Field(min_length=1, max_length=len(grants.AREAS))]
    days: Annotated[int, Field(ge=1, le=grants.LONGEST.days)] = grants.LONGEST.days
    reason: Annotated[str, Field(min_length=1, max_length=400)]
    ticket: Annotated[str, Field(max_length=80)] = ""


class InviteTenant(Sent):
    email: Email


class Invited(Out):
    """`expired`: the link works no longer; send it again."""

    id: UUID
    email: str
    invited_by: str
    sent_at: datetime
    expires_at: datetime
    expired: bool


class AcceptInvitation(Sent):
    """As the link of the mail has them."""

    partner: UUID
    token: Annotated[str, Field(min_length=1, max_length=100)]


class Request(Out):
    """A partner's request to be enabled. `approved` is null while it waits."""

    id: UUID
    partner: UUID
    partner_name: str
    subject: str
    body: str
    asked_by: str
    asked_at: datetime
    approved: bool | None
    answered_by: str
    answered_at: datetime | None
    answer: str


class Administration(Out):
    """`subject` and `body` are what a request would say now; `request` is the last one made."""

    enabled: bool
    partner_number: str
    subject: str
    body: str
    request: Request | None


class Sign(Sent):
    """`signature` stands under the request; empty for your own name."""

    signature: Annotated[str, Field(max_length=200)] = ""


class Head(Out):
    """Somebody who heads the organisation, or could: `heads` an owner, or an administrator of a customer; `choosable` once
    they have signed in.
    """

    id: UUID
    name: str
    email: str
    role: str
    heads: bool
    choosable: bool


class Heads(Sent):
    """Exactly these members shall head the organisation, by their id among the people."""

    members: Annotated[list[UUID], Field(min_length=1, max_length=200)]


def tenant(row: Any, found: list[Grant], agreements: list[Confirmation]) -> Tenant:
    """`row` is of customers.listed."""
    return Tenant(
        id=row.pk,
        name=row.name,
        number=row.number,
        domain=row.domain,
        region=row.region,
        contact_name=row.contact_name,
        contact_email=row.contact_email,
        consent=row.consent,
        open=row.open,
        asked=row.asked,
        until=row.until,
        grants=found,
        agreements=agreements,
    )


def invited(row: TenantInvitation, now: datetime) -> Invited:
    return Invited(
        id=row.pk,
        email=row.email,
        invited_by=row.invited_by_name,
        sent_at=row.created_at,
        expires_at=row.expires_at,
        expired=row.expires_at <= now,
    )


def request(row: EnablingRequest) -> Request:
    return Request(
        id=row.pk,
        partner=whose(row),
        partner_name=row.partner_name,
        subject=row.subject,
        body=row.body,
        asked_by=row.asked_by_name,
        asked_at=row.asked_at,
        approved=row.approved,
        answered_by=row.answered_by_name,
        answered_at=row.answered_at,
        answer=row.answer,
    )


def administration(own: Organisation, message: tuple[str, str], latest: EnablingRequest | None) -> Administration:
    subject, body = message
    return Administration(
        enabled=own.administers,
        partner_number=own.partner_number,
        subject=subject,
        body=body,
        request=request(latest) if latest else None,
    )


def head(one: heads.Account) -> Head:
    row = one.membership
    return Head(
        id=row.pk,
        name=row.person.name,
        email=row.person.email,
        role=row.role,
        heads=one.heads,
        choosable=one.choosable,
    )
