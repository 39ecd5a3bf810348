"""Mails we send: plain text and the same as a page. A link that lets somebody in works once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse

from purser.access import verbs


def invitation(
    *,
    email: str,
    organisation: str,
    kind: str,
    role: str,
    inviter: str,
    path: str,
    expires_at: datetime,
    zone: str,
    allows: str | None = None,
) -> None:
    """Ask an address to join. `path` is the link on this site; `zone` is that of the organisation. `allows` says in a
    sentence what the role is for, where it is one of the organisation's own.
    """
    _send(
        "invitation",
        email,
        subject=f"{organisation} invites you to Purser",
        organisation=organisation,
        role=role,
        allows=verbs.ROLES[kind][role] if allows is None else allows,
        inviter=inviter,
        path=path,
        until=_until(expires_at, zone),
    )


def licence(*, email: str, organisation: str, path: str, expires_at: datetime, zone: str) -> None:
    """Send a reseller the link that fills its marketplace page."""
    _send(
        "licence",
        email,
        subject=f"Activate the marketplace licence of {organisation}",
        organisation=organisation,
        path=path,
        until=_until(expires_at, zone),
    )


def domain(*, email: str, organisation: str, domain: str, path: str, expires_at: datetime, zone: str) -> None:
    """Ask a domain's postmaster whether it belongs to the organisation."""
    _send(
        "domain",
        email,
        subject=f"Does {domain} belong to {organisation}?",
        organisation=organisation,
        domain=domain,
        path=path,
        until=_until(expires_at, zone),
    )


def tenant_invitation(*, email: str, partner: str, inviter: str, path: str, expires_at: datetime, zone: str) -> None:
    """Ask whoever administers a tenant to let a partner manage it."""
    _send(
        "tenant",
        email,
        subject=f"{partner} asks to manage your tenant",
        partner=partner,
        inviter=inviter,
        path=path,
        until=_until(expires_at, zone),
    )


def notice(*, email: str, what: str, at: datetime, address: str) -> None:
    """Tell a person what was done to their account, and what to do if it was not them. `address` is where from."""
    _send(
        "notice",
        email,
        subject=f"Purser: {what}",
        path=reverse("account_reset_password"),
        what=what,
        when=f"{at.astimezone(UTC):%A %d %B %Y, %H:%M} UTC",
        address=address,
    )


def news(*, email: str, subject: str, lines: Sequence[str], path: str) -> None:
    """Tell somebody what happened in sentences, a line each, with the page where to look."""
    _send("news", email, subject=subject, path=path, lines=lines)


def paper(*, email: str, subject: str, lines: Sequence[str], path: str, name: str, file: bytes) -> None:
    """Send a paper as PDF under a file's name, with the page where all papers are."""
    _send("news", email, subject=subject, path=path, attached=((name, file, "application/pdf"),), lines=lines)


def _until(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%A %d %B %Y, %H:%M} ({zone})"


def _send(
    template: str, to: str, *, subject: str, path: str, attached: Sequence[tuple[str, bytes, str]] = (), **values: object
) -> None:
    context = {**values, "email": to, "subject": subject, "link": f"{settings.SITE_URL}{path}"}
    mail = EmailMultiAlternatives(subject, render_to_string(f"mail/{template}.txt", context), to=[to])
    mail.attach_alternative(render_to_string(f"mail/{template}.html", context), "text/html")
    for name, file, kind in attached:
        mail.attach(name, file, kind)
    mail.send()
