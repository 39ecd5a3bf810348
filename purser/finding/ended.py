"""Why somebody who could act in a tenant on its behalf gets in no longer: what a page says that was open when it ended.

Whoever never could is told nothing: for them a tenant that is there is as one that is not. Source: acceptance UC-13, UC-21;
reliability P16, P17.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from purser.access import actors
from purser.postgres import tenancy
from purser.tenants.models import Grant, GrantKind, Organisation

LOOKED_AT = 10  # leaves given in the tenant, the latest first


@dataclass(frozen=True)
class Ended:
    """`tenant` by its name; `home` is the organisation the person acted from, `emergency` true where it was a look in."""

    tenant: str
    home: UUID
    emergency: bool
    why: str


def look(person: UUID, tenant: UUID, *, now: datetime) -> Ended | None:
    """What the person had here and has no more; None for anybody else. Takes its seats itself."""
    with tenancy.acting_in(tenant):
        own = Organisation.objects.first()
        given = list(Grant.objects.filter(approved_at__lte=now).order_by("-approved_at", "-id")[:LOOKED_AT])
    if own is None:
        return None
    for grant in given:
        if _theirs(grant, own, person):
            return Ended(own.name, grant.partner_id, grant.kind == GrantKind.BREAK_GLASS, _why(grant, own, now))
    return None


def _theirs(grant: Grant, own: Organisation, person: UUID) -> bool:
    """Whether the person could act by it. A consent counts while the tenant is the partner's customer, who then knows of it
    anyway; of one that moved away its former partner learns nothing.
    """
    if grant.kind == GrantKind.CONSENT and own.parent_id != grant.partner_id:
        return False
    if grant.kind == GrantKind.BREAK_GLASS and grant.asked_by != person:
        return False
    with tenancy.acting_in(grant.partner_id):
        place = actors.member(person)
    return place is not None and (grant.kind == GrantKind.BREAK_GLASS or place.partner_administrator)


def _why(grant: Grant, own: Organisation, now: datetime) -> str:
    what = "The emergency look" if grant.kind == GrantKind.BREAK_GLASS else f"The consent of {own.name}"
    if own.suspended_at is not None:
        return f"{own.name} is suspended."
    if grant.closed_at is not None:
        return f"{what} was ended on {grant.closed_at:%Y-%m-%d at %H:%M} UTC."
    if grant.ends_at is not None and grant.ends_at <= now:
        return f"{what} ran until {grant.ends_at:%Y-%m-%d at %H:%M} UTC."
    return f"{what} holds, but your own organisation or package no longer allows it."
