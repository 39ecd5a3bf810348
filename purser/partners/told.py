"""Who is told what of partners, consent and operations: notices, each in the transaction of what it tells of, and the
invitations that leave by mail.

Source: acceptance UC-6, UC-13, CS-1, CS-7; reliability P20.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.urls import reverse

from purser.access import letters
from purser.notices import outbox
from purser.partners.founding import Founded
from purser.partners.joining import Issued
from purser.partners.models import EnablingRequest, whose
from purser.postgres import tenancy
from purser.tenants import grants, organisations
from purser.tenants.models import Grant

TENANT = "tenant"  # what a customer or a partner is called as a thing to follow

# Consent: in the customer's seat.


def consent_asked(grant: Grant) -> None:
    """The customer's administrators: the partner asks."""
    lines = (
        f"{grant.asked_by_name} of {grant.partner_name} asks to administer your tenant on behalf of your company.",
        f"Reason: {grant.reason}",
        f"Scope: {_areas(grant)}",
    )
    outbox.post(
        "consent_asked", audience=whose(grant), subject=f"{grant.partner_name} asks for your consent", lines=lines,
        page="consent", now=grant.asked_at,
    )  # fmt: skip


def consent_given(grant: Grant, *, customer: str) -> None:
    """The partner's people: the customer agreed."""
    assert grant.approved_at is not None
    lines = (f"{grant.approved_by_name} let {grant.partner_name} administer the tenant {customer}.", f"Scope: {_areas(grant)}")
    outbox.post(
        "consent_given", audience=grant.partner_id, subject=f"{customer} gave its consent", lines=lines,
        page="tenant", args={"organisation": whose(grant)}, about=[(TENANT, whose(grant))], until=grant.ends_at,
        now=grant.approved_at,
    )  # fmt: skip


def consent_refused(grant: Grant, *, customer: str, why: str, now: datetime) -> None:
    """The partner's people: the customer said no."""
    lines = (f"{customer} does not let {grant.partner_name} administer its tenant.", f"Reason: {why or 'none given'}")
    outbox.post(
        "consent_refused", audience=grant.partner_id, subject=f"{customer} refused your request", lines=lines,
        page="tenant", args={"organisation": whose(grant)}, about=[(TENANT, whose(grant))], now=now,
    )  # fmt: skip


def consent_ended(grant: Grant, *, customer: str, why: str, now: datetime) -> None:
    """The partner's people: it is over, from now on. Source: acceptance UC-13."""
    lines = (
        f"{customer} ended its consent. Nobody of {grant.partner_name} gets into the tenant any more.",
        f"Reason: {why or 'none given'}",
    )
    outbox.post(
        "consent_ended", audience=grant.partner_id, subject=f"{customer} ended its consent", lines=lines,
        page="tenant", args={"organisation": whose(grant)}, about=[(TENANT, whose(grant))], now=now,
    )  # fmt: skip


def _areas(grant: Grant) -> str:
    return ", ".join(grants.AREAS.get(name, name) for name in grant.scopes)


# Enabling: in the partner's seat. Source: acceptance UC-6.


def enabling_asked(request: EnablingRequest) -> None:
    """Operations gets the request word by word, the one who asked a copy."""
    body = list(filter(None, request.body.splitlines()))
    outbox.post(
        "enabling_asked", audience=None, subject=request.subject, lines=body, page="requests",
        about=[(TENANT, whose(request))], now=request.asked_at,
    )  # fmt: skip
    outbox.post(
        "enabling_sent", audience=whose(request), subject=f"Sent: {request.subject}", to=[request.asked_by],
        lines=["Operations has your request and will answer it. It says:", *body], page="administration",
        now=request.asked_at,
    )  # fmt: skip


def enabling_answered(request: EnablingRequest) -> None:
    """Operations' answer, to the one who asked and to all who head the partner."""
    assert request.answered_at is not None
    word = "enabled" if request.approved else "refused"
    lines = (
        f"Operations has {word} administration of customers by {request.partner_name}.",
        f"The reason: {request.answer}",
    )
    outbox.post(
        "enabling_answered", audience=whose(request), subject=f"Administration of customers: {word}", lines=lines,
        page="administration", to=[request.asked_by], now=request.answered_at,
    )  # fmt: skip


# Break-glass: in the seat of the organisation that is looked into. Source: reliability P20.


def looked_into(grant: Grant) -> None:
    """The organisation hears at once who of the operator may look in, why, and until when."""
    own = organisations.own()
    assert grant.ends_at is not None
    assert grant.approved_at is not None
    until = f"{grant.ends_at.astimezone(ZoneInfo(own.zone)):%A %d %B %Y, %H:%M} ({own.zone})"
    lines = (
        f"{grant.asked_by_name} of {grant.partner_name} may look into {own.name} until {until}, and change nothing.",
        f"{grant.approved_by_name} agreed.",
        f"The reason: {grant.reason}",
    )
    outbox.post(
        "look_in", audience=own.pk, subject=f"{grant.partner_name} looks into {own.name}", lines=lines, page="acts",
        now=grant.approved_at,
    )  # fmt: skip


def look_ended(grant: Grant, *, now: datetime) -> None:
    """The organisation hears that nobody looks in any more, where somebody did."""
    if grant.approved_at is None:
        return
    lines = (f"The look of {grant.asked_by_name} of {grant.partner_name} was ended before its time.",)
    outbox.post(
        "look_ended", audience=whose(grant), subject=f"{grant.partner_name} no longer looks in", lines=lines, page="acts",
        now=now,
    )  # fmt: skip


# Invitations: to addresses that need not be anybody's here. Called by the doors once all is committed; a mail server that
# does not answer is logged, and the invitation stands. Source: acceptance CS-1, CS-7.


def founded(made: Founded, *, operator: str) -> None:
    """The first owner's invitation."""
    row, organisation = made.issued.invitation, made.organisation
    _mail(
        letters.invitation,
        email=row.email,
        organisation=organisation.name,
        kind=organisation.kind,
        role=row.role,
        inviter=operator,
        path=reverse("join", kwargs={"tenant": organisation.pk, "token": made.issued.token}),
        expires_at=row.expires_at,
        zone=organisation.zone,
    )


def invited(issued: Issued, *, partner: UUID) -> None:
    """The address that a partner invites with its tenant."""
    with tenancy.acting_in(partner):
        own = organisations.own()
    row = issued.invitation
    _mail(
        letters.tenant_invitation,
        email=row.email,
        partner=own.name,
        inviter=row.invited_by_name,
        path=reverse("tenants_accept", kwargs={"partner": partner, "token": issued.token}),
        expires_at=row.expires_at,
        zone=own.zone,
    )


def _mail(letter: Any, **values: Any) -> None:
    transaction.on_commit(lambda: letter(**values), robust=True)
