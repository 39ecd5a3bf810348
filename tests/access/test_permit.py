"""It permits by the table of verbs and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from purser.access import actors, permit, verbs
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.tenants import grants
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site

pytestmark = pytest.mark.usefixtures("site")

EVERY = [
    (kind, role)
    for kind, roles in verbs.ROLES.items()
    for role in [*roles, verbs.PARTNER, verbs.SUPPORT, "nobody", verbs.SYSTEM]
]


@pytest.fixture(scope="module")
def places() -> dict[str, Organisation]:
    operator = kit.operator()
    distributor = kit.distributor(under=operator)
    reseller = kit.reseller(under=distributor)
    customer = kit.customer(under=reseller)
    return {"operator": operator, "distributor": distributor, "reseller": reseller, "customer": customer}


@pytest.mark.parametrize(("kind", "role"), EVERY)
def test_it_lets_a_role_do_what_the_table_says_and_refuses_the_rest(places, kind, role):
    actor = kit.actor(places[kind], role=role)
    for verb in verbs.VERBS:
        if role in verbs.find(verb).roles(kind):
            permit.check(actor, verb)
            assert permit.allows(actor, verb)
        else:
            assert not permit.allows(actor, verb)
            with pytest.raises(permit.Denied, match=verbs.find(verb).sentence) as refusal:
                permit.check(actor, verb)
            assert refusal.value.code == "denied"
            assert isinstance(refusal.value, Refused)


def test_it_names_a_role_for_every_verb_and_only_roles_that_exist():
    for verb in verbs.VERBS.values():
        assert any(verb.roles(kind) for kind in verbs.KINDS), verb.name
        for kind in verbs.KINDS:
            assert verb.roles(kind) <= {*verbs.ROLES[kind], verbs.SUPPORT, verbs.PARTNER}, verb.name
        assert verbs.PARTNER not in verb.operator | verb.distributor | verb.reseller
        assert not verb.area or verb.customer
        assert verb.area in {"", *grants.AREAS}
        assert verb.group in {"", *verbs.GROUPS}


def test_it_lets_nobody_from_outside_change_anything_in_an_emergency():
    reads = {name for name in verbs.VERBS if name.endswith((".read", "_reads"))}
    for kind in ("distributor", "reseller", "customer"):
        assert {verb.name for verb in verbs.allowed(kind, verbs.SUPPORT)} <= reads


def test_it_raises_for_an_unknown_verb(places):
    actor = kit.actor(places["reseller"])
    for ask in (permit.check, permit.allows):
        with pytest.raises(LookupError, match="conections"):
            ask(actor, "conections.read")


def test_it_never_lets_a_reseller_do_the_operators_verbs(places):
    actor = kit.actor(places["reseller"])
    assert [name for name in verbs.VERBS if name.startswith("operator.") and permit.allows(actor, name)] == []


def test_it_costs_no_query(places):
    actor = kit.actor(places["reseller"])
    with CaptureQueriesContext(connection) as queries:
        permit.check(actor, "connections.reveal")
    assert len(queries) == 0


def test_it_loads_a_member_with_one_query_and_nobody_else(places):
    org = places["reseller"]
    who, stranger = kit.member(org, verbs.READER, factor=False), kit.person(factor=False)
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    request.user = who
    with tenancy.acting_in(org.pk):
        with CaptureQueriesContext(connection) as queries:
            actor = actors.load(who, tenant=org.pk, request=request)
        assert len(queries) == 1
        assert (actor.role, actor.organisation, actor.address, actor.kind) == (
            "reader",
            org.name,
            "192.0.2.7",
            "reseller",
        )
        assert actor.verified_at is None
        with pytest.raises(Missing):
            actors.load(stranger, tenant=org.pk, request=request)


def test_it_says_nothing_of_a_suspended_organisation():
    org = kit.reseller()
    who = kit.member(org, factor=False)
    request = RequestFactory().get("/")
    request.user = who
    with tenancy.acting_in(org.pk):
        Organisation.objects.update(suspended_at=kit.now())
        with pytest.raises(Missing) as suspended:
            actors.load(who, tenant=org.pk, request=request)
        with pytest.raises(Missing) as foreign:
            actors.load(kit.person(factor=False), tenant=org.pk, request=request)
    assert suspended.value.text == foreign.value.text


def test_it_lets_a_job_act_under_its_name_but_through_no_door(places):
    org = places["reseller"]
    job = actors.system("nightly sync", tenant=org.pk, organisation=org.name)
    assert (job.person, job.name) == (None, "nightly sync")
    assert not any(permit.allows(replace(job, kind=kind), verb) for kind in verbs.ROLES for verb in verbs.VERBS)
