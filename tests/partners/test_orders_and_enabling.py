"""Orders write the chain; operations enables; a customer moves at once. Rows UC-3 to UC-8, UC-20; reliability P19, P32."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

import pytest

from purser.access import verbs
from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.partners import agreements, break_glass, consent, enabling, intake, orders
from purser.partners.models import OrderState, OrderTaken, Side
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Organisation, PackageStock
from tests.access import kit
from tests.partners.kit import ALL, PAID, Chain, chain, enters


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made() -> Chain:
    return chain(enabled=False)


def desk(made: Chain) -> Actor:
    return kit.actor(made.operator, kit.person(factor=False))


def order(made: Chain, **more: Any) -> orders.Order:
    wanted: dict[str, Any] = {
        "reseller": made.reseller.partner_number,
        "distributor": made.distributor.partner_number,
        "name": "Cedar Foods",
        "domain": "Cedar-Foods.example",
        "packages": {PAID: 5},
    }
    return orders.Order(**{**wanted, **more})


def own(id: Any) -> Organisation:
    with tenancy.acting_in(id):
        return organisations.own()


def test_an_order_makes_the_customer_and_its_chain(made: Chain, now: datetime) -> None:
    customer = orders.take(desk(made), order(made), now=now)
    assert (customer.kind, customer.parent_id, customer.distributor_id) == ("customer", made.reseller.pk, made.distributor.pk)
    assert customer.domain == "cedar-foods.example"
    with tenancy.acting_in(customer.pk):
        assert [(row.package, row.total) for row in PackageStock.objects.all()] == [(PAID, 5)]
    with tenancy.listing_below(made.distributor.pk):
        assert Organisation.across.filter(pk=customer.pk).exists()


def test_a_second_order_adds_to_the_tenant_it_names(made: Chain, now: datetime) -> None:
    first = orders.take(desk(made), order(made), now=now)
    again = orders.take(desk(made), order(made, customer=first.number, packages={PAID: 2, "UnifyFree": 1}), now=now)
    assert again.pk == first.pk
    with tenancy.acting_in(first.pk):
        assert dict(PackageStock.objects.values_list("package", "total")) == {PAID: 7, "UnifyFree": 1}


def test_an_order_that_comes_twice_takes_effect_once(made: Chain, now: datetime) -> None:
    actor, sent = desk(made), order(made, number="SO-1")
    found = kit.at_once(*[lambda: orders.take(actor, sent, now=now)] * 4)
    assert {one.pk for one in found} == {found[0].pk}
    with tenancy.acting_in(found[0].pk):
        assert dict(PackageStock.objects.values_list("package", "total")) == {PAID: 5}
    more = order(made, number="SO-2", customer=found[0].number)
    for _ in range(2):
        orders.take(actor, more, now=now)
    with tenancy.acting_in(found[0].pk):
        assert dict(PackageStock.objects.values_list("package", "total")) == {PAID: 10}
    with pytest.raises(Refused, match="with other content"):
        orders.take(actor, order(made, number="SO-1", packages={PAID: 6}), now=now)


def test_an_order_that_broke_off_is_completed_by_sending_it_again(
    made: Chain, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = order(made, number="SO-1")
    with monkeypatch.context() as broken:
        broken.setattr(orders, "_done", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            orders.take(desk(made), sent, now=now)
    customer = orders.take(desk(made), sent, now=now)
    with tenancy.acting_in(customer.pk):
        assert dict(PackageStock.objects.values_list("package", "total")) == {PAID: 5}
    with tenancy.listing_customers_of(made.reseller.pk):
        assert Organisation.across.filter(parent_id=made.reseller.pk, name="Cedar Foods").count() == 1


def broken_off(made: Chain, sent: orders.Order, at: str, now: datetime) -> OrderTaken:
    """The order's row after it was cut off: before the customer's transaction (`_given`) or after it (`_done`)."""
    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(orders, at, lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            orders.take(desk(made), sent, now=now)
    (one,) = orders.half_done(made.operator.pk, now=now)
    return one.row


def packages_of(customer: Any) -> dict[str, int]:
    with tenancy.acting_in(customer):
        return dict(PackageStock.objects.values_list("package", "total"))


@pytest.mark.parametrize("at", ["_given", "_done"])
def test_a_half_done_order_is_listed_and_completed_once(made: Chain, now: datetime, at: str) -> None:
    row = broken_off(made, order(made, number="SO-1"), at, now)
    (one,) = orders.half_done(made.operator.pk, now=now + orders.UNDER_WAY)
    assert (one.row.number, one.row.customer_name, one.given_at is None) == ("SO-1", "Cedar Foods", at == "_given")
    assert one.undoable == (at == "_given")
    made_of = kit.at_once(*[lambda: orders.complete(desk(made), row.pk, now=now)] * 2)
    assert row.target in [getattr(found, "pk", None) for found in made_of]
    assert packages_of(row.target) == {PAID: 5}
    assert orders.half_done(made.operator.pk, now=now) == []
    for organisation in (made.operator, own(row.target)):
        assert len(kit.acts_of(organisation, orders.VERB)) == 1
    with pytest.raises(Missing):
        orders.complete(desk(made), row.pk, now=now)


def test_an_order_of_which_nothing_was_taken_over_is_undone_and_can_come_again(made: Chain, now: datetime) -> None:
    sent, later = order(made, number="SO-1"), now + orders.UNDER_WAY
    row = broken_off(made, sent, "_given", now)
    with pytest.raises(Refused, match="may still be under way"):
        orders.undo(desk(made), row.pk, why="Cancelled by the shop", now=later - timedelta(seconds=1))
    with pytest.raises(Refused, match="Say why"):
        orders.undo(desk(made), row.pk, why=" ", now=later)
    orders.undo(desk(made), row.pk, why="Cancelled by the shop", now=later)
    assert orders.half_done(made.operator.pk, now=later) == []
    (act,) = kit.acts_of(made.operator, orders.VERB)
    assert (act.summary, act.after) == ("Undid the order SO-1 of Cedar Foods", {"why": "Cancelled by the shop"})
    with pytest.raises(Missing):
        own(row.target)
    assert packages_of(orders.take(desk(made), sent, now=later).pk) == {PAID: 5}


def test_what_the_customer_has_got_is_completed_and_never_undone_even_after_it_moved(now: datetime) -> None:
    made = chain()
    row = broken_off(made, order(made, number="SO-2", customer=made.customer.number), "_done", now)
    with pytest.raises(Refused, match="got what the order SO-2 brings"):
        orders.undo(desk(made), row.pk, why="Too much", now=now + orders.UNDER_WAY)
    other = chain(operator=made.operator)
    orders.move(desk(made), made.customer.pk, other.reseller.partner_number, now=now)
    assert orders.complete(desk(made), row.pk, now=now).pk == made.customer.pk
    assert packages_of(made.customer.pk) == {PAID: 5}


def test_a_refused_order_leaves_the_list_as_it_was(made: Chain, now: datetime) -> None:
    with pytest.raises(Refused):
        orders.take(desk(made), order(made, number="SO-1", region="Germany"), now=now)
    assert orders.half_done(made.operator.pk, now=now) == []
    orders.take(desk(made), order(made, number="SO-1"), now=now)  # the number is free
    row = broken_off(made, order(made, number="SO-2"), "_given", now)
    orders.undo(desk(made), row.pk, why="Wrong", now=now + orders.UNDER_WAY)
    with pytest.raises(Refused):
        orders.take(desk(made), order(made, number="SO-2", region="Germany"), now=now)
    assert orders.half_done(made.operator.pk, now=now) == []


@pytest.mark.parametrize(("was", "to"), list(itertools.product(OrderState, OrderState)))
def test_an_order_takes_only_the_steps_there_are(made: Chain, now: datetime, was: OrderState, to: OrderState) -> None:
    with tenancy.acting_in(made.operator.pk):
        row = OrderTaken.objects.create(
            number="SO-9", content={}, target=made.customer.pk, state=was, taken_by_name="x", tried_at=now
        )
        if to in intake.STEPS[was]:
            intake.step(row, to)
            assert OrderTaken.objects.get(pk=row.pk).state == to
        else:
            with pytest.raises(Refused, match="cannot become"):
                intake.step(row, to)
            assert OrderTaken.objects.get(pk=row.pk).state == was


def test_another_operator_sees_none_of_it(made: Chain, now: datetime) -> None:
    row, other = broken_off(made, order(made, number="SO-1"), "_given", now), kit.operator()
    assert orders.half_done(other.pk, now=now) == []
    with pytest.raises(Missing):
        orders.complete(kit.actor(other, kit.person(factor=False)), row.pk, now=now)


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"reseller": "P00000000"}, "No reseller has"),
    ({"distributor": ""}, "names no distributor"),
    ({"packages": {"Unknown": 1}}, "no package"),
    ({"packages": {PAID: 0}}, "1 to 1,000,000"),
    ({"packages": {PAID: -3}}, "1 to 1,000,000"),
    ({"customer": "000000000000"}, "no tenant"),
    ({"name": "  "}, "needs a name"),
    ({"name": "Cedar\u202e Foods"}, "needs a name"),
    ({"contact_email": "nobody"}, "no e-mail address"),
    ({"domain": "not a domain"}, "no domain"),
    ({"region": "Germany"}, "country code"),
]


@pytest.mark.parametrize(("more", "words"), WRONG)
def test_a_wrong_order_says_why_and_keeps_nothing(made: Chain, now: datetime, more: dict[str, Any], words: str) -> None:
    with pytest.raises((Refused, Missing), match=words):
        orders.take(desk(made), order(made, **more), now=now)
    with tenancy.listing_customers_of(made.reseller.pk):
        assert [row.pk for row in Organisation.across.filter(parent_id=made.reseller.pk)] == [made.customer.pk]


def test_an_order_through_the_wrong_distributor_or_for_anothers_customer_is_refused(made: Chain, now: datetime) -> None:
    other = chain(enabled=False, operator=made.operator)
    with pytest.raises(Refused, match="is not the distributor of"):
        orders.take(desk(made), order(made, distributor=other.distributor.partner_number), now=now)
    with pytest.raises(Refused, match="no customer of"):
        orders.take(desk(made), order(made, customer=other.customer.number), now=now)


def test_operations_enables_a_partner_with_paid_packages_and_both_sides_know(made: Chain, now: datetime) -> None:
    owner = kit.actor(made.reseller, made.owner)
    with tenancy.acting_in(made.reseller.pk):
        asked = enabling.request(owner, signature="Olive Owner", email=made.owner.email, now=now)
        with pytest.raises(Refused, match="already"):
            enabling.request(owner, signature="Olive Owner", email=made.owner.email, now=now)
    assert asked.subject == "Please enable the Partner Administration on behalf for Reseller Acme IT"
    assert f"Our Circuit tenant ID is: {made.reseller.number}" in asked.body
    assert f"Our Partner ID (Global One ID) is: {made.reseller.partner_number}" in asked.body
    with tenancy.listing_all():
        assert asked.pk in [row.pk for row in enabling.queue(made.operator.pk)]
    with pytest.raises(Refused, match="no commercial subscription"):
        enabling.answer(desk(made), asked.pk, approve=True, why="Contract signed", now=now)
    orders.take(desk(made), order(made, customer=made.reseller.number), now=now)
    enabling.answer(desk(made), asked.pk, approve=True, why="Contract signed", now=now)
    assert own(made.reseller.pk).partner_admin_id == made.reseller.partner_number
    assert kit.acts_of(made.reseller, "operator.requests.decide")[0].after == {"why": "Contract signed"}
    assert len(kit.acts_of(made.operator, "operator.requests.decide")) == 1
    with pytest.raises(Missing):
        enabling.answer(desk(made), asked.pk, approve=True, why="again", now=now)


def test_a_refusal_needs_a_reason_and_leaves_the_partner_as_it_was(made: Chain, now: datetime) -> None:
    with tenancy.acting_in(made.reseller.pk):
        asked = enabling.request(kit.actor(made.reseller, made.owner), signature="", email=made.owner.email, now=now)
    with pytest.raises(Refused, match="needs a reason"):
        enabling.answer(desk(made), asked.pk, approve=False, why=" ", now=now)
    enabling.answer(desk(made), asked.pk, approve=False, why="No contract", now=now)
    assert not own(made.reseller.pk).administers
    with tenancy.acting_in(made.reseller.pk):
        enabling.request(kit.actor(made.reseller, made.owner), signature="", email=made.owner.email, now=now)


def test_a_moved_customer_leaves_one_chain_for_the_other_and_all_three_keep_an_act(now: datetime) -> None:
    made = chain()
    other = chain(operator=made.operator)
    made.give(now)
    orders.move(desk(made), made.customer.pk, other.reseller.partner_number, now=now)
    moved = own(made.customer.pk)
    assert (moved.parent_id, moved.distributor_id) == (other.reseller.pk, other.distributor.pk)
    with pytest.raises(Missing):
        enters(made.agent, made.customer, now)
    for organisation in (made.customer, made.reseller, other.reseller):
        assert len(kit.acts_of(organisation, "operator.customers.move")) == 1
    with pytest.raises(Refused, match="customer of"):
        orders.move(desk(made), made.customer.pk, other.reseller.partner_number, now=now)


def test_an_agreement_is_required_where_the_operator_says_so(now: datetime) -> None:
    made = chain(region="de")
    with tenancy.acting_in(made.operator.pk):
        agreements.require(kit.actor(made.operator), "DE", on=True, now=now)
    with pytest.raises(Refused, match="confirmation of the customer and of the partner"):
        made.give(now)
    with tenancy.acting_in(made.customer.pk):
        agreements.confirm(made.as_admin(), partner=made.reseller.pk, side=Side.CUSTOMER, now=now)
    with pytest.raises(Refused, match="confirmation of the partner"):
        made.give(now)
    with tenancy.acting_in(made.customer.pk):
        agreements.confirm(
            made.as_admin(), partner=made.reseller.pk, side=Side.PARTNER, name="dpa.pdf", paper=b"%PDF-1.7 x", now=now
        )
    made.give(now)


def test_without_such_a_rule_a_missing_agreement_is_shown_and_stops_nothing(now: datetime) -> None:
    made = chain(region="de")
    standing = consent.standing(made.customer.pk, now=now)
    assert not standing.required
    assert standing.agreement == "The confirmation of the customer and of the partner is missing."
    made.give(now)


@pytest.mark.parametrize("paper", [b"MZ", b"%PDF-" + b"0" * 5_000_000])
def test_a_paper_is_a_pdf_of_bounded_size(now: datetime, paper: bytes) -> None:
    made = chain()
    with tenancy.acting_in(made.customer.pk), pytest.raises(Refused, match="PDF"):
        agreements.confirm(made.as_admin(), partner=made.reseller.pk, side=Side.CUSTOMER, name="x", paper=paper, now=now)


def test_staff_look_in_only_with_a_colleagues_leave_for_an_hour_and_to_read(now: datetime) -> None:
    made = chain()
    asker = kit.member(made.operator, verbs.SUPPORT, factor=False)
    colleague = kit.member(made.operator, verbs.OWNER, factor=False)
    with pytest.raises(Missing):
        enters(asker, made.customer, now)
    asking = kit.actor(made.operator, asker, role=verbs.SUPPORT)
    break_glass.ask(asking, made.customer.pk, reason="They cannot sign in and asked for help", now=now)
    with pytest.raises(Missing):
        enters(asker, made.customer, now)
    with pytest.raises(Refused, match="yourself"):
        break_glass.approve(asking, made.customer.pk, now=now)
    grant = break_glass.approve(kit.actor(made.operator, colleague), made.customer.pk, now=now)
    inside = enters(asker, made.customer, now)
    assert inside.role == verbs.SUPPORT
    assert inside.allowed is not None
    assert all(name.endswith(".read") for name in inside.allowed)
    with pytest.raises(Missing):
        enters(colleague, made.customer, now)
    assert grant.ends_at is not None
    with pytest.raises(Missing):
        enters(asker, made.customer, grant.ends_at)
    told = [act.summary for act in kit.acts_of(made.customer) if act.verb.startswith("break_glass")]
    assert told == ["Asked to look in, in an emergency", f"Let {asking.name} look in for an hour"]


def test_the_look_ends_early_on_demand(now: datetime) -> None:
    made = chain()
    asker = kit.member(made.operator, verbs.SUPPORT, factor=False)
    asking = kit.actor(made.operator, asker, role=verbs.SUPPORT)
    break_glass.ask(asking, made.reseller.pk, reason="A billing run stands still since noon", now=now)
    with pytest.raises(Refused, match="waits or holds already"):
        break_glass.ask(asking, made.reseller.pk, reason="A billing run stands still since noon", now=now)
    break_glass.approve(kit.actor(made.operator, kit.person(factor=False)), made.reseller.pk, now=now)
    assert [row.tenant_id for row in break_glass.standing(made.operator.pk, now)] == [made.reseller.pk]
    break_glass.end(asking, made.reseller.pk, now=now)
    with pytest.raises(Missing):
        enters(asker, made.reseller, now)
    assert break_glass.standing(made.operator.pk, now) == []


def test_the_partners_question_reaches_nobody_elses_customer(now: datetime) -> None:
    made, other = chain(), chain()
    for target in (other.customer.pk, made.reseller.pk, made.operator.pk, other.reseller.pk):
        with pytest.raises(Missing):
            consent.ask(made.as_agent(), target, scopes=ALL, days=1, reason="x", now=now)
