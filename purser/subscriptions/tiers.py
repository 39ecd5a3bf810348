"""What each seller buys and sells a subscription for, kept in that seller's own rows, and its margin over all of them.

No seat reads another tier's row. These functions take their seats themselves. Source: acceptance CM-2; issue of vendors'
tenants, section 6 (margin across tiers).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from purser.access.actors import Actor
from purser.catalog.selling import Seen, below_floor, margin_percent
from purser.kernel.money import Money
from purser.postgres import tenancy
from purser.subscriptions import reach
from purser.subscriptions.models import LIVE, TierPrice
from purser.subscriptions.pricing import BY_HAND

if TYPE_CHECKING:
    from purser.catalog.selling import Tier

    Low = Callable[[Tier], None]

MONTHS = {"monthly": 1, "yearly": 12}
SUMMED = ("id", "tenant_id", "partner_id", "customer_name", "quantity", "price", "currency", "cycle", "metered")


def keep(
    subscription: UUID, customer: UUID, tiers: Sequence[Tier], *, from_on: date, now: datetime, low: Low | None = None
) -> None:
    """Each seller's part from a day on, in its own seat; nothing is added where it says that already, so that a repeat is
    harmless, and where the buyer pays in another currency, in which it goes on. `low` hears there of each part that falls
    below its floor and was not. Takes its seats itself.
    """
    for tier in tiers:
        with tenancy.acting_in(tier.seller):
            held = _of(subscription, from_on)
            if held is not None and held.buyer == tier.buyer and held.currency != tier.currency:
                continue
            if held is None or _said(held) != (tier.buyer, tier.sell, tier.cost, tier.currency):
                TierPrice.objects.create(
                    subscription=subscription, customer=customer, buyer=tier.buyer, from_on=from_on, sell=tier.sell,
                    cost=tier.cost, currency=tier.currency, listed=tier.listed[:200], made_at=now,
                )  # fmt: skip
                before = held is not None and below_floor(sell=held.sell, cost=held.cost, floor=tier.floor_percent)
                if low is not None and tier.low and not before:
                    low(tier)


def at_price(tiers: Sequence[Tier], price: Decimal) -> tuple[Tier, ...]:
    """The same where the last seller asks the customer a price of the subscription's own."""
    if not tiers or tiers[-1].sell == price:
        return tuple(tiers)
    return (*tiers[:-1], replace(tiers[-1], sell=price, listed=BY_HAND))


def _said(row: TierPrice) -> tuple[UUID, Decimal, Decimal | None, str]:
    return row.buyer, row.sell, row.cost, row.currency


def _of(subscription: UUID, on: date) -> TierPrice | None:
    row: TierPrice | None = (
        TierPrice.objects.filter(subscription=subscription, from_on__lte=on).order_by("-from_on", "-made_at", "-id").first()
    )
    return row


def timeline(seller: UUID, subscription: UUID) -> list[TierPrice]:
    """All that was ever said of a seller's part, the first day first, and of one day the last made last. Takes its seat."""
    with tenancy.acting_in(seller):
        return list(TierPrice.objects.filter(subscription=subscription).order_by("from_on", "made_at", "id"))


def in_force(on: date, subscriptions: Iterable[UUID] | None = None) -> dict[UUID, TierPrice]:
    """In a seller's seat: by subscription, its part that holds on a day."""
    rows = TierPrice.objects.filter(from_on__lte=on)
    if subscriptions is not None:
        rows = rows.filter(subscription__in=list(subscriptions))
    latest = rows.order_by("subscription", "-from_on", "-made_at", "-id").distinct("subscription")
    return {row.subscription: row for row in latest}


def seen(actor: Actor, rows: Iterable[Any], on: date) -> dict[UUID, Seen]:
    """What a unit costs by each of these subscriptions, as the actor may know it: who sells it through another knows what it
    asks itself; of one in which it has no part there is nothing. Takes its seat itself.
    """
    held = list(rows)
    found = {row.pk: Seen(row.price, row.currency) for row in held if reach.sees_price(actor, row)}
    if rest := [row.pk for row in held if row.pk not in found]:
        with tenancy.acting_in(actor.tenant):
            own = in_force(on, rest)
        found |= {id: Seen(one.sell, one.currency, one.listed) for id, one in own.items()}
    return found


@dataclass(frozen=True)
class Part:
    """One seller's own part of something: a month of it, sold and bought. `buys` None where nobody has said what it costs."""

    sells: Money
    buys: Money | None

    @property
    def margin(self) -> Money | None:
        return self.sells - self.buys if self.buys is not None else None

    @property
    def percent(self) -> Decimal | None:
        return margin_percent(sell=self.sells.amount, cost=self.buys.amount if self.buys is not None else None)


@dataclass(frozen=True)
class Row:
    """All that goes to one buyer in one currency, a month. `unknown`: how many of its subscriptions have no cost; they are in
    what is sold, and in no margin. `by_usage`: how many are metered; they are in no amount, as a month of them is not known.
    """

    buyer: UUID
    name: str
    subscriptions: int
    sold: Money
    known: Part
    unknown: int
    by_usage: int


@dataclass(frozen=True)
class Waterfall:
    """The same over all buyers, in one currency: from what was bought, over the margin, to what was sold."""

    currency: str
    rows: tuple[Row, ...]
    sold: Money
    known: Part
    unknown: int
    by_usage: int


def part(actor: Actor, row: Any, on: date) -> Part | None:
    """What one subscription is to the actor's organisation a month; None to who does not sell it, and of a metered one, whose
    months `metered` tells. Takes its seats itself.
    """
    with tenancy.acting_in(actor.tenant):
        held = in_force(on, [row.pk]).get(row.pk)
    return _part(actor.tenant, row, held) if held is not None and not row.metered else None


def waterfall(actor: Actor, *, on: date) -> list[Waterfall]:
    """What the actor's organisation makes of all live subscriptions it sells, directly or down the chain, by currency and
    buyer; each tier sees its own part alone. A yearly price is a twelfth. Takes its seats itself.
    """
    with tenancy.acting_in(actor.tenant):
        held = in_force(on)
    with reach.seat(actor):
        rows = reach.named(actor).filter(state__in=LIVE)
        sold = [(row, held[row.pk]) for row in rows.only(*SUMMED) if row.pk in held]
    found: dict[tuple[str, UUID], list[tuple[str, Part | None]]] = {}
    for row, tier in sold:
        name = row.customer_name if tier.buyer == row.tenant_id else row.seller
        part = None if row.metered else _part(actor.tenant, row, tier)
        found.setdefault((tier.currency, tier.buyer), []).append((name, part))
    return [
        _waterfall(currency, [_row(buyer, currency, parts) for (of, buyer), parts in found.items() if of == currency])
        for currency in sorted({currency for currency, _ in found})
    ]


def _part(seller: UUID, row: Any, tier: TierPrice) -> Part:
    """Who sells to the customer itself sells at the subscription's price, which may be its own."""
    sell = row.price if row.partner_id == seller and tier.currency == row.currency else tier.sell
    months = MONTHS[row.cycle]
    buys = Money(tier.cost * row.quantity / months, tier.currency).rounded() if tier.cost is not None else None
    return Part(Money(sell * row.quantity / months, tier.currency).rounded(), buys)


def _row(buyer: UUID, currency: str, all_of_it: list[tuple[str, Part | None]]) -> Row:
    parts = [part for _, part in all_of_it if part is not None]
    known = [part for part in parts if part.buys is not None]
    return Row(
        buyer=buyer,
        name=all_of_it[0][0],
        subscriptions=len(all_of_it),
        sold=_sum(currency, (part.sells for part in parts)),
        known=Part(
            _sum(currency, (part.sells for part in known)),
            _sum(currency, (part.buys for part in known if part.buys is not None)) if known else None,
        ),
        unknown=len(parts) - len(known),
        by_usage=len(all_of_it) - len(parts),
    )


def _waterfall(currency: str, rows: list[Row]) -> Waterfall:
    bought = [row.known.buys for row in rows if row.known.buys is not None]
    return Waterfall(
        currency=currency,
        rows=tuple(sorted(rows, key=lambda row: (-row.sold.amount, row.name))),
        sold=_sum(currency, (row.sold for row in rows)),
        known=Part(_sum(currency, (row.known.sells for row in rows)), _sum(currency, bought) if bought else None),
        unknown=sum(row.unknown for row in rows),
        by_usage=sum(row.by_usage for row in rows),
    )


def _sum(currency: str, amounts: Iterable[Money]) -> Money:
    total = Money(Decimal(0), currency)
    for amount in amounts:
        total += amount
    return total.rounded()
