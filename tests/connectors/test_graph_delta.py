"""What changed at Graph since last time: tokens, replays, removals, expiry, and rounds that break half way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from purser.connectors.graph import GraphConnector
from purser.connectors.ports.directory import Changes, User
from purser.kernel.errors import Busy, Failure
from tests.connectors.test_graph import TENANT, World, world

__all__ = ["world"]  # the fixture


def followed(known: dict[str, User], changes: Changes[User]) -> dict[str, User]:
    """What a mirror holds after these changes. Law 2: from a reading that is not whole nothing is removed."""
    if changes.full and changes.whole:
        return dict(changes.items)
    gone = changes.gone if changes.whole else frozenset()
    return {id: u for id, u in {**known, **changes.items}.items() if id not in gone}


def truth(connector: GraphConnector) -> dict[str, User]:
    return dict(connector.users().items)


def test_it_begins_with_everything(world: World) -> None:
    changes = world.connector().user_changes("")
    assert changes.full
    assert changes.whole
    assert changes.items == truth(world.connector())
    assert changes.gone == frozenset()
    assert changes.token


def test_it_says_only_what_changed_since(world: World) -> None:
    connector = world.connector()
    token = connector.user_changes("").token
    nothing = connector.user_changes(token)
    assert (nothing.items, nothing.gone, nothing.full, nothing.whole) == ({}, frozenset(), False, True)
    world.tell("user", id="u1", department="Billing")
    world.tell("user", id="u9", displayName="New")
    world.tell("remove", kind="users", id="u4")
    world.tell("remove", kind="users", id="u5", for_good=True)
    changes = connector.user_changes(token)
    assert (sorted(changes.items), changes.gone, changes.full) == (["u1", "u9"], {"u4", "u5"}, False)
    assert changes.items["u1"].department == "Billing"
    assert changes.items == {id: truth(connector)[id] for id in ("u1", "u9")}
    assert connector.user_changes(changes.token).items == {}


def test_a_user_who_left_and_came_back_is_there(world: World) -> None:
    connector = world.connector()
    token = connector.user_changes("").token
    world.tell("remove", kind="users", id="u4")
    world.tell("user", id="u4", displayName="Back")
    changes = connector.user_changes(token)
    assert (sorted(changes.items), changes.gone) == (["u4"], frozenset())


REMOVED = {"id": "u1", "@removed": {"reason": "changed"}}
THERE = {"id": "u1", "userPrincipalName": "ada@alder.example", "displayName": "Ada", "accountEnabled": True}


@pytest.mark.parametrize(("told", "there"), [([REMOVED, THERE], True), ([THERE, REMOVED], False), ([REMOVED, REMOVED], False)])
def test_what_is_told_last_is_true(world: World, told: list[dict[str, Any]], there: bool) -> None:
    world.fail("mangle", path="users/delta", body={"value": told})
    changes = world.connector().user_changes("")
    assert changes.whole
    assert ("u1" in changes.items, "u1" in changes.gone) == (there, not there)


@pytest.mark.parametrize("page", [1, 2, 3, 100])
def test_pages_and_replays_give_the_same(world: World, page: int) -> None:
    world.tell("set", delta_page=page, replay=True)
    connector = world.connector()
    start = connector.user_changes("")
    assert start.items == truth(connector)
    world.tell("user", id="u1", jobTitle="Owner")
    world.tell("remove", kind="users", id="u2")
    changes = connector.user_changes(start.token)
    assert followed(dict(start.items), changes) == truth(connector)


@pytest.mark.parametrize("status", [410, 400])
def test_an_expired_token_leads_to_a_full_reading(world: World, status: int) -> None:
    """410 with a Location, as documented; 400 with syncStateNotFound, as the identity resources say it."""
    world.tell("set", delta_status=status)
    connector = world.connector()
    start = connector.user_changes("")
    world.tell("remove", kind="users", id="u4", for_good=True)
    world.app.clock.advance(timedelta(days=7, minutes=1))
    changes = connector.user_changes(start.token)
    assert changes.full
    assert changes.whole
    assert changes.gone == frozenset()
    assert followed(dict(start.items), changes) == truth(connector)
    assert not connector.user_changes(changes.token).full


def test_a_token_that_expires_on_the_way_leads_to_a_full_reading(world: World) -> None:
    world.tell("set", delta_page=1)
    connector = world.connector()
    start = connector.user_changes("")
    world.tell("user", id="u1", jobTitle="Owner")
    world.tell("user", id="u2", jobTitle="Nurse")
    gone = {"error": {"code": "resyncRequired", "message": "again"}}
    world.fail("status", status=410, path="users/delta", skip=1, body=gone)
    changes = connector.user_changes(start.token)
    assert changes.full
    assert changes.items == truth(connector)


def test_a_directory_that_only_says_expired_is_busy(world: World) -> None:
    connector = world.connector()
    token = connector.user_changes("").token
    world.fail("status", status=410, path="users/delta", times=2, body={"error": {"code": "resyncRequired"}})
    with pytest.raises(Busy) as e:
        connector.user_changes(token)
    assert e.value.code == "expired"


@pytest.mark.parametrize("token", ["https://elsewhere.example/v1.0/users/delta?$deltatoken=x", "x", "groups", "other fields"])
def test_a_token_of_something_else_is_not_called(world: World, token: str) -> None:
    """Nor one for the fields that an earlier version read."""
    connector = world.connector()
    if token == "groups":
        token = connector.group_changes("").token
    if token == "other fields":
        token = f"00000000 {connector.user_changes('').token.partition(' ')[2]}"
    changes = connector.user_changes(token)
    assert changes.full
    assert changes.items == truth(connector)


def test_a_round_that_breaks_keeps_the_old_token(world: World) -> None:
    """What came is used, nothing is removed, and asking again with the old token loses nothing."""
    world.tell("set", delta_page=1)
    connector = world.connector()
    start = connector.user_changes("")
    world.tell("user", id="u1", jobTitle="Owner")
    world.tell("remove", kind="users", id="u2")
    world.fail("status", status=500, path="users/delta", skip=1)
    cut = connector.user_changes(start.token)
    assert (cut.whole, cut.token, sorted(cut.items)) == (False, start.token, ["u1"])
    assert "Page 2" in cut.cut
    known = followed(dict(start.items), cut)
    assert followed(known, connector.user_changes(cut.token)) == truth(connector)


def test_a_malformed_row_is_named_and_keeps_the_old_token(world: World) -> None:
    connector = world.connector()
    start = connector.user_changes("")
    world.tell("user", id="u1", jobTitle="Owner")
    world.fail("mangle", path="users/delta", body={"value": {"userPrincipalName": None}})
    changes = connector.user_changes(start.token)
    assert (changes.whole, changes.token, changes.cut) == (False, start.token, "user u1 has no userPrincipalName")


def test_a_last_page_without_a_delta_link_is_not_whole(world: World) -> None:
    world.fail("mangle", path="users/delta", body={"@odata.deltaLink": None})
    with pytest.raises(Busy) as e:
        world.connector().user_changes("")
    assert e.value.code == "malformed"


@pytest.mark.parametrize("most", [0, 1, 2])
def test_groups_whose_members_changed_are_named(world: World, most: int) -> None:
    """Also where the members are split over rows and pages, of which the later ones have nothing but the id."""
    world.tell("set", split_members=most, delta_page=2)
    connector = world.connector()
    start = connector.group_changes("")
    assert start.whole
    assert start.items == connector.groups().items
    assert start.regrouped == {"g1", "g2", "g3", "g5"}
    world.tell("member", group="g2", id="u4")
    world.tell("member", group="g2", id="u2", out=True)
    world.tell("group", id="g4", description="the east")
    changes = connector.group_changes(start.token)
    assert (sorted(changes.items), changes.regrouped) == (["g2", "g4"], {"g2"})
    assert changes.items["g4"].description == "the east"


def test_someone_who_is_deleted_leaves_his_groups(world: World) -> None:
    connector = world.connector()
    token = connector.group_changes("").token
    world.tell("remove", kind="users", id="u2")
    assert connector.group_changes(token).regrouped == {"g2"}


def test_contacts_are_followed(world: World) -> None:
    connector = world.connector()
    start = connector.contact_changes("")
    assert start.items == connector.contacts().items
    world.tell("contact", id="c2", displayName="Lab East")
    world.tell("remove", kind="contacts", id="c1")
    changes = connector.contact_changes(start.token)
    assert (sorted(changes.items), changes.gone) == (["c2"], {"c1"})


def test_many_rounds_of_change_are_followed_whatever_breaks(world: World) -> None:
    """A mirror kept by changes alone ends as the directory is, with faults at every call on the way."""
    world.tell("set", delta_page=2, replay=True)
    connector = world.connector()
    faults: list[dict[str, Any]] = [
        {"kind": "status", "status": 503}, {"kind": "reset"}, {"kind": "garbage"}, {"kind": "body_cut"},
        {"kind": "throttle"}, {"kind": "status", "status": 410, "body": {"error": {"code": "resyncRequired"}}},
    ]  # fmt: skip
    known: dict[str, User] = {}
    token = ""
    for n in range(24):
        world.tell("user", id=f"n{n % 7}", displayName=f"Name {n}")
        if n % 3 == 0:
            world.tell("remove", kind="users", id=f"n{n % 7}", for_good=n % 2 == 0)
        world.fail(**faults[n % len(faults)], path="users/delta", skip=n % 2)
        try:
            changes = connector.user_changes(token)
        except Failure:
            world.app.faults.clear()
            continue
        world.app.faults.clear()
        known, token = followed(known, changes), changes.token
    changes = connector.user_changes(token)
    assert changes.whole
    assert followed(known, changes) == truth(connector)
    assert replace(changes, token="") != changes
    assert TENANT not in repr(changes)
