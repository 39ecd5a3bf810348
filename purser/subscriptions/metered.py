"""Metered subscriptions over their customers: what the daily job charges, what an actor may see of one, and what a person
says. These functions take their seats themselves. Source: acceptance AC-37, CM-2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from purser.access import permit
from purser.access.actors import Actor
from purser.kernel.errors import Missing
from purser.kernel.money import Money
from purser.postgres import tenancy
from purser.subscriptions import metering, reach
from purser.subscriptions.cycles import Cycle, cycles, is_over, periods
from purser.subscriptions.models import CycleCharge, MeterReading, Subscription, SubscriptionPrice, TierPrice
from purser.subscriptions.tiers import Part

SAY = "subscriptions.price"


def run(now: datetime, *, failed: Callable[[UUID, Exception], None]) -> int:
    """Charge every cycle that is over and was read, late or again without harm; how many charges were made. `failed` hears of
    the customer of one that cannot be charged, and the others go on.
    """
    today, count = today_of(now), 0
    for row in _open(today):
        try:
            with tenancy.acting_in(row.tenant_id):
                count += len(metering.close(row.pk, today=today, now=now))
        except Exception as failure:  # one customer's trouble is not the others'
            failed(row.tenant_id, failure)
    return count


def today_of(now: datetime) -> date:
    """The day by which vendors count. Source: decision 0011."""
    return now.astimezone(UTC).date()


def _open(today: date) -> list[Any]:
    """Those with a cycle that is over and not charged."""
    with tenancy.listing_all():
        rows = list(Subscription.across.filter(metered=True, started_on__isnull=False).order_by("tenant_id", "id"))
        said = SubscriptionPrice.across.filter(subscription_id__in=[row.pk for row in rows])
        prices: dict[UUID, list[SubscriptionPrice]] = {}
        for price in said.order_by("from_on", "made_at", "id"):
            prices.setdefault(price.subscription_id, []).append(price)
        charged = Counter(CycleCharge.across.filter(corrects=None).values_list("subscription_id", flat=True))
    return [
        row
        for row in rows
        if sum(is_over(row, one, today) for one in periods(row, today, prices.get(row.pk, ()))) > charged[row.pk]
    ]


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
    with reach.seat(actor):
        readings = reach.rows(actor, MeterReading).filter(subscription_id=id).order_by("read_at", "id")
        prices = list(reach.rows(actor, SubscriptionPrice).filter(subscription_id=id).order_by("from_on", "made_at", "id"))
        charges = reach.rows(actor, CycleCharge).filter(subscription_id=id).order_by("made_at", "id")
        found = cycles(row, list(readings), prices, list(charges), today=today_of(now))
    found = [one for one in found if one.price is not None or one.charges]  # the rest is of who sold it before
    parts = _parts(actor, row, found) if permit.allows(actor, "catalog.read") else {}
    if not reach.sees_price(actor, row):  # what its reseller charged is not theirs to know, only what they sold it for
        found = [replace(one, price=None, charges=()) for one in found]
    return Shown(row, found[::-1], parts, row.partner_id == actor.tenant)


def _parts(actor: Actor, row: Any, found: list[Cycle]) -> dict[date, Part]:
    """Who sells to the customer itself sold for what is charged; who sells above, for its own price of the same usage."""
    with tenancy.acting_in(actor.tenant):
        said = list(TierPrice.objects.filter(subscription=row.pk).order_by("from_on", "made_at", "id"))
    parts = {}
    for cycle in found:
        held = [one for one in said if one.from_on <= cycle.period.start] or said[:1]  # its first day may be a job late
        used = cycle.used if cycle.used is not None else Decimal(0) if cycle.charges else None
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
    row, today = reach.one(actor, id), today_of(now)
    after = {"from_on": from_on, "amount": Decimal(0), "why": why}
    words = f"Charged nothing for {row.offer_name} in the cycle from {from_on}"
    with reach.changing(actor, row, SAY, summary=words, after=after, now=now):
        return metering.say_nought(id, from_on=from_on, why=why, today=today, by=reach.by(actor), now=now)
