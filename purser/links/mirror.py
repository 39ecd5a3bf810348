"""Write what was read into the mirror: only rows that differ, in sets, and nothing is deleted.

A thing that a *whole* reading lacks is marked gone since then; a reading that was cut marks nothing (law 2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from purser.connectors.ports import marketplace, psa
from purser.kernel import digest
from purser.links.models import (
    Connection,
    Movement,
    SourceCustomer,
    SourceResource,
    SourceSubscription,
    TargetAccount,
    TargetAgreement,
    TargetService,
)
from purser.links.models.mirror import Mirrored
from purser.reconcile.model import Reading

T = TypeVar("T", bound=Mirrored)
SIZE = 1000


def _write(
    model: type[T],
    connection: Connection,
    wanted: Mapping[str, dict[str, Any]],
    *,
    whole: bool,
    now: datetime,
    scope: Callable[[T], bool] = lambda row: True,
) -> dict[str, T]:
    """Bring the rows of one connection to `wanted` (external id -> columns); returns all rows, by external id.

    `scope` limits which rows a whole reading may mark as gone.
    """
    rows: dict[str, T] = {r.external_id: r for r in model.objects.filter(connection=connection)}
    new, changed = [], []
    columns: set[str] = set()
    for external_id, values in wanted.items():
        row = rows.get(external_id)
        if row is None:
            row = model(connection=connection, external_id=external_id, seen_at=now, **values)
            rows[external_id] = row
            new.append(row)
            continue
        different = {name: value for name, value in values.items() if getattr(row, name) != value}
        if row.gone_at is not None:
            different["gone_at"] = None
        if different:
            for name, value in different.items():
                setattr(row, name, value)
            row.seen_at = now
            columns |= different.keys()
            changed.append(row)
    if whole:
        for external_id, row in rows.items():
            if external_id not in wanted and row.gone_at is None and scope(row):
                row.gone_at = now
                columns.add("gone_at")
                changed.append(row)
    model.objects.bulk_create(new, batch_size=SIZE)
    if changed:
        model.objects.bulk_update(changed, sorted(columns | {"seen_at"}), batch_size=SIZE)
    return rows


def take_customers(
    connection: Connection, reading: Reading[marketplace.Customer], *, now: datetime
) -> dict[str, SourceCustomer]:
    return _write(
        SourceCustomer,
        connection,
        {
            c.id: {
                "name": c.name[:300],
                "status": c.status[:20],
                "contact_name": c.contact_name[:200],
                "contact_email": c.contact_email[:254],
            }
            for c in reading.items.values()
        },
        whole=reading.whole,
        now=now,
    )


def take_subscriptions(
    connection: Connection,
    reading: Reading[marketplace.Subscription],
    customers: Mapping[str, SourceCustomer],
    *,
    now: datetime,
) -> tuple[dict[str, SourceSubscription], list[str]]:
    """Returns the rows and the ids of subscriptions whose customer is unknown: those are quarantined, not guessed."""
    wanted, strays = {}, []
    for s in reading.items.values():
        customer = customers.get(s.customer_id)
        if customer is None:
            strays.append(s.id)
            continue
        wanted[s.id] = {
            "customer_id": customer.pk,
            "status": s.status,
            "created_on": s.created_on,
            "renewal_on": s.renewal_on,
            "modified_at": s.modified_at,
            "auto_renews": s.auto_renews,
            **({"name": s.name[:300]} if s.name else {}),
            **({"billing_period": s.billing_period[:20]} if s.billing_period else {}),
        }
    return _write(SourceSubscription, connection, wanted, whole=reading.whole, now=now), strays


def take_lines(
    connection: Connection,
    details: Sequence[marketplace.Subscription],
    subscriptions: Mapping[str, SourceSubscription],
    products: Mapping[str, marketplace.Product],
    *,
    now: datetime,
) -> int:
    """The lines of the subscriptions whose detail was read. Notes each change of a count as a movement; returns how many."""
    wanted: dict[str, dict[str, Any]] = {}
    read: set[Any] = set()
    for detail in details:
        subscription = subscriptions.get(detail.id)
        if subscription is None or detail.lines is None:
            continue
        read.add(subscription.pk)
        for line in detail.lines:
            product = products.get(line.mpn)
            wanted[f"{detail.id}/{line.resource_id}"] = {
                "customer_id": subscription.customer_id,
                "subscription_id": subscription.pk,
                "resource_id": line.resource_id[:120],
                "mpn": line.mpn[:120],
                "name": (line.name or (product.name if product else "") or line.mpn)[:300],
                "count": line.quantity,
                "unit_price": line.unit_price,
                "unit_cost": line.unit_cost,
                "currency": line.currency[:3],
                "usage_based": bool(product and product.usage_based),
                **({"unit": product.unit[:40]} if product and product.unit else {}),
            }
    before = {
        r.external_id: (r.count, r.gone_at)
        for r in SourceResource.objects.filter(connection=connection, subscription_id__in=read)
    }
    rows = _write(SourceResource, connection, wanted, whole=True, now=now, scope=lambda r: r.subscription_id in read)
    moves = []
    for external_id, row in rows.items():
        if external_id not in before:
            continue
        count, gone = before[external_id]
        was = Decimal(0) if gone else count
        now_is = Decimal(0) if row.gone_at else row.count
        if was != now_is:
            moves.append(Movement(resource=row, seen_at=now, before=was, after=now_is))
    Movement.objects.bulk_create(moves, batch_size=SIZE)
    held = []
    for detail in details:
        row_of = subscriptions.get(detail.id)
        if row_of is None or detail.lines is None:
            continue
        # the detail's own time: it may lag behind the list's, and is then read again
        row_of.detail_of, row_of.detail_at = detail.modified_at, now
        row_of.name = row_of.name or detail.name[:300] or _named_after(detail, products)
        held.append(row_of)
    SourceSubscription.objects.bulk_update(held, ["detail_of", "detail_at", "name"], batch_size=SIZE)
    return len(moves)


def _named_after(detail: marketplace.Subscription, products: Mapping[str, marketplace.Product]) -> str:
    """1.1 servers name no subscription: the first line's service or product does."""
    for line in detail.lines or ():
        product = products.get(line.mpn)
        name = line.name or (product.service_name or product.name if product else "")
        if name:
            return name[:300]
    return f"Subscription {detail.id}"


def take_accounts(connection: Connection, reading: Reading[psa.Account], *, now: datetime) -> dict[str, TargetAccount]:
    return _write(
        TargetAccount,
        connection,
        {
            a.id: {
                "name": a.name[:300],
                "contact": a.contact[:300],
                "active": a.active,
                "currency": a.currency[:3],
            }
            for a in reading.items.values()
        },
        whole=reading.whole,
        now=now,
    )


def take_agreements(
    connection: Connection,
    reading: Reading[psa.Agreement],
    accounts: Mapping[str, TargetAccount],
    *,
    now: datetime,
) -> dict[str, TargetAgreement]:
    return _write(
        TargetAgreement,
        connection,
        {
            a.id: {
                "account_id": accounts[a.account_id].pk,
                "name": a.name[:300],
                "number": a.number[:100],
                "starts_on": a.starts_on,
                "ends_on": a.ends_on,
                "active": a.active,
                "takes_services": a.takes_services,
                "prorates": a.prorates,
                "currency": a.currency[:3],
                "billing_period": a.billing_period or "",
                "invoiced_through": a.invoiced_through,
                "renewed_by": a.renewed_by[:120],
            }
            for a in reading.items.values()
            if a.account_id in accounts
        },
        whole=reading.whole,
        now=now,
    )


def take_services(
    connection: Connection,
    reading: Reading[psa.Service],
    agreements: Mapping[str, TargetAgreement],
    *,
    read: Iterable[str],
    today: date,
    now: datetime,
) -> dict[str, TargetService]:
    """`read` are the agreements whose services were asked for: only theirs can be gone."""
    asked = {agreements[a].pk for a in read if a in agreements}
    wanted = {}
    for key, s in reading.items.items():
        agreement = agreements.get(s.agreement_id)
        if agreement is None:
            continue
        wanted[key] = {
            "agreement_id": agreement.pk,
            "service_id": s.id[:120],
            "product_id": s.product_id[:120],
            "name": s.name[:300],
            "kind": s.kind,
            "unit": s.unit[:40],
            "units": s.units_on(today),
            "final_units": psa.final_units(s.segments, ends_on=agreement.ends_on),
            "segments": [digest.plain(x) for x in s.segments],
            "unit_price": s.unit_price,
            "unit_cost": s.unit_cost,
            "catalog_price": s.catalog_price,
            "catalog_cost": s.catalog_cost,
        }
    rows = _write(
        TargetService,
        connection,
        wanted,
        whole=reading.whole,
        now=now,
        scope=lambda r: r.agreement_id in asked,
    )
    TargetAgreement.objects.filter(pk__in=asked).update(services_at=now)
    return rows
