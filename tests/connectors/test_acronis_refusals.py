"""What Acronis refuses, with every number of its own, and answers that are not as documented.

Source: P9, P12; vendors/acronis.md 2.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purser.connectors.acronis import refusals, wire
from purser.connectors.shared import rows as listed
from purser.connectors.shared import strict
from purser.connectors.shared.answer import Answer
from purser.kernel.errors import Busy, Failure, Missing, Refused, Unsure
from sandboxes.acronis import Acronis
from sandboxes.acronis.refusals import NUMBERS
from tests.connectors.acronis import (
    CUSTOMER,
    PROTECTION,
    RESELLER,
    SECRET,
    World,
    new,
    served,
    world,
)

__all__ = ["served", "world"]  # the fixtures

EXPECTED: dict[int, tuple[type[Failure], str]] = {
    1001: (Busy, "changed"), 1002: (Refused, "permission"), 1003: (Refused, "parent_disabled"),
    1004: (Refused, "name_taken"), 1005: (Missing, "not_found"), 1006: (Refused, "not_disabled"), 1007: (Refused, "move"),
    1008: (Refused, "move"), 1010: (Refused, "email_taken"), 1011: (Busy, "going"), 1012: (Refused, "locked"),
    1015: (Refused, "place"), 1018: (Refused, "user_disabled"), 1021: (Refused, "unavailable"), 1022: (Refused, "quota"),
    1023: (Refused, "dependency"), 1024: (Refused, "address_forbidden"), 1026: (Refused, "service"),
    1027: (Refused, "rules"), 1030: (Refused, "quota"),
}  # fmt: skip


@pytest.mark.parametrize("number", sorted(NUMBERS))
def test_every_number_of_the_vendor_is_a_failure_of_a_kind_with_the_number_and_its_words(world: World, number: int) -> None:
    acronis = world.connector()
    acronis.root()
    world.tell("refuse", number=number, info="because", method="POST", path="tenants$")
    world.tell("refuse", number=number, info="because", method="GET", path="tenants$")
    kind, code = EXPECTED.get(number, (Unsure, "server"))
    with pytest.raises(kind) as e:
        acronis.create(new())
    assert e.value.code == code
    assert str(number) in e.value.text
    assert "because" in e.value.text
    assert e.value.hint or number in (1005, 1027)
    with pytest.raises(Busy if kind is Unsure else kind):
        acronis.tenants()
    assert world.app.effects == []
    assert acronis.create(new()).name == "Birch Legal"


def test_numbers_come_as_text_or_as_numbers_and_with_any_status_of_a_refusal() -> None:
    for number, (kind, code) in EXPECTED.items():
        for status in (400, 403, 404, 409):
            for shown in (str(number), number):
                answer = _answer(status, {"error": {"code": shown, "message": "No"}}, effect=True)
                failure = refusals.failure(answer)
                assert isinstance(failure, kind)
                assert failure.code == code
    unsure = refusals.failure(_answer(502, {"error": {"code": "1004", "message": "No"}}, effect=True))
    assert isinstance(unsure, Unsure)


def test_a_throttled_call_says_when_the_next_one_may_be(world: World) -> None:
    acronis = world.connector()
    world.tell("set", calls=3)
    acronis.root()
    for _ in range(2):
        acronis.tenant(CUSTOMER)
    with pytest.raises(Busy) as e:
        acronis.create(new())
    assert (e.value.code, e.value.retry_after) == ("throttled", timedelta(seconds=10))
    world.app.clock.advance(timedelta(seconds=10))
    assert acronis.create(new()).id


def test_nobody_listening_is_busy() -> None:
    gone = World(Acronis(), "http://127.0.0.1:9")
    with pytest.raises(Busy) as e:
        gone.connector().create(new())
    assert e.value.code == "network"
    assert not gone.connector().test().ok


def test_a_vendor_that_shows_our_secret_does_not_have_it_shown_on(world: World) -> None:
    words = {"error": "invalid_client", "error_description": f"wrong: {SECRET}"}
    world.fail("status", status=401, body=words, path="token$")
    tested = world.connector().test()
    assert (tested.ok, tested.code) == (False, "credentials")
    assert SECRET not in tested.text
    assert "wrong" in tested.text


# Answers that are not as documented


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
GOOD: dict[str, Any] = {
    "id": CUSTOMER, "parent_id": RESELLER, "kind": "customer", "name": "x", "enabled": True, "version": 1, "mode": "trial",
    "pricing_mode": "trial", "tenant_id": CUSTOMER, "login": "ada", "contact": {"email": "a@b.example"}, "activated": True,
    "access_policies": [], "application_id": PROTECTION, "type": "count", "status": 1, "locked": False, "edition": None,
    "quota": {"value": 1, "overage": None, "version": 0}, "value": 1, "absolute_value": Decimal("1.5"),
    "range_start": "2025-07-01T00:00:00Z", "infra_id": None, "update_lock": {"enabled": False}, "items": [],
    "measurement_unit": "bytes", "deleted_at": None,
}  # fmt: skip
BODY = st.dictionaries(st.sampled_from(sorted(GOOD)), JSON, max_size=6)
PARSERS: list[Callable[[Any], Any]] = [
    wire.tenant, wire.pricing, wire.service, wire.offering, wire.user, lambda body: wire.usage(CUSTOMER, body),
]  # fmt: skip


@pytest.mark.parametrize("parse", PARSERS)
@given(body=BODY.map(lambda body: {**GOOD, **body}) | BODY)
@settings(max_examples=40, deadline=None)
def test_any_body_is_read_or_named_malformed(parse: Callable[[Any], Any], body: dict[str, Any]) -> None:
    assert parse(GOOD)
    try:
        read = parse(body)
    except listed.Malformed:
        return
    assert read


@given(rows=st.lists(JSON | BODY | BODY.map(lambda body: {**GOOD, **body}), max_size=4))
@settings(max_examples=30, deadline=None)
def test_rows_that_cannot_be_read_are_counted_and_never_raise(rows: list[Any]) -> None:
    read = listed.read(rows, wire.tenant, "tenant")
    assert len(read.items) + len(read.faults) <= len(rows)
    assert read.items or read.faults or not rows


@given(status=st.sampled_from([400, 401, 403, 404, 406, 409, 415, 426, 500, 503]), error=JSON | BODY, effect=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_refusal_is_a_failure_of_a_kind(status: int, error: Any, effect: bool) -> None:
    answer = _answer(status, {"error": error} if _writable(error) else None, effect=effect)
    for failure in (refusals.failure(answer, about="role"), refusals.sign_in(answer, secret=SECRET)):
        assert isinstance(failure, Failure)
        assert failure.text
        if status >= 500:
            assert isinstance(failure, Unsure if effect else Busy)


def _answer(status: int, body: Any, *, effect: bool) -> Answer:
    content = b"{" if body is None else strict.dumps(body)
    url = "https://eu2-cloud.acronis.com/api/2/tenants"
    return Answer("POST", url, status, {"content-type": "application/json"}, content, effect=effect)


def _writable(value: Any) -> bool:
    try:
        strict.dumps(value)
    except ValueError:
        return False
    return True
