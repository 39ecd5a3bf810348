"""The port to a payment provider: whom it charges, a card on file, charges with nobody present, refunds, and its webhooks.

A card is typed on the provider's own pages, never on ours: what we hold of it is a token, its brand, its last four digits
and its expiry. Source: acceptance S-1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from purser.connectors.ports.tested import Tested
from purser.kernel.errors import Refused
from purser.kernel.money import Money

WEBHOOK_MOST_BYTES = 256 * 1024
WEBHOOK_TOLERANCE_SECONDS = 300


@dataclass(frozen=True)
class Payer:
    """Who is charged, in our words. `reference` is ours, the same for as long as we know the payer."""

    reference: str
    name: str
    email: str


@dataclass(frozen=True)
class Card:
    """All that we may know of a card. It is good through the last day of its month."""

    token: str
    brand: str
    last_four: str
    expiry_month: int
    expiry_year: int


@dataclass(frozen=True)
class Page:
    """A page of the provider's to send a browser to. Who holds the address may use it: it is no text for a log."""

    id: str
    url: str = field(repr=False)


@dataclass(frozen=True)
class Visit:
    """What became of a page. `done` has the card that was set up, or the payment that was made; `reference` is ours."""

    id: str
    state: Literal["open", "done", "expired"]
    reference: str = ""
    payer: str = ""
    card: Card | None = None
    payment: str = ""


@dataclass(frozen=True)
class Decline:
    """Why the issuer said no. `hard`: this card will not work again; `soft`: it may, later; `authentication_required`: its
    holder has to confirm, on the provider's page. `code` is the provider's, `text` may be shown to the payer.
    """

    kind: Literal["hard", "soft", "authentication_required"]
    code: str
    text: str


@dataclass(frozen=True)
class Payment:
    """An attempt to charge. `reference` names what is paid for, `once` the attempt; both "" for one that is not ours.

    `open` waits for somebody or for nothing: no money moves unless its payer acts.
    """

    id: str
    state: Literal["paid", "pending", "declined", "open", "cancelled"]
    money: Money
    payer: str
    reference: str
    once: str
    made_at: datetime
    card: str = ""
    decline: Decline | None = None


@dataclass(frozen=True)
class Refund:
    """`pending` becomes `done` or `failed`; a failed one is the payer's loss until it is made again."""

    id: str
    state: Literal["done", "pending", "failed"]
    payment: str
    money: Money
    once: str


@dataclass(frozen=True)
class Event:
    """A webhook whose signature held. A hint only: look at the payment, page or card named, which may be further on by now.

    `id` is the same each time one event is told. `about` is "" where `topic` is none that we follow.
    """

    id: str
    topic: Literal["payment", "refund", "dispute", "page", "card", "other"]
    about: str
    name: str
    made_at: datetime


class Declined(Refused):
    """The issuer said no, and nothing was charged. Another attempt needs another `once`: this one is answered alike."""

    def __init__(self, decline: Decline, *, payment: str = "") -> None:
        super().__init__(decline.text, code="declined", hint=HINTS[decline.kind])
        self.decline = decline
        self.payment = payment


HINTS = {
    "hard": "Store another card.",
    "soft": "Try again later, or store another card.",
    "authentication_required": "Send the card's holder the link to the page where the payment is confirmed.",
}


class Payments(Protocol):
    """Money in. Every method raises Refused, Missing, Busy (nothing happened) and, where something may change, Unsure.

    `once` is our key for an effect, 1 to 255 printable ASCII characters: the same key with the same words is the same effect,
    however often it is sent within a day, and is answered as the first was. So after Unsure ask again with the same key; a
    day later, look for what became of it first. The same key with other words is Refused(code="idempotency").
    """

    def test(self) -> Tested:
        """Whether the key is good, and whether it moves real money."""

    def payer(self, payer: Payer, *, once: str) -> str:
        """The provider's id of our payer, made at first need."""

    def card_page(self, payer: str, *, reference: str, done_url: str, back_url: str, once: str) -> Page:
        """A page that stores a card for charges with nobody present. It sends the browser to one of our two addresses; where
        `done_url` holds `{page}`, it puts the page's id.
        """

    def pay_page(
        self, payer: str, money: Money, *, reference: str, title: str, done_url: str, back_url: str, once: str
    ) -> Page:
        """A page where the payer pays in person, for a card that asks for its holder."""

    def visit(self, page: str) -> Visit:
        """What became of a page."""

    def close(self, page: str, *, once: str) -> None:
        """Let nobody use the page any more. Refused(code="state") when it was used, or has expired."""

    def card(self, token: str) -> Card:
        """A stored card as it is now: issuers renew them. Missing(code="detached") once it cannot be charged any more."""

    def forget(self, token: str, *, once: str) -> None:
        """Let a stored card never be charged again."""

    def charge(self, payer: str, card: str, money: Money, *, reference: str, once: str, title: str = "") -> Payment:
        """Charge a stored card with nobody present: paid, or pending. Raises Declined; Refused(code="amount") for an amount
        that cannot be charged.
        """

    def payment(self, id: str) -> Payment:
        """A payment as it is now."""

    def find(self, payer: str, *, reference: str, since: datetime) -> tuple[Payment, ...]:
        """Every payment of the payer for what `reference` names, made at `since` or later, the latest first. Clocks differ:
        one of a few minutes before may be among them.
        """

    def refund(self, payment: str, money: Money, *, once: str) -> Refund:
        """Give back a part or all. Raises Refused(code="refund") for more than is left of the payment."""

    def refunds(self, payment: str) -> tuple[Refund, ...]:
        """Every refund of a payment, the latest first."""

    def event(self, body: bytes, signature: str, *, now: datetime) -> Event:
        """Read a webhook. Raises Refused(code="signature") for one that is not the provider's, or not of these minutes, and
        Refused(code="malformed") for one that cannot be read.
        """


def matching(payments: Sequence[Payment], once: str) -> Payment | None:
    """Which of the payments found is the attempt `once`."""
    return next((payment for payment in payments if payment.once == once), None)
