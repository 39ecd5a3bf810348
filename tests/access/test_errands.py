"""What a person asked for is not done by a worker once they may no longer ask for it. P17, P22."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from purser.access import errands, people, permit, verbs
from purser.access.models import Person
from purser.jobs import entrypoints
from purser.kernel.errors import Missing
from purser.links.models import Run
from purser.postgres import tenancy
from tests import make
from tests.access import kit
from tests.partners.kit import chain


@pytest.fixture
def now() -> datetime:
    return kit.now()


def test_it_is_done_for_a_member_who_still_may(now: datetime) -> None:
    place = kit.reseller()
    who = kit.member(place, verbs.TECHNICIAN, factor=False)
    errands.check(str(who.pk), tenant=place.pk, verb="sync.run", now=now)
    errands.check(None, tenant=place.pk, verb="sync.run", now=now)


@pytest.mark.parametrize("event", ["removed", "suspended", "another role", "account closed"])
def test_it_is_not_done_after(now: datetime, event: str) -> None:
    place = kit.reseller()
    owner, who = kit.member(place, factor=False), kit.member(place, verbs.TECHNICIAN, factor=False)
    actor, membership = kit.actor(place, owner), kit.membership(place, who).pk
    with tenancy.acting_in(place.pk):
        if event == "removed":
            people.remove(actor, membership, now=now)
        elif event == "suspended":
            people.suspend(actor, membership, suspended=True, now=now)
        elif event == "another role":
            people.change_role(actor, membership, verbs.READER, now=now)
    if event == "account closed":
        Person.objects.filter(pk=who.pk).update(is_active=False)
    with pytest.raises((Missing, permit.Denied)):
        errands.check(str(who.pk), tenant=place.pk, verb="sync.run", now=now)
    told = [act.outcome for act in kit.acts_of(place, "sync.run")]
    assert told == ["refused"]


def test_it_is_not_done_on_behalf_after_the_consent_ended_or_expired(now: datetime) -> None:
    made = chain()
    grant = made.give(now, days=30)
    assert grant.ends_at is not None

    def check(at: datetime, verb: str = "tasks.sync_tenant") -> None:
        errands.check(str(made.agent.pk), tenant=made.customer.pk, verb=verb, now=at)

    check(grant.ends_at - timedelta(seconds=1))
    with pytest.raises(permit.Denied):
        check(now, "consent.decide")
    with pytest.raises(Missing):
        check(grant.ends_at)
    made.end(now + timedelta(seconds=1))
    with pytest.raises(Missing):
        check(now + timedelta(seconds=2))
    assert [act.outcome for act in kit.acts_of(made.customer, "tasks.sync_tenant")] == ["refused", "refused"]


def test_the_worker_makes_no_pass_for_somebody_who_left(now: datetime) -> None:
    with make.world() as world:
        who = kit.member(world.organisation, verbs.TECHNICIAN, factor=False)
        arguments = {"tenant": str(world.tenant), "sync": str(world.sync.pk), "by": str(who.pk)}
        entrypoints.sync(cause="person", **arguments)
        with tenancy.acting_in(world.tenant):
            made = Run.objects.count()
            kit.Membership.objects.filter(person=who).delete()
        entrypoints.sync(cause="person", **arguments)
        entrypoints.preview(**arguments)
        with tenancy.acting_in(world.tenant):
            assert Run.objects.count() == made
