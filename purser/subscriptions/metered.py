"""Metered subscriptions over their customers: what the daily job charges, what an actor may see of one, and what a person
says. These functions take their seats themselves. Source: acceptance AC-37, CM-2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from purser.access import permit
from purser.access.actors import Actor
from purser.kernel.errors import Missing
from purser.kernel.money import Money
from purser.postgres import tenancy
from purser.subscriptions import keeping, metering, reach
from purser.subscriptions.metering import Cycle
from purser.subscriptions.models import CycleCharge, MeterReading, Subscription, SubscriptionPrice, TierPrice
from purser.subscriptions.tiers import Part

SAY = "subscriptions.price"


def run(now: datetime, *, failed: Callable[[UUID, Exception], None]) -> int:
    """Charge every cycle that is over and was read, late or again without harm; how many charges were made. `failed` hears of
    the customer of one that cannot be charged, and the others go on.
    """
    days: dict[UUID, date] = {}
    count = 0
    for row in _open(now, days):
        try:
            with tenancy.acting_in(row.tenant_id):
                count += len(metering.close(row.pk, today=days[row.partner_id], now=now))
        except Exception as failure:  # one customer's trouble is not the others'
            failed(row.tenant_id, failure)
    return count


def _open(now: datetime, days: dict[UUID, date]) -> list[Any]:
    """Those with a cycle that is over and not charged, by the day of who sells it, which is left in `days`."""
    with tenancy.listing_all():
        metered = Subscription.across.filter(metered=True, cycle=metering.BILLED, started_on__isnull=False)
        rows = list(metered.exclude(partner=None).order_by("tenant_id", "id"))
        charged = Counter(CycleCharge.across.filter(corrects=None).values_list("subscription_id", flat=True))
    found = []
    for row in rows:
        seller: Any = row.partner_id
        today = days[seller] if seller in days else days.setdefault(seller, keeping.day_of(seller, now))
        if sum(metering.is_over(row, one, today) for one in metering.periods(row, today)) > charged[row.pk]:
            found.append(row)
    return found


@dataclass(frozen=True)
class Shown:
    """A metered subscription as the actor may see it, its cycles the newest first; `parts` by the first day of a cycle: the
    actor's own part of it, empty to who does not sell it or may not know.
    """

    row: Any
    cycles: list[Cycle]
    parts: dict[date, Part]
    seller: bool


def shown(actor: Actor, id: UUID, *, now: datetime) -> Shown:
    """Raises Missing, also for one that is not metered."""
    row = reach.one(actor, id)
    if not row.metered:
        raise Missing("This subscription is not metered.")
    today = _today(actor, row, now)
    with reach.seat(actor):
        readings = reach.rows(actor, MeterReading).filter(subscription_id=id).order_by("on", "read_at", "id")
        prices = list(reach.rows(actor, SubscriptionPrice).filter(subscription_id=id).order_by("from_on", "made_at", "id"))
        charges = reach.rows(actor, CycleCharge).filter(subscription_id=id).order_by("made_at", "id")
        found = metering.cycles(row, list(readings), prices, list(charges), today=today)
    first = prices[0].from_on if prices else today  # what was before that is of who sold it before
    found = [one for one in found if one.period.end > first or one.charges]
    parts = _parts(actor, row, found) if permit.allows(actor, "catalog.read") else {}
    if not reach.sees_price(actor, row):  # what its reseller charged is not theirs to know, only what they sold it for
        found = [replace(one, price=None, charges=()) for one in found]
    return Shown(row, found[::-1], parts, row.partner_id == actor.tenant)


def _today(actor: Actor, row: Any, now: datetime) -> date:
    """By who sells it; a customer, who may not ask for that, by its own."""
    seller = row.partner_id if row.partner_id and actor.tenant != row.tenant_id else actor.tenant
    return keeping.day_of(seller, now)


def _parts(actor: Actor, row: Any, found: list[Cycle]) -> dict[date, Part]:
    """Who sells to the customer itself sold for what is charged; who sells above, for its own price of the same usage."""
    with tenancy.acting_in(actor.tenant):
        said = list(TierPrice.objects.filter(subscription=row.pk).order_by("from_on", "made_at", "id"))
    parts = {}
    for cycle in found:
        held = [one for one in said if one.from_on <= cycle.period.start]
        used = cycle.highest.value if cycle.highest is not None else Decimal(0) if cycle.charges else None
        if not held or used is None:
            continue
        tier, asked = held[-1], cycle.charged or cycle.worth
        if row.partner_id != actor.tenant or asked is None or asked.currency != tier.currency:
            asked = Money(tier.sell * used, tier.currency).rounded()
        cost = Money(tier.cost * used, tier.currency).rounded() if tier.cost is not None else None
        parts[cycle.period.start] = Part(asked, cost)
    return parts


def say_nought(actor: Actor, id: UUID, *, from_on: date, why: str, now: datetime) -> CycleCharge:
    """Charge nothing for a cycle that was not read. Raises Missing and Refused as `metering.say_nought` does, and Refused for
    anybody but who sells it to the customer itself.
    """
    row = reach.one(actor, id)
    today = _today(actor, row, now)
    after = {"from_on": from_on, "amount": Decimal(0), "why": why}
    words = f"Charged nothing for {row.offer_name} in the cycle from {from_on}"
    with reach.changing(actor, row, SAY, summary=words, after=after, now=now):
        return metering.say_nought(id, from_on=from_on, why=why, today=today, by=reach.by(actor), now=now)
