"""Packages and their price lists, the basket, quotes, whom to bill, papers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Given, Number, Out, Sent
from purser.billing.buying import basket as baskets
from purser.billing.buying import offers, profile, quotes
from purser.billing.models import Package as PackageRow
from purser.billing.models import PriceList as PriceListRow
from purser.billing.models import Profile as ProfileRow
from purser.billing.models import Quote as QuoteRow
from purser.billing.models import QuoteLine

Code = Annotated[str, Field(min_length=1, max_length=40, examples=["CPP-DSU-2"])]
Count = Annotated[int, Field(ge=0, le=quotes.MOST)]
Counts = Annotated[
    dict[Code, Count], Field(max_length=offers.MOST, description="How many, by package code.", examples=[{"CPP-DSU-10": 2}])
]
Text = Annotated[str, Field(max_length=254)]


class DsuPackage(Out):
    """`units` daily units at `unit_price` each for `price`."""

    code: str
    units: int
    unit_price: Number
    price: Number


class PriceList(Out):
    """The packages, smallest first. `number` counts up; the list holds from `from_at` on, until another takes its place."""

    id: UUID
    number: int
    currency: str
    from_at: datetime
    made_at: datetime
    made_by: str
    packages: list[DsuPackage]


class PackageOffer(Sent):
    code: Code
    units: Annotated[int, Field(ge=1, le=offers.LARGEST_UNITS)]
    unit_price: Given
    price: Given


class Publish(Sent):
    """`from_at` is null for now. `after` is the number of the newest list you know: where somebody published another since,
    the call is refused.
    """

    packages: Annotated[list[PackageOffer], Field(min_length=1, max_length=offers.MOST)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    from_at: datetime | None = None
    after: Annotated[int, Field(ge=0, le=999_999_999)] | None = None


class Default(Out):
    """The package that an exhausted balance buys."""

    package: str


class Choose(Sent):
    package: Code


class BasketLine(Out):
    code: str
    count: int
    price: Number


class Basket(Out):
    """`gone` are packages that were chosen and are no longer sold."""

    lines: list[BasketLine]
    units: int
    total: Number
    currency: str
    gone: list[str]


class BasketPut(Sent):
    counts: Counts


class QuoteAsk(Sent):
    """Without `counts`, your basket."""

    counts: Counts | None = None


class LineOfQuote(Out):
    """`count` packages of `units` each; `price` is that of all of them."""

    code: str
    count: int
    units: int
    unit_price: Number
    price: Number


class Quote(Out):
    """`good` while it can be bought; otherwise `why_not` says why. `billed_to` is as it was when the quote was made."""

    id: UUID
    number: str
    cause: str
    price_list: int
    currency: str
    total: Number
    units: int
    lines: list[LineOfQuote]
    billed_to: dict[str, str]
    made_at: datetime
    made_by: str
    expires_at: datetime
    good: bool
    why_not: str


class Mail(Sent):
    """`email` is null for the billing point of contact."""

    email: Text | None = None


class Mailed(Out):
    """It is on its way."""

    email: str


class Profile(Out):
    """As whom the organisation is billed, or sells. `version` is 0 where nothing was filled in."""

    company: str
    street: str
    city: str
    state: str
    country: str
    postal_code: str
    tax_number: str
    contact_name: str
    contact_email: str
    version: int


class Store(Sent):
    """All fields are needed but `tax_number`. `country` is two letters. `version` is the one you saw."""

    company: Text
    street: Text
    city: Text
    state: Text
    country: Text
    postal_code: Text
    tax_number: Text = ""
    contact_name: Text
    contact_email: Text
    version: Annotated[int, Field(ge=0, le=999_999_999)] | None = None


def package(row: PackageRow) -> DsuPackage:
    return DsuPackage(code=row.code, units=row.units, unit_price=row.unit_price, price=row.price)


def price_list(row: PriceListRow, rows: Sequence[PackageRow]) -> PriceList:
    return PriceList(
        id=row.pk,
        number=row.number,
        currency=row.currency,
        from_at=row.from_at,
        made_at=row.made_at,
        made_by=row.made_by_name,
        packages=[package(one) for one in rows],
    )


def offer(sent: PackageOffer) -> offers.Offer:
    return offers.Offer(sent.code, sent.units, sent.unit_price, sent.price)


def basket(found: baskets.Filled) -> Basket:
    return Basket(
        lines=[BasketLine(code=one.package.code, count=one.count, price=one.price) for one in found.chosen],
        units=found.units,
        total=found.total,
        currency=found.price_list.currency,
        gone=list(found.gone),
    )


def quote(row: QuoteRow, lines: Sequence[QuoteLine], now: datetime) -> Quote:
    refusal = quotes.still_good(row, now)
    return Quote(
        id=row.pk,
        number=row.number,
        cause=row.cause,
        price_list=row.price_list,
        currency=row.currency,
        total=row.total,
        units=row.units,
        lines=[
            LineOfQuote(
                code=one.code, count=one.count, units=one.units, unit_price=one.unit_price, price=one.price * one.count
            )
            for one in lines
        ],
        billed_to=row.billed_to,
        made_at=row.made_at,
        made_by=row.made_by_name,
        expires_at=row.expires_at,
        good=refusal is None,
        why_not=refusal.text if refusal else "",
    )


def bill(row: ProfileRow | None) -> Profile:
    values: dict[str, Any] = {name: getattr(row, name) if row else "" for name in profile.FIELDS}
    return Profile(**values, version=row.version if row else 0)
