"""Who the tenants behind the counts are: by name where the partner sells to them still, and whether it may look inside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from purser.postgres import tenancy
from purser.tenants import grants
from purser.tenants.models import Kind, Organisation

AREA = "licensing"


@dataclass(frozen=True)
class Named:
    """`open`: it agreed that the partner administers its licences. `ours`: the partner sells to it still."""

    id: UUID
    name: str
    number: str = ""
    open: bool = False
    ours: bool = True


def of(partner: UUID, tenants: Iterable[str], *, now: datetime) -> dict[str, Named]:
    """Each tenant by its id as text. Takes the partner's seat. One that went to another partner keeps its number of units,
    and its name is no more ours to see.
    """
    wanted = {id: UUID(id) for id in sorted(set(tenants))}
    with tenancy.listing_customers_of(partner):
        rows = Organisation.across.filter(parent_id=partner, kind=Kind.CUSTOMER, pk__in=wanted.values())
        held = grants.live_of_partner(now).filter(partner_id=partner, tenant_id__in=wanted.values())
        consented = {grant.tenant_id for grant in held if AREA in grant.scopes}
        found = {
            str(row.pk): Named(row.pk, row.name, row.number, row.pk in consented and row.suspended_at is None) for row in rows
        }
    return {id: found.get(id) or Named(wanted[id], f"No longer your customer ({id[-6:]})", ours=False) for id in wanted}


def customers(partner: UUID, *, now: datetime) -> list[Named]:
    """All customers that the partner sells to, by name. Takes the partner's seat."""
    with tenancy.listing_customers_of(partner):
        ids = Organisation.across.filter(parent_id=partner, kind=Kind.CUSTOMER).values_list("pk", flat=True)
        every = [str(id) for id in ids]
    return sorted(of(partner, every, now=now).values(), key=lambda one: (one.name, one.id))
