"""Metered subscriptions: readings of their vendors' counters, kept, and each billing cycle charged by them once it is over.

A vendor counts within its own months, from nought. What a cycle used is the highest value read within it, at the price that
holds on its first day, rounded once. A cycle without a reading is not charged nought: it is held open until a reading comes,
or who sells it says that it costs nothing. What is charged is never changed; a reading or a price that comes behind it is a
correction, billed with the next cycle that is charged. Source: acceptance AC-37, CM-14, CM-20.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from purser.kernel.errors import Missing, Refused
from purser.kernel.money import Money
from purser.kernel.period import Period, plus_months
from purser.subscriptions import dates, pricing
from purser.subscriptions.keeping import PURSER, By, locked
from purser.subscriptions.models import CycleCharge, MeterReading, Subscription, SubscriptionPrice

SMALLEST = Decimal("0.000000001")  # of a gigabyte, about a byte
MOST = Decimal(10) ** 12
WAIT = timedelta(days=1)  # after a cycle's end, so that its last day has been read in every zone
BILLED = "monthly"  # vendors count by the month: the highest of a year would not be what was used in it


def keep(id: UUID, *, value: Decimal, since: datetime | None, on: date, now: datetime) -> MeterReading | None:
    """Keep what was read on the day `on`, the day it is for the provider; None where nothing is new since that day's last.

    A counter that began more than a month ago speaks of the month that is over, up to its last day: some vendors are behind,
    and some tell a month's figures in the next. In the customer's seat. Raises Missing; Refused for a value that is none.
    """
    row = locked(id)
    if not value.is_finite() or not 0 <= value <= MOST:
        raise Refused(f"The vendor tells {value} {row.unit} of {row.offer_name}; that is no usage.", code="usage")
    value = value.quantize(SMALLEST, rounding=ROUND_HALF_UP)
    if since is not None:
        on = min(on, plus_months(since.date(), 1) - timedelta(days=1))
    last = MeterReading.objects.filter(subscription=row, on=on).order_by("-read_at", "-id").first()
    if last is not None and (last.value, last.since) == (value, since):
        return None
    made = MeterReading(
        partner_id=row.partner_id, distributor_id=row.distributor_id, subscription=row, on=on, value=value, since=since,
        read_at=now,
    )  # fmt: skip
    made.save(force_insert=True)
    return made


@dataclass(frozen=True)
class Cycle:
    """A cycle of a subscription: its readings, what was charged for it (the oldest first), and the price that holds for it.
    `over`: it can be charged.
    """

    period: Period
    over: bool
    readings: tuple[MeterReading, ...]
    price: SubscriptionPrice | None
    charges: tuple[CycleCharge, ...]

    @property
    def highest(self) -> MeterReading | None:
        """What was used in it; of two that say the same, the first."""
        return max(self.readings, key=lambda one: one.value, default=None)

    @property
    def worth(self) -> Money | None:
        """By its readings and its price as they are now; None without either."""
        if self.highest is None or self.price is None:
            return None
        return Money(self.highest.value * self.price.price, self.price.currency).rounded()

    @property
    def charged(self) -> Money | None:
        """With its corrections; None while it is open."""
        if not self.charges:
            return None
        return Money(sum((one.amount for one in self.charges), Decimal(0)), self.charges[0].currency).rounded()

    @property
    def waits(self) -> bool:
        """Over, and held open: there is no reading."""
        return self.over and not self.charges and self.highest is None


def periods(row: Subscription, until: date) -> Iterator[Period]:
    """Its cycles that have begun by a day, one after the other, each day in one of them; the last ends where it ends."""
    period = dates.cycle(row, row.started_on) if row.started_on else None
    while period is not None and period.start <= until:
        if row.ends_on is not None and row.ends_on < period.end:
            if row.ends_on > period.start:
                yield Period(period.start, row.ends_on)
            return
        yield period
        period = dates.cycle(row, period.end)


def is_over(row: Subscription, period: Period, today: date) -> bool:
    """Whether it can be charged. One that a subscription's end cuts short waits for that end: it can still be taken back."""
    if row.ends_on is not None and row.state != "ended" and row.ends_on <= period.end:
        return False
    return period.end + WAIT <= today


def cycles(
    row: Subscription,
    readings: Sequence[MeterReading],
    prices: Sequence[SubscriptionPrice],
    charges: Sequence[CycleCharge],
    *,
    today: date,
) -> list[Cycle]:
    """All of its cycles that have begun, the first first. `prices` as pricing.timeline gives them."""
    if not is_billed(row):
        return []
    return [
        Cycle(
            period=period,
            over=is_over(row, period, today),
            readings=tuple(one for one in readings if one.on in period),
            price=pricing.in_force(prices, period.start),
            charges=tuple(one for one in charges if one.from_on == period.start),
        )
        for period in periods(row, today)
    ]


def is_billed(row: Subscription) -> bool:
    return bool(row.metered and row.cycle == BILLED)


def of(row: Subscription, today: date) -> list[Cycle]:
    """The same, read in the customer's seat."""
    readings = MeterReading.objects.filter(subscription=row).order_by("on", "read_at", "id")
    charges = CycleCharge.objects.filter(subscription=row).order_by("made_at", "id")
    return cycles(row, list(readings), pricing.timeline(row.pk), list(charges), today=today)


def close(id: UUID, *, today: date, now: datetime) -> list[CycleCharge]:
    """Charge what is over and was read, with what earlier cycles lack; what was made, nothing where all is charged.

    `today` is the day it is for who sells it. In the customer's seat; repeating it is harmless. Raises Missing.
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
    highest, price, worth = cycle.highest, cycle.price, cycle.worth
    assert highest is not None
    assert price is not None
    assert worth is not None
    amount = worth - cycle.charged if cycle.charged is not None else worth
    return _add(
        row, cycle, amount=amount, price=price, billed_with=with_, corrects=cycle.charges[0] if cycle.charges else None,
        quantity=highest.value, reading=highest, readings=len(cycle.readings), by=PURSER, now=now,
    )  # fmt: skip


def say_nought(id: UUID, *, from_on: date, why: str, today: date, by: By, now: datetime) -> CycleCharge:
    """Charge nothing for the cycle that begins on `from_on` and was not read. In the customer's seat.

    Raises Missing without such a cycle; Refused without a reason, before it is over, and where it was read or charged.
    """
    row = locked(id)
    found = next((one for one in of(row, today) if one.period.start == from_on), None)
    if found is None or found.price is None:
        raise Missing(f"No cycle of {row.offer_name} begins on {from_on}.")
    if found.charges:
        raise Refused(f"The cycle from {from_on} is charged already.", code="charged")
    if not found.over:
        hint = "A cycle is charged the day after its end."
        raise Refused(f"The cycle from {from_on} to {found.period.end} is not over.", code="open", hint=hint)
    if found.highest is not None:
        value = f"{found.highest.value.normalize():f} {row.unit}"
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
    """A correction is of who sold the cycle it corrects."""
    chain = corrects or row
    made = CycleCharge(
        partner_id=chain.partner_id, distributor_id=chain.distributor_id, subscription=row, customer_name=row.customer_name,
        number=row.number, offer_name=row.offer_name, unit=row.unit, from_on=cycle.period.start, to_on=cycle.period.end,
        billed_with=billed_with, corrects=corrects, quantity=quantity, price=price.price, amount=amount.amount,
        currency=amount.currency, listed=price.listed, reading=reading, readings=readings, why=why, made_at=now,
        by_name=by.name[:254],
    )  # fmt: skip
    made.save(force_insert=True)
    return made
