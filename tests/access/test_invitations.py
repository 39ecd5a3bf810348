"""An invitation is worth what its inviter may give when it is accepted, with the kind's roles and the organisation's own.

Source: issue "Partners, customers and consent", 5; reliability P17, P23.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from purser.access import giving, invitations, often, people, roles, verbs
from purser.access.models import CustomRole, Membership, Person
from purser.access.single_use import Invitation
from purser.kernel.errors import Missing, Refused
from purser.partners import heads
from purser.postgres import ids, tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.partners.kit import Chain, chain, enters

READS = ("links.read", "plans.read")


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def place() -> Organisation:
    return kit.reseller()


def own_role(place: Organisation, now: datetime, *allowed: str, name: str = "Auditor") -> CustomRole:
    with tenancy.acting_in(place.pk):
        return roles.make(kit.actor(place), name=name, allowed=allowed or READS, now=now)


def clerk(place: Organisation, now: datetime, *allowed: str) -> Person:
    """Somebody whose own role lets them invite, and do what is `allowed`."""
    role = own_role(place, now, "people.invite", *allowed, name=f"Clerk {ids.new().hex[-6:]}")
    made = kit.member(place, verbs.READER, factor=False)
    people.change_role(kit.actor(place), kit.membership(place, made).pk, str(role.pk), now=now)
    return made


def invite(place: Organisation, who: Person, role: CustomRole | str, now: datetime) -> invitations.Issued:
    with actor_in(place, who, now) as actor:
        pass
    text = role if isinstance(role, str) else str(role.pk)
    return invitations.invite(actor, email=kit.address(), role=text, kind=actor.kind, now=now)


def actor_in(place: Organisation, who: Person, now: datetime) -> Any:
    from purser.access import actors

    return actors.entering(who, tenant=place.pk, request=actors.nowhere(who), now=now)


def accept(place: Organisation, issued: invitations.Issued, now: datetime, person: Person | None = None) -> Membership:
    who = person or Person(email=issued.invitation.email, name="New")
    return invitations.accept(issued.token, person=who, actor=kit.actor(place, who), password=kit.PASSWORD, now=now)


def test_it_makes_a_member_with_an_own_role(place: Organisation, now: datetime) -> None:
    role, owner = own_role(place, now), kit.member(place, factor=False)
    issued = invite(place, owner, role, now)
    joined = accept(place, issued, now)
    assert (joined.role, joined.own_role_id) == (verbs.CUSTOM, role.pk)
    with actor_in(place, Person.objects.get(pk=joined.person_id), now) as actor:
        assert (actor.role, actor.allowed) == ("Auditor", frozenset(READS))
    (act,) = kit.acts_of(place, "people.join")
    assert act.after == {"email": issued.invitation.email, "role": "Auditor"}


def test_another_organisations_role_and_none_are_absent(place: Organisation, now: datetime) -> None:
    owner = kit.member(place, factor=False)
    for role in (str(own_role(kit.reseller(), now).pk), str(ids.new())):
        with pytest.raises(Missing):
            invite(place, owner, role, now)
    with pytest.raises(Refused, match="no role"):
        invite(place, owner, "king", now)


def test_nobody_invites_to_more_than_they_may(place: Organisation, now: datetime) -> None:
    small = clerk(place, now, "links.read")
    with pytest.raises(Refused, match="may not do"):
        invite(place, small, verbs.OWNER, now)
    with pytest.raises(Refused, match="may not do"):
        invite(place, small, own_role(place, now), now)
    assert accept(place, invite(place, small, own_role(place, now, "links.read", name="Looker"), now), now).own_role_id
    with actor_in(place, small, now) as actor:
        assert {role.name for role in giving.offered(actor)} == {"Looker", actor.role}


def test_a_role_that_is_gone_is_said_with_whom_to_ask_and_the_link_stays(place: Organisation, now: datetime) -> None:
    role, owner = own_role(place, now), kit.member(place, factor=False)
    issued = invite(place, owner, role, now)
    with tenancy.acting_in(place.pk):
        roles.drop(kit.actor(place, owner), role.pk, now=now)
    with pytest.raises(Refused, match="The role Auditor") as refusal:
        accept(place, issued, now)
    assert (refusal.value.code, refusal.value.hint) == ("role_gone", f"Ask an owner of {place.name} to invite you again.")
    assert not Person.objects.filter(email=issued.invitation.email).exists()
    with actor_in(place, owner, now) as actor:
        pass
    with pytest.raises(Refused, match="The role Auditor"):
        invitations.send_again(actor, issued.invitation.pk, now=now)
    with tenancy.acting_in(place.pk):
        assert Invitation.objects.get(pk=issued.invitation.pk).accepted_at is None


def test_a_role_that_grew_gives_no_more_than_its_inviter_may_at_acceptance(place: Organisation, now: datetime) -> None:
    role, owner = own_role(place, now, "links.read"), kit.member(place, factor=False)
    small = clerk(place, now, "links.read")
    by_clerk, by_owner = invite(place, small, role, now), invite(place, owner, role, now)
    roles.change(kit.actor(place, owner), role.pk, name="Auditor", allowed=READS, version=1, now=now)
    with pytest.raises(Refused, match="may not give the role Auditor") as refusal:
        accept(place, by_clerk, now)
    assert (refusal.value.code, refusal.value.hint) == ("inviter", f"Ask an owner of {place.name} to invite you again.")
    assert accept(place, by_owner, now).own_role_id == role.pk, "an owner may give all of it"
    with actor_in(place, owner, now) as actor:
        again = invitations.send_again(actor, by_clerk.invitation.pk, now=now)
    assert accept(place, again, now).own_role_id == role.pk, "now it is the owner who invites"


Loss = Callable[[Organisation, Person, datetime], None]


def _removed(place: Organisation, who: Person, now: datetime) -> None:
    with tenancy.acting_in(place.pk):
        people.remove(kit.actor(place), kit.membership(place, who).pk, now=now)


def _suspended(place: Organisation, who: Person, now: datetime) -> None:
    people.suspend(kit.actor(place), kit.membership(place, who).pk, suspended=True, now=now)


def _demoted(place: Organisation, who: Person, now: datetime) -> None:
    people.change_role(kit.actor(place), kit.membership(place, who).pk, verbs.READER, now=now)


def _closed(place: Organisation, who: Person, now: datetime) -> None:
    Person.objects.filter(pk=who.pk).update(is_active=False)


@pytest.mark.parametrize("loss", [_removed, _suspended, _demoted, _closed])
def test_an_invitation_ends_with_the_right_of_its_inviter(place: Organisation, now: datetime, loss: Loss) -> None:
    kit.member(place, factor=False)  # somebody heads it all along
    inviter = kit.member(place, factor=False)
    issued = invite(place, inviter, verbs.READER, now)
    loss(place, inviter, now)
    with pytest.raises(Refused, match="may not give the role reader"):
        accept(place, issued, now)


def test_an_administrator_with_less_by_the_tenant_permissions_makes_another_one(now: datetime) -> None:
    """The partner keeps groups to itself for both alike, so nothing is given that the giver has not."""
    place = kit.customer()
    admin = kit.member(place, verbs.ADMINISTRATOR, factor=False)
    with tenancy.acting_in(place.pk):
        Organisation.objects.update(permissions="ab")
    assert accept(place, invite(place, admin, verbs.ADMINISTRATOR, now), now).role == verbs.ADMINISTRATOR


# On behalf of a customer


@pytest.fixture
def made() -> Chain:
    return chain()


def test_on_behalf_nobody_is_invited_to_more_than_the_consent_names(made: Chain, now: datetime) -> None:
    made.give(now, scopes=["users", "telephony"])
    agent = enters(made.agent, made.customer, now)
    within = own_role(made.customer, now, "telephony.read", "people.read", name="Phones")
    beyond = own_role(made.customer, now, "telephony.read", "rooms.read", name="Rooms")
    for role in (verbs.ADMINISTRATOR, verbs.READER, str(beyond.pk)):
        with pytest.raises(Refused, match="does not reach"):
            invitations.invite(agent, email=kit.address(), role=role, kind="customer", now=now)
    issued = invitations.invite(agent, email=kit.address(), role=str(within.pk), kind="customer", now=now)
    assert accept(made.customer, issued, now).own_role_id == within.pk


def test_on_behalf_nobody_is_made_more_than_the_consent_names(made: Chain, now: datetime) -> None:
    made.give(now, scopes=["users", "telephony"])
    agent = enters(made.agent, made.customer, now)
    within = own_role(made.customer, now, "telephony.read", name="Phones")
    user, reader = (kit.member(made.customer, verbs.READER, factor=False) for _ in range(2))
    people.change_role(made.as_admin(), kit.membership(made.customer, user).pk, str(within.pk), now=now)
    row = kit.membership(made.customer, user).pk
    for role in (verbs.ADMINISTRATOR, verbs.READER):
        with pytest.raises(Refused, match="does not reach"):
            people.change_role(agent, row, role, now=now)
    with pytest.raises(Refused, match="does not reach"):
        heads.choose(agent, [row, kit.membership(made.customer, made.admin).pk], now=now)
    people.change_role(agent, kit.membership(made.customer, reader).pk, str(within.pk), now=now)
    assert kit.membership(made.customer, reader).own_role_id == within.pk, "less than before is no gift"


def test_on_behalf_nobody_of_the_partner_is_given_anything(made: Chain, now: datetime) -> None:
    """P17: it would outlive the consent."""
    made.give(now)
    insider, outsider = kit.member(made.customer, verbs.READER, factor=False), kit.member(made.customer, verbs.READER)
    with tenancy.acting_in(made.reseller.pk):
        people.join(person=insider, role=verbs.READER, organisation=made.reseller.name, now=now)
    agent, theirs = enters(made.agent, made.customer, now), kit.membership(made.customer, insider).pk
    role = own_role(made.customer, now, "telephony.read", name="Phones")
    both = [theirs, kit.membership(made.customer, outsider).pk, kit.membership(made.customer, made.admin).pk]
    for call in (
        lambda: people.change_role(agent, theirs, verbs.ADMINISTRATOR, now=now),
        lambda: people.change_role(agent, theirs, str(role.pk), now=now),
        lambda: heads.choose(agent, both, now=now),
    ):
        with pytest.raises(Refused, match=f"works for {made.reseller.name}"):
            call()
    assert kit.membership(made.customer, outsider).role == verbs.READER, "all or none"
    people.change_role(made.as_admin(), theirs, str(role.pk), now=now)  # the customer itself may
    with pytest.raises(Refused, match="works for"):
        roles.change(agent, role.pk, name="Phones", allowed=["telephony.write"], version=1, now=now)
    people.suspend(agent, theirs, suspended=True, now=now)  # taking away is no gift
    with pytest.raises(Refused, match="works for"):
        people.suspend(agent, theirs, suspended=False, now=now)
    assert heads.choose(agent, both[1:], now=now) == ([str(outsider)], [])


def test_an_invitation_on_behalf_ends_with_the_consent(made: Chain, now: datetime) -> None:
    made.give(now, days=2)
    agent = enters(made.agent, made.customer, now)
    lapsed, ended = (
        invitations.invite(agent, email=kit.address(), role=verbs.ADMINISTRATOR, kind="customer", now=now) for _ in range(2)
    )
    with pytest.raises(Refused, match="may not give the role administrator"):
        accept(made.customer, lapsed, now + timedelta(days=2))
    assert accept(made.customer, lapsed, now + timedelta(days=2, seconds=-1)).role == verbs.ADMINISTRATOR
    made.end(now)
    with pytest.raises(Refused, match="may not give the role administrator") as refusal:
        accept(made.customer, ended, now)
    assert refusal.value.hint == f"Ask an administrator of {made.customer.name} to invite you again."


def test_who_came_to_the_partner_meanwhile_does_not_come_in_by_its_invitation(made: Chain, now: datetime) -> None:
    made.give(now)
    who = kit.person(factor=False)
    agent = enters(made.agent, made.customer, now)
    issued = invitations.invite(agent, email=who.email, role=verbs.READER, kind="customer", now=now)
    with tenancy.acting_in(made.reseller.pk):
        people.join(person=who, role=verbs.READER, organisation=made.reseller.name, now=now)
    with pytest.raises(Refused, match="You work for"):
        accept(made.customer, issued, now, who)


# How often


def test_of_many_invitations_of_an_address_at_once_three_are_issued(place: Organisation, now: datetime) -> None:
    owner, email = kit.member(place, factor=False), kit.address()
    actor = kit.actor(place, owner)

    def once_more() -> invitations.Issued:
        return invitations.invite(actor, email=email, role=verbs.READER, kind="reseller", now=now)

    results = kit.at_once(*[once_more] * 6)
    assert [type(one).__name__ for one in results if not isinstance(one, invitations.Issued)] == ["TooOften"] * 3


def test_an_hour_after_the_first_letter_the_next_may_go(place: Organisation, now: datetime) -> None:
    actor, email = kit.actor(place, kit.member(place, factor=False)), kit.address()
    for minutes in (0, 10, 20):
        invitations.invite(actor, email=email, role=verbs.READER, kind="reseller", now=now + timedelta(minutes=minutes))
    with pytest.raises(often.TooOften) as refusal:
        invitations.invite(actor, email=email, role=verbs.READER, kind="reseller", now=now + timedelta(minutes=45))
    assert refusal.value.retry_after == timedelta(minutes=15)
    assert refusal.value.hint == "Try again in 16 minutes."
    assert invitations.invite(actor, email=email, role=verbs.READER, kind="reseller", now=now + often.HOUR).token
    elsewhere = kit.reseller()
    assert invitations.invite(kit.actor(elsewhere), email=email, role=verbs.READER, kind="reseller", now=now).token
