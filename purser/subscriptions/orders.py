"""Orders: placed once however often they are sent, and cancelled by who raised them. Who sells decides them (deciding.py).

Every verb takes its seats itself. Source: acceptance CM-2, CM-10 to CM-15, CM-42 to CM-45, CM-64.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from purser.access import acts, at_home
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.subscriptions import approvals, asking, buyers, carrying, reach, told
from purser.subscriptions.buyers import Buyer
from purser.subscriptions.keeping import By
from purser.subscriptions.models import ORDER_STEPS, LineKind, Order, OrderLine, OrderState, Source
from purser.subscriptions.wanted import NEW, Asked, Checked

PLACE, DECIDE = "orders.place", "orders.decide"
NONE = "There is no such order."


@dataclass(frozen=True)
class Opened:
    """An order with its lines."""

    order: Order
    lines: tuple[OrderLine, ...]

    @property
    def customer(self) -> UUID:
        return self.order.tenant_id  # type: ignore[return-value]  # never empty


def place(
    actor: Actor,
    *,
    customer: UUID,
    lines: Sequence[Asked],
    once: str,
    note: str = "",
    confirmed: Collection[str] = (),
    now: datetime,
) -> Order:
    """Order for a customer, or as one. What a rule of the seller stops waits as New, and nothing else happens; the rest is
    approved and carried out at once. `once` is the form's: sent again it is the same order.

    Raises Refused with the numbers: code "lines", "withdrawn", "quantity", "no_base", "not_synced", ...; "price_moved" and
    "terms_moved" where they are not those shown; "floor" below the seller's own margin floor, of which a customer never
    hears, and "enables" where what is suspended beside it comes back with it, each unless `confirmed` has it; "moved" where
    it moved to another partner this moment; "once" for another order sent under the same key.
    """
    _check_once(once)
    buyer = buyers.one(actor, customer, now)
    with tenancy.acting_in(customer):
        before = _sent_before(once, lines)
    if before is not None:
        return before
    checked = asking.check(actor, buyer, lines)
    check_open(buyer, checked)
    confirmed = _check(checked, confirmed)
    rule = approvals.rule_for(buyer.seller, customer) if buyer.own else approvals.NOTHING
    triggers = approvals.stopped_by(rule, checked)
    begun = [] if triggers else carrying.ahead(customer, checked, on=buyer.today, now=now)
    with tenancy.acting_in(customer):
        buyer.hold()  # numbers are in order, and the second of two same ones finds the first
        before = _sent_before(once, lines)
        if before is not None:
            return before
        order = _new(actor, buyer, once, note, triggers, now)
        _record(actor, buyer, order, checked, confirmed, now)
        order.save(force_insert=True)
        rows = [_line(order, number, one) for number, one in enumerate(checked, start=1)]
        OrderLine.objects.bulk_create(rows)
        if triggers:
            told.waits(order, seller=buyer.seller, now=now)
        else:
            carrying.carry(rows, checked, begun, by=by(order), now=now)
    return order


def cancel(actor: Actor, id: UUID, *, now: datetime) -> Order:
    """Take back an order that waits. Raises Missing; Refused for anybody but who raised it, and once it is decided."""
    opened = one(actor, id)
    if actor.person is None or opened.order.raised_by != actor.person:
        raise Refused(f"Only {opened.order.raised_by_name}, who raised it, can cancel {opened.order.number}.", code="raiser")
    buyer = buyers.one(actor, opened.customer, now)
    with tenancy.acting_in(buyer.id):
        return move(id, OrderState.CANCELLED, actor, buyer, "", now)


def one(actor: Actor, id: UUID) -> Opened:
    """An order the actor may read, its prices empty to who sells through another. Takes its seat itself. Raises Missing."""
    with reach.seat(actor):
        order: Order | None = reach.rows(actor, Order).filter(pk=id).first()
        if order is None:
            raise Missing(NONE)
        lines = reach.rows(actor, OrderLine).filter(order_id=id).select_related("subscription", "base").order_by("position")
        found: list[Any] = list(lines)
    if not reach.sees_price(actor, order):
        for line in found:
            line.price, line.listed = None, ""
    return Opened(order, tuple(found))


def step(order: Order, to: OrderState) -> None:
    """The one mover of an order's state. Raises Refused for a step that ORDER_STEPS does not name."""
    if to not in ORDER_STEPS[order.state]:
        raise Refused(
            f"{order.number} is {OrderState(order.state).label}; it cannot become {to.label} any more.", code="state",
            hint="Read it again.",
        )  # fmt: skip
    order.state = to
    order.version += 1


def move(
    id: UUID, to: OrderState, actor: Actor, buyer: Buyer, comment: str, now: datetime, *, moved: Sequence[str] = (),
    confirmed: Sequence[str] = (),
) -> Order:  # fmt: skip
    """In the customer's seat: move the order, held until the transaction ends, and say who did, what had `moved` since it was
    asked, and at home what was `confirmed`.
    """
    order: Order = Order.objects.select_for_update().get(pk=id)
    step(order, to)
    verb = PLACE if to == OrderState.CANCELLED else DECIDE
    more = {"comment": comment, **({"moved": list(moved)} if moved else {})}
    _act(actor, buyer, verb, f"{to.label} the order {order.number}", order, more, confirmed, now)
    order.decided_at, order.decided_by, order.decided_by_name = now, actor.person, buyer.acting(actor).name
    order.comment = " ".join(comment.split())[:500]
    order.save(update_fields=["state", "version", "decided_at", "decided_by", "decided_by_name", "comment"])
    return order


def check_open(buyer: Buyer, lines: Sequence[Checked]) -> None:
    """What makes less of what a suspended customer has is ordered all the same: else it costs on."""
    if any(one.grows for one in lines):
        buyer.check_open()


def _check(lines: Sequence[Checked], confirmed: Collection[str]) -> list[str]:
    for one in lines:
        if one.wrong or one.moved:
            raise one.wrong or one.moved  # type: ignore[misc]
    return check_confirmed(lines, confirmed)


def check_confirmed(lines: Sequence[Checked], confirmed: Collection[str]) -> list[str]:
    """The codes of what had to be confirmed, and was. Raises Refused for the first that was not."""
    needed = [asked for one in lines for asked in (one.low, one.enables) if asked]
    for asked in needed:
        if asked.code not in confirmed:
            raise asked
    return sorted({asked.code for asked in needed})


def _check_once(once: str) -> None:
    if not (1 <= len(once) <= 64 and once.isascii() and once.isprintable()):
        raise Refused("An order needs a key of 1 to 64 letters, so that it is taken once.", code="once")


def _sent_before(once: str, lines: Sequence[Asked]) -> Order | None:
    """In the customer's seat. Raises Refused where another order was sent under this key."""
    order: Order | None = Order.objects.filter(once=once).first()
    if order is None:
        return None
    rows = OrderLine.objects.filter(order=order).order_by("position")
    held = [_same(row.kind, row.offer if row.kind in NEW else row.subscription_id, row.after) for row in rows]
    if held != [_same(line.kind, line.offer or line.subscription, line.wants) for line in lines]:
        raise Refused(f"Another order, {order.number}, was sent with this key.", code="once", hint="Begin a new order.")
    return order


def _same(kind: str, what: UUID | None, quantity: int) -> tuple[str, UUID | None, int]:
    """What makes two lines the same one. An add-on may be asked for as a new subscription."""
    kind = LineKind.CREATE if kind in NEW else LineKind(kind)
    counts = kind in (LineKind.CREATE, LineKind.QUANTITY, LineKind.RENEWAL)
    return kind, what, quantity if counts else 0


def _new(actor: Actor, buyer: Buyer, once: str, note: str, triggers: list[str], now: datetime) -> Order:
    return Order(
        partner_id=buyer.seller,
        distributor_id=buyer.distributor,
        customer_name=buyer.name,
        number=f"O-{Order.objects.count() + 1:05d}",
        once=once,
        state=OrderState.NEW if triggers else OrderState.APPROVED,
        triggers=triggers,
        raised_at=now,
        raised_by=actor.person,
        raised_by_name=buyer.acting(actor).name,
        raised_from=actor.tenant,
        note=" ".join(note.split())[:500],
        decided_at=None if triggers else now,
    )


def _line(order: Order, position: int, one: Checked) -> OrderLine:
    row = one.subscription
    return OrderLine(
        partner_id=order.partner_id,
        distributor_id=order.distributor_id,
        order=order,
        position=position,
        kind=one.asked.kind,
        subscription=row,
        base=one.base,
        offer=row.offer if row is not None else _offer(one),
        offer_code=one.code,
        offer_name=one.name,
        instance=one.instance,
        before=one.before,
        after=one.after,
        price=one.price,
        currency=one.currency,
        listed=one.listed,
        terms=one.terms,
    )


def _offer(one: Checked) -> UUID:
    assert one.offer is not None  # else `wrong` stood against it
    return one.offer.offer


def by(order: Order) -> By:
    return By(order.raised_by_name, Source.CUSTOMER if order.raised_from == order.tenant_id else Source.US)


def _record(
    actor: Actor, buyer: Buyer, order: Order, lines: Sequence[Checked], confirmed: Sequence[str], now: datetime
) -> None:
    said = [f"{one.asked.kind.label}: {one.name}, {one.before} to {one.after}" for one in lines]
    _act(actor, buyer, PLACE, f"Ordered {order.number}", order, {"lines": said}, confirmed, now)


def _act(
    actor: Actor, buyer: Buyer, verb: str, summary: str, order: Order, more: dict[str, Any], confirmed: Sequence[str],
    now: datetime,
) -> None:  # fmt: skip
    """In the customer's seat, and where it was done from as well; what was `confirmed` there alone, as a customer never hears
    of its seller's margin.
    """
    told = {"state": str(order.state), **more}
    act = acts.record(buyer.acting(actor), verb, summary=summary, of=("order", order.pk), after=told, now=now)
    if not buyer.own:
        at_home.follow(act, actor, also={"confirmed": list(confirmed)} if confirmed else {}, now=now)
