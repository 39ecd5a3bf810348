"""Payment intents: charges of a stored card with nobody present, and what becomes of them."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING, Any

from sandboxes.kit import Request, Response, error
from sandboxes.stripe import cards, currencies, params
from sandboxes.stripe.refusals import refuse

if TYPE_CHECKING:
    from sandboxes.stripe.app import Stripe

Row = dict[str, Any]
PROCESSING = "processing"
_CREATE = (
    "amount currency customer payment_method off_session confirm metadata description allowed_payment_method_types"
    " automatic_payment_methods setup_future_usage return_url"
)


def create(app: Stripe, request: Request) -> Response:
    given = params.read(request, _CREATE)
    amount, currency = params.amount(given), params.currency(given)
    currencies.check(amount, currency)
    customer = app.find("customers", params.needed(given, "customer"), param="customer")
    held = app.find("payment_methods", params.needed(given, "payment_method"), param="payment_method")
    if held["customer"] != customer["id"]:
        text = "The provided PaymentMethod does not belong to the Customer you supplied, or was detached from it."
        raise refuse(400, text, code="payment_method_unexpected_state", param="payment_method")
    if given.get("confirm") != "true" or given.get("off_session") != "true":
        raise refuse(400, "This sandbox makes intents with confirm=true and off_session=true only.", param="confirm")
    intent = put(app, amount=amount, currency=currency, customer=customer["id"], card=held["id"],
                 metadata=params.metadata(given), description=given.get("description"))  # fmt: skip
    reason = held["_later"]
    if reason == PROCESSING:
        intent["status"] = "processing"
        app.effect("processing", payment=intent["id"], amount=amount)
        app.outbox.tell("payment_intent.processing", intent)
    elif reason:
        fail(app, intent, reason)
        raise error(402, {"error": {**intent["last_payment_error"], "payment_intent": params.shown(intent)}})
    else:
        succeed(app, intent)
    return Response(200, params.shown(intent))


def put(
    app: Stripe, *, amount: int, currency: str, customer: str, card: str, metadata: Row, description: str | None = None
) -> Row:
    made = app.new(
        "payment_intents", "pi", "payment_intent", amount=amount, currency=currency, customer=customer, payment_method=card,
        metadata=metadata, description=description, status="requires_confirmation", last_payment_error=None,
        latest_charge=None, amount_received=0, next_action=None, payment_method_types=["card"],
        _refunded=0,
    )  # fmt: skip
    made["client_secret"] = f"{made['id']}_secret_{secrets.token_hex(8)}"
    return made


def succeed(app: Stripe, intent: Row) -> None:
    intent |= {
        "status": "succeeded", "latest_charge": f"ch_{secrets.token_hex(12)}", "amount_received": intent["amount"],
        "last_payment_error": None,
    }  # fmt: skip
    app.effect(
        "charge", payment=intent["id"], amount=intent["amount"], currency=intent["currency"], customer=intent["customer"]
    )
    app.outbox.tell("payment_intent.succeeded", intent)
    app.outbox.tell("charge.succeeded", charge(intent))


def fail(app: Stripe, intent: Row, reason: str) -> None:
    held = app.find("payment_methods", intent["payment_method"])
    told = cards.refusal(reason, advice=app.setting("advice"))
    told |= {"charge": f"ch_{secrets.token_hex(12)}", "payment_method": params.shown(held)}
    intent |= {"status": "requires_payment_method", "last_payment_error": told, "payment_method": None}
    app.outbox.tell("payment_intent.payment_failed", intent)


def charge(intent: Row) -> Row:
    return {
        "id": intent["latest_charge"], "object": "charge", "amount": intent["amount"], "currency": intent["currency"],
        "amount_refunded": intent["_refunded"], "refunded": intent["_refunded"] == intent["amount"],
        "payment_intent": intent["id"], "customer": intent["customer"], "paid": True, "metadata": intent["metadata"],
    }  # fmt: skip


def retrieve(app: Stripe, request: Request) -> Response:
    params.read(request, "client_secret")
    return Response(200, params.shown(app.find("payment_intents", request.args["id"])))


def listed(app: Stripe, request: Request) -> Response:
    given = params.read(request, "customer created limit starting_after")
    bounds = given.get("created", {})
    since, until = int(bounds.get("gte", 0)), int(bounds.get("lte", 2**40))
    rows = [
        row for row in app.rows("payment_intents")
        if given.get("customer") in (None, row["customer"]) and since <= row["created"] <= until
    ]  # fmt: skip
    return Response(200, params.page(request, rows, given))


def search(app: Stripe, request: Request) -> Response:
    """By one word of metadata. What was made a moment ago is not found yet."""
    given = params.read(request, "query limit page")
    asked = re.fullmatch(r"""metadata\[["'](\w+)["']\]:["']([^"']*)["']""", given.get("query", ""))
    if not asked:
        raise refuse(400, "This sandbox searches for metadata['key']:'value' only.", param="query")
    seen = app.at() - app.setting("search_lag")
    rows = [r for r in app.rows("payment_intents") if r["metadata"].get(asked[1]) == asked[2] and r["created"] <= seen]
    body = {"object": "search_result", "url": request.path, "has_more": False, "next_page": None, "data": rows[::-1]}
    return Response(200, params.shown(body))


def cancel(app: Stripe, request: Request) -> Response:
    params.read(request, "cancellation_reason")
    intent = app.find("payment_intents", request.args["id"])
    if intent["status"] in ("succeeded", "canceled", "processing"):
        text = f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}."
        raise refuse(400, text, code="payment_intent_unexpected_state")
    intent["status"] = "canceled"
    app.outbox.tell("payment_intent.canceled", intent)
    return Response(200, params.shown(intent))


ROUTES = (
    ("POST", "/v1/payment_intents", create),
    ("GET", "/v1/payment_intents", listed),
    ("GET", "/v1/payment_intents/search", search),
    ("GET", "/v1/payment_intents/{id}", retrieve),
    ("POST", "/v1/payment_intents/{id}/cancel", cancel),
)
