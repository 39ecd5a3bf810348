"""Stripe's JSON and our values. Pure, and strict: what is not as documented is Malformed, never a guess.

Source: vendors/stripe.md 1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from purser.connectors.ports.payment import Card, Event, Page, Payment, Refund, Visit
from purser.connectors.shared import strict
from purser.connectors.stripe import amounts, refusals
from purser.kernel.errors import Refused
from purser.kernel.money import Money

REFERENCE, ONCE = "purser_reference", "purser_once"  # our words in Stripe's metadata

Json = Mapping[str, Any]
_ID = re.compile(r"[a-z]{2,8}_[A-Za-z0-9_]{1,250}")
_PAYMENT_STATES: Mapping[str, Literal["paid", "pending", "open", "cancelled"]] = {
    "succeeded": "paid",
    "processing": "pending",
    "requires_payment_method": "open",
    "requires_confirmation": "open",
    "requires_action": "open",
    "canceled": "cancelled",
}
_REFUND_STATES: Mapping[str, Literal["done", "pending", "failed"]] = {
    "succeeded": "done",
    "pending": "pending",
    "requires_action": "pending",
    "failed": "failed",
    "canceled": "failed",
}
_VISIT_STATES: Mapping[str, Literal["open", "done", "expired"]] = {"open": "open", "complete": "done", "expired": "expired"}

# What each kind of event is about, and where its id stands: events come in any order, and only the thing itself is true.
_TOPICS: Mapping[str, tuple[Literal["payment", "refund", "dispute", "page", "card"], str]] = {
    "payment_intent.succeeded": ("payment", "id"),
    "payment_intent.payment_failed": ("payment", "id"),
    "payment_intent.processing": ("payment", "id"),
    "payment_intent.requires_action": ("payment", "id"),
    "payment_intent.canceled": ("payment", "id"),
    "charge.refunded": ("refund", "payment_intent"),
    "charge.refund.updated": ("refund", "payment_intent"),
    "refund.created": ("refund", "payment_intent"),
    "refund.updated": ("refund", "payment_intent"),
    "refund.failed": ("refund", "payment_intent"),
    "charge.dispute.created": ("dispute", "payment_intent"),
    "charge.dispute.closed": ("dispute", "payment_intent"),
    "checkout.session.completed": ("page", "id"),
    "checkout.session.expired": ("page", "id"),
    "payment_method.automatically_updated": ("card", "id"),
    "payment_method.updated": ("card", "id"),
    "payment_method.detached": ("card", "id"),
}


class Malformed(ValueError):
    """A field that is not as documented. The text names it and shows none of it."""


def is_id(text: object) -> bool:
    """Whether it can stand in a path."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def page(body: Json) -> Page:
    url = _text(body, "url")
    if not url.startswith(("https://", "http://")):
        raise Malformed("url is no address")
    return Page(_id(body, "id"), url)


def visit(body: Json) -> Visit:
    """`setup_intent` and its card come expanded."""
    state = _VISIT_STATES.get(_text(body, "status"))
    if state is None:
        raise Malformed("status of the page is unknown")
    held = _object(body, "metadata")
    card_: Card | None = None
    payment_ = ""
    if state == "done":
        setup, payment_ = body.get("setup_intent"), _ref(body, "payment_intent")
        if isinstance(setup, dict) and _text(setup, "status") == "succeeded":
            card_ = card(_object(setup, "payment_method"))
        if card_ is None and not payment_:
            raise Malformed("the page is complete, and holds neither a card nor a payment")
    return Visit(_id(body, "id"), state, _ours(held, REFERENCE), _ref(body, "customer"), card_, payment_)


def card(body: Json) -> Card:
    held = _object(body, "card")
    month, year, last_four = _whole(held, "exp_month"), _whole(held, "exp_year"), _text(held, "last4")
    if not 1 <= month <= 12 or not 2000 <= year <= 2200 or not re.fullmatch(r"[0-9]{4}", last_four):
        raise Malformed("card is no card")
    return Card(_id(body, "id"), _text(held, "brand")[:40], last_four, month, year)


def payment(body: Json) -> Payment:
    held, status, error = _object(body, "metadata"), _text(body, "status"), body.get("last_payment_error")
    state = _PAYMENT_STATES.get(status)
    if state is None:
        raise Malformed("status of the payment is unknown")
    failed = status == "requires_payment_method" and isinstance(error, dict)
    return Payment(
        id=_id(body, "id"),
        state="declined" if failed else state,
        money=_money(body, "amount"),
        payer=_ref(body, "customer"),
        reference=_ours(held, REFERENCE),
        once=_ours(held, ONCE),
        made_at=_time(body, "created"),
        card=_ref(body, "payment_method"),
        decline=refusals.decline(error) if failed and isinstance(error, dict) else None,
    )


def refund(body: Json) -> Refund:
    state = _REFUND_STATES.get(_text(body, "status"))
    if state is None:
        raise Malformed("status of the refund is unknown")
    held = _object(body, "metadata")
    return Refund(_id(body, "id"), state, _ref(body, "payment_intent"), _money(body, "amount"), _ours(held, ONCE))


def event(content: bytes) -> Event:
    """Raises Refused(code="malformed"): the sender is told, and sends no better one."""
    try:
        body = strict.loads(content)
        if not isinstance(body, dict) or body.get("object") != "event":
            raise Malformed("it is no event")
        name, about = _text(body, "type"), ""
        known = _TOPICS.get(name)
        if known:
            about = _ref(_object(_object(body, "data"), "object"), known[1])
        # nothing to look at: say, the refund of a charge made without an intent, which is not one of ours
        topic = known[0] if known and about else "other"
        return Event(_id(body, "id"), topic, about, name[:100], _time(body, "created"))
    except ValueError as e:
        raise Refused(f"The webhook cannot be read: {e}.", code="malformed") from None


def customer(body: Json) -> tuple[str, str]:
    """Its id, and our reference."""
    return _id(body, "id"), _ours(_object(body, "metadata"), REFERENCE)


def rows(body: Json) -> tuple[list[Json], str]:
    """The rows of a list's page, and after which id the next one begins; "" at the end."""
    found, more = body.get("data"), body.get("has_more")
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found) or not isinstance(more, bool):
        raise Malformed("it is no list")
    if more and not found:
        raise Malformed("an empty page says that more follow")
    return found, _id(found[-1], "id") if more else ""


def _money(body: Json, name: str) -> Money:
    units, currency = _whole(body, name), _text(body, "currency")
    if units < 0 or not re.fullmatch(r"[a-z]{3}", currency):
        raise Malformed(f"{name} is no amount")
    return amounts.money(units, currency)


def _object(body: Json, name: str) -> Json:
    value = body.get(name)
    if not isinstance(value, dict):
        raise Malformed(f"{name} is no object")
    return value


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise Malformed(f"{name} is no text")
    return value


def _whole(body: Json, name: str) -> int:
    value = body.get(name)
    if type(value) is not int or abs(value) > 10**15:
        raise Malformed(f"{name} is no whole number")
    return value


def _time(body: Json, name: str) -> datetime:
    seconds = _whole(body, name)
    if not 0 <= seconds < 2**33:
        raise Malformed(f"{name} is no time")
    return datetime.fromtimestamp(seconds, UTC)


def _id(body: Json, name: str) -> str:
    value = body.get(name)
    if not is_id(value):
        raise Malformed(f"{name} is no id")
    return str(value)


def _ref(body: Json, name: str) -> str:
    """An id, or the object it belongs to where that came expanded; "" for none."""
    value = body.get(name)
    if value is None:
        return ""
    return _id(value, "id") if isinstance(value, dict) else _id(body, name)


def _ours(held: Json, name: str) -> str:
    value = held.get(name, "")
    return value if isinstance(value, str) else ""
