"""Orders: placed once, refused with the numbers, approved, rejected and cancelled. Source: acceptance CM-10 to CM-19, CM-42 to
CM-45, CM-64."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from purser.access.actors import Actor
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.provisioning.accounts import NotSynced
from purser.subscriptions import asking, buyers, deciding, orders, reach
from purser.subscriptions.models import ORDER_STEPS, LineKind, Order, OrderState, Source, TierPrice
from purser.subscriptions.wanted import Asked
from purser.tenants.models import Organisation
from tests.access import kit
from tests.subscriptions import shop as shops
from tests.subscriptions.placing import made as made
from tests.subscriptions.placing import refused
from tests.subscriptions.shop import BUYS, COST, SELLS, Shop


def confirmed_at(organisation: Organisation, verb: str) -> list[object]:
    return [(act.after or {}).get("confirmed") for act in kit.acts_of(organisation, verb)]


def moving_meanwhile(made: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else sells to the customer the moment after an order was looked at."""
    check = asking.check

    def checked(*args: object, **more: object) -> object:
        found = check(*args, **more)  # type: ignore[arg-type]
        with tenancy.acting_in(made.customer.pk):
            Organisation.objects.update(parent_id=made.chain.distributor.pk)
        return found

    monkeypatch.setattr(asking, "check", checked)


def reach_of(actor: Actor) -> set[UUID]:
    """Whose orders the actor lists."""
    with reach.seat(actor):
        return set(reach.rows(actor, Order).values_list("tenant_id", flat=True))


def test_a_resellers_order_is_approved_at_once_and_becomes_subscriptions(made: Shop) -> None:
    order = made.place(made.owner(), made.new("BASE", 3), made.new("YEAR", 5))
    assert (order.state, order.triggers, order.number) == ("approved", [], "O-00001")
    first, second = made.subscriptions()
    assert (first.offer_code, first.quantity, first.price, first.state) == ("BASE", 3, SELLS, "ordered")
    assert (second.offer_code, second.term_months, second.customer_name) == ("YEAR", 12, "Alder Dental")
    with tenancy.acting_in(made.customer.pk):
        assert [event.source for event in first.events.all()] == [Source.US, Source.US]
        assert [line.subscription_id for line in Order.objects.get().lines.order_by("position")] == [first.pk, second.pk]


def test_each_seller_keeps_its_own_part_and_no_other(made: Shop) -> None:
    made.place(made.owner(), made.new())
    (row,) = made.subscriptions()
    for seller, cost, sell in ((made.chain.distributor, COST, BUYS), (made.reseller, BUYS, SELLS)):
        with tenancy.acting_in(seller.pk):
            kept = TierPrice.objects.get(subscription=row.pk)
            assert (kept.cost, kept.sell) == (cost, sell)
    with tenancy.acting_in(made.customer.pk):
        assert TierPrice.objects.count() == 0


def test_an_order_sent_twice_is_one_order(made: Shop) -> None:
    first = made.place(made.owner(), made.new(), once="the-form")
    assert made.place(made.owner(), made.new(), once="the-form").pk == first.pk
    assert len(made.subscriptions()) == 1
    assert refused(made, made.new("YEAR", 5), once="the-form").code == "once"
    assert refused(made, made.new("BASE", 4), once="the-form").code == "once"


def test_the_key_of_one_change_is_not_that_of_another(made: Shop) -> None:
    row = made.live("YEAR", 5)
    for number, (kind, quantity, other) in enumerate(
        [(LineKind.QUANTITY, 7, 8), (LineKind.RENEWAL, 0, 1), (LineKind.SUSPEND, 0, None)]
    ):
        line = Asked(kind, quantity, subscription=row.pk)
        first = made.place(made.owner(), line, once=f"form-{number}")
        assert made.place(made.owner(), line, once=f"form-{number}").pk == first.pk
        assert refused(made, Asked(LineKind.CANCEL, subscription=row.pk), once=f"form-{number}").code == "once"
        if other is not None:
            assert refused(made, replace(line, quantity=other), once=f"form-{number}").code == "once"


def test_two_tabs_at_the_same_moment_order_once(made: Shop) -> None:
    actor, line = made.owner(), made.new()
    placed = kit.at_once(*[lambda: made.place(actor, line, once="the-form").pk] * 4)
    assert len(set(placed)) == 1
    assert len(made.subscriptions()) == 1


@pytest.mark.parametrize(
    ("code", "quantity", "words"),
    [("BASE", 0, "at least 1; not 0"), ("BASE", -2, "not -2"), ("YEAR", 4, "5 to 50; not 4"), ("YEAR", 51, "5 to 50; not 51"),
     ("METER", 2, "1, not 2"), ("BASE", 10_000_000, "10,000,000")],
)  # fmt: skip
def test_it_refuses_a_quantity_with_the_numbers(made: Shop, code: str, quantity: int, words: str) -> None:
    found = refused(made, made.new(code, quantity))
    assert found.code == "quantity"
    assert words in found.text


def test_it_refuses_an_order_of_no_line_or_of_more_than_a_hundred(made: Shop) -> None:
    assert "has 0" in refused(made).text
    assert "has 101" in refused(made, *[made.new()] * 101).text


def test_an_add_on_needs_a_live_base_of_its_product(made: Shop) -> None:
    found = refused(made, made.new("ADD", 2))
    assert (found.code, "Alder Dental" in found.text) == ("no_base", True)
    base = made.live()
    made.place(made.owner(), made.new("ADD", 2))
    assert made.subscriptions()[-1].base == base
    other = made.live()
    assert refused(made, made.new("ADD", 2)).code == "which_base"
    made.place(made.owner(), made.new("ADD", 2, base=other.pk))
    assert made.subscriptions()[-1].base == other
    assert refused(made, made.new("ADD", 2, base=made.live("YEAR", 5).pk)).code == "no_base"


def test_it_refuses_an_offer_that_was_withdrawn_meanwhile(made: Shop) -> None:
    shops.withdraw(made, "BASE")
    found = refused(made, made.new("YEAR", 5), made.new("BASE"))
    assert found.code == "withdrawn"
    assert f"The offer {made.offers['BASE'].pk} is not on sale to Alder Dental any more." in found.text
    assert len(made.subscriptions()) == 0, "an order takes effect whole or not at all"


def test_it_refuses_another_price_than_the_one_shown_naming_both(made: Shop) -> None:
    made.publish(made.reseller, {"BASE": Decimal("9.25")})
    found = refused(made, made.new(price=SELLS))
    assert found.code == "price_moved"
    assert "8.5 EUR" in found.text
    assert "9.25 EUR" in found.text
    made.place(made.owner(), made.new(price=Decimal("9.25")))
    assert made.subscriptions()[0].price == Decimal("9.25")


def test_the_same_number_in_another_currency_is_another_price(made: Shop) -> None:
    made.publish(made.reseller, {"BASE": SELLS}, currency="USD", buyer=made.customer.pk)
    found = refused(made, made.new(price=SELLS, currency="EUR"))
    assert (found.code, "was 8.5 EUR and is now 8.5 USD" in found.text) == ("price_moved", True)


def test_the_customers_own_price_comes_before_that_for_everybody(made: Shop) -> None:
    made.publish(made.reseller, {"BASE": Decimal("7.75")}, buyer=made.customer.pk)
    made.place(made.owner(), made.new())
    assert made.subscriptions()[0].price == Decimal("7.75")


def test_a_margin_below_the_floor_needs_the_sellers_confirmation_and_a_customer_never_hears_of_it(made: Shop) -> None:
    made.publish(made.reseller, {"BASE": Decimal("5.30")})
    found = refused(made, made.new())
    assert (found.code, "0.53 %" in found.text, "20.00 %" in found.text) == ("floor", True, True)
    made.place(made.owner(), made.new(), confirmed=["floor"])
    assert len(made.subscriptions()) == 1
    for on in (False, True):  # with no rule, and with one that stops something else
        shops.approving(made, ["renewal"], on=on)
        waits = made.place(made.admin(), made.new())
        assert (waits.state, waits.triggers) == ("new", ["create_paid"])
    with pytest.raises(Refused) as failed:
        deciding.approve(made.owner(), waits.pk, now=kit.now())
    assert failed.value.code == "floor"
    deciding.approve(made.owner(), waits.pk, confirmed=["floor"], now=kit.now())
    assert len(made.subscriptions()) == 2
    made.publish(made.reseller, {"BASE": SELLS})
    assert made.place(made.admin(), made.new()).state == "approved"


def test_at_no_price_a_margin_below_the_floor_is_said_in_words(made: Shop) -> None:
    """Where nothing is asked there is no percentage. Source: acceptance CM-12, CM-64."""
    made.publish(made.reseller, {"BASE": Decimal(0)})
    found = refused(made, made.new())
    assert (found.code, "at 0 EUR your margin is below nought, below the floor of 20.00 %" in found.text) == ("floor", True)
    made.place(made.owner(), made.new(), confirmed=["floor"])
    assert made.subscriptions()[0].price == 0


def test_that_a_margin_below_the_floor_was_confirmed_is_on_record_with_the_seller_alone(made: Shop) -> None:
    """A customer never hears of it, so not in its own record either. Source: acceptance CM-64."""
    made.publish(made.reseller, {"BASE": Decimal("5.30")})
    made.place(made.owner(), made.new(), confirmed=["floor", "enables"])
    waits = made.place(made.admin(), made.new())
    deciding.approve(made.owner(), waits.pk, confirmed=["floor"], now=kit.now())
    made.publish(made.reseller, {"BASE": SELLS})
    made.place(made.owner(), made.new(), confirmed=["floor"])
    assert confirmed_at(made.reseller, "orders.place") == [["floor"], None], "what had to be, not what was sent"
    assert confirmed_at(made.reseller, "orders.decide") == [["floor"]]
    for verb in ("orders.place", "orders.decide"):
        assert set(confirmed_at(made.customer, verb)) == {None}


def test_a_customer_that_is_not_synced_is_named_with_the_instance(made: Shop) -> None:
    made.unsync(made.customer)
    found = refused(made, made.new())
    assert isinstance(found, NotSynced)
    assert found.text == "Alder Dental is not synced with Acronis EU."
    assert (found.organisation, found.instance) == (made.customer.pk, made.instance.pk)


def test_so_is_its_reseller(made: Shop) -> None:
    made.unsync(made.reseller)
    found = refused(made, made.new())
    assert isinstance(found, NotSynced)
    assert (found.text, found.organisation) == ("Acme IT is not synced with Acronis EU.", made.reseller.pk)


def test_of_several_instances_the_one_synced_is_taken_or_the_one_chosen(made: Shop) -> None:
    first = made.instance
    with tenancy.acting_in(first.tenant_id):
        second = type(first).objects.create(kind="acronis", name="Acronis US", state="ready", created_at=kit.now())
    made.place(made.owner(), made.new())
    assert made.subscriptions()[0].instance == first.pk
    made.instance = second
    made.sync(made.reseller, "reseller")
    made.sync(made.customer)
    assert refused(made, made.new()).code == "which_instance"
    made.place(made.owner(), made.new(instance=second.pk))
    assert made.subscriptions()[1].instance == second.pk


def test_nobody_orders_for_anothers_customer(made: Shop) -> None:
    other = shops.shop()
    for actor in (other.owner(), other.admin(), kit.actor(made.chain.operator)):
        with pytest.raises(Missing):
            made.place(actor, made.new())
    distributor = kit.actor(made.chain.distributor, kit.member(made.chain.distributor, factor=False))
    assert made.place(distributor, made.new()).state == "approved"
    assert len(made.subscriptions()) == 1


def test_nothing_is_ordered_for_a_suspended_customer(made: Shop) -> None:
    shops.approving(made)
    waits = made.place(made.admin(), made.new())
    with tenancy.acting_in(made.customer.pk):
        Organisation.objects.update(suspended_at=kit.now())
    assert refused(made, made.new()).code == "suspended"
    with pytest.raises(Refused, match="is suspended"):
        deciding.approve(made.owner(), waits.pk, now=kit.now())


@pytest.mark.parametrize("own", [True, False])
def test_an_order_does_not_race_with_a_move_of_its_customer(made: Shop, monkeypatch: pytest.MonkeyPatch, own: bool) -> None:
    actor = made.admin() if own else made.owner()
    moving_meanwhile(made, monkeypatch)
    assert refused(made, made.new(), actor=actor).code == "moved"
    with tenancy.acting_in(made.customer.pk):
        assert Order.objects.count() == 0


def test_nor_does_its_approval(made: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shops.approving(made)
    waits = made.place(made.admin(), made.new())
    moving_meanwhile(made, monkeypatch)
    with pytest.raises(Refused) as failed:
        deciding.approve(made.owner(), waits.pk, now=kit.now())
    assert failed.value.code == "moved"
    assert made.subscriptions() == []


def test_every_pair_of_states_is_walked_by_the_table() -> None:
    assert set(ORDER_STEPS) == set(OrderState.values)
    for begun in OrderState:
        for end in OrderState:
            order = Order(number="O-1", state=begun)
            if end in ORDER_STEPS[begun]:
                orders.step(order, end)
                assert order.state == end
            else:
                with pytest.raises(Refused, match="cannot become"):
                    orders.step(order, end)
                assert order.state == begun


def test_a_hundred_lines_cost_as_many_queries_to_look_at_as_one(made: Shop) -> None:
    """Source: issue of vendors' tenants, Speed and size: one query for each table and seller, not for each line."""
    actor = made.owner()
    buyer = buyers.one(actor, made.customer.pk, kit.now())

    def queries(count: int) -> int:
        with CaptureQueriesContext(connection) as seen:
            checked = asking.check(actor, buyer, [made.new(code) for code in ("BASE", "YEAR") for _ in range(count)])
        assert len(checked) == 2 * count
        return len(seen)

    assert queries(1) == queries(50)


def test_a_distributors_direct_customer_needs_no_reseller(made: Shop) -> None:
    direct = kit.customer("Birch Law", under=made.chain.distributor)
    made.sync(direct)
    actor = kit.actor(made.chain.distributor, kit.member(made.chain.distributor, factor=False))
    made.place(actor, made.new(), customer=direct)
    (row,) = made.subscriptions(direct)
    assert (row.price, row.partner_id, row.distributor_id) == (BUYS, made.chain.distributor.pk, made.chain.distributor.pk)
    assert reach_of(actor) == {direct.pk}


def test_each_lists_what_is_sold_below_it_and_nothing_else(made: Shop) -> None:
    other = shops.shop()
    for one in (made, other):
        one.place(one.owner(), one.new())
    mine = {made.customer.pk}
    for actor in (made.owner(), made.admin(), kit.actor(made.chain.distributor), kit.actor(made.chain.operator)):
        assert reach_of(actor) == mine, actor.kind
