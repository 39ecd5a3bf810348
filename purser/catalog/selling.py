"""What is on sale to a buyer, for how much, and what each seller of the chain makes of it.

Everybody above the buyer in the tree sells, down from the provider whose offer it is. Each asks what its list for this buyer
says, else what its list for everybody says; where one of them asks nothing the offer is not on sale. These functions take
their seats themselves, one seller's after another. Source: acceptance CM-2, CM-12, CM-13.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from purser.catalog import shelves
from purser.catalog.models import Offer
from purser.catalog.shelves import Shelf
from purser.kernel.errors import Missing
from purser.tenants import organisations

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Tier:
    """One seller's part: it asks `sell` of `buyer` for a unit and cycle, and pays `cost` itself; None where nobody has said.

    `listed` says which list and version. `floor_percent` is that list's, None without. A row of no eyes but the seller's.
    """

    seller: UUID
    seller_name: str
    buyer: UUID
    sell: Decimal
    cost: Decimal | None
    currency: str
    listed: str
    floor_percent: Decimal | None

    @property
    def margin(self) -> Decimal | None:
        return margin_percent(sell=self.sell, cost=self.cost)

    @property
    def low(self) -> bool:
        """Whether it is below the list's floor, and so taken only when confirmed. Source: acceptance CM-64."""
        return below_floor(sell=self.sell, cost=self.cost, floor=self.floor_percent)


@dataclass(frozen=True)
class Seen:
    """A price as one reader may know it: the buyer, what it is asked; a seller, what it asks itself of the next below, with
    its own `tier`. `price` None: the reader has no part in it. Source: decision 0010.
    """

    price: Decimal | None = None
    currency: str = ""
    listed: str = ""
    tier: Tier | None = None


UNSEEN = Seen()


@dataclass(frozen=True)
class Sellable:
    """An offer as it is on sale to one buyer. `price` is asked for a unit and cycle; `tiers` begin with the provider's, and
    the last sells to the buyer.
    """

    provider: UUID
    offer: UUID
    product: UUID
    code: str
    name: str
    product_name: str
    vendor_name: str
    vendor_kind: str
    category: str
    group: str
    description: str
    cycle: str
    term_months: int
    cancel_days: int
    minimum: int
    maximum: int | None
    unit: str
    trial: bool
    metered: bool
    meter: str
    provides: Mapping[str, Any]
    addon_of: UUID | None
    price: Decimal
    currency: str
    listed: str
    tiers: tuple[Tier, ...]

    @property
    def terms(self) -> str:
        return terms_of(self)

    @property
    def public(self) -> Sellable:
        """As the buyer may see it: without what any seller pays. Source: acceptance CM-2."""
        return replace(self, tiers=())

    def seen_by(self, reader: UUID) -> Seen:
        """Its price to the buyer, or to one of those who sell it."""
        if reader == self.tiers[-1].buyer:
            return Seen(self.price, self.currency, self.listed)
        tier = next((one for one in self.tiers if one.seller == reader), None)
        return Seen(tier.sell, tier.currency, tier.listed, tier) if tier is not None else UNSEEN


def terms_of(what: Any) -> str:
    """What a buyer commits to beside the price, in words that differ where it does: of an offer on sale, or of a subscription.

    Source: acceptance CM-45.
    """
    said = f"billed {what.cycle} per {f'{what.unit} of {what.meter} used' if what.metered else what.unit}"
    if not what.term_months:
        said += ", without a term"
    else:
        said += f", for terms of {what.term_months} month{'s' if what.term_months > 1 else ''}"
        if what.cancel_days:
            said += f", each cancellable within {what.cancel_days} day{'s' if what.cancel_days > 1 else ''}"
    return f"{said}, a trial" if what.trial else said


def margin_percent(*, sell: Decimal, cost: Decimal | None) -> Decimal | None:
    """(sell - cost) / sell as a percentage, half-up to two decimals; None where nothing is asked or the cost is not known.

    Source: acceptance CM-12.
    """
    if cost is None or sell == 0:
        return None
    return (100 * (sell - cost) / sell).quantize(CENT, rounding=ROUND_HALF_UP)


def below_floor(*, sell: Decimal, cost: Decimal | None, floor: Decimal | None) -> bool:
    """Whether the margin is less than `floor` percent; without a division, so also for what is given away at a cost."""
    return cost is not None and floor is not None and 100 * (sell - cost) < floor * sell


def shop(*, buyer: UUID, on: date) -> list[Sellable]:
    """All that is on sale to this buyer, by category, group and name. Takes its seats itself. Raises Missing for no buyer."""
    found = _on_sale(buyer, on, None)
    return sorted(found, key=lambda one: (one.category, one.group, one.name, one.code, str(one.offer)))


def resolve(*, buyer: UUID, offers: Collection[UUID], on: date) -> dict[UUID, Sellable]:
    """Those of the offers that are on sale to this buyer: one query for each table and seller, however many are asked for.

    Takes its seats itself. Raises Missing for no buyer.
    """
    return {one.offer: one for one in _on_sale(buyer, on, frozenset(offers))} if offers else {}


def days(*, buyer: UUID, first: date, last: date) -> list[date]:
    """On which of the days from `first` to `last` a price of those who sell to this buyer begins to hold: between two of them
    `resolve` answers the same. One query a seller. Takes their seats itself.
    """
    found: set[date] = set()
    below, seller = buyer, organisations.card(buyer).parent
    for _ in range(organisations.STEPS):
        if seller is None:
            break
        begin, above = shelves.days(seller, buyer=below, first=first, last=last)
        found |= begin
        below, seller = seller, above
    return sorted(found)


def _chain(buyer: UUID, on: date, offers: Collection[UUID] | None = None) -> list[Shelf]:
    """Those of everybody who sells to this buyer, the nearest first. Takes their seats. Raises Missing for no buyer."""
    found: list[Shelf] = []
    below, seller = buyer, organisations.card(buyer).parent
    while seller is not None and len(found) < organisations.STEPS:
        found.append(shelves.of(seller, buyer=below, on=on, offers=offers))
        below, seller = seller, found[-1].above
    return found


def _on_sale(buyer: UUID, on: date, offers: Collection[UUID] | None) -> Iterator[Sellable]:
    chain = _chain(buyer, on, offers)
    for place, top in enumerate(chain):
        for offer in top.offers.values():
            if tiers := _tiers(offer.pk, chain[place::-1]):
                yield _sellable(offer, tiers)


def _tiers(offer: UUID, sellers: Sequence[Shelf]) -> tuple[Tier, ...]:
    """From the provider down; nothing where one of them asks no price."""
    tiers: list[Tier] = []
    for one in sellers:
        above = tiers[-1] if tiers else None
        held = one.chosen(offer, bought_in={above.currency} if above else one.bought_in(offer))
        if held is None:
            return ()
        if above is None:
            cost = one.costs.get((offer, held.currency))
        else:
            cost = above.sell if above.currency == held.currency else None
        tiers.append(
            Tier(
                seller=one.seller,
                seller_name=one.seller_name,
                buyer=one.buyer,
                sell=held.amount,
                cost=cost,
                currency=held.currency,
                listed=held.listed,
                floor_percent=held.floor_percent,
            )
        )
    return tuple(tiers)


def _sellable(offer: Offer, tiers: tuple[Tier, ...]) -> Sellable:
    product, last = offer.product, tiers[-1]
    return Sellable(
        provider=tiers[0].seller,
        offer=offer.pk,
        product=product.pk,
        code=offer.code,
        name=offer.name,
        product_name=product.name,
        vendor_name=product.vendor.name,
        vendor_kind=product.vendor.kind,
        category=product.category,
        group=product.group,
        description=product.description,
        cycle=offer.cycle,
        term_months=offer.term_months,
        cancel_days=offer.cancel_days,
        minimum=offer.minimum,
        maximum=offer.maximum,
        unit=offer.unit,
        trial=offer.trial,
        metered=offer.metered,
        meter=offer.meter,
        provides=offer.provides,
        addon_of=offer.addon_of_id,
        price=last.sell,
        currency=last.currency,
        listed=last.listed,
        tiers=tiers,
    )


def one(*, buyer: UUID, offer: UUID, on: date) -> Sellable:
    """Takes its seats itself. Raises Missing for an offer that is not on sale to this buyer."""
    found = resolve(buyer=buyer, offers=[offer], on=on).get(offer)
    if found is None:
        raise Missing("There is no such offer on sale.")
    return found
