"""The Autotask connector on the vendor's bad days: the 14 faults of P9 and the malformed answers of P12."""

from __future__ import annotations

import copy
import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purser.connectors.autotask import HOSTS, AutotaskConnector, AutotaskSettings
from purser.connectors.ports.psa import Service
from purser.connectors.ports.tested import Tested
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http, Timeouts
from purser.kernel.errors import Busy, Failure, Refused
from purser.reconcile.model import Delay, Done, Doubtful, Outcome, Reading, Refusal
from sandboxes.kit import Fault, Request, Response
from sandboxes.kit.faults import KINDS
from tests.connectors.autotask import SECRETS, TODAY, House, change, opened, seed
from tests.late import landed

SHORT = Timeouts(connect=2, read=0.3, total=0.5)
CALLS: dict[str, Callable[[AutotaskConnector], Any]] = {
    "test": lambda c: c.test(),
    "accounts": lambda c: c.accounts(),
    "agreements": lambda c: c.agreements(),
    "services": lambda c: c.services(["9"], since=TODAY),
    "service": lambda c: c.service("9", "service:12", since=TODAY),
}

# What each fault does to a read, once for each shape it has; "" where the answer may be the true one.
READS: list[tuple[str, dict[str, Any], str]] = [
    ("reset", {}, "network"),
    ("timeout_before", {"seconds": 0.15}, "network"),
    ("timeout_after", {"seconds": 0.15}, "network"),
    ("late_apply", {"seconds": 0.02}, "network"),
    ("half_closed", {}, "network"),
    ("body_cut", {"at": 5}, "network"),
    ("slow_drip", {"seconds": 0.02}, "network"),
    ("throttle", {"retry_after": "7"}, "throttled"),
    ("throttle", {"retry_after": "Sat, 11 Jul 2026 10:00:30 GMT"}, "throttled"),
    ("throttle", {"retry_after": "soon-ish"}, "throttled"),
    ("status", {"status": 500}, "server"),
    ("status", {"status": 502, "body": "<html>"}, "server"),
    ("status", {"status": 503}, "server"),
    ("ok_error_body", {}, "malformed"),
    ("ok_error_body", {"body": {"errors": ["it went wrong"]}}, "malformed"),
    ("garbage", {}, "malformed"),
    ("wrong_type", {}, "malformed"),
    ("other_id", {}, ""),
    (
        "mangle",
        {"body": {"items": None, "item": None, "url": None, "info": None, "fields": None}},
        "malformed",
    ),
]
WRITES: list[tuple[str, dict[str, Any], type[Any], int]] = [
    ("reset", {}, Doubtful, 0),
    ("timeout_before", {"seconds": 0.15}, Doubtful, 0),
    ("timeout_after", {"seconds": 0.15}, Doubtful, 1),
    ("late_apply", {"seconds": 0.3}, Doubtful, 1),
    ("half_closed", {}, Doubtful, 1),
    ("half_closed", {"applied": False}, Doubtful, 0),
    ("body_cut", {"at": 10}, Doubtful, 1),
    ("body_cut", {"applied": False}, Doubtful, 0),
    ("slow_drip", {"seconds": 0.05}, Doubtful, 1),
    ("throttle", {"retry_after": "7"}, Delay, 0),
    ("throttle", {"retry_after": "Sat, 11 Jul 2026 10:00:30 GMT"}, Delay, 0),
    ("throttle", {"retry_after": "-5 or so"}, Delay, 0),
    ("status", {"status": 500}, Doubtful, 0),
    ("status", {"status": 500, "applied": True}, Doubtful, 1),
    ("status", {"status": 500, "body": {"errors": ["Timeout expired."]}, "applied": True}, Doubtful, 1),
    ("status", {"status": 500, "body": {"errors": ["The unitChange is odd."]}}, Refusal, 0),
    ("status", {"status": 502, "applied": True}, Doubtful, 1),
    ("status", {"status": 503}, Doubtful, 0),
    ("status", {"status": 401}, Refusal, 0),
    ("status", {"status": 404}, Refusal, 0),
    ("ok_error_body", {}, Doubtful, 0),
    ("garbage", {}, Doubtful, 0),
    ("wrong_type", {}, Doubtful, 1),
    ("other_id", {}, Done, 1),
    ("mangle", {"body": {"itemId": None}}, Doubtful, 1),
    ("mangle", {"body": {"itemId": "abc"}}, Doubtful, 1),
]


@contextmanager
def fresh(house: House, timeouts: Timeouts = SHORT) -> Iterator[AutotaskConnector]:
    """A connector that has met no fault yet: its circuit is closed and its zone unknown."""
    rule = HostRule(patterns=HOSTS, sandbox=frozenset({house.url.removeprefix("http://")}))
    http = Http(hosts=rule, timeouts=timeouts)
    try:
        yield AutotaskConnector(
            http=http,
            settings=AutotaskSettings(zone_lookup_url=f"{house.url}/atservicesrest"),
            secrets=SECRETS,
            clock=house.app.clock.now,
        )
    finally:
        http.close()


def tried(call: Callable[[], Any]) -> Any:
    """What the call gives, or the failure it raises."""
    try:
        return call()
    except Failure as e:
        return e


def bare(service: Service) -> Service:
    """A service without what comes from the catalogue."""
    return replace(service, name="", catalog_price=None, catalog_cost=None, billing_period=None)


def agrees(found: Any, truth: Any) -> None:
    """A reading that claims to be whole is the truth; one that is not holds nothing that is wrong."""
    if isinstance(found, Reading) and not found.whole:
        assert found.cut
        for key, item in found.items.items():
            expected = truth.items[key]
            assert bare(item) == bare(expected) if isinstance(item, Service) else item == expected
    else:
        assert found == truth


def test_the_faults_are_all_there() -> None:
    assert {kind for kind, *_ in READS} == {kind for kind, *_ in WRITES} == set(KINDS)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(("kind", "more", "code"), READS, ids=lambda v: v if isinstance(v, str) else "")
def test_no_fault_makes_a_read_say_what_is_not_so(call: str, kind: str, more: dict[str, Any], code: str) -> None:
    with opened() as house:
        truth = CALLS[call](house.psa)
        paths = [r["path"] for r in house.app.requests]
        assert paths
        for path in paths:
            house.app.faults.arm(Fault(kind, path=f"{path}$", **more))
            with fresh(house) as psa:
                found = tried(lambda: CALLS[call](psa))
            if isinstance(found, (Failure, Tested)):
                assert found.code == code, (path, found)
                assert isinstance(found, (Busy, Tested))
            else:
                agrees(found, truth)
                assert code == "" or not found.whole
            assert house.app.faults.armed() == [], path


@pytest.mark.parametrize(("kind", "more", "outcome", "effects"), WRITES, ids=lambda v: v if isinstance(v, str) else "")
def test_an_adjustment_takes_effect_at_most_once_and_says_truly(
    kind: str, more: dict[str, Any], outcome: type[Any], effects: int
) -> None:
    with opened(timeouts=SHORT) as house:
        house.psa.test()
        house.app.faults.arm(Fault(kind, method="POST", path="ServiceAdjustments", **more))
        found: Outcome = house.psa.adjust(change(1, 8), once="a")
        assert isinstance(found, outcome), found
        if kind == "late_apply":
            assert house.app.effects == []
            landed()
        assert len(house.app.effects) == effects
        assert house.app.state["units"]["ContractServiceUnits"]["12"][-1]["units"] == 1 + 7 * effects
        if isinstance(found, Done):
            assert effects == 1
        if isinstance(found, (Delay, Refusal)):
            assert effects == 0


@pytest.mark.parametrize(("kind", "more", "code"), READS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_fault_before_the_adjustment_is_sent_leaves_nothing_in_doubt(kind: str, more: dict[str, Any], code: str) -> None:
    with opened(timeouts=SHORT) as house:
        house.app.faults.arm(Fault(kind, path="zoneInformation", **more))
        outcome = house.psa.adjust(change(1, 8), once="a")
        if code:
            assert isinstance(outcome, Delay)
            assert (outcome.code, house.app.effects) == (code, [])
        else:
            assert isinstance(outcome, Done)


@pytest.mark.parametrize("where", ["refused", "unknown name", "no TLS"])
def test_what_cannot_be_reached_is_busy_and_nothing_happened(where: str) -> None:
    with opened() as house, socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        port = closed.getsockname()[1]

        def nowhere(_name: str, _port: int) -> list[str]:
            raise OSError("no such name")

        address, names, resolver = {
            "refused": (f"http://127.0.0.1:{port}", {f"127.0.0.1:{port}"}, {}),
            "unknown name": ("https://webservices2.autotask.net", set(), {"resolver": nowhere}),
            "no TLS": (
                house.url.replace("http:", "https:"),
                {house.url.removeprefix("http://")},
                {},
            ),
        }[where]
        http = Http(hosts=HostRule(patterns=HOSTS, sandbox=frozenset(names)), timeouts=SHORT, **resolver)
        psa = AutotaskConnector(
            http=http,
            settings=AutotaskSettings(zone_lookup_url=f"{address}/atservicesrest"),
            secrets=SECRETS,
            clock=house.app.clock.now,
        )
        with pytest.raises(Busy) as e:
            psa.accounts()
        assert e.value.code == "network"
        outcome = psa.adjust(change(1, 8), once="a")
        assert isinstance(outcome, Delay)
        assert psa.test().code == "network"
        http.close()


def test_a_lookup_outside_the_rule_is_refused() -> None:
    http = Http(hosts=HostRule(patterns=HOSTS, sandbox=frozenset()))
    settings = AutotaskSettings(zone_lookup_url="https://autotask.net.evil.example/atservicesrest")
    with opened() as house:
        psa = AutotaskConnector(http=http, settings=settings, secrets=SECRETS, clock=house.app.clock.now)
        with pytest.raises(Refused) as e:
            psa.accounts()
        assert e.value.code == "address"
        outcome = psa.adjust(change(1, 8), once="a")
        assert isinstance(outcome, Refusal)
        assert outcome.code == "address"


# Malformed answers


def nodes(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if at:
        yield at
    if isinstance(value, dict):
        for key, part in value.items():
            yield from nodes(part, (*at, key))
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from nodes(part, (*at, place))


def retyped(value: Any) -> Any:
    if isinstance(value, str):
        return 17
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list):
        return {"0": value}
    return {"value": value} if value is None else str(value)


def mutated(body: Any, op: str, pick: int) -> bytes:
    """The body with one thing wrong, at the `pick`th of its places."""
    body = copy.deepcopy(body)
    places = list(nodes(body))
    *way, last = places[pick % len(places)]
    parent = body
    for step in way:
        parent = parent[step]
    match op:
        case "drop":
            del parent[last]
        case "retype":
            parent[last] = retyped(parent[last])
        case "null":
            parent[last] = None
        case "huge":
            parent[last] = "9" * 5000 if isinstance(parent[last], str) else 10**30
        case "deep":
            deep: Any = 1
            for _ in range(300):
                deep = [deep]
            parent[last] = deep
        case "duplicate" if isinstance(parent, list):
            parent.append(parent[last])
        case "duplicate":
            text = json.dumps(parent[last])
            marked = json.dumps({**parent, last: "@@"}) if parent is body else ""
            if marked:
                key = json.dumps(last)
                return marked.replace('"@@"', f"{text}, {key}: {text}", 1).encode()
            parent[f"{last}Copy"] = parent[last]
        case "extra" if isinstance(parent, dict):
            parent["somethingNew"] = {"a": [1]}
        case _:
            parent.append({"somethingNew": 1})
    return json.dumps(body).encode()


OPS = ("drop", "retype", "null", "huge", "deep", "duplicate", "extra")


def dated(service: Service, op: str) -> list[Any]:
    """What no malformed answer may change. Null is what Autotask writes for "not invoiced": it cannot be told apart."""
    return [(s.starts_on, s.ends_on, s.units, op == "null" or s.invoiced) for s in service.segments]


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[House]:
    with opened(seed(), timeouts=Timeouts()) as house:
        house.control("post_period", contractID=9, through="2026-12-31")
        yield house


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    call=st.sampled_from(sorted(CALLS)),
    nth=st.integers(0, 9),
    op=st.sampled_from(OPS),
    pick=st.integers(0, 999),
)
def test_no_malformed_answer_is_taken_for_the_truth(fuzzed: House, call: str, nth: int, op: str, pick: int) -> None:
    house = fuzzed
    app, original = house.app, house.app.handle
    with fresh(house, Timeouts()) as psa:
        app.requests.clear()
        truth = CALLS[call](psa)
        nth %= len(app.requests)
    seen = 0

    def handle(request: Request) -> Response:
        nonlocal seen
        response = original(request)
        seen += 1
        return Response(200, mutated(response.body, op, pick)) if seen == nth + 1 else response

    app.handle = handle  # type: ignore[method-assign]
    with fresh(house, Timeouts()) as psa:
        found = tried(lambda: CALLS[call](psa))
    del app.handle  # type: ignore[attr-defined]
    if isinstance(found, Reading) and found.whole:
        assert found.items.keys() == truth.items.keys()
        for key, item in found.items.items():
            if isinstance(item, Service):
                assert dated(item, op) == dated(truth.items[key], op)
    elif isinstance(found, Service):
        assert dated(found, op) == dated(truth, op)


@settings(max_examples=40, deadline=None)
@given(op=st.sampled_from(OPS), status=st.sampled_from([200, 200, 400, 418, 500]), pick=st.integers(0, 50))
def test_no_malformed_answer_to_an_adjustment_is_a_crash(op: str, status: int, pick: int) -> None:
    with opened(timeouts=Timeouts()) as house:
        house.psa.test()
        original = house.app.handle

        def handle(request: Request) -> Response:
            response = original(request)
            body = response.body if status == 200 else {"errors": ["no"], "code": 7}
            return Response(status, mutated(body, op, pick))

        house.app.handle = handle  # type: ignore[method-assign]
        outcome = house.psa.adjust(change(1, 8), once="a")
        assert isinstance(outcome, (Done, Refusal, Delay, Doubtful))
        if status == 200:
            assert len(house.app.effects) == 1
            assert isinstance(outcome, (Done, Doubtful))
