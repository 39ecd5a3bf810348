"""A tenant joins a partner by an invitation that only its own administrator accepts. Rows CS-7 to CS-10; P23."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.test import RequestFactory

from purser.access import actors, once, people, verbs
from purser.access.models import Person
from purser.kernel.errors import Missing, Refused
from purser.partners import joining
from purser.postgres import tenancy
from purser.tenants.models import Grant
from tests.access import kit
from tests.partners.kit import Chain, chain, enable, enters


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made() -> Chain:
    return chain()


def invited(made: Chain, email: str, now: datetime) -> joining.Issued:
    with tenancy.acting_in(made.reseller.pk):
        return joining.invite(kit.actor(made.reseller, made.owner), email=email, now=now)


def accept(
    made: Chain, token: str, who: Person, now: datetime, *, customer: UUID | None = None, partner: UUID | None = None
) -> Grant:
    """As the door does: the person as a member of the tenant chosen, then the verb."""
    tenant = customer or made.customer.pk
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    request.user = who
    with tenancy.acting_in(tenant):
        actor = actors.load(who, tenant=tenant, request=request)
    return joining.accept(partner or made.reseller.pk, token, actor=actor, now=now)


def grants_of(made: Chain) -> int:
    with tenancy.acting_in(made.customer.pk):
        return Grant.objects.count()


def test_it_lets_the_partner_in_once_the_tenants_administrator_accepts(made: Chain, now: datetime) -> None:
    issued = invited(made, made.admin.email, now)
    grant = accept(made, issued.token, made.admin, now)
    assert (grant.asked_by, grant.approved_by) == (made.owner.pk, made.admin.pk)
    assert enters(made.agent, made.customer, now).grant == grant.pk
    with tenancy.acting_in(made.reseller.pk):
        assert joining.pending() == []
    told = [act.after for act in kit.acts_of(made.reseller, "tenants.accept")]
    assert [(one["accepted_by"], one["invited_by"]) for one in told if one] == [(made.admin.email, str(made.owner))]


def test_it_is_accepted_once(made: Chain, now: datetime) -> None:
    issued = invited(made, made.admin.email, now)
    results = kit.at_once(*[lambda: accept(made, issued.token, made.admin, now)] * 4)
    assert sum(isinstance(one, Grant) for one in results) == 1
    with pytest.raises(once.Spent):
        accept(made, issued.token, made.admin, now)
    assert grants_of(made) == 1


def test_it_refuses_anybody_who_does_not_administer_the_tenant(made: Chain, now: datetime) -> None:
    reader = kit.member(made.customer, verbs.READER, factor=False)
    stranger = kit.person(factor=False)
    for who, error in ((reader, Refused), (stranger, Missing)):
        issued = invited(made, who.email, now)
        with pytest.raises(error):
            accept(made, issued.token, who, now)
    assert grants_of(made) == 0


def test_it_refuses_the_partner_who_invites_an_address_of_its_own(made: Chain, now: datetime) -> None:
    for customer in (made.reseller.pk, made.customer.pk):
        issued = invited(made, made.owner.email, now)
        with pytest.raises((Refused, Missing)):
            accept(made, issued.token, made.owner, now, customer=customer)
    assert grants_of(made) == 0


def test_it_refuses_everybody_else_of_the_partner_too(made: Chain, now: datetime) -> None:
    with tenancy.acting_in(made.customer.pk):
        people.join(person=made.agent, role=verbs.ADMINISTRATOR, organisation=made.customer.name, now=now)
    issued = invited(made, made.agent.email, now)
    with pytest.raises(Refused, match="which invites"):
        accept(made, issued.token, made.agent, now)
    assert grants_of(made) == 0


def test_it_refuses_another_address_than_the_invited(made: Chain, now: datetime) -> None:
    second = kit.member(made.customer, verbs.ADMINISTRATOR, factor=False)
    issued = invited(made, made.admin.email, now)
    with pytest.raises(Refused, match="is for"):
        accept(made, issued.token, second, now)


def test_it_refuses_a_tenant_that_another_partner_serves(made: Chain, now: datetime) -> None:
    other = chain()
    with tenancy.acting_in(other.reseller.pk):
        issued = joining.invite(kit.actor(other.reseller, other.owner), email=made.admin.email, now=now)
    with pytest.raises(Refused, match="another partner"):
        accept(made, issued.token, made.admin, now, partner=other.reseller.pk)


@pytest.mark.parametrize("days", [0, 1, 2, 4])
def test_a_link_works_for_72_hours(made: Chain, now: datetime, days: int) -> None:
    issued = invited(made, made.admin.email, now)
    later = now + timedelta(days=days)
    if days < 3:
        accept(made, issued.token, made.admin, later)
    else:
        with pytest.raises(once.Spent):
            accept(made, issued.token, made.admin, later)


def test_a_withdrawn_or_renewed_link_ends(made: Chain, now: datetime) -> None:
    actor = kit.actor(made.reseller, made.owner)
    first = invited(made, made.admin.email, now)
    with tenancy.acting_in(made.reseller.pk):
        second = joining.send_again(actor, first.invitation.pk, now=now)
    with pytest.raises(once.Spent):
        accept(made, first.token, made.admin, now)
    with tenancy.acting_in(made.reseller.pk):
        joining.revoke(actor, first.invitation.pk, now=now)
    with pytest.raises(once.Spent):
        accept(made, second.token, made.admin, now)


def test_another_partners_token_opens_nothing(made: Chain, now: datetime) -> None:
    other = chain()
    issued = invited(made, made.admin.email, now)
    with pytest.raises(once.Spent):
        accept(made, issued.token, made.admin, now, partner=other.reseller.pk)


def test_a_partner_that_is_not_enabled_cannot_invite(now: datetime) -> None:
    made = chain(enabled=False)
    with pytest.raises(Refused, match="not enabled"):
        invited(made, made.admin.email, now)
    enable(made.reseller, made.agent)
    assert invited(made, made.admin.email, now).token
