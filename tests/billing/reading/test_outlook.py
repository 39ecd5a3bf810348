"""Where a partner stands today and what comes. Source: acceptance CS-43 to CS-50, CS-53, CS-65."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest

from purser.billing.models import Programme
from purser.billing.usage import counting, outlook
from purser.postgres import tenancy
from tests.access import kit as people
from tests.billing.reading import kit
from tests.billing.reading.kit import Desk
from tests.billing.usage import kit as engine

FIRST = date(2026, 10, 1)


def at(day: int, hour: int = 12, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def desk(*counts: int, zone: str = "UTC", now: int = 0) -> Desk:
    """Days from the 1st of October closed with so many users, and `now` of them licensed at this moment."""
    made = kit.desk()
    made.begin(FIRST, zone=zone)
    made.closed(FIRST, [{made.alder.pk: count} for count in counts], zone=zone)
    engine.users(made.alder, now, since=kit.LONG_AGO)
    return made


def page(made: Desk, now: datetime, monkeypatch: pytest.MonkeyPatch, path: str = "") -> str:
    module = "adviser" if path else "home"
    monkeypatch.setattr(f"purser.portal.pages.usage.{module}.timezone", SimpleNamespace(now=lambda: now))
    return people.text(made.page(path))


def test_the_count_so_far_is_what_a_close_would_count_now() -> None:
    made = desk(5)
    engine.users(made.alder, 3, since=at(2))
    engine.users(made.birch, 2, since=at(2), until=at(3))
    engine.users(people.customer("Cedar", under=people.reseller(under=made.made.operator)), 9, since=at(1))
    assert counting.so_far(made.partner, at=at(2, 13)) == {str(made.alder.pk): 3, str(made.birch.pk): 2}
    assert counting.so_far(made.partner, at=at(4)) == {str(made.alder.pk): 3}


def test_a_customer_that_moves_takes_its_users_along_from_that_moment() -> None:
    made = desk(5, now=4)
    other = people.reseller(under=made.made.operator)
    moved = people.now()
    engine.move(made.alder, other, now=moved)
    assert counting.so_far(made.partner, at=moved) == {str(made.alder.pk): 4}
    after = moved + timedelta(seconds=1)
    assert counting.so_far(made.partner, at=after) == {}
    assert counting.so_far(other.pk, at=after) == {str(made.alder.pk): 4}


def test_below_the_peak_there_is_headroom_and_the_day_costs_the_peak() -> None:
    made = desk(40, 90, 90, now=60)
    standing = outlook.of(made.partner, now=at(4))
    ahead = outlook.ahead(standing)
    assert (standing.count, standing.peak, ahead.headroom) == (60, 90, 30)
    assert ahead.days[0].day == (date(2026, 10, 4), 60, 90, 90)
    assert ahead.carry == 60
    assert (standing.true_up, standing.ends_on) == (date(2026, 10, 26), date(2026, 10, 31))


def test_in_the_true_up_days_cost_nothing_and_there_is_no_headroom() -> None:
    made = desk(*[90] * 25, now=60)
    ahead = outlook.ahead(outlook.of(made.partner, now=at(26)))
    assert ahead.headroom is None
    assert ahead.days[0].day.units == 0


def test_it_expects_the_next_purchase_on_the_day_that_crosses_nought() -> None:
    """2,000 free units, 300 a day: six days leave 200, and the seventh crosses."""
    made = desk(*[300] * 6, now=300)
    standing = outlook.of(made.partner, now=at(7))
    assert (standing.balance, standing.waiting) == (200, 0)
    bought = outlook.ahead(standing).purchase
    assert bought is not None
    assert (bought.day.on, bought.bought, standing.package.code) == (date(2026, 10, 7), 1, "CPP-DSU-2")
    api = made.call()
    assert api.status_code == 200, api.content


def test_units_that_wait_to_be_booked_are_foreseen_as_taken() -> None:
    made = kit.desk()
    made.begin(FIRST)
    made.closed(FIRST, [{made.alder.pk: 300}] * 6, post=False)
    engine.users(made.alder, 300)
    standing = outlook.of(made.partner, now=at(7))
    assert (standing.balance, standing.waiting) == (2000, 1800)
    assert outlook.ahead(standing).purchase.day.on == date(2026, 10, 7)  # type: ignore[union-attr]


@pytest.mark.parametrize(("zone", "today"), [("Asia/Tokyo", date(2026, 10, 5)), ("America/New_York", date(2026, 10, 4))])
def test_the_day_and_its_close_are_those_of_the_partners_zone(zone: str, today: date, monkeypatch: pytest.MonkeyPatch) -> None:
    made = desk(5, 5, 5, zone=zone, now=5)
    standing = outlook.of(made.partner, now=at(4, 20))
    assert standing.today == today
    assert standing.closes_at.astimezone(standing.zone).strftime("%H:%M") == "00:00"
    assert f"at midnight in {zone}" in page(made, at(4, 20), monkeypatch)


def test_a_late_close_is_told_and_the_forecast_begins_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    made = desk(5, 5, now=5)
    standing = outlook.of(made.partner, now=at(5))
    assert (standing.behind, standing.first) == (2, date(2026, 10, 3))
    assert outlook.ahead(standing).days[0].day.on == date(2026, 10, 3)
    assert "A close is late" in page(made, at(5), monkeypatch)


def test_the_page_shows_balance_users_peak_cost_and_headroom(monkeypatch: pytest.MonkeyPatch) -> None:
    made = desk(40, 90, 90, now=60)
    shown = page(made, at(4), monkeypatch)
    for words in (
        "1,780 Balance",
        "60 Licensed users now",
        "90 Peak at the last close",
        "90 What 2026-10-04 costs as it stands",
    ):
        assert words in shown
    assert "30 More users that cost nothing up to 25 October" in shown
    assert "2026-10-26 to 2026-10-31: those days cost nothing" in shown
    assert "Automatic purchase is off" in shown
    assert "Open the adviser" not in shown
    assert "Open the adviser" in page(made, at(20), monkeypatch)


def test_a_balance_below_nought_is_shown_as_owed_and_service_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = desk(*[300] * 8, now=300)
    shown = page(made, at(9), monkeypatch)
    assert "(400) Balance" in shown
    assert "Service goes on for all your customers" in shown


def test_automatic_purchase_is_told_where_it_is_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = desk(*[300] * 6, now=300)
    with tenancy.acting_in(made.partner):
        Programme.objects.update(auto_on=True, cap=500, default_package="CPP-DSU-1")
    assert "expected on 2026-10-07: 1 x CPP-DSU-1, bought automatically" in page(made, at(7), monkeypatch)


def test_a_default_package_that_is_not_sold_is_not_promised(monkeypatch: pytest.MonkeyPatch) -> None:
    """As automatic purchase then buys nothing. Source: acceptance CS-57."""
    made = desk(*[300] * 6, now=300)
    with tenancy.acting_in(made.partner):
        Programme.objects.update(auto_on=True, cap=500, default_package="CPP-DSU-0")
    shown = page(made, at(7), monkeypatch)
    assert "none: on 2026-10-07 the balance falls below 0" in shown
    assert "no longer has CPP-DSU-0" in shown
    assert "bought automatically" not in shown
    monkeypatch.setattr("purser.api.doors.timezone", SimpleNamespace(now=lambda: at(7)), raising=False)
    told = made.call().json()
    assert (told["purchase"], told["unsold"]) == (None, "CPP-DSU-0")


def test_before_the_20th_the_adviser_shows_the_outlook_and_when_it_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    made = desk(*[90] * 18, now=60)
    early = page(made, at(19), monkeypatch, "adviser/")
    assert "Advice opens on day 20" in early
    assert "This month from 2026-10-20 on" in early
    assert "a peak of 60" in early
    assert "Look now" not in early


def test_the_tiles_lead_to_what_they_count() -> None:
    made = desk(5, 6)
    engine.users(made.alder, 4)
    engine.users(made.birch, 2)
    now = people.text(made.page("now/"))
    assert "6 licensed users at this moment" in now
    assert "Alder Dental" in now
    assert "Birch Law" in now


def test_who_left_the_programme_sees_what_was_and_no_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    from purser.billing.models import Stint

    made = desk(5, 6, now=6)
    with tenancy.acting_in(made.partner):
        Stint.objects.update(until_on=date(2026, 10, 3))
    shown = page(made, at(9), monkeypatch)
    assert "Your part in the programme has ended" in shown
    assert "Next purchase" not in shown
    assert made.call().json()["costs"] is None


def test_who_left_and_came_back_next_month_opens_with_nothing() -> None:
    from purser.billing.models import Stint

    made = desk(5, 6, now=2)
    with tenancy.acting_in(made.partner):
        Stint.objects.update(until_on=date(2026, 10, 3))
        Stint.objects.create(from_on=date(2026, 11, 3), zone="UTC")
    standing = outlook.of(made.partner, now=at(3, month=11))
    assert (standing.first, dict(standing.peaks)) == (date(2026, 11, 3), {})
    with tenancy.acting_in(made.partner):
        Stint.objects.filter(from_on=date(2026, 11, 3)).update(from_on=date(2026, 10, 20))
    back = outlook.of(made.partner, now=at(20))
    assert (back.first, back.peak) == (date(2026, 10, 20), 6)
