"""Checkout sessions: a page that stores a card, or takes a payment in person. The page itself is in `hosted`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sandboxes.kit import Request, Response
from sandboxes.stripe import currencies, params
from sandboxes.stripe.refusals import refuse

if TYPE_CHECKING:
    from sandboxes.stripe.app import Stripe

Row = dict[str, Any]
_CREATE = (
    "mode customer success_url cancel_url metadata allowed_payment_method_types line_items payment_intent_data"
    " setup_intent_data client_reference_id currency locale"
)


def create(app: Stripe, request: Request) -> Response:
    given = params.read(request, _CREATE)
    mode = params.needed(given, "mode")
    if mode not in ("setup", "payment"):
        raise refuse(400, "Invalid mode: must be one of payment or setup here", param="mode")
    customer = app.find("customers", params.needed(given, "customer"), param="customer")
    if mode == "setup" and not given.get("allowed_payment_method_types") and not given.get("currency"):
        text = "In `setup` mode, you must provide `currency` or `allowed_payment_method_types`."
        raise refuse(400, text, code="parameter_missing", param="currency")
    for name in ("success_url", "cancel_url"):
        if not str(given.get(name, "")).startswith(("http://", "https://")):
            raise refuse(400, "Not a valid URL", code="url_invalid", param=name)
    amount, currency, titles = (0, None, []) if mode == "setup" else _bill(given)
    session = app.new(
        "sessions", "cs_test", "checkout.session", mode=mode, customer=customer["id"], status="open",
        payment_status="no_payment_required" if mode == "setup" else "unpaid", metadata=params.metadata(given),
        success_url=given["success_url"], cancel_url=given["cancel_url"], amount_total=amount or None, currency=currency,
        setup_intent=None, payment_intent=None, client_reference_id=given.get("client_reference_id"),
        expires_at=app.at() + int(timedelta(hours=app.setting("page_hours")).total_seconds()),
        _titles=titles, _intent=given.get("payment_intent_data", {}).get("metadata", {}), _card=None,
    )  # fmt: skip
    session["url"] = f"{request.base_url}/c/pay/{session['id']}"
    if mode == "setup":
        made = app.new("setup_intents", "seti", "setup_intent", customer=customer["id"], usage="off_session",
                       status="requires_payment_method", payment_method=None)  # fmt: skip
        session["setup_intent"] = made["id"]
    return Response(200, params.shown(session))


def _bill(given: Row) -> tuple[int, str, list[str]]:
    lines = given.get("line_items")
    if not isinstance(lines, dict) or not lines:
        raise refuse(400, "Missing required param: line_items.", code="parameter_missing", param="line_items")
    total, currency, titles = 0, "", []
    for line in lines.values():
        price = line.get("price_data", {})
        total += params.amount(price, "unit_amount") * params.amount(line, "quantity")
        currency = params.currency(price)
        currencies.check(total, currency)
        titles.append(str(price.get("product_data", {}).get("name", "")))
    return total, currency, titles


def current(app: Stripe, id: str) -> Row:
    """The session, expired when its time is over."""
    session = app.find("sessions", id)
    if session["status"] == "open" and session["expires_at"] <= app.at():
        _expire(app, session)
    return session


def _expire(app: Stripe, session: Row) -> None:
    session |= {"status": "expired", "url": None}
    app.outbox.tell("checkout.session.expired", session)


def retrieve(app: Stripe, request: Request) -> Response:
    given = params.read(request, "")
    shown: Row = params.shown(current(app, request.args["id"]))
    for path in given.get("expand", {}).values():
        if path.startswith("setup_intent") and shown["setup_intent"]:
            setup = params.shown(app.find("setup_intents", shown["setup_intent"]))
            if path.endswith(".payment_method") and setup["payment_method"]:
                setup["payment_method"] = params.shown(app.find("payment_methods", setup["payment_method"]))
            shown["setup_intent"] = setup
    return Response(200, shown)


def expire(app: Stripe, request: Request) -> Response:
    params.read(request, "")
    session = current(app, request.args["id"])
    if session["status"] != "open":
        text = f"Only Checkout Sessions that are open can be expired. This Session has a status of {session['status']}."
        raise refuse(400, text, code="checkout_session_unexpected_state")
    _expire(app, session)
    return Response(200, params.shown(session))


ROUTES = (
    ("POST", "/v1/checkout/sessions", create),
    ("GET", "/v1/checkout/sessions/{id}", retrieve),
    ("POST", "/v1/checkout/sessions/{id}/expire", expire),
)
