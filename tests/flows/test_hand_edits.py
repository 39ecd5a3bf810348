"""Somebody changes units in the PSA: three counts, who wins, and the record. Source: acceptance ID-30."""

from __future__ import annotations

from datetime import date

import pytest

from purser.kernel.errors import Refused
from purser.links import drift, receipts
from purser.links.models import Link
from purser.postgres import ids, tenancy
from tests.flows import rig
from tests.make import World

TODAY = date(2026, 7, 11)
AUGUST = date(2026, 8, 1)
both = pytest.mark.parametrize("psa", rig.PSAS)


@both
def test_a_hand_edit_is_asked_about_and_not_overwritten(psa: str) -> None:
    """Source: ID-30."""
    with rig.world(psa) as world:
        link = rig.linked(world, psa)
        rig.edit(world, psa, 5)
        before = len(rig.writes(world))
        rig.later(world, passes=3)
        [found] = rig.drifts(world)
        assert found.state == "open"
        assert [found.marketplace_units, found.expected_units, found.psa_units] == [8, 8, 5]
        assert rig.again(world, link).state == "waiting"
        assert len(rig.writes(world)) == before
        with tenancy.acting_in(world.tenant):
            drift.decide(found.pk, decision="marketplace", by=ids.new(), now=world.clock(), on=TODAY)
        rig.later(world, passes=3)
        assert rig.units(world, rig.SERVICES[psa], AUGUST) == 8
        [found] = rig.drifts(world)
        assert found.state == "healed"
        assert found.receipt_id == rig.receipts(world, link)[-1].pk
        assert rig.again(world, link).state == "in_step"
        assert rig.problems(world) == []


@both
def test_a_hand_edit_is_accepted_where_the_psa_wins_and_later_changes_add_to_it(psa: str) -> None:
    with rig.world(psa, drift_policy="psa") as world:
        link = rig.linked(world, psa)
        rig.edit(world, psa, 5)
        rig.later(world, passes=2)
        assert [d.state for d in rig.drifts(world)] == ["accepted"]
        assert rig.again(world, link).offset == -3
        assert rig.again(world, link).state == "in_step"
        world.clock.go(days=1)
        rig.set_count(world, 10)
        rig.later(world, passes=2)
        assert rig.units(world, rig.SERVICES[psa], world.clock().date()) == 7
        assert rig.problems(world) == []


@both
def test_a_hand_edit_is_healed_where_the_marketplace_wins(psa: str) -> None:
    with rig.world(psa, drift_policy="marketplace") as world:
        link = rig.linked(world, psa)
        world.clock.go(days=1)
        rig.edit(world, psa, 5)
        rig.later(world, passes=2)
        assert [d.state for d in rig.drifts(world)] == ["healed"]
        assert rig.units(world, rig.SERVICES[psa], world.clock().date()) == 8
        assert rig.receipts(world, link)[-1].healing
        assert rig.problems(world) == []


@both
def test_a_healing_that_shows_only_later_is_still_a_healing(psa: str) -> None:
    with rig.world(psa, drift_policy="marketplace") as world:
        link = rig.linked(world, psa)
        world.clock.go(days=1)
        rig.edit(world, psa, 5)
        world.psa("lag", seconds=50)
        world.clock.go(minutes=2)
        world.step()
        assert rig.receipts(world, link)[-1].state == "accepted"
        rig.later(world, passes=3)
        assert [d.state for d in rig.drifts(world)] == ["healed"]
        assert rig.problems(world) == []


@both
def test_a_hand_edit_that_is_taken_back_is_closed(psa: str) -> None:
    with rig.world(psa) as world:
        link = rig.linked(world, psa)
        rig.edit(world, psa, 5)
        rig.later(world, passes=1)
        rig.edit(world, psa, 8)
        rig.set_count(world, 9)
        rig.later(world, passes=2)
        assert [(d.state, d.decision) for d in rig.drifts(world)] == [("adopted", "taken back")]
        assert rig.units(world, rig.SERVICES[psa], AUGUST) == 9
        assert rig.again(world, link).state == "in_step"


def half_done(world: World) -> Link:
    """From 8 to 9 at ConnectWise: the new addition is there, and the old one was not ended."""
    link = rig.linked(world, "connectwise")
    world.clock.go(days=1)
    rig.set_count(world, 9)
    world.psa("faults", kind="timeout_before", seconds=0.02, method="PATCH", path="(?i)additions")
    world.step()
    world.psa("faults", clear=True)
    return link


def test_our_own_change_half_done_is_no_hand_edit() -> None:
    """8 and 9 are not 17, whoever wins."""
    with rig.world("connectwise", drift_policy="psa") as world:
        link = half_done(world)
        assert rig.units(world, rig.SERVICES["connectwise"], AUGUST) == 17
        rig.later(world, passes=1)
        assert rig.units(world, rig.SERVICES["connectwise"], AUGUST) == 9
        assert (rig.drifts(world), rig.again(world, link).offset) == ([], 0)
        rig.later(world, passes=1)
        assert rig.again(world, link).state == "in_step"
        assert (rig.drifts(world), rig.again(world, link).offset) == ([], 0)
        assert rig.problems(world) == []


def test_what_purser_can_finish_by_itself_is_no_persons_to_decide() -> None:
    with rig.world("connectwise", drift_policy="psa") as world:
        link = half_done(world)
        world.psa("faults", kind="garbage", method="GET", path="(?i)additions")
        rig.later(world, passes=1)
        world.psa("faults", clear=True)
        unsure = rig.receipts(world, link)[-1]
        with tenancy.acting_in(world.tenant), pytest.raises(Refused, match="not looked into the PSA itself"):
            receipts.decide(unsure.pk, applied=True, now=world.clock())
        rig.later(world, passes=2)
        assert [r.state for r in rig.receipts(world, link)] == ["done", "done"]
        assert rig.again(world, link).state == "in_step"


@both
def test_a_hand_edit_that_equals_the_marketplace_is_adopted(psa: str) -> None:
    with rig.world(psa) as world:
        link = rig.linked(world, psa)
        before = len(rig.writes(world))
        world.clock.go(days=1)
        rig.edit(world, psa, 11)
        rig.set_count(world, 11)
        rig.later(world, passes=2)
        assert [d.state for d in rig.drifts(world)] == ["adopted"]
        assert len(rig.writes(world)) == before
        assert rig.again(world, link).state == "in_step"
        assert rig.problems(world) == []
