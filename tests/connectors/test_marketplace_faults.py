"""The marketplace connector on a vendor's bad days: the 14 faults of P9, the malformed answers of P12."""

from __future__ import annotations

import copy
import json
import socket
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purser.connectors.marketplace import MarketplaceConnector
from purser.connectors.ports.marketplace import Subscription
from purser.connectors.shared.http import Timeouts
from purser.kernel.errors import Busy, Failure, Refused
from purser.reconcile.model import Reading
from sandboxes.kit import Fault, Request
from sandboxes.kit.faults import KINDS
from tests.connectors.test_marketplace import House, opened, seed

CALLS: dict[str, Callable[[MarketplaceConnector], Any]] = {
    "/customers": lambda c: c.customers(),
    "/subscriptions": lambda c: c.subscriptions(),
    "/subscriptions/S1": lambda c: c.subscription("S1"),
    "/products": lambda c: c.products(),
}
LISTS = [path for path in CALLS if path != "/subscriptions/S1"]
SHORT = Timeouts(connect=2, read=0.6, total=1.2)


@dataclass(frozen=True)
class Case:
    fault: dict[str, Any]
    code: str  # of the failure; empty where the answer is the true one


# By kind, what it does to a read. other_id only bites where the answer has one id: the detail.
CASES = {
    "reset": Case({}, "network"),
    "timeout_before": Case({"seconds": 0.4}, "network"),
    "timeout_after": Case({"seconds": 0.4}, "network"),
    "late_apply": Case({"seconds": 0.05}, "network"),
    "half_closed": Case({}, "network"),
    "body_cut": Case({"at": 40}, "network"),
    "slow_drip": Case({"seconds": 0.05}, "network"),
    "throttle": Case({"retry_after": "7"}, "throttled"),
    "status": Case({"status": 502}, "server"),
    "ok_error_body": Case({"body": {"error": "it went wrong"}}, "malformed"),
    "wrong_type": Case({}, "malformed"),
    "garbage": Case({}, "malformed"),
    "other_id": Case({}, ""),
    "mangle": Case({"body": {"data": None, "products": None, "token": None}}, "malformed"),
}


@pytest.fixture(params=["1.1", "21"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    with opened(seed(request.param)) as built:
        yield built


def test_the_table_of_faults_is_complete() -> None:
    assert set(CASES) == set(KINDS)


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize("kind", CASES)
def test_it_meets_each_fault_of_each_call_with_a_failure_of_the_right_kind(house: House, kind: str, path: str) -> None:
    connector = house.connector(timeouts=SHORT)
    truth = CALLS[path](connector)
    house.app.faults.arm(Fault(kind, method="GET", path=f"{path}$", **CASES[kind].fault))
    code = "malformed" if kind == "other_id" and path == "/subscriptions/S1" else CASES[kind].code
    if not code:
        assert CALLS[path](connector) == truth
        return
    with pytest.raises(Busy) as e:
        CALLS[path](connector)
    assert e.value.code == code
    assert CALLS[path](house.connector()) == truth, "the next reading is good again"


@pytest.mark.parametrize("kind", [k for k in CASES if k != "other_id"])
def test_it_meets_each_fault_of_the_sign_in_with_a_failure_of_the_right_kind(house: House, kind: str) -> None:
    case = CASES[kind]
    fault = {**case.fault, "body": {"token": None, "access_token": None}} if kind == "mangle" else case.fault
    house.app.faults.arm(Fault(kind, method="POST", path="token$", **fault))
    connector = house.connector(timeouts=SHORT)
    with pytest.raises(Busy) as e:
        connector.customers()
    assert e.value.code == case.code
    assert connector.customers().whole


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("kind", [k for k in CASES if CASES[k].code])
def test_it_is_not_whole_when_a_fault_meets_the_second_page(house: House, kind: str, path: str) -> None:
    house.app.state["max_limit"] = 1
    truth = CALLS[path](house.connector())
    house.app.faults.arm(Fault(kind, method="GET", path=f"{path}$", skip=1, **CASES[kind].fault))
    reading = CALLS[path](house.connector(timeouts=SHORT))
    assert not reading.whole
    assert reading.cut.startswith("Page 2 could not be read")
    assert len(reading.items) == 1
    assert all(truth.items[k] == v for k, v in reading.items.items())


@pytest.mark.parametrize("status", [500, 502, 503])
def test_it_says_that_the_vendor_is_down(house: House, status: int) -> None:
    body = {
        "timeStamp": "t",
        "status": status,
        "message": "Maintenance.",
        "path": "/",
        "correlationId": "a8n-1",
    }
    house.app.faults.arm(Fault("status", path="/customers", status=status, body=body))
    with pytest.raises(Busy, match=r"Maintenance\. \(correlation id a8n-1\)") as e:
        house.connector().customers()
    assert e.value.code == "server"


@pytest.mark.parametrize("asked", ["120", "Wed, 21 Oct 2015 07:28:00 GMT", "soon", "99999999999999999999", "-5"])
def test_it_waits_a_bounded_time_whatever_it_is_asked(house: House, asked: str) -> None:
    house.app.faults.arm(Fault("throttle", path="/customers", retry_after=asked))
    with pytest.raises(Busy) as e:
        house.connector().customers()
    assert e.value.code == "throttled"
    assert e.value.retry_after is None or 0 <= e.value.retry_after.total_seconds() <= 3600


def test_it_is_busy_when_nobody_answers_at_the_address(house: House) -> None:
    with pytest.raises(Busy) as e:
        house.connector(gateway="http://127.0.0.1:1/marketplace/us").customers()
    assert e.value.code == "network"


def test_it_is_busy_when_the_name_is_not_known(house: House) -> None:
    def unknown(host: str, port: int) -> Sequence[str]:
        if host == "127.0.0.1":
            return [host]
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(Busy) as e:
        house.connector(gateway="https://api.cloud.im/marketplace/us", resolver=unknown).customers()
    assert e.value.code == "network"


def test_it_is_busy_when_the_other_side_speaks_no_tls(house: House) -> None:
    gateway = house.server.url.replace("http:", "https:") + "/marketplace/us"
    with pytest.raises(Busy) as e:
        house.connector(gateway=gateway).customers()
    assert e.value.code == "network"


@pytest.mark.parametrize("status", [301, 302, 307])
def test_it_follows_no_redirect(house: House, status: int) -> None:
    house.app.faults.arm(Fault("status", path="/customers", status=status, body={}))
    with pytest.raises(Refused) as e:
        house.connector().customers()
    assert e.value.code == "address"


# Malformed answers. None of these values can be read as a count, so none may change one.

WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        True,
        {},
        "",
        " ",
        "1e3",
        "NaN",
        "-0x1",
        "١٢",
        -1,
        10**30,
        "9" * 5000,
        "\x00",
        "x" * 100_000,
        [[[]]],
        [None],
    ]
)


KEYS = st.sampled_from(["data", "pagination", "total", "offset", "id", "status", "products", "quantity"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(KEYS, parts),
)


def paths(value: Any, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if here:
        yield here
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield from paths(part, (*here, key))


def spoil(data: st.DataObject, body: Any) -> Any:
    """One to three wounds: a field dropped, retyped, null or huge, a row twice, a field nobody knows."""
    body = copy.deepcopy(body)
    last: Any
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from(list(paths(body))))
        parent: Any = body
        for step in way:
            parent = parent[step]
        match data.draw(st.sampled_from(["drop", "wrong", "twice", "extra"])):
            case "drop" if isinstance(parent, dict):
                del parent[last]
            case "twice" if isinstance(parent, list):
                parent.append(copy.deepcopy(parent[last]))
            case "extra" if isinstance(parent, dict):
                parent["unheardOf"] = copy.deepcopy(data.draw(WRONG))
            case _:
                parent[last] = copy.deepcopy(data.draw(WRONG))
        if not list(paths(body)):
            break
    return body


@pytest.fixture(scope="module", params=["1.1", "21"])
def lasting(request: pytest.FixtureRequest) -> Iterator[tuple[House, MarketplaceConnector]]:
    with opened(seed(request.param)) as built:
        yield built, built.connector(timeouts=Timeouts())


def answered(house: House, connector: MarketplaceConnector, path: str, body: Any) -> Any:
    """What the connector makes of this body, served as a 200 of the call and of three pages after it."""
    house.app.faults.clear()
    house.app.faults.arm(Fault("ok_error_body", method="GET", path=f"{path}$", times=4, body=body))
    return CALLS[path](connector)


def body_of(house: House, path: str) -> Any:
    token = next(iter(house.app.state["tokens"]))
    headers = {
        "x-subscription-key": house.app.state["credentials"]["subscription_key"],
        "authorization": f"Bearer {token}",
    }
    response = house.app.handle(Request("GET", f"/marketplace/us{path}", {}, headers, b""))
    return json.loads(response.payload())


@pytest.mark.parametrize("path", CALLS)
@given(data=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_makes_no_wrong_count_of_a_malformed_answer(
    lasting: tuple[House, MarketplaceConnector], path: str, data: st.DataObject
) -> None:
    house, connector = lasting
    house.app.faults.clear()
    truth = CALLS[path](connector)
    body = spoil(data, body_of(house, path))
    try:
        found = answered(house, connector, path, body)
    except Failure:
        return
    if isinstance(found, Subscription):
        assert found.id == "S1"
        counts = {line.resource_id: line.quantity for line in truth.lines}
        assert found.lines is not None
        assert all(counts.get(line.resource_id, line.quantity) == line.quantity for line in found.lines)
    else:
        assert isinstance(found, Reading)
        assert bool(found.cut) != found.whole
        if found.whole and isinstance(body.get("pagination"), dict):
            assert len(found.items) == len(truth.items) or path == "/products"


@given(body=ANYTHING)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("path", CALLS)
def test_it_never_crashes_whatever_json_it_is_given(lasting: tuple[House, MarketplaceConnector], path: str, body: Any) -> None:
    try:
        found = answered(*lasting, path, body)
    except Failure:
        return
    assert isinstance(found, Reading)


def test_it_leaves_an_endless_list_after_a_bounded_number_of_pages(
    lasting: tuple[House, MarketplaceConnector],
) -> None:
    house, connector = lasting
    numbers = iter(range(10_000_000))
    house.app.faults.clear()
    serve = house.app._customers

    def endless(request: Any) -> Any:
        response = serve(request)
        response.body = {"data": [{"id": f"E{next(numbers)}", "name": "More"}]}
        return response

    routes = house.app._routes
    house.app._routes = [(m, p, endless if h == serve else h) for m, p, h in routes]
    try:
        reading = connector.customers()
    finally:
        house.app._routes = routes
    assert not reading.whole
    assert "more than 2000 pages" in reading.cut
    assert len(reading.items) == 2000
