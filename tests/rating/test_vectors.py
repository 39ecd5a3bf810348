"""The golden vectors of the acceptance file, and the sentences around them, by the pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest

from purser.rating import ratchet
from purser.rating.metering import meter
from purser.rating.policy import DSU

JANUARY = date(2026, 1, 1)


def month(*changes: tuple[int, int], length: int = 31) -> list[int]:
    """Counts at each close: from each day given on, so many."""
    return [next(users for day, users in reversed(changes) if day <= number) for number in range(1, length + 1)]


def rate(users: Sequence[int], *, opening: int = 100, first: date = JANUARY) -> tuple[int, int]:
    """Units of all days, and the peak that is carried."""
    days = ratchet.history(users, first=first, policy=DSU, opening_peak=opening)
    return sum(day.units for day in days), days[-1].peak


@pytest.mark.parametrize(
    ("users", "units", "carry"),
    [
        pytest.param(month((1, 100)), 2_500, 100, id="V1"),
        pytest.param(month((1, 100), (10, 120)), 2_820, 120, id="V2"),
        pytest.param(month((1, 100), (5, 150), (15, 80)), 3_550, 80, id="V3"),
        pytest.param(month((1, 100), (26, 200)), 2_500, 200, id="V5"),
        pytest.param(month((1, 100), (26, 60), (28, 100)), 2_500, 100, id="V6"),
    ],
)
def test_it_rates_the_golden_vectors(users: list[int], units: int, carry: int) -> None:
    assert rate(users) == (units, carry)


def test_v3_a_fall_leaves_the_peak_until_the_25th_and_the_26th_brings_it_down() -> None:
    days = ratchet.month(month((1, 100), (5, 150), (15, 80)), first=JANUARY, opening_peak=100, terms=DSU.on(JANUARY))
    assert [(day.on.day, day.users, day.peak, day.units) for day in days if day.on.day in (4, 5, 15, 25, 26)] == [
        (4, 100, 100, 100),
        (5, 150, 150, 150),
        (15, 80, 150, 150),
        (25, 80, 150, 150),
        (26, 80, 80, 0),
    ]


@pytest.mark.parametrize("order", [("X", "Y"), ("Y", "X")])
def test_v4_ten_fewer_here_and_ten_more_there_on_one_day_change_nothing(order: tuple[str, str]) -> None:
    """Only the close counts, so what happened first within the day cannot be told."""
    users = {"X": 60, "Y": 40}
    closes = [dict(users) for _ in range(11)]
    for tenant in order:
        users[tenant] += {"X": -10, "Y": 10}[tenant]
    closes += [dict(users) for _ in range(20)]
    days = [one.day for one in meter(closes, first=JANUARY, policy=DSU, opening={"X": 60, "Y": 40})]
    assert sum(day.units for day in days) == 2_500
    assert {day.users for day in days} == {100}


def test_v5_users_of_the_26th_are_billed_in_full_from_the_1st() -> None:
    days = ratchet.history(month((1, 100), (26, 200)) + [200] * 28, first=JANUARY, policy=DSU, opening_peak=100)
    february = [day for day in days if day.on.month == 2]
    assert sum(day.units for day in february) == 5_000
    assert february[0].units == 200


@pytest.mark.parametrize("first", [date(2026, 2, 1), date(2024, 2, 1), date(2026, 4, 1), JANUARY])
def test_a_month_of_any_length_has_25_billable_days(first: date) -> None:
    """CS-44."""
    length = ratchet.left(first)
    days = ratchet.month([7] * length, first=first, opening_peak=0, terms=DSU.on(first))
    assert [day.on.day for day in days if day.units] == list(range(1, 26))
    assert len(days) == length


@pytest.mark.parametrize(
    ("joined", "billed"),
    [(1, range(1, 26)), (11, range(11, 26)), (25, range(25, 26)), (26, range(0)), (31, range(0))],
)
def test_a_partner_is_billed_from_the_day_it_joins_to_the_25th(joined: int, billed: range) -> None:
    """CS-51; February is billed in full, whenever it joined."""
    first = JANUARY.replace(day=joined)
    days = ratchet.history([5] * (32 - joined + 28), first=first, policy=DSU)
    assert [day.on.day for day in days if day.units and day.on.month == 1] == list(billed)
    assert sum(day.units for day in days if day.on.month == 2) == 125


@pytest.mark.parametrize(("removed", "february"), [("before midnight", 25 * 60), ("after midnight", 25 * 100)])
def test_a_user_removed_after_the_last_midnight_is_billed_for_another_month(removed: str, february: int) -> None:
    """CS-48."""
    last = 60 if removed == "before midnight" else 100
    days = ratchet.history([100] * 30 + [last] + [60] * 28, first=JANUARY, policy=DSU, opening_peak=100)
    assert sum(day.units for day in days if day.on.month == 2) == february


def plain_move(day: date) -> tuple[list[dict[str, int]], list[dict[str, int]]]:
    """Closes of January and February of two partners; tenant T with 10 users changes sides on `day`."""
    dates = [date.fromordinal(JANUARY.toordinal() + n) for n in range(59)]
    old = [{"A": 5} if on >= day else {"A": 5, "T": 10} for on in dates]
    new = [{"B": 3, "T": 10} if on >= day else {"B": 3} for on in dates]
    return old, new


@pytest.mark.parametrize(
    ("moved", "old", "new"),
    [
        # the old partner's peak stands to the 25th; the new one's rises at once: both pay, as for any fall and any rise
        pytest.param(date(2026, 1, 25), (25 * 15, 25 * 5), (24 * 3 + 13, 25 * 13), id="on the 25th"),
        # free on both sides until the month ends
        pytest.param(date(2026, 1, 26), (25 * 15, 25 * 5), (25 * 3, 25 * 13), id="on the 26th"),
        pytest.param(date(2026, 1, 31), (25 * 15, 25 * 5), (25 * 3, 25 * 13), id="on the last day"),
        # it was the old partner's at the last midnight
        pytest.param(date(2026, 2, 1), (25 * 15, 25 * 15), (25 * 3, 25 * 13), id="on the 1st"),
    ],
)
def test_a_tenant_that_changes_partner_counts_at_each_close_where_it_is(
    moved: date, old: tuple[int, int], new: tuple[int, int]
) -> None:
    for closes, opening, expected in zip(plain_move(moved), ({"A": 5, "T": 10}, {"B": 3}), (old, new), strict=True):
        days = [one.day for one in meter(closes, first=JANUARY, policy=DSU, opening=opening)]
        assert tuple(sum(day.units for day in days if day.on.month == number) for number in (1, 2)) == expected


def test_the_worked_month_of_the_docs_is_what_it_says() -> None:
    page = (Path(__file__).parents[2] / "docs" / "life-of" / "a-unit.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d+)(?: to (\d+))? \| (\d+) \| (\d+) \| (\d+) \| ([\d,]+) \|$", page, re.MULTILINE)
    days = ratchet.month(month((1, 100), (5, 150), (15, 80), (31, 90)), first=JANUARY, opening_peak=100, terms=DSU.on(JANUARY))
    told = []
    for begin, end, users, peak, units, total in rows:
        span = range(int(begin), int(end or begin) + 1)
        told += [(day, int(users), int(peak), int(units)) for day in span]
        assert int(units) * len(span) == int(total.replace(",", ""))
    assert told == [(day.on.day, day.users, day.peak, day.units) for day in days]
    assert f"{sum(day.units for day in days):,} units, and the next month opens with a peak of {days[-1].peak}" in page
