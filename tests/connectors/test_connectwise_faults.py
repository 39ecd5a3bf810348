"""What the ConnectWise connector makes of a bad day: faults, lost answers, stops half way, malformed rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purser.connectors.connectwise import ConnectWiseConnector
from purser.connectors.ports import tested
from purser.connectors.ports.psa import Adjustment
from purser.kernel import points
from purser.kernel.errors import Failure
from purser.reconcile.model import Delay, Done, Doubtful, Reading, Refusal
from sandboxes.kit.faults import KINDS
from tests.connectors.test_connectwise import SINCE, World, change, world
from tests.late import landed

__all__ = ["world"]  # the fixture

FAULTS: dict[str, dict[str, Any]] = {kind: {"kind": kind} for kind in KINDS} | {
    "timeout_before": {"kind": "timeout_before", "seconds": 0.4},
    "timeout_after": {"kind": "timeout_after", "seconds": 0.4},
    "late_apply": {"kind": "late_apply", "seconds": 0.05},
    "half_closed": {"kind": "half_closed", "applied": False},
    "half_closed applied": {"kind": "half_closed"},
    "body_cut": {"kind": "body_cut", "applied": False},
    "body_cut applied": {"kind": "body_cut"},
    "slow_drip": {"kind": "slow_drip", "seconds": 0.1},
    "throttle by date": {"kind": "throttle", "retry_after": "Fri, 11 Jul 2025 09:00:30 GMT"},
    "throttle absurd": {"kind": "throttle", "retry_after": "9" * 30},
    "status 502": {"kind": "status", "status": 502},
    "status 503 applied": {"kind": "status", "status": 503, "applied": True},
    "status 302": {"kind": "status", "status": 302},
    "mangle": {"kind": "mangle", "body": {"id": None, "version": None, "Codebase": 7}},
    "wrong_type": {"kind": "wrong_type", "applied": False},
    "wrong_type applied": {"kind": "wrong_type"},
}
READS: dict[str, tuple[str, Callable[[ConnectWiseConnector], Any]]] = {
    "sign-in": ("companyinfo", lambda c: c.accounts()),
    "test": ("system/info", lambda c: c.test()),
    "accounts": ("companies", lambda c: c.accounts()),
    "agreements": ("agreements$", lambda c: c.agreements()),
    "services": ("additions", lambda c: c.services(["5", "6"], since=SINCE)),
    "service": ("additions", lambda c: c.service("5", "product:210", since=SINCE)),
    "find": ("additions", lambda c: c.find(change(1, 8), once="a1")),
}
CALLS = {
    "sign-in": ("GET", "companyinfo"),
    "agreement": ("GET", "agreements/5$"),
    "additions": ("GET", "additions$"),
    "add": ("POST", "additions$"),
    "confirm": ("GET", r"additions/\d+$"),
    "end": ("PATCH", "additions/77$"),
}
BEFORE = [("2025-01-01", "", 1.0)]
AFTER = [("2025-01-01", "2025-07-11", 1.0), ("2025-07-11", "", 8.0)]


def _check(failure: Failure) -> None:
    assert 0 < len(failure.text) < 3000
    assert failure.code in {"network", "server", "malformed", "throttled", "address"}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("read", READS)
def test_it_never_reads_a_wrong_value(world: World, read: str, fault: str) -> None:
    path, call = READS[read]
    truth = call(world.connector())
    connector = world.connector()
    world.fail(**FAULTS[fault], path=path)
    try:
        seen = call(connector)
    except Failure as failure:
        _check(failure)
        return
    if isinstance(seen, tested.Tested):
        assert not seen.ok or seen == truth
    elif isinstance(seen, Reading) and not seen.whole:
        assert seen.cut
        assert all(truth.items[key] == item for key, item in seen.items.items())
    else:
        assert seen == truth


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_it_changes_once_whatever_happens_and_says_what_did(world: World, call: str, fault: str) -> None:
    method, path = CALLS[call]
    world.fail(**FAULTS[fault], method=method, path=path)
    outcome = world.connector().adjust(change(1, 8), once="a1")
    landed()  # the lag that the caller waits
    if isinstance(outcome, Done):
        assert world.rows() == AFTER
        ids = [str(a["id"]) for a in world.app.additions(5) if a["quantity"] == 8]
        assert outcome.reference in ("", *ids)
    elif isinstance(outcome, Refusal | Delay):
        assert world.rows() == BEFORE
    else:
        assert isinstance(outcome, Doubtful)
        assert outcome.text
    again = world.connector()
    if not again.find(change(1, 8), once="a1"):
        assert isinstance(again.adjust(change(1, 8), once="a1"), Done)
    assert world.rows() == AFTER
    assert again.find(change(1, 8), once="a1") is True
    assert [e["what"] for e in world.app.effects].count("addition.post") == 1


def test_it_removes_the_twin_that_a_late_call_made(world: World) -> None:
    """Late apply after the retry: why `keyed` is false, and what heals it when the lag was not waited for."""
    world.fail("late_apply", method="POST", seconds=1)
    connector = world.connector()
    assert isinstance(connector.adjust(change(1, 8), once="a1"), Doubtful)
    assert isinstance(connector.adjust(change(1, 8), once="a1"), Done)
    landed()
    assert len(world.rows()) == 3
    assert connector.find(change(1, 8), once="a1") is False
    assert isinstance(connector.adjust(change(1, 8), once="a1"), Done)
    assert world.rows() == AFTER


def test_it_knows_that_nothing_happened_when_nobody_listens(world: World) -> None:
    gone = World(world.app, "http://127.0.0.1:9")
    outcome = gone.connector().adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Delay)
    assert outcome.code == "network"


# Stops half way


class Stop(BaseException):
    """The end of the process, at a point between two steps."""


def _plain(world: World) -> Adjustment:
    return change(1, 8)


def _followed(world: World) -> Adjustment:
    world.tell("quantity", agreement=5, addition=77, quantity=10)
    world.connector().adjust(change(10, 7, date(2025, 8, 1)), once="x1")
    world.connector().adjust(change(7, 9, date(2025, 9, 1)), once="x2")
    return change(10, 15)


def _overwritten(world: World) -> Adjustment:
    adjustment = _followed(world)
    world.connector().adjust(change(10, 11), once="x3")
    return Adjustment("5", "product:210", adjustment.effective_on, adjustment.units_before + 1, adjustment.units_after)


def _to_nothing(world: World) -> Adjustment:
    world.tell("quantity", agreement=5, addition=77, quantity=10)
    world.connector().adjust(change(10, 12, date(2025, 8, 1)), once="x1")
    return change(10, 0)


def _joined(world: World) -> Adjustment:
    world.tell("quantity", agreement=5, addition=77, quantity=5)
    world.add(quantity=3)
    world.add(quantity=1, billCustomer="DoNotBill")
    return change(9, 3)


def _all_ended(world: World) -> Adjustment:
    world.add(quantity=3, unitPrice=9.0)
    world.add(quantity=2, billCustomer="DoNotBill")
    return change(6, 0)


@pytest.mark.parametrize("prepare", [_plain, _followed, _overwritten, _to_nothing, _joined, _all_ended])
def test_it_completes_what_was_stopped_after_any_call(world: World, prepare: Callable[[World], Adjustment]) -> None:
    start = world.app.state
    adjustment = prepare(world)
    prepared = {**start, "additions": {k: [dict(a) for a in v] for k, v in start["additions"].items()}}
    assert isinstance(world.connector().adjust(adjustment, once="a1"), Done)
    expected = world.rows()
    stops = 0
    for last in range(1, 40):
        world.app.load_seed(prepared)
        if not _stopped(world, adjustment, last):
            break
        stops += 1
        again = world.connector()
        assert isinstance(again.adjust(adjustment, once="a1"), Done)
        assert world.rows() == expected, f"stopped at point {last}"
        assert again.find(adjustment, once="a1") is True
    assert stops >= 6


def _stopped(world: World, adjustment: Adjustment, last: int) -> bool:
    """Adjust, ending the process at the point `last`; False when it ended before by itself."""
    left = iter(range(1, last))

    def hook(name: str) -> None:
        if name.startswith("http:") and next(left, None) is None:
            raise Stop

    points.watch(hook)
    try:
        world.connector().adjust(adjustment, once="a1")
    except Stop:
        return True
    finally:
        points.watch(None)
    return False


# Malformed rows

_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.just("x" * 20_000),
    st.just([]),
    st.just({"id": "5"}),
    st.sampled_from(["2025-13-01", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", 10**30, -1, "5"]),
)
_FIELDS = {
    "companies": ["id", "name", "status", "deletedFlag", "defaultContact", "currency", "extra"],
    "agreements$": [
        "id",
        "company",
        "startDate",
        "endDate",
        "nextInvoiceDate",
        "prorateFlag",
        "parentAgreement",
    ],
    "additions": ["id", "product", "quantity", "effectiveDate", "cancelledDate", "unitPrice", "billCustomer"],
}


@pytest.mark.parametrize("path", _FIELDS)
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)
@given(data=st.data())
def test_it_fails_by_kind_on_any_row(world: World, path: str, data: st.DataObject) -> None:
    body = data.draw(st.dictionaries(st.sampled_from(_FIELDS[path]), _VALUES, min_size=1, max_size=3))
    world.app.load_seed(world.app.state | {"additions": {"5": world.app.additions(5)[:1], "6": []}})
    connector = world.connector()
    calls: list[Callable[[], Any]] = {
        "companies": [connector.accounts],
        "agreements$": [connector.agreements],
        "additions": [
            lambda: connector.services(["5"], since=SINCE),
            lambda: connector.find(change(1, 8), once="a1"),
            lambda: connector.adjust(change(1, 0), once="a1"),
        ],
    }[path]
    for call in calls:
        world.app.faults.clear()
        world.fail("mangle", path=path, body=body)
        try:
            result = call()
        except Failure as failure:
            _check(failure)
            continue
        assert result is None or isinstance(result, bool | Reading | Done | Refusal | Delay | Doubtful)
        if isinstance(result, Reading):
            assert result.whole or result.cut
    for door in world.doors:
        door.close()
    world.doors.clear()


def test_it_takes_no_wrong_count_from_a_row_that_came_twice(world: World) -> None:
    connector = world.connector()
    twin = dict(world.app.additions(5)[0])
    world.app.additions(5).append(twin)
    service = connector.service("5", "product:210", since=SINCE)
    assert service is not None
    assert service.segments[0].units == 1
    twin["quantity"] = 2
    reading = connector.services(["5"], since=SINCE)
    assert (reading.items, reading.whole) == ({}, False)
