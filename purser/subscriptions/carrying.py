"""Carrying an approved order out: in one transaction with its approval, so that there is never one without the other.

What the sellers make of it (TierPrice) are rows of other organisations. They are kept before that transaction, under the ids
that its subscriptions will have: a process that dies in between leaves rows that nobody reads, and never a subscription of
which a seller does not know what it costs. Source: acceptance CM-15, CM-44; reliability 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from purser.catalog.selling import Sellable
from purser.postgres import ids
from purser.provisioning.models import Account
from purser.subscriptions import beginning, keeping, lifecycle, tiers
from purser.subscriptions.keeping import By
from purser.subscriptions.models import LineKind, OrderLine
from purser.subscriptions.wanted import Checked


def ahead(customer: UUID, lines: Sequence[Checked], *, on: date, now: datetime) -> list[UUID]:
    """An id for what comes of each line, each seller's part of what is new being kept under it. Takes its seats itself."""
    begun = ids.many(len(lines))
    for id, line in zip(begun, lines, strict=True):
        if line.offer is not None:
            tiers.keep(id, customer, line.offer.tiers, from_on=on, now=now)
    return begun


def carry(lines: Sequence[OrderLine], checked: Sequence[Checked], begun: Sequence[UUID], *, by: By, now: datetime) -> None:
    """In the customer's seat and the transaction that approves the order: each line takes effect, the order row being held.
    `begun` is of `ahead`.

    Raises Refused as lifecycle does; then nothing of the order was done and it is not approved.
    """
    for line, look, id in zip(lines, checked, begun, strict=True):
        if look.offer is not None:
            _begin(id, line, look.offer, by, now)
        elif line.subscription_id is not None:
            _change(line, line.subscription_id, by, now)


def _begin(id: UUID, line: OrderLine, offer: Sellable, by: By, now: datetime) -> None:
    assert line.instance is not None
    assert line.subscription_id is None
    account = Account.objects.filter(instance=line.instance).first()
    at_price = replace(offer, price=line.price, currency=line.currency, listed=line.listed)
    made = beginning.begin(id=id, line=line, offer=at_price, account=account, instance=line.instance, by=by, now=now)
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
