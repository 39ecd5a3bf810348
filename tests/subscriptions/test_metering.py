"""Metered subscriptions: readings kept, cycles charged once they are over, corrections behind them.

Source: acceptance AC-37; decision 0011.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError
from hypothesis import given
from hypothesis import strategies as st

from purser.kernel.errors import Refused
from purser.postgres import ids, tenancy
from purser.subscriptions import cycles, desk, lifecycle, metering, pricing
from purser.subscriptions.models import CycleCharge, MeterReading, Subscription
from tests.subscriptions.held import US, Shop, at, days
from tests.subscriptions.metered_kit import APRIL, FEBRUARY, MARCH, SINCE, START, close, read, row, seller, shop

__all__ = ["row", "shop"]


@given(st.dates(date(2023, 1, 1), date(2027, 12, 31)), st.integers(0, 800), st.none() | st.integers(0, 800))
def test_consecutive_cycles_are_months_and_cover_every_day_once(start: date, until: int, ends: int | None) -> None:
    row = Subscription(
        cycle="monthly", metered=True, started_on=start, ends_on=start + days(ends) if ends is not None else None
    )
    found = list(cycles.periods(row, start + days(until)))
    covered = [one.start + days(day) for one in found for day in range(one.days)]
    assert covered == [start + days(day) for day in range(len(covered))]
    last = start + days(until) if ends is None else min(start + days(until), start + days(ends) - days(1))
    assert start + days(len(covered)) > last
    assert ends is None or len(covered) <= ends
    assert all(one.start.day == 1 for one in found[1:])
    assert all((one.start.year, one.start.month) == (day.year, day.month) for one in found for day in [one.end - days(1)])


def test_the_highest_level_of_a_month_is_charged_at_the_price_of_its_first_day(shop: Shop, row: Subscription) -> None:
    for value, day in (("3.5", 0), ("120.25", 20), ("119", 30), ("7", 31)):
        read(shop, row, value, START + days(day))
    with tenancy.acting_in(shop.customer):
        then = START + days(9)
        lifecycle.set_price(row.pk, price=Decimal(9), from_on=then, listed="By hand", by=US, now=at(then))
    assert close(shop, row, FEBRUARY + days(1)) == []  # its last day may still be read somewhere
    assert close(shop, row, FEBRUARY + days(2)) == [(START, START, "120.25", "10.06")]  # 10.064925
    assert close(shop, row, FEBRUARY + days(2)) == []
    assert close(shop, row, MARCH + days(2)) == [(FEBRUARY, FEBRUARY, "7", "63.00")]
    with tenancy.acting_in(shop.customer):
        first = CycleCharge.objects.get(subscription=row, from_on=START)
        assert first.reading is not None
        assert (first.to_on, first.readings, first.reading.on, first.currency) == (FEBRUARY, 3, START + days(20), "EUR")
        assert (first.partner_id, first.distributor_id) == (shop.chain.reseller.pk, shop.provider)


def test_a_level_counts_for_the_days_of_a_month_in_which_it_ran(shop: Shop) -> None:
    row = shop.active("GB", 1, on=SINCE)
    read(shop, row, "31", SINCE + days(2))
    assert close(shop, row, FEBRUARY + days(2)) == [(SINCE, SINCE, "15", "1.26")]  # 15 of 31 days


def test_the_last_sum_of_a_month_is_charged_and_the_next_begins_from_nought(shop: Shop) -> None:
    """The anniversary of the 17th is in no cycle: usage of a month is in it once. Source: decision 0011."""
    row = shop.active("GB", 1, on=SINCE)
    january, february = (datetime.combine(day, datetime.min.time(), UTC) for day in (START, FEBRUARY))
    for value, day, since in (("10", SINCE, january), ("80", START + days(30), january), ("5", FEBRUARY, february),
                              ("60", FEBRUARY + days(16), february), ("59.5", FEBRUARY + days(27), february)):  # fmt: skip
        read(shop, row, value, day, since=since, counts="sum")
    assert close(shop, row, MARCH + days(2)) == [(SINCE, SINCE, "80", "6.70"), (FEBRUARY, FEBRUARY, "59.5", "4.98")]


def test_the_last_average_of_a_month_stands_for_it_and_of_its_part_for_the_days(shop: Shop, row: Subscription) -> None:
    for value, day in (("40", 9), ("31", 29), ("28", 40)):
        read(shop, row, value, START + days(day), counts="average")
    with tenancy.acting_in(shop.customer):
        lifecycle.cancel(row.pk, on=None, by=US, now=at(FEBRUARY + days(14)))
    assert [one[2] for one in close(shop, row, MARCH)] == ["31", "14"]  # 28 for 14 of 28 days


def test_a_subscription_is_not_asked_what_one_before_it_used_in_the_month(shop: Shop) -> None:
    """Ended and ordered anew at the same account: the parts come to what the vendor counted."""
    first, second = (shop.active("GB", 1, on=day) for day in (START, SINCE))
    account = at_one_account(shop, first, second)
    assert account is not None
    since = datetime(2026, 1, 1, tzinfo=UTC)
    read(shop, first, "50", SINCE, since=since, counts="sum")
    with tenancy.acting_in(shop.customer):
        lifecycle.cancel(first.pk, on=None, by=US, now=at(SINCE, 12))
    for one in (first, second):
        read(shop, one, "52", SINCE + days(1), since=since, counts="sum")
        read(shop, one, "90", SINCE + days(9), since=since, counts="sum")
    assert [close(shop, one, MARCH)[0][2] for one in (first, second)] == ["52", "38"]


def at_one_account(shop: Shop, *rows: Subscription) -> UUID:
    from purser.provisioning.models import Account

    with tenancy.acting_in(shop.customer):
        account = Account.objects.create(
            name="Alder Dental", provider=shop.provider, instance=ids.new(), instance_name="EU", kind="acronis", role="user",
            username="ada", email="ada@alder.example", reference=f"purser-{ids.new()}", synced_at=at(START),
            partner_id=shop.chain.reseller.pk, distributor_id=shop.provider,
        )  # fmt: skip
        Subscription.objects.filter(pk__in=[row.pk for row in rows]).update(account=account)
    return account.pk


def test_a_cycle_without_a_reading_is_held_open_and_the_next_is_charged(shop: Shop, row: Subscription) -> None:
    read(shop, row, "10", FEBRUARY + days(3))
    assert close(shop, row, MARCH + days(2)) == [(FEBRUARY, FEBRUARY, "10", "0.84")]
    with tenancy.acting_in(shop.customer):
        found = metering.of(lifecycle.of(row.pk), MARCH + days(2))
    assert [one.waits for one in found] == [True, False, False]
    read(shop, row, "20", MARCH + days(2), since=datetime(2026, 1, 1, tzinfo=UTC))  # told late
    assert close(shop, row, MARCH + days(3)) == [(START, START, "20", "1.67")]


def test_a_reading_of_nought_is_charged_nought(shop: Shop, row: Subscription) -> None:
    read(shop, row, "0", START + days(5))
    assert close(shop, row, FEBRUARY + days(2)) == [(START, START, "0", "0.00")]


def test_what_comes_behind_a_charge_is_a_correction_in_the_next_cycle(shop: Shop, row: Subscription) -> None:
    january = datetime(2026, 1, 1, tzinfo=UTC)
    read(shop, row, "100", START + days(5))
    assert close(shop, row, FEBRUARY + days(2)) == [(START, START, "100", "8.37")]
    read(shop, row, "150", FEBRUARY + days(2), since=january)
    assert close(shop, row, FEBRUARY + days(3)) == []  # with the next cycle
    read(shop, row, "10", FEBRUARY + days(3))
    assert close(shop, row, MARCH + days(2)) == [(FEBRUARY, FEBRUARY, "10", "0.84"), (START, FEBRUARY, "150", "4.19")]
    assert close(shop, row, MARCH + days(2)) == []
    then = MARCH + days(5)
    with tenancy.acting_in(shop.customer):
        correction = CycleCharge.objects.get(subscription=row, corrects__isnull=False)
        assert correction.corrects_id == CycleCharge.objects.get(subscription=row, from_on=START, corrects=None).pk
        assert metering.of(lifecycle.of(row.pk), MARCH)[0].charged == metering.of(lifecycle.of(row.pk), MARCH)[0].worth
        said = metering.effect(lifecycle.of(row.pk), price=Decimal("0.05"), from_on=START, on=then)
        pricing.set_price(row.pk, price=Decimal("0.05"), from_on=START, by=US, now=at(then))
    read(shop, row, "1", MARCH + days(5))
    made = close(shop, row, APRIL + days(2))
    assert made == [(MARCH, MARCH, "1", "0.05"), (START, MARCH, "150", "-5.06"), (FEBRUARY, MARCH, "10", "-0.34")]
    assert [str(one.correction) for one in said.closed] == [f"{amount} EUR" for _, _, _, amount in made[1:]]  # as previewed


def test_the_preview_of_a_price_says_what_was_used(shop: Shop, row: Subscription) -> None:
    read(shop, row, "1000", START + days(4))
    found = desk.preview_price(seller(shop), row.pk, price=Decimal("0.1"), from_on=START, now=at(START + days(5)))
    assert found.effect.open is not None
    assert (str(found.effect.open.was), str(found.effect.open.becomes)) == ("83.70 EUR", "100.00 EUR")


def test_a_reading_is_of_the_month_that_the_vendor_counted(shop: Shop, row: Subscription) -> None:
    """Some tell a month's figures in the next one, and some are behind for a while after its end."""
    since = datetime(2026, 2, 1, tzinfo=UTC)
    made = read(shop, row, "40", date(2026, 3, 9), since=since)
    assert made is not None
    assert made.on == date(2026, 2, 28)
    held = read(shop, row, "41", date(2026, 2, 9), since=since)
    assert held is not None
    assert held.on == date(2026, 2, 9)


def test_its_day_is_the_one_it_is_in_utc(shop: Shop, row: Subscription) -> None:
    """By which vendors count: in the evening of January 31 in Denver it is February for them."""
    now = datetime.fromisoformat("2026-01-31T20:00:00-07:00")
    with tenancy.acting_in(shop.customer):
        made = metering.keep(row.pk, value=Decimal(1), since=datetime(2026, 2, 1, tzinfo=UTC), now=now)
    assert made is not None
    assert made.on == FEBRUARY


def test_it_keeps_nothing_of_days_in_no_cycle(shop: Shop) -> None:
    row = shop.active("GB", 1, on=SINCE)
    assert read(shop, row, "40", SINCE, since=datetime(2025, 12, 1, tzinfo=UTC)) is None  # of last month
    assert read(shop, row, "40", SINCE - days(1)) is None


def test_the_same_is_kept_once_a_day(shop: Shop, row: Subscription) -> None:
    assert read(shop, row, "5", START) is not None
    assert read(shop, row, "5", START) is None
    assert read(shop, row, "6", START) is not None
    assert read(shop, row, "5", START + days(1)) is not None


@pytest.mark.parametrize("value", ["-1", "NaN", "Infinity", "1000000000001"])
def test_it_keeps_no_value_that_is_none(shop: Shop, row: Subscription, value: str) -> None:
    with pytest.raises(Refused, match="no usage"):
        read(shop, row, value, START)


def test_the_last_cycle_ends_with_the_subscription_and_its_last_day_is_read_behind_it(shop: Shop, row: Subscription) -> None:
    for value, day in (("8", 3), ("12", 9)):
        read(shop, row, value, START + days(day))
    end = START + days(10)
    with tenancy.acting_in(shop.customer):
        lifecycle.cancel(row.pk, on=None, by=US, now=at(end))
    behind = read(shop, row, "31", end + days(1))
    assert behind is not None
    assert behind.on == end - days(1)
    assert read(shop, row, "99", end + days(2)) is None  # the first behind the end is the last
    assert close(shop, row, end + days(1)) == []
    assert close(shop, row, end + days(2)) == [(START, START, "10", "0.84")]  # 31 for 10 of 31 days
    assert close(shop, row, end + days(300)) == []


def test_one_that_ends_with_the_month_is_not_asked_what_the_next_counts(shop: Shop, row: Subscription) -> None:
    read(shop, row, "8", START + days(3))
    with tenancy.acting_in(shop.customer):
        lifecycle.cancel(row.pk, on=None, by=US, now=at(FEBRUARY))
    assert read(shop, row, "99", FEBRUARY, since=datetime(2026, 2, 1, tzinfo=UTC)) is None
    assert [one[2] for one in close(shop, row, FEBRUARY + days(2))] == ["8"]


def test_the_end_of_a_cancelled_one_is_waited_for(shop: Shop, row: Subscription) -> None:
    read(shop, row, "8", START + days(3))
    with tenancy.acting_in(shop.customer):
        lifecycle.cancel(row.pk, on=START + days(10), by=US, now=at(START + days(5)))
    assert close(shop, row, START + days(13)) == []
    with tenancy.acting_in(shop.customer):
        lifecycle.resume(row.pk, by=US, now=at(START + days(6)))
    assert close(shop, row, FEBRUARY + days(2)) == [(START, START, "8", "0.67")]


def test_what_is_charged_and_read_is_never_changed_nor_charged_twice(shop: Shop, row: Subscription) -> None:
    read(shop, row, "8", START + days(3))
    close(shop, row, FEBRUARY + days(2))
    for model in (CycleCharge, MeterReading):
        with pytest.raises(DatabaseError), tenancy.acting_in(shop.customer):
            model.objects.filter(subscription=row).update(partner=None)
    with tenancy.acting_in(shop.customer):
        held = CycleCharge.objects.get(subscription=row)
    held.pk, held._state.adding = ids.new(), True
    with pytest.raises(IntegrityError, match="cycle_charged_once"), tenancy.acting_in(shop.customer):
        held.save(force_insert=True)
