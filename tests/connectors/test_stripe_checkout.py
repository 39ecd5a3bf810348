"""Checkout's page in the Stripe sandbox, as a browser meets it. Source: acceptance CS-60, S-1."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from sandboxes.stripe import Stripe, cards
from tests.connectors.test_stripe_sandbox import SETUP, Call, app, call, said

__all__ = ["app", "call"]  # the fixtures


def page(call: Call, form: dict[str, str] | None = None) -> str:
    return urlsplit(call("POST", "/checkout/sessions", form or SETUP).body["url"]).path


TYPED = {"number": "4242424242424242", "expiry": "09 / 31", "code": "123", "name": "Ada"}


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"number": "4242-4242-4242-4242"}, "number"),
        ({"number": "4242 4242 4242 4242"}, "number"),
        ({"number": "424242424242"}, "number"),
        ({"number": "42424242424242424"}, "number"),
        ({"number": "4242424242424241"}, "number"),
        ({"number": "4111111111111111"}, "number"),
        ({"number": "４２４２４２４２４２４２４２４２"}, "number"),
        ({"number": ""}, "number"),
        ({"expiry": "06 / 25"}, "expiry"),
        ({"expiry": "13 / 31"}, "expiry"),
        ({"expiry": "soon"}, "expiry"),
        ({"code": "12"}, "code"),
        ({"code": "1234"}, "code"),
        ({"number": "378282246310005", "code": "123"}, "code"),
        ({"name": " "}, "name"),
    ],
)
def test_a_wrong_form_is_refused_with_the_field_named(app: Stripe, call: Call, typed: dict[str, str], field: str) -> None:
    path = page(call)
    answer = call("POST", path, TYPED | typed)
    text = answer.body.decode()
    assert answer.status == 400
    assert [name for name in ("number", "expiry", "code", "name") if f'id="{name}-wrong"' in text] == [field]
    assert "4242424242424242" not in text
    assert app.effects == []


@pytest.mark.parametrize(
    ("typed", "brand"),
    [({"expiry": "07/25"}, "visa"), ({"number": "378282246310005", "code": "1234"}, "amex"), ({}, "visa")],
)
def test_a_good_form_stores_the_card_and_sends_the_browser_back(
    app: Stripe, call: Call, typed: dict[str, str], brand: str
) -> None:
    path = page(call)
    answer = call("POST", path, TYPED | typed)
    id = path.rpartition("/")[2]
    assert (answer.status, answer.headers["Location"]) == (303, f"http://p.example/done?s={id}")
    session = call("GET", f"/checkout/sessions/{id}?expand[0]=setup_intent.payment_method").body
    assert session["status"] == "complete"
    assert session["setup_intent"]["payment_method"]["card"]["brand"] == brand
    assert call("GET", path).status == 303
    assert [e["what"] for e in app.effects] == ["setup"]
    assert TYPED["number"] not in str(app.state)


@pytest.mark.parametrize("number", [n for n, card in cards.CARDS.items() if card.typed not in ("", cards.HOLDER)])
def test_a_declined_card_stays_on_the_page(app: Stripe, call: Call, number: str) -> None:
    path = page(call)
    answer = call("POST", path, TYPED | {"number": number})
    assert answer.status == 402
    assert 'id="number-wrong"' in answer.body.decode()
    assert call("POST", path, TYPED).status == 303
    assert len(app.effects) == 1


def test_a_page_in_payment_mode_charges_once(app: Stripe, call: Call) -> None:
    form = {k: v for k, v in SETUP.items() if not k.startswith("allowed")} | {
        "mode": "payment", "line_items[0][quantity]": "2", "line_items[0][price_data][currency]": "usd",
        "line_items[0][price_data][unit_amount]": "4300", "line_items[0][price_data][product_data][name]": "<b>Units</b>",
        "payment_intent_data[metadata][order]": "7",
    }  # fmt: skip
    path = page(call, form)
    shown = call("GET", path).body.decode()
    assert "&lt;b&gt;Units" in shown
    assert "<b>Units" not in shown
    assert "Pay 86.00 USD" in shown
    assert call("POST", path, TYPED | {"number": "4000008260003178"}).status == 200
    assert call("POST", path, {"answer": "complete"}).status == 402
    assert [call("POST", path, TYPED).status for _ in range(2)] == [303, 303]
    paid = call("GET", "/payment_intents").body["data"]
    assert [(row["amount"], row["metadata"], row["status"]) for row in paid] == [(8600, {"order": "7"}, "succeeded")]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"mode": "party"}, ""),
        ({"success_url": "javascript:alert(1)"}, "url_invalid"),
        ({"cancel_url": ""}, "url_invalid"),
        ({"allowed_payment_method_types[0]": "", "customer": "cus_9"}, "resource_missing"),
        ({"mode": "payment"}, "parameter_missing"),
        ({"payment_method_types[0]": "card"}, "payment_method_types_no_longer_supported"),
    ],
)
def test_a_page_that_is_wrong_in_itself_is_refused(call: Call, changes: dict[str, str], code: str) -> None:
    assert said(call("POST", "/checkout/sessions", SETUP | changes)) == (400, "invalid_request_error", code)
