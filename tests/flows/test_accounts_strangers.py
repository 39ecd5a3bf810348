"""Tenants at the vendor that no account has: kept by every comparison, adopted or ignored.

Source: issue of vendors' tenants, section 4.
"""

from __future__ import annotations

import pytest

from purser.flows.accounts_to_vendor import comparing, handling
from purser.jobs import provisioning as jobs
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.provisioning import strangers
from purser.provisioning.models import Stranger
from tests.access import kit
from tests.flows.desk import boss, ids_of, standing, told
from tests.flows.desk import rig as rig
from tests.flows.vendor import MSP, Rig


def compare(rig: Rig) -> list[str]:
    """The names that are open after a comparison."""
    found = comparing.compare(provider=rig.distributor.pk, instance_id=rig.instance.pk, clock=rig.clock)
    return [row.name for row in found.strangers]


def kept(rig: Rig) -> dict[str, Stranger]:
    with tenancy.acting_in(rig.distributor.pk):
        return {row.name: row for row in Stranger.objects.filter(instance=rig.instance).select_related("instance")}


def ignore(rig: Rig, name: str, why: str = "A test of ours") -> Stranger:
    row = kept(rig)[name]
    with tenancy.acting_in(rig.distributor.pk):
        return strangers.ignore(boss(rig), row.pk, why=why, now=rig.at)


def test_the_hourly_comparison_keeps_what_nobody_has(rig: Rig) -> None:
    above, direct = rig.standing_reseller(), standing(rig)
    rig.tell("tenant", name="Unknown", kind="customer", parent_id=MSP)
    rig.tell("tenant", name="Below", kind="customer", parent_id=rig.again(above).remote)
    rig.tell("tenant", name="Unit", kind="unit", parent_id=rig.again(direct).remote)
    jobs.compare(str(rig.distributor.pk), str(rig.instance.pk))
    assert {name: row.state for name, row in kept(rig).items()} == {"Below": "open", "Unknown": "open"}
    assert compare(rig) == ["Below", "Unknown"]


def test_one_whose_answer_was_lost_is_ours(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.fail("timeout_after", seconds=1.0, path=r"/tenants$", method="POST")
    rig.run(account)
    assert (rig.again(account).remote, len(rig.there(account)), compare(rig)) == ("", 1, [])


def test_what_is_ignored_is_not_told_again_as_long_as_it_is_there(rig: Rig) -> None:
    standing(rig)
    there = rig.tell("tenant", name="Unknown", kind="customer", parent_id=MSP)
    compare(rig)
    with pytest.raises(Refused, match="Say why"):
        ignore(rig, "Unknown", " ")
    ignore(rig, "Unknown")
    assert told(rig.distributor.pk, "accounts.decide") == ["Ignored the tenant Unknown at Acronis EU"]
    rig.tell("tenant", id=there["id"], name="Renamed")
    assert (compare(rig), kept(rig)["Renamed"].state) == ([], "ignored")
    with pytest.raises(Refused, match="is ignored already"):
        ignore(rig, "Renamed")
    rig.tell("remove", tenant=there["id"])
    assert (compare(rig), kept(rig)["Renamed"].state) == ([], "gone")
    with pytest.raises(Missing):
        ignore(rig, "Renamed")


def test_a_cut_list_says_of_none_that_it_is_gone(rig: Rig) -> None:
    """Law 2."""
    standing(rig)
    there = rig.tell("tenant", name="Unknown", kind="customer", parent_id=MSP)
    compare(rig)
    rig.tell("remove", tenant=there["id"])
    rig.tell("set", page_loop=True)
    compare(rig)
    assert kept(rig)["Unknown"].state == "open"


def test_it_is_adopted_for_one_who_stands_under_the_same_parent(rig: Rig) -> None:
    above = rig.standing_reseller()
    account, below = rig.synced(rig.direct), rig.synced(rig.customer)
    rig.tell("tenant", name="Birch at Acronis", kind="customer", parent_id=MSP)
    rig.tell("tenant", name="Alder at Acronis", kind="customer", parent_id=rig.again(above).remote)
    rig.tell("tenant", name="Some partner", kind="partner", parent_id=MSP)
    compare(rig)
    actor, rows = boss(rig), kept(rig)
    assert [row.pk for row in strangers.candidates(actor, rows["Birch at Acronis"])] == [account.pk]
    assert [row.pk for row in strangers.candidates(actor, rows["Alder at Acronis"])] == [below.pk]
    assert strangers.candidates(actor, rows["Some partner"]) == []
    handling.adopt(actor, *ids_of(account), rows["Birch at Acronis"].remote, clock=rig.clock)
    assert kept(rig)["Birch at Acronis"].state == "adopted"
    assert compare(rig) == ["Alder at Acronis", "Some partner"]


def test_another_provider_sees_none_of_it(rig: Rig) -> None:
    standing(rig)
    rig.tell("tenant", name="Unknown", kind="customer", parent_id=MSP)
    compare(rig)
    other, row = kit.distributor("Other"), kept(rig)["Unknown"]
    with tenancy.acting_in(other.pk), pytest.raises(Missing):
        strangers.ignore(kit.actor(other), row.pk, why="Not mine", now=rig.at)
