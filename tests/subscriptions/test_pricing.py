"""The price of one subscription from a day on: its timeline, the open cycle, and corrections of closed ones."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.subscriptions import lifecycle, pricing
from tests.subscriptions.held import START, US, Shop, at, days


@pytest.fixture(scope="module")
def shop() -> Shop:
    made = Shop()
    made.offer("CP")
    return made


def test_a_price_holds_from_its_day_on_and_the_cycles_before_keep_theirs(shop: Shop) -> None:
    row = shop.active("CP", 2, on=date(2026, 2, 1))
    with tenancy.acting_in(shop.customer):
        now = at(date(2026, 3, 16))
        found = pricing.effect(lifecycle.of(row.pk), price=Decimal(20), from_on=date(2026, 2, 15), on=date(2026, 3, 16))
        assert [(one.period.start, one.correction.amount) for one in found.closed] == [(date(2026, 2, 1), Decimal("10.00"))]
        assert found.open is not None
        assert (found.open.was.amount, found.open.becomes.amount) == (20, 40)
        assert found.correction is not None
        assert found.correction.amount == 10
        done = lifecycle.set_price(row.pk, price=Decimal(20), from_on=date(2026, 2, 15), listed="By hand", by=US, now=now)
        held = pricing.timeline(row.pk)
        january = pricing.cost(done, found.closed[0].period, held, pricing.quantity_events(row.pk))
    assert done.price == 20
    assert january.amount == Decimal("30.00")  # half of February at 10, half at 20
    on = lambda day: getattr(pricing.in_force(held, day), "price", None)  # noqa: E731
    assert (on(date(2026, 2, 14)), on(date(2026, 2, 15)), on(date(2026, 4, 1))) == (10, 20, 20)


def test_of_two_for_one_day_the_later_made_holds_and_both_are_kept(shop: Shop) -> None:
    row = shop.active("CP", 2)
    for hour, price in ((10, 12), (11, 14)):
        with tenancy.acting_in(shop.customer):
            lifecycle.set_price(row.pk, price=Decimal(price), from_on=START + days(3), listed="By hand", by=US,
                                now=at(START + days(3), hour))  # fmt: skip
    with tenancy.acting_in(shop.customer):
        held = pricing.timeline(row.pk)
    assert [(one.from_on, int(one.price)) for one in held] == [(START, 10), (START + days(3), 12), (START + days(3), 14)]
    assert shop.read(row).price == 14


def test_a_price_behind_others_takes_their_place_up_to_today(shop: Shop) -> None:
    row = shop.active("CP", 2)
    with tenancy.acting_in(shop.customer):
        for on, price, from_on in ((50, 12, 40), (50, 15, 90), (60, 11, 20)):
            lifecycle.set_price(row.pk, price=Decimal(price), from_on=START + days(from_on), listed="By hand", by=US,
                                now=at(START + days(on)))  # fmt: skip
        held = pricing.timeline(row.pk)
    found = [int(pricing.in_force(held, START + days(day)).price) for day in (19, 20, 45, 89, 90)]  # type: ignore[union-attr]
    assert found == [10, 11, 11, 11, 15]


@pytest.mark.parametrize("price", ["-1", "NaN", "Infinity", "0.0000001", "99999999999"])
def test_it_takes_no_price_that_is_none(shop: Shop, price: str) -> None:
    row = shop.active("CP", 2)
    with tenancy.acting_in(shop.customer), pytest.raises(Refused) as refusal:
        lifecycle.set_price(row.pk, price=Decimal(price), from_on=START, listed="By hand", by=US, now=at(START))
    assert refusal.value.code == "price"


def test_it_takes_no_price_before_the_beginning_nor_after_the_end(shop: Shop) -> None:
    row = shop.active("CP", 2)
    with tenancy.acting_in(shop.customer):
        with pytest.raises(Refused, match="began on"):
            lifecycle.set_price(row.pk, price=Decimal(1), from_on=START - days(1), listed="By hand", by=US, now=at(START))
        lifecycle.cancel(row.pk, on=None, by=US, now=at(START))
        with pytest.raises(Refused, match="has ended"):
            lifecycle.set_price(row.pk, price=Decimal(1), from_on=START, listed="By hand", by=US, now=at(START))


def test_nothing_costs_nothing(shop: Shop) -> None:
    row = shop.active("CP", 2)
    with tenancy.acting_in(shop.customer):
        assert lifecycle.set_price(row.pk, price=Decimal(0), from_on=START, listed="By hand", by=US, now=at(START)).price == 0
