"""What the Graph connector makes of a bad day: each fault at each call, and rows that are not as documented."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purser.connectors.graph import GraphConnector, wire
from purser.connectors.ports import tested
from purser.connectors.ports.directory import Changes, Group, User
from purser.connectors.shared import rows as listed
from purser.kernel.errors import Failure
from purser.reconcile.model import Reading
from sandboxes.kit.faults import KINDS
from tests.connectors.test_graph import SECRET, World, world

__all__ = ["world"]  # the fixture

FAULTS: dict[str, dict[str, Any]] = {kind: {"kind": kind} for kind in KINDS} | {
    "timeout_before": {"kind": "timeout_before", "seconds": 0.1},
    "timeout_after": {"kind": "timeout_after", "seconds": 0.1},
    "late_apply": {"kind": "late_apply", "seconds": 0.05},
    "half_closed": {"kind": "half_closed", "applied": False},
    "body_cut": {"kind": "body_cut", "applied": False},
    "body_cut applied": {"kind": "body_cut", "at": 60},
    "slow_drip": {"kind": "slow_drip", "seconds": 0.1},
    "throttle by date": {"kind": "throttle", "retry_after": "Fri, 11 Jul 2025 09:00:30 GMT"},
    "throttle absurd": {"kind": "throttle", "retry_after": "9" * 30},
    "throttle without a wait": {"kind": "throttle", "retry_after": ""},
    "status 302": {"kind": "status", "status": 302},
    "status 503": {"kind": "status", "status": 503},
    "mangle": {"kind": "mangle", "body": {"value": 7, "responses": 7, "access_token": None, "@odata.count": "many"}},
    "mangled rows": {"kind": "mangle", "body": {"value": {"id": None}, "responses": {"body": None}, "expires_in": "x"}},
    "wrong_type": {"kind": "wrong_type", "applied": False},
}
ADA = User("u1", "ada@alder.example", "Ada", True, mail="ada@alder.example")
BEN = User("u5", "u5@alder.example", "Desk", False, mail="desk@alder.example")
GROUPS = [Group("g1", "All staff", "microsoft365"), Group("g2", "Surgery", "security")]
READS: dict[str, tuple[str, Callable[[GraphConnector], Any]]] = {
    "sign-in": ("token$", lambda c: c.users()),
    "test": ("/users$", lambda c: c.test()),
    "users": ("/users$", lambda c: c.users()),
    "groups": ("/groups$", lambda c: c.groups()),
    "contacts": ("/contacts$", lambda c: c.contacts()),
    "mailboxes": ("batch$", lambda c: c.mailboxes([ADA, BEN])),
    "members": ("batch$", lambda c: c.members(GROUPS)),
    "user changes": ("users/delta$", lambda c: c.user_changes("")),
    "group changes": ("groups/delta$", lambda c: c.group_changes("")),
    "contact changes": ("contacts/delta$", lambda c: c.contact_changes("")),
}


def check(failure: Failure) -> None:
    assert 0 < len(failure.text) < 3000
    assert failure.code in {"network", "server", "malformed", "throttled", "address", "not_found"}
    assert SECRET not in failure.text


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
        check(failure)
        return
    if isinstance(seen, tested.Tested):
        assert not seen.ok or seen == truth
    elif isinstance(seen, Reading | Changes) and not seen.whole:
        assert seen.cut
        assert all(truth.items[id] == item for id, item in seen.items.items())
        assert not isinstance(seen, Changes) or seen.token == ""
    elif isinstance(seen, Changes):
        assert (seen.items, seen.gone, seen.full) == (truth.items, truth.gone, truth.full)
    else:
        assert seen == truth


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("read", ["users", "user changes"])
def test_a_second_page_that_fails_never_passes_for_the_end(world: World, read: str, fault: str) -> None:
    path, call = READS[read]
    world.tell("set", delta_page=2)
    truth = call(world.connector(page_size=2))
    assert len(truth.items) == 5
    world.fail(**FAULTS[fault], path=path, skip=1)
    try:
        seen = call(world.connector(page_size=2))
    except Failure as failure:
        check(failure)
        return
    if seen.whole:
        assert seen.items == truth.items
    else:
        assert seen.cut
        assert all(truth.items[id] == item for id, item in seen.items.items())


def test_nobody_listening_is_busy() -> None:
    from sandboxes.graph import Graph

    gone = World(Graph(), "http://127.0.0.1:9")
    with pytest.raises(Failure) as e:
        gone.connector().users()
    assert e.value.code == "network"
    assert not gone.connector().test().ok


# Rows that are not as documented

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
FIELDS = sorted({*wire.USER.split(","), *wire.GROUP.split(","), *wire.CONTACT.split(","), "@odata.type"})
ROW = st.dictionaries(st.sampled_from(FIELDS), JSON, max_size=12)
GOOD = {"id": "u1", "userPrincipalName": "a@b.example", "accountEnabled": True, "mailEnabled": True, "securityEnabled": False}
PARSERS = {"user": wire.user, "group": wire.group, "contact": wire.contact}


@pytest.mark.parametrize("kind", PARSERS)
@given(rows=st.lists(JSON | ROW | ROW.map(lambda row: {**GOOD, **row}), max_size=6))
@settings(max_examples=150, deadline=None)
def test_any_row_is_read_or_named_and_nothing_is_lost(kind: str, rows: list[Any]) -> None:
    read = listed.read(rows, PARSERS[kind], kind)
    named = {r["id"] for r in rows if isinstance(r, dict) and isinstance(r.get("id"), str)}
    assert set(read.items) <= {n.strip() for n in named}
    assert bool(rows) == bool(read.items or read.faults)
    for id, item in read.items.items():
        assert item.id == id
    for fault in read.faults:
        assert fault.startswith(kind)


@given(rows=st.lists(JSON | ROW, max_size=6))
@settings(max_examples=150, deadline=None)
def test_members_are_counted_or_refused(rows: list[Any]) -> None:
    try:
        members = wire.members("g1", rows)
    except listed.Malformed:
        return
    distinct = {row["id"].strip() for row in rows}
    own = {"g1"} if any(row["id"].strip() == "g1" for row in rows) else set()
    counted = len(members.users | members.contacts | members.groups) + members.others
    assert counted >= len(distinct - own)


def test_a_row_that_came_twice_with_other_content_is_left_out() -> None:
    """The list changed under the reader: nobody knows which of the two is true."""
    rows = [
        {**GOOD, "jobTitle": "a"},
        {**GOOD, "jobTitle": "b"},
        {**GOOD, "jobTitle": "a"},
        {**GOOD, "id": "u2"},
        {**GOOD, "id": "u2"},
    ]
    read = listed.read(rows, wire.user, "user")
    assert sorted(read.items) == ["u2"]
    assert read.faults == ("user u1 came twice with different content",) * 2


@pytest.mark.parametrize("id", ["", "a/b", "a?b", "a b", "a%2fb", "é", "x" * 101, None, 7, "..\\x"])
def test_an_id_that_could_lead_elsewhere_is_no_id(id: Any) -> None:
    assert not listed.read([{**GOOD, "id": id}], wire.user, "user").items


def test_an_unknown_kind_of_mailbox_is_other() -> None:
    assert (wire.purpose("others"), wire.purpose("unknownFutureValue"), wire.purpose("Shared")) == ("other", "other", "shared")
