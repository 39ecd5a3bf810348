"""Mails about consent: the partner's people learn that they may, or may no longer; the customer's that somebody asks.

Each is sent once the change is committed; a mail server that does not answer is logged, and the change stands.
Source: acceptance UC-13.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.urls import reverse

from purser.access import letters, verbs
from purser.access.models import Membership
from purser.kernel.errors import Missing
from purser.postgres import tenancy
from purser.tenants import grants, organisations
from purser.tenants.models import Grant


def asked(grant: Grant, *, customer: UUID) -> None:
    """The customer's administrators: the partner asks."""
    lines = (
        f"{grant.asked_by_name} of {grant.partner_name} asks to administer your tenant on behalf of your company.",
        f"Reason: {grant.reason}",
        f"Scope: {_areas(grant)}",
    )
    _after(customer, f"{grant.partner_name} asks for your consent", lines, "consent", None)


def given(grant: Grant, *, customer: str) -> None:
    """The partner's people: the customer agreed."""
    lines = (f"{grant.approved_by_name} let {grant.partner_name} administer the tenant {customer}.", f"Scope: {_areas(grant)}")
    _after(grant.partner_id, f"{customer} gave its consent", lines, "home", grant.ends_at)


def refused(grant: Grant, *, customer: str, why: str) -> None:
    """The partner's people: the customer said no."""
    lines = (f"{customer} does not let {grant.partner_name} administer its tenant.", f"Reason: {why or 'none given'}")
    _after(grant.partner_id, f"{customer} refused your request", lines, "home", None)


def ended(grant: Grant, *, customer: str, why: str) -> None:
    """The partner's people: it is over, from now on."""
    lines = (
        f"{customer} ended its consent. Nobody of {grant.partner_name} gets into the tenant any more.",
        f"Reason: {why or 'none given'}",
    )
    _after(grant.partner_id, f"{customer} ended its consent", lines, "home", None)


def _areas(grant: Grant) -> str:
    return ", ".join(grants.AREAS.get(name, name) for name in grant.scopes)


def _after(tenant: UUID, subject: str, lines: Sequence[str], page: str, until: datetime | None) -> None:
    transaction.on_commit(lambda: _send(tenant, subject, tuple(lines), page, until), robust=True)


def _send(tenant: UUID, subject: str, lines: tuple[str, ...], page: str, until: datetime | None) -> None:
    """To everybody who heads the organisation or administers its customers. Takes its seat."""
    try:
        with tenancy.acting_in(tenant):
            own = organisations.own()
            concerned = Q(role=verbs.HEAD[own.kind]) | Q(partner_administrator=True)
            rows = Membership.objects.filter(concerned, suspended_at=None, person__is_active=True)
            emails = list(rows.order_by("id").values_list("person__email", flat=True))
    except Missing:
        return
    if until is not None:
        lines = (*lines, f"Until: {until.astimezone(ZoneInfo(own.zone)):%d %B %Y, %H:%M} ({own.zone})")
    for email in emails:
        letters.news(email=email, subject=subject, lines=lines, path=reverse(page, kwargs={"tenant": tenant}))
