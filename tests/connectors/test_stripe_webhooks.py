"""Webhooks: only Stripe's, only fresh ones, and never more than a hint. Source: P39; reliability, "Incoming webhooks"."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx2
import pytest
import stripe as library
from hypothesis import given
from hypothesis import strategies as st

from purser.connectors.ports.payment import Event, Payment
from purser.connectors.stripe import StripeConnector, signatures, wire
from purser.kernel.errors import Missing, Refused
from tests.connectors.test_stripe import CARD, CUSTOMER, HOOK, NOW, World, card_page, usd, world

__all__ = ["world"]  # the fixture

AT = int(NOW.timestamp())
BODY = json.dumps(
    {"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "created": AT, "data": {"object": {"id": "pi_1"}}}
).encode()


def signed(body: bytes = BODY, *, secret: str = HOOK, at: int = AT) -> str:
    """By the library, which is not ours: an oracle."""
    made: str = library.WebhookSignature.generate_signature_header(body.decode(), secret, timestamp=at)
    return made


@pytest.fixture
def stripe(world: World) -> StripeConnector:
    return world.connector()


def refused(stripe: StripeConnector, body: bytes, header: str, *, now: datetime = NOW) -> str:
    with pytest.raises(Refused) as e:
        stripe.event(body, header, now=now)
    assert HOOK not in f"{e.value.text}{e.value.hint}"
    return e.value.code


def test_a_signed_webhook_names_what_to_look_at(stripe: StripeConnector) -> None:
    assert stripe.event(BODY, signed(), now=NOW) == Event("evt_1", "payment", "pi_1", "payment_intent.succeeded", NOW)


@pytest.mark.parametrize(
    "header",
    [
        "", "t=", "v1=", f"t={AT}", f"t={AT},v1=", f"t={AT},v1={'0' * 64}", f"t={AT},v0={signed().partition('v1=')[2]}",
        signed().partition(",")[2], signed(secret="whsec_another"), signed(BODY + b" "), signed() + f",t={AT}",
        signed().replace("t=", "t= "), signed().upper(), f"t={AT}é,v1=é", "t=-1,v1=" + "0" * 64, "," * 5000,
        f"t={'9' * 40},v1={'0' * 64}", signed(at=AT + 1).replace(str(AT + 1), str(AT)), signed()[:-1],
    ],
)  # fmt: skip
def test_a_forged_one_is_refused(stripe: StripeConnector, header: str) -> None:
    assert refused(stripe, BODY, header) == "signature"


def test_every_byte_is_signed(stripe: StripeConnector) -> None:
    for place in range(0, len(BODY), 7):
        changed = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
        assert refused(stripe, changed, signed()) == "signature"


@pytest.mark.parametrize(
    ("seconds", "good"), [(-300, True), (-301, False), (0, True), (300, True), (301, False), (86400, False)]
)
def test_an_old_one_is_refused_and_one_of_the_future_too(stripe: StripeConnector, seconds: int, good: bool) -> None:
    header = signed(at=AT + seconds)
    if good:
        assert stripe.event(BODY, header, now=NOW).id == "evt_1"
    else:
        assert refused(stripe, BODY, header) == "signature"


def test_a_replayed_one_is_the_same_event_and_after_five_minutes_none(stripe: StripeConnector) -> None:
    """The same id tells who keeps them; the age tells everybody."""
    header = signed()
    assert {stripe.event(BODY, header, now=NOW + timedelta(seconds=n)).id for n in (0, 100, 300)} == {"evt_1"}
    assert refused(stripe, BODY, header, now=NOW + timedelta(seconds=301)) == "signature"


def test_several_secrets_hold_while_one_replaces_another(world: World) -> None:
    both = world.connector(hooks=("whsec_new", HOOK))
    assert both.event(BODY, signed(), now=NOW).id == "evt_1"
    assert both.event(BODY, signed(secret="whsec_new"), now=NOW).id == "evt_1"
    twice = signed(secret="whsec_gone") + "," + signed(secret="whsec_new").partition(",")[2]
    assert both.event(BODY, twice, now=NOW).id == "evt_1"
    assert refused(world.connector(hooks=()), BODY, signed()) == "signature"
    assert refused(world.connector(hooks=("",)), BODY, signed(secret=" ").replace(" ", "")) == "signature"


def test_one_too_large_is_refused_before_it_is_read(stripe: StripeConnector) -> None:
    large = BODY + b" " * 256 * 1024
    assert refused(stripe, large, signed(large)) == "signature"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"7", b'{"object": "event"}', b'{"object": "event", "id": "evt_1", "id": "evt_2"}', b"\xff\xfe",
     b'{"object": "customer", "id": "cus_1"}', BODY.replace(b'"pi_1"', b'"../x"'), BODY.replace(b'"evt_1"', b"NaN")],
)  # fmt: skip
def test_a_signed_one_that_cannot_be_read_is_refused(stripe: StripeConnector, body: bytes) -> None:
    header = library.WebhookSignature.generate_signature_header(body.decode("latin-1"), HOOK, timestamp=AT)
    if not body.isascii():
        header = f"t={AT},v1=" + _mac(body)
    assert refused(stripe, body, header) == "malformed"


def _mac(body: bytes) -> str:
    import hmac

    return hmac.new(HOOK.encode(), f"{AT}.".encode() + body, "sha256").hexdigest()


@given(header=st.text(max_size=80) | st.text(alphabet="tv1=,0f9 ", max_size=60), body=st.binary(max_size=40))
def test_no_header_made_up_is_good(header: str, body: bytes) -> None:
    with pytest.raises(Refused):
        signatures.check(body, header, secrets=(HOOK,), now=NOW)


@pytest.mark.parametrize(
    ("name", "thing", "topic", "about"),
    [
        ("payment_intent.payment_failed", {"id": "pi_1"}, "payment", "pi_1"),
        ("charge.refunded", {"id": "ch_1", "payment_intent": "pi_1"}, "refund", "pi_1"),
        ("refund.failed", {"id": "re_1", "payment_intent": "pi_1"}, "refund", "pi_1"),
        ("charge.dispute.created", {"id": "dp_1", "payment_intent": "pi_1"}, "dispute", "pi_1"),
        ("checkout.session.completed", {"id": "cs_test_1"}, "page", "cs_test_1"),
        ("payment_method.automatically_updated", {"id": "pm_1"}, "card", "pm_1"),
        ("charge.refunded", {"id": "ch_1", "payment_intent": None}, "other", ""),
        ("invoice.paid", {"id": "in_1"}, "other", ""),
    ],
)
def test_an_event_is_about_the_thing_to_look_at(name: str, thing: dict[str, Any], topic: str, about: str) -> None:
    body = {"id": "evt_1", "object": "event", "type": name, "created": AT, "data": {"object": thing}}
    event = wire.event(json.dumps(body).encode())
    assert (event.topic, event.about, event.name) == (topic, about, name)


# Sent by the sandbox, to a receiver that does as ours will: verify, then look


@dataclass
class Receiver:
    """What arrived, and the payments as they were when it did."""

    url: str
    stripe: StripeConnector
    clock: Callable[[], datetime]
    events: list[Event] = field(default_factory=list)
    seen: list[Payment] = field(default_factory=list)
    answer: int = 200

    def take(self, body: bytes, header: str) -> int:
        event = self.stripe.event(body, header, now=self.clock())
        self.events.append(event)
        if event.topic == "payment":
            self.seen.append(self.stripe.payment(event.about))
        return self.answer


@pytest.fixture
def receiver(world: World) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(held.take(body, self.headers["Stripe-Signature"]))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held = Receiver(f"http://127.0.0.1:{server.server_address[1]}/hook", world.connector(), world.app.clock.now)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    world.tell("webhook", url=held.url, secret=HOOK, events=[
        "payment_intent.succeeded", "payment_intent.processing", "payment_intent.payment_failed", "charge.refunded",
        "checkout.session.completed", "payment_method.detached", "charge.dispute.created",
    ])  # fmt: skip
    yield held
    server.shutdown()
    server.server_close()


def charge(world: World, once: str = "o1-1") -> Payment:
    return world.connector().charge(CUSTOMER, CARD, usd("84"), reference="order-1", once=once)


def test_a_success_may_be_told_before_its_answer(world: World, receiver: Receiver) -> None:
    world.tell("set", events="first")
    paid = charge(world)
    assert [(e.topic, e.about) for e in receiver.events] == [("payment", paid.id)]
    assert receiver.seen == [paid]


def test_it_may_be_told_although_the_answer_is_lost(world: World, receiver: Receiver) -> None:
    world.tell("set", events="first")
    world.fail("half_closed", path="intents$")
    with pytest.raises(Exception, match="no whole answer"):
        charge(world)
    assert [p.state for p in receiver.seen] == ["paid"]
    assert receiver.seen == [charge(world)]


def test_it_may_be_told_twice_late_and_in_any_order(world: World, receiver: Receiver) -> None:
    world.tell("issuer", card=CARD, does="processing")
    pending = charge(world)
    world.tell("settle", payment=pending.id)
    world.app.clock.advance(timedelta(days=2))
    httpx2.post(f"{world.url}/_sandbox/deliver", json={"order": "reverse", "times": 2}, timeout=10)
    assert [e.name.rpartition(".")[2] for e in receiver.events] == ["succeeded", "processing"] * 2
    assert len({e.id for e in receiver.events}) == 2
    assert {p.state for p in receiver.seen} == {"paid"}  # whatever is told, what is looked at is true
    assert all(world.app.clock.now() - e.made_at == timedelta(days=2) for e in receiver.events)


def test_it_may_be_lost_and_is_told_again_when_nobody_took_it(world: World, receiver: Receiver) -> None:
    lost = charge(world, "a")
    world.app.outbox.send(drop=True)
    kept = charge(world, "b")
    receiver.answer = 500
    world.app.outbox.send()
    receiver.answer = 200
    world.app.outbox.send()
    world.app.outbox.send()
    assert [e.about for e in receiver.events] == [kept.id, kept.id]
    assert {p.once for p in world.connector().find(CUSTOMER, reference="order-1", since=NOW)} == {lost.once, kept.once}


def test_it_tells_of_pages_cards_refunds_and_disputes(world: World, receiver: Receiver) -> None:
    stripe = world.connector()
    page = card_page(stripe)
    world.type_card(page)
    paid = charge(world)
    stripe.refund(paid.id, usd("84"), once="r1")
    world.tell("dispute", payment=paid.id)
    stripe.forget(CARD, once="f1")
    world.app.outbox.send()
    told = {(e.topic, e.about) for e in receiver.events}
    assert told == {("page", page.id), ("payment", paid.id), ("refund", paid.id), ("dispute", paid.id), ("card", CARD)}


def test_it_is_sent_by_itself_a_moment_after_the_answer(world: World, receiver: Receiver) -> None:
    world.tell("set", events="after", event_delay=0.05)
    paid = charge(world)
    assert _within(5.0, lambda: [e.about for e in receiver.events] == [paid.id])


def _within(seconds: float, claim: Callable[[], bool]) -> bool:
    waited = threading.Event()
    for _ in range(int(seconds / 0.05)):
        if claim():
            return True
        waited.wait(0.05)
    return claim()


def test_a_forged_one_reaches_nobody(world: World, receiver: Receiver) -> None:
    event = world.app.outbox.tell("payment_intent.succeeded", {"id": "pi_forged"})
    assert event["id"]
    world.app.state["endpoints"][0]["secret"] = "whsec_forger"
    world.app.outbox.send()
    assert receiver.events == []
    with pytest.raises(Missing):
        receiver.stripe.payment("pi_forged")
