"""Counts from the meter's seat, which sees tenants and dates and nobody: what a close at any moment would count."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from purser.directory.models import Licence
from purser.postgres import tenancy
from purser.tenants.models import Selling


def so_far(partner: UUID, *, at: datetime) -> dict[str, int]:
    """Licensed users by tenant as a close at `at` would count them for this partner. Takes the meter's seat.

    Source: acceptance CS-42, CS-43, CS-48; decision F-5.
    """
    with tenancy.metering():
        sells = Selling.across.filter(partner_id=partner, since__lt=at).filter(Q(until=None) | Q(until__gte=at))
        rows = Licence.across.filter(tenant_id__in=sells.values("tenant_id"), since__lt=at)
        rows = rows.filter(Q(until=None) | Q(until__gte=at)).order_by()
        return {str(tenant): count for tenant, count in rows.values_list("tenant_id").annotate(count=Count("*"))}


def sold(partner: UUID, tenants: Iterable[UUID]) -> set[UUID]:
    """Those of the tenants that the partner sells to, or ever did. Takes the meter's seat."""
    with tenancy.metering():
        return set(Selling.across.filter(partner_id=partner, tenant__in=list(tenants)).values_list("tenant_id", flat=True))
