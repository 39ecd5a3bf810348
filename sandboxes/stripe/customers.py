"""Customers, and the cards attached to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandboxes.kit import Request, Response, error
from sandboxes.stripe import cards, params
from sandboxes.stripe.refusals import missing, refuse

if TYPE_CHECKING:
    from sandboxes.stripe.app import Stripe

Row = dict[str, Any]


def create(app: Stripe, request: Request) -> Response:
    given = params.read(request, "name email metadata address description phone")
    return Response(200, params.shown(put(app, {**given, "metadata": params.metadata(given)})))


def put(app: Stripe, row: Row) -> Row:
    made = app.new("customers", "cus", "customer", name=row.get("name"), email=row.get("email"),
                   metadata=row.get("metadata", {}), address=row.get("address"))  # fmt: skip
    if "id" in row:
        del app.state["customers"][made["id"]]
        made["id"] = row["id"]
        app.state["customers"][made["id"]] = made
    app.effect("customer", id=made["id"])
    return made


def retrieve(app: Stripe, request: Request) -> Response:
    params.read(request, "")
    return Response(200, params.shown(app.find("customers", request.args["id"])))


def listed(app: Stripe, request: Request) -> Response:
    given = params.read(request, "email limit starting_after created")
    rows = [row for row in app.rows("customers") if given.get("email") in (None, row["email"])]
    return Response(200, params.page(request, rows, given))


def put_card(app: Stripe, row: Row) -> Row:
    """A card that is attached already: of a seed, or set up on a page."""
    number = row["number"]
    known = cards.CARDS[number]
    made = app.new(
        "payment_methods", "pm", "payment_method", type="card", customer=row.get("customer"), metadata={},
        card={"brand": known.brand, "last4": number[-4:], "exp_month": int(row.get("exp_month", 12)),
              "exp_year": int(row.get("exp_year", 2034)), "funding": "credit", "country": "US"},
        billing_details={"name": row.get("name")}, _later=known.later,
    )  # fmt: skip
    if "id" in row:
        del app.state["payment_methods"][made["id"]]
        made["id"] = row["id"]
        app.state["payment_methods"][made["id"]] = made
    return made


def card(app: Stripe, request: Request) -> Response:
    params.read(request, "")
    return Response(200, params.shown(app.find("payment_methods", request.args["id"])))


def cards_of(app: Stripe, request: Request) -> Response:
    given = params.read(request, "customer type limit starting_after")
    customer = given.get("customer")
    rows = [row for row in app.rows("payment_methods") if row["customer"] and row["customer"] == customer]
    return Response(200, params.page(request, rows, given))


def attach(app: Stripe, request: Request) -> Response:
    """One of Stripe's test tokens becomes a card of the customer."""
    given = params.read(request, "customer")
    customer = app.find("customers", params.needed(given, "customer"), param="customer")
    number = cards.TOKENS.get(request.args["id"])
    if number is None:
        raise missing("PaymentMethod", request.args["id"])
    reason = cards.CARDS[number].typed
    if reason and reason != cards.HOLDER:
        raise error(402, {"error": cards.refusal(reason, advice=app.setting("advice"))})
    made = put_card(app, {"number": number, "customer": customer["id"]})
    app.effect("attach", id=made["id"])
    return Response(200, params.shown(made))


def detach(app: Stripe, request: Request) -> Response:
    params.read(request, "")
    held = app.find("payment_methods", request.args["id"])
    if not held["customer"]:
        text = "The payment method you provided is not attached to a customer so detachment is impossible."
        raise refuse(400, text, code="payment_method_unexpected_state")
    held["customer"] = None
    app.effect("detach", id=held["id"])
    app.outbox.tell("payment_method.detached", params.shown(held))
    return Response(200, params.shown(held))


ROUTES = (
    ("POST", "/v1/customers", create),
    ("GET", "/v1/customers", listed),
    ("GET", "/v1/customers/{id}", retrieve),
    ("GET", "/v1/payment_methods", cards_of),
    ("GET", "/v1/payment_methods/{id}", card),
    ("POST", "/v1/payment_methods/{id}/attach", attach),
    ("POST", "/v1/payment_methods/{id}/detach", detach),
)
