"""The page of Checkout that a browser opens: a card is typed, confirmed by its holder where it asks for that, and stored or
charged. Nothing typed is kept but what Stripe tells a merchant. Source: acceptance CS-60.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from sandboxes.kit import Request, Response
from sandboxes.stripe import cards, checkout, currencies, customers, payments
from sandboxes.stripe.refusals import missing

if TYPE_CHECKING:
    from sandboxes.stripe.app import Stripe

Row = dict[str, Any]
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f6f8;color:#1a202c}main{max-width:26rem;margin:3rem auto;"
    "padding:2rem;background:#fff;border:1px solid #d5dbe1;border-radius:.6rem}h1{font-size:1.3rem}label{display:block;"
    "margin-top:1rem}input{font:inherit;width:100%;box-sizing:border-box;padding:.5rem;border:1px solid #77828f;"
    "border-radius:.3rem}.wrong{color:#a61b1b;margin:.2rem 0 0}button{font:inherit;margin-top:1.5rem;padding:.6rem 1.2rem;"
    "border:0;border-radius:.3rem;background:#3b3f9c;color:#fff}button.second{background:#5b6470;margin-left:.5rem}"
    "a{color:#3b3f9c}"
)
_FIELDS = (
    ("number", "Card number", "cc-number"),
    ("expiry", "Expiration (MM / YY)", "cc-exp"),
    ("code", "Security code", "cc-csc"),
    ("name", "Name on card", "cc-name"),
)


def show(app: Stripe, request: Request) -> Response:
    session = _session(app, request)
    if session["status"] == "complete":
        return _away(session)
    if session["status"] == "expired":
        return _page(session, "<h1>This page has expired</h1><p>Go back to where you came from and start again.</p>", 410)
    return _page(session, _holder(session) if session["_card"] else _form(session))


def submit(app: Stripe, request: Request) -> Response:
    session = _session(app, request)
    if session["status"] != "open":
        return show(app, request)
    typed = request.form()
    if session["_card"]:
        card, session["_card"] = session["_card"], None
        if typed.get("answer") != "complete":
            text = "We are unable to authenticate your payment method. Choose a different one and try again."
            return _page(session, _form(session, {"number": text}), 402)
        return _finish(app, session, card)
    number = typed.get("number", "")
    wrong = cards.typed_wrong(number, typed.get("expiry", ""), typed.get("code", ""), today=app.clock.today())
    if not typed.get("name", "").strip():
        wrong["name"] = "Enter the name on the card."
    if not wrong and number not in cards.CARDS:
        wrong["number"] = "Your card was declined: this is a test page, and no test number."
    if wrong:
        return _page(session, _form(session, wrong, typed), 400)
    reason = cards.CARDS[number].typed
    month, _, year = typed["expiry"].partition("/")
    # the code is forgotten here; the digits of a test number wait for the holder's answer, no longer
    card = {"number": number, "exp_month": int(month), "exp_year": 2000 + int(year), "name": typed["name"].strip()}
    if reason == cards.HOLDER:
        session["_card"] = card
        return _page(session, _holder(session))
    if reason:
        return _page(session, _form(session, {"number": str(cards.refusal(reason, advice=False)["message"])}), 402)
    return _finish(app, session, card)


def _finish(app: Stripe, session: Row, card: Row) -> Response:
    later = cards.CARDS[card["number"]].later
    if session["mode"] == "payment" and later not in ("", cards.HOLDER):
        return _page(session, _form(session, {"number": str(cards.refusal(later, advice=False)["message"])}), 402)
    held = customers.put_card(app, {**card, "customer": session["customer"]})
    if session["mode"] == "setup":
        setup = app.find("setup_intents", session["setup_intent"])
        setup |= {"status": "succeeded", "payment_method": held["id"]}
        app.effect("setup", card=held["id"], customer=session["customer"])
        app.outbox.tell("setup_intent.succeeded", setup)
    else:
        intent = payments.put(app, amount=session["amount_total"], currency=session["currency"], customer=session["customer"],
                              card=held["id"], metadata=session["_intent"])  # fmt: skip
        payments.succeed(app, intent)
        held["customer"] = None  # used once, and not stored
        session |= {"payment_intent": intent["id"], "payment_status": "paid"}
    session |= {"status": "complete", "url": None}
    app.outbox.tell("checkout.session.completed", session)
    return _away(session)


def _away(session: Row) -> Response:
    return Response(303, b"", {"Location": session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])})


def _session(app: Stripe, request: Request) -> Row:
    if request.args["id"] not in app.state["sessions"]:
        raise missing("checkout.session", request.args["id"])
    return checkout.current(app, request.args["id"])


def _title(session: Row) -> str:
    if session["mode"] == "setup":
        return "Save your card"
    return f"Pay {currencies.shown(session['amount_total'], session['currency'])}: {', '.join(session['_titles'])}"


def _form(session: Row, wrong: Row | None = None, typed: Row | None = None) -> str:
    wrong, typed = wrong or {}, typed or {}
    rows = []
    for name, label, complete in _FIELDS:
        # neither number nor code is given back: a page in a browser's history would hold them
        value = escape(typed.get(name, "")) if name in ("expiry", "name") else ""
        said = f'<p class=wrong id="{name}-wrong">{escape(wrong[name])}</p>' if name in wrong else ""
        linked = f' aria-invalid=true aria-describedby="{name}-wrong"' if name in wrong else ""
        rows.append(
            f'<label for="{name}">{label}</label><input id="{name}" name="{name}" autocomplete="{complete}" '
            f'value="{value}"{linked}>{said}'
        )
    back = escape(session["cancel_url"], quote=True)
    word = "Save card" if session["mode"] == "setup" else "Pay"
    return (
        f"<h1>{escape(_title(session))}</h1><form method=post>{''.join(rows)}<button>{word}</button></form>"
        f'<p><a href="{back}">Back</a></p>'
    )


def _holder(session: Row) -> str:
    return (
        f"<h1>Confirm with your bank</h1><p>{escape(_title(session))}</p><form method=post>"
        "<button name=answer value=complete>Complete</button><button class=second name=answer value=fail>Fail</button></form>"
    )


def _page(session: Row, inner: str, status: int = 200) -> Response:
    text = (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>Checkout (sandbox)</title><style>{_STYLE}</style></head><body><main>{inner}</main></body></html>"
    )
    return Response(status, text.encode(), {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"})
