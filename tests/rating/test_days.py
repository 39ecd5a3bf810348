"""A day is a date in the partner's zone and closes at 24:00 there, whatever is done to the clocks. Source: CS-48, P34."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.rating import days
from tests.rating import oracle

ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kiritimati",
    "Africa/Cairo", "Asia/Beirut", "America/Havana", "America/Santiago", "America/Sao_Paulo", "America/St_Johns",
]  # fmt: skip
zones = st.sampled_from(ZONES).map(ZoneInfo)
dates = st.dates(date(2019, 1, 1), date(2032, 12, 31))
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("zone", "day", "closes"),
    [
        pytest.param("UTC", date(2026, 1, 31), "2026-02-01T00:00", id="no clocks moved"),
        pytest.param("Europe/Berlin", date(2026, 3, 29), "2026-03-29T22:00", id="a day of 23 hours"),
        pytest.param("Europe/Berlin", date(2026, 10, 25), "2026-10-25T23:00", id="a day of 25 hours"),
        pytest.param("Africa/Cairo", date(2026, 4, 23), "2026-04-23T22:00", id="midnight is left out"),
        pytest.param("America/Havana", date(2026, 10, 31), "2026-11-01T04:00", id="midnight comes twice, the next day"),
        pytest.param("America/Sao_Paulo", date(2018, 2, 17), "2018-02-18T03:00", id="the last hour comes twice"),
        pytest.param("America/St_Johns", date(2010, 11, 6), "2010-11-07T03:30", id="midnight comes twice, the same day"),
        pytest.param("Pacific/Apia", date(2011, 12, 29), "2011-12-30T10:00", id="before a date that never was"),
        pytest.param("Pacific/Apia", date(2011, 12, 30), "2011-12-30T10:00", id="a date that never was"),
        pytest.param("America/Toronto", date(1919, 3, 30), "1919-03-31T04:30", id="clocks moved across midnight"),
    ],
)
def test_it_closes_when_clocks_there_leave_the_date_for_good(zone: str, day: date, closes: str) -> None:
    found = days.closes_at(day, zone=ZoneInfo(zone))
    assert found == datetime.fromisoformat(closes).replace(tzinfo=UTC)
    assert found == oracle.last_minute(day, ZoneInfo(zone)) + MINUTE


@given(day=dates, zone=zones)
def test_days_follow_each_other_without_gap_or_overlap(day: date, zone: ZoneInfo) -> None:
    before, after = days.closes_at(day - days.DAY, zone=zone), days.closes_at(day, zone=zone)
    assert timedelta(hours=22) < after - before < timedelta(hours=26)
    assert days.day_at(before, zone=zone) == day
    assert days.day_at(after - days.TICK, zone=zone) == day
    assert days.day_at(after, zone=zone) == day + days.DAY


@given(at=st.datetimes(datetime(2010, 1, 1), datetime(2032, 12, 31), timezones=st.just(UTC)), zone=zones)
def test_every_instant_is_in_the_day_whose_closes_enclose_it(at: datetime, zone: ZoneInfo) -> None:
    day = days.day_at(at, zone=zone)
    assert days.closes_at(day - days.DAY, zone=zone) <= at < days.closes_at(day, zone=zone)


def test_a_minute_shown_before_the_clocks_go_back_over_midnight_is_still_of_the_old_day() -> None:
    """Newfoundland, 2010: at 00:01 it became 23:01 again."""
    shown = datetime(2010, 11, 7, 2, 30, 30, tzinfo=UTC)
    zone = ZoneInfo("America/St_Johns")
    assert shown.astimezone(zone).date() == date(2010, 11, 7)
    assert days.day_at(shown, zone=zone) == date(2010, 11, 6)


def test_a_close_that_comes_late_makes_up_for_every_day_and_no_day_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    now = days.closes_at(date(2026, 3, 29), zone=berlin)
    assert days.due(after=date(2026, 3, 26), now=now, zone=berlin) == oracle.dates(date(2026, 3, 27), 3)
    assert days.due(after=date(2026, 3, 26), now=now - days.TICK, zone=berlin) == oracle.dates(date(2026, 3, 27), 2)
    assert days.due(after=date(2026, 3, 29), now=now, zone=berlin) == []
    assert days.due(after=date(2026, 4, 2), now=now, zone=berlin) == []  # clocks were set back
