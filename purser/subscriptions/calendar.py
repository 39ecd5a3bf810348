"""The commitment calendar: renewals, ends, the last days to cancel, planned changes and prices to come, with the money at
stake.

Each organisation reads what it may see, at its own prices: a customer what it is asked, who sells what it asks. These
functions take their seats themselves. Source: issue of vendors' tenants, section 6.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

from purser.access.actors import Actor
from purser.catalog import selling
from purser.kernel.errors import Refused
from purser.kernel.money import Money
from purser.kernel.period import plus_months
from purser.postgres import tenancy
from purser.subscriptions import dates, planned, pricing, reach, simulating, tiers
from purser.subscriptions.models import PlannedChange, PlannedState, SubscriptionPrice
from purser.tenants.models import Kind

KINDS = {
    "renewal": "Renews",
    "end": "Ends",
    "window": "Last day to cancel",
    "planned": "Planned change",
    "price": "Price changes",
    "price_list": "Price list",
}
SELLS = (Kind.DISTRIBUTOR, Kind.RESELLER, Kind.OPERATOR)
DAY = timedelta(days=1)
LIVE = ("active", "suspended", "cancelled")


@dataclass(frozen=True)
class Entry:
    """Something on a day. `amount` is the money at stake: of a renewal or a last day to cancel the whole term, of an end a
    cycle, of a change the difference a cycle; None where there is none, or usage decides. `key` names it for good.
    """

    on: date
    kind: str
    key: str
    customer: str
    name: str
    words: str
    amount: Money | None = None
    subscription: UUID | None = None


def entries(actor: Actor, *, first: date, last: date, today: date) -> list[Entry]:
    """What falls on the days from `first` to `last`, in their order. Raises Refused for days out of all reach of a term."""
    for day in (first, last):
        if not dates.within_reach(day, today):
            raise Refused(
                f"{day} is too far from today.", code="span",
                hint=f"Ask for days from {today - dates.AHEAD} to {today + dates.AHEAD}.",
            )  # fmt: skip
    with reach.seat(actor):
        rows = list(_rows(actor, first, last))
        plans = list(
            reach.rows(actor, PlannedChange)
            .filter(state=PlannedState.PLANNED, on__range=(first, last))
            .values_list("subscription_id", "id", "on", "what", "value")
        )
        to_come = list(
            reach.rows(actor, SubscriptionPrice)
            .filter(from_on__range=(today + DAY, last))
            .order_by("from_on", "made_at", "id")
            .values_list("subscription_id", "id", "from_on", "price")
        )
        known = {row.pk: row for row in rows}
        missing = {one[0] for one in (*plans, *to_come)} - known.keys()
        known |= {row.pk: row for row in reach.named(actor).filter(pk__in=missing).exclude(state="ended")}
    prices = _prices(actor, known, today)
    found = [entry for row in rows for entry in _of(row, prices.get(row.pk), first, last)]
    found += [_planned(known[id], prices.get(id), *more) for id, *more in plans if id in known]
    found += (one for one in _said(actor, known, to_come) if one.on >= first)
    if actor.kind in SELLS:
        found += _lists(actor, first, last, today)
    else:
        found += _looked_up(actor, first, last, today)
    return sorted(found, key=lambda one: (one.on, one.kind, one.customer, one.name, one.key))


def at_stake(found: Iterable[Entry]) -> list[Money]:
    """The money at stake, by currency."""
    sums: dict[str, Money] = {}
    for one in found:
        if one.amount is not None:
            held = sums.get(one.amount.currency)
            sums[one.amount.currency] = one.amount if held is None else held + one.amount
    return [sums[currency] for currency in sorted(sums)]


def _rows(actor: Actor, first: date, last: date) -> Any:
    """Those that renew or end within the days, or whose window closes then."""
    live = reach.named(actor).filter(state__in=LIVE)
    terms = set(live.filter(term_months__gt=0, cancel_days__gt=0).values_list("term_months", "cancel_days").distinct())
    wanted = Q(ends_on__range=(first, last)) | Q(term_ends_on__lte=last, term_ends_on__gte=first) | _again(last)
    for months, days in terms:  # a window closes so many days after its term began; months differ by up to three days
        begins = plus_months(first - timedelta(days=days + 3), months), plus_months(last - timedelta(days=days - 4), months)
        wanted |= Q(term_months=months, cancel_days=days, term_ends_on__range=begins)
    return live.filter(wanted).order_by("id")


def _again(last: date) -> Q:
    """Those that renew before, and so perhaps again within the days."""
    return Q(term_ends_on__lt=last, renews=True, ends_on=None, term_months__gt=0)


def _prices(actor: Actor, known: Mapping[UUID, Any], today: date) -> dict[UUID, Money]:
    """What a unit and cycle is to the actor: to who sells through others, what it asks of them, if anything."""
    found = {id: Money(row.price, row.currency) for id, row in known.items() if reach.sees_price(actor, row)}
    others = [id for id in known if id not in found]
    if others:
        with tenancy.acting_in(actor.tenant):
            found |= {id: Money(one.sell, one.currency) for id, one in tiers.in_force(today, others).items()}
    return found


def _of(row: Any, price: Money | None, first: date, last: date) -> Iterator[Entry]:
    cycle = _times(row, price, Decimal(row.quantity))
    term = _times(row, price, Decimal(row.quantity * row.term_months) / tiers.MONTHS[row.cycle])
    closes = dates.window_closes(row)
    if closes is not None and row.cancel_days and row.ends_on is None and first <= closes - DAY <= last:
        yield _entry(row, closes - DAY, "window", f"After this day it is bound to {row.term_ends_on}.", term)
    if row.ends_on is not None:
        if first <= row.ends_on <= last:
            yield _entry(row, row.ends_on, "end", "It was cancelled.", cycle)
        return
    end = row.term_ends_on
    while end is not None and end <= last:
        if end >= first and row.renews:
            yield _entry(row, end, "renewal", f"For {row.term_months} months, {row.quantity} ({row.unit}).", term)
        elif end >= first:
            yield _entry(row, end, "end", "It does not renew.", cycle)
        if not row.renews:
            return
        end = dates.next_term_end(row, end)


def _times(row: Any, price: Money | None, count: Decimal) -> Money | None:
    """None also for what is billed by usage, which nobody knows before."""
    return price.times(count).rounded() if price is not None and not row.metered else None


def _entry(row: Any, on: date, kind: str, words: str, amount: Money | None, key: str = "") -> Entry:
    return Entry(
        on=on, kind=kind, key=key or f"{kind}-{row.pk}-{on:%Y%m%d}", customer=row.customer_name, name=row.offer_name,
        words=words, amount=amount, subscription=row.pk,
    )  # fmt: skip


def _planned(row: Any, price: Money | None, id: UUID, on: date, what: str, value: str) -> Entry:
    words = planned.said(PlannedChange(on=on, what=what, value=value))
    quantity = int(value) if what == planned.QUANTITY else 0
    amount = None if what == planned.RENEWS else _times(row, price, Decimal(quantity - row.quantity))
    return _entry(row, on, "planned", f"{words}.", amount, key=f"planned-{id}")


def _said(actor: Actor, known: Mapping[UUID, Any], to_come: Iterable[tuple[UUID, UUID, date, Decimal]]) -> Iterator[Entry]:
    """Prices that were said for days to come: of those for one day the last, each against the one before it."""
    last = {(of, on): (id, price) for of, id, on, price in to_come}
    held: dict[UUID, Decimal] = {}
    for (of, on), (id, price) in last.items():
        row = known.get(of)
        if row is not None and reach.sees_price(actor, row):
            yield _price(row, id, on, held.get(of, row.price), price)
            held[of] = price


def _price(row: Any, id: UUID, on: date, was: Decimal, price: Decimal) -> Entry:
    words = f"{price.normalize():f} {row.currency} instead of {was.normalize():f} {row.currency} for a {row.unit}."
    amount = _times(row, Money(price - was, row.currency), Decimal(row.quantity))
    return _entry(row, on, "price", words, amount, key=f"price-{id}")


def _lists(actor: Actor, first: date, last: date, today: date) -> Iterator[Entry]:
    """Versions of the actor's own lists that begin to hold, with what they change over what is sold by them, a cycle: of those
    that will follow them, each at its renewal or next cycle, and against what it costs until then.
    """
    held: dict[UUID, Decimal] = {}
    for version, effects in simulating.published(actor, today + DAY, last, today=today):
        of = version.price_list
        total, count = Decimal(0), 0
        for one in effects:
            if one.becomes is None:
                continue
            was, held[one.subscription] = held.get(one.subscription, one.was), one.becomes
            count += was != one.becomes
            if one.month_was is not None:
                total += (one.becomes - was) * one.quantity
        if version.from_on < first:
            continue
        yield Entry(
            on=version.from_on,
            kind="price_list",
            key=f"price_list-{version.pk}",
            customer="",
            name=f"{of.name}, version {version.number}",
            words=f"What {count} subscription{' costs' if count == 1 else 's cost'} changes with the next renewal or cycle.",
            amount=Money(total, of.currency).rounded(),
        )


def _looked_up(actor: Actor, first: date, last: date, today: date) -> Iterator[Entry]:
    """What a customer's renewals and cycles will cost where a list that is published says other than now: looked up once for
    all days on which the same versions hold.
    """
    with reach.seat(actor):
        rows = list(reach.named(actor).filter(state__in=LIVE, ends_on=None).order_by("id"))
        said = simulating.timelines(actor, [row.pk for row in rows])
    if not rows or last <= today:
        return
    held = {row.pk: row.price for row in rows}
    begins = sorted({today + DAY, *selling.days(buyer=actor.tenant, first=today + DAY, last=last)})
    for on, until in zip(begins, [*begins[1:], last + DAY], strict=True):
        due = [(row, day) for row in rows if (day := simulating.follows_on(row, on, today)) is not None and day < until]
        offered = selling.resolve(buyer=actor.tenant, offers={row.offer for row, _ in due}, on=on)
        for row, day in due:
            offer = offered.get(row.offer)
            if offer is None or offer.currency != row.currency or pricing.by_hand(said.get(row.pk, []), day):
                continue
            was, held[row.pk] = held[row.pk], offer.price
            if was != offer.price and day >= first:
                yield _price(row, UUID(int=row.pk.int ^ day.toordinal()), day, was, offer.price)
