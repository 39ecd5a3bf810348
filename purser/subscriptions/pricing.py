"""What a subscription costs the customer, from which day on: its timeline of prices, and what a change of it does.

The cycle that is open is billed by the timeline as it stands when it closes. A closed one keeps what was billed: a price set
behind its end is billed as a correction, a line for each closed cycle. Source: acceptance CM-13, CM-14, CM-20.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from purser.catalog import exact
from purser.kernel.errors import Refused
from purser.kernel.money import Money
from purser.kernel.period import Period
from purser.subscriptions import dates, keeping
from purser.subscriptions.keeping import By, keep, locked, today
from purser.subscriptions.models import Event, Subscription, SubscriptionPrice

BY_HAND = "By hand"  # where a price of a subscription's own comes from: renewals leave it


def set_price(id: UUID, *, price: Decimal, from_on: date, listed: str = BY_HAND, by: By, now: datetime) -> Subscription:
    """What a unit costs the customer for a cycle from the day `from_on` on; what was said for later days up to today with it.

    Prices of days to come that were said before stand. Raises Refused for an amount that is none, a day before it began, and
    for one that has ended.
    """
    row = locked(id)
    day = today(now)
    check(row, price, from_on, day)
    old = in_force(timeline(row.pk), from_on)
    between = {one.from_on for one in timeline(row.pk) if from_on < one.from_on <= day}
    for on in sorted({from_on, *between}):
        keeping.price(row, price, on, listed, by, now)
    keeping.tell(row, "price", _said(old), f"{price:f} {row.currency}", on=from_on, by=by, now=now, why=listed)
    if from_on <= day:
        row.price = price
    keep(row, day)
    return row


def check(row: Subscription, price: Decimal, from_on: date, today: date) -> None:
    """Raises Refused as `set_price` does."""
    if row.state == "ended":
        raise Refused(f"{row.offer_name} has ended; what it cost stays.", code="state")
    exact.amount(price, row.offer_name)
    if from_on > today + dates.AHEAD:
        raise Refused(f"{from_on} is too far ahead.", code="from_on", hint=f"Until {today + dates.AHEAD} a price can be set.")
    first = row.started_on or row.ordered_at.date()
    if from_on < first and not any(one.from_on <= from_on for one in timeline(row.pk)):
        raise Refused(f"{row.offer_name} began on {first}; a price cannot hold from {from_on}.", code="from_on")


def timeline(subscription: UUID) -> list[SubscriptionPrice]:
    """Every price that was ever said, the first day first, and of one day the last made last."""
    return list(SubscriptionPrice.objects.filter(subscription_id=subscription).order_by("from_on", "made_at", "id"))


def in_force(prices: Sequence[SubscriptionPrice], on: date) -> SubscriptionPrice | None:
    """Which of a timeline holds on a day; None before the first."""
    held = [one for one in prices if one.from_on <= on]
    return held[-1] if held else None


def by_hand(prices: Sequence[SubscriptionPrice], on: date) -> bool:
    """Whether its price that day is its own, and so not that of a list."""
    held = in_force(prices, on)
    return held is not None and held.listed == BY_HAND


@dataclass(frozen=True)
class Spell:
    """A quantity at a price over some days of a cycle."""

    period: Period
    quantity: int
    price: Decimal


@dataclass(frozen=True)
class Cycle:
    """A cycle, what it costs as it was said before, and as it would be said."""

    period: Period
    was: Money
    becomes: Money

    @property
    def correction(self) -> Money:
        return self.becomes - self.was


@dataclass(frozen=True)
class Effect:
    """What a price from a day on does: to the open cycle, which is billed by it, and to closed ones, each by a correction."""

    open: Cycle | None
    closed: tuple[Cycle, ...]

    @property
    def correction(self) -> Money | None:
        """Of all closed cycles together; None where there is none."""
        total: Money | None = None
        for one in self.closed:
            total = one.correction if total is None else total + one.correction
        return total


def effect(row: Subscription, *, price: Decimal, from_on: date, on: date) -> Effect:
    """What `set_price` would do, asked on the day `on`. Raises Refused as it does."""
    check(row, price, from_on, on)
    prices, quantities = timeline(row.pk), quantity_events(row.pk)
    said = after(row, prices, price=price, from_on=from_on, on=on)
    cycles: list[Cycle] = []
    period = dates.cycle(row, max(from_on, row.started_on)) if row.started_on else None
    while period is not None and period.start <= on:
        was, becomes = (cost(row, period, told, quantities) for told in (prices, said))
        cycles.append(Cycle(period, was, becomes))
        period = dates.cycle(row, period.end)
    opened = next((one for one in cycles if on in one.period), None)
    return Effect(opened, tuple(one for one in cycles if one.period.end <= on))


def after(
    row: Subscription, prices: Sequence[SubscriptionPrice], *, price: Decimal, from_on: date, on: date
) -> list[SubscriptionPrice]:
    """The timeline as `set_price` would leave it, asked on the day `on`."""
    said = SubscriptionPrice(price=price, from_on=from_on, currency=row.currency)
    until = max(on, from_on)
    return [*(one for one in prices if one.from_on < from_on), said, *(one for one in prices if one.from_on > until)]


def quantity_events(subscription: UUID) -> list[Event]:
    """In the order in which they hold."""
    return list(Event.objects.filter(subscription_id=subscription, what="quantity").order_by("on", "at", "id"))


def cost(row: Subscription, period: Period, prices: Sequence[SubscriptionPrice], quantities: Sequence[Event]) -> Money:
    """Of one cycle, by days: each stretch of days with one quantity and price its part of the cycle; rounded once."""
    total = Decimal(0)
    for spell in spells(period, prices, quantities):
        total += spell.price * spell.quantity * spell.period.days / period.days
    return Money(total, row.currency).rounded()


def spells(period: Period, prices: Sequence[SubscriptionPrice], quantities: Sequence[Event]) -> list[Spell]:
    """A cycle cut where the quantity or the price changes."""
    cuts = sorted({period.start, *(one.from_on for one in prices), *(one.on for one in quantities)})
    days = [day for day in cuts if day in period]
    found = []
    for start, end in zip(days, [*days[1:], period.end], strict=True):
        price = in_force(prices, start)
        held = [one for one in quantities if one.on <= start]
        if price is not None and held:
            found.append(Spell(Period(start, end), int(held[-1].new), price.price))
    return found


def _said(price: SubscriptionPrice | None) -> str:
    return f"{price.price:f} {price.currency}" if price is not None else ""
