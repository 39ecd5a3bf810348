"""Orders as lists: all that an actor may read, and those that wait for its approval. Source: acceptance CM-42 to CM-44."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, UUIDField, Value

from purser.access.actors import Actor
from purser.lists.model import Column, Preset, Sign, Table
from purser.subscriptions import reach
from purser.subscriptions.models import Order, OrderState, Trigger

STATES = {
    "new": Sign("New", "note", "hourglass"),
    "approved": Sign("Approved", "good"),
    "rejected": Sign("Rejected", "bad"),
    "cancelled": Sign("Cancelled", "plain"),
}


def _why(order: Any) -> str:
    return ", ".join(str(Trigger(one).label) for one in order.triggers)


def _rows(actor: Actor) -> Any:
    """`reader` is in whose organisation the row is opened."""
    return reach.rows(actor, Order).annotate(line_count=Count("lines"), reader=Value(actor.tenant, UUIDField()))


_COLUMNS = (
    Column("number", "Order"),
    Column("customer", "Customer", field="customer_name"),
    Column("state", "State", "badge", signs=STATES),
    Column("raised_at", "Ordered", "datetime"),
    Column("raised_by", "By", field="raised_by_name"),
    Column("lines", "Lines", "number", field="line_count"),
    Column("why", "Waits because of", read=_why),
    Column("decided_at", "Decided", "datetime", shown=False),
    Column("decided_by", "Decided by", field="decided_by_name"),
    Column("comment", "Comment", shown=False),
    Column("note", "Note", shown=False),
)

ORDERS = Table(
    name="sales_orders",
    title="Orders",
    lead="What was ordered, by whom, and what became of it.",
    seat=reach.seat,
    rows=lambda actor, params: _rows(actor),
    order=("-raised_at",),
    columns=_COLUMNS,
    presets=(Preset("New", "state.is=new"), Preset("Last 30 days", "raised_at.last=30")),
)

# Only who sells directly to a customer approves for it.
WAITING = Table(
    name="orders_waiting",
    title="Approval desk",
    lead="Orders of your customers that wait for you. Nothing of them happens before you approve.",
    seat=reach.seat,
    rows=lambda actor, params: _rows(actor).filter(state=OrderState.NEW, partner_id=actor.tenant),
    order=("raised_at",),
    columns=tuple(one for one in _COLUMNS if not one.name.startswith("decided")),
)
