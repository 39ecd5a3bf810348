"""Metered subscriptions: readings of their vendors' counters, kept, and each billing cycle charged by them once it is over.

A cycle without a reading is not charged nought: it is held open until a reading comes, or who sells it says that it costs
nothing. What is charged is never changed; a reading or a price that comes behind it is a correction, billed with the next
cycle that is charged. In the customer's seat. Source: acceptance AC-37, CM-14, CM-20; decision 0011.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from purser.kernel.digest import units
from purser.kernel.errors import Missing, Refused
from purser.kernel.money import Money
from purser.kernel.period import month_of, plus_months
from purser.subscriptions import cycles, pricing
from purser.subscriptions.cycles import Cycle
from purser.subscriptions.keeping import PURSER, By, locked
from purser.subscriptions.models import (
    Counts,
    CycleCharge,
    MeterReading,
    Subscription,
    SubscriptionPrice,
    SubscriptionState,
)
from purser.subscriptions.pricing import Effect

MOST = Decimal(10) ** 12
DAY = timedelta(days=1)


def keep(
    id: UUID, *, value: Decimal, since: datetime | None, counts: str = Counts.LEVEL, now: datetime
) -> MeterReading | None:
    """Keep what was read now; None where nothing is new since the day's last, and for days that are in no cycle.

    A counter that began more than a month ago speaks of the month that is over, up to its last day: some vendors are behind,
    and some tell a month's figures in the next. Of what has ended, the first reading behind the end speaks of its last day.
    Raises Missing; Refused for a value that is none.
    """
    row = locked(id)
    if not value.is_finite() or not 0 <= value <= MOST:
        raise Refused(f"The vendor tells {value} {row.unit} of {row.offer_name}; that is no usage.", code="usage")
    on = now.astimezone(UTC).date()
    if since is not None:
        on = min(on, plus_months(since.date(), 1) - DAY)
    first = max(row.started_on or date.max, since.date() if since is not None else month_of(on).start)
    if row.ends_on is not None:
        on = min(on, row.ends_on - DAY)
    if on < first:
        return None
    value = cycles.rounded(value)
    last = MeterReading.objects.filter(subscription=row, on=on).order_by("-read_at", "-id").first()
    if last is not None and ((last.value, last.since) == (value, since) or _is_last(row, last)):
        return None
    made = MeterReading(
        partner_id=row.partner_id, distributor_id=row.distributor_id, subscription=row, on=on, value=value, counts=counts,
        before=_before(row, on, since, counts), since=since, read_at=now,
    )  # fmt: skip
    made.save(force_insert=True)
    return made


def _is_last(row: Subscription, reading: MeterReading) -> bool:
    """Whether it was read behind the subscription's end: what is counted from then on is another's."""
    if row.state != SubscriptionState.ENDED or row.ends_on is None:
        return False
    return row.ends_on <= reading.read_at.astimezone(UTC).date()


def _before(row: Subscription, on: date, since: datetime | None, counts: str) -> Decimal:
    """What the counter had come to, in the same month, when this part of the month began: under another seller, or for a
    subscription of the same account that has ended.
    """
    month = month_of(on)
    if counts == Counts.LEVEL:
        return Decimal(0)
    same = MeterReading.objects.filter(on__gte=month.start, since=since, counts=counts).order_by("read_at", "id")
    found = cycles.cycles(row, list(same.filter(subscription=row)), pricing.timeline(row.pk), (), today=on)
    *earlier, part = (one for one in found if one.month == month)
    told = [one.readings[-1] for one in earlier if one.readings]
    start = part.period.start if not earlier else earlier[0].period.start
    if told or row.account_id is None or start == month.start:
        return cycles.counted(told[-1], part.period.start) if told else Decimal(0)
    ended = Subscription.objects.filter(
        account=row.account_id, meter=row.meter, unit=row.unit, state=SubscriptionState.ENDED, ends_on__lte=start
    )
    last = same.filter(subscription__in=ended, on__lte=start).select_related("subscription").last()
    return cycles.counted(last, last.subscription.ends_on) if last is not None else Decimal(0)


def of(row: Subscription, today: date) -> list[Cycle]:
    """All of its cycles, on a day in UTC."""
    readings = MeterReading.objects.filter(subscription=row).order_by("read_at", "id")
    charges = CycleCharge.objects.filter(subscription=row).order_by("made_at", "id")
    return cycles.cycles(row, list(readings), pricing.timeline(row.pk), list(charges), today=today)


def effect(row: Subscription, *, price: Decimal, from_on: date, on: date) -> Effect:
    """What pricing.set_price would do to the cycles of who sells it, asked on the day `on`. Raises Refused as it does."""
    pricing.check(row, price, from_on, on)
    sold = cycles.stretches(pricing.timeline(row.pk))[-1]
    after = pricing.after(row, sold.prices, price=price, from_on=from_on, on=on)
    nought = Money(Decimal(0), row.currency)
    found = [
        pricing.Cycle(one.period, one.charged or one.worth or nought, replace(one, price=held).worth or nought)
        for one in of(row, on)
        if one.period.end > from_on and one.period.start >= sold.from_on
        if (held := pricing.in_force(after, one.period.start)) is not None
    ]
    opened = next((one for one in found if on in one.period), None)
    return Effect(opened, tuple(one for one in found if one.period.end <= on))


def close(id: UUID, *, today: date, now: datetime) -> list[CycleCharge]:
    """Charge what is over and was read, with what earlier cycles lack; what was made, nothing where all is charged.

    `today` in UTC. Repeating it is harmless. Raises Missing.
    """
    row = locked(id)
    found = of(row, today)
    closing = [one for one in found if one.over and not one.charges and one.worth is not None]
    made = [_charge(row, one, with_=one.period.start, now=now) for one in closing]
    if closing:
        made += [
            _charge(row, one, with_=closing[-1].period.start, now=now)
            for one in found
            if one.charged is not None and one.worth is not None and one.worth != one.charged
        ]
    return made


def _charge(row: Subscription, cycle: Cycle, *, with_: date, now: datetime) -> CycleCharge:
    """Its charge; where it has one, what is missing to that."""
    used, price, worth = cycle.used, cycle.price, cycle.worth
    assert used is not None
    assert price is not None
    assert worth is not None
    amount = worth - cycle.charged if cycle.charged is not None else worth
    return _add(
        row, cycle, amount=amount, price=price, billed_with=with_, corrects=cycle.charges[0] if cycle.charges else None,
        quantity=used, reading=cycle.told, readings=len(cycle.readings), by=PURSER, now=now,
    )  # fmt: skip


def say_nought(id: UUID, *, from_on: date, why: str, today: date, by: By, now: datetime) -> CycleCharge:
    """Charge nothing for the cycle that begins on `from_on` and was not read.

    Raises Missing without such a cycle of who sells it now; Refused without a reason, before it is over, and where it was
    read or charged.
    """
    row = locked(id)
    found = next((one for one in of(row, today) if one.period.start == from_on), None)
    if found is None or found.price is None or found.price.partner_id != row.partner_id:
        raise Missing(f"No cycle of {row.offer_name} begins on {from_on}.")
    if found.charges:
        raise Refused(f"The cycle from {from_on} is charged already.", code="charged")
    if not found.over:
        hint = f"A cycle is charged {cycles.WAIT.days} days after its end."
        raise Refused(f"The cycle from {from_on} to {found.period.end} is not over.", code="open", hint=hint)
    if found.told is not None:
        value = f"{units(found.told.value)} {row.unit}"
        raise Refused(f"{value} were read in the cycle from {from_on}; it is charged by that.", code="read")
    if not why.strip():
        raise Refused("Say why nothing is charged.", code="why")
    return _add(
        row, found, amount=Money(Decimal(0), row.currency), price=found.price, billed_with=from_on, quantity=Decimal(0),
        readings=0, why=" ".join(why.split())[:500], by=by, now=now,
    )  # fmt: skip


def _add(
    row: Subscription,
    cycle: Cycle,
    *,
    amount: Money,
    price: SubscriptionPrice,
    billed_with: date,
    quantity: Decimal,
    readings: int,
    reading: MeterReading | None = None,
    corrects: CycleCharge | None = None,
    why: str = "",
    by: By,
    now: datetime,
) -> CycleCharge:
    """A row of who sold the cycle, whose price it is."""
    made = CycleCharge(
        partner_id=price.partner_id, distributor_id=price.distributor_id, subscription=row, customer_name=row.customer_name,
        number=row.number, offer_name=row.offer_name, unit=row.unit, from_on=cycle.period.start, to_on=cycle.period.end,
        billed_with=billed_with, corrects=corrects, quantity=quantity, price=price.price, amount=amount.amount,
        currency=amount.currency, listed=price.listed, reading=reading, readings=readings, why=why, made_at=now,
        by_name=by.name[:254],
    )  # fmt: skip
    made.save(force_insert=True)
    return made
