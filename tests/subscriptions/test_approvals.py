"""Which orders wait, who decides them, and who is told. Source: acceptance CM-42 to CM-45."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.subscriptions import approvals, asking, buyers, deciding
from purser.subscriptions.approvals import Rule
from purser.subscriptions.models import LineKind, Subscription, Trigger
from purser.subscriptions.wanted import Asked
from tests.access import kit
from tests.subscriptions import shop as shops
from tests.subscriptions.placing import decider
from tests.subscriptions.placing import made as made
from tests.subscriptions.shop import Shop

EVERY = frozenset(Trigger.values)


def addon(made: Shop, base: Subscription) -> Subscription:
    made.place(made.owner(), made.new("ADD", 2, base=base.pk))
    return made.subscriptions()[-1]


def test_each_trigger_stops_what_it_names_and_nothing_else(made: Shop) -> None:
    base, year = made.live(), made.live("YEAR", 5)
    extra = addon(made, base)
    asked = {
        Trigger.PAID: [made.new("BASE")],
        Trigger.TRIAL: [made.new("TRY")],
        Trigger.QUANTITY: [Asked(LineKind.QUANTITY, 8, subscription=base.pk)],
        Trigger.ADDON: [
            made.new("ADD", 1, base=base.pk),
            Asked(LineKind.CANCEL, subscription=extra.pk),
            Asked(LineKind.QUANTITY, 0, subscription=extra.pk),
        ],
        Trigger.ADDON_QUANTITY: [Asked(LineKind.QUANTITY, 9, subscription=extra.pk)],
        Trigger.RENEWAL: [Asked(LineKind.RENEWAL, 0, subscription=year.pk)],
        Trigger.ENDING: [Asked(LineKind.CANCEL, subscription=base.pk), Asked(LineKind.QUANTITY, 0, subscription=base.pk)],
    }
    assert set(asked) == set(Trigger)
    shops.approving(made)
    before = len(made.subscriptions())
    for trigger, lines in asked.items():
        for line in lines:
            order = made.place(made.admin(), line)
            assert (order.state, order.triggers) == ("new", [trigger])
    assert len(made.subscriptions()) == before, "nothing happens before it is approved"
    for trigger, lines in asked.items():
        shops.approving(made, sorted(EVERY - {trigger}))
        assert made.place(made.admin(), lines[0]).state == "approved", trigger


def test_a_suspension_never_waits(made: Shop) -> None:
    row = made.live()
    shops.approving(made)
    assert made.place(made.admin(), Asked(LineKind.SUSPEND, subscription=row.pk)).state == "approved"
    assert made.place(made.admin(), Asked(LineKind.RESUME, subscription=row.pk)).state == "approved"


@pytest.mark.parametrize(
    ("over", "quantity", "waits"),
    [("0.00", 1, True), ("25.50", 3, True), ("25.51", 3, False), ("25.50", 2, False), ("1000.00", 3, False)],
)
def test_the_threshold_is_of_a_cycle_and_subscription(made: Shop, over: str, quantity: int, waits: bool) -> None:
    shops.approving(made, over=over)
    assert (made.place(made.admin(), made.new("BASE", quantity)).state == "new") is waits


@pytest.mark.parametrize(
    ("kind", "quantity", "at_stake"),
    [(LineKind.QUANTITY, 1, "425.00"), (LineKind.QUANTITY, 0, "425.00"), (LineKind.QUANTITY, 60, "510.00"),
     (LineKind.CANCEL, 0, "425.00"), (LineKind.RENEWAL, 0, "425.00")],
)  # fmt: skip
def test_the_threshold_weighs_the_more_of_before_and_after(made: Shop, kind: LineKind, quantity: int, at_stake: str) -> None:
    """Of 50 x 8.50: to give 49 of them up is as grave as to give up all."""
    row = made.live(quantity=50)
    if kind == LineKind.RENEWAL:
        with tenancy.acting_in(made.customer.pk):
            Subscription.objects.filter(pk=row.pk).update(term_months=12)
    shops.approving(made, over=at_stake)
    assert made.place(made.admin(), Asked(kind, quantity, subscription=row.pk)).state == "new"
    shops.approving(made, over=str(Decimal(at_stake) + Decimal("0.01")))
    assert made.place(made.admin(), Asked(kind, quantity, subscription=row.pk)).state == "approved"


def test_to_take_a_cancellation_back_is_a_renewal_and_waits_as_one(made: Shop) -> None:
    row = made.live("YEAR", 50)
    with tenancy.acting_in(made.customer.pk):
        Subscription.objects.filter(pk=row.pk).update(term_ends_on=kit.now().date() + timedelta(days=300))
    made.place(made.owner(), Asked(LineKind.CANCEL, subscription=row.pk))
    assert made.subscriptions()[0].state == "cancelled"
    again = Asked(LineKind.RESUME, subscription=row.pk)
    shops.approving(made, ["renewal"], over="425.01")
    review = asking.check(made.admin(), buyers.one(made.admin(), made.customer.pk, kit.now()), [again])
    assert [one.at_stake for one in review] == [Decimal("425.00")]
    shops.approving(made, ["renewal"])
    order = made.place(made.admin(), again)
    assert (order.state, order.triggers, made.subscriptions()[0].state) == ("new", ["renewal"], "cancelled")
    made.place(made.admin(), Asked(LineKind.SUSPEND, subscription=row.pk))
    lifted = made.place(made.admin(), again)  # that lifts the suspension, and the cancellation stands
    assert (lifted.state, made.subscriptions()[0].state) == ("approved", "cancelled")
    deciding.approve(decider(made), order.pk, now=kit.now())
    assert (made.subscriptions()[0].state, made.subscriptions()[0].ends_on) == ("active", None)
    assert made.place(made.owner(), Asked(LineKind.CANCEL, subscription=row.pk)).state == "approved"
    shops.approving(made, sorted(EVERY - {"renewal"}))
    assert made.place(made.admin(), again).state == "approved"


def test_what_is_metered_is_always_over_the_threshold(made: Shop) -> None:
    shops.approving(made, over="1000000.00")
    assert made.place(made.admin(), made.new("METER", 1)).state == "new"
    row = made.live("METER", 1)
    assert made.place(made.admin(), Asked(LineKind.CANCEL, subscription=row.pk)).state == "new"


def test_one_line_that_waits_keeps_the_whole_order(made: Shop) -> None:
    shops.approving(made, ["create_trial"])
    order = made.place(made.admin(), made.new("BASE"), made.new("TRY", 1))
    assert (order.state, order.triggers, made.subscriptions()) == ("new", ["create_trial"], [])


def test_what_holds_for_a_customer_comes_before_the_default(made: Shop) -> None:
    shops.approving(made)
    approvals.keep(made.owner(), Rule(on=False), [made.customer.pk], seen={}, now=kit.now())
    assert made.place(made.admin(), made.new()).state == "approved"
    with tenancy.acting_in(made.reseller.pk):
        approvals.drop(made.owner(), made.customer.pk, now=kit.now())
    assert made.place(made.admin(), made.new()).state == "new"


def test_a_sellers_rule_never_stops_its_own_order(made: Shop) -> None:
    shops.approving(made)
    assert made.place(made.owner(), made.new()).state == "approved"


def test_a_rule_for_somebody_who_is_no_customer_is_not_kept(made: Shop) -> None:
    both = [made.customer.pk, shops.shop().customer.pk]
    with pytest.raises(Missing):
        approvals.keep(made.owner(), Rule(on=True), both, seen={}, now=kit.now())
    with tenancy.acting_in(made.reseller.pk):
        assert approvals.all_of(made.reseller.pk) == [approvals.NOTHING]


def test_of_two_who_change_a_rule_the_second_is_told(made: Shop) -> None:
    """The default, one customer's own, and two that begin at once; what nobody touched meanwhile is no bar."""
    other = kit.customer("Birch Law", under=made.reseller)
    kept: list[list[Rule]] = []

    def keep(triggers: list[str], customers: list[UUID], seen: dict[UUID | None, int]) -> None:
        rule = Rule(on=True, triggers=frozenset(triggers))
        kept.append(approvals.keep(made.owner(), rule, customers, seen=seen, now=kit.now()))

    keep(["create_paid"], [], {})
    first = shops.seen(made)
    keep(["quantity"], [made.customer.pk], first)
    keep(["quantity"], [], first)
    for whom, seen in (([], first), ([other.pk, made.customer.pk], first), ([made.customer.pk], {made.customer.pk: 2})):
        with pytest.raises(Refused, match="Somebody changed") as failed:
            keep(["renewal"], whom, seen)
        assert failed.value.code == "version"
    with tenancy.acting_in(made.reseller.pk):
        assert {one for rule in approvals.all_of(made.reseller.pk) for one in rule.triggers} == {"quantity"}
    keep(["renewal"], [other.pk, made.customer.pk], shops.seen(made))
    assert [rule.version for rules in kept for rule in rules] == [1, 1, 2, 1, 2]


def test_a_default_for_everybody_drops_what_holds_for_some_and_says_so(made: Shop) -> None:
    """All or nothing, and not where somebody changed one of them meanwhile."""
    other = kit.customer("Birch Law", under=made.reseller)
    wanted = Rule(on=True, triggers=frozenset({"create_paid"}))
    approvals.keep(made.owner(), Rule(on=False), [made.customer.pk, other.pk], seen={}, now=kit.now())
    stale = {**shops.seen(made), other.pk: 7}
    with pytest.raises(Refused, match="Somebody changed the rule of another customer meanwhile") as failed:
        approvals.keep(made.owner(), wanted, [], seen=stale, everywhere=True, now=kit.now())
    assert failed.value.code == "version"
    assert made.place(made.admin(), made.new()).state == "approved"
    with pytest.raises(Refused) as failed:
        approvals.keep(made.owner(), wanted, [other.pk], seen=shops.seen(made), everywhere=True, now=kit.now())
    assert failed.value.code == "everywhere"
    approvals.keep(made.owner(), wanted, [], seen=shops.seen(made), everywhere=True, now=kit.now())
    with tenancy.acting_in(made.reseller.pk):
        assert [(rule.customer, rule.triggers) for rule in approvals.all_of(made.reseller.pk)] == [(None, wanted.triggers)]
    assert made.place(made.admin(), made.new()).state == "new"
    said = [act.of_id for act in kit.acts_of(made.reseller, "orders.configure") if "holds for a customer again" in act.summary]
    assert sorted(said) == sorted([str(made.customer.pk), str(other.pk)])


def test_two_first_rules_at_the_same_moment_are_one_and_a_refusal(made: Shop) -> None:
    def keep() -> object:
        return approvals.keep(made.owner(), Rule(on=True), [], seen={}, now=kit.now())

    assert sorted(type(one).__name__ for one in kit.at_once(keep, keep)) == ["Refused", "list"]
