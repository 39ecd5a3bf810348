"""Who is in a group, for those that decide by it: the directory's as read, ours by their expression, at any time."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from purser.directory import groups, mirror
from purser.directory.models import Group, User
from purser.flows import ports
from purser.kernel.errors import Missing, Refused
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.partners.kit import Chain, chain

FILE = b"""Mail,Display name,Department,Groups,extensionAttribute2,Country
ada@alder.example,Ada,Sales,Staff,east,Germany
ben@alder.example,Ben,Surgery,Staff,west,Germany
eve@alder.example,Eve,Sales,,east,France
"""


@pytest.fixture
def made() -> Chain:
    made = chain()
    table = ports.table(FILE, kit.now())
    with tenancy.acting_in(made.customer.pk):
        mirror.write_users(mirror.users(mirror.all_of(table.users())), now=kit.now())
        read = mirror.all_of(table.groups())
        mirror.write_groups(mirror.groups(read), now=kit.now())
        mirror.write_members(table.members(list(read.items.values())).items, asked=list(read.items), drop=True)
    return made


def make(made: Chain, name: str, expression: str) -> UUID:
    with tenancy.acting_in(made.customer.pk):
        return groups.make(made.as_admin(), name=name, expression=expression, now=kit.now()).pk


def names(made: Chain, *ids_of: UUID) -> list[set[str]]:
    with tenancy.acting_in(made.customer.pk):
        found = groups.members_of(ids_of)
        known = dict(User.objects.values_list("pk", "display_name"))
        return [{known[one] for one in found[id]} for id in ids_of]


def staff(made: Chain) -> UUID:
    with tenancy.acting_in(made.customer.pk):
        found: UUID = Group.objects.get(name="Staff").pk
        return found


def test_both_kinds_answer_at_once_and_an_unknown_one_is_empty(made: Chain) -> None:
    east = make(made, "East", 'extensionAttribute2 = "EAST" and country != "France"')
    assert names(made, staff(made), east, ids.new()) == [{"Ada", "Ben"}, {"Ada"}, set()]


def test_joiners_and_leavers_follow_without_a_touch_of_the_group(made: Chain) -> None:
    sales = make(made, "Sales", 'department = "Sales"')
    with tenancy.acting_in(made.customer.pk):
        User.objects.filter(display_name="Ben").update(department="sales")
        User.objects.filter(display_name="Ada").update(gone_at=kit.now())
    assert names(made, sales, staff(made)) == [{"Ben", "Eve"}, {"Ben"}]


def test_nobody_is_in_a_group_that_is_gone(made: Chain) -> None:
    with tenancy.acting_in(made.customer.pk):
        Group.objects.filter(name="Staff").update(gone_at=kit.now())
    assert names(made, staff(made)) == [set()]


def test_a_group_of_another_tenant_is_no_group(made: Chain) -> None:
    other = chain(name="Birch Law")
    theirs = make(other, "Theirs", "enabled = true")
    assert names(made, theirs) == [set()]
    with tenancy.acting_in(made.customer.pk), pytest.raises(Missing):
        groups.find(theirs)


def test_an_expression_at_its_longest_is_read_again_as_it_was_typed(made: Chain) -> None:
    """Our spelling of it would be longer than what may be typed."""
    text = " or ".join(['city="x"'] * 160)
    assert len(text) <= 2_000
    row = make(made, "Long", text)
    assert names(made, row) == [set()]


@pytest.mark.parametrize(("name", "expression"), [("", "enabled = true"), ("x" * 101, "enabled = true"), ("A", "nonsense")])
def test_it_keeps_nothing_of_a_group_that_cannot_be(made: Chain, name: str, expression: str) -> None:
    with pytest.raises(Refused):
        make(made, name, expression)
    with tenancy.acting_in(made.customer.pk):
        assert not Group.objects.filter(key="").exists()


def test_ten_thousand_users_are_written_in_sets(made: Chain) -> None:
    rows = "".join(f"u{n}@alder.example,User {n},Sales,Everybody,,\n" for n in range(10_000))
    table = ports.table(FILE + rows.encode(), kit.now())
    with tenancy.acting_in(made.customer.pk), CaptureQueriesContext(connection) as asked:
        mirror.write_users(mirror.users(mirror.all_of(table.users())), now=kit.now())
        read = mirror.all_of(table.groups())
        mirror.write_groups(mirror.groups(read), now=kit.now())
        mirror.write_members(table.members(list(read.items.values())).items, asked=list(read.items), drop=True)
    assert len(asked) < 40
    with tenancy.acting_in(made.customer.pk):
        assert User.objects.count() == 10_003
        assert len(groups.members_of([Group.objects.get(name="Everybody").pk]).popitem()[1]) == 10_000
