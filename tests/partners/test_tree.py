"""A seat lists its own chain and nothing else, and a customer moves at once or not at all. Source: reliability P19.

Seen to fail on a planted breach: `test_a_move_in_two_steps_is_found`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import UUID

import pytest
from django.db import connections
from django.db.models import F
from django.test import RequestFactory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purser.access import actors, acts, verbs
from purser.access.actors import Actor
from purser.access.models import Person
from purser.kernel.errors import Missing
from purser.partners import customers, orders
from purser.postgres import tenancy
from purser.tenants import grants, organisations, search
from purser.tenants.models import Grant, Kind, Organisation, SearchWord, Selling
from tests.access import kit
from tests.partners.kit import Chain, chain, enters

Parents = dict[UUID, UUID | None]


@st.composite
def trees(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Nodes below an operator as (kind, which of those before stands above), in an order that can be founded."""
    nodes: list[tuple[str, int]] = [("operator", -1)]
    for kind in ["distributor"] * draw(st.integers(0, 2)) + ["reseller"] * draw(st.integers(1, 4)) + ["customer"] * 5:
        above = [n for n, (k, _) in enumerate(nodes) if k in {str(one) for one in organisations.UNDER[Kind(kind)]}]
        nodes.append((kind, draw(st.sampled_from(above))))
    return nodes


def grown(nodes: list[tuple[str, int]]) -> list[Organisation]:
    made: list[Organisation] = []
    for n, (kind, above) in enumerate(nodes):
        parent = made[above] if above >= 0 else None
        made.append(organisations.found(kind=Kind(kind), name=f"{kind} {n}", parent=parent, now=kit.now()))
    return made


def ancestors(id: UUID, parents: Parents) -> list[UUID]:
    above = parents[id]
    return [] if above is None else [above, *ancestors(above, parents)]


def same_as_the_tree(made: list[Organisation], parents: Parents) -> None:
    """What each seat lists, all rows that the database gives it, against the tree that was drawn."""
    kinds = {one.pk: one.kind for one in made}
    for one in made:
        own = {id for id, above in parents.items() if above == one.pk}
        with tenancy.listing_customers_of(one.pk):
            assert set(Organisation.across.values_list("pk", flat=True)) == own
            listed = customers.listed(one.pk, kit.now())
            assert {row.pk for row in listed} == {id for id in own if kinds[id] == "customer"}
        below = {id for id in parents if one.kind == "distributor" and one.pk in ancestors(id, parents)}
        with tenancy.listing_below(one.pk):
            assert set(Organisation.across.values_list("pk", flat=True)) == below
            assert {row.pk for row in customers.below(one.pk)} == {id for id in below - own if kinds[id] == "customer"}
        everything = {id for id in parents if one.pk in ancestors(id, parents)}
        with tenancy.listing_all():
            if one.kind == "operator":
                assert {row.pk for row in organisations.of_operator(one.pk)} == everything
        with tenancy.acting_in(one.pk):
            assert [row.pk for row in Organisation.objects.all()] == [one.pk]
            if one.kind == "customer":
                terms = list(Selling.objects.order_by("since", "id"))
                assert [terms[0].since, *(term.until for term in terms)] == [*(term.since for term in terms), None]
                assert (terms[0].since, terms[-1].partner_id) == (one.created_at, parents[one.pk])


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(trees(), st.data())
def test_a_seat_lists_its_own_chain_whatever_the_tree_and_after_each_move(
    nodes: list[tuple[str, int]], data: st.DataObject
) -> None:
    made = grown(nodes)
    parents: Parents = {one.pk: one.parent_id for one in made}
    same_as_the_tree(made, parents)
    desk = kit.actor(made[0])
    sellers = [one for one in made if one.kind in ("distributor", "reseller")]
    for customer in [one for one in made if one.kind == "customer"][:2]:
        to = data.draw(st.sampled_from(sellers))
        if to.pk != parents[customer.pk]:
            orders.move(desk, customer.pk, to.partner_number, now=kit.now())
            parents[customer.pk] = to.pk
    same_as_the_tree(made, parents)


def entered(who: Person, organisation: Organisation) -> AbstractContextManager[Actor]:
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.7")
    request.user = who
    return actors.entering(who, tenant=organisation.pk, request=request, now=kit.now())


READERS, WRITERS = 14, 6  # together the twenty of P19


def seen_halves(made: Chain, partners: dict[UUID, UUID | None], mover: Callable[[], None]) -> tuple[list[str], int, int]:
    """What twenty readers and writers saw wrong while `mover` ran, how often they read, and how often wrote.

    Each read is one statement, which sees one moment. `partners`: who may be the parent, and the distributor that belongs
    to each.
    """
    over, counts = threading.Event(), [0, 0]
    wrong: list[str] = []
    customer = made.customer.pk

    def tree() -> None:
        with tenancy.listing_all():
            row = Organisation.across.filter(pk=customer).values_list("parent_id", "distributor_id").get()
            torn = SearchWord.across.filter(tenant_id=customer).exclude(parent_id=F("tenant__parent_id"))
            if torn.exists():
                wrong.append("words of one partner, the row of another")
        if partners.get(row[0], "nobody") != row[1]:
            wrong.append(f"a parent with the distributor of another: {row}")

    def consents() -> None:
        with tenancy.acting_in(customer):
            stale = grants.live(kit.now()).exclude(partner_id=F("tenant__parent_id"))
            if stale.exists():
                wrong.append("a consent that holds for the former partner")

    def write() -> None:
        try:
            with entered(made.agent, made.customer) as actor:
                acts.record(actor, "people.package", summary="Wrote on behalf", now=kit.now())
        except Missing:
            return
        counts[1] += 1

    def worker(work: Callable[[], None], n: int) -> None:
        try:
            while not over.is_set():
                work()
                counts[0] += n
        except Exception as failure:
            wrong.append(repr(failure))
        finally:
            connections.close_all()

    jobs = [(tree, 1)] * (READERS // 2) + [(consents, 1)] * (READERS // 2) + [(write, 0)] * WRITERS
    threads = [threading.Thread(target=worker, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        mover()
    finally:
        over.set()
        for thread in threads:
            thread.join(30)
    return wrong, counts[0], counts[1]


def two_chains() -> tuple[Chain, Chain, dict[UUID, UUID | None]]:
    made = chain()
    other = chain(operator=made.operator)
    made.give(kit.now())
    return made, other, {one.reseller.pk: one.distributor.pk for one in (made, other)}


def test_twenty_readers_and_writers_see_no_half_of_a_move() -> None:
    made, other, partners = two_chains()
    desk = kit.actor(made.operator, kit.person(factor=False))

    def mover() -> None:
        time.sleep(0.3)
        for to in (other, made, other, made, other):
            orders.move(desk, made.customer.pk, to.reseller.partner_number, now=kit.now())
            time.sleep(0.05)

    wrong, reads, writes = seen_halves(made, partners, mover)
    assert wrong == []
    assert reads >= READERS
    assert writes > 0
    with pytest.raises(Missing):
        enters(made.agent, made.customer, kit.now())
    with tenancy.acting_in(made.customer.pk):
        assert {row.closed_as for row in Grant.objects.all()} == {"moved"}


def test_a_move_in_two_steps_is_found() -> None:
    made, other, partners = two_chains()

    def mover() -> None:
        with tenancy.acting_in(made.customer.pk):
            Organisation.objects.update(parent_id=other.reseller.pk)
        time.sleep(1.0)
        with tenancy.acting_in(made.customer.pk):
            Organisation.objects.update(distributor_id=other.distributor.pk)
            search.index(organisations.own())

    wrong, _, _ = seen_halves(made, partners, mover)
    assert {line.partition(":")[0] for line in wrong} == {
        "words of one partner, the row of another",
        "a parent with the distributor of another",
        "a consent that holds for the former partner",
    }


def test_a_grant_opens_one_tenant() -> None:
    made, moment = chain(), kit.now()
    beside = kit.customer("Beside", under=made.reseller)
    kit.member(beside, verbs.ADMINISTRATOR, factor=False)
    made.give(moment)
    assert enters(made.agent, made.customer, moment).on_behalf
    for target in (beside, made.distributor, made.operator):
        with pytest.raises(Missing):
            enters(made.agent, target, moment)
