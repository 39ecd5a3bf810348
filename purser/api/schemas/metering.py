"""Metered subscriptions: readings of their vendors' counters, cycles, and what was charged for them."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from purser.api.schemas.common import Line, Number, Out, Sent
from purser.api.schemas.sides import Money
from purser.api.schemas.subscriptions import MarginPart, part
from purser.kernel import money
from purser.subscriptions.cycles import Cycle, how
from purser.subscriptions.metered import Shown
from purser.subscriptions.models import CycleCharge, MeterReading


class UsageReading(Out):
    """What the vendor's counter showed, in the subscription's unit, since `since` up to the day `on`, in UTC. `counts`: level,
    sum or average. `before`: what of it was counted before this subscription began, or before who sells it now.
    """

    on: date
    value: Number
    counts: str
    before: Number
    since: datetime | None
    read_at: datetime


class UsageCharge(Out):
    """What was charged for a cycle, or, with `corrects`, what was missing to that or too much, billed with the cycle that
    begins on `billed_with`. `reason`: why a person charged nothing.
    """

    id: UUID
    corrects: UUID | None
    billed_with: date
    quantity: Number
    price: Number
    amount: Money
    listed: str
    readings: int
    reason: str
    made_at: datetime
    by: str


class UsageCycle(Out):
    """Days from `start` up to but not including `end`: the vendor's month in UTC, or the part of it in which the subscription
    ran and one seller sold it. `state`: open, due, no_reading, charged, or over, to who may not know what is charged.
    `used` is what its readings come to, `worth` what that costs at the price of its first day, and `how` says both in words,
    with when it was read last; `charged` with all corrections. `own` is your own part, to sellers alone.
    """

    start: date
    end: date
    state: str
    used: Number | None
    how: str
    worth: Money | None
    charged: Money | None
    charges: list[UsageCharge]
    own: MarginPart | None


class MeteredUsage(Out):
    """Cycles and readings of a subscription, the newest first."""

    subscription: UUID
    meter: str
    unit: str
    cycles: list[UsageCycle]
    readings: list[UsageReading]


class ChargeNothing(Sent):
    """`from_on`: the first day of a cycle that is over and was not read."""

    from_on: date
    why: Line


def usage(found: Shown) -> MeteredUsage:
    readings = sorted((one for cycle in found.cycles for one in cycle.readings), key=lambda one: one.read_at, reverse=True)
    return MeteredUsage(
        subscription=found.row.pk,
        meter=found.row.meter,
        unit=found.row.unit,
        cycles=[_cycle(found, one) for one in found.cycles],
        readings=[_reading(one) for one in readings],
    )


def _cycle(found: Shown, cycle: Cycle) -> UsageCycle:
    own = found.parts.get(cycle.period.start)
    return UsageCycle(
        start=cycle.period.start,
        end=cycle.period.end,
        state=cycle.state,
        used=cycle.used,
        how=how(cycle, found.row.unit),
        worth=_money(cycle.worth) if cycle.worth is not None else None,
        charged=_money(cycle.charged) if cycle.charged is not None else None,
        charges=[charge(one) for one in cycle.charges],
        own=part(own) if own is not None else None,
    )


def _reading(row: MeterReading) -> UsageReading:
    return UsageReading(on=row.on, value=row.value, counts=row.counts, before=row.before, since=row.since, read_at=row.read_at)


def charge(row: CycleCharge) -> UsageCharge:
    return UsageCharge(
        id=row.pk,
        corrects=row.corrects_id,
        billed_with=row.billed_with,
        quantity=row.quantity,
        price=row.price,
        amount=Money(amount=row.amount, currency=row.currency),
        listed=row.listed,
        readings=row.readings,
        reason=row.why,
        made_at=row.made_at,
        by=row.by_name,
    )


def _money(one: money.Money) -> Money:
    return Money(amount=one.amount, currency=one.currency)
