"""What who sells a subscription decides on it: its price from a day on, and changes on days to come.

Each verb takes its seats itself. Source: acceptance CM-17, CM-20, CM-64.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from purser.access.actors import Actor
from purser.catalog import price_lists, selling
from purser.catalog.selling import Tier
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.subscriptions import keeping, lifecycle, metering, planned, pricing, reach, tiers
from purser.subscriptions.models import PlannedChange, Subscription
from purser.subscriptions.pricing import BY_HAND, Effect

PRICE, PLAN = "subscriptions.price", "orders.place"


@dataclass(frozen=True)
class Preview:
    """What a price would do. `margin` is in percent, of the seller who asks; `below`: under the floor, in words."""

    effect: Effect
    margin: Decimal | None
    below: str


def preview_price(actor: Actor, id: UUID, *, price: Decimal, from_on: date, now: datetime) -> Preview:
    """Raises Missing; Refused as `set_price` does, but not for the floor."""
    row = own(actor, id)
    with tenancy.acting_in(row.tenant_id):
        of = metering.effect if row.metered else pricing.effect
        effect = of(lifecycle.of(id), price=price, from_on=from_on, on=keeping.today(now))
    part = _part(row, from_on)
    return Preview(effect, selling.margin_percent(sell=price, cost=part.cost if part else None), _below(part, price))


def set_price(
    actor: Actor, id: UUID, *, price: Decimal, from_on: date, confirmed: bool = False, now: datetime
) -> Subscription:
    """Ask another price of the customer from a day on, whatever the list says.

    Raises Missing; Refused for anybody but who sells to the customer itself, what pricing.set_price refuses, and below the
    margin's floor unless `confirmed`.
    """
    row = own(actor, id)
    part = _part(row, from_on)
    if (below := _below(part, price)) and not confirmed:
        raise Refused(below, code="floor", hint="Confirm that you sell below your floor.")
    before = {"price": row.price, "currency": row.currency}
    after = {"price": price, "currency": row.currency, "from_on": from_on}
    words = f"Price of {row.offer_name} {price.normalize():f} {row.currency} from {from_on}"
    also = {"confirmed": ["floor"]} if below else None
    with reach.changing(actor, row, PRICE, summary=words, before=before, after=after, also=also, now=now):
        changed = lifecycle.set_price(id, price=price, from_on=from_on, listed=BY_HAND, by=reach.by(actor), now=now)
    if part is not None:
        ours = replace(part, sell=price, listed=BY_HAND, currency=row.currency)
        tiers.keep(id, row.tenant_id, [ours], from_on=from_on, now=now)
    return changed


def plan(actor: Actor, id: UUID, *, what: str, value: str, on: date, now: datetime) -> PlannedChange:
    """Plan a change of a customer's subscription. Raises Missing; Refused as `planned.plan` does, and for anybody but who
    sells to the customer itself: a customer orders its changes, so that its seller can approve them.
    """
    row = own(actor, id)
    after = {"what": what, "value": value, "on": on}
    words = f"Planned for {row.offer_name}: {planned.WHAT.get(what, what)} {value} on {on}".replace("  ", " ")
    with reach.changing(actor, row, PLAN, summary=words, after=after, now=now):
        return planned.plan(id, what=what, value=value, on=on, by=reach.by(actor), now=now)


def drop_plan(actor: Actor, id: UUID, change: UUID, *, now: datetime) -> None:
    """Take a plan back. Raises Missing, and Refused as `plan` does."""
    row = own(actor, id)
    with reach.changing(actor, row, PLAN, summary=f"Took back a plan for {row.offer_name}", now=now):
        planned.drop(change, of=id, now=now)


def own(actor: Actor, id: UUID) -> Any:
    """A subscription that the actor's organisation sells to the customer itself. Takes its seat itself. Raises Missing;
    Refused for anybody else's.
    """
    row = reach.one(actor, id)
    if row.partner_id != actor.tenant:
        seller = row.seller or "Your partner"
        hint = "Order the change instead." if actor.tenant == row.tenant_id else ""
        raise Refused(f"{seller} decides on that for {row.customer_name}.", code="seller", hint=hint)
    return row


def _part(row: Any, on: date) -> Tier | None:
    """The seller's own part by its lists that day; of what is on sale no more as it was when it last was, and None where
    nobody kept that.
    """
    offer = selling.resolve(buyer=row.tenant_id, offers=[row.offer], on=on).get(row.offer)
    if offer is not None and offer.currency == row.currency:
        return offer.tiers[-1]
    with tenancy.acting_in(row.partner_id):
        held = tiers.in_force(on, [row.pk]).get(row.pk)
        floor = price_lists.floor(row.tenant_id, row.currency)
    if held is None or held.currency != row.currency:
        return None
    return Tier(row.partner_id, row.seller, held.buyer, held.sell, held.cost, held.currency, held.listed, floor)


def _below(part: Tier | None, price: Decimal) -> str:
    if part is None or not selling.below_floor(sell=price, cost=part.cost, floor=part.floor_percent):
        return ""
    margin = selling.margin_percent(sell=price, cost=part.cost)
    said = f"{margin} %" if margin is not None else "below nought"
    return f"The margin would be {said}, less than the floor of {part.floor_percent} %."
