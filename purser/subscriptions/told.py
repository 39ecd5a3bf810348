"""Who is told of orders: who may approve them, and who raised them; of plans that came to nothing: customer and seller; and of
a margin that a renewal left below its floor: whose margin it is.

Source: acceptance CM-42 to CM-44, CM-64.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from purser.notices import outbox
from purser.subscriptions.models import Order, OrderState, PlannedChange, Subscription, Trigger

if TYPE_CHECKING:
    from purser.catalog.selling import Tier


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


def decided(order: Order, *, moved: Sequence[str] = (), now: datetime) -> None:
    """In the customer's seat: who raised it hears what became of it, and what `moved` since they asked for it."""
    if order.raised_by is None:
        return
    words = str(OrderState(order.state).label).lower()
    outbox.post(
        "order_decided",
        audience=order.tenant_id,
        subject=f"Your order {order.number} is {words}",
        lines=[f"By {order.decided_by_name}.", *moved, *filter(None, [order.comment])],
        page="order",
        args={"placed": order.pk},
        to=[order.raised_by],
        now=now,
    )


def refused(plan: PlannedChange, words: str, *, now: datetime) -> None:
    """In the customer's seat: its people and its seller's hear that the plan `words` was not carried out, and why."""
    row = plan.subscription
    for audience in filter(None, (plan.tenant_id, plan.partner_id)):
        outbox.post(
            "change_refused",
            audience=audience,
            subject=f"Not done: {words[:1].lower()}{words[1:]} of {row.offer_name} for {row.customer_name}",
            lines=[
                f"{plan.by_name} planned it for {plan.on}; {row.number} stays as it is, with {row.quantity}.",
                plan.text,
                "Plan it again for another day, or change it now.",
            ],
            page="held",
            args={"held": row.pk},
            by_job=True,
            now=now,
        )


def below_floor(row: Subscription, part: Tier, *, on: date, now: datetime) -> None:
    """In the seat of who sells `part`: a renewal left it below its floor, which nobody was there to confirm. Source: CM-64."""
    margin = f"a margin of {part.margin} %" if part.margin is not None else "a margin below nought"
    assert part.cost is not None  # else nobody knows that it is below
    outbox.post(
        "margin_low",
        audience=part.seller,
        subject=f"Below your floor from {on} on: {row.offer_name} for {row.customer_name}",
        lines=[
            f"{row.number} is sold at {part.sell.normalize():f} {part.currency} and bought at {part.cost.normalize():f} "
            f"{part.currency}, {margin}, "
            f"below the floor of {part.floor_percent} % of {part.listed}.",
            "Its price and cost followed the lists by themselves. Set another sales price where that is not meant.",
        ],
        page="held",
        args={"held": row.pk},
        by_job=True,
        now=now,
    )
