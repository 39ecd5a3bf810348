"""Reading for mapping: all of both sides, or one contract; and which pairs are due for a pass."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from purser.flows.marketplace_to_contracts import refresh
from purser.flows.marketplace_to_contracts.run import Ports
from purser.kernel.errors import Failure, Refused
from purser.links import connections, plans
from purser.links.models import Connection, Sync
from purser.links.queries import mapping
from purser.postgres import tenancy
from purser.tenants import organisations


def everything(*, tenant: UUID, sync_id: UUID, ports: Ports, clock: Callable[[], datetime]) -> None:
    """Read the whole marketplace and the whole PSA into the mirror. A side that fails raises its alarm; the other is read."""
    with tenancy.acting_in(tenant):
        sync = plans.sync(sync_id)
        zone = ZoneInfo(organisations.zone())

    def source() -> None:
        refresh.marketplace(tenant, sync.source, ports.marketplace(sync.source), clock=clock)

    def target() -> None:
        today = clock().astimezone(zone).date()
        refresh.psa(tenant, sync.target, ports.psa(sync.target), today=today, clock=clock)

    for connection, read in ((sync.source, source), (sync.target, target)):
        _try(tenant, connection, read, clock)


def contract(*, tenant: UUID, sync_id: UUID, agreement_id: UUID, ports: Ports, clock: Callable[[], datetime]) -> int:
    """Read the services of one contract now, because it was never read or just changed; returns how many it has.

    Open no transaction around it: it calls the PSA. Raises Missing, and Refused with the PSA's words when it was not read.
    """
    with tenancy.acting_in(tenant):
        sync = plans.sync(sync_id)
        found = mapping.find_agreement(sync, agreement_id)
        zone = ZoneInfo(organisations.zone())
    try:
        read = refresh.psa(
            tenant,
            sync.target,
            ports.psa(sync.target),
            today=clock().astimezone(zone).date(),
            clock=clock,
            agreement_ids=[found.external_id],
        )
    except Failure as failure:
        with tenancy.acting_in(tenant):
            connections.met(sync.target_id, failure, now=clock())
        raise Refused(f"{found.name} was not read: {failure.text}", code="read", hint=failure.hint) from failure
    return len(read.services.items)


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
