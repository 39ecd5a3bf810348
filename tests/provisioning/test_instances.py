"""Instances of vendors: several of a kind by their names, secrets in the vault, tests that say what the vendor says, roles.

Rows AC-1, AC-2, F-9; reliability P25, P27.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from purser.access import testing as often
from purser.access import vault
from purser.connectors.ports.tested import Tested
from purser.flows import ports
from purser.flows.accounts_to_vendor import testing
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.provisioning import instances
from purser.provisioning.instances import OF_TABLE, Wanted
from purser.provisioning.models import Instance
from tests.access import kit
from tests.connectors.acronis import SECRET
from tests.provisioning.kit import World
from tests.provisioning.kit import world as made_world


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        yield made


def change(world: World, wanted: Wanted, row: Instance | None = None) -> instances.Saved:
    with tenancy.acting_in(world.made.distributor.pk):
        held = instances.find((row or world.instance).pk)
        return instances.change(world.provider, held.pk, wanted, version=held.version, now=kit.now())


def read(world: World) -> Instance:
    with tenancy.acting_in(world.made.distributor.pk):
        return instances.find(world.instance.pk)


def refused(world: World, wanted: Wanted) -> str:
    with pytest.raises(Refused) as failure:
        change(world, wanted)
    return failure.value.code


def test_two_of_one_kind_are_told_apart_by_name_and_no_name_stands_twice(world: World) -> None:
    second = world.another("Acronis EU")
    assert second.pk != world.instance.pk
    with pytest.raises(Refused) as failure:
        world.another("aCRONIS eu")
    assert failure.value.code == "name_taken"
    assert refused(world, world.wanted("Acronis EU")) == "name_taken"
    with tenancy.acting_in(world.made.distributor.pk):
        assert [row.name for row in instances.every()] == ["Acronis", "Acronis EU"]


def test_a_secret_is_in_the_vault_and_nowhere_else(world: World) -> None:
    row = read(world)
    assert SECRET not in str(row.settings)
    with tenancy.acting_in(row.tenant_id):
        assert vault.reveal(OF_TABLE, row.pk, "client_secret") == SECRET
        kept = {one.field.name: (one.value, one.kept) for one in instances.settings(row.kind, row)}
    assert kept["client_secret"] == ("", True)
    assert SECRET not in kit.everything_stored()


def test_a_secret_left_empty_stays_and_another_address_forgets_it(world: World) -> None:
    saved = change(world, world.wanted("Renamed", client_secret=""))
    assert (saved.wiped, saved.lacking, saved.instance.state) == ((), (), "ready"), "a new name is nothing to test again"
    saved = change(world, world.wanted("Renamed", client_secret="", client_id="another"))
    assert (saved.wiped, saved.lacking, saved.instance.state) == (("Client secret",), ("Client secret",), "new")
    with tenancy.acting_in(world.made.distributor.pk), pytest.raises(Refused) as failure:
        instances.to_test(world.provider, world.instance.pk, now=kit.now())
    assert failure.value.code == "lacking"


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("name", {"name": " "}),
        ("address", {"values": {"url": "https://evil.example", "client_id": "x"}}),
        ("empty", {"values": {}}),
        ("setting", {"values": {"url": "", "client_id": "x", "colour": "red"}}),
        ("long", {"values": {"url": "", "client_id": "x" * 501}}),
        ("drift_policy", {"drift_policy": "hope"}),
        ("roles", {"roles": {"partner": ["one two three"]}}),
        ("roles", {"roles": {"folder": ["one"]}}),
        ("roles", {"roles": {"partner": [f"role{n}" for n in range(21)]}}),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_changes(world: World, code: str, more: dict[str, Any]) -> None:
    before = vars(read(world)) | {"_state": None}
    assert refused(world, replace(world.wanted(), **more)) == code
    assert vars(read(world)) | {"_state": None} == before


def test_roles_are_kept_by_kind_of_tenant_once_each_and_empty_means_the_usual(world: World) -> None:
    lines = ["readonly_admin", " protection_ro_admin   backup ", "", "readonly_admin"]
    row = change(world, replace(world.wanted(), roles={"partner": lines, "customer": [" "]})).instance
    assert row.roles == {"partner": [["readonly_admin", ""], ["protection_ro_admin", "backup"]]}
    assert instances.lines(row.roles, "partner") == ["readonly_admin", "protection_ro_admin backup"]


def test_a_test_keeps_the_vendors_words_and_wrong_credentials_pause_it_until_one_succeeds(world: World) -> None:
    assert read(world).tested_text == "Acronis: partner tenant Harbour IT."
    change(world, world.wanted(client_secret="wrong"))
    result = testing.test(world.provider, world.instance.pk, port_of=ports.accounts, now=kit.now())
    row = read(world)
    assert (result.ok, row.state, row.paused_code) == (False, "paused", "credentials")
    assert row.paused_text == result.text[:500]
    with pytest.raises(Refused, match="paused"):
        instances.usable(row)
    change(world, world.wanted())
    assert testing.test(world.provider, world.instance.pk, port_of=ports.accounts, now=kit.now()).ok
    assert (read(world).state, read(world).paused_text) == ("ready", "")


def test_a_person_pauses_it_and_says_why(world: World) -> None:
    with tenancy.acting_in(world.made.distributor.pk):
        row = instances.pause(world.provider, world.instance.pk, why="moving", now=kit.now())
        with pytest.raises(Refused):
            instances.pause(world.provider, world.instance.pk, why="again", now=kit.now())
    assert (row.state, row.paused_code) == ("paused", "person")
    assert "moving" in read(world).paused_text


def test_it_is_tested_ten_times_an_hour_at_most_whoever_does_it(world: World) -> None:
    now, left = kit.now(), often.PER_HOUR - 1  # the world tested it once
    for _ in range(left):
        assert testing.test(world.provider, world.instance.pk, port_of=ports.accounts, now=now).ok
    world.calls()
    with pytest.raises(often.TooManyTests):
        testing.test(world.provider, world.instance.pk, port_of=ports.accounts, now=now)
    assert world.calls() == []
    later = now + timedelta(hours=1, minutes=1)
    assert testing.test(world.provider, world.instance.pk, port_of=ports.accounts, now=later).ok


def test_the_answer_of_a_test_is_not_kept_for_settings_that_changed_meanwhile(world: World) -> None:
    before = read(world)
    change(world, world.wanted(client_id="another"))
    with tenancy.acting_in(before.tenant_id), pytest.raises(Refused) as failure:
        instances.keep_test(world.provider, before.pk, result=Tested(True, "fine"), version=before.version, now=kit.now())
    assert (failure.value.code, read(world).state) == ("version", "new")


def test_nobody_else_finds_it_and_each_change_is_an_act_without_the_secret(world: World) -> None:
    with tenancy.acting_in(world.made.reseller.pk), pytest.raises(Missing):
        instances.find(world.instance.pk)
    change(world, world.wanted("Renamed"))
    made, changed = kit.acts_of(world.made.distributor, "instances.write")
    assert (made.summary, changed.summary) == ("Made the instance Acronis", "Changed the instance Renamed")
    assert (changed.before["name"], changed.after["name"]) == ("Acronis", "Renamed")
    assert SECRET not in str([vars(act) for act in (made, changed)])
