"""What the Stripe connector makes of a bad day: each fault at each call, and money that moves once all the same.

Source: P7, P9, P12.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purser.connectors.ports.payment import Payer, Payment, matching
from purser.connectors.shared.answer import Answer
from purser.connectors.stripe import StripeConnector, refusals, wire
from purser.kernel.errors import Busy, Failure, Refused, Unsure
from sandboxes.kit.faults import KINDS
from sandboxes.stripe import Stripe
from tests.connectors.test_stripe import CARD, CUSTOMER, HARBOUR, HOOK, KEY, NOW, World, card_page, pay_page, usd, world
from tests.late import landed

__all__ = ["world"]  # the fixture

FAULTS: dict[str, dict[str, Any]] = {kind: {"kind": kind} for kind in KINDS} | {
    "timeout_before": {"kind": "timeout_before", "seconds": 0.1},
    "timeout_after": {"kind": "timeout_after", "seconds": 0.1},
    "late_apply": {"kind": "late_apply", "seconds": 0.1},
    "half_closed unapplied": {"kind": "half_closed", "applied": False},
    "body_cut unapplied": {"kind": "body_cut", "applied": False},
    "slow_drip": {"kind": "slow_drip", "seconds": 0.1},
    "throttle by date": {"kind": "throttle", "retry_after": "Fri, 11 Jul 2025 09:00:30 GMT"},
    "throttle absurd": {"kind": "throttle", "retry_after": "9" * 30},
    "status 302": {"kind": "status", "status": 302},
    "status 500 applied": {"kind": "status", "status": 500, "applied": True},
    "status 503": {"kind": "status", "status": 503},
    "status 409": {"kind": "status", "status": 409, "body": {"error": {"code": "idempotency_key_in_use"}}},
    "mangle": {
        "kind": "mangle",
        "body": {"amount": "many", "status": 7, "data": 7, "url": None, "card": None, "metadata": 3, "livemode": 1},
    },
    "mangled to another's": {"kind": "mangle", "body": {"amount": 1, "currency": 5, "object": 7, "data": {"id": None}}},
    "wrong_type unapplied": {"kind": "wrong_type", "applied": False},
}
CEDAR = Payer("partner-8", "Cedar", "it@cedar.example")
EFFECTS: dict[str, tuple[str, str, Callable[[StripeConnector, World], Any]]] = {
    "payer": ("customer", "customers$", lambda c, w: c.payer(CEDAR, once="x")),
    "card page": ("", "sessions$", lambda c, w: card_page(c, "x")),
    "pay page": ("", "sessions$", lambda c, w: pay_page(c, "x")),
    "close": ("", "expire$", lambda c, w: c.close(prepared(w, "page"), once="x")),
    "forget": ("detach", "detach$", lambda c, w: c.forget(CARD, once="x")),
    "charge": ("charge", "intents$", lambda c, w: c.charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="x")),
    "refund": ("refund", "refunds$", lambda c, w: c.refund(prepared(w, "payment"), usd("20"), once="x")),
}
READS: dict[str, tuple[str, Callable[[StripeConnector, World], Any]]] = {
    "test": ("balance$", lambda c, w: c.test()),
    "visit": ("sessions/", lambda c, w: c.visit(prepared(w, "page"))),
    "card": ("methods/", lambda c, w: c.card(CARD)),
    "payment": ("intents/", lambda c, w: c.payment(prepared(w, "payment"))),
    "find": ("intents$", lambda c, w: c.find(CUSTOMER, reference="order-0", since=NOW)),
    "refunds": ("refunds$", lambda c, w: c.refunds(prepared(w, "payment"))),
    "payer": ("customers$", lambda c, w: c.payer(HARBOUR, once="y")),
}
CODES = {"network", "server", "malformed", "throttled", "address", "in_flight", "validation", "state", "refund"}


def prepared(world: World, what: str) -> str:
    """The id of the page or payment that was made before the trouble began."""
    table = {"page": "sessions", "payment": "payment_intents"}[what]
    return str(next(iter(world.app.state[table])))


def prepare(world: World) -> None:
    good = world.connector()
    page = card_page(good, "before")
    paid = good.charge(CUSTOMER, CARD, usd("50"), reference="order-0", once="before-2")
    good.refund(paid.id, usd("10"), once="before-3")
    assert page.id == prepared(world, "page")
    world.app.effects.clear()


def check(failure: Failure, *, world: World, nothing_happened: bool) -> None:
    assert not nothing_happened or world.app.effects == []
    assert 0 < len(failure.text) < 1000
    assert failure.code in CODES
    assert KEY not in failure.text
    assert HOOK not in failure.text


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("effect", EFFECTS)
def test_an_effect_is_had_once_whatever_became_of_the_answer(world: World, effect: str, fault: str) -> None:
    """The first call meets the fault; the same call with the same key settles it."""
    name, path, call = EFFECTS[effect]
    prepare(world)
    first = world.connector()
    world.fail(**FAULTS[fault], method="POST", path=path)
    try:
        call(first, world)
    except Failure as failure:
        check(failure, nothing_happened=isinstance(failure, Busy), world=world)
    landed()
    world.app.faults.clear()
    settled = call(world.connector(), world)
    if name:
        assert [e["what"] for e in world.app.effects] == [name]
    if isinstance(settled, Payment):
        assert (settled.state, settled.money, settled.once) == ("paid", usd("84"), "x")
        assert world.connector().find(CUSTOMER, reference="order-1", since=NOW) == (settled,)
    if effect == "refund":
        assert len(world.connector().refunds(prepared(world, "payment"))) == 2


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("read", READS)
def test_it_never_reads_a_wrong_value(world: World, read: str, fault: str) -> None:
    path, call = READS[read]
    prepare(world)
    truth = call(world.connector(), world)
    world.fail(**FAULTS[fault], method="GET", path=path)
    try:
        seen = call(world.connector(), world)
    except Failure as failure:
        check(failure, nothing_happened=True, world=world)
        if isinstance(failure, Unsure):
            raise
        return
    if read == "test":
        assert seen == truth or not seen.ok
    else:
        assert seen == truth
    assert world.app.effects == []


@pytest.mark.parametrize(
    "fault", ["timeout_after", "half_closed", "body_cut", "wrong_type", "status 500 applied", "slow_drip"]
)
def test_a_lost_answer_is_found_by_our_reference_when_the_key_is_too_old(world: World, fault: str) -> None:
    """Keys are kept for a day; after that only looking tells."""
    world.fail(**FAULTS[fault], path="intents$")
    with pytest.raises(Unsure):
        world.connector().charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    world.app.clock.advance(timedelta(hours=30))
    found = matching(world.connector().find(CUSTOMER, reference="order-1", since=NOW), "o1-1")
    assert found is not None
    assert (found.state, found.money) == ("paid", usd("84"))
    assert len(world.done("charge")) == 1


@pytest.mark.parametrize("fault", ["reset", "timeout_before", "half_closed unapplied", "status", "garbage"])
def test_a_charge_that_never_arrived_is_not_found(world: World, fault: str) -> None:
    world.fail(**FAULTS[fault], path="intents$")
    with pytest.raises(Unsure):
        world.connector().charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    assert world.connector().find(CUSTOMER, reference="order-1", since=NOW) == ()


def test_a_declined_charge_with_a_lost_answer_is_declined_when_asked_again(world: World) -> None:
    world.tell("issuer", card=CARD, does="insufficient_funds")
    world.fail("timeout_after", path="intents$", seconds=0.1)
    with pytest.raises(Unsure):
        world.connector().charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    world.tell("issuer", card=CARD, does="")
    with pytest.raises(Refused) as e:
        world.connector().charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    assert (e.value.code, world.done("charge")) == ("declined", [])


def test_a_second_page_that_fails_never_passes_for_the_end(world: World) -> None:
    stripe = world.connector()
    for n in range(101):
        stripe.charge(CUSTOMER, CARD, usd("1"), reference="order-1", once=f"o-{n}")
    for fault in ("status", "garbage", "body_cut unapplied", "throttle"):
        world.fail(**FAULTS[fault], path="intents$", skip=1)
        with pytest.raises(Busy):
            world.connector().find(CUSTOMER, reference="order-1", since=NOW)
    assert len(stripe.find(CUSTOMER, reference="order-1", since=NOW)) == 101


def test_an_answer_about_another_payment_is_unsure(world: World) -> None:
    for body in ({"amount": 1}, {"currency": "eur"}, {"customer": "cus_other"}, {"metadata": {"purser_once": "z"}}):
        world.fail("mangle", path="intents$", body=body)
        with pytest.raises(Unsure) as e:
            world.connector().charge(CUSTOMER, CARD, usd("84"), reference="order-1", once=f"o-{len(world.done('charge'))}")
        assert e.value.code == "malformed"


def test_nobody_listening_is_busy() -> None:
    gone = World(Stripe(), "http://127.0.0.1:9")
    with pytest.raises(Busy) as e:
        gone.connector().charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    assert e.value.code == "network"
    assert not gone.connector().test().ok


# Answers that are not as documented

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "id", "status", "amount", "currency", "customer", "metadata", "created", "payment_method", "last_payment_error", "card",
    "setup_intent", "payment_intent", "url", "data", "has_more",
]  # fmt: skip
GOOD = {
    "id": "pi_1", "status": "succeeded", "amount": 1, "currency": "usd", "customer": None, "metadata": {}, "created": 1,
    "url": "https://x.example", "data": [], "has_more": False, "payment_intent": "pi_1",
    "card": {"brand": "visa", "last4": "4242", "exp_month": 1, "exp_year": 2030},
}  # fmt: skip
BODY = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=10)
PARSERS = [wire.payment, wire.refund, wire.visit, wire.card, wire.page, wire.customer, wire.rows]


@pytest.mark.parametrize("parse", PARSERS)
@given(body=BODY | BODY.map(lambda body: {**GOOD, **body}))
@settings(max_examples=150, deadline=None)
def test_any_body_is_read_or_named_malformed(parse: Callable[[Any], Any], body: dict[str, Any]) -> None:
    try:
        read = parse(body)
    except wire.Malformed:
        return
    assert read


@given(status=st.sampled_from([400, 401, 402, 403, 404, 409, 424, 500, 503]), error=JSON | BODY, effect=st.booleans())
@settings(max_examples=300, deadline=None)
def test_any_refusal_is_a_failure_of_a_kind(status: int, error: Any, effect: bool) -> None:
    content = wire.strict.dumps({"error": error}) if _writable(error) else b"{"
    headers = {"content-type": "application/json"}
    answer = Answer("POST", "https://api.stripe.com/v1/x", status, headers, content, effect=effect)
    failure = refusals.failure(answer, key=KEY)
    assert isinstance(failure, Failure)
    assert failure.text
    if status >= 500 and effect:
        assert isinstance(failure, Unsure)


def _writable(value: Any) -> bool:
    try:
        wire.strict.dumps(value)
    except ValueError:
        return False
    return True
