"""What issuers, payers and the network do, as control verbs: POST /_sandbox/<verb> with a JSON object.

webhook     {url, secret?, events?}: an endpoint on this machine to tell
deliver     {order?: made|reverse, times?, types?: a pattern, drop?}: send the webhooks that are held, or lose them
issuer      {card, does}: what the card's issuer does from now on: "" pays, a decline code, "authentication_required",
            or "processing"
settle      {payment, declined?: a decline code}: the end of a payment that was processing
renew       {card, exp_month, exp_year, last4?}: the issuer sent a new card, and the stored one follows
detach      {card}: the payer's bank or Stripe takes the stored card away
dispute     {payment}: the payer's bank contests it
fail_refund {refund}: money given back that did not arrive
set         {<setting>: value, ...}
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandboxes.stripe import payments

if TYPE_CHECKING:
    from sandboxes.stripe.app import Stripe

Row = dict[str, Any]


def webhook(app: Stripe, data: Row) -> Row:
    return app.outbox.subscribe(data)


def deliver(app: Stripe, data: Row) -> Row:
    unknown = data.keys() - {"order", "times", "types", "drop"}
    if unknown:
        raise ValueError(f"deliver knows no {', '.join(sorted(unknown))}")
    app.outbox.order(data)
    return {"held": sum(d["state"] == "held" for d in app.state["deliveries"])}


def issuer(app: Stripe, data: Row) -> Row:
    app.state["payment_methods"][data["card"]]["_later"] = data["does"]
    return {"ok": True}


def settle(app: Stripe, data: Row) -> Row:
    intent: Row = app.state["payment_intents"][data["payment"]]
    if intent["status"] != "processing":
        raise ValueError(f"the payment is {intent['status']}")
    if data.get("declined"):
        payments.fail(app, intent, data["declined"])
    else:
        payments.succeed(app, intent)
    return {"status": intent["status"]}


def renew(app: Stripe, data: Row) -> Row:
    card: Row = app.state["payment_methods"][data["card"]]
    card["card"] |= {name: data[name] for name in ("exp_month", "exp_year", "last4") if name in data}
    app.outbox.tell("payment_method.automatically_updated", card)
    return {"ok": True}


def detach(app: Stripe, data: Row) -> Row:
    card: Row = app.state["payment_methods"][data["card"]]
    card["customer"] = None
    app.outbox.tell("payment_method.detached", card)
    return {"ok": True}


def dispute(app: Stripe, data: Row) -> Row:
    intent: Row = app.state["payment_intents"][data["payment"]]
    about = {"id": f"dp_{intent['id'][3:]}", "object": "dispute", "payment_intent": intent["id"], "amount": intent["amount"],
             "charge": intent["latest_charge"], "status": "needs_response", "reason": "fraudulent"}  # fmt: skip
    app.outbox.tell("charge.dispute.created", about)
    return {"ok": True}


def fail_refund(app: Stripe, data: Row) -> Row:
    refund: Row = app.state["refunds"][data["refund"]]
    if refund["status"] == "failed":
        raise ValueError("the refund has failed already")
    refund["status"] = "failed"
    app.state["payment_intents"][refund["payment_intent"]]["_refunded"] -= refund["amount"]
    app.outbox.tell("refund.failed", refund)
    return {"ok": True}


def set_(app: Stripe, data: Row) -> Row:
    unknown = data.keys() - app.state["settings"].keys()
    if unknown:
        raise ValueError(f"no setting {', '.join(sorted(unknown))}")
    app.state["settings"] |= data
    return dict(app.state["settings"])


VERBS: dict[str, Callable[[Stripe, Row], Row]] = {
    "set": set_,
    **{f.__name__: f for f in (webhook, deliver, issuer, settle, renew, detach, dispute, fail_refund)},
}
