"""Licences are opened and ended, one open for each user, whoever is at it at once. Rows CS-29, CS-42."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from purser.directory import auto, licences
from purser.directory.models import Licence
from purser.kernel.errors import Missing, Refused
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.directory.licensing import Here


@pytest.fixture
def here() -> Here:
    return Here()


def test_the_same_licence_given_by_many_at_once_is_given_once(here: Here) -> None:
    ada = here.user("Ada")

    def give() -> bool:
        with here.acting():
            return licences.give(here.actor, [ada.pk], now=here.at)[0].ok

    assert sorted(kit.at_once(*[give] * 6)) == [False] * 5 + [True]
    with here.acting():
        assert Licence.objects.count() == 1
    assert len(kit.acts_of(here.organisation, "licences.write")) == 1


def test_a_licence_ends_after_it_began_even_where_a_clock_runs_behind(here: Here) -> None:
    ada = here.user("Ada")
    with here.acting():
        licences.give(here.actor, [ada.pk], now=here.at)
        licences.take(here.actor, [ada.pk], now=here.at - timedelta(hours=1))
        row = Licence.objects.get()
        assert row.until == row.since + timedelta(microseconds=1)
        licences.give(here.actor, [ada.pk], now=here.clock())
        assert [one.until is None for one in licences.of_user(ada.pk)[1]] == [True, False]


def test_one_act_tells_of_all_who_were_licensed_with_it(here: Here) -> None:
    everybody = here.users(25)
    with here.acting():
        licences.give(here.actor, [user.pk for user in everybody], now=here.at)
    (act,) = kit.acts_of(here.organisation, "licences.write")
    assert (act.summary, act.after["count"], len(act.after["users"])) == ("Licensed 25 users", 25, 20)


def test_who_is_nobody_here_stops_all_of_it(here: Here) -> None:
    ada = here.user("Ada")
    with pytest.raises(Missing), here.acting():
        licences.give(here.actor, [ada.pk, ids.new()], now=here.at)
    assert here.licensed() == set()


def test_the_meter_sees_tenant_and_dates_of_a_licence_and_not_whose_it_is(here: Here) -> None:
    with here.acting():
        licences.give(here.actor, [here.user("Ada").pk], now=here.at)
    with tenancy.metering(), connection.cursor() as cursor:
        cursor.execute("SELECT since, until FROM directory_licence WHERE tenant_id = %s", [here.tenant])
        assert cursor.fetchall() == [(here.at, None)]
    with pytest.raises(Exception, match="permission denied"), tenancy.metering(), connection.cursor() as cursor:
        cursor.execute("SELECT user_id FROM directory_licence WHERE tenant_id = %s", [here.tenant])


# When the schedule comes round


@pytest.mark.parametrize("zone", ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Chatham", "Australia/Lord_Howe"])
def test_the_next_run_is_always_later_and_within_a_day_and_at_its_hour(zone: str) -> None:
    at = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    while at.year == 2026:
        for hour in (0, 2, 23):
            found = auto.next_at(hour, zone, now=at)
            assert timedelta(0) < found - at <= timedelta(hours=25)
            there = found.astimezone(ZoneInfo(zone))
            skipped = there.hour == hour + 1 or (there.hour, there.minute) == (hour, 30)  # an hour that the day leaves out
            assert (there.hour, there.minute) == (hour, 0) or skipped, (at, zone, hour, there)
        at += timedelta(hours=7, minutes=13)


@pytest.mark.parametrize(("name", "value"), [("hour", 24), ("limit_percent", 101), ("limit_least", 0)])
def test_rules_out_of_bounds_are_refused_with_the_numbers(here: Here, name: str, value: int) -> None:
    rules: Any = {name: value}
    with here.acting(), pytest.raises(Refused, match=f"is {value}; it goes from"):
        auto.save(here.actor, auto.Rules(**rules), [], version=0, now=here.at)
