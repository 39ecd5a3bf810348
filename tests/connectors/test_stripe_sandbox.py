"""The Stripe sandbox behaves as Stripe's documents say. Source: vendors/stripe.md 1; acceptance CS-60."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
import pytest

from sandboxes.kit import Request, Response, Server
from sandboxes.stripe import Stripe, cards
from sandboxes.stripe.events import signature

NOW = datetime(2025, 7, 11, 9, 0, tzinfo=UTC)
KEY = "sk_test_sandbox"
CHARGE = {
    "amount": "8400", "currency": "usd", "customer": "cus_1", "payment_method": "pm_1", "confirm": "true",
    "off_session": "true",
}  # fmt: skip
SETUP = {
    "mode": "setup", "customer": "cus_1", "allowed_payment_method_types[0]": "card",
    "success_url": "http://p.example/done?s={CHECKOUT_SESSION_ID}", "cancel_url": "http://p.example/back",
}  # fmt: skip
Call = Callable[..., Response]


@pytest.fixture
def app() -> Stripe:
    app = Stripe()
    app.clock.set(NOW, frozen=True)
    app.load_seed(
        {
            "customers": [{"id": "cus_1", "name": "Harbour", "email": "h@x.example"}],
            "cards": [{"id": "pm_1", "customer": "cus_1", "number": "4242424242424242"}],
            "settings": {"events": "held"},
        }
    )
    app.effects.clear()
    return app


@pytest.fixture
def call(app: Stripe) -> Call:
    def send(method: str, url: str, form: dict[str, str] | None = None, *, key: str = KEY, once: str = "") -> Response:
        parts = urlsplit(url)
        headers = {"authorization": f"Bearer {key}"} | ({"idempotency-key": once} if once else {})
        query = dict(parse_qsl(parts.query))
        path = parts.path if parts.path.startswith("/c/") else f"/v1{parts.path}"
        return app.handle(Request(method, path, query, headers, urlencode(form or {}).encode(), base_url="http://stripe"))

    return send


def said(answer: Response) -> tuple[int, str, str]:
    error = answer.body["error"]
    return answer.status, error["type"], error.get("code", "")


def test_a_wrong_key_is_told_without_showing_it(call: Call) -> None:
    answer = call("GET", "/balance", key="sk_test_secret")
    assert said(answer) == (401, "invalid_request_error", "")
    assert "secret" not in answer.body["error"]["message"]
    assert call("GET", "/balance").body["livemode"] is False


def test_the_same_call_with_the_same_key_is_answered_as_it_was(app: Stripe, call: Call) -> None:
    first = call("POST", "/payment_intents", CHARGE, once="k1")
    again = call("POST", "/payment_intents", CHARGE, once="k1")
    assert again.body == first.body
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers
    assert said(call("POST", "/payment_intents", CHARGE | {"amount": "1"}, once="k1")) == (400, "idempotency_error", "")
    assert said(call("POST", "/refunds", {"payment_intent": first.body["id"]}, once="k1")) == (400, "idempotency_error", "")
    assert len(app.effects) == 1
    app.clock.advance(timedelta(hours=24))
    assert call("POST", "/payment_intents", CHARGE, once="k1").body["id"] != first.body["id"]
    assert call("POST", "/payment_intents", CHARGE).body["id"] != call("POST", "/payment_intents", CHARGE).body["id"]


def test_a_failure_keeps_its_key_and_a_call_that_was_wrong_does_not(app: Stripe, call: Call) -> None:
    app.control("issuer", {"card": "pm_1", "does": "insufficient_funds"})
    first = call("POST", "/payment_intents", CHARGE, once="k1")
    app.control("issuer", {"card": "pm_1", "does": ""})
    assert call("POST", "/payment_intents", CHARGE, once="k1").body == first.body
    assert call("POST", "/payment_intents", {**CHARGE, "amount": "x"}, once="k2").status == 400
    assert call("POST", "/payment_intents", CHARGE, once="k2").status == 200


@pytest.mark.parametrize("reason", ["insufficient_funds", "lost_card", "expired_card", "generic_decline", cards.HOLDER])
def test_a_decline_is_a_402_with_its_codes_and_the_intent(app: Stripe, call: Call, reason: str) -> None:
    app.control("issuer", {"card": "pm_1", "does": reason})
    answer = call("POST", "/payment_intents", CHARGE)
    error = answer.body["error"]
    own = reason in ("expired_card", cards.HOLDER)
    assert said(answer) == (402, "card_error", reason if own else "card_declined")
    assert error["decline_code"] == reason
    assert error["payment_intent"]["status"] == "requires_payment_method"
    assert error["payment_intent"]["last_payment_error"]["decline_code"] == reason
    assert app.effects == []


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"amount": "0"}, 400, "parameter_invalid_integer"),
        ({"amount": "-5"}, 400, "parameter_invalid_integer"),
        ({"amount": "84.5"}, 400, "parameter_invalid_integer"),
        ({"amount": "49"}, 400, "amount_too_small"),
        ({"amount": "100000000"}, 400, "amount_too_large"),
        ({"currency": "dollars"}, 400, ""),
        ({"currency": "kwd", "amount": "5124"}, 400, "invalid_charge_amount"),
        ({"currency": "isk", "amount": "550"}, 400, "invalid_charge_amount"),
        ({"customer": "cus_9"}, 400, "resource_missing"),
        ({"payment_method": "pm_9"}, 400, "resource_missing"),
        ({"payment_method": ""}, 400, "parameter_missing"),
        ({"colour": "red"}, 400, "parameter_unknown"),
        ({"payment_method_types[0]": "card"}, 400, "payment_method_types_no_longer_supported"),
        ({"metadata[x]": "y" * 501}, 400, ""),
    ],
)
def test_a_charge_that_is_wrong_in_itself_is_refused(
    app: Stripe, call: Call, changes: dict[str, str], status: int, code: str
) -> None:
    assert said(call("POST", "/payment_intents", CHARGE | changes)) == (status, "invalid_request_error", code)
    assert app.effects == []


def test_what_is_absent_is_a_404_when_a_path_names_it(call: Call) -> None:
    for path in ("/payment_intents/pi_9", "/customers/cus_9", "/payment_methods/pm_9", "/checkout/sessions/cs_9", "/planets"):
        assert call("GET", path).status == 404
    assert call("DELETE", "/customers").status == 405


def test_lists_are_pages_with_the_latest_first(app: Stripe, call: Call) -> None:
    made = []
    for n in range(5):
        made.append(call("POST", "/payment_intents", CHARGE | {"metadata[order]": str(n)}).body["id"])
        app.clock.advance(timedelta(seconds=1))
    first = call("GET", "/payment_intents?customer=cus_1&limit=3").body
    assert ([row["id"] for row in first["data"]], first["has_more"]) == (made[:1:-1], True)
    rest = call("GET", f"/payment_intents?limit=3&starting_after={made[2]}").body
    assert ([row["id"] for row in rest["data"]], rest["has_more"]) == (made[1::-1], False)
    since = int(NOW.timestamp()) + 3
    assert len(call("GET", f"/payment_intents?created[gte]={since}").body["data"]) == 2
    assert call("GET", "/payment_intents?limit=101").status == 400
    assert call("GET", "/payment_intents?starting_after=pi_9").status == 400


def test_search_lags_behind(app: Stripe, call: Call) -> None:
    call("POST", "/payment_intents", CHARGE | {"metadata[order]": "7"})
    asked = "/payment_intents/search?query=metadata['order']:'7'"
    assert call("GET", asked).body["data"] == []
    app.clock.advance(timedelta(seconds=60))
    assert len(call("GET", asked).body["data"]) == 1
    assert call("GET", "/payment_intents/search?query=amount>5").status == 400


def test_no_answer_shows_what_only_the_sandbox_knows(call: Call) -> None:
    paid = call("POST", "/payment_intents", CHARGE).body
    page = call("POST", "/checkout/sessions", SETUP).body
    for thing in (paid, page, call("GET", "/payment_methods/pm_1").body, *call("GET", "/payment_intents").body["data"]):
        assert not [name for name in thing if name.startswith("_")]


def test_refunds_end_at_the_amount(app: Stripe, call: Call) -> None:
    paid = call("POST", "/payment_intents", CHARGE).body["id"]
    assert call("POST", "/refunds", {"payment_intent": paid, "amount": "8401"}).status == 400
    assert call("POST", "/refunds", {"payment_intent": paid, "amount": "400"}).body["amount"] == 400
    assert call("POST", "/refunds", {"payment_intent": paid}).body["amount"] == 8000
    assert said(call("POST", "/refunds", {"payment_intent": paid})) == (
        400, "invalid_request_error", "charge_already_refunded",
    )  # fmt: skip
    assert [row["amount"] for row in call("GET", f"/refunds?payment_intent={paid}").body["data"]] == [8000, 400]


def test_test_tokens_become_cards_of_a_customer(call: Call) -> None:
    made = call("POST", "/payment_methods/pm_card_amex/attach", {"customer": "cus_1"}).body
    assert (made["card"]["brand"], made["card"]["last4"], made["customer"]) == ("amex", "0005", "cus_1")
    assert said(call("POST", "/payment_methods/pm_card_chargeDeclinedLostCard/attach", {"customer": "cus_1"}))[0] == 402
    fails = call("POST", "/payment_methods/pm_card_chargeCustomerFail/attach", {"customer": "cus_1"}).body["id"]
    assert call("POST", "/payment_intents", CHARGE | {"payment_method": fails}).status == 402
    assert len(call("GET", "/payment_methods?customer=cus_1&type=card").body["data"]) == 3
    assert call("POST", f"/payment_methods/{fails}/detach").body["customer"] is None
    assert call("POST", f"/payment_methods/{fails}/detach").status == 400


# Webhooks, state, controls


def test_a_signature_is_over_time_and_body() -> None:
    """Source: vendors/stripe.md 1; the value was made with openssl's hmac."""
    made = signature(b'{"id":"evt_1"}', "whsec_test", at=1752224400)
    assert made == "t=1752224400,v1=59b680884f747643015eb6f6811b86ac6c8ebe6c7e5908da3e9d361609294074"
    assert signature(b'{"id":"evt_2"}', "whsec_test", at=1752224400) != made
    assert signature(b'{"id":"evt_1"}', "whsec_test", at=1752224401) != made


def test_webhooks_go_to_this_machine_only(app: Stripe) -> None:
    for url in ("http://example.com/x", "file:///etc/passwd", "https://127.0.0.1/x"):
        with pytest.raises(ValueError, match="this machine"):
            app.control("webhook", {"url": url})


def test_a_webhook_that_nobody_takes_is_given_up_after_some_tries(app: Stripe, call: Call) -> None:
    app.control("webhook", {"url": "http://127.0.0.1:9/x", "events": ["payment_intent.succeeded"]})
    call("POST", "/payment_intents", CHARGE)
    for _ in range(7):
        app.outbox.send()
    assert [(d["state"], d["tries"]) for d in app.state["deliveries"]] == [("given up", 5)]


def test_state_goes_to_disk_and_back(app: Stripe, call: Call, tmp_path: Path) -> None:
    app.control("webhook", {"url": "http://127.0.0.1:9/x"})
    call("POST", "/payment_intents", CHARGE, once="k1")
    app.state_file = tmp_path / "stripe.json"
    app.save()
    again = Stripe()
    again.state_file = app.state_file
    assert again.load()
    assert again.state == app.state


def test_control_verbs_refuse_what_they_do_not_know(app: Stripe) -> None:
    for verb, data in (("set", {"speed": 1}), ("deliver", {"by": "pigeon"})):
        with pytest.raises(ValueError, match="no "):
            app.control(verb, data)
    with pytest.raises(ValueError, match="made or reverse"):
        app.outbox.send(order="shuffled")
    with pytest.raises(KeyError):
        app.control("dance", {})
    with pytest.raises(KeyError):
        app.control("settle", {"payment": "pi_9"})


def test_the_panel_shows_payments_cards_and_webhooks_and_escapes_names(app: Stripe, call: Call) -> None:
    call("POST", "/customers", {"name": "<b>Eve</b>"})
    app.control("webhook", {"url": "http://127.0.0.1:9/x"})
    call("POST", "/payment_intents", CHARGE)
    eve = next(c["id"] for c in app.rows("customers") if c["name"] == "<b>Eve</b>")
    call("POST", "/payment_methods/pm_card_visa/attach", {"customer": eve})
    text = app.handle(Request("GET", "/_panel", {}, {}, b"")).body.decode()
    for part in ("84.00 USD", "succeeded", "visa 4242", "payment_intent.succeeded", "&lt;b&gt;Eve"):
        assert part in text
    assert "<b>Eve" not in text


def test_it_serves_over_http(app: Stripe) -> None:
    with Server(app) as server:
        answer = httpx2.post(f"{server.url}/v1/payment_intents", data=CHARGE, auth=(KEY, ""), timeout=10)
        assert answer.json()["status"] == "succeeded"
        assert httpx2.get(f"{server.url}/_sandbox/health", timeout=10).json()["name"] == "stripe"
