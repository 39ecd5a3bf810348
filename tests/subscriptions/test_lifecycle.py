"""What becomes of a subscription: its states, its quantity, its add-ons, its end."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest

from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.subscriptions import history, lifecycle, planned
from purser.subscriptions.models import SUBSCRIPTION_STEPS, Event, Subscription, SubscriptionState
from tests.subscriptions.held import START, US, Shop, at, days


@pytest.fixture(scope="module")
def shop() -> Shop:
    made = Shop()
    made.offer("CP")
    made.offer("YEAR", term_months=12, cancel_days=7)
    made.offer("EXTRA", addon_of_id=made.product)
    made.offer("METER", metered=True, meter="storage")
    return made


def doing(shop: Shop, call: Callable[..., Subscription], *args: Any, day: date = START, **more: Any) -> Subscription:
    now = more.pop("now", at(day))
    with tenancy.acting_in(shop.customer):
        return call(*args, by=US, now=now, **more)


def placed(shop: Shop, state: str) -> Subscription:
    """One that stands in a state, put there by hand: which steps lead there is what is tested."""
    made = shop.order("CP")
    with tenancy.acting_in(shop.customer):
        Subscription.objects.filter(pk=made.pk).update(
            state=state, started_on=START, ends_on=START + days(30) if state == "cancelled" else None
        )
    return shop.read(made)


@pytest.mark.parametrize("start", SubscriptionState.values)
def test_it_takes_every_step_of_the_table_and_no_other(shop: Shop, start: str) -> None:
    assert set(SUBSCRIPTION_STEPS) == set(SubscriptionState.values)
    for to in SubscriptionState.values:
        row = placed(shop, start)
        if to == "cancelled":  # a day comes with it, so `cancel` is its way; the next test has it
            continue
        if to in SUBSCRIPTION_STEPS[start]:
            assert doing(shop, lifecycle.step, row, to).state == to
            assert shop.read(row).state == to
        else:
            with pytest.raises(Refused) as refusal:
                doing(shop, lifecycle.step, row, to)
            assert refusal.value.code == "step"
            assert shop.read(row).state == start


@pytest.mark.parametrize("start", SubscriptionState.values)
def test_it_is_cancelled_to_a_day_from_where_the_table_says_so(shop: Shop, start: str) -> None:
    row = placed(shop, start)
    with tenancy.acting_in(shop.customer):
        Subscription.objects.filter(pk=row.pk).update(term_months=12, term_ends_on=START + days(365))
        if "cancelled" in SUBSCRIPTION_STEPS[start]:
            done = lifecycle.cancel(row.pk, on=None, by=US, now=at(START + days(20)))
            stands = "suspended" if start == "suspended" else "cancelled"  # a suspension is not lifted by it
            assert (done.state, done.ends_on) == (stands, START + days(365))
        elif start in ("cancelled", "ended"):
            with pytest.raises(Refused):
                lifecycle.cancel(row.pk, on=None, by=US, now=at(START + days(20)))
        else:  # what has not begun ends at once
            assert lifecycle.cancel(row.pk, on=None, by=US, now=at(START)).state == "ended"


def test_it_begins_with_what_the_offer_says_and_starts_when_it_is_active(shop: Shop) -> None:
    row = shop.order("YEAR", 7)
    assert (row.state, row.quantity, str(row.price), row.currency, row.started_on) == ("ordered", 7, "10.000000", "EUR", None)
    assert row.partner_id == shop.chain.reseller.pk
    assert row.distributor_id == shop.chain.distributor.pk
    for state in ("provisioning", "active"):
        doing(shop, lifecycle.step, row, state, day=date(2026, 2, 28))
    assert (row.started_on, row.term_ends_on, row.due_on) == (date(2026, 2, 28), date(2027, 2, 28), date(2027, 2, 28))


def test_it_changes_quantity_within_bounds_and_not_below_what_is_in_use(shop: Shop) -> None:
    row = shop.active("CP", 5)
    assert doing(shop, lifecycle.set_quantity, row.pk, 1, on=START).quantity == 1  # AC-35
    assert doing(shop, lifecycle.set_quantity, row.pk, 500, on=START).quantity == 500
    for wrong in (501, -1):
        with pytest.raises(Refused) as refusal:
            doing(shop, lifecycle.set_quantity, row.pk, wrong, on=START)
        assert refusal.value.code == "quantity"
    with tenancy.acting_in(shop.customer):
        lifecycle.set_consumed(row.pk, 12, now=at(START))
    with pytest.raises(Refused) as refusal:
        doing(shop, lifecycle.set_quantity, row.pk, 11, on=START)
    assert refusal.value.code == "consumed"
    assert "12 of 500" in refusal.value.text
    assert doing(shop, lifecycle.set_quantity, row.pk, 12, on=START).quantity == 12


def test_a_metered_one_has_the_quantity_one(shop: Shop) -> None:
    row = shop.active("METER", 1)
    with pytest.raises(Refused):
        doing(shop, lifecycle.set_quantity, row.pk, 2, on=START)


def test_a_quantity_of_nought_removes_it(shop: Shop) -> None:
    row = shop.active("CP", 5)
    done = doing(shop, lifecycle.set_quantity, row.pk, 0, on=START + days(3), now=at(START + days(3)))
    assert (done.state, done.quantity, done.ends_on) == ("ended", 0, START + days(3))
    with tenancy.acting_in(shop.customer):
        found = history.quantities(history.events(row.pk))
    assert [(one.since, one.value) for one in found] == [(START, "5"), (START + days(3), "0")]


def test_a_quantity_of_nought_in_a_term_ends_with_the_term(shop: Shop) -> None:
    row = shop.active("YEAR", 5)
    done = doing(shop, lifecycle.set_quantity, row.pk, 0, on=START, now=at(START + days(40)))
    assert (done.state, done.quantity, done.ends_on) == ("cancelled", 5, date(2027, 1, 31))


def test_there_cannot_be_fewer_while_the_term_binds(shop: Shop) -> None:
    row, end = shop.active("YEAR", 5), date(2027, 1, 31)
    change = partial(doing, shop, lifecycle.set_quantity, row.pk)
    assert change(4, on=START + days(6), now=at(START + days(6))).quantity == 4  # within the window
    with pytest.raises(Refused) as refusal:
        change(3, on=START + days(7), now=at(START + days(7)))
    assert (refusal.value.code, "bound until 2027-01-31" in refusal.value.text) == ("term", True)
    assert "plan the change for 2027-01-31" in refusal.value.hint
    assert change(6, on=START + days(7), now=at(START + days(7))).quantity == 6
    with tenancy.acting_in(shop.customer):
        plan = partial(planned.plan, row.pk, what="quantity", value="2", by=US, now=at(START + days(8)))
        with pytest.raises(Refused, match="bound until"):
            plan(on=end - days(1))
        made = plan(on=end)
    with tenancy.acting_in(shop.customer):
        assert planned.carry_out(made.pk, now=at(end, 23)).state == "done"
    assert shop.read(row).quantity == 2


def test_an_addon_stands_on_a_base_of_its_product_and_ends_with_it(shop: Shop) -> None:
    base = shop.active("CP")
    addon = shop.active("EXTRA", base=base)
    with pytest.raises(Refused, match="is an add-on"):
        shop.order("EXTRA")
    with pytest.raises(Refused, match="is no add-on"):
        shop.order("CP", base=base)
    doing(shop, lifecycle.cancel, base.pk, on=None)
    assert shop.read(addon).state == "ended"
    with pytest.raises(Refused, match="nothing can be added"):
        shop.order("EXTRA", base=shop.read(base))


def test_an_addon_of_another_product_is_refused(shop: Shop) -> None:
    base = shop.active("CP")
    with tenancy.acting_in(shop.customer):
        Subscription.objects.filter(pk=base.pk).update(product=shop.customer)
    with pytest.raises(Refused, match="cannot be added to"):
        shop.order("EXTRA", base=shop.read(base))


def test_a_suspension_takes_the_addons_along_and_back(shop: Shop) -> None:
    base = shop.active("CP")
    along, apart = shop.active("EXTRA", base=base), shop.active("EXTRA", base=base)
    doing(shop, lifecycle.suspend, apart.pk)
    doing(shop, lifecycle.suspend, base.pk)
    assert [shop.read(one).state for one in (base, along, apart)] == ["suspended"] * 3
    with pytest.raises(Refused, match="which it was added to"):
        doing(shop, lifecycle.resume, along.pk)
    doing(shop, lifecycle.resume, base.pk)
    assert [shop.read(one).state for one in (base, along, apart)] == ["active", "active", "suspended"]


def test_suspending_ten_times_a_day_leaves_each_in_the_history(shop: Shop) -> None:
    row = shop.active("CP")
    begin = at(START + days(1), 0)
    for hour in range(10):
        doing(shop, lifecycle.suspend, row.pk, now=begin + timedelta(hours=2 * hour))
        doing(shop, lifecycle.resume, row.pk, now=begin + timedelta(hours=2 * hour + 1))
    with tenancy.acting_in(shop.customer):
        events = history.events(row.pk)
    said = [(one.at, one.old, one.new) for one in events if one.what == "state" and one.at >= begin]
    turns = (("active", "suspended"), ("suspended", "active"))
    assert said == [(begin + timedelta(hours=hour), *turns[hour % 2]) for hour in range(20)]
    assert (shop.read(row).state, shop.read(row).quantity) == ("active", 5)


def test_it_ends_at_once_within_the_window_and_else_with_its_term(shop: Shop) -> None:
    row, late = shop.active("YEAR"), shop.active("YEAR")
    assert doing(shop, lifecycle.cancel, row.pk, on=None, now=at(START + days(6))).state == "ended"
    done = doing(shop, lifecycle.cancel, late.pk, on=None, now=at(START + days(7)))
    assert (done.state, done.ends_on, done.due_on) == ("cancelled", date(2027, 1, 31), date(2027, 1, 31))
    back = doing(shop, lifecycle.resume, late.pk, now=at(START + days(8)))
    assert (back.state, back.ends_on) == ("active", None)
    with pytest.raises(Refused) as refusal:
        doing(shop, lifecycle.cancel, late.pk, on=START + days(90), day=START + days(8))
    assert refusal.value.code == "term"
    assert "2027-01-31" in refusal.value.hint


def test_cancelling_what_is_suspended_does_not_lift_it(shop: Shop) -> None:
    row, addon = shop.active("YEAR"), None
    with tenancy.acting_in(shop.customer):
        Subscription.objects.filter(pk=row.pk).update(product=shop.product)
    addon = shop.active("EXTRA", base=shop.read(row))
    apart = shop.active("EXTRA", base=shop.read(row))
    later, end = at(START + days(20)), date(2027, 1, 31)

    def stand() -> list[tuple[str, date | None]]:
        return [(one.state, one.ends_on) for one in map(shop.read, (row, addon, apart))]

    doing(shop, lifecycle.suspend, apart.pk, now=later)
    doing(shop, lifecycle.suspend, row.pk, now=later)
    done = doing(shop, lifecycle.cancel, row.pk, on=None, now=later)
    assert stand() == [("suspended", end)] * 3
    assert done.due_on == end
    for call, args in (
        (lifecycle.cancel, {"on": None}),
        (lifecycle.set_quantity, {"to": 9, "on": START}),
        (lifecycle.set_renews, {"renews": False}),
    ):
        with pytest.raises(Refused, match=r"is suspended and ends on 2027-01-31"):
            doing(shop, call, row.pk, now=later, **args)
    doing(shop, lifecycle.resume, row.pk, now=later)
    assert stand() == [("cancelled", end), ("cancelled", end), ("suspended", end)]
    doing(shop, lifecycle.resume, row.pk, now=later)
    assert stand() == [("active", None), ("active", None), ("suspended", None)]
    assert shop.read(apart).state_text == ""


def test_every_change_says_who_when_old_new_and_as_whom(shop: Shop) -> None:
    row = shop.active("CP", 5)
    doing(shop, lifecycle.set_quantity, row.pk, 6, on=START, now=at(START, 15))
    with tenancy.acting_in(shop.customer):
        line = history.lines(history.events(row.pk))[0]
        assert Event.objects.filter(subscription=row).count() == 5
    assert (line.at, line.label, line.old, line.new) == (at(START, 15), "Quantity", "5", "6")
    assert (line.who, line.source) == ("Ada of Acme", "Partner")


def test_a_setting_of_renewal_needs_a_term(shop: Shop) -> None:
    row, plain = shop.active("YEAR"), shop.active("CP")
    assert doing(shop, lifecycle.set_renews, row.pk, False).renews is False
    with pytest.raises(Refused, match="has no term"):
        doing(shop, lifecycle.set_renews, plain.pk, False)


def test_what_ended_has_nothing_planned(shop: Shop) -> None:
    row = shop.active("CP")
    with tenancy.acting_in(shop.customer):
        plan = planned.plan(row.pk, what="quantity", value="3", on=START + days(9), by=US, now=at(START))
        lifecycle.cancel(row.pk, on=None, by=US, now=at(START))
        assert type(plan).objects.get(pk=plan.pk).state == "cancelled"


def test_without_a_change_there_is_no_stretch() -> None:
    assert history.quantities([]) == []
