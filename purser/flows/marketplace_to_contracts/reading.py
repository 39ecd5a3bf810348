"""Reading all of both sides, for mapping; and which pairs are due for a pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from purser.flows.marketplace_to_contracts import refresh
from purser.flows.marketplace_to_contracts.run import Ports
from purser.kernel.errors import Failure
from purser.links import connections, plans
from purser.links.models import Connection, Sync
from purser.postgres import tenancy
from purser.tenants import organisations


def everything(*, tenant: UUID, sync_id: UUID, ports: Ports, clock: Callable[[], datetime]) -> None:
    """Read the whole marketplace and the whole PSA into the mirror. A side that fails raises its alarm; the other is read."""
    with tenancy.acting_in(tenant):
        sync = plans.sync(sync_id)
        zone = ZoneInfo(organisations.own().zone)

    def source() -> None:
        refresh.marketplace(tenant, sync.source, ports.marketplace(sync.source), clock=clock)

    def target() -> None:
        today = clock().astimezone(zone).date()
        refresh.psa(tenant, sync.target, ports.psa(sync.target), today=today, clock=clock)

    for connection, read in ((sync.source, source), (sync.target, target)):
        _try(tenant, connection, read, clock)


def _try(tenant: UUID, connection: Connection, read: Callable[[], None], clock: Callable[[], datetime]) -> None:
    try:
        read()
    except Failure as failure:
        with tenancy.acting_in(tenant):
            connections.met(connection.pk, failure, now=clock())


def due(*, now: datetime) -> list[tuple[UUID, UUID]]:
    """(tenant, pair) of every pair that is on and whose next pass is due; the longest waiting first."""
    with tenancy.listing_all():
        rows = Sync.across.filter(on=True).filter(Q(next_at=None) | Q(next_at__lte=now))
        return list(rows.order_by("next_at", "pk").values_list("tenant_id", "pk"))
