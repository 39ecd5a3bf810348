"""Readings of a directory into the mirror, over HTTP against Microsoft's sandbox: whole, cut, followed, torn apart."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from purser.directory import mirror, sources
from purser.directory.models import Group, Source
from purser.flows import ports
from purser.flows.vendor_to_mirror import read
from purser.kernel.errors import Busy, Refused
from purser.notices.models import Notice
from purser.postgres import tenancy
from tests.directory.kit import NOW, World, world
from tests.flows.crashing import run_until


@pytest.fixture
def here() -> Iterator[World]:
    with world() as made:
        yield made


MEMBERS = {"g1": {"u1", "u2", "u5"}, "g2": {"u2", "u5"}, "g3": {"u2", "u5"}, "g4": set(), "g5": {"u1"}}


def test_the_first_reading_shows_users_mailboxes_groups_and_who_is_in_them(here: World) -> None:
    result = here.read()
    assert result is not None
    assert (result.new, result.changed, result.gone, result.cut) == (5, 0, 0, "")
    users = here.users()
    assert {key: row.mailbox for key, row in users.items()} == {"u1": "user", "u2": "", "u3": "", "u4": "", "u5": "shared"}
    ada = users["u1"]
    assert (ada.display_name, ada.department, ada.card["address"]["city"]) == ("Ada Stone", "Surgery", "Bremen")
    assert ada.card["attributes"] == {"extensionAttribute1": "east"}
    assert here.members() == MEMBERS
    source = here.source()
    assert (source.whole, source.cut, source.state, source.stage) == (True, "", "ready", "")
    assert source.read_at == NOW
    assert source.next_at == NOW + timedelta(hours=6)


def test_a_user_comes_back_out_of_the_mirror_as_the_directory_gave_him(here: World) -> None:
    here.read()
    with tenancy.acting_in(here.tenant):
        port = ports.directory(sources.find())
    given = port.users().items
    with tenancy.acting_in(here.tenant):
        assert {user.id: user for user in mirror.present_users()} == given


def test_later_readings_ask_only_for_what_changed(here: World) -> None:
    here.read()
    here.tell("user", id="u1", department="Board")
    here.tell("user", id="u9", displayName="Nina", mail="nina@alder.example")
    here.tell("member", group="g2", id="u9")
    here.tell("remove", kind="users", id="u5")
    here.app.requests.clear()
    result = here.read()
    assert result is not None
    assert (result.new, result.changed, result.gone) == (1, 1, 1)
    assert here.there() == {"u1", "u2", "u3", "u4", "u9"}
    assert here.users()["u1"].department == "Board"
    assert here.users()["u9"].mailbox == ""
    assert here.members()["g1"] - {"u5"} == {"u1", "u2", "u9"}
    asked = [r["path"] for r in here.app.requests]
    assert sum("mailboxSettings" in path for path in asked) == 2  # of those who changed
    assert not any(path.endswith("/users") for path in asked)
    here.app.requests.clear()
    here.read()
    assert not any("transitiveMembers" in r["path"] for r in here.app.requests if "g5" not in r["path"])


def test_mailboxes_are_looked_at_again_once_a_day(here: World) -> None:
    here.read()
    here.tell("mailbox", user="u2", purpose="room")
    here.read()
    assert here.users()["u2"].mailbox == ""
    here.now += timedelta(hours=25)
    here.app.clock.advance(timedelta(hours=25))
    here.read()
    assert here.users()["u2"].mailbox == "room"


def test_an_expired_token_is_read_past_and_whoever_left_meanwhile_is_gone(here: World) -> None:
    here.read()
    here.tell("remove", kind="users", id="u4", for_good=True)
    here.app.clock.advance(timedelta(days=8))
    here.now += timedelta(days=8)
    here.read()
    assert here.there() == {"u1", "u2", "u3", "u5"}


def test_who_comes_back_is_the_same_row(here: World) -> None:
    here.read()
    before = here.users()["u4"].pk
    here.tell("remove", kind="users", id="u4")
    here.read()
    assert here.users()["u4"].gone_at == NOW
    here.tell("user", id="u4", displayName="Back")
    here.read()
    row = here.users()["u4"]
    assert (row.pk, row.gone_at, row.display_name) == (before, None, "Back")


def test_a_reading_that_is_not_whole_makes_nobody_gone(here: World) -> None:
    """Law 2: the second page of a full reading fails, and the explicit removal of another is in a round that broke."""
    here.read()
    here.tell("set", delta_page=1)
    with tenancy.acting_in(here.tenant):
        Source.objects.update(tokens={})
    here.fail("status", status=500, path="users/delta", skip=2)
    result = here.read()
    assert result is not None
    assert "Page" in result.cut
    assert result.gone == 0
    assert here.there() == {"u1", "u2", "u3", "u4", "u5"}
    assert here.members() == MEMBERS
    assert not here.source().whole
    here.read()
    assert here.source().whole


def test_a_user_left_out_by_a_fault_stays_in_his_groups(here: World) -> None:
    here.read()
    here.tell("member", group="g2", id="u2", out=True)
    here.fail("mangle", path="users/delta", body={"value": [{"id": "u1", "userPrincipalName": None}]})
    here.read()
    assert here.there() == {"u1", "u2", "u3", "u4", "u5"}
    assert here.members()["g2"] == {"u2", "u5"}


def test_a_directory_that_names_nobody_at_all_is_not_believed(here: World) -> None:
    here.read()
    with tenancy.acting_in(here.tenant):
        Source.objects.update(tokens={})
    here.fail("mangle", path="users/delta", body={"value": []})
    result = here.read()
    assert result is not None
    assert result.cut == "the directory names no user at all"
    assert here.there() == {"u1", "u2", "u3", "u4", "u5"}


def test_an_empty_group_that_hides_its_members_keeps_those_it_had(here: World) -> None:
    here.read()
    here.tell("consent", client="33333333-aaaa-4000-8000-000000000003", permissions=[
        "User.Read.All", "Group.Read.All", "OrgContact.Read.All", "MailboxSettings.Read",
    ])  # fmt: skip
    here.tell("member", group="g2", id="u4")
    here.read()
    assert here.members()["g5"] == {"u1"}
    with tenancy.acting_in(here.tenant):
        assert not Group.objects.get(key="g5").expanded


def test_a_wrong_secret_pauses_the_source_and_tells_people_once(here: World) -> None:
    here.save(client_secret="wrong")
    for _ in range(2):
        with pytest.raises(Refused):
            here.read()
    source = here.source()
    assert (source.state, source.paused_code, source.stage) == ("paused", "credentials", "")
    with tenancy.acting_in(here.tenant):
        assert Notice.objects.filter(kind="directory_paused").count() == 1
        assert not sources.due(now=NOW + timedelta(days=9))
    assert here.read(cause="rhythm") is None
    here.save(client_secret="s3cret~that-nobody-may-see")
    here.read()
    assert here.source().state == "ready"


def test_a_throttled_reading_pauses_nothing_and_keeps_the_rhythm(here: World) -> None:
    here.read()
    here.fail("status", status=503, path="users/delta")
    with pytest.raises(Busy):
        here.read()
    source = here.source()
    assert (source.state, source.whole) == ("ready", False)
    with tenancy.acting_in(here.tenant):
        assert not sources.due(now=NOW + timedelta(hours=5))
        assert sources.due(now=NOW + timedelta(hours=6))


def test_what_was_read_of_other_settings_is_thrown_away(here: World) -> None:
    here.read()

    def meanwhile(source: Source) -> object:
        port = ports.directory(source)
        here.save(every_hours="12")
        return port

    here.tell("remove", kind="users", id="u4")
    with pytest.raises(sources.Changed):
        read.run(tenant=here.tenant, port_of=meanwhile, clock=lambda: NOW, cause="person")  # type: ignore[arg-type]
    assert "u4" in here.there()
    assert here.source().stage == ""


def test_no_end_of_the_process_leaves_a_mirror_between_two_readings(here: World) -> None:
    """The directory swings between two states; at every third instant of a reading the process ends. Each part is then the old
    or the new one, and the next reading brings the whole."""
    swing(here, 0)
    here.read()
    states = [here.picture()]
    swing(here, 1)
    here.read()
    states.append(here.picture())
    assert states[0][0] != states[1][0]
    assert states[0][1:] != states[1][1:]
    ended, n, state = 0, 1, 0
    while True:
        swing(here, state)
        at = run_until(n, here.read)
        people, *groups = here.picture()
        assert people in (states[0][0], states[1][0]), at.ended
        assert tuple(groups) in (states[0][1:], states[1][1:]), at.ended
        here.read()
        assert here.picture() == states[state], at.ended
        if not at.ended:
            break
        ended, n, state = ended + 1, n + 3, 1 - state
    assert ended > 15


def swing(here: World, state: int) -> None:
    here.tell("user", id="u1", department=("Surgery", "Board")[state])
    here.tell("group", id="g4", displayName=("East", "West")[state])
    here.tell("member", group="g2", id="u4", out=bool(state))
    if state:
        here.tell("remove", kind="users", id="u3")
    else:
        here.tell("user", id="u3", displayName="Guest", mail="g@else.example", userType="Guest")
