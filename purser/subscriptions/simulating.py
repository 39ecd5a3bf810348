"""A price change over all live subscriptions before it is published: what each would cost, from which day on, and why not.

What runs keeps its price until its next cycle, or the end of its term; one priced by hand, or by a list of its buyer's own,
keeps it beyond. Each seller sees its own part alone. Source: acceptance CM-14; issue of vendors' tenants, section 6.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from purser.access.actors import Actor
from purser.catalog import goods, price_lists
from purser.catalog.models import Price, PriceVersion, Side
from purser.catalog.price_lists import Ground, Row
from purser.kernel.errors import Refused
from purser.kernel.money import Money
from purser.postgres import tenancy
from purser.subscriptions import dates, keeping, pricing, reach, tiers
from purser.subscriptions.models import LIVE, SubscriptionPrice, TierPrice

# Why a subscription keeps its price although that of its offer changes.
KEEPS: Mapping[str, str] = {
    "hand": "Its price was set by hand",
    "list": "Another list of yours holds for it",
    "currency": "It is paid in another currency",
    "withdrawn": "Its offer is withdrawn, so it keeps its own",
    "ends": "It ends before",
    "begins": "It has not begun: it keeps the price it was ordered at",
    "none": "No list asks a price for it then, so it keeps its own",
}


@dataclass(frozen=True)
class Effect:
    """One subscription: `was` and `becomes` for a unit and cycle, from the day `on`; `becomes` None where it keeps its price,
    and `keeps` says why. `month_was` and `month_becomes` are a month of all its units; None for what is billed by usage.
    """

    subscription: UUID
    number: str
    customer_name: str
    buyer: UUID
    offer_code: str
    offer_name: str
    quantity: int
    currency: str
    was: Decimal
    becomes: Decimal | None
    on: date | None
    keeps: str
    month_was: Money | None
    month_becomes: Money | None


@dataclass(frozen=True)
class Total:
    """A month of everything that follows the change, in one currency."""

    currency: str
    subscriptions: int
    was: Money
    becomes: Money

    @property
    def more(self) -> Money:
        return self.becomes - self.was


@dataclass(frozen=True)
class Simulation:
    """`changed` are the offers whose price changes, `effects` the live subscriptions of those, by customer and offer."""

    from_on: date
    changed: int
    effects: tuple[Effect, ...]
    totals: tuple[Total, ...]

    @property
    def following(self) -> int:
        return sum(one.becomes is not None for one in self.effects)


@dataclass(frozen=True)
class _Version:
    """One version of one of the seller's lists; `prices` only of the offers asked for."""

    list_id: UUID
    buyer: UUID | None
    currency: str
    from_on: date
    number: int
    prices: Mapping[UUID, Decimal]


def price_change(actor: Actor, price_list: UUID, rows: Sequence[Row], *, from_on: date | None, now: datetime) -> Simulation:
    """What publishing these prices would do. Takes its seats itself. Raises as price_lists.publish does for the rows and the
    day, and Refused for a list of costs.
    """
    stands = price_lists.ground(actor, price_list, from_on=from_on, now=now)
    if stands.price_list.side != Side.SELL:
        raise Refused("What a vendor asks changes no subscription's price.", code="side")
    changed = {one.good.offer for one in stands.check(rows) if one.changes}
    with tenancy.acting_in(actor.tenant):
        today = keeping.today(now)
        held = tiers.in_force(today)
        versions = _versions(changed)
    proposed = _Version(
        price_list, stands.price_list.buyer, stands.price_list.currency, stands.from_on, stands.last + 1,
        {row.offer: row.amount for row in rows},
    )  # fmt: skip
    asking = _Asking(stands, [*versions, proposed], proposed)
    with reach.seat(actor):
        live = list(reach.rows(actor).filter(state__in=LIVE, offer__in=changed).order_by("customer_name", "offer_name", "id"))
        ours = [row for row in live if row.pk in held and asking.concerns(held[row.pk].buyer)]
        said = timelines(actor, [row.pk for row in ours if row.partner_id == actor.tenant])
    effects = tuple(_effect(row, held[row.pk], said.get(row.pk, []), asking, today, actor.tenant) for row in ours)
    return Simulation(stands.from_on, len(changed), effects, tuple(_totals(effects)))


def published(actor: Actor, first: date, last: date, *, today: date) -> list[tuple[PriceVersion, list[Effect]]]:
    """The same of each version that is published and begins to hold on the days from `first` to `last`, in their order, with
    as many queries for many subscriptions as for one. Takes its seats itself.
    """
    with tenancy.acting_in(actor.tenant):
        rows = PriceVersion.objects.filter(price_list__side=Side.SELL, from_on__range=(first, last))
        coming = list(rows.select_related("price_list").order_by("from_on", "number"))
    if not coming:
        return []
    known = goods.of(actor.tenant, today)
    with tenancy.acting_in(actor.tenant):
        changed = set(Price.objects.filter(price_version__in=coming, offer__in=known).values_list("offer", flat=True))
        held, versions = tiers.in_force(today), _versions(changed)
    with reach.seat(actor):
        live = [row for row in reach.rows(actor).filter(state__in=LIVE, offer__in=changed) if row.pk in held]
        said = timelines(actor, [row.pk for row in live if row.partner_id == actor.tenant])
    by_number = {(one.list_id, one.number): one for one in versions}
    found = []
    for row in coming:
        proposed = by_number[row.price_list_id, row.number]
        asking = _Asking(Ground(row.price_list, row.from_on, known, {}, row.number), versions, proposed)
        ours = [one for one in live if one.offer in proposed.prices and asking.concerns(held[one.pk].buyer)]
        effects = [_effect(one, held[one.pk], said.get(one.pk, []), asking, today, actor.tenant) for one in ours]
        found.append((row, effects))
    return found


def _versions(offers: Collection[UUID]) -> list[_Version]:
    """In the seller's seat: every version of its lists, with the prices of these offers."""
    rows = PriceVersion.objects.filter(price_list__side=Side.SELL).select_related("price_list")
    prices: dict[UUID, dict[UUID, Decimal]] = {}
    for price in Price.objects.filter(offer__in=offers, price_version__price_list__side=Side.SELL):
        prices.setdefault(price.price_version_id, {})[price.offer] = price.amount
    return [
        _Version(
            row.price_list_id, row.price_list.buyer, row.price_list.currency, row.from_on, row.number, prices.get(row.pk, {})
        )
        for row in rows
    ]


@dataclass(frozen=True)
class _Asking:
    """What the seller would ask of a buyer on a day, as catalog.selling says it, with the proposed version among the rest."""

    stands: Ground
    versions: Sequence[_Version]
    proposed: _Version

    def concerns(self, buyer: UUID) -> bool:
        return self.proposed.buyer in (None, buyer)

    def of(self, offer: UUID, buyer: UUID, on: date) -> _Version | None:
        """The version whose price holds; None where no list asks one."""
        latest: dict[UUID, _Version] = {}
        for one in self.versions:
            if one.from_on <= on and one.buyer in (None, buyer):
                last = latest.get(one.list_id)
                if last is None or (last.from_on, last.number) < (one.from_on, one.number):
                    latest[one.list_id] = one
        bought_in = self.stands.known[offer].costs
        asking = [one for one in latest.values() if offer in one.prices]
        return min(asking, key=lambda one: (one.buyer is None, one.currency not in bought_in, one.currency), default=None)


def timelines(actor: Actor, subscriptions: Collection[UUID]) -> dict[UUID, list[SubscriptionPrice]]:
    """In the actor's seat over subscriptions: what was said of each one's price, as pricing.timeline has it."""
    found: dict[UUID, list[SubscriptionPrice]] = {}
    rows = reach.rows(actor, SubscriptionPrice).filter(subscription_id__in=list(subscriptions))
    for row in rows.order_by("from_on", "made_at", "id"):
        found.setdefault(row.subscription_id, []).append(row)
    return found


def follows_on(row: Any, from_on: date, today: date) -> date | None:
    """The first day from `from_on` on, and after today, on which its price follows the list; None where it ends before, or
    has not begun.
    """
    first = max(from_on, today + timedelta(days=1))
    day: date | None = None
    if row.term_months and row.term_ends_on is not None and row.renews:
        day = row.term_ends_on
        while day < first:
            day = dates.next_term_end(row, day)
    elif not row.term_months and row.started_on is not None:
        first = max(first, row.started_on)
        running = dates.cycle(row, first)
        assert running is not None  # it began by then
        day = first if running.start == first else running.end
    return None if day is None or (row.ends_on is not None and row.ends_on <= day) else day


def _effect(
    row: Any, tier: TierPrice, said: Sequence[SubscriptionPrice], asking: _Asking, today: date, seller: UUID
) -> Effect:
    """`said` is its timeline of prices where the seller sells it to the customer itself: only that price is set by hand."""
    was = row.price if row.partner_id == seller else tier.sell
    on = follows_on(row, asking.stands.from_on, today)
    held = asking.of(row.offer, tier.buyer, on) if on is not None else None
    keeps = ""
    if on is None:
        keeps = "begins" if row.started_on is None else "ends"
    elif asking.stands.known[row.offer].withdrawn:
        keeps = "withdrawn"
    elif pricing.by_hand(said, on):
        keeps = "hand"
    elif held is None:
        keeps = "none"
    elif held is not asking.proposed:
        keeps = "list"
    elif held.currency != tier.currency:
        keeps = "currency"
    becomes = held.prices[row.offer] if held is not None and not keeps else None
    return Effect(
        subscription=row.pk,
        number=row.number,
        customer_name=row.customer_name,
        buyer=tier.buyer,
        offer_code=row.offer_code,
        offer_name=row.offer_name,
        quantity=row.quantity,
        currency=tier.currency,
        was=was,
        becomes=becomes,
        on=on if becomes is not None else None,
        keeps=keeps,
        month_was=_month(row, was, tier.currency),
        month_becomes=_month(row, becomes, tier.currency) if becomes is not None else None,
    )


def _month(row: Any, price: Decimal, currency: str) -> Money | None:
    return None if row.metered else Money(price * row.quantity / tiers.MONTHS[row.cycle], currency).rounded()


def _totals(effects: Iterable[Effect]) -> Iterable[Total]:
    following: dict[str, list[tuple[Money, Money]]] = {}
    for one in effects:
        if one.month_was is not None and one.month_becomes is not None:
            following.setdefault(one.currency, []).append((one.month_was, one.month_becomes))
    for currency, pairs in sorted(following.items()):
        was = becomes = Money(Decimal(0), currency)
        for before, after in pairs:
            was, becomes = was + before, becomes + after
        yield Total(currency, len(pairs), was.rounded(), becomes.rounded())
