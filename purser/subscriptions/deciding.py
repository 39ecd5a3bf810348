"""Approving and rejecting what customers order: by who sells to them, and nobody their own.

Every verb takes its seats itself. Source: acceptance CM-42 to CM-45, CM-64.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.kernel.errors import Failure, Missing, Refused
from purser.postgres import tenancy
from purser.subscriptions import asking, buyers, carrying, orders, told, wanted
from purser.subscriptions.buyers import Buyer
from purser.subscriptions.models import LineKind, Order, OrderLine, OrderState
from purser.subscriptions.orders import NONE, Opened
from purser.subscriptions.wanted import NEW, Asked, Checked
from purser.tenants.models import Kind

MANY = 100  # orders approved at once


def approve(
    actor: Actor, id: UUID, *, comment: str = "", expect: str = "", confirmed: Collection[str] = (), now: datetime
) -> Order:
    """Approve an order that waits, and carry it out. `expect` is the digest of what the approver saw (wanted.facts).

    Raises Missing; Refused: code "own", "state", what stands against a line by now, "moved" where the customer has another
    partner by now, or price, terms or quantity are not what they were when it was asked and the approver has not seen what
    they are now, "floor" and "enables" as `place` does.
    """
    opened, buyer = _waiting(actor, id, now)
    checked = _recheck(actor, buyer, opened.lines)
    orders.check_open(buyer, checked)
    wrong = next((one.wrong for one in checked if one.wrong), None)
    if wrong is not None:
        raise wrong
    moved = differences(opened.lines, checked)
    if moved and expect != wanted.facts(checked):
        raise Refused(" ".join(moved), code="moved", hint="Open the order, look at it as it is now, and approve that.")
    confirmed = orders.check_confirmed(checked, confirmed)
    begun = carrying.ahead(buyer.id, checked, on=buyer.today, now=now)
    with tenancy.acting_in(buyer.id):
        buyer.hold()
        order = orders.move(id, OrderState.APPROVED, actor, buyer, comment, now, moved=moved, confirmed=confirmed)
        rows = list(OrderLine.objects.filter(order=order).order_by("position"))
        for row, one in zip(rows, checked, strict=True):
            row.price, row.currency, row.listed, row.before = one.price, one.currency, one.listed or row.listed, one.before
            row.terms = one.terms
            row.save(update_fields=["price", "currency", "listed", "before", "terms"])
        carrying.carry(rows, checked, begun, by=orders.by(order), now=now)
        told.decided(order, moved=moved, now=now)
    return order


def approve_many(actor: Actor, ids: Sequence[UUID], *, now: datetime) -> tuple[list[Order], list[tuple[str, Failure]]]:
    """Approve each by itself: those done, and the number of each that was not with why. Raises Missing before the first where
    one is not there.
    """
    done: list[Order] = []
    kept: list[tuple[str, Failure]] = []
    numbers = {id: orders.one(actor, id).order.number for id in ids[:MANY]}
    for id, number in numbers.items():
        try:
            done.append(approve(actor, id, now=now))
        except (Refused, Missing) as failure:
            kept.append((number, failure))
    return done, kept


def reject(actor: Actor, id: UUID, *, comment: str, now: datetime) -> Order:
    """Reject an order that waits; nothing of it happens. Raises Missing; Refused without a comment, and as `approve` does."""
    if not comment.strip():
        raise Refused("A rejection needs a comment; who ordered reads it.", code="comment")
    _, buyer = _waiting(actor, id, now)
    with tenancy.acting_in(buyer.id):
        buyer.hold()
        order = orders.move(id, OrderState.REJECTED, actor, buyer, comment, now)
        told.decided(order, now=now)
    return order


def looked_at(actor: Actor, opened: Opened, *, now: datetime) -> list[Checked]:
    """The lines of an order that waits as they stand now, for who may decide it. Takes its seats itself."""
    buyer = buyers.one(actor, opened.customer, now)
    return _recheck(actor, buyer, opened.lines)


def to_come(actor: Actor, id: UUID, *, now: datetime) -> tuple[UUID, list[Checked]]:
    """For whom an order that waits is, and its lines as they stand now, none where it waits no longer. For who sells to the
    customer. Takes its seats itself. Raises Missing.
    """
    opened = orders.one(actor, id)
    if opened.order.partner_id != actor.tenant:
        raise Missing(NONE)
    return opened.customer, looked_at(actor, opened, now=now) if opened.order.state == OrderState.NEW else []


def differences(asked: Sequence[OrderLine], now: Sequence[Checked]) -> list[str]:
    """What is not as it was when it was asked, in words with both numbers. Source: acceptance CM-45."""
    found: list[str] = []
    for line, held in zip(asked, now, strict=True):
        if held.wrong is None and (held.price, held.currency) != (line.price, line.currency):
            was, is_ = f"{line.price.normalize():f} {line.currency}", f"{held.price.normalize():f} {held.currency}"
            found.append(f"{line.offer_name}: the price was {was} and is now {is_}.")
        if held.wrong is None and held.terms != line.terms:
            found.append(wanted.other_terms(line.offer_name, line.terms, held.terms))
        if held.wrong is None and line.kind in (LineKind.QUANTITY, LineKind.CANCEL) and held.before != line.before:
            found.append(f"{line.offer_name}: the quantity was {line.before} and is now {held.before}.")
    return found


def _waiting(actor: Actor, id: UUID, now: datetime) -> tuple[Opened, Buyer]:
    """An order that the actor may decide. Nobody decides their own, in whichever organisation they act. Source: CM-44."""
    opened = orders.one(actor, id)
    order = opened.order
    if order.partner_id != actor.tenant or actor.kind == Kind.CUSTOMER:
        raise Missing(NONE)
    if actor.person is None or actor.person == order.raised_by:
        raise Refused(f"You raised {order.number} yourself; a colleague decides it.", code="own")
    if order.state != OrderState.NEW:
        words = OrderState(order.state).label
        raise Refused(f"{order.number} is {words} already, by {order.decided_by_name or order.raised_by_name}.", code="state")
    return opened, buyers.one(actor, opened.customer, now)


def _recheck(actor: Actor, buyer: Buyer, rows: Sequence[OrderLine]) -> list[Checked]:
    asked = [
        Asked(
            kind=LineKind(line.kind),
            quantity=line.after,
            offer=line.offer if line.kind in NEW else None,
            subscription=line.subscription_id,
            base=line.base_id,
            instance=line.instance if line.kind in NEW else None,
            name=line.offer_name,
        )
        for line in rows
    ]
    return asking.check(actor, buyer, asked)
