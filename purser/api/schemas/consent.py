"""Consent: who may act in a tenant from outside, who asked, what both sides confirmed."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Out, Sent
from purser.kernel.errors import Refused
from purser.partners import consent as topic
from purser.partners import record
from purser.partners.models import Agreement as AgreementRow
from purser.tenants import grants
from purser.tenants.models import Grant as GrantRow

Area = Annotated[str, Field(pattern="^[a-z]{1,20}$", examples=["users"])]
Why = Annotated[str, Field(max_length=500)]


class Grant(Out):
    """A request or a consent. `state` says in words how it stands now; `scopes` are areas of the administration."""

    id: UUID
    kind: str
    partner: UUID
    partner_name: str
    scopes: list[str]
    reason: str
    state: str
    asked_by: str
    asked_at: datetime
    approved_by: str
    approved_at: datetime | None
    ends_at: datetime | None
    closed_at: datetime | None
    closed_by: str
    closed_why: str


class Seller(Out):
    """The partner that may be let in."""

    id: UUID
    name: str
    partner_number: str


class Consent(Out):
    """`partner` is null where nobody could administer the tenant. `agreement` says what is missing of the data-processing
    agreement; with `required` nothing can be given before. `areas` are the scopes there are, with their titles.
    """

    partner: Seller | None
    live: Grant | None
    request: Grant | None
    agreement: str
    required: bool
    areas: dict[str, str]


class Give(Sent):
    """`request` is the partner's question that it answers, or null."""

    scopes: Annotated[list[Area], Field(min_length=1, max_length=len(grants.AREAS))]
    days: Annotated[int, Field(ge=1, le=grants.LONGEST.days)] = grants.LONGEST.days
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    request: UUID | None = None


class Reason(Sent):
    why: Why = ""


class Confirmation(Out):
    """One side's word that the data-processing agreement is closed. `paper_digest` is the SHA-256 of the attached PDF."""

    side: str
    confirmed_by: str
    confirmed_at: datetime
    paper_name: str
    paper_digest: str


class Confirm(Sent):
    """`paper` is the agreement as PDF in base64, or empty."""

    paper_name: Annotated[str, Field(max_length=200)] = ""
    paper: Annotated[str, Field(max_length=2_400_000)] = ""


def grant(row: GrantRow, now: datetime) -> Grant:
    return Grant(
        id=row.pk,
        kind=row.kind,
        partner=row.partner_id,
        partner_name=row.partner_name,
        scopes=list(row.scopes),
        reason=row.reason,
        state=record.sign(row, now).words,
        asked_by=row.asked_by_name,
        asked_at=row.asked_at,
        approved_by=row.approved_by_name,
        approved_at=row.approved_at,
        ends_at=row.ends_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by_name,
        closed_why=row.closed_why,
    )


def consent(found: topic.Standing, now: datetime) -> Consent:
    partner = found.partner
    return Consent(
        partner=Seller(id=partner.id, name=partner.name, partner_number=partner.partner_number) if partner else None,
        live=grant(found.live, now) if found.live else None,
        request=grant(found.request, now) if found.request else None,
        agreement=found.agreement,
        required=found.required,
        areas=dict(grants.AREAS),
    )


def paper(body: Confirm) -> bytes:
    """The attached PDF's bytes. Raises Refused for what is no base64."""
    try:
        return base64.b64decode(body.paper, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("The paper is no base64.", code="paper") from None


def agreement(row: AgreementRow) -> Confirmation:
    return Confirmation(
        side=row.side,
        confirmed_by=row.confirmed_by_name,
        confirmed_at=row.confirmed_at,
        paper_name=row.paper_name,
        paper_digest=row.paper_digest,
    )
