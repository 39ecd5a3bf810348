"""Who decides what a customer orders, and who is told. Source: acceptance CM-42, CM-44, CM-45."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from purser.access import verbs
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.subscriptions import approvals, deciding, orders
from purser.subscriptions.approvals import Rule
from purser.subscriptions.models import LineKind, Order, Trigger
from purser.subscriptions.wanted import Asked
from tests.access import kit
from tests.subscriptions import shop as shops
from tests.subscriptions.placing import decider
from tests.subscriptions.placing import made as made
from tests.subscriptions.shop import Shop

EVERY = frozenset(Trigger.values)


def letters(who: str) -> list[str]:
    return [str(one.subject) for one in mail.outbox if one.to == [who]]


def test_nobody_approves_their_own_also_from_the_other_organisation(made: Shop) -> None:
    """Somebody who works for the customer and for its reseller."""
    shops.approving(made)
    both = kit.member(made.customer, verbs.ADMINISTRATOR, factor=False)
    from purser.access import people

    with tenancy.acting_in(made.reseller.pk):
        people.join(person=both, role=verbs.OWNER, organisation=made.reseller.name, now=kit.now())
    order = made.place(made.admin(both), made.new())
    for decide in (
        lambda who: deciding.approve(who, order.pk, now=kit.now()),
        lambda who: deciding.reject(who, order.pk, comment="No", now=kit.now()),
    ):
        with pytest.raises(Refused, match="a colleague decides"):
            decide(kit.actor(made.reseller, both))
    assert deciding.approve(decider(made), order.pk, now=kit.now()).state == "approved"


def test_the_database_refuses_it_as_well(made: Shop) -> None:
    shops.approving(made)
    order = made.place(made.admin(), made.new())
    with tenancy.acting_in(made.customer.pk):
        rows = Order.objects.filter(pk=order.pk)
        with pytest.raises(IntegrityError, match="order_not_approved_by_its_raiser"), transaction.atomic():
            rows.update(state="approved", decided_by=order.raised_by)


def test_only_who_sells_to_the_customer_decides(made: Shop) -> None:
    shops.approving(made)
    order = made.place(made.admin(), made.new())
    other = shops.shop()
    distributor = kit.actor(made.chain.distributor, kit.member(made.chain.distributor, factor=False))
    colleague = kit.actor(made.customer, kit.member(made.customer, verbs.ADMINISTRATOR), verbs.ADMINISTRATOR)
    for actor in (other.owner(), distributor, colleague, kit.actor(made.chain.operator, kit.member(made.chain.operator))):
        with pytest.raises(Missing):
            deciding.approve(actor, order.pk, now=kit.now())
    assert made.subscriptions() == []


def test_two_approvers_at_the_same_moment_carry_it_out_once(made: Shop) -> None:
    shops.approving(made)
    order = made.place(made.admin(), made.new())
    first, second = decider(made), decider(made)
    told = kit.at_once(*[lambda who=who: deciding.approve(who, order.pk, now=kit.now()) for who in (first, second)])
    assert sorted(type(one).__name__ for one in told) == ["Order", "Refused"]
    assert len(made.subscriptions()) == 1


def test_what_can_no_longer_be_carried_out_is_not_approved_but_can_be_rejected(made: Shop) -> None:
    shops.approving(made)
    order = made.place(made.admin(), made.new())
    shops.withdraw(made, "BASE")
    with pytest.raises(Refused) as failed:
        deciding.approve(decider(made), order.pk, now=kit.now())
    assert failed.value.code == "withdrawn"
    assert failed.value.text == "Cyber Protect per workload is not on sale to Alder Dental any more."
    assert deciding.reject(decider(made), order.pk, comment="Gone", now=kit.now()).state == "rejected"


@pytest.mark.parametrize("kind", [LineKind.QUANTITY, LineKind.CANCEL])
def test_a_quantity_that_moved_meanwhile_is_shown_with_both(made: Shop, kind: LineKind) -> None:
    row = made.live(quantity=3)
    shops.approving(made)
    order = made.place(made.admin(), Asked(kind, 8 if kind == LineKind.QUANTITY else 0, subscription=row.pk))
    made.place(made.owner(), Asked(LineKind.QUANTITY, 5, subscription=row.pk))
    with pytest.raises(Refused, match="the quantity was 3 and is now 5") as failed:
        deciding.approve(decider(made), order.pk, now=kit.now())
    assert failed.value.code == "moved"


def test_a_margin_below_the_floor_is_confirmed_by_the_approver(made: Shop) -> None:
    shops.approving(made)
    made.publish(made.reseller, {"BASE": Decimal("5.30")})
    order = made.place(made.admin(), made.new())
    with pytest.raises(Refused) as failed:
        deciding.approve(decider(made), order.pk, now=kit.now())
    assert failed.value.code == "floor"
    assert deciding.approve(decider(made), order.pk, confirmed=["floor"], now=kit.now()).state == "approved"


def test_of_several_one_that_is_anothers_to_decide_keeps_none_of_the_others(made: Shop) -> None:
    """A distributor reads its resellers' orders, and approves those of its direct customers."""
    direct = kit.customer("Birch Law", under=made.chain.distributor)
    made.sync(direct)
    boss = kit.actor(made.chain.distributor, kit.member(made.chain.distributor, factor=False))
    approvals.keep(boss, Rule(on=True, triggers=EVERY), [], seen={}, now=kit.now())
    shops.approving(made)
    admin = kit.actor(direct, kit.member(direct, verbs.ADMINISTRATOR, factor=False), verbs.ADMINISTRATOR)
    theirs = made.place(made.admin(), made.new())
    ours = made.place(admin, made.new(), customer=direct)
    done, kept = deciding.approve_many(boss, [theirs.pk, ours.pk], now=kit.now())
    assert [one.pk for one in done] == [ours.pk]
    assert [(number, type(failure)) for number, failure in kept] == [(theirs.number, Missing)]


def test_a_decided_order_is_decided(made: Shop) -> None:
    shops.approving(made)
    order = made.place(made.admin(), made.new())
    orders.cancel(made.admin(), order.pk, now=kit.now())
    for decide in (
        lambda: deciding.approve(decider(made), order.pk, now=kit.now()),
        lambda: deciding.reject(decider(made), order.pk, comment="No", now=kit.now()),
        lambda: orders.cancel(made.admin(), order.pk, now=kit.now()),
    ):
        with pytest.raises(Refused) as failed:
            decide()
        assert failed.value.code == "state"


def test_approvers_hear_of_an_order_and_the_raiser_of_the_answer(made: Shop) -> None:
    shops.approving(made)
    raiser, owner = made.chain.admin, made.chain.owner
    reader = kit.member(made.reseller, verbs.READER, factor=False)
    colleague = kit.member(made.customer, verbs.ADMINISTRATOR, factor=False)
    order = made.place(made.admin(), made.new())
    assert letters(owner.email) == ["Alder Dental ordered: O-00001 waits for approval"]
    deciding.reject(decider(made), order.pk, comment="Too dear", now=kit.now())
    assert letters(raiser.email) == ["Your order O-00001 is rejected"]
    assert "Too dear" in [str(one.body) for one in mail.outbox if one.to == [raiser.email]][-1]
    assert letters(reader.email) == letters(colleague.email) == []


def test_every_step_is_on_record_in_both_organisations(made: Shop) -> None:
    shops.approving(made)
    order = made.place(made.admin(), made.new())
    boss = decider(made)
    deciding.approve(boss, order.pk, now=kit.now())
    told = [(act.verb, act.actor) for act in kit.acts_of(made.customer) if act.of_id == str(order.pk)]
    assert told == [("orders.place", str(made.chain.admin)), ("orders.decide", f"{boss.name} (Acme IT)")]
    (home,) = kit.acts_of(made.reseller, "orders.decide")
    assert home.summary == "Approved the order O-00001: Alder Dental"
