"""Ordering for customers and as one, and approving what customers order. Source: acceptance CM-2, CM-10 to CM-23, CM-42 to
CM-45.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils import timezone

from purser.access import permit
from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import orders as out
from purser.api.schemas.common import Some
from purser.catalog import selling
from purser.flows.accounts_to_vendor import previewing
from purser.kernel.errors import Refused
from purser.subscriptions import approvals, asking, buyers, deciding, orders
from purser.subscriptions.models import Order, OrderState
from purser.tenants.models import Kind

ONE = "/sales-orders/{uuid:placed}"
routes = Routes("Orders")


def _for(actor: Actor, customer: UUID | None) -> UUID:
    if customer is not None or actor.kind == Kind.CUSTOMER:
        return customer or actor.tenant
    raise Refused("Say for which customer.", code="customer")


@routes.get("/sales-orders/for/{uuid:buyer}", "orders.place", answers=Some[out.ShopOffer], seat=False)
def shop(
    actor: Actor, now: datetime, buyer: UUID, category: str = "", cycle: str = "", group: str = ""
) -> Some[out.ShopOffer]:
    """What is on sale to a customer, or in your own tenant to you, by category, group and name

    With `category`, `cycle` (monthly, yearly) or `group` exactly what is of these.
    """
    for_whom = buyers.one(actor, buyer, now)
    goods = selling.shop(buyer=buyer, on=for_whom.today)
    asked = {"category": category, "cycle": cycle, "group": group}
    wanted = {name: value for name, value in asked.items() if value}
    chosen = [one for one in goods if all(getattr(one, name) == value for name, value in wanted.items())]
    return Some(rows=[out.offer(one, actor.tenant) for one in chosen])


@routes.post("/sales-orders/review", "orders.place", answers=out.Reviewed, seat=False)
def review(actor: Actor, now: datetime, body: out.Review) -> out.Reviewed:
    """What an order would cost, and what stands against it; nothing is ordered"""
    buyer = buyers.one(actor, _for(actor, body.customer), now)
    lines = asking.check(actor, buyer, [one.asked() for one in body.lines])
    return out.reviewed(buyer.id, buyer.name, lines)


@routes.post("/sales-orders/calls", "accounts.read", answers=Some[out.OrderCalls], seat=False)
def calls(actor: Actor, now: datetime, body: out.Review) -> Some[out.OrderCalls]:
    """What the vendors would be asked if this were ordered: it is read there, and nothing is changed

    Of what is new, suspended or lifted: other changes of what is there are not looked at.
    """
    buyer = buyers.one(actor, _for(actor, body.customer), now)
    lines = asking.check(actor, buyer, [line.asked() for line in body.lines])
    found = previewing.of_order(tenant=buyer.id, lines=lines, clock=timezone.now)
    return Some(rows=[out.calls(*one) for one in found])


@routes.post("/sales-orders", "orders.place", answers=out.SalesOrder, status=201, seat=False)
def place(actor: Actor, now: datetime, body: out.PlaceOrder) -> out.SalesOrder:
    """Order, change, suspend or end subscriptions

    A customer's order that a rule of its seller stops waits as new, and nothing else happens; any other is carried out at
    once. Sent again with the same `once` it is the same order.
    """
    made = orders.place(
        actor, customer=_for(actor, body.customer), lines=[one.asked() for one in body.lines], once=body.once,
        note=body.note, confirmed=body.confirmed, now=now,
    )  # fmt: skip
    return _told(actor, made)


def _told(actor: Actor, order: Order) -> out.SalesOrder:
    opened = orders.one(actor, order.pk)
    return out.order(opened.order, opened.lines)


@routes.get(ONE, "subscriptions.read", answers=out.SalesOrder, seat=False)
def one(actor: Actor, now: datetime, placed: UUID) -> out.SalesOrder:
    """An order with its lines; for who decides it, also how it stands now"""
    opened = orders.one(actor, placed)
    order = opened.order
    decides = order.state == OrderState.NEW and order.partner_id == actor.tenant and permit.allows(actor, "orders.decide")
    return out.order(order, opened.lines, deciding.looked_at(actor, opened, now=now) if decides else None)


@routes.get(f"{ONE}/calls", "accounts.read", answers=Some[out.OrderCalls], seat=False)
def order_calls(actor: Actor, now: datetime, placed: UUID) -> Some[out.OrderCalls]:
    """What the vendors would be asked if an order that waits were approved

    As `sales-orders/calls` says it of one to be placed.
    """
    customer, lines = deciding.to_come(actor, placed, now=now)
    return Some(rows=[out.calls(*one) for one in previewing.of_order(tenant=customer, lines=lines, clock=timezone.now)])


@routes.post(f"{ONE}/approve", "orders.decide", answers=out.SalesOrder, seat=False)
def approve(actor: Actor, now: datetime, placed: UUID, body: out.ApproveOrder) -> out.SalesOrder:
    """Approve an order that waits, and carry it out

    Where price, terms or quantity have moved since it was asked, only with the `expect` of how it stands now.
    """
    made = deciding.approve(actor, placed, comment=body.comment, expect=body.expect, confirmed=body.confirmed, now=now)
    return _told(actor, made)


@routes.post(f"{ONE}/reject", "orders.decide", answers=out.SalesOrder, seat=False)
def reject(actor: Actor, now: datetime, placed: UUID, body: out.RejectOrder) -> out.SalesOrder:
    """Reject an order that waits; nothing of it happens"""
    return _told(actor, deciding.reject(actor, placed, comment=body.comment, now=now))


@routes.post(f"{ONE}/cancel", "orders.place", answers=out.SalesOrder, seat=False)
def cancel(actor: Actor, now: datetime, placed: UUID) -> out.SalesOrder:
    """Take back an order of your own that waits"""
    return _told(actor, orders.cancel(actor, placed, now=now))


@routes.post("/sales-orders/approve", "orders.decide", answers=out.ApprovedOrders, seat=False)
def approve_many(actor: Actor, now: datetime, body: out.ApproveOrders) -> out.ApprovedOrders:
    """Approve several, each by itself; those that need a look of their own wait"""
    return out.approved(*deciding.approve_many(actor, body.orders, now=now))


@routes.get("/approval-rules", "orders.configure", answers=Some[out.ApprovalRule])
def rules(actor: Actor, now: datetime) -> Some[out.ApprovalRule]:
    """Which orders of customers need approval: the default first"""
    return Some(rows=[out.rule(one) for one in approvals.all_of(actor.tenant)])


@routes.put("/approval-rules", "orders.configure", answers=Some[out.ApprovalRule], seat=False)
def keep_rule(actor: Actor, now: datetime, body: out.KeepRule) -> Some[out.ApprovalRule]:
    """Set the default, or a rule for several customers at once"""
    seen = {one.customer: one.version for one in body.seen}
    kept = approvals.keep(actor, body.rule(), body.customers, seen=seen, everywhere=body.everywhere, now=now)
    return Some(rows=[out.rule(one) for one in kept])


@routes.delete("/approval-rules/{uuid:organisation}", "orders.configure")
def drop_rule(actor: Actor, now: datetime, organisation: UUID) -> None:
    """Let the default hold for a customer again"""
    approvals.drop(actor, organisation, now=now)
