"""The provider's webhooks: kept once however often they are told, and taken as a hint to look, never as the truth.

Events come late, twice, in any order, or not at all. So one only says where to look: the job reads the payment, the page or
the refunds as they are now, and has settled what they are about. Source: reliability P39, section 4.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import transaction

from purser.billing.models import Card, Event, Purchase, PurchaseState, Refund, RefundState
from purser.billing.paying import purchases, settling, told, visits
from purser.connectors.ports.payment import Payment, Payments
from purser.kernel.errors import Missing
from purser.postgres import queue, tenancy
from purser.tenants import organisations


class Taken(NamedTuple):
    event: str
    new: bool


def take(operator: UUID, payments: Payments, body: bytes, signature: str, *, now: datetime) -> Taken:
    """Keep a webhook with the job that follows it, in one transaction. Nothing of the body is read before its signature held.

    Raises Refused: "signature", "malformed". Takes the operator's seat.
    """
    told_ = payments.event(body, signature, now=now)
    with tenancy.acting_in(operator):
        row = Event(
            event=told_.id[:200], topic=told_.topic, about=told_.about[:200], name=told_.name, made_at=told_.made_at,
            received_at=now,
        )  # fmt: skip
        with transaction.atomic():
            kept = Event.objects.bulk_create([row], ignore_conflicts=True)
        new = bool(kept) and Event.objects.filter(pk=row.pk).exists()
        if new:
            queue.defer("purser.payment_event", operator=str(operator), event=str(row.pk))
        return Taken(told_.id, new)


def follow(operator: UUID, id: UUID, payments: Payments, *, now: datetime) -> str:
    """Look at what a kept event is about; what was found, in words. May be called again at any time. Takes its seats.

    Raises what the provider's port raises: the job is then tried again.
    """
    with tenancy.acting_in(operator):
        row: Event | None = Event.objects.filter(pk=id, handled_at=None).first()
    if row is None:
        return ""
    text, odd = _looked(row, operator, payments)
    with tenancy.acting_in(operator):
        held = Event.objects.select_for_update().get(pk=id)
        if held.handled_at is None:
            if odd:
                told.to_operator(subject=odd, lines=[text, f"Event {row.event}, {row.name}."], now=now)
            held.handled_at, held.text = now, text[:500]
            held.save(update_fields=["handled_at", "text"])
    return text


def _looked(row: Event, operator: UUID, payments: Payments) -> tuple[str, str]:
    """What was found, and what is odd about it."""
    try:
        if row.topic == "page":
            return _page(payments.visit(row.about).reference, operator), ""
        if row.topic in ("payment", "refund", "dispute"):
            return _payment(row, payments.payment(row.about), operator)
        if row.topic == "card":
            return _card(row.about, operator), ""
    except Missing:
        return "The provider knows nothing of it.", ""
    return "Nothing to look at.", ""


def _page(reference: str, operator: UUID) -> str:
    ours = settling.referred(reference, kind=visits.VISIT)
    if ours is not None and _below(ours[0], operator):
        queue.defer("purser.visit", tenant=str(ours[0]), visit=str(ours[1]), once=True)
        return "The visit is looked at."
    paid = settling.referred(reference)
    if paid is not None and _below(paid[0], operator):
        purchases.pass_on(*paid)
        return "The purchase is looked at."
    return "It is not of ours."


def _card(token: str, operator: UUID) -> str:
    """Have a card on file read anew. One that we let be forgotten ourselves is on file no more."""
    with tenancy.listing_all():
        found = Card.across.filter(token=token, removed_at=None).order_by("pk").values_list("tenant_id", "pk")
        ours = [(tenant, id) for tenant, id in found]
    asked = 0
    for tenant, id in ours:
        if _below(tenant, operator):
            with tenancy.acting_in(tenant):
                queue.defer("purser.card", lock=f"card:{id}", merge=True, tenant=str(tenant), card=str(id), once=True)
            asked += 1
    return "The card is looked at." if asked else "It is not of ours."


def _payment(row: Event, payment: Payment, operator: UUID) -> tuple[str, str]:
    ours = settling.referred(payment.reference)
    if ours is None or not _below(ours[0], operator):
        return "It is not of ours.", ""
    tenant, id = ours
    with tenancy.acting_in(tenant):
        purchase = Purchase.objects.filter(pk=id).first()
        if purchase is None:
            return "It is of no purchase.", "A payment of no purchase"
        if row.topic == "refund":
            return _refunds(purchase), ""
        if row.topic == "dispute":
            return f"The payment of {purchase.number} is contested.", f"{purchase.number} is contested"
        ended = purchase.state in (PurchaseState.PAID, PurchaseState.CANCELLED)
        if payment.state == "paid" and ended and purchase.payment != payment.id:
            told_ = f"{payment.money} came for {purchase.number}, which is {purchase.state}: give it back at the provider."
            return told_, "Money without a purchase"
        purchases.ask(purchase)
        return f"{purchase.number} is looked at.", ""


def _refunds(purchase: Purchase) -> str:
    """In the partner's seat: have each looked at that may have gone on."""
    rows = Refund.objects.filter(purchase=purchase).exclude(state=RefundState.FAILED).order_by("made_at", "id")
    for one in rows:
        queue.defer("purser.refund", lock=f"refund:{one.pk}", merge=True, tenant=str(one.tenant_id), refund=str(one.pk))
    return f"{len(rows)} refunds of {purchase.number} are looked at."


def _below(tenant: UUID, operator: UUID) -> bool:
    try:
        return organisations.operator_over(tenant) == operator
    except Missing:
        return False
