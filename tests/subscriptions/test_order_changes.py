"""What a subscription is asked to become, by orders of one line. Source: acceptance CM-17 to CM-23, AC-34, AC-35."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from purser.postgres import tenancy
from purser.subscriptions.models import LineKind, Order
from purser.subscriptions.wanted import Asked
from purser.tenants.models import Organisation
from tests.access import kit
from tests.subscriptions import shop as shops
from tests.subscriptions.placing import made as made
from tests.subscriptions.placing import refused
from tests.subscriptions.shop import Shop


def test_a_change_of_quantity_is_an_order_of_one_line(made: Shop) -> None:
    row = made.live()
    change = Asked(LineKind.QUANTITY, 7, subscription=row.pk)
    made.place(made.owner(), change)
    assert made.subscriptions()[0].quantity == 7
    assert refused(made, change).text == "Cyber Protect per workload has 7 already."
    made.place(made.owner(), replace(change, quantity=1))
    assert made.subscriptions()[0].quantity == 1


def test_below_what_is_in_use_is_refused_with_the_numbers(made: Shop) -> None:
    row = made.live(quantity=9)
    with tenancy.acting_in(made.customer.pk):
        type(row).objects.filter(pk=row.pk).update(consumed=6)
    found = refused(made, Asked(LineKind.QUANTITY, 5, subscription=row.pk))
    assert found.text == "6 of 9 are in use; 5 would be too few."


def test_to_nought_means_removal(made: Shop) -> None:
    row = made.live()
    made.place(made.owner(), Asked(LineKind.QUANTITY, 0, subscription=row.pk))
    assert made.subscriptions()[0].state in ("cancelled", "ended")


def test_suspending_and_lifting_it_ten_times_are_twenty_orders(made: Shop) -> None:
    row = made.live()
    for _ in range(10):
        made.place(made.owner(), Asked(LineKind.SUSPEND, subscription=row.pk))
        assert refused(made, Asked(LineKind.SUSPEND, subscription=row.pk)).code == "state"
        made.place(made.owner(), Asked(LineKind.RESUME, subscription=row.pk))
    assert made.subscriptions()[0].state == "active"
    with tenancy.acting_in(made.customer.pk):
        assert Order.objects.count() == 21


def test_it_cancels_and_switches_the_renewal(made: Shop) -> None:
    row = made.live("YEAR", 5)
    with tenancy.acting_in(made.customer.pk):
        type(row).objects.filter(pk=row.pk).update(term_ends_on=date(2099, 1, 1))
    made.place(made.owner(), Asked(LineKind.RENEWAL, 0, subscription=row.pk))
    assert made.subscriptions()[0].renews is False
    assert "does not renew already" in refused(made, Asked(LineKind.RENEWAL, 0, subscription=row.pk)).text
    made.place(made.owner(), Asked(LineKind.CANCEL, subscription=row.pk))
    assert made.subscriptions()[0].state in ("cancelled", "ended")


def test_what_a_suspended_customer_has_can_be_made_less_and_ended_but_not_more(made: Shop) -> None:
    row, other = made.live(quantity=5), made.live(quantity=5)
    with tenancy.acting_in(made.customer.pk):
        Organisation.objects.update(suspended_at=kit.now())
    assert refused(made, Asked(LineKind.QUANTITY, 6, subscription=row.pk)).code == "suspended"
    made.place(made.owner(), Asked(LineKind.QUANTITY, 4, subscription=row.pk))
    made.place(made.owner(), Asked(LineKind.SUSPEND, subscription=row.pk))
    assert refused(made, Asked(LineKind.RESUME, subscription=row.pk)).code == "suspended"
    made.place(made.owner(), Asked(LineKind.CANCEL, subscription=row.pk))
    assert refused(made, Asked(LineKind.CANCEL, subscription=other.pk), made.new("BASE", 1)).code == "suspended"
    assert [(one.state, one.quantity) for one in made.subscriptions()] == [("ended", 4), ("active", 5)]


def test_a_customer_does_not_lift_what_its_partner_suspended(made: Shop) -> None:
    row = made.live()
    made.place(made.owner(), Asked(LineKind.SUSPEND, subscription=row.pk))
    lift = Asked(LineKind.RESUME, subscription=row.pk)
    found = refused(made, lift, actor=made.admin())
    assert (found.code, "suspended Cyber Protect per workload on " in found.text) == ("suspended_by", True)
    made.place(made.owner(), lift)
    made.place(made.admin(), Asked(LineKind.SUSPEND, subscription=row.pk))
    made.place(made.admin(), lift)
    assert made.subscriptions()[0].state == "active"


def test_a_foreign_subscription_is_not_there(made: Shop) -> None:
    other = shops.shop().live()
    assert refused(made, Asked(LineKind.QUANTITY, 5, subscription=other.pk)).code == "subscription"
