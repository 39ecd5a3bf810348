"""The cycles of a metered subscription: its vendor's months, cut where it begins, moves to another seller, and ends; and what
was used in each, by the readings of it. Pure.

The parts of a month never come to more than what the vendor counted in it. Source: acceptance AC-37; decision 0011.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from purser.kernel.digest import units
from purser.kernel.money import Money
from purser.kernel.period import Period, month_of
from purser.subscriptions import dates, pricing
from purser.subscriptions.models import Counts, CycleCharge, MeterReading, Subscription, SubscriptionPrice

SMALLEST = Decimal("0.000000001")  # of a gigabyte, about a byte
WAIT = timedelta(days=2)  # after a cycle's end: time to read its last day twice, in every zone


@dataclass(frozen=True)
class Stretch:
    """Days from `from_on` on in which one seller sold it, with the prices said in that seller's name, as a timeline.
    `moved_at`: when it came from another.
    """

    from_on: date
    moved_at: datetime | None
    prices: list[SubscriptionPrice]


def stretches(prices: Sequence[SubscriptionPrice]) -> list[Stretch]:
    """One after the other. A move says the price once more, in the new seller's name, as of its day (moving.hand_over)."""
    found: list[Stretch] = []
    for price in sorted(prices, key=lambda one: (one.made_at, one.from_on)):
        if not found or _chain(found[-1].prices[-1]) != _chain(price):
            found.append(Stretch(price.from_on, price.made_at if found else None, []))
        found[-1].prices.append(price)
    for one in found:
        one.prices.sort(key=lambda price: (price.from_on, price.made_at, price.pk))
    return found


def _chain(row: SubscriptionPrice) -> tuple[object, object]:
    return row.partner_id, row.distributor_id


def periods(row: Subscription, until: date, prices: Sequence[SubscriptionPrice] = ()) -> Iterator[Period]:
    """Its cycles that have begun by a day, one after the other, each day in one of them; the last ends where it ends."""
    moved = {one.from_on for one in stretches(prices)}
    month = dates.cycle(row, row.started_on) if row.started_on else None
    while month is not None and month.start <= until:
        end = min(month.end, row.ends_on) if row.ends_on is not None else month.end
        cuts = [month.start, *sorted(day for day in moved if month.start < day < end), end]
        yield from (Period(*pair) for pair in pairwise(cuts) if pair[0] < pair[1] and pair[0] <= until)
        month = dates.cycle(row, month.end) if end == month.end else None


def is_over(row: Subscription, period: Period, today: date) -> bool:
    """Whether it can be charged, on a day in UTC. One that the subscription's end cuts short waits for that end: it can still
    be taken back.
    """
    if row.ends_on is not None and row.state != "ended" and row.ends_on <= period.end:
        return False
    return period.end + WAIT <= today


@dataclass(frozen=True)
class Cycle:
    """A cycle of a subscription: its readings as they were read, what was charged for it (the oldest first), and the price
    that holds for it, which is a row of who sold it then. `over`: it can be charged.
    """

    period: Period
    over: bool
    readings: tuple[MeterReading, ...]
    price: SubscriptionPrice | None
    charges: tuple[CycleCharge, ...]

    @property
    def month(self) -> Period:
        """The vendor's, which it is, or is a part of."""
        return month_of(self.period.start)

    @property
    def told(self) -> MeterReading | None:
        """The reading that decides: of a level the highest, and of two that say the same the first; else the last."""
        if not self.readings:
            return None
        last = self.readings[-1]
        return max(self.readings, key=lambda one: one.value) if last.counts == Counts.LEVEL else last

    @property
    def used(self) -> Decimal | None:
        """What it comes to, in units of a month; None without a reading."""
        told = self.told
        if told is None:
            return None
        if told.counts == Counts.LEVEL:
            return rounded(told.value * self.period.days / self.month.days)
        return rounded(max(Decimal(0), counted(told, self.period.end) - told.before))

    @property
    def worth(self) -> Money | None:
        """By its readings and its price as they are now; None without either."""
        if self.used is None or self.price is None:
            return None
        return Money(self.used * self.price.price, self.price.currency).rounded()

    @property
    def charged(self) -> Money | None:
        """With its corrections; None while it is open."""
        if not self.charges:
            return None
        return Money(sum((one.amount for one in self.charges), Decimal(0)), self.charges[0].currency).rounded()

    @property
    def waits(self) -> bool:
        """Over, and held open: there is no reading."""
        return self.over and not self.charges and not self.readings

    @property
    def state(self) -> str:
        """open, no_reading, due, charged; or over, to who may not know what is charged for it."""
        if self.charges:
            return "charged"
        if not self.over:
            return "open"
        if self.waits:
            return "no_reading"
        return "due" if self.price is not None else "over"


def counted(reading: MeterReading, until: date) -> Decimal:
    """What a counter that is no level had come to by a day, in units of its month: an average counts for so many days."""
    if reading.counts == Counts.SUM:
        return reading.value
    month = month_of(reading.on)
    return rounded(reading.value * (until - month.start).days / month.days)


def rounded(value: Decimal) -> Decimal:
    return value.quantize(SMALLEST, rounding=ROUND_HALF_UP)


def cycles(
    row: Subscription,
    readings: Sequence[MeterReading],
    prices: Sequence[SubscriptionPrice],
    charges: Sequence[CycleCharge],
    *,
    today: date,
) -> list[Cycle]:
    """All of its cycles that have begun, the first first. `readings` by when they were read, `prices` as pricing.timeline
    gives them, `today` in UTC.
    """
    sold, parts = stretches(prices), list(periods(row, today, prices))
    by = [next((one for one in reversed(sold) if one.from_on <= period.start), None) for period in parts]
    heard: list[list[MeterReading]] = [[] for _ in parts]
    for reading in readings:
        place = next((n for n, period in enumerate(parts) if _speaks_of(reading, period, row.ends_on)), None)
        if place is not None:
            earlier = place > 0 and _before_the_move(reading, parts[place], by[place])
            heard[place - 1 if earlier else place].append(reading)
    return [
        Cycle(
            period=period,
            over=is_over(row, period, today),
            readings=tuple(told),
            price=pricing.in_force(stretch.prices, period.start) if stretch is not None else None,
            charges=tuple(one for one in charges if one.from_on == period.start),
        )
        for period, stretch, told in zip(parts, by, heard, strict=True)
    ]


def _speaks_of(reading: MeterReading, period: Period, ends_on: date | None) -> bool:
    """What was read on the day on which it ended, before it did, speaks of what it used."""
    return reading.on in period or reading.on == ends_on == period.end != month_of(period.start).end


def _before_the_move(reading: MeterReading, period: Period, stretch: Stretch | None) -> bool:
    """What was read on the day of a move within a month, before it, speaks of the seller before."""
    if stretch is None or stretch.moved_at is None or period.start == month_of(period.start).start:
        return False
    return reading.on == stretch.from_on == period.start and reading.read_at < stretch.moved_at


def how(cycle: Cycle, unit: str) -> str:
    """How its figure comes about, in words; empty without a reading."""
    told = cycle.told
    if told is None or cycle.used is None:
        return ""
    part = f"{cycle.period.days} of {cycle.month.days} days"
    value, last = f"{units(told.value)} {unit}", f"{cycle.readings[-1].read_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if told.counts == Counts.LEVEL:
        words = f"{value} on {told.on}"
        words += f", the highest of {len(cycle.readings)} readings" if len(cycle.readings) > 1 else ""
        words += f", for {part}" if cycle.period != cycle.month else ""
    else:
        words = f"{value} counted" if told.counts == Counts.SUM else f"{value} on average"
        words += f" from {cycle.month.start} up to {told.on}"
        if told.counts == Counts.AVERAGE and cycle.period.end != cycle.month.end:
            words += f", for {(cycle.period.end - cycle.month.start).days} of {cycle.month.days} days"
        words += f", less {units(told.before)} {unit} counted before {cycle.period.start}" if told.before else ""
    words += f": {units(cycle.used)} {unit}" if cycle.used != told.value else ""
    if cycle.price is not None and cycle.worth is not None:
        words += f", at {units(cycle.price.price)} {cycle.price.currency} is {cycle.worth}"
    return f"{words}. Read last on {last}."
