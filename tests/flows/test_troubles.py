"""What goes wrong between two systems, and how it comes right. Source: acceptance ID-22, ID-30 to ID-43, ID-60, ID-62."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from purser.links import relations
from purser.links.models import Connection, SourceResource, Sync, TargetAccount, TargetService
from purser.postgres import tenancy
from tests.flows import rig
from tests.make import World

TODAY = date(2026, 7, 11)
AUGUST = date(2026, 8, 1)
both = pytest.mark.parametrize("psa", rig.PSAS)


# Lost and late answers


@both
def test_a_reading_that_lags_behind_is_waited_for_and_nothing_is_posted_twice(psa: str) -> None:
    with rig.world(psa) as world:
        world.psa("lag", seconds=50)
        link = world.link("S1/EXO1", rig.SERVICES[psa])
        world.step(cause="link")
        assert [r.state for r in rig.receipts(world, link)] == ["accepted"]
        assert rig.again(world, link).state == "pending"
        world.clock.go(seconds=20)
        world.step()
        assert [r.state for r in rig.receipts(world, link)] == ["accepted"]
        rig.later(world, passes=2)
        assert [r.state for r in rig.receipts(world, link)] == ["done"]
        assert rig.again(world, link).state == "in_step"
        assert rig.units(world, rig.SERVICES[psa], TODAY) == 8
        assert rig.drifts(world) == []


@both
def test_a_lost_answer_on_a_second_try_is_waited_for_as_long_as_on_the_first(psa: str) -> None:
    """The first try failed long ago; the second one's answer is lost while reads still show the old count."""
    with rig.world(psa) as world:
        link = rig.linked(world, psa)
        world.clock.go(days=1)
        rig.set_count(world, 12)
        world.psa("faults", kind="status", status=503, path="(?i)adjustments|additions$", method="POST")
        world.step()
        world.psa("lag", seconds=55)
        world.clock.go(minutes=10)
        world.psa("faults", kind="timeout_after", seconds=0.02, path="(?i)adjustments|additions$", method="POST")
        world.step()
        world.clock.go(seconds=30)
        world.step()
        rig.later(world, passes=3)
        assert rig.units(world, rig.SERVICES[psa], world.clock().date()) == 12
        assert [r.amount for r in rig.receipts(world, link) if r.state == "done"] == [7, 4]
        assert rig.again(world, link).state == "in_step"


def test_what_no_reading_can_tell_waits_for_a_person() -> None:
    """The answer is lost, and a person changes the same service meanwhile."""
    from purser.links import receipts

    with rig.world("autotask") as world:
        link = rig.linked(world, "autotask")
        world.clock.go(days=1)
        rig.set_count(world, 12)
        world.psa("faults", kind="timeout_after", seconds=0.02, path="(?i)adjustments")
        world.step()
        rig.edit(world, "autotask", 30)
        rig.later(world, passes=4)
        [unsure] = [r for r in rig.receipts(world, link) if r.state != "done"]
        assert (unsure.state, rig.again(world, link).state) == ("unsure", "unsure")
        assert len(rig.writes(world)) == 2
        with tenancy.acting_in(world.tenant):
            receipts.decide(unsure.pk, applied=True, now=world.clock())
        rig.later(world, passes=1)
        [found] = rig.drifts(world)
        assert [found.expected_units, found.psa_units] == [12, 30]
        assert rig.problems(world) == []


# The connection as a whole


def revoke(world: World, psa: str) -> None:
    if psa == "autotask":
        world.psa("credentials", user="api@msp.example", revoke=True)
    else:
        world.psa("credentials", private_key="another")


def restore(world: World, psa: str) -> None:
    if psa == "autotask":
        world.psa("credentials", user="api@msp.example", secret="autotask-secret")
    else:
        world.psa("credentials", private_key="priv")


@both
def test_revoked_credentials_raise_one_alarm_pause_the_connection_and_heal_by_themselves(psa: str) -> None:
    """Source: ID-39, ID-41."""
    shop, theirs = rig.many(psa, 8)
    with rig.world(psa, marketplace_seed=shop, psa_seed=theirs) as world:
        links = rig.link_many(world, psa, 8)
        world.step(cause="link")
        world.clock.go(days=1)
        for i in range(1, 5):
            rig.set_count(world, 11, subscription=f"S{i}")
        revoke(world, psa)
        rig.later(world, passes=6)
        target = rig.connection(world, "target")
        assert (target.state, target.paused_code) == ("paused", "credentials")
        assert [(a.code, a.cleared_at) for a in rig.alarms(world)] == [("credentials", None)]
        assert rig.receipts(world) == []
        restore(world, psa)
        rig.later(world, passes=3, minutes=1.6)
        assert rig.connection(world, "target").state == "ready"
        assert [a.cleared_at is not None for a in rig.alarms(world)] == [True]
        assert [r.state for r in rig.receipts(world)] == ["done"] * 4
        assert {rig.again(world, link).state for link in links} == {"in_step"}


@both
def test_credentials_revoked_in_the_middle_of_a_pass_end_it_without_a_failure_for_each_resource(psa: str) -> None:
    shop, theirs = rig.many(psa, 30)
    with rig.world(psa, marketplace_seed=shop, psa_seed=theirs) as world:
        links = rig.link_many(world, psa, 30)
        world.step(cause="link")
        world.clock.go(days=1)
        for i in range(1, 6):
            rig.set_count(world, 11, subscription=f"S{i}")
        # what comes after the first posting's call is refused
        status = {"kind": "status", "status": 401, "body": {"errors": ["Unauthorized"], "message": "Unauthorized"}}
        world.psa("requests", clear=True)
        world.step()
        first = next(n for n, r in enumerate(world.psa("requests")) if rig.is_write(r))
        world.clock.go(days=1)
        for i in range(1, 6):
            rig.set_count(world, 12, subscription=f"S{i}")
        world.psa("faults", **status, skip=first + 1, times=500)
        world.step()
        assert rig.connection(world, "target").state == "paused"
        assert len([r for r in rig.receipts(world) if r.code == "credentials"]) <= 1
        world.psa("faults", clear=True)
        rig.later(world, passes=4)
        assert {rig.again(world, link).state for link in links} == {"in_step"}
        assert len(rig.alarms(world)) == 1


def test_a_reading_that_is_cut_again_and_again_is_one_alarm() -> None:
    with rig.world("autotask") as world:
        rig.linked(world, "autotask")
        world.psa("faults", kind="status", status=503, path="ContractServiceUnits/query", times=4)
        rig.later(world, passes=4)
        world.psa("faults", clear=True)
        assert [(a.code, a.seen) for a in rig.alarms(world)] == [("cut", 4)]
        rig.later(world, passes=1)
        assert rig.alarms(world)[0].cleared_at is not None


@both
def test_an_outage_is_in_the_failure_log_and_over_within_five_minutes_of_its_end(psa: str) -> None:
    """Source: ID-37, ID-41, ID-43. The outage begins after the reading: at the posting itself."""
    with rig.world(psa) as world:
        link = rig.linked(world, psa)
        world.clock.go(days=1)
        rig.set_count(world, 12)
        world.psa("faults", kind="reset", path="(?i)adjustments|additions", method="POST", times=99)
        rig.later(world, passes=8)
        [failed] = [r for r in rig.receipts(world, link) if r.state != "done"]
        assert failed.code == "network"
        assert failed.attempts > 1
        assert rig.again(world, link).state in ("failed", "unsure")
        world.psa("faults", clear=True)
        world.clock.go(seconds=20)
        world.step()
        rig.later(world, passes=2)
        posted = rig.receipts(world, link)[-1]
        assert posted.state == "done"
        assert posted.first_failed_at is not None
        assert posted.confirmed_at is not None
        assert posted.confirmed_at > posted.first_failed_at
        assert rig.again(world, link).state == "in_step"


@both
def test_a_link_whose_first_posting_fails_stays_pending(psa: str) -> None:
    """Source: ID-22."""
    with rig.world(psa) as world:
        link = world.link("S1/EXO1", rig.SERVICES[psa])
        write = "(?i)adjustments|additions$"
        world.psa("faults", kind="status", status=503, path=write, method="POST", times=1)
        world.step(cause="link")
        assert rig.again(world, link).state == "pending"
        rig.later(world, passes=3)
        assert rig.again(world, link).state == "in_step"
        assert rig.units(world, rig.SERVICES[psa], TODAY) == 8


@both
def test_a_later_change_waits_for_an_earlier_failed_one_and_others_go_on(psa: str) -> None:
    """Source: ID-42."""
    shop, theirs = rig.many(psa, 12)
    with rig.world(psa, marketplace_seed=shop, psa_seed=theirs) as world:
        links = rig.link_many(world, psa, 12)
        world.step(cause="link")
        world.clock.go(days=1)
        first, other = links[0], links[1]
        # only the first one's writes fail
        path = "(?i)contracts/1001/.*adjustments" if psa == "autotask" else "(?i)agreements/1001/additions"
        world.psa("faults", kind="status", status=503, path=path, method="POST", times=99)
        rig.set_count(world, 12, subscription="S1")
        rig.later(world, passes=1)
        rig.set_count(world, 15, subscription="S1")
        rig.set_count(world, 20, subscription="S2")
        rig.later(world, passes=2)
        assert [r.state for r in rig.receipts(world, other)] == ["done"]
        assert "done" not in [r.state for r in rig.receipts(world, first)]
        world.psa("faults", clear=True)
        rig.later(world, passes=4)
        assert rig.units(world, rig.service_of(psa, 1), world.clock().date()) == 15
        assert [r.state for r in rig.receipts(world, first)][-1] == "done"
        # at ConnectWise the first one's answer was lost: it is sent again as it was, before the rest
        made = [r for r in rig.receipts(world, first) if r.state == "done"]
        assert [r.amount for r in made] == ([5] if psa == "autotask" else [2, 3])
        assert rig.problems(world) == []


# Refusals of the PSA, and of ours


def test_proration_switched_off_is_logged_with_the_hint_and_posted_when_it_is_on() -> None:
    """Source: ID-38."""
    with rig.world("connectwise") as world:
        link = rig.linked(world, "connectwise")
        with tenancy.acting_in(world.tenant):
            target = Connection.objects.get(pk=world.sync.target_id)
            target.settings |= {"dated": "yes"}
            target.save()
        world.ports = rig.ports_by(world.clock)
        world.psa("agreement", id=9, prorateFlag=False)
        rig.set_count(world, 12)
        world.clock.go(days=1)
        world.step()
        failed = rig.receipts(world, link)[-1]
        assert failed.state == "refused"
        assert "proration is not enabled" in failed.text
        assert "Switch on proration" in failed.hint
        world.psa("agreement", id=9, prorateFlag=True)
        rig.later(world, passes=3)
        assert rig.units(world, rig.SERVICES["connectwise"], date(2026, 7, 12)) == 12
        assert rig.again(world, link).state == "in_step"


def extend(world: World, psa: str, ends: str) -> None:
    if psa == "autotask":
        world.psa("contract", id=9, endDate=f"{ends}T00:00:00")
    else:
        world.psa("agreement", id=9, endDate=f"{ends}T00:00:00Z")


@both
@pytest.mark.parametrize("count", [12, 3])
def test_a_change_after_the_agreement_ended_fails_with_its_dates_and_is_made_when_it_is_extended(psa: str, count: int) -> None:
    """Source: ID-40. That the agreement shows no units any more is no hand edit."""
    with rig.world(psa, decrease="today") as world:
        link = rig.linked(world, psa)
        extend(world, psa, "2026-07-20")
        rig.later(world, passes=1)
        world.clock.go(days=12)
        rig.later(world, passes=2)
        assert rig.receipts(world, link)[-1].state == "done"
        rig.set_count(world, count)
        rig.later(world, passes=2)
        failed = rig.receipts(world, link)[-1]
        assert (failed.state, failed.code) == ("refused", "date_outside_agreement")
        assert "2026-01-01 to 2026-07-20" in failed.text
        assert failed.amount == count - 8
        assert rig.drifts(world) == []
        extend(world, psa, "2026-12-31")
        rig.later(world, passes=3)
        assert rig.units(world, rig.SERVICES[psa], world.clock().date()) == count
        assert rig.again(world, link).state == "in_step"
        assert rig.problems(world) == []


def test_a_change_that_would_be_merged_into_a_day_after_the_agreement_fails_with_its_dates() -> None:
    """The contract ends today, and today's change is made already."""
    with rig.world("autotask") as world:
        link = rig.linked(world, "autotask")
        extend(world, "autotask", "2026-07-11")
        rig.set_count(world, 9)
        rig.later(world, passes=1)
        failed = rig.receipts(world, link)[-1]
        assert (failed.state, failed.code) == ("refused", "date_outside_agreement")
        assert "on 2026-07-12, and the agreement runs from 2026-01-01 to 2026-07-11" in failed.text


@both
def test_another_currency_is_refused_at_linking_and_later_posts_nothing(psa: str) -> None:
    with rig.world(psa) as world:
        link = rig.linked(world, psa)
        rig.later(world, passes=3)  # until the detail is no longer read again for being fresh
        before = len(rig.writes(world))
        with tenancy.acting_in(world.tenant):
            SourceResource.objects.filter(pk=link.resource_id).update(currency="EUR", count=12)
            TargetAccount.objects.update(currency="USD")  # Autotask's accounts have none here
        rig.later(world, passes=1)
        failed = rig.receipts(world, link)[-1]
        assert (failed.state, failed.code) == ("refused", "currency")
        assert "EUR" in failed.text
        assert len(rig.writes(world)) == before


def test_a_resource_billed_by_use_needs_a_rule() -> None:
    """Source: ID-62."""
    with rig.world("autotask") as world:
        with tenancy.acting_in(world.tenant):
            SourceResource.objects.filter(external_id="S1/EXO1").update(usage_based=True)
            sync = Sync.objects.get(pk=world.sync.pk)
            resource = SourceResource.objects.get(external_id="S1/EXO1")
            service = TargetService.objects.get(external_id=rig.SERVICES["autotask"])
            wish = relations.Wish(resource.pk, service.pk)
            [refused] = relations.set_many(sync=sync, wishes=[wish], by=None, now=world.clock())
            assert not refused.ok
            assert "billed by use" in refused.text
            ruled = relations.Wish(resource.pk, service.pk, usage_divisor=Decimal(3))
            [linked] = relations.set_many(sync=sync, wishes=[ruled], by=None, now=world.clock())
            assert linked.ok
        world.clock.go(minutes=6)
        world.step()
        assert rig.units(world, rig.SERVICES["autotask"], TODAY) == 3  # 8 used, 3 make a unit, rounded up
