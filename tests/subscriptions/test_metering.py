"""Metered subscriptions: readings kept, cycles charged once they are over, corrections behind them.

Source: acceptance AC-37.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from purser.access import verbs
from purser.access.actors import Actor
from purser.access.models import Act
from purser.kernel.errors import Missing, Refused
from purser.postgres import ids, tenancy
from purser.subscriptions import lifecycle, metered, metering, pricing
from purser.subscriptions.models import CycleCharge, MeterReading, Subscription
from purser.tenants.models import Organisation
from tests.access import kit
from tests.subscriptions.held import START, US, Shop, at, days

FEBRUARY, MARCH = date(2026, 2, 28), date(2026, 3, 31)  # from the 31st: the month's last day, and back


@pytest.fixture(scope="module")
def shop() -> Shop:
    made = Shop()
    made.offer("GB", prices=("0.0311", "0.0523", "0.0837"), metered=True, meter="storage", unit="GB")
    return made


@pytest.fixture
def row(shop: Shop) -> Subscription:
    return shop.active("GB", 1)


def read(shop: Shop, row: Subscription, value: str, on: date, *, since: datetime | None = None) -> MeterReading | None:
    with tenancy.acting_in(shop.customer):
        return metering.keep(row.pk, value=Decimal(value), since=since, on=on, now=at(on))


def close(shop: Shop, row: Subscription, on: date) -> list[tuple[date, date, str, str]]:
    """What is charged on a day: cycle, with which it is billed, quantity and amount."""
    with tenancy.acting_in(shop.customer):
        made = metering.close(row.pk, today=on, now=at(on))
        return [(one.from_on, one.billed_with, f"{one.quantity.normalize():f}", f"{one.amount}") for one in made]


@given(st.dates(date(2023, 1, 1), date(2027, 12, 31)), st.integers(0, 800), st.none() | st.integers(0, 800))
def test_consecutive_cycles_cover_every_day_once(start: date, until: int, ends: int | None) -> None:
    row = Subscription(cycle="monthly", started_on=start, ends_on=start + days(ends) if ends is not None else None)
    found = list(metering.periods(row, start + days(until)))
    covered = [one.start + days(day) for one in found for day in range(one.days)]
    assert covered == [start + days(day) for day in range(len(covered))]
    last = start + days(until) if ends is None else min(start + days(until), start + days(ends) - days(1))
    assert start + days(len(covered)) > last
    assert ends is None or len(covered) <= ends


def test_the_highest_reading_of_a_cycle_is_charged_at_the_price_of_its_first_day(shop: Shop, row: Subscription) -> None:
    for value, day in (("3.5", 0), ("120.25", 20), ("119", 27), ("7", 28)):
        read(shop, row, value, START + days(day))
    with tenancy.acting_in(shop.customer):
        then = START + days(9)
        lifecycle.set_price(row.pk, price=Decimal(9), from_on=then, listed="By hand", by=US, now=at(then))
    assert close(shop, row, FEBRUARY) == []  # its last day may still be read somewhere
    assert close(shop, row, FEBRUARY + days(1)) == [(START, START, "120.25", "10.06")]  # 10.064925
    assert close(shop, row, FEBRUARY + days(1)) == []
    assert close(shop, row, MARCH + days(1)) == [(FEBRUARY, FEBRUARY, "7", "63.00")]
    with tenancy.acting_in(shop.customer):
        first = CycleCharge.objects.get(subscription=row, from_on=START)
        assert first.reading is not None
        assert (first.to_on, first.readings, first.reading.on, first.currency) == (FEBRUARY, 3, START + days(20), "EUR")
        assert (first.partner_id, first.distributor_id) == (shop.chain.reseller.pk, shop.provider)


def test_a_cycle_without_a_reading_is_held_open_and_the_next_is_charged(shop: Shop, row: Subscription) -> None:
    read(shop, row, "10", FEBRUARY + days(3))
    assert close(shop, row, MARCH + days(1)) == [(FEBRUARY, FEBRUARY, "10", "0.84")]
    with tenancy.acting_in(shop.customer):
        found = metering.of(lifecycle.of(row.pk), MARCH + days(1))
    assert [one.waits for one in found] == [True, False, False]
    read(shop, row, "20", START + days(5))
    assert close(shop, row, MARCH + days(2)) == [(START, START, "20", "1.67")]


def test_a_reading_of_nought_is_charged_nought(shop: Shop, row: Subscription) -> None:
    read(shop, row, "0", START + days(5))
    assert close(shop, row, FEBRUARY + days(1)) == [(START, START, "0", "0.00")]


def test_what_comes_behind_a_charge_is_a_correction_in_the_next_cycle(shop: Shop, row: Subscription) -> None:
    read(shop, row, "100", START + days(5))
    assert close(shop, row, FEBRUARY + days(1)) == [(START, START, "100", "8.37")]
    read(shop, row, "150", START + days(27))
    assert close(shop, row, FEBRUARY + days(3)) == []  # with the next cycle
    read(shop, row, "10", FEBRUARY + days(3))
    assert close(shop, row, MARCH + days(1)) == [(FEBRUARY, FEBRUARY, "10", "0.84"), (START, FEBRUARY, "150", "4.19")]
    assert close(shop, row, MARCH + days(1)) == []
    with tenancy.acting_in(shop.customer):
        first, _, correction = CycleCharge.objects.filter(subscription=row).order_by("made_at", "id")
        assert correction.corrects_id == first.pk
        assert metering.of(lifecycle.of(row.pk), MARCH)[0].charged == metering.of(lifecycle.of(row.pk), MARCH)[0].worth
        pricing.set_price(row.pk, price=Decimal("0.05"), from_on=START, by=US, now=at(MARCH + days(5)))
    read(shop, row, "1", MARCH + days(5))
    assert close(shop, row, date(2026, 5, 1)) == [
        (MARCH, MARCH, "1", "0.05"), (START, MARCH, "150", "-5.06"), (FEBRUARY, MARCH, "10", "-0.34"),
    ]  # fmt: skip


def test_a_reading_is_of_the_month_that_the_vendor_counted(shop: Shop, row: Subscription) -> None:
    """Some tell a month's figures in the next one, and some are behind for a while after its end."""
    since = datetime(2026, 2, 1, tzinfo=UTC)
    made = read(shop, row, "40", date(2026, 3, 9), since=since)
    assert made is not None
    assert made.on == date(2026, 2, 28)
    held = read(shop, row, "41", date(2026, 2, 9), since=since)
    assert held is not None
    assert held.on == date(2026, 2, 9)


def test_the_same_is_kept_once_a_day(shop: Shop, row: Subscription) -> None:
    assert read(shop, row, "5", START) is not None
    assert read(shop, row, "5", START) is None
    assert read(shop, row, "6", START) is not None
    assert read(shop, row, "5", START + days(1)) is not None


@pytest.mark.parametrize("value", ["-1", "NaN", "Infinity", "1000000000001"])
def test_it_keeps_no_value_that_is_none(shop: Shop, row: Subscription, value: str) -> None:
    with pytest.raises(Refused, match="no usage"):
        read(shop, row, value, START)


def test_the_last_cycle_ends_with_the_subscription(shop: Shop, row: Subscription) -> None:
    for value, day in (("8", 3), ("12", 9), ("99", 12)):
        read(shop, row, value, START + days(day))
    with tenancy.acting_in(shop.customer):
        lifecycle.cancel(row.pk, on=None, by=US, now=at(START + days(10)))
    assert close(shop, row, START + days(10)) == []
    assert close(shop, row, START + days(11)) == [(START, START, "12", "1.00")]
    assert close(shop, row, START + days(300)) == []


def test_the_end_of_a_cancelled_one_is_waited_for(shop: Shop, row: Subscription) -> None:
    read(shop, row, "8", START + days(3))
    with tenancy.acting_in(shop.customer):
        lifecycle.cancel(row.pk, on=START + days(10), by=US, now=at(START + days(5)))
    assert close(shop, row, START + days(12)) == []
    with tenancy.acting_in(shop.customer):
        lifecycle.resume(row.pk, by=US, now=at(START + days(6)))
    assert close(shop, row, FEBRUARY + days(1)) == [(START, START, "8", "0.67")]


def test_what_is_charged_and_read_is_never_changed_nor_charged_twice(shop: Shop, row: Subscription) -> None:
    read(shop, row, "8", START + days(3))
    close(shop, row, FEBRUARY + days(1))
    for model in (CycleCharge, MeterReading):
        with pytest.raises(DatabaseError), tenancy.acting_in(shop.customer):
            model.objects.filter(subscription=row).update(partner=None)
    with tenancy.acting_in(shop.customer):
        held = CycleCharge.objects.get(subscription=row)
    held.pk, held._state.adding = ids.new(), True
    with pytest.raises(IntegrityError, match="cycle_charged_once"), tenancy.acting_in(shop.customer):
        held.save(force_insert=True)


# What a person says


def seller(shop: Shop) -> Actor:
    return kit.actor(shop.chain.reseller, kit.member(shop.chain.reseller, factor=False))


def test_its_seller_says_nought_once_with_a_reason(shop: Shop, row: Subscription) -> None:
    actor, now = seller(shop), at(FEBRUARY + days(1))

    def say(**other: Any) -> CycleCharge:
        return metered.say_nought(actor, row.pk, **{"from_on": START, "why": "The vendor was down", "now": now, **other})

    for other, code in (({"now": at(FEBRUARY)}, "open"), ({"why": " "}, "why")):
        with pytest.raises(Refused) as refused:
            say(**other)
        assert refused.value.code == code
    with pytest.raises(Missing):
        say(from_on=START + days(1))
    made = say()
    assert (made.amount, made.quantity, made.why, made.reading) == (0, 0, "The vendor was down", None)
    with pytest.raises(Refused, match="charged already"):
        say()
    for seat in (shop.customer, shop.chain.reseller.pk):
        with tenancy.acting_in(seat):
            summaries = Act.objects.filter(verb="subscriptions.price", of_id=row.pk).values_list("summary", flat=True)
            words = "Charged nothing for Protect GB in the cycle from 2026-01-31"
            assert [one.startswith(words) for one in summaries] == [True]
    read(shop, row, "10", START + days(4))
    read(shop, row, "1", FEBRUARY + days(4))
    assert close(shop, row, MARCH + days(1)) == [(FEBRUARY, FEBRUARY, "1", "0.08"), (START, FEBRUARY, "10", "0.84")]


def test_nobody_says_nought_of_what_was_read_and_only_its_seller_does(shop: Shop, row: Subscription) -> None:
    above = kit.actor(shop.chain.distributor, kit.member(shop.chain.distributor, factor=False))
    with pytest.raises(Refused, match="decides on it"):
        metered.say_nought(above, row.pk, from_on=START, why="No", now=at(FEBRUARY + days(1)))
    read(shop, row, "10", START + days(4))
    with pytest.raises(Refused, match="10 GB were read"):
        metered.say_nought(seller(shop), row.pk, from_on=START, why="No", now=at(FEBRUARY + days(1)))


# Every day


def test_the_job_charges_what_is_over_late_or_again_and_others_go_on(shop: Shop) -> None:
    rows = [shop.active("GB", 1) for _ in range(2)]
    for one in rows:
        read(shop, one, "10", START + days(4))
        read(shop, one, "20", FEBRUARY + days(4))

    def charged() -> list[list[date]]:
        with tenancy.acting_in(shop.customer):
            return [
                list(CycleCharge.objects.filter(subscription=one).order_by("from_on").values_list("from_on", flat=True))
                for one in rows
            ]

    failures: list[UUID] = []

    def run(on: date) -> None:
        metered.run(at(on), failed=lambda customer, failure: failures.append(customer))

    run(FEBRUARY + timedelta(days=1))
    assert charged() == [[START], [START]]
    run(FEBRUARY + timedelta(days=1))
    run(MARCH + days(40))
    run(MARCH + days(40))
    assert charged() == [[START, FEBRUARY], [START, FEBRUARY]]
    assert failures == []


def test_each_tier_sees_its_own_part_and_the_customer_none(shop: Shop, row: Subscription) -> None:
    read(shop, row, "1000", START + days(4))
    close(shop, row, FEBRUARY + days(1))

    def part(organisation: Organisation) -> list[tuple[str, str]]:
        actor = kit.actor(organisation, kit.member(organisation, factor=False))
        found = metered.shown(actor, row.pk, now=at(FEBRUARY + days(1)))
        return [(str(one.sells), str(one.buys)) for one in found.parts.values()]

    assert part(shop.chain.reseller) == [("83.70 EUR", "52.30 EUR")]
    assert part(shop.chain.distributor) == [("52.30 EUR", "31.10 EUR")]
    customer = kit.actor(shop.chain.customer, kit.member(shop.chain.customer, verbs.ADMINISTRATOR, factor=False))
    found = metered.shown(customer, row.pk, now=at(FEBRUARY + days(1)))
    assert (found.parts, str(found.cycles[-1].charged)) == ({}, "83.70 EUR")
