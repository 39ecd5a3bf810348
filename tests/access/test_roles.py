"""An organisation makes roles of its own, out of the table of verbs and never beyond what its maker may."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.test import RequestFactory

from purser.access import actors, people, permit, roles, verbs
from purser.access.actors import Actor
from purser.access.models import CustomRole
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def place() -> Organisation:
    return kit.reseller()


def made(place: Organisation, now: datetime, *allowed: str) -> CustomRole:
    with tenancy.acting_in(place.pk):
        return roles.make(kit.actor(place), name="Auditor", allowed=allowed or ["reports.read", "acts.read"], now=now)


def actor_of(place: Organisation, who: object) -> Actor:
    request = RequestFactory().get("/")
    request.user = who  # type: ignore[assignment]
    with tenancy.acting_in(place.pk):
        return actors.load(who, tenant=place.pk, request=request)


def test_a_member_with_it_may_what_it_names_and_nothing_else_from_the_next_request(place: Organisation, now: datetime) -> None:
    role, who = made(place, now), kit.member(place, verbs.READER, factor=False)
    owner = kit.actor(place, kit.member(place, factor=False))
    with tenancy.acting_in(place.pk):
        people.change_role(owner, kit_membership(place, who), str(role.pk), now=now)
    actor = actor_of(place, who)
    assert actor.role == "Auditor"
    assert {name for name in verbs.VERBS if permit.allows(actor, name)} == {"reports.read", "acts.read"}
    with tenancy.acting_in(place.pk):
        roles.change(owner, role.pk, name="Auditor", allowed=["links.read"], version=1, now=now)
    assert {name for name in verbs.VERBS if permit.allows(actor_of(place, who), name)} == {"links.read"}


def kit_membership(place: Organisation, who: object) -> Any:
    with tenancy.acting_in(place.pk):
        return kit.Membership.objects.get(person=who).pk


@pytest.mark.parametrize("name", ["", " ", "x" * 61, "owner", "Reader", "auditor", "partner administrator"])
def test_a_name_is_its_own(place: Organisation, now: datetime, name: str) -> None:
    made(place, now)
    with tenancy.acting_in(place.pk), pytest.raises(Refused):
        roles.make(kit.actor(place), name=name, allowed=["reports.read"], now=now)


@pytest.mark.parametrize("allowed", [[], ["no.such"], ["operator.licences.issue"], ["consent.decide"]])
def test_it_holds_verbs_of_its_kind_of_organisation(place: Organisation, now: datetime, allowed: list[str]) -> None:
    with tenancy.acting_in(place.pk), pytest.raises(Refused):
        roles.make(kit.actor(place), name="Auditor", allowed=allowed, now=now)


def test_nobody_makes_or_gives_a_role_that_may_more_than_they(place: Organisation, now: datetime) -> None:
    role = made(place, now, "links.read", "plans.approve")
    small = kit.actor(place, role="Clerk", allowed=frozenset({"roles.write", "links.read", "people.change_role"}))
    who = kit.member(place, verbs.READER, factor=False)
    with tenancy.acting_in(place.pk):
        with pytest.raises(Refused, match="may not do"):
            roles.make(small, name="Bigger", allowed=["links.read", "plans.approve"], now=now)
        with pytest.raises(Refused, match="may not do"):
            people.change_role(small, kit_membership(place, who), str(role.pk), now=now)
        with pytest.raises(Refused, match="may not do"):
            people.change_role(small, kit_membership(place, who), verbs.OWNER, now=now)


def test_it_is_deleted_only_when_nobody_has_it(place: Organisation, now: datetime) -> None:
    role, who = made(place, now), kit.member(place, verbs.READER, factor=False)
    owner = kit.actor(place)
    with tenancy.acting_in(place.pk):
        people.change_role(owner, kit_membership(place, who), str(role.pk), now=now)
        with pytest.raises(Refused, match="1 people have"):
            roles.drop(owner, role.pk, now=now)
        people.change_role(owner, kit_membership(place, who), verbs.READER, now=now)
        roles.drop(owner, role.pk, now=now)
        with pytest.raises(Missing):
            roles.drop(owner, role.pk, now=now)


def test_another_organisations_role_is_none_here(place: Organisation, now: datetime) -> None:
    role = made(kit.reseller(), now)
    who = kit.member(place, verbs.READER, factor=False)
    with tenancy.acting_in(place.pk):
        for id in (role.pk, uuid4()):
            with pytest.raises(Missing):
                people.change_role(kit.actor(place), kit_membership(place, who), str(id), now=now)


def test_of_two_who_change_it_the_second_is_told(place: Organisation, now: datetime) -> None:
    role, owner = made(place, now), kit.actor(place)
    with tenancy.acting_in(place.pk):
        roles.change(owner, role.pk, name="Auditor", allowed=["links.read"], version=1, now=now)
        with pytest.raises(Refused, match="meanwhile"):
            roles.change(owner, role.pk, name="Auditor", allowed=["plans.read"], version=1, now=now)


def test_the_head_keeps_its_place_whatever_the_kind(now: datetime) -> None:
    customer = kit.customer()
    only = kit.member(customer, verbs.ADMINISTRATOR, factor=False)
    actor = kit.actor(customer, only, role=verbs.ADMINISTRATOR)
    with tenancy.acting_in(customer.pk):
        for call in (
            lambda: people.change_role(actor, kit_membership(customer, only), verbs.READER, now=now),
            lambda: people.remove(actor, kit_membership(customer, only), now=now),
            lambda: people.suspend(actor, kit_membership(customer, only), suspended=True, now=now),
        ):
            with pytest.raises(Refused, match="only administrator"):
                call()
