"""Payment: the card on file, purchases with their attempts, automatic purchase, refunds, the provider."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from purser.api.schemas.common import Given, Number, Out, Sent
from purser.billing import models
from purser.billing.paying import automatic, overview, provider, states


class StoredCard(Out):
    """All that is known of a card; it is good through the last day of its month."""

    token: str
    brand: str
    last_four: str
    expiry_month: int
    expiry_year: int


class CardOnFile(Out):
    """`card` is None where none is on file."""

    card: StoredCard | None


class ProviderPage(Out):
    """A page of the payment provider's to send a browser to. Who holds the address may use it."""

    url: str


class PaymentAttempt(Out):
    number: int
    state: str
    code: str
    text: str
    intended_at: datetime
    settled_at: datetime | None


class RefundMade(Out):
    id: UUID
    number: str
    state: str
    units: int
    money: Number
    reason: str
    made_at: datetime
    settled_at: datetime | None


class PurchaseLine(Out):
    """`count` packages of `units` for `price` each."""

    code: str
    count: int
    units: int
    unit_price: Number
    price: Number


class PlacedPurchase(Out):
    """`state`: begun, charging, unsure (the answer was lost and is looked for), waits (for the card's holder), declined,
    paid, cancelled. `text` is what the issuer said last; `next_at` when it is looked at or tried again.
    """

    id: UUID
    number: str
    quote: UUID
    cause: str
    state: str
    currency: str
    total: Number
    units: int
    code: str
    text: str
    made_at: datetime
    made_by: str
    next_at: datetime | None
    paid_at: datetime | None


class WholePurchase(PlacedPurchase):
    lines: list[PurchaseLine]
    attempts: list[PaymentAttempt]
    refunds: list[RefundMade]


class PartnerPurchase(PlacedPurchase):
    """A partner's purchase, as its operator sees it; `units_left` and `money_left` were not given back."""

    partner: UUID
    partner_name: str
    payment: str
    lines: list[PurchaseLine]
    refunds: list[RefundMade]
    units_left: int
    money_left: Number


class PlacePurchase(Sent):
    """`key` is yours: the same one again is the same purchase. Nothing but the quote says what is charged."""

    quote: UUID
    key: UUID


class AutomaticPurchase(Out):
    """`cap` is the most that is charged on one day of the partner's zone, `spent` what was charged today."""

    on: bool
    cap: Number | None
    spent: Number
    currency: str
    balance: int
    package: str
    version: int


class SwitchAutomatic(Sent):
    on: bool
    cap: Given | None = None
    version: Annotated[int, Field(ge=0)]


class GiveBack(Sent):
    """So many units of a paid purchase. `key` is yours: the same one again is the same refund."""

    units: Annotated[int, Field(ge=1, le=2_000_000_000)]
    reason: Annotated[str, Field(min_length=1, max_length=300)]
    key: UUID


class PaymentProvider(Out):
    """Which secrets are kept, never their values. `version` is 0 before anything was set up."""

    url: str
    cards_only: bool
    has_key: bool
    has_webhook_keys: bool
    tested_at: datetime | None
    tested_text: str
    version: int


class ConfigureProvider(Sent):
    """An empty `key`, and no `webhook_keys`, leave what is kept. Another address forgets the keys."""

    url: Annotated[str, Field(max_length=300, examples=[provider.URL])]
    cards_only: bool = True
    key: Annotated[str, Field(max_length=500)] = ""
    webhook_keys: Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=5)] | None = None
    version: Annotated[int, Field(ge=0)]


class ProviderAnswer(Out):
    ok: bool
    text: str
    code: str


def card(row: models.Card | None) -> CardOnFile:
    if row is None:
        return CardOnFile(card=None)
    shown = StoredCard(
        token=row.token, brand=row.brand, last_four=row.last_four, expiry_month=row.expiry_month,
        expiry_year=row.expiry_year,
    )  # fmt: skip
    return CardOnFile(card=shown)


def _plain(row: models.Purchase) -> dict[str, object]:
    names = ("number", "cause", "state", "currency", "total", "units", "code", "text", "made_at", "next_at", "paid_at")
    plain = {name: getattr(row, name) for name in names}
    return {
        **plain, "id": row.pk, "quote": row.quote_id, "made_by": row.made_by_name,
        "next_at": row.next_at if row.state in states.OPEN else None,
    }  # fmt: skip


def purchase(row: models.Purchase) -> PlacedPurchase:
    return PlacedPurchase.model_validate(_plain(row))


def _lines(rows: Iterable[models.QuoteLine]) -> list[PurchaseLine]:
    names = ("code", "count", "units", "unit_price", "price")
    return [PurchaseLine.model_validate({name: getattr(one, name) for name in names}) for one in rows]


def refund(one: models.Refund) -> RefundMade:
    return RefundMade(
        id=one.pk, number=one.number, state=one.state, units=one.units, money=one.money, reason=one.reason,
        made_at=one.made_at, settled_at=one.settled_at,
    )  # fmt: skip


def whole(
    row: models.Purchase, lines: Iterable[models.QuoteLine], tried: Iterable[models.Attempt], given: Iterable[models.Refund]
) -> WholePurchase:
    attempts = [
        PaymentAttempt(
            number=one.number, state=one.state, code=one.code, text=one.text, intended_at=one.intended_at,
            settled_at=one.settled_at,
        )
        for one in tried
    ]  # fmt: skip
    more = {"lines": _lines(lines), "attempts": attempts, "refunds": [refund(one) for one in given]}
    return WholePurchase.model_validate({**_plain(row), **more})


def theirs(found: overview.Found) -> PartnerPurchase:
    more = {
        "partner": found.row.tenant_id,
        "partner_name": found.partner,
        "payment": found.row.payment,
        "lines": _lines(found.lines),
        "refunds": [refund(one) for one in found.refunds],
        "units_left": found.units_left,
        "money_left": found.money_left,
    }
    return PartnerPurchase.model_validate({**_plain(found.row), **more})


def standing(row: automatic.Standing) -> AutomaticPurchase:
    return AutomaticPurchase(
        on=row.on, cap=row.cap, spent=row.spent, currency=row.currency, balance=row.balance,
        package=row.package.code if row.package else "", version=row.version,
    )  # fmt: skip


def held(found: provider.Held | None) -> PaymentProvider:
    row = found.row if found else None
    return PaymentProvider(
        url=row.url if row else "",
        cards_only=row.cards_only if row else True,
        has_key=found is not None and found.has_key,
        has_webhook_keys=found is not None and found.has_webhook_keys,
        tested_at=row.tested_at if row else None,
        tested_text=row.tested_text if row else "",
        version=row.version if row else 0,
    )


def settings(body: ConfigureProvider) -> provider.Settings:
    return provider.Settings(body.url, body.cards_only, body.key, body.webhook_keys, body.version)
