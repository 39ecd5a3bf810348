"""Shapes of the catalog's price lists: versions, what each changes, why a price is asked, and what a change does."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from purser.api.schemas.catalog import Seen
from purser.api.schemas.common import Given, Number, Out, Sent
from purser.catalog import price_lists
from purser.catalog.models import PriceList as PriceListRow
from purser.catalog.models import PriceVersion
from purser.catalog.price_lists import Difference, Row
from purser.catalog.shelves import Asked
from purser.catalog.why import Why
from purser.subscriptions.simulating import KEEPS, Effect, Simulation

MOST_EFFECTS = 5_000  # rows of a simulation; its sums have all


class SellingList(Out):
    """`buyer` null is everybody you sell to. `newest` is the number of the last version, 0 without any."""

    id: UUID
    name: str
    side: str
    buyer: UUID | None
    buyer_name: str
    currency: str
    floor_percent: Number | None
    newest: int
    version: int


class SellingListMake(Sent):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    side: Literal["cost", "sell"] = "sell"
    buyer: UUID | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    floor_percent: Given | None = None


class SellingListChange(Sent):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    floor_percent: Given | None = None
    version: Seen


class PriceGiven(Sent):
    offer: UUID
    amount: Given


class VersionPreview(Sent):
    """All prices of the list from `from_on` on, today without it; an offer that is left out has none."""

    prices: Annotated[list[PriceGiven], Field(max_length=price_lists.MOST)]
    from_on: date | None = None

    def rows(self) -> list[Row]:
        return [Row(one.offer, one.amount) for one in self.prices]


class VersionPublish(VersionPreview):
    """`after` is the number of the newest version you saw, 0 for none. `confirmed`: prices below the floor are meant."""

    after: Seen
    note: Annotated[str, Field(max_length=300)] = ""
    confirmed: bool = False


class PriceDifference(Out):
    """`margin` is (new - cost) / new in percent, null where nothing is asked or the cost is not known. `low`: below the
    list's floor.
    """

    offer: UUID
    code: str
    name: str
    old: Number | None
    new: Number | None
    cost: Number | None
    margin: Number | None
    low: bool


class PriceDifferences(Out):
    from_on: date
    after: int
    currency: str
    rows: list[PriceDifference]


class PriceEffect(Out):
    """A live subscription: `was` and `becomes` for a unit and cycle, from the day `on`. `becomes` null: it keeps its price,
    and `keeps` says why. `month_was` and `month_becomes` are a month of all its units, null for what is billed by usage.
    """

    subscription: UUID
    number: str
    customer_name: str
    offer_code: str
    offer_name: str
    quantity: int
    currency: str
    was: Number
    becomes: Number | None
    on: date | None
    keeps: str
    month_was: Number | None
    month_becomes: Number | None


class PriceEffectTotal(Out):
    """A month of all that follow the change; a yearly price is a twelfth."""

    currency: str
    subscriptions: int
    was: Number
    becomes: Number
    more: Number


class PriceSimulation(Out):
    """`changed` offers have another price; `following` of the live subscriptions take it. `rows` are the first of `found`."""

    from_on: date
    changed: int
    found: int
    following: int
    totals: list[PriceEffectTotal]
    rows: list[PriceEffect]


class SellingVersion(Out):
    id: UUID
    number: int
    from_on: date
    published_at: datetime
    published_by: str
    note: str


class ListedPrice(Out):
    offer: UUID
    code: str
    amount: Number


class PricesInForce(Out):
    """`version` is null where none holds on that day."""

    on: date
    currency: str
    version: SellingVersion | None
    prices: list[ListedPrice]


class PriceListed(Out):
    """A list that has a price: `special` where it is for this buyer alone."""

    selling_list: UUID
    name: str
    version: int
    from_on: date
    published_by: str
    special: bool
    amount: Number
    currency: str


class WhyPrice(Out):
    """`held` is the list that holds, null where you ask nothing; `others`, in their order, would hold without it. `cost` and
    `margin` are your own. `on_sale`: whether the buyer can buy it.
    """

    offer: UUID
    code: str
    name: str
    buyer: UUID
    buyer_name: str
    held: PriceListed | None
    others: list[PriceListed]
    on_sale: bool
    cost: Number | None
    margin: Number | None
    low: bool


def selling_list(row: PriceListRow, newest: int) -> SellingList:
    return SellingList(
        id=row.pk, name=row.name, side=row.side, buyer=row.buyer, buyer_name=row.buyer_name, currency=row.currency,
        floor_percent=row.floor_percent, newest=newest, version=row.version,
    )  # fmt: skip


def version(row: PriceVersion) -> SellingVersion:
    return SellingVersion(
        id=row.pk, number=row.number, from_on=row.from_on, published_at=row.published_at,
        published_by=row.published_by_name, note=row.note,
    )  # fmt: skip


def differences(stands: price_lists.Ground, rows: Sequence[Difference]) -> PriceDifferences:
    return PriceDifferences(
        from_on=stands.from_on, after=stands.last, currency=stands.price_list.currency,
        rows=[
            PriceDifference(
                offer=one.good.offer, code=one.good.code, name=one.good.name, old=one.old, new=one.new, cost=one.cost,
                margin=one.margin, low=one.low,
            )
            for one in rows
        ],
    )  # fmt: skip


def listed(one: Asked) -> PriceListed:
    return PriceListed(
        selling_list=one.list_id, name=one.list_name, version=one.number, from_on=one.from_on,
        published_by=one.published_by, special=one.special, amount=one.amount, currency=one.currency,
    )  # fmt: skip


def why(found: Why) -> WhyPrice:
    tier = found.tier
    cost: Decimal | None = found.good.costs.get(found.held.currency) if found.held else None
    return WhyPrice(
        offer=found.good.offer, code=found.good.code, name=found.good.name, buyer=found.buyer, buyer_name=found.buyer_name,
        held=listed(found.held) if found.held else None, others=[listed(one) for one in found.others],
        on_sale=tier is not None, cost=cost, margin=tier.margin if tier else None, low=tier.low if tier else False,
    )  # fmt: skip


def simulation(found: Simulation) -> PriceSimulation:
    return PriceSimulation(
        from_on=found.from_on, changed=found.changed, found=len(found.effects), following=found.following,
        totals=[
            PriceEffectTotal(
                currency=one.currency, subscriptions=one.subscriptions, was=one.was.amount, becomes=one.becomes.amount,
                more=one.more.amount,
            )
            for one in found.totals
        ],
        rows=[_effect(one) for one in found.effects[:MOST_EFFECTS]],
    )  # fmt: skip


def _effect(one: Effect) -> PriceEffect:
    return PriceEffect(
        subscription=one.subscription, number=one.number, customer_name=one.customer_name, offer_code=one.offer_code,
        offer_name=one.offer_name, quantity=one.quantity, currency=one.currency, was=one.was, becomes=one.becomes, on=one.on,
        keeps=KEEPS.get(one.keeps, ""), month_was=one.month_was.amount if one.month_was else None,
        month_becomes=one.month_becomes.amount if one.month_becomes else None,
    )  # fmt: skip
