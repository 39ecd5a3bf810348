"""Envelopes of twenty calls: their size, throttled parts, lost parts, and lists longer than a page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from purser.connectors.ports.directory import Group, User
from purser.kernel.errors import Busy, Refused
from tests.connectors.test_graph import ALL, CLIENT, TENANT, World, seed, world

__all__ = ["world"]  # the fixture


def crowd(world: World, count: int) -> list[User]:
    users = [{"id": f"m{n:03}", "mail": f"m{n}@alder.example"} for n in range(count)]
    groups = [{"id": f"k{n:03}"} for n in range(45)]
    members = {"k000": [u["id"] for u in users]} | {f"k{n:03}": [users[n % count]["id"]] for n in range(1, 45)}
    tenant = {"grants": {CLIENT: ALL}, "users": users, "groups": groups, "members": members}
    world.app.load_seed({**seed(), "tenants": {TENANT: tenant}})
    return list(world.connector().users().items.values())


def groups(world: World) -> list[Group]:
    return list(world.connector().groups().items.values())


@pytest.mark.parametrize(("count", "calls"), [(1, 1), (19, 1), (20, 1), (21, 2), (60, 3), (61, 4)])
def test_it_asks_twenty_at_a_time(world: World, count: int, calls: int) -> None:
    users = crowd(world, count)
    read = world.connector().mailboxes(users)
    assert read.whole
    assert len(read.items) == count
    assert world.asked("$batch") == calls


def test_it_asks_nothing_for_nobody(world: World) -> None:
    read = world.connector().mailboxes([])
    assert (read.whole, read.items, world.asked("$batch")) == (True, {}, 0)


def test_it_follows_each_list_to_its_end(world: World) -> None:
    users = crowd(world, 30)
    read = world.connector(page_size=4).members(groups(world))
    assert read.whole
    assert read.items["k000"].users == {u.id for u in users}
    assert all(len(read.items[f"k{n:03}"].users) == 1 for n in range(1, 45))


def test_throttled_parts_are_asked_again_after_the_longest_wait_and_only_they(world: World) -> None:
    users = crowd(world, 20)
    world.tell("throttle", path="m003/mailbox", retry_after="2")
    world.tell("throttle", path="m011/mailbox", retry_after="9")
    read = world.connector().mailboxes(users)
    assert read.whole
    assert len(read.items) == 20
    assert world.slept == [9.0]
    assert world.asked("mailboxSettings") == 22


def test_it_waits_longer_each_time_when_graph_does_not_say_how_long(world: World) -> None:
    users = crowd(world, 3)
    world.tell("throttle", path="m001/mailbox", times=3, retry_after=None)
    assert world.connector().mailboxes(users).whole
    assert world.slept == [1.0, 2.0, 4.0]


def test_it_does_not_wait_for_ever(world: World) -> None:
    users = crowd(world, 25)
    world.tell("throttle", path="m001/mailbox", times=10_000, retry_after="50")
    read = world.connector().mailboxes(users)
    assert world.slept == [50.0, 50.0]
    assert not read.whole
    assert "m001" not in read.items
    assert "asks to wait 50 s" in read.cut


def test_no_wait_at_all_does_not_turn_into_a_loop(world: World) -> None:
    users = crowd(world, 2)
    world.tell("throttle", path="m001/mailbox", times=1_000_000, retry_after="0")
    read = world.connector().mailboxes(users)
    assert not read.whole
    assert len(world.slept) < 200


def test_a_throttled_envelope_is_waited_for_too(world: World) -> None:
    users = crowd(world, 5)
    world.fail("throttle", path="batch", retry_after="3")
    assert world.connector().mailboxes(users).whole
    assert world.slept == [3.0]


def test_it_reads_on_when_the_allowance_is_used_up(world: World) -> None:
    """The vendor's own bucket: five units for each list of members; waiting moves the clock."""
    crowd(world, 30)
    asked = groups(world)
    world.tell("set", units=60)
    read = world.connector(pause=lambda seconds: world.app.clock.advance(timedelta(seconds=seconds))).members(asked)
    assert read.whole
    assert len(read.items) == 45


def test_a_part_that_failed_is_missing_and_the_others_are_there(world: World) -> None:
    users = crowd(world, 3)
    world.fail("mangle", path="batch", body={"responses": {"status": 503, "body": {"error": {"code": "x"}}}})
    read = world.connector().mailboxes(users)
    assert len(read.items) == 2
    assert not read.whole
    assert "503" in read.cut


NONSENSE: list[dict[str, Any]] = [
    {"id": "77"}, {"id": None}, {"status": "200"}, {"status": True}, {"status": 0}, {"body": None}, {"body": [1]},
    {"body": {"value": 7}},
]  # fmt: skip


@pytest.mark.parametrize("broken", NONSENSE)
def test_a_part_that_makes_no_sense_is_nothing_we_know(world: World, broken: dict[str, Any]) -> None:
    users = crowd(world, 3)
    world.fail("mangle", path="batch", body={"responses": broken})
    read = world.connector().mailboxes(users)
    assert len(read.items) == 2
    assert not read.whole


def test_an_envelope_that_fails_at_once_is_said(world: World) -> None:
    users = crowd(world, 3)
    world.fail("status", path="batch", status=503)
    with pytest.raises(Busy):
        world.connector().mailboxes(users)
    world.fail("ok_error_body", path="batch", body={"responses": {}})
    with pytest.raises(Busy):
        world.connector().mailboxes(users)


def test_a_later_envelope_that_fails_leaves_what_was_read(world: World) -> None:
    users = crowd(world, 50)
    world.fail("reset", path="batch", skip=1)
    read = world.connector().mailboxes(users)
    assert len(read.items) == 20
    assert not read.whole


def test_a_group_whose_second_page_failed_is_left_out(world: World) -> None:
    crowd(world, 30)
    world.fail("reset", path="batch", skip=2)
    read = world.connector(page_size=20).members(groups(world))
    assert not read.whole
    assert "k000" not in read.items
    assert len(read.items) == 39  # the other five were asked in the envelope that broke


def test_a_part_may_not_lead_to_another_host(world: World) -> None:
    crowd(world, 2)
    away = {"body": {"@odata.nextLink": "http://127.0.0.1:9/v1.0/groups/k000/transitiveMembers?x=1"}}
    world.fail("mangle", path="batch", body={"responses": away})
    read = world.connector().members(groups(world)[:3])
    assert not read.whole
    assert len(read.items) == 2
    assert "another address" in read.cut


def test_members_that_may_not_be_read_at_all_are_refused(world: World) -> None:
    crowd(world, 2)
    asked = groups(world)[:2]
    world.tell("consent", client=CLIENT, permissions=["User.Read.All"])
    with pytest.raises(Refused) as e:
        world.connector().members(asked)
    assert e.value.code == "permission"
