"""Sign-in at Graph, what a customer consented to, and what may not be looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from purser.kernel.errors import Refused
from tests.connectors.test_graph import ALL, CLIENT, SECRET, TENANT, World, world

__all__ = ["world"]  # the fixture

# Sign-in and consent


def test_it_signs_in_once_and_again_when_the_token_ends(world: World) -> None:
    connector = world.connector()
    for _ in range(3):
        connector.users()
    assert world.asked("token") == 1
    world.app.clock.advance(timedelta(seconds=3400))
    connector.users()
    assert world.asked("token") == 2


def test_a_token_that_ended_early_is_renewed_once(world: World) -> None:
    connector = world.connector()
    connector.users()
    world.tell("revoke")
    assert connector.users().whole
    assert world.asked("token") == 2
    world.fail("status", status=401, path="/users", times=2, body={"error": {"code": "InvalidAuthenticationToken"}})
    with pytest.raises(Refused) as e:
        connector.users()
    assert e.value.code == "credentials"
    assert world.asked("token") == 3


@pytest.mark.parametrize(
    ("verb", "data", "code"),
    [
        ("secret", {"client": CLIENT, "secret": "another"}, "credentials"),
        ("secret", {"client": CLIENT, "expired": True}, "credentials"),
        ("consent", {"client": CLIENT, "permissions": None}, "consent"),
        ("consent", {"client": CLIENT, "permissions": ["Group.Read.All"]}, "permission"),
    ],
)
def test_it_tells_wrong_secrets_missing_consent_and_missing_permissions_apart(
    world: World, verb: str, data: dict[str, Any], code: str
) -> None:
    world.tell(verb, **data)
    with pytest.raises(Refused) as e:
        world.connector().users()
    assert e.value.code == code
    assert SECRET not in f"{e.value.text} {e.value.hint}"
    if code != "credentials":
        assert f"{TENANT}/adminconsent?client_id={CLIENT}" in e.value.hint
    if code == "permission":
        assert "User.Read.All" in e.value.hint
    tested = world.connector().test()
    assert (tested.ok, tested.code) == (False, code)


def test_consent_that_was_withdrawn_while_signed_in_is_said(world: World) -> None:
    connector = world.connector()
    connector.users()
    world.tell("consent", client=CLIENT, permissions=None)
    with pytest.raises(Refused) as e:
        connector.users()
    assert e.value.code == "consent"


def test_a_directory_nobody_knows_is_said(world: World) -> None:
    with pytest.raises(Refused) as e:
        world.connector(directory="cedar.example").users()
    assert (e.value.code, "cedar.example" in e.value.text) == ("tenant", True)


def test_the_test_names_every_permission_that_is_lacking(world: World) -> None:
    world.tell("consent", client=CLIENT, permissions=["User.Read.All"])
    tested = world.connector().test()
    assert tested.code == "permission"
    assert "lacks MailboxSettings.Read, Group.Read.All, OrgContact.Read.All" in tested.text


def test_a_user_of_whom_only_the_basics_may_be_read_is_left_out(world: World) -> None:
    world.fail("mangle", path="/users$", body={"value": {"accountEnabled": None}})
    read = world.connector().users()
    assert "u1" not in read.items
    assert len(read.items) == 4
    assert not read.whole
    assert "user u1 does not say whether it is enabled" in read.cut


# What may not be looked at


def test_mailboxes_that_a_policy_keeps_from_us_leave_the_reading_not_whole(world: World) -> None:
    connector = world.connector()
    users = connector.users().items
    world.tell("close_mailboxes", users=["u5"])
    read = connector.mailboxes(users.values())
    assert sorted(read.items) == ["u1"]
    assert not read.whole
    assert "1 mailboxes may not be looked at" in read.cut


def test_mailboxes_that_are_all_refused_are_a_missing_permission(world: World) -> None:
    connector = world.connector()
    users = connector.users().items
    world.tell("consent", client=CLIENT, permissions=["User.Read.All"])
    with pytest.raises(Refused) as e:
        connector.mailboxes(users.values())
    assert (e.value.code, "MailboxSettings.Read" in e.value.hint) == ("permission", True)


def test_a_hidden_group_that_looks_empty_is_not_believed(world: World) -> None:
    connector = world.connector()
    groups = connector.groups().items
    world.tell("consent", client=CLIENT, permissions=ALL[:4])
    read = connector.members(groups.values())
    assert sorted(read.items) == ["g1", "g2", "g3", "g4"]
    assert not read.whole
    assert "Member.Read.Hidden" in read.cut


def test_a_group_that_is_gone_is_left_out_of_the_members(world: World) -> None:
    connector = world.connector()
    groups = connector.groups().items
    world.tell("remove", kind="groups", id="g2")
    read = connector.members(groups.values())
    assert "g2" not in read.items
    assert not read.whole
    alone = connector.members([groups["g2"]])
    assert (alone.items, alone.whole) == ({}, False)
    assert "g2" in alone.cut
