"""Who is in a collection, and what is not known of it. Rows CS-21 to CS-24."""

from __future__ import annotations

from typing import Any

import pytest

from purser.directory import collections
from purser.directory.collections import Draft
from purser.directory.models import Collection, Item
from purser.kernel.errors import Missing, Refused
from purser.postgres import ids
from tests.access import kit
from tests.directory.licensing import Here


@pytest.fixture
def here() -> Here:
    return Here()


def names(here: Here, *chosen: Any) -> set[str]:
    from purser.directory.models import User

    with here.acting():
        found = collections.inside(chosen).users
        return set(User.objects.filter(pk__in=found).values_list("display_name", flat=True))


def test_only_those_who_are_there_and_switched_on_count(here: Here) -> None:
    people = [here.user("Ada"), here.user("Off", enabled=False), here.user("Gone", gone_at=here.at)]
    made = here.collection(users=people)
    assert names(here, made) == {"Ada"}
    with here.acting():
        assert collections.inside([made]).others == 2


def test_whom_one_collection_leaves_out_may_be_in_by_another(here: Here) -> None:
    ada, _ = here.user("Ada"), here.user("Ben")
    first = here.collection("First", all_mailboxes=True, no_users=[ada])
    second = here.collection("Second", users=[ada])
    assert names(here, first) == {"Ben"}
    assert names(here, first, second) == {"Ada", "Ben"}


def test_a_user_named_and_in_a_group_that_is_left_out_is_left_out(here: Here) -> None:
    ada = here.user("Ada")
    assert names(here, here.collection(users=[ada], no_groups=[here.group("Interns", [ada])])) == set()


def test_a_group_of_ours_is_asked_by_its_expression(here: Here) -> None:
    here.user("Ada", department="Sales")
    ben = here.user("Ben", department="Stock")
    ours = here.group("Sales", key="", kind="dynamic", expression='department = "Sales"', expanded=False)
    made = here.collection(groups=[ours])
    assert names(here, made) == {"Ada"}
    here.change(ben, department="Sales")
    assert names(here, made) == {"Ada", "Ben"}
    with here.acting():
        assert collections.inside([made]).cut == ""


@pytest.mark.parametrize(
    ("group", "words"),
    [
        ({"gone_at": kit.now()}, "The group Staff is no longer in the directory"),
        ({"expanded": False}, "Not all members of the group Staff are known"),
        ({"hides_members": True}, "The directory hides who is in the group Staff"),
    ],
)
def test_it_says_of_a_group_whose_members_are_not_known_that_it_is_so(here: Here, group: dict[str, Any], words: str) -> None:
    row = here.group("Staff", **group)
    into, out = here.collection("In", groups=[row]), here.collection("Out", no_groups=[row])
    with here.acting():
        assert words in collections.inside([into]).cut
        assert collections.inside([into]).loose == ""
        assert words in collections.inside([out]).loose
        assert collections.inside([out]).cut == ""


def test_it_says_that_the_directory_was_not_read_or_not_whole(here: Here) -> None:
    never = Here(read=False)
    with never.acting():
        assert collections.inside([never.collection()]).cut == "No directory has been read yet."
    made = here.collection()
    here.read(whole=False, cut="Page 3 failed.")
    with here.acting():
        assert collections.inside([made]).cut == "The directory was not read as a whole: Page 3 failed."


def test_saving_keeps_the_rows_that_stay_and_tells_before_and_after(here: Here) -> None:
    ada, ben, cleo = here.user("Ada"), here.user("Ben"), here.user("Cleo")
    made = here.collection(users=[ada, ben])
    with here.acting():
        kept = Item.objects.get(user=ada).pk
        wanted = Draft("Staff", users=(ada.pk, cleo.pk), no_users=(ben.pk,))
        collections.change(here.actor, made, wanted, version=1, now=here.clock())
        assert Item.objects.get(user=ada).pk == kept
        assert collections.draft(collections.one(made)) == wanted
    (act,) = kit.acts_of(here.organisation, "collections.edit")
    assert (act.before["users"], act.after["users"], act.after["left_out"]) == (["Ada", "Ben"], ["Ada", "Cleo"], ["Ben"])


def test_nobody_is_in_and_left_out_at_once_and_only_so_many_are_named(here: Here) -> None:
    ada = here.user("Ada").pk
    with here.acting():
        with pytest.raises(Refused, match="Ada is both in the collection and left out"):
            collections.make(here.actor, Draft("S", users=(ada,), no_users=(ada,)), now=here.at)
        with pytest.raises(Refused, match="401 users and groups are named; a collection names at most 400"):
            collections.make(here.actor, Draft("S", users=tuple(ids.new() for _ in range(401))), now=here.at)
        with pytest.raises(Missing):
            collections.make(here.actor, Draft("S", groups=(ada,)), now=here.at)
        assert Collection.objects.count() == 0


def test_two_who_take_one_name_at_the_same_moment_have_one_collection(here: Here) -> None:
    def make(name: str) -> Any:
        def call() -> str:
            with here.acting():
                return str(collections.make(here.actor, Draft(name), now=here.at).name)

        return call

    answers = kit.at_once(make("Staff"), make("STAFF"))
    assert sorted(type(one).__name__ for one in answers) == ["Refused", "str"]
    with here.acting():
        assert Collection.objects.count() == 1
