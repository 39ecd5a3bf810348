"""What billing tells: a paused connection, a plan that waits, a hand edit that waits; each once, to those who can act."""

from __future__ import annotations

from django.db import transaction

from purser.access import verbs
from purser.access.models import Person
from purser.jobs import entrypoints
from purser.kernel.errors import Refused
from purser.links import connections, drift, plans
from purser.links.models import StoredPlan
from purser.notices import following
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.flows import rig
from tests.flows.test_doubts import in_step
from tests.make import World
from tests.notices.kit import jobs, kinds, letters, told

WRONG = Refused("Autotask refuses the credentials.", code="credentials", hint="Type them again.")


def crew(world: World) -> dict[str, Person]:
    return {role: kit.member(world.organisation, role, factor=False) for role in verbs.ROLES["reseller"]}


def heard(world: World, who: dict[str, Person]) -> dict[str, list[str]]:
    return {role: kinds(world.organisation, person) for role, person in who.items()}


def meet(world: World, failure: Refused = WRONG) -> None:
    with tenancy.acting_in(world.tenant):
        connections.met(world.sync.target_id, failure, now=world.clock())


def follow(world: World, who: Person, what: str, about: object) -> None:
    following.follow(kit.actor(world.organisation, who, verbs.READER), what, about, now=world.clock())  # type: ignore[arg-type]


def test_a_paused_connection_is_told_once_to_those_who_can_mend_it() -> None:
    with rig.world("autotask") as world:
        who = crew(world)
        meet(world, Refused("Too busy.", code="busy"))
        assert heard(world, who)["owner"] == [], "only what pauses it is told"
        for _ in range(3):
            meet(world)
        once = ["connection_paused"]
        assert heard(world, who) == {"owner": once, "technician": once, "bookkeeper": [], "reader": []}
        assert letters(who["owner"]) == [], "no mail server keeps a pass waiting"
        for job in jobs("purser.deliver", origin=str(world.tenant)):
            entrypoints.deliver(origin=job["origin"], notice=job["notice"])
        assert letters(who["owner"]) == letters(who["technician"]) == ["Autotask is paused"]
        row = told(world.organisation, who["owner"])[0]
        assert row.text.splitlines()[:2] == [WRONG.text, WRONG.hint]
        assert row.path == f"/t/{world.tenant}/configuration/autotask/"
        with tenancy.acting_in(world.tenant):
            connections.well(world.sync.target_id, now=world.clock())
        meet(world)
        assert heard(world, who)["owner"] == once * 2


def test_it_pauses_nothing_without_telling() -> None:
    with rig.world("autotask") as world:
        owner = crew(world)["owner"]
        with tenancy.acting_in(world.tenant):
            connections.met(world.sync.target_id, WRONG, now=world.clock())
            transaction.set_rollback(True)
        with tenancy.acting_in(world.tenant):
            assert connections.find(world.sync.target_id).state == "ready"
        assert told(world.organisation, owner) == []


def test_who_follows_the_connection_or_its_pair_hears_of_it() -> None:
    with rig.world("autotask") as world:
        who = crew(world)
        follow(world, who["reader"], "connection", world.sync.target_id)
        follow(world, who["bookkeeper"], "sync", world.sync.pk)
        other = kit.member(world.organisation, verbs.READER, factor=False)
        follow(world, other, "connection", world.sync.source_id)
        meet(world)
        assert all(kinds_ == ["connection_paused"] for kinds_ in heard(world, who).values())
        assert told(world.organisation, other) == []


def test_a_plan_that_waits_is_told_when_the_pair_begins_to_wait() -> None:
    with in_step("autotask") as world:
        who = crew(world)
        world.marketplace("truncate", entity="subscriptions", keep=0)
        for _ in range(3):
            world.clock.go(minutes=2)
            assert world.step().waiting == 1
        waits = ["plan_waits"]
        assert heard(world, who) == {"owner": waits, "technician": [], "bookkeeper": waits, "reader": []}
        row = told(world.organisation, who["bookkeeper"])[0]
        assert row.text.startswith("12 changes, and nothing is posted before somebody approves.")
        world.marketplace("truncate", entity="subscriptions", drop_half=True)  # another plan takes its place
        world.clock.go(minutes=2)
        assert world.step().waiting == 1
        assert heard(world, who)["owner"] == waits, "the pair waited before: no news"
        with tenancy.acting_in(world.tenant):
            plan = StoredPlan.objects.get(state="waiting")
            plans.reject(plan.pk, by=ids.new(), reason="An outage", now=world.clock())
        world.marketplace("truncate", entity="subscriptions", keep=0)
        rig.set_count(world, 11, subscription="S1")
        world.marketplace("truncate", entity="subscriptions", keep=1)
        world.clock.go(minutes=2)
        assert world.step().waiting == 1
        assert heard(world, who)["owner"] == waits * 2


def test_a_hand_edit_that_waits_is_told_to_those_who_decide() -> None:
    with rig.world("autotask") as world:
        rig.linked(world, "autotask")
        who = crew(world)
        rig.edit(world, "autotask", 5)
        rig.later(world, passes=3)
        waits = ["hand_edit_waits"]
        assert heard(world, who) == {"owner": waits, "technician": waits, "bookkeeper": waits, "reader": []}
        assert "We posted 8, the PSA shows 5, the marketplace 8." in told(world.organisation, who["owner"])[0].text
        [found] = rig.drifts(world)
        with tenancy.acting_in(world.tenant):
            drift.decide(found.pk, decision="psa", by=ids.new(), now=world.clock(), on=world.clock().date())
        rig.later(world, passes=2)
        assert heard(world, who)["owner"] == waits


def test_a_hand_edit_that_the_rule_decides_is_no_notice() -> None:
    with rig.world("autotask", drift_policy="marketplace") as world:
        rig.linked(world, "autotask")
        who = crew(world)
        rig.edit(world, "autotask", 5)
        rig.later(world, passes=2)
        assert heard(world, who) == {role: [] for role in who}
