"""Read both sides into the mirror, with as few calls as can be. Source: issue "Speed and size"; reliability P12, P13."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from purser.connectors.ports.marketplace import Marketplace, Product, Subscription
from purser.connectors.ports.psa import Agreement, Psa, Service
from purser.kernel.errors import Failure, Missing
from purser.links import connections, mirror
from purser.links.models import Connection, SourceSubscription, TargetAccount
from purser.postgres import tenancy
from purser.reconcile.model import Reading

Clock = Callable[[], datetime]

# Details of one pass are committed in parts, so that a pass that is cut keeps what it has read.
PART = 200

# A detail read so soon after its change may miss a second one of the same second, or two clocks may not agree.
FRESH = timedelta(minutes=1)


@dataclass
class SourceRead:
    """How a reading of the marketplace went: whole or why not, and what moved."""

    at: datetime
    whole: bool = True
    cut: str = ""
    moved: int = 0
    details: int = 0


def marketplace(
    tenant: UUID,
    connection: Connection,
    port: Marketplace,
    *,
    clock: Clock,
    products: dict[str, Product] | None = None,
) -> SourceRead:
    """Customers and subscriptions in pages, details only where the list says something moved.

    Raises the port's failure when nothing could be read at all; a later one makes the reading not whole.
    """
    customers = port.customers()
    listed = port.subscriptions()
    read = SourceRead(at=customers.at, whole=customers.whole and listed.whole, cut=customers.cut or listed.cut)
    with tenancy.acting_in(tenant):
        known = mirror.take_customers(connection, customers, now=clock())
        rows, strays = mirror.take_subscriptions(connection, listed, known, now=clock())
        due = [s for s in listed.items.values() if s.id in rows and _moved(s, rows[s.id])]
    if strays:
        read.whole, read.cut = (
            False,
            f"{len(strays)} subscriptions name a customer that is not listed, first {strays[0]}.",
        )
    names = products if products is not None else {}
    for start in range(0, len(due), PART):
        details = _details(port, due[start : start + PART], read)
        if any(line.mpn not in names and not line.name for d in details for line in d.lines or ()):
            names.update({p.mpn: p for p in port.products().items.values()})
        with tenancy.acting_in(tenant):
            read.moved += mirror.take_lines(connection, details, rows, names, now=clock())
    read.details = len(due)
    with tenancy.acting_in(tenant):
        connections.was_read(connection.pk, whole=read.whole, cut=read.cut, now=clock())
    return read


def _moved(listed: Subscription, row: SourceSubscription) -> bool:
    """Whether the detail we hold may be older than the list's row. A server that dates changes by the day gives no time
    until that day is over: then the detail is read again. So is one that was read while it was FRESH."""
    if listed.lines is not None or listed.modified_at is None or row.detail_of != listed.modified_at:
        return True
    return row.detail_at is None or row.detail_at - row.detail_of < FRESH


def _details(port: Marketplace, due: Sequence[Subscription], read: SourceRead) -> list[Subscription]:
    details = []
    for subscription in due:
        if subscription.lines is not None:
            details.append(subscription)
            continue
        try:
            details.append(port.subscription(subscription.id))
        except Missing:
            continue  # it went away between the list and the detail; the next list tells
        except Failure as failure:
            if failure.code in connections.PAUSING:
                raise
            read.whole, read.cut = False, f"Subscription {subscription.id}: {failure.text}"
    return details


@dataclass(frozen=True)
class TargetRead:
    """A reading of the PSA: its agreements, and the services that were asked for, as values and mirrored. `at` is when
    their reading began."""

    at: datetime
    agreements: Reading[Agreement]
    services: Reading[Service]


def psa(
    tenant: UUID,
    connection: Connection,
    port: Psa,
    *,
    today: date,
    clock: Clock,
    agreement_ids: Sequence[str] | None = None,
    since: date | None = None,
) -> TargetRead:
    """Agreements, and the services on `agreement_ids`; None reads everything, accounts included."""
    everything = agreement_ids is None
    accounts = port.accounts() if everything else None
    agreements = port.agreements()
    asked = sorted(a.id for a in agreements.items.values() if a.takes_services) if everything else list(agreement_ids or ())
    first = since or today - timedelta(days=1)
    at = clock()  # when it begins: what was sent later may not be in it, however long it takes
    services = port.services(asked, since=first) if asked else Reading({}, agreements.at)
    with tenancy.acting_in(tenant):
        now = clock()
        if accounts is not None:
            known = mirror.take_accounts(connection, accounts, now=now)
        else:
            known = {a.external_id: a for a in TargetAccount.objects.filter(connection=connection)}
        rows = mirror.take_agreements(connection, agreements, known, now=now)
        mirror.take_services(connection, services, rows, read=asked, today=today, now=now)
        whole = agreements.whole and services.whole and (accounts is None or accounts.whole)
        cut = agreements.cut or services.cut or (accounts.cut if accounts else "")
        connections.was_read(connection.pk, whole=whole, cut=cut, now=now)
    return TargetRead(at, agreements, _bounded(services, agreements))


def _bounded(services: Reading[Service], agreements: Reading[Agreement]) -> Reading[Service]:
    """A list of agreements that was cut makes the services no more whole than itself."""
    if agreements.whole:
        return services
    return replace(services, whole=False, cut=agreements.cut)
