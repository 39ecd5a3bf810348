"""The first people of an installation: `purser operator`. Everybody else is invited in the portal."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.urls import reverse

from purser.access import actors, acts, invitations, letters, verbs
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Kind

if TYPE_CHECKING:
    from purser.tenants.models import Organisation

WHO = "command line"


def invite(email: str, *, name: str, zone: str, site: str) -> int:
    """Found the operator where there is none yet, invite an owner to it, and print the link; 2 when refused.

    The link is printed as well as mailed: on a new server nobody knows yet whether mail leaves it.
    """
    now = datetime.now(UTC)
    try:
        email = invitations.address(email)
        operator = _existing() or _found(name, zone, now)
        actor = actors.system(WHO, tenant=operator.pk, organisation=operator.name)
        with tenancy.acting_in(operator.pk):
            issued = invitations.first(actor, email=email, kind=operator.kind, now=now)
    except Refused as refusal:
        print(" ".join(filter(None, [refusal.text, refusal.hint])), file=sys.stderr)
        return 2
    path = reverse("join", kwargs={"tenant": operator.pk, "token": issued.token})
    until = f"{issued.invitation.expires_at:%Y-%m-%d %H:%M} UTC"
    print(f"{email} is invited to {operator.name} as owner. The link works once, until {until}:")
    print(f"{site}{path}")
    try:
        letters.invitation(
            email=email,
            organisation=operator.name,
            kind=operator.kind,
            role=verbs.OWNER,
            inviter=operator.name,
            path=path,
            expires_at=issued.invitation.expires_at,
            zone=operator.zone,
        )
    except OSError as failure:  # what a mail server or its absence raises
        print(f"The mail with it could not be sent ({failure}); hand the link over yourself.", file=sys.stderr)
    return 0


def _existing() -> Organisation | None:
    with tenancy.listing_all():
        return next((one for one in organisations.everyone() if one.kind == Kind.OPERATOR), None)


def _found(name: str, zone: str, now: datetime) -> Organisation:
    if not name.strip():
        raise Refused("There is no operator yet, and it needs a name.", code="name", hint='Add --name "Your company".')
    operator = organisations.found(kind=Kind.OPERATOR, name=name, parent=None, zone=zone, now=now)
    with tenancy.acting_in(operator.pk):
        acts.record(
            actors.system(WHO, tenant=operator.pk, organisation=operator.name),
            "operator.organisations.found",
            summary=f"Founded the operator {operator.name}",
            of=("organisation", operator.pk),
            after={"name": operator.name, "zone": zone},
            now=now,
        )
    return operator
