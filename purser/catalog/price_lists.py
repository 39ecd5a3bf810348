"""Price lists of the seller acted in, and the versions published of each. Source: acceptance CM-13, CM-14, CM-64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q

from purser.access import acts
from purser.access.actors import Actor
from purser.catalog import exact, goods, selling, texts
from purser.catalog.goods import Good
from purser.catalog.models import Price, PriceList, PriceVersion, Side
from purser.catalog.products import once, seen
from purser.kernel.digest import units
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.tenants import organisations

VERB = "prices.publish"
MOST = 5_000  # prices of a version
AHEAD = timedelta(days=3 * 366)
NAMED = 5  # of the offers that a refusal names
HIGHEST_FLOOR = Decimal("99.99")


@dataclass(frozen=True)
class Row:
    """A price of a list in the making: `amount` for one unit of the offer and one cycle."""

    offer: UUID
    amount: Decimal


@dataclass(frozen=True)
class Difference:
    """An offer in the old version and in the new one; None where it has no price there. `margin` is that of the new price."""

    good: Good
    old: Decimal | None
    new: Decimal | None
    cost: Decimal | None
    margin: Decimal | None
    low: bool

    @property
    def changes(self) -> bool:
        return self.old != self.new


def one(id: UUID) -> PriceList:
    """Raises Missing."""
    row = PriceList.objects.filter(pk=id).first()
    if row is None:
        raise Missing("There is no such price list.")
    return row


def version(price_list: UUID, id: UUID) -> PriceVersion:
    """Raises Missing."""
    row = PriceVersion.objects.select_related("price_list").filter(price_list=price_list, pk=id).first()
    if row is None:
        raise Missing("There is no such version.")
    return row


def versions(price_list: UUID) -> list[PriceVersion]:
    """The newest first."""
    return list(PriceVersion.objects.filter(price_list=price_list).order_by("-number"))


def held(price_list: UUID, on: date) -> PriceVersion | None:
    """The version in force on that day; None before the first."""
    rows = PriceVersion.objects.filter(price_list=price_list, from_on__lte=on)
    return rows.select_related("price_list").order_by("-from_on", "-number").first()


def prices(of: PriceVersion) -> list[Price]:
    return list(Price.objects.filter(price_version=of).order_by("code", "offer"))


def floor(buyer: UUID, currency: str) -> Decimal | None:
    """Below which no price for this buyer is taken unconfirmed: the highest floor of the lists that can hold for it."""
    rows = PriceList.objects.filter(Q(buyer=None) | Q(buyer=buyer), side=Side.SELL, currency=currency)
    found: Decimal | None = rows.aggregate(highest=Max("floor_percent"))["highest"]
    return found


def last(price_list: UUID) -> int:
    """The number of its newest version, in force or not; 0 without any."""
    return PriceVersion.objects.filter(price_list=price_list).aggregate(last=Max("number"))["last"] or 0


def make(
    actor: Actor,
    *,
    name: str,
    side: str,
    currency: str,
    buyer: UUID | None = None,
    floor_percent: Decimal | None = None,
    now: datetime,
) -> PriceList:
    """Make a list without prices: `buyer` None is for everybody. Takes its seats itself.

    Raises Missing for a buyer that is none of the seller's own; Refused for a list of the same side, buyer and currency, or
    of the same name.
    """
    name, currency = texts.line(name, "The name", most=100), texts.currency(currency)
    if side not in Side.values:
        raise Refused(f"“{side[:20]}” is no side: {' or '.join(Side.values)}.", code="side")
    if side == Side.COST and (buyer is not None or floor_percent is not None):
        raise Refused("What the vendor asks is the same whoever buys, and has no floor.", code="side")
    _floor(floor_percent)
    whom = goods.buyer(actor.tenant, actor.kind, buyer).name if buyer is not None else ""
    row_after = {"name": name, "side": side, "currency": currency, "buyer": whom, "floor_percent": floor_percent}
    with tenancy.acting_in(actor.tenant), once(_taken(name, side, currency, whom)):
        row = PriceList(
            name=name, side=side, currency=currency, buyer=buyer, buyer_name=whom[:200], floor_percent=floor_percent,
            created_at=now,
        )  # fmt: skip
        acts.record(actor, VERB, summary=f"Made the price list {name}", of=("selling_list", row.pk), after=row_after, now=now)
        row.save(force_insert=True)
    return row


def _taken(name: str, side: str, currency: str, whom: str) -> str:
    words = "of what vendors ask" if side == Side.COST else f"for {whom}" if whom else "for everybody"
    return f"There is a list {words} in {currency} already, or one called {name}."


def change(actor: Actor, id: UUID, *, name: str, floor_percent: Decimal | None, version: int, now: datetime) -> PriceList:
    """Rename it or set its floor. Raises Missing, Refused: the name is taken, or code "changed"."""
    name = texts.line(name, "The name", most=100)
    _floor(floor_percent)
    with once(f"There is a list called {name} already."):
        row = seen(_locked(id), version)
        if row.side == Side.COST and floor_percent is not None:
            raise Refused("What the vendor asks has no floor.", code="floor")
        before = {"name": row.name, "floor_percent": row.floor_percent}
        after = {"name": name, "floor_percent": floor_percent}
        acts.record(
            actor, VERB, summary=f"Changed the price list {name}", of=("selling_list", id), before=before, after=after, now=now
        )
        row.name, row.floor_percent, row.version = name, floor_percent, row.version + 1
        row.save(update_fields=["name", "floor_percent", "version"])
    return row


def _floor(percent: Decimal | None) -> None:
    if percent is None:
        return
    if not percent.is_finite() or not 0 <= percent <= HIGHEST_FLOOR or percent != round(percent, 2):
        raise Refused(f"A floor is 0 to {HIGHEST_FLOOR} percent with at most two decimals, not {percent}.", code="floor")


def _locked(id: UUID) -> PriceList:
    row = PriceList.objects.select_for_update().filter(pk=id).first()
    if row is None:
        raise Missing("There is no such price list.")
    return row


def differences(
    of: PriceList, known: Mapping[UUID, Good], before: Mapping[UUID, Decimal], rows: Sequence[Row]
) -> list[Difference]:
    """Every offer that has a price before or after, in the order of `known`. One that is no longer known keeps its id's place
    at the end.
    """
    after = {row.offer: row.amount for row in rows}
    return [
        _difference(of, good, before.get(offer), after.get(offer))
        for offer, good in known.items()
        if offer in before or offer in after
    ]


def _difference(of: PriceList, good: Good, old: Decimal | None, new: Decimal | None) -> Difference:
    cost = good.costs.get(of.currency) if of.side == Side.SELL else None
    margin = selling.margin_percent(sell=new, cost=cost) if new is not None else None
    low = new is not None and selling.below_floor(sell=new, cost=cost, floor=of.floor_percent)
    return Difference(good, old, new, cost, margin, low)


@dataclass(frozen=True)
class Ground:
    """What a version is published on: the list, what can be priced with its cost on the first day, and what held before."""

    price_list: PriceList
    from_on: date
    known: Mapping[UUID, Good]
    before: Mapping[UUID, Decimal]
    last: int

    def check(self, rows: Sequence[Row]) -> list[Difference]:
        """What would change. Raises Refused that names the row and its numbers."""
        if len(rows) > MOST:
            raise Refused(f"A price list has at most {MOST:,} prices, not {len(rows):,}.", code="prices")
        met: dict[UUID, int] = {}
        for number, row in enumerate(rows, start=1):
            good = self.known.get(row.offer)
            if good is None or (self.price_list.side == Side.COST and good.asked_by):
                raise Refused(f"Row {number}: there is no such offer to put a price on.", code="offer")
            if row.offer in met:
                raise Refused(f"{good.code} stands in row {met[row.offer]} and in row {number}.", code="offer")
            met[row.offer] = number
            exact.amount(row.amount, f"Row {number}, {good.code}")
        return differences(self.price_list, self.known, self.before, rows)


def ground(actor: Actor, id: UUID, *, from_on: date | None, now: datetime) -> Ground:
    """`from_on` None is today. Takes its seats itself. Raises Missing; Refused for a day that is past or too far ahead."""
    with tenancy.acting_in(actor.tenant):
        row = one(id)
        today = organisations.today(organisation=organisations.own(), now=now)
    day = from_on or today
    if not today <= day <= today + AHEAD:
        words = f"Prices hold from today ({today:%Y-%m-%d}) to {today + AHEAD:%Y-%m-%d} on, not from {day:%Y-%m-%d}."
        raise Refused(words, code="from")
    known = goods.of(actor.tenant, day)
    if row.side == Side.COST:
        known = {offer: good for offer, good in known.items() if not good.asked_by}
    with tenancy.acting_in(actor.tenant):
        was = held(id, day)
        before = {price.offer: price.amount for price in prices(was)} if was else {}
        return Ground(row, day, known, before, last(id))


def publish(
    actor: Actor,
    id: UUID,
    rows: Sequence[Row],
    *,
    from_on: date | None,
    after: int,
    note: str = "",
    confirmed: bool = False,
    now: datetime,
) -> PriceVersion:
    """Publish the next version: all prices of the list from `from_on` on, and no others. Takes its seats itself.

    `after` is the number of the newest version the actor saw. Raises Missing; Refused: a row, with its numbers; code "from";
    code "floor" for margins below the list's floor that were not `confirmed`; code "changed" where somebody published.
    """
    note = texts.line(note, "The note", most=300, empty=True)
    stands = ground(actor, id, from_on=from_on, now=now)
    changes = stands.check(rows)
    low = [one for one in changes if one.low]
    if low and not confirmed:
        raise Refused(_low(low, stands.price_list), code="floor", hint="Confirm that these are meant, or change them.")
    with tenancy.acting_in(actor.tenant), transaction.atomic():
        row = _locked(id)
        newest = last(id)
        if newest != after:
            raise Refused(f"Somebody published version {newest} meanwhile.", code="changed", hint="Look at it first.")
        if row.floor_percent != stands.price_list.floor_percent:
            raise Refused("Somebody changed the floor of this list meanwhile.", code="changed", hint="Look at it first.")
        number = newest + 1
        made = PriceVersion(
            price_list=row, number=number, from_on=stands.from_on, published_at=now, published_by_name=actor.name, note=note
        )
        summary = f"{row.name}: version {number} with {len(rows)} prices in {row.currency}, from {stands.from_on:%Y-%m-%d}"
        acts.record(
            actor, VERB, summary=summary + (f"; {len(low)} below the floor, confirmed" if low else ""),
            of=("selling_list", id), before=_told(changes, "old"), after=_told(changes, "new"), now=now,
        )  # fmt: skip
        made.save(force_insert=True)
        Price.objects.bulk_create(
            Price(price_version=made, offer=one.offer, code=stands.known[one.offer].code, amount=one.amount) for one in rows
        )
    return made


def _low(low: Sequence[Difference], of: PriceList) -> str:
    named = "; ".join(
        f"{one.good.code} at {units(one.new or Decimal(0))}, cost {units(one.cost or Decimal(0))}" for one in low[:NAMED]
    )
    more = f"; and {len(low) - NAMED} more" if len(low) > NAMED else ""
    return f"Below the floor of {units(of.floor_percent or Decimal(0))} %: {named}{more}."


def _told(changes: Sequence[Difference], which: str) -> dict[str, str]:
    """What an act keeps: only the prices that change."""
    found = {one.good.code: getattr(one, which) for one in changes if one.changes}
    return {code: units(amount) for code, amount in found.items() if amount is not None}
