"""Who is told by mail of what partners and operations do; of consent see telling.py.

Called by the doors once all is committed. A mail server that does not answer is logged, and what was done stands.
Source: acceptance UC-6, CS-1, CS-7; reliability P20.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.urls import reverse

from purser.access import letters, verbs
from purser.access.models import Membership
from purser.partners.founding import Founded
from purser.partners.joining import Issued
from purser.partners.models import EnablingRequest, whose
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Grant


def heads(tenant: UUID) -> list[str]:
    """The addresses of those who head an organisation. Takes its seat."""
    with tenancy.acting_in(tenant):
        rows = Membership.objects.filter(role=verbs.HEAD[organisations.own().kind], suspended_at=None)
        return list(rows.order_by("person__email").values_list("person__email", flat=True))


def founded(made: Founded, *, operator: str) -> None:
    """The first owner's invitation. Source: acceptance CS-1."""
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


def asked(request: EnablingRequest) -> None:
    """A partner's request: operations gets it word by word, the partner a copy."""
    with tenancy.acting_in(whose(request)):
        own = organisations.own()
    operator, body = _operator(own.parent_id), tuple(filter(None, request.body.splitlines()))
    if operator is not None:
        _news(heads(operator), request.subject, body, "requests", operator)
    told = ("Operations has your request and will answer it. It says:", *body)
    _news([request.asked_by_email], f"Sent: {request.subject}", told, "administration", whose(request))


def answered(request: EnablingRequest) -> None:
    """Operations' answer, to the one who asked and to all who head the partner."""
    word = "enabled" if request.approved else "refused"
    lines = (
        f"Operations has {word} administration of customers by {request.partner_name}.",
        f"The reason: {request.answer}",
    )
    emails = list(dict.fromkeys([request.asked_by_email, *heads(whose(request))]))
    _news(emails, f"Administration of customers: {word}", lines, "administration", whose(request))


def looked_into(grant: Grant) -> None:
    """The organisation hears at once who of the operator may look in, why, and until when. Source: reliability P20."""
    with tenancy.acting_in(whose(grant)):
        own = organisations.own()
    assert grant.ends_at is not None
    until = f"{grant.ends_at.astimezone(ZoneInfo(own.zone)):%A %d %B %Y, %H:%M} ({own.zone})"
    lines = (
        f"{grant.asked_by_name} of {grant.partner_name} may look into {own.name} until {until}, and change nothing.",
        f"{grant.approved_by_name} agreed.",
        f"The reason: {grant.reason}",
    )
    _news(heads(whose(grant)), f"{grant.partner_name} looks into {own.name}", lines, "acts", whose(grant))


def look_ended(grant: Grant) -> None:
    """The organisation hears that nobody looks in any more, where somebody did."""
    if grant.approved_at is None:
        return
    lines = (f"The look of {grant.asked_by_name} of {grant.partner_name} was ended before its time.",)
    _news(heads(whose(grant)), f"{grant.partner_name} no longer looks in", lines, "acts", whose(grant))


def _news(emails: list[str], subject: str, lines: tuple[str, ...], page: str, tenant: UUID) -> None:
    for email in emails:
        _mail(letters.news, email=email, subject=subject, lines=lines, path=reverse(page, kwargs={"tenant": tenant}))


def _mail(letter: Any, **values: Any) -> None:
    transaction.on_commit(lambda: letter(**values), robust=True)


def _operator(parent: UUID | None) -> UUID | None:
    """The operator at the root above."""
    while parent is not None:
        card = organisations.card(parent)
        if card.parent is None:
            return card.id
        parent = card.parent
    return None
