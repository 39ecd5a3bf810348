"""The daily close, from licences to the books. Source: acceptance CS-42 to CS-51, CS-54; reliability P1, P3."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from purser.billing.usage import charging, closing, programme
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from tests.billing.usage import kit
from tests.ledger import books

JULY = date(2026, 7, 1)


def on(day: int) -> date:
    return JULY.replace(day=day)


def test_a_day_is_counted_and_charged_to_the_balance() -> None:
    house = kit.house()
    partner = house.admitted(JULY)
    kit.users(kit.customer(partner), 3)
    kit.users(kit.customer(partner), 4)
    kit.customer(partner)
    done = kit.run(partner, on(2))
    assert kit.rated(partner) == [(on(1), 7, 7, 7), (on(2), 7, 7, 7)]
    assert (done.posted, done.balance) == (2, programme.FREE - 14)
    assert kit.balance(partner) == programme.FREE - 14


def test_a_partner_without_users_has_a_close_of_nobody_and_no_entry() -> None:
    house = kit.house()
    partner = house.admitted(JULY)
    assert kit.run(partner, on(2)).posted == 0
    assert kit.rated(partner) == [(on(1), 0, 0, 0), (on(2), 0, 0, 0)]


def test_late_and_twice_closes_each_day_once() -> None:
    house = kit.house()
    partner = house.admitted(JULY)
    tenant = kit.customer(partner)
    kit.users(tenant, 2, until=kit.at(on(2)))
    kit.users(tenant, 3, since=kit.at(on(3)))
    kit.run(partner, on(4))
    kit.run(partner, on(4))
    assert kit.rated(partner) == [(on(1), 2, 2, 2), (on(2), 0, 2, 2), (on(3), 3, 3, 3), (on(4), 3, 3, 3)]
    assert kit.balance(partner) == programme.FREE - 10


def test_two_machines_close_a_day_once() -> None:
    house = kit.house()
    partner = house.admitted(JULY)
    kit.users(kit.customer(partner), 5)
    now = kit.over(on(3))

    def call() -> int:
        return sum(day.partners for day in closing.close_due(now))

    found = books.without_seat([call] * 4)
    assert all(isinstance(one, int) for one in found), found
    assert kit.rated(partner) == [(on(n), 5, 5, 5) for n in (1, 2, 3)]


@pytest.mark.parametrize(("clock", "day", "counted"), [(time(23, 59), 10, 0), (time(0), 11, 4), (time(0, 1), 11, 4)])
def test_removed_at_one_to_twelve_is_not_counted_at_one_past_it_is(clock: time, day: int, counted: int) -> None:
    """Source: acceptance CS-48."""
    zone = "America/New_York"
    house = kit.house()
    partner = house.admitted(on(10), zone)
    kit.users(kit.customer(partner), 4, until=kit.at(on(day), clock, zone))
    kit.run(partner, on(10), zone)
    assert kit.rated(partner)[0][1] == counted


def test_a_month_is_charged_by_its_peak_for_25_days() -> None:
    """Source: acceptance CS-44 to CS-47; docs/life-of/a-unit.md."""
    house = kit.house()
    partner = house.admitted(JULY)
    tenant = kit.customer(partner)
    kit.users(tenant, 8)
    kit.users(tenant, 2, until=kit.at(on(15)))
    kit.users(tenant, 5, since=kit.at(on(5)), until=kit.at(on(15)))
    kit.users(tenant, 1, since=kit.at(on(31)))
    kit.run(partner, date(2026, 8, 1))
    rated = {day: (users, peak, units) for day, users, peak, units in kit.rated(partner)}
    assert rated[on(4)] == (10, 10, 10)
    assert rated[on(5)] == rated[on(14)] == (15, 15, 15)
    assert rated[on(15)] == rated[on(25)] == (8, 15, 15)
    assert rated[on(26)] == rated[on(30)] == (8, 8, 0)
    assert rated[on(31)] == (9, 9, 0)
    assert rated[date(2026, 8, 1)] == (9, 9, 9)


@pytest.mark.parametrize(("day", "old", "new"), [(25, 10, 10), (26, 10, 0), (31, 10, 0)])
def test_a_tenant_that_moves_is_whose_it_is_at_the_close(day: int, old: int, new: int) -> None:
    """`old`, `new`: units of the day before and of the day, at the new partner. Source: docs/life-of/a-unit.md."""
    house = kit.house()
    was, is_ = house.admitted(JULY), house.admitted(JULY)
    tenant = kit.customer(was)
    kit.users(tenant, 10)
    kit.move(tenant, is_, now=kit.at(on(day)))
    kit.run(was, date(2026, 8, 1))
    first, second = kit.counted(was), kit.counted(is_)
    assert first[on(day) - timedelta(days=1)] == second[on(day)] == {str(tenant.pk): 10}
    assert first[on(day)] == second[on(day) - timedelta(days=1)] == {}
    units = {row[0]: row[3] for row in kit.rated(is_)}
    assert units[on(day)] == new
    assert units[date(2026, 8, 1)] == 10
    left = {row[0]: row[2] for row in kit.rated(was)}
    assert left[on(25)] == 10
    assert left[on(day)] == (10 if day == 25 else 0)


def test_moved_on_the_1st_it_was_still_the_old_partners_at_the_last_midnight() -> None:
    house = kit.house()
    was, is_ = house.admitted(JULY), house.admitted(JULY)
    tenant = kit.customer(was)
    kit.users(tenant, 10)
    kit.move(tenant, is_, now=kit.at(date(2026, 8, 1)))
    kit.run(was, date(2026, 8, 1))
    assert kit.rated(was)[-1] == (date(2026, 8, 1), 0, 10, 10)
    assert kit.rated(is_)[-1] == (date(2026, 8, 1), 10, 10, 10)


def test_joining_in_mid_month_bills_to_the_25th_and_after_it_from_the_1st() -> None:
    """Source: acceptance CS-51."""
    house = kit.house()
    middle, late = house.admitted(on(24)), house.admitted(on(28))
    for partner in (middle, late):
        kit.users(kit.customer(partner), 2)
    kit.run(middle, date(2026, 8, 1))
    assert [(day, units) for day, _, _, units in kit.rated(middle)][:3] == [(on(24), 2), (on(25), 2), (on(26), 0)]
    assert [units for *_, units in kit.rated(late)] == [0, 0, 0, 0, 2]


@pytest.mark.parametrize(
    ("zone", "first", "through"),
    [
        ("Europe/Berlin", date(2026, 3, 28), date(2026, 3, 31)),
        ("Europe/Berlin", date(2026, 10, 24), date(2026, 10, 27)),
        ("Africa/Cairo", date(2026, 4, 23), date(2026, 4, 26)),
        ("Pacific/Apia", date(2011, 12, 28), date(2012, 1, 2)),
    ],
)
def test_days_follow_each_other_where_clocks_are_moved(zone: str, first: date, through: date) -> None:
    """In Apia 30 December 2011 was left out: it closes with the day before it."""
    house = kit.house()
    since = kit.at(first - timedelta(days=60))
    partner = house.partner(zone, since=since)
    programme.admit(house.desk, partner.pk, on=first, now=since)
    kit.users(kit.customer(partner, since=since), 1, since=since)
    kit.run(partner, through, zone)
    assert [row[0] for row in kit.rated(partner)] == [first + timedelta(days=n) for n in range((through - first).days + 1)]
    assert {row[1] for row in kit.rated(partner)} == {1}


def test_the_free_units_come_once() -> None:
    """Source: acceptance CS-54."""
    house = kit.house()
    partner = house.admitted(JULY)
    with tenancy.acting_in(partner.pk):
        from purser.ledger import balances
        from purser.ledger.chart import DSU

        lines = balances.statement(account="free", of=None, unit=DSU, start=JULY, end=on(2)).lines
    assert [(line.kind, int(line.amount), line.source) for line in lines] == [("free", -2000, programme.FREE_SOURCE)]
    programme.end(house.desk, partner.pk, on=on(10), now=kit.at(on(9)))
    programme.admit(house.desk, partner.pk, on=on(20), now=kit.at(on(19)))
    assert kit.balance(partner) == programme.FREE


def test_who_returns_within_the_month_opens_with_the_peak_it_left_with() -> None:
    """Source: decision 0008."""
    house = kit.house()
    partner = house.admitted(JULY)
    tenant = kit.customer(partner)
    kit.users(tenant, 9, until=kit.at(on(10)))
    kit.users(tenant, 2)
    kit.run(partner, on(9))
    programme.end(house.desk, partner.pk, on=on(10), now=kit.at(on(10)))
    programme.admit(house.desk, partner.pk, on=on(20), now=kit.at(on(19)))
    kit.run(partner, on(21))
    assert kit.rated(partner)[9:] == [(on(20), 2, 11, 11), (on(21), 2, 11, 11)]


def test_who_returns_later_opens_with_nothing() -> None:
    house = kit.house()
    partner = house.admitted(JULY)
    tenant = kit.customer(partner)
    kit.users(tenant, 9, until=kit.at(on(31)))
    kit.users(tenant, 2)
    kit.run(partner, on(30))
    programme.end(house.desk, partner.pk, on=on(31), now=kit.at(on(31)))
    programme.admit(house.desk, partner.pk, on=date(2026, 8, 1), now=kit.at(on(31)))
    kit.run(partner, date(2026, 8, 1))
    assert kit.rated(partner)[-1] == (date(2026, 8, 1), 2, 2, 2)


def test_another_zone_counts_from_the_open_day_and_carries_over() -> None:
    house = kit.house()
    partner = house.admitted(JULY, "Europe/Berlin")
    tenant = kit.customer(partner)
    kit.users(tenant, 3, until=kit.at(on(30), time(18), "Europe/Berlin"))
    kit.users(tenant, 1, since=kit.at(on(31), time(20), "America/New_York"))
    kit.run(partner, on(30), "Europe/Berlin")
    programme.move(house.desk, partner.pk, zone="America/New_York", now=kit.at(on(31), time(9), "Europe/Berlin"))
    kit.run(partner, on(31), "America/New_York")
    assert kit.rated(partner)[-1] == (on(31), 1, 1, 0)
    kit.run(partner, date(2026, 8, 1), "America/New_York")
    assert kit.rated(partner)[-1] == (date(2026, 8, 1), 1, 1, 1)
    with pytest.raises(Refused) as refused:
        programme.move(house.desk, partner.pk, zone="America/New_York", now=kit.at(date(2026, 8, 2)))
    assert refused.value.code == "zone"


def test_a_zone_whose_close_would_not_come_after_the_last_is_refused() -> None:
    house = kit.house()
    partner = house.admitted(JULY, "Pacific/Honolulu")
    kit.run(partner, on(4), "Pacific/Honolulu")
    with pytest.raises(Refused) as refused:
        programme.move(house.desk, partner.pk, zone="Pacific/Kiritimati", now=kit.at(on(5), time(1), "Pacific/Honolulu"))
    assert refused.value.code == "zone"
    assert "2026-07-05 10:00" in refused.value.text


def test_a_balance_below_nought_goes_on() -> None:
    """Source: acceptance CS-65."""
    house = kit.house()
    partner = house.admitted(JULY)
    kit.users(kit.customer(partner), 1500)
    done = kit.run(partner, on(3))
    assert done.balance == programme.FREE - 4500
    assert kit.run(partner, on(4)).balance == programme.FREE - 6000
    assert len(kit.rated(partner)) == 4


def test_charges_are_posted_once_by_fifty_at_once() -> None:
    """Source: reliability P7."""
    house = kit.house()
    partner = house.admitted(JULY)
    kit.users(kit.customer(partner), 1100)
    now = kit.over(on(2))
    closing.close_due(now)
    found = books.without_seat([lambda: charging.post(partner.pk, now=now)] * 50)
    assert not [one for one in found if isinstance(one, Exception)]
    assert sum(one.posted for one in found) == 2
    assert kit.balance(partner) == programme.FREE - 2200
    assert _jobs("purser.buy", partner.pk) == 1


def _jobs(task: str, tenant: object) -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE task_name = %s AND args->>'tenant' = %s", [task, str(tenant)]
        )
        return int(cursor.fetchone()[0])
