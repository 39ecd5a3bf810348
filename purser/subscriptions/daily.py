"""What becomes of subscriptions by itself: planned changes, ends, renewals, and prices that begin to hold.

The day is that of the customer's partner. A day that was missed is made up for as of itself, and what was done is not done
again: each subscription says which day is next (`due_on`), and moves on with what that day brought. Source: acceptance CM-14.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

from purser.catalog import selling
from purser.catalog.selling import Sellable
from purser.kernel.errors import Missing
from purser.postgres import tenancy
from purser.subscriptions import dates, keeping, lifecycle, planned, pricing, tiers, told
from purser.subscriptions.keeping import PURSER, locked
from purser.subscriptions.models import PlannedChange, PlannedState, Subscription

FURTHEST = timedelta(hours=14)  # no zone is further ahead than that
MANY = 500  # days that one subscription may be behind in one run


@dataclass(frozen=True)
class Turn:
    """A day that has come for a subscription."""

    subscription: UUID
    offer: UUID
    on: date


def waiting(now: datetime) -> list[tuple[UUID, UUID]]:
    """Customers with something that is due somewhere, each with its partner. Takes the operator's seat."""
    latest = (now + FURTHEST).date()
    with tenancy.listing_all():
        due = Subscription.across.filter(due_on__lte=latest).values_list("tenant_id", "partner_id")
        plans = PlannedChange.across.filter(state=PlannedState.PLANNED, on__lte=latest).values_list("tenant_id", "partner_id")
        return sorted({(tenant, partner) for tenant, partner in (*due.distinct(), *plans.distinct()) if partner})


def run(now: datetime, *, failed: Callable[[UUID, Exception], None]) -> int:
    """All of them; `failed` hears of a customer whose day cannot be carried out, and the others go on. How many days came."""
    count = 0
    for customer, partner in waiting(now):
        try:
            count += carry_out(customer, partner, now=now)
        except Exception as failure:  # one customer's trouble is not the others'
            failed(customer, failure)
    return count


def carry_out(customer: UUID, partner: UUID, *, now: datetime) -> int:
    """What is due at one customer by the partner's day. Takes its seats itself."""
    today = keeping.day_of(partner, now)
    count = 0
    with tenancy.acting_in(customer):
        plans = list(PlannedChange.objects.filter(state=PlannedState.PLANNED, on__lte=today).order_by("on", "made_at", "id"))
    for plan in plans:  # before the day's renewal: what was said to hold from that day holds in the new term
        count += _turn_until(customer, plan.on - timedelta(days=1), now)
        try:
            with tenancy.acting_in(customer):
                planned.carry_out(plan.pk, now=now)
        except Missing:
            continue  # taken back, or done by another run, this moment
        count += 1
    return count + _turn_until(customer, today, now)


def _turn_until(customer: UUID, today: date, now: datetime) -> int:
    count = 0
    for _ in range(MANY):
        with tenancy.acting_in(customer):
            rows = Subscription.objects.filter(due_on__lte=today).only("id", "offer", "due_on")
            due = [Turn(row.pk, row.offer, row.due_on) for row in rows if row.due_on is not None]
        if not due:
            break
        day = min(turn.on for turn in due)
        turns = [turn for turn in due if turn.on == day]
        offered = selling.resolve(buyer=customer, offers={turn.offer for turn in turns}, on=day)
        for turn in turns:
            _keep_tiers(customer, turn, offered, now)
            with tenancy.acting_in(customer):
                count += _turn(turn, offered, now)
    return count


def _turn(turn: Turn, offered: Mapping[UUID, Sellable], now: datetime) -> int:
    """What the day brings to one subscription; nothing where another run was faster."""
    row = locked(turn.subscription)
    if row.due_on != turn.on:
        return 0
    if row.ends_on is not None and row.ends_on <= turn.on:
        lifecycle.end(row, on=row.ends_on, by=PURSER, now=now)
        return 1
    if row.term_ends_on == turn.on:
        if not row.renews:
            lifecycle.end(row, on=turn.on, text="Not renewed", by=PURSER, now=now)
            return 1
        row.term_ends_on = dates.next_term_end(row, turn.on)
        keeping.tell(row, "renewed", turn.on, row.term_ends_on, on=turn.on, by=PURSER, now=now)
    if _follows(row, turn.on):
        _reprice(row, offered.get(row.offer), turn.on, now)
    held = pricing.in_force(pricing.timeline(row.pk), turn.on)
    if held is not None:
        row.price = held.price
    row.due_on = keeping.next_change(row, turn.on)
    row.version += 1
    row.save()
    return 1


def _follows(row: Subscription, day: date) -> bool:
    """Whether the price follows the list that day: a term begins, or without one a cycle. Source: acceptance CM-14."""
    if row.term_months:
        return dates.term_start(row) == day
    running = dates.cycle(row, day)
    return running is not None and running.start == day


def _reprice(row: Subscription, offer: Sellable | None, day: date, now: datetime) -> None:
    """The list's price from that day on, unless the subscription has one of its own, or no list has one in its currency."""
    prices = pricing.timeline(row.pk)
    held = pricing.in_force(prices, day)
    if offer is None or offer.currency != row.currency or pricing.by_hand(prices, day):
        return
    if held is None or held.price != offer.price:
        keeping.price(row, offer.price, day, offer.listed, PURSER, now)
        old = f"{held.price:f} {row.currency}" if held is not None else ""
        new = f"{offer.price:f} {row.currency}"
        keeping.tell(row, "price", old, new, on=day, by=PURSER, now=now, why=offer.listed)


def _keep_tiers(customer: UUID, turn: Turn, offered: Mapping[UUID, Sellable], now: datetime) -> None:
    """What each seller buys and sells it for from that day on, before the price itself: a run that dies between repeats it."""
    offer = offered.get(turn.offer)
    if offer is None:
        return
    with tenancy.acting_in(customer):
        row = lifecycle.of(turn.subscription)
        prices = pricing.timeline(row.pk)
        begins = row.term_ends_on == turn.on and row.renews if row.term_months else _follows(row, turn.on)
    if not begins or offer.currency != row.currency:
        return
    held = pricing.in_force(prices, turn.on)
    parts = offer.tiers
    if held is not None and pricing.by_hand(prices, turn.on):
        parts = tiers.at_price(parts, held.price)
    low = partial(told.below_floor, row, on=turn.on, now=now)
    tiers.keep(row.pk, customer, parts, from_on=turn.on, now=now, low=low)
