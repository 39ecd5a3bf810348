"""Who is told of orders: who may approve them, and who raised them. Source: acceptance CM-42 to CM-44."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.notices import outbox
from purser.subscriptions.models import Order, OrderState, Trigger


def waits(order: Order, *, seller: UUID, now: datetime) -> None:
    """In the customer's seat: the seller's people hear that an order waits for them."""
    why = ", ".join(str(Trigger(one).label) for one in order.triggers)
    outbox.post(
        "order_waits",
        audience=seller,
        subject=f"{order.customer_name} ordered: {order.number} waits for approval",
        lines=[f"Raised by {order.raised_by_name}.", f"It waits because of: {why}.", *filter(None, [order.note])],
        page="order",
        args={"placed": order.pk},
        now=now,
    )


def decided(order: Order, *, now: datetime) -> None:
    """In the customer's seat: who raised it hears what became of it."""
    if order.raised_by is None:
        return
    words = str(OrderState(order.state).label).lower()
    outbox.post(
        "order_decided",
        audience=order.tenant_id,
        subject=f"Your order {order.number} is {words}",
        lines=[f"By {order.decided_by_name}.", *filter(None, [order.comment])],
        page="order",
        args={"placed": order.pk},
        to=[order.raised_by],
        now=now,
    )
