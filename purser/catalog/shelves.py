"""What one seller says on a day: its own offers on sale, and the versions of its price lists that hold. Source: CM-13."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from purser.catalog.models import Offer, Price, PriceVersion, Side
from purser.postgres import tenancy
from purser.tenants import organisations


@dataclass(frozen=True)
class Asked:
    """What a list says of an offer. `special`: the list is for this buyer alone."""

    amount: Decimal
    currency: str
    list_id: UUID
    list_name: str
    number: int
    from_on: date
    published_by: str
    special: bool
    floor_percent: Decimal | None

    @property
    def listed(self) -> str:
        return f"{self.list_name}, version {self.number}, from {self.from_on:%Y-%m-%d}"[:200]


@dataclass(frozen=True)
class Shelf:
    """What one seller says on one day, to one buyer. `costs` is what the vendor asks it, by offer and currency."""

    seller: UUID
    seller_name: str
    above: UUID | None
    buyer: UUID
    offers: Mapping[UUID, Offer]
    asked: Mapping[UUID, Sequence[Asked]]
    costs: Mapping[tuple[UUID, str], Decimal]

    def chosen(self, offer: UUID, *, bought_in: Collection[str]) -> Asked | None:
        """The list that holds: the buyer's own before that for everybody, then one in a currency the seller buys in."""
        return next(iter(self.ordered(offer, bought_in=bought_in)), None)

    def ordered(self, offer: UUID, *, bought_in: Collection[str]) -> list[Asked]:
        return sorted(
            self.asked.get(offer, ()), key=lambda one: (not one.special, one.currency not in bought_in, one.currency)
        )

    def bought_in(self, offer: UUID) -> frozenset[str]:
        return frozenset(currency for of, currency in self.costs if of == offer)


def of(seller: UUID, *, buyer: UUID, on: date, offers: Collection[UUID] | None = None) -> Shelf:
    """One seller's offers on sale and the prices in force. Takes that seller's seat."""
    some = {} if offers is None else {"pk__in": offers}
    with tenancy.acting_in(seller):
        own = organisations.own()
        held = Offer.objects.filter(withdrawn_at=None, **some).select_related("product", "product__vendor")
        own_offers = {one.pk: one for one in held}
        prices = list(_prices(in_force(on, buyer), offers))
    asked: dict[UUID, list[Asked]] = {}
    costs: dict[tuple[UUID, str], Decimal] = {}
    for price, version in prices:
        if version.price_list.side == Side.COST:
            costs[price.offer, version.price_list.currency] = price.amount
        else:
            asked.setdefault(price.offer, []).append(_asked(price, version))
    return Shelf(seller, own.name, own.parent_id, buyer, own_offers, asked, costs)


def in_force(on: date, buyer: UUID | None) -> list[PriceVersion]:
    """In the seller's seat: the version of each list that holds on this day, of the lists for everybody, of costs, and of
    those for this buyer. A list that begins later has none.
    """
    lists = Q(price_list__buyer=None) if buyer is None else Q(price_list__buyer=None) | Q(price_list__buyer=buyer)
    rows = PriceVersion.objects.filter(lists, from_on__lte=on).select_related("price_list")
    return list(rows.order_by("price_list", "-from_on", "-number").distinct("price_list"))


def days(seller: UUID, *, buyer: UUID, first: date, last: date) -> tuple[set[date], UUID | None]:
    """On which of these days a version of one seller's lists for this buyer begins to hold; and who sells to that seller.
    Takes that seller's seat.
    """
    lists = Q(price_list__buyer=None) | Q(price_list__buyer=buyer)
    with tenancy.acting_in(seller):
        rows = PriceVersion.objects.filter(lists, from_on__range=(first, last)).values_list("from_on", flat=True)
        return set(rows), organisations.own().parent_id


def _prices(versions: Sequence[PriceVersion], offers: Collection[UUID] | None) -> Iterator[tuple[Price, PriceVersion]]:
    held = {one.pk: one for one in versions}
    rows = Price.objects.filter(price_version__in=held)
    if offers is not None:
        rows = rows.filter(offer__in=offers)
    for row in rows:
        yield row, held[row.price_version_id]


def _asked(price: Price, version: PriceVersion) -> Asked:
    of = version.price_list
    return Asked(
        amount=price.amount,
        currency=of.currency,
        list_id=of.pk,
        list_name=of.name,
        number=version.number,
        from_on=version.from_on,
        published_by=version.published_by_name,
        special=of.buyer is not None,
        floor_percent=of.floor_percent,
    )
