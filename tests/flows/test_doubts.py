"""A plan that changes too much waits for a person, as a whole. Source: reliability P13."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from purser.kernel.errors import Refused
from purser.links import plans
from purser.links.models import StoredPlan
from purser.postgres import ids, tenancy
from tests.flows import rig
from tests.make import World

N = 12
both = pytest.mark.parametrize("psa", rig.PSAS)


@contextmanager
def in_step(psa: str) -> Iterator[World]:
    shop, theirs = rig.many(psa, N)
    with rig.world(psa, marketplace_seed=shop, psa_seed=theirs, decrease="today") as world:
        rig.link_many(world, psa, N)
        world.step(cause="link")
        world.clock.go(days=1)
        yield world


def held(world: World, psa: str) -> list[int]:
    today = world.clock().date()
    return [int(rig.units(world, rig.service_of(psa, i), today)) for i in range(1, N + 1)]


def waiting(world: World) -> list[StoredPlan]:
    return [p for p in rig.plans(world) if p.state == "waiting"]


def approve(world: World, plan: StoredPlan, *, digest: str = "") -> None:
    with tenancy.acting_in(world.tenant):
        plans.approve(plan.pk, digest=digest or plan.digest, by=ids.new(), now=world.clock())


@both
@pytest.mark.parametrize("outage", ["emptied", "halved"])
@pytest.mark.parametrize("entity", ["subscriptions", "customers"])
def test_an_outage_of_the_list_waits_and_passes_without_a_posting(psa: str, outage: str, entity: str) -> None:
    with in_step(psa) as world:
        cut = {"keep": 0} if outage == "emptied" else {"drop_half": True}
        world.marketplace("truncate", entity=entity, **cut)
        for _ in range(3):
            world.clock.go(minutes=2)
            assert world.step().waiting == 1
        [plan] = waiting(world)
        assert len(plan.changes) == (N if outage == "emptied" else N // 2)
        assert plan.doubts[0]["code"] == "too_many"
        assert rig.writes(world) == []
        world.marketplace("truncate", entity=entity)
        rig.later(world, passes=1)
        assert waiting(world) == []
        assert held(world, psa) == [10] * N
        assert rig.writes(world) == []


@both
def test_an_approval_posts_exactly_the_plan_that_was_shown(psa: str) -> None:
    with in_step(psa) as world:
        for i in range(1, 7):
            rig.set_count(world, 10 + i, subscription=f"S{i}")
        rig.later(world, passes=1)
        [plan] = waiting(world)
        with pytest.raises(Refused, match="not the plan you were shown"):
            approve(world, plan, digest="another")
        approve(world, plan)
        world.step(approved=plan.pk)
        assert held(world, psa) == [11, 12, 13, 14, 15, 16, *[10] * 6]
        shown = {(r["link"], r["effective_on"], r["amount"]) for r in plan.changes}
        made = {(str(r.link_id), str(r.effective_on), f"{r.amount:f}".split(".")[0]) for r in rig.receipts(world)}
        assert made == shown
        assert {r.plan_id for r in rig.receipts(world)} == {plan.pk}
        assert [p.state for p in rig.plans(world)] == ["driven"]
        rig.later(world, passes=2)
        assert rig.problems(world) == []


@both
def test_a_target_that_moved_outdates_the_approved_plan(psa: str) -> None:
    with in_step(psa) as world:
        for i in range(1, 7):
            rig.set_count(world, 11, subscription=f"S{i}")
        rig.later(world, passes=1)
        [plan] = waiting(world)
        approve(world, plan)
        rig.set_count(world, 12, subscription="S1")
        world.clock.go(minutes=2)
        assert world.step(approved=plan.pk).waiting == 1
        assert rig.writes(world) == []
        old, new = rig.plans(world)
        assert (old.state, new.state) == ("outdated", "waiting")
        assert "moved" in [d["code"] for d in new.doubts]
        approve(world, new)
        world.step(approved=new.pk)
        assert held(world, psa) == [12, *[11] * 5, *[10] * 6]


@both
def test_a_rejected_plan_is_not_asked_about_again_and_another_one_is(psa: str) -> None:
    with in_step(psa) as world:
        world.marketplace("truncate", entity="subscriptions", drop_half=True)
        rig.later(world, passes=1)
        [plan] = waiting(world)
        with tenancy.acting_in(world.tenant):
            plans.reject(plan.pk, by=ids.new(), reason="an outage", now=world.clock())
        rig.later(world, passes=2)
        assert [p.state for p in rig.plans(world)] == ["rejected"]
        world.marketplace("truncate", entity="subscriptions", keep=0)
        rig.later(world, passes=1)
        assert len(waiting(world)) == 1
        assert rig.writes(world) == []


@both
def test_a_preview_posts_nothing_and_keeps_no_state(psa: str) -> None:
    with in_step(psa) as world:
        rig.set_count(world, 12)
        world.clock.go(minutes=2)
        result = world.step(dry=True, cause="preview")
        assert (result.changes, result.posted) == (1, 0)
        [plan] = rig.plans(world)
        assert (plan.state, plan.changes[0]["before"], plan.changes[0]["after"]) == ("preview", "10", "12")
        assert rig.writes(world) == []
        rig.later(world, passes=1)
        assert held(world, psa)[0] == 12


def test_the_preview_shows_what_it_does_to_the_money() -> None:
    with rig.world("autotask") as world:
        world.link("S1/EXO1", rig.SERVICES["autotask"])
        world.step(dry=True)
        [row] = rig.plans(world)[0].changes
        # Autotask's agreements carry no currency here, so the amounts stand in the marketplace's
        assert (row["price"], row["per_period"], row["prorated"], row["currency"]) == ("4", "28.00", "18.97", "USD")


@both
def test_more_than_two_hundred_seats_down_wait(psa: str) -> None:
    with in_step(psa) as world:
        with tenancy.acting_in(world.tenant):
            type(world.sync).objects.filter(pk=world.sync.pk).update(limit_down=5)
        rig.set_count(world, 4)
        rig.later(world, passes=1)
        [plan] = waiting(world)
        assert [d["code"] for d in plan.doubts] == ["too_far_down"]
        rig.set_count(world, 5)
        rig.later(world, passes=1)
        assert held(world, psa)[0] == 5


def test_a_fall_after_a_reading_that_was_cut_waits() -> None:
    with in_step("autotask") as world:
        rig.set_count(world, 4, subscription="S1")
        world.marketplace("faults", kind="status", status=503, path="subscriptions/S2$", times=1)
        rig.set_count(world, 12, subscription="S2")
        world.clock.go(minutes=2)
        world.step()
        [plan] = waiting(world)
        assert [d["code"] for d in plan.doubts] == ["source_cut"]
        rig.later(world, passes=1)
        assert held(world, "autotask")[:2] == [4, 12]
