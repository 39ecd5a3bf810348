"""Licences follow the chosen collections: what a run gives, takes back, leaves alone, and what waits for a person.

Rows CS-23, CS-26 to CS-28; reliability P13.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from purser.access.models import History
from purser.directory import auto, collections, licences, licensing_runs
from purser.directory.models import Cause, Chosen, Licence, LicensingRun, LicensingStep
from purser.jobs import licensing as jobs
from purser.kernel import points
from purser.kernel.errors import Refused
from purser.notices import outbox
from purser.notices.models import Delivery, Notice
from purser.postgres import tenancy
from tests.access import kit
from tests.directory.licensing import Here
from tests.partners.kit import chain


@pytest.fixture
def here() -> Here:
    return Here()


def counts(run: LicensingRun) -> tuple[int, int, int, int]:
    return run.added, run.already, run.removed, run.failed


def test_run_licenses_every_member_and_a_second_run_changes_nothing(here: Here) -> None:
    ada, ben, *rest = here.users(12)
    here.follow(here.collection(users=[ada, ben], groups=[here.group("Staff", rest)]))
    with here.acting():
        licences.give(here.actor, [ada.pk], now=here.clock())
    first = here.run()
    assert (first.state, counts(first)) == ("done", (11, 1, 0, 0))
    assert len(here.licensed()) == 12
    second = here.run()
    assert (second.state, counts(second), second.changes) == ("done", (0, 12, 0, 0), [])
    with here.acting():
        assert Licence.objects.count() == 12
        assert LicensingStep.objects.count() == 11


def test_joiners_and_leavers_of_a_group_follow_without_editing_the_collection(here: Here) -> None:
    ada, ben, cleo = here.user("Ada"), here.user("Ben"), here.user("Cleo")
    group = here.group("Staff", [ada, ben])
    chosen = here.collection(groups=[group])
    here.follow(chosen, on=True, take_back=True)
    here.run()
    assert here.licensed() == {"Ada", "Ben"}
    here.join(group, cleo)
    here.leave(group, ada)
    run = here.scheduled()
    assert (run.state, counts(run)) == ("done", (1, 1, 1, 0))
    assert here.licensed() == {"Ben", "Cleo"}
    with here.acting():
        ended = Licence.objects.get(user=ada)
        assert (ended.until is not None, ended.ended_by_name) == (True, "Auto-License")
        assert collections.one(chosen).version == 1


def test_a_leaver_keeps_the_licence_unless_it_is_to_be_taken_back(here: Here) -> None:
    ada, ben = here.user("Ada"), here.user("Ben")
    group = here.group("Staff", [ada, ben])
    chosen = here.collection(groups=[group])
    here.follow(chosen)
    here.run()
    here.leave(group, ada)
    here.change(ben, gone_at=here.at)
    assert counts(here.run()) == (0, 0, 0, 0)
    assert here.licensed() == {"Ada", "Ben"}
    here.follow(chosen, take_back=True)
    assert counts(here.run()) == (0, 0, 2, 0)
    assert here.licensed() == set()


def test_a_licence_given_by_hand_is_never_taken_back(here: Here) -> None:
    ada, ben = here.user("Ada"), here.user("Ben")
    with here.acting():
        licences.give(here.actor, [ada.pk], now=here.clock())
    here.follow(here.collection(users=[ben]), take_back=True)
    here.run()
    assert here.licensed() == {"Ada", "Ben"}
    with here.acting():
        assert {one.user.display_name: one.cause for one in Licence.objects.all()} == {"Ada": Cause.HAND, "Ben": Cause.AUTO}


@pytest.mark.parametrize("how", ["the reading was cut", "a group is gone", "a group is not known whole", "never read"])
def test_nobody_loses_a_licence_by_a_reading_that_is_not_whole(here: Here, how: str) -> None:
    ada, ben, cleo = here.user("Ada"), here.user("Ben"), here.user("Cleo")
    group = here.group("Staff", [ada, ben])
    here.follow(here.collection(groups=[group]), take_back=True)
    here.run()
    here.leave(group, ada)
    here.join(group, cleo)
    with here.acting():
        if how == "a group is gone":
            type(group).objects.update(gone_at=here.at)
        elif how == "a group is not known whole":
            type(group).objects.update(expanded=False)
    if how == "the reading was cut":
        here.read(whole=False, cut="Page 3 failed.")
    elif how == "never read":
        with here.acting():
            from purser.directory.models import Source

            Source.objects.update(read_at=None)
    run = here.run()
    assert run.state == "done"
    assert {"Ada", "Ben"} <= here.licensed()
    assert run.removed == 0
    assert "keep" in run.text
    here.read()
    with here.acting():
        type(group).objects.update(gone_at=None, expanded=True)
    assert here.run().removed == 1
    assert here.licensed() == {"Ben", "Cleo"}


def test_who_may_have_to_be_left_out_is_not_licensed_without_a_person(here: Here) -> None:
    ada, ben = here.user("Ada"), here.user("Ben")
    outside = here.group("Interns", [ben], expanded=False)
    here.follow(here.collection(users=[ada, ben], no_groups=[outside]))
    run = here.run()
    assert run.state == "waits"
    assert here.licensed() == set()
    assert "Not all members of the group Interns are known." in run.doubts[0]["text"]
    here.approve(run)
    assert here.licensed() == {"Ada"}


def test_without_a_chosen_collection_nothing_is_given_or_taken(here: Here) -> None:
    here.follow(here.collection(users=here.users(3)), take_back=True)
    here.run()
    here.follow(take_back=True)
    with pytest.raises(Refused, match="No collection is chosen"):
        here.run()
    run = here.scheduled()
    assert (run.state, run.text) == ("done", "No collection is chosen, so nothing is given and nothing is taken back.")
    assert len(here.licensed()) == 3


# What waits for a person


def test_a_scheduled_run_beyond_the_limits_waits_and_an_approval_does_exactly_the_plan(here: Here) -> None:
    everybody = here.users(20)
    group = here.group("Staff", everybody)
    here.follow(here.collection(groups=[group]), on=True, take_back=True)
    here.run()
    for user in everybody[:10]:
        here.leave(group, user)
    run = here.scheduled()
    assert (run.state, len(run.changes), len(here.licensed())) == ("waits", 10, 20)
    assert "10 of 20 would change" in run.doubts[0]["text"]
    assert {one["name"] for one in run.changes} == {user.display_name for user in everybody[:10]}
    with here.acting():
        told = Delivery.objects.filter(kind="licensing_waits", person=here.person)
        assert [one.path for one in told] == [f"/t/{here.tenant}/auto-license/runs/{run.pk}/"]
    done = here.approve(run)
    assert (done.state, counts(done)) == ("done", (0, 10, 10, 0))
    assert here.licensed() == {user.display_name for user in everybody[10:]}


@pytest.mark.parametrize("scopes", [["licensing"], ["telephony"]])
def test_the_partner_that_acts_for_the_tenant_hears_of_it_and_of_no_user(scopes: list[str]) -> None:
    made = chain()
    made.give(kit.now() - timedelta(days=1), scopes=scopes)
    here = Here(made.customer)
    here.at = kit.now()
    here.read()
    here.follow(here.collection(users=here.users(8)), on=True)
    assert here.scheduled().state == "waits"
    with here.acting():
        posted = list(Notice.objects.filter(kind="tenant_licensing"))
    for notice in posted:
        outbox.deliver(here.tenant, notice.pk, now=here.at)
    with tenancy.acting_in(made.reseller.pk):
        heard = list(Delivery.objects.filter(kind="tenant_licensing", person=made.agent))
    assert len(heard) == (1 if "licensing" in scopes else 0)
    for one in heard:
        assert one.path == f"/t/{made.reseller.pk}/tenants/{made.customer.pk}/"
        assert one.text == "8 licences to give, and nothing is done before somebody approves."


def test_run_by_a_person_gives_all_but_takes_back_within_the_limits_only(here: Here) -> None:
    everybody = here.users(20)
    group = here.group("Staff", everybody[:10])
    here.follow(here.collection(groups=[group]), take_back=True)
    assert here.run().added == 10
    for user in everybody[:10]:
        here.leave(group, user)
    for user in everybody[10:]:
        here.join(group, user)
    run = here.run()
    assert (run.state, len(run.changes)) == ("waits", 20)
    assert len(here.licensed()) == 10


def test_a_plan_that_changed_since_it_was_shown_is_not_done(here: Here) -> None:
    everybody = here.users(10)
    group = here.group("Staff", everybody)
    here.follow(here.collection(groups=[group]), on=True)
    run = here.scheduled()
    assert run.state == "waits"
    here.leave(group, everybody[0])
    old = here.approve(run)
    assert (old.state, here.licensed()) == ("dropped", set())
    new = here.runs()[-1]
    assert (new.state, len(new.changes)) == ("waits", 9)
    assert [one["code"] for one in new.doubts] == ["moved", "too_many"]
    assert here.approve(new).added == 9


def test_an_approval_binds_to_the_digest_that_was_shown(here: Here) -> None:
    here.follow(here.collection(users=here.users(8)), on=True)
    run = here.scheduled()
    with here.acting(), pytest.raises(Refused, match="not the plan you were shown"):
        licensing_runs.approve(here.actor, run.pk, digest="0" * 64, now=here.clock())
    here.approve(run)
    with here.acting(), pytest.raises(Refused, match="nothing is left to decide"):
        licensing_runs.approve(here.actor, run.pk, digest=run.digest, now=here.clock())


def test_a_plan_set_aside_is_not_asked_about_again_by_the_schedule_but_by_a_person(here: Here) -> None:
    everybody = here.users(20)
    group = here.group("Staff", everybody)
    here.follow(here.collection(groups=[group]), on=True, take_back=True)
    here.run()
    for user in everybody[:10]:
        here.leave(group, user)
    run = here.scheduled()
    assert here.scheduled().text == "The same plan waits for a person already."
    with here.acting():
        licensing_runs.set_aside(here.actor, run.pk, reason="They come back on Monday", now=here.clock())
    again = here.scheduled()
    assert (again.state, again.text) == ("dropped", "The same plan was set aside by a person.")
    assert here.run().state == "waits"
    here.leave(group, everybody[10])
    assert here.scheduled().state == "waits"
    assert [one.state for one in here.runs()].count("waits") == 1


def test_a_preview_changes_nothing_and_can_be_approved(here: Here) -> None:
    here.follow(here.collection(users=here.users(3)))
    run = here.run(dry=True)
    assert (run.state, len(run.changes), here.licensed()) == ("done", 3, set())
    with here.acting():
        assert LicensingStep.objects.count() == 0
    done = here.approve(run)
    assert (done.dry, done.added, len(here.licensed())) == (False, 3, 3)


# Failures, hands in between, and the record


def test_a_user_who_left_between_plan_and_change_is_reported_as_failed(here: Here) -> None:
    ada, ben = here.user("Ada"), here.user("Ben")
    here.follow(here.collection(users=[ada, ben]))
    run = here.ask()
    gone: list[str] = []

    def hook(name: str) -> None:
        if name == "drive:before-intend" and not gone:
            gone.append(name)
            here.change(ada, gone_at=here.at)

    points.watch(hook)
    try:
        done = here.work(run)
    finally:
        points.watch(None)
    assert (done.state, counts(done)) == ("done", (1, 0, 0, 1))
    with here.acting():
        step = LicensingStep.objects.get(state="failed")
        assert (step.user, step.code) == (ada, "left")
        assert Delivery.objects.filter(kind="licensing_failed", person=here.person).exists()
    assert here.licensed() == {"Ben"}


def test_a_licence_given_by_hand_in_between_is_left_alone(here: Here) -> None:
    ada = here.user("Ada")
    chosen = here.collection(users=[ada])
    here.follow(chosen, take_back=True)
    here.run()
    with here.acting():
        Chosen.objects.all().delete()
    here.follow(here.collection("Nobody", users=[]), take_back=True)
    run = here.ask()

    def hook(name: str) -> None:
        if name == "drive:intended":
            with here.acting():
                licences.take(here.actor, [ada.pk], now=here.clock())
                licences.give(here.actor, [ada.pk], now=here.clock())

    points.watch(hook)
    try:
        done = here.work(run)
    finally:
        points.watch(None)
    assert counts(done) == (0, 0, 0, 1)
    assert here.licensed() == {"Ada"}


def test_every_licence_names_the_act_of_its_run_and_who_asked(here: Here) -> None:
    here.follow(here.collection(users=here.users(2)))
    here.run()
    acts = kit.acts_of(here.organisation, "tasks.auto_licence")
    assert [one.summary for one in acts] == ["Ran Auto-License", f"Auto-License, for {here.person}: 2 licences to give"]
    with here.acting():
        kept = History.objects.filter(of_table="directory_licence")
        assert {one.act_id for one in kept} == {acts[1].pk}
        assert {one.by_name for one in Licence.objects.all()} == {str(here.person)}


# The schedule and the jobs


def test_the_schedule_runs_once_a_day_at_the_hour_of_the_tenants_zone(here: Here) -> None:
    with here.acting():
        type(here.organisation).objects.update(zone="America/New_York")
    here.follow(here.collection(users=here.users(2)), on=True, hour=2)
    with here.acting():
        at = auto.settings().next_at
        assert at is not None
        assert at.isoformat() == "2026-07-14T06:00:00+00:00"
    assert here.tenant not in auto.due(now=at - timedelta(seconds=1))
    assert here.tenant in auto.due(now=at)
    with here.acting():
        assert [auto.take_turn(now=at), auto.take_turn(now=at)] == [True, False]
        assert auto.settings().next_at == at + timedelta(days=1)


def test_the_job_of_the_schedule_begins_one_run_and_the_worker_does_it(here: Here) -> None:
    here.follow(here.collection(users=here.users(2)), on=True)
    with here.acting():
        auto.AutoLicensing.objects.update(next_at=kit.now())
    jobs.licensing_due(0)
    jobs.licensing_due(0)
    (run,) = here.runs()
    jobs.licensing(str(here.tenant), str(run.pk))
    jobs.licensing(str(here.tenant), str(run.pk))
    assert (here.again(run).state, here.again(run).added) == ("done", 2)


def test_a_run_of_somebody_who_may_no_more_is_not_done(here: Here) -> None:
    here.follow(here.collection(users=here.users(2)))
    run = here.ask()
    with tenancy.acting_in(here.tenant):
        type(here.organisation).objects.update(permissions="acd")
    jobs.licensing(str(here.tenant), str(run), by=str(here.person.pk))
    (row,) = here.runs()
    assert (row.state, here.licensed()) == ("failed", set())
    assert "may not run Auto-License any more" in row.text


def test_while_a_run_is_under_way_another_one_is_not_begun(here: Here) -> None:
    here.follow(here.collection(users=here.users(2)))
    first = here.ask()
    assert here.ask() == first
    here.work(first)
    assert here.ask() != first


def test_what_a_run_keeps_can_be_written_as_json(here: Here) -> None:
    here.follow(here.collection(users=here.users(2)))
    run = here.run(dry=True)
    assert json.loads(json.dumps(run.changes))[0].keys() == {"user", "name", "principal_name", "after"}
