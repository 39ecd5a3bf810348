"""Carrying an approved order out: in one transaction with its approval, so that there is never one without the other.

What the sellers keep of it (TierPrice) are rows of other organisations, written after that commit; `carried_at` says that they
were, and a sweep does what a dead process left. Source: acceptance CM-15, CM-44; reliability 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from purser.catalog import selling
from purser.catalog.selling import Sellable
from purser.postgres import tenancy
from purser.provisioning.models import Account
from purser.subscriptions import keeping, lifecycle, tiers
from purser.subscriptions.keeping import By
from purser.subscriptions.models import LineKind, Order, OrderLine, OrderState
from purser.subscriptions.wanted import NEW

GRACE = timedelta(minutes=2)  # for the process that approved it


def carry(order: Order, lines: Sequence[OrderLine], offers: Mapping[UUID, Sellable], *, by: By, now: datetime) -> None:
    """In the customer's seat and the transaction that approves the order: each line takes effect, the order row being held.

    Raises Refused as lifecycle does; then nothing of the order was done and it is not approved.
    """
    for line in lines:
        if line.kind in NEW:
            _begin(line, offers[line.offer], by, now)
        elif line.subscription_id is not None:
            _change(line, line.subscription_id, by, now)
    if not any(line.kind in NEW for line in lines):
        order.carried_at = now
        order.save(update_fields=["carried_at"])


def _begin(line: OrderLine, offer: Sellable, by: By, now: datetime) -> None:
    assert line.instance is not None
    assert line.subscription_id is None
    account = Account.objects.filter(instance=line.instance).first()
    at_price = replace(offer, price=line.price, currency=line.currency, listed=line.listed)
    made = lifecycle.begin(line=line, offer=at_price, account=account, instance=line.instance, by=by, now=now)
    line.subscription = made
    line.save(update_fields=["subscription"])
    keeping.follow(made)


def _change(line: OrderLine, id: UUID, by: By, now: datetime) -> None:
    if line.kind == LineKind.QUANTITY:
        lifecycle.set_quantity(id, line.after, on=keeping.today(now), by=by, now=now)
    elif line.kind == LineKind.CANCEL:
        lifecycle.cancel(id, on=None, by=by, now=now)
    elif line.kind == LineKind.SUSPEND:
        lifecycle.suspend(id, by=by, now=now)
    elif line.kind == LineKind.RESUME:
        lifecycle.resume(id, by=by, now=now)
    else:
        lifecycle.set_renews(id, bool(line.after), by=by, now=now)


def finish(customer: UUID, order: UUID, offers: Mapping[UUID, Sellable], *, now: datetime) -> None:
    """Keep each seller's part of what an approved order began, in that seller's seat; then the order is carried out. May be
    called again at any time. Takes its seats itself.
    """
    with tenancy.acting_in(customer):
        row = Order.objects.filter(pk=order, state=OrderState.APPROVED, carried_at=None).first()
        if row is None:
            return
        on = keeping.today(row.decided_at or now)
        begun = list(OrderLine.objects.filter(order=row, kind__in=NEW, subscription__isnull=False).order_by("position"))
    for line in begun:
        offer = offers.get(line.offer)
        if offer is not None and line.subscription_id is not None:
            tiers.keep(line.subscription_id, customer, _at_price(offer, line.price), from_on=on, now=now)
    with tenancy.acting_in(customer):
        Order.objects.filter(pk=order, carried_at=None).update(carried_at=now)


def _at_price(offer: Sellable, price: Decimal) -> tuple[selling.Tier, ...]:
    """The tiers, the last of which sells at what was confirmed."""
    return tuple(replace(one, sell=price) if one is offer.tiers[-1] else one for one in offer.tiers)


def left(*, now: datetime) -> list[tuple[UUID, UUID]]:
    """Customer and id of each order that a dead process left half carried out. Takes the operator's seat."""
    with tenancy.listing_all():
        rows = Order.across.filter(state=OrderState.APPROVED, carried_at=None, decided_at__lt=now - GRACE)
        return list(rows.order_by("decided_at", "id").values_list("tenant_id", "pk")[:1000])


def complete(customer: UUID, order: UUID, *, now: datetime) -> None:
    """Do what is left of an approved order, with the prices of the day it was approved. Takes its seats itself.

    Of an offer that is no longer on sale the sellers' part cannot be known; it is left open.
    """
    with tenancy.acting_in(customer):
        row = Order.objects.filter(pk=order, state=OrderState.APPROVED, carried_at=None).first()
        if row is None or row.decided_at is None:
            return
        on = keeping.today(row.decided_at)
        wanted = set(OrderLine.objects.filter(order=row, kind__in=NEW).values_list("offer", flat=True))
    finish(customer, order, selling.resolve(buyer=customer, offers=wanted, on=on), now=now)
