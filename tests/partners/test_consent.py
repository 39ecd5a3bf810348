"""Nobody acts for a customer without a live consent: given by another person there, within its scope, before its end.

Rows UC-1, UC-2, UC-7, UC-8, UC-10, UC-12, UC-13, UC-19, UC-21; reliability P17.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from purser.access import people, permit, verbs
from purser.access.models import Act, Membership
from purser.kernel.errors import Missing, Refused
from purser.partners import consent, customers
from purser.postgres import tenancy
from purser.tenants import tree
from purser.tenants.models import Grant, Organisation
from tests.access import kit
from tests.partners.kit import ALL, PAID, Chain, chain, enable, enters

SECOND = timedelta(seconds=1)


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made() -> Chain:
    return chain()


def refused(made: Chain, now: datetime) -> bool:
    try:
        enters(made.agent, made.customer, now)
    except Missing:
        return True
    return False


def test_it_lets_the_partner_in_from_the_moment_the_customer_agrees_until_it_does_not(made: Chain, now: datetime) -> None:
    assert refused(made, now)
    made.give(now)
    actor = enters(made.agent, made.customer, now)
    assert (actor.role, actor.home, actor.home_name) == (verbs.PARTNER, made.reseller.pk, made.reseller.name)
    assert actor.kind == "customer"
    assert actor.on_behalf
    made.end(now + SECOND)
    assert refused(made, now + SECOND)


def test_it_ends_by_the_clock_and_no_job(made: Chain, now: datetime) -> None:
    grant = made.give(now, days=30)
    assert grant.ends_at is not None
    assert not refused(made, grant.ends_at - SECOND)
    assert refused(made, grant.ends_at)
    assert refused(made, grant.ends_at + SECOND)


@pytest.mark.parametrize("days", [0, -1, 731, 10_000])
def test_it_holds_for_two_years_at_most(made: Chain, now: datetime, days: int) -> None:
    with pytest.raises(Refused, match="730"):
        made.give(now, days=days)


def test_the_database_holds_the_end_too(made: Chain, now: datetime) -> None:
    from django.db import IntegrityError

    grant = made.give(now)
    with pytest.raises(IntegrityError, match="grant_two_years_at_most"), tenancy.acting_in(made.customer.pk):
        Grant.objects.filter(pk=grant.pk).update(ends_at=now + timedelta(days=800))


def test_it_allows_what_the_scopes_name_and_what_an_administrator_may(made: Chain, now: datetime) -> None:
    made.give(now, scopes=["telephony"])
    actor = enters(made.agent, made.customer, now)
    for verb in verbs.VERBS.values():
        within = verbs.PARTNER in verb.customer and verb.area in ("", "telephony")
        assert permit.allows(actor, verb.name) == within, verb.name
    with pytest.raises(permit.Denied, match="consent of Alder Dental") as refusal:
        permit.check(actor, "rooms.write")
    assert refusal.value.code == "scope"


def test_with_every_scope_the_partner_has_the_administrators_settings_and_never_the_decision(
    made: Chain, now: datetime
) -> None:
    made.give(now)
    actor = enters(made.agent, made.customer, now)
    administered = {v.name for v in verbs.allowed("customer", verbs.ADMINISTRATOR) if v.area}
    assert actor.allowed is not None
    assert administered <= actor.allowed
    for own in ("consent.decide", "consent.export", "tokens.make", "sign_on.configure", "directory.configure"):
        assert not permit.allows(actor, own), own


def test_a_request_is_answered_by_somebody_else(made: Chain, now: datetime) -> None:
    with tenancy.acting_in(made.customer.pk):
        people.join(person=made.agent, role=verbs.ADMINISTRATOR, organisation=made.customer.name, now=now)
    request = made.ask(now)
    with pytest.raises(Refused, match="asked for this consent yourself"):
        consent.give(made.as_admin(made.agent), scopes=ALL, days=10, reason="me", request=request.pk, now=now)
    with pytest.raises(Refused, match="asked for this consent yourself"):
        consent.give(made.as_admin(made.agent), scopes=ALL, days=10, reason="me", now=now)
    assert made.give(now, request=request.pk).asked_by == made.agent.pk


@pytest.mark.parametrize("suspended", [False, True])
def test_nobody_of_the_partner_gives_it_consent_even_as_an_administrator_there(
    made: Chain, now: datetime, suspended: bool
) -> None:
    with tenancy.acting_in(made.customer.pk):
        people.join(person=made.owner, role=verbs.ADMINISTRATOR, organisation=made.customer.name, now=now)
    with tenancy.acting_in(made.reseller.pk):
        Membership.objects.filter(person=made.owner).update(suspended_at=now if suspended else None)
    with pytest.raises(Refused, match="You work for Acme IT"):
        consent.give(made.as_admin(made.owner), scopes=ALL, days=10, reason="ours", now=now)
    request = made.ask(now)
    with pytest.raises(Refused, match="You work for Acme IT"):
        consent.give(made.as_admin(made.owner), scopes=ALL, days=10, reason="ours", request=request.pk, now=now)
    with tenancy.acting_in(made.customer.pk):
        assert not Grant.objects.filter(approved_at__isnull=False).exists()


def test_a_request_lapses_after_90_days(made: Chain, now: datetime) -> None:
    request = made.ask(now)
    late = now + timedelta(days=90)
    with tenancy.acting_in(made.customer.pk), pytest.raises(Missing):
        consent.refuse(made.as_admin(), request.pk, why="late", now=late)
    with pytest.raises(Missing):
        made.give(late, request=request.pk)
    assert made.ask(late).pk != request.pk


def test_a_second_request_waits_for_the_first_to_be_answered_or_withdrawn(made: Chain, now: datetime) -> None:
    made.ask(now)
    with pytest.raises(Refused, match="has your request already"):
        made.ask(now)
    consent.withdraw(made.as_agent(), made.customer.pk, now=now)
    made.ask(now)


def test_an_extension_is_a_new_consent_that_takes_the_place_of_the_old(made: Chain, now: datetime) -> None:
    first = made.give(now, days=10, scopes=["users"])
    second = made.give(now + SECOND, days=700)
    with tenancy.acting_in(made.customer.pk):
        assert Grant.objects.get(pk=first.pk).closed_as == "replaced"
        assert [row.pk for row in Grant.objects.filter(closed_at=None)] == [second.pk]
    assert not refused(made, now + timedelta(days=600))


@pytest.mark.parametrize("package", ["", "UnifyFree", "Unknown"])
def test_only_a_paid_user_gets_in(made: Chain, now: datetime, package: str) -> None:
    made.give(now)
    with tenancy.acting_in(made.reseller.pk):
        Membership.objects.filter(person=made.agent).update(package=package)
    assert refused(made, now)


def test_only_a_partner_administrator_gets_in_not_the_owner(made: Chain, now: datetime) -> None:
    made.give(now)
    with tenancy.acting_in(made.reseller.pk):
        Membership.objects.filter(person=made.owner).update(package=PAID)
    with pytest.raises(Missing):
        enters(made.owner, made.customer, now)


def test_suspension_of_the_person_the_partner_or_the_customer_keeps_everybody_out(made: Chain, now: datetime) -> None:
    made.give(now)
    with tenancy.acting_in(made.reseller.pk):
        Membership.objects.filter(person=made.agent).update(suspended_at=now)
    assert refused(made, now)
    with tenancy.acting_in(made.reseller.pk):
        Membership.objects.filter(person=made.agent).update(suspended_at=None)
        tree.suspend(now=now)
    assert refused(made, now)
    with tenancy.acting_in(made.reseller.pk):
        tree.resume()
    with tenancy.acting_in(made.customer.pk):
        tree.suspend(now=now)
    assert refused(made, now)
    with tenancy.acting_in(made.customer.pk):
        tree.resume()
    assert not refused(made, now)


def test_the_partner_of_another_customer_gets_in_nowhere(made: Chain, now: datetime) -> None:
    other = chain()
    made.give(now)
    with pytest.raises(Missing):
        enters(other.agent, made.customer, now)
    with pytest.raises(Missing):
        consent.ask(other.as_agent(), made.customer.pk, scopes=ALL, days=1, reason="ours?", now=now)


def test_a_distributor_gets_in_only_where_it_sells_itself(made: Chain, now: datetime) -> None:
    who = kit.member(made.distributor, verbs.TECHNICIAN, factor=False)
    enable(made.distributor, who)
    own = kit.customer("Direct", under=made.distributor)
    boss = kit.member(own, verbs.ADMINISTRATOR, factor=False)
    asker = kit.actor(made.distributor, who)
    with pytest.raises(Missing):
        consent.ask(asker, made.customer.pk, scopes=ALL, days=1, reason="below us", now=now)
    made.give(now)
    with pytest.raises(Missing):
        enters(who, made.customer, now)
    consent.ask(asker, own.pk, scopes=ALL, days=1, reason="contract", now=now)
    consent.give(kit.actor(own, boss, role=verbs.ADMINISTRATOR), scopes=ALL, days=1, reason="yes", now=now)
    assert enters(who, own, now).home == made.distributor.pk


def test_before_operations_enabled_the_partner_there_is_no_switch_and_no_request(now: datetime) -> None:
    made = chain(enabled=False)
    assert consent.standing(made.customer.pk, now=now).partner is None
    with pytest.raises(Refused, match="no partner"):
        made.give(now)
    with pytest.raises(Refused, match="not enabled"):
        made.ask(now)


def test_a_customer_that_moves_leaves_its_consents_behind(made: Chain, now: datetime) -> None:
    made.give(now)
    other = kit.reseller("Tide IT", under=made.operator)
    with tenancy.acting_in(made.customer.pk):
        tree.move(other, by="desk", now=now)
    assert refused(made, now)
    with tenancy.listing_customers_of(made.reseller.pk):
        assert not customers.listed(made.reseller.pk, now).exists()
    with tenancy.listing_customers_of(other.pk):
        assert [row.pk for row in customers.listed(other.pk, now)] == [made.customer.pk]
    with tenancy.listing_below(made.distributor.pk):
        assert not Organisation.across.filter(pk=made.customer.pk).exists()


def test_an_act_on_behalf_names_person_partner_and_consent_and_the_customer_reads_it(made: Chain, now: datetime) -> None:
    from purser.access import acts

    grant = made.give(now)
    actor = enters(made.agent, made.customer, now)
    with tenancy.acting_in(made.customer.pk):
        acts.record(actor, "domain.write", summary="Changed", before={"x": 1}, after={"x": 2}, now=now)
        row = Act.objects.get(grant_id__isnull=False)
    assert (row.person_id, row.home, row.grant_id) == (made.agent.pk, made.reseller.pk, grant.pk)
    assert row.home_name == made.reseller.name


def test_a_partner_lists_all_its_customers_and_which_of_them_are_open(made: Chain, now: datetime) -> None:
    closed = kit.customer("Birch Law", under=made.reseller)
    asked = kit.customer("Cedar Foods", under=made.reseller)
    grant = made.give(now)
    consent.ask(made.as_agent(), asked.pk, scopes=ALL, days=1, reason="contract", now=now)
    with tenancy.listing_customers_of(made.reseller.pk):
        rows = {row.pk: (row.open, row.until, row.asked) for row in customers.listed(made.reseller.pk, now)}
    assert rows == {
        made.customer.pk: (True, grant.ends_at, False),
        closed.pk: (False, None, False),
        asked.pk: (False, None, True),
    }


def test_an_api_token_is_good_for_its_own_organisations_customers_only(made: Chain, now: datetime) -> None:
    made.give(now)
    assert enters(made.agent, made.customer, now, via=made.reseller.pk).on_behalf
    with pytest.raises(Missing):
        enters(made.agent, made.customer, now, via=made.distributor.pk)
    with pytest.raises(Missing):
        enters(made.admin, made.customer, now, via=made.reseller.pk)


def test_of_two_who_agree_at_once_one_consent_holds(made: Chain, now: datetime) -> None:
    kit.at_once(*[lambda: made.give(now)] * 4)
    with tenancy.acting_in(made.customer.pk):
        assert Grant.objects.filter(closed_at=None).count() == 1
