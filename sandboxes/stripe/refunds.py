"""Money given back: in parts, never more than was paid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandboxes.kit import Request, Response
from sandboxes.stripe import params, payments
from sandboxes.stripe.refusals import refuse

if TYPE_CHECKING:
    from sandboxes.stripe.app import Stripe


def create(app: Stripe, request: Request) -> Response:
    given = params.read(request, "payment_intent amount metadata reason")
    intent = app.find("payment_intents", params.needed(given, "payment_intent"), param="payment_intent")
    if intent["status"] != "succeeded":
        raise refuse(400, f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.")
    left = intent["amount"] - intent["_refunded"]
    if left == 0:
        text = f"Charge {intent['latest_charge']} has already been refunded."
        raise refuse(400, text, code="charge_already_refunded")
    amount = params.amount(given) if "amount" in given else left
    if amount > left:
        text = f"Refund amount ({amount} {intent['currency']}) is greater than unrefunded amount on charge ({left})"
        raise refuse(400, text, param="amount")
    made = app.new(
        "refunds", "re", "refund", amount=amount, currency=intent["currency"], payment_intent=intent["id"],
        charge=intent["latest_charge"], metadata=params.metadata(given), reason=given.get("reason"), status="succeeded",
    )  # fmt: skip
    intent["_refunded"] += amount
    app.effect("refund", payment=intent["id"], refund=made["id"], amount=amount)
    app.outbox.tell("charge.refunded", payments.charge(intent))
    app.outbox.tell("refund.created", made)
    return Response(200, params.shown(made))


def retrieve(app: Stripe, request: Request) -> Response:
    params.read(request, "")
    return Response(200, params.shown(app.find("refunds", request.args["id"])))


def listed(app: Stripe, request: Request) -> Response:
    given = params.read(request, "payment_intent limit starting_after")
    rows = [row for row in app.rows("refunds") if given.get("payment_intent") in (None, row["payment_intent"])]
    return Response(200, params.page(request, rows, given))


ROUTES = (
    ("POST", "/v1/refunds", create),
    ("GET", "/v1/refunds", listed),
    ("GET", "/v1/refunds/{id}", retrieve),
)
