"""The ratchet against an oracle written apart from it, over random months. Source: reliability P3.

Seen to fail on: each planted fault of `test_the_oracle_finds_each_planted_fault`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from itertools import accumulate, pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.kernel.errors import Refused
from purser.rating import policy, ratchet
from purser.rating.policy import DSU, Policy, Scope, Terms, Version
from purser.rating.ratchet import Day
from tests.rating import oracle

firsts = st.dates(date(2019, 1, 1), date(2032, 12, 31))
histories = st.lists(st.integers(0, 1_000_000), min_size=1, max_size=400)
# runs of one count, as companies have them, so that the same peak is met again and again
steady = st.lists(st.tuples(st.integers(0, 30), st.integers(1, 40)), min_size=1, max_size=20).map(
    lambda runs: [users for users, days in runs for _ in range(days)]
)
openings = st.integers(0, 1_000_000)
terms = st.builds(Terms, st.integers(1, 31), st.booleans(), st.booleans(), st.booleans(), st.sampled_from(Scope))


def by_rules(users: Sequence[int], first: date, opening: int) -> list[Day]:
    dates = oracle.dates(first, len(users))
    counts = dict(zip(dates, users, strict=True))
    return [
        Day(on, counts[on], oracle.peak(counts, on, opening=opening), oracle.units(counts, on, opening=opening))
        for on in dates
    ]


@given(users=histories | steady, first=firsts, opening=openings)
def test_it_rates_as_the_rules_say(users: list[int], first: date, opening: int) -> None:
    assert ratchet.history(users, first=first, policy=DSU, opening_peak=opening) == by_rules(users, first, opening)


@given(users=histories | steady, first=firsts, opening=openings)
def test_the_peak_never_falls_on_days_2_to_25_and_nothing_costs_from_the_26th(
    users: list[int], first: date, opening: int
) -> None:
    days = ratchet.history(users, first=first, policy=DSU, opening_peak=opening)
    assert [day.on for day in days] == oracle.dates(first, len(users))
    for before, day in pairwise(days):
        assert day.peak >= before.peak or day.on.day > 25
    for day in days:
        assert day.units == (day.peak if day.on.day <= 25 else 0)
        assert day.peak >= day.users


@given(users=histories | steady, first=firsts, opening=openings, data=st.data())
def test_a_history_rated_in_parts_is_the_history(users: list[int], first: date, opening: int, data: st.DataObject) -> None:
    """The daily close goes on from the last peak; it need not read what is behind."""
    cut = data.draw(st.integers(1, len(users)))
    days = ratchet.history(users[:cut], first=first, policy=DSU, opening_peak=opening)
    rest = oracle.dates(first, cut + 1)[-1]
    again = ratchet.history(users[cut:], first=rest, policy=DSU, opening_peak=days[-1].peak)
    assert days + again == ratchet.history(users, first=first, policy=DSU, opening_peak=opening)


@given(users=histories | steady, first=firsts, opening=openings, terms=terms)
def test_any_terms_mean_what_they_say(users: list[int], first: date, opening: int, terms: Terms) -> None:
    """Day by day, where the engine takes months whole."""
    peak = opening
    for day in ratchet.history(users, first=first, policy=policy.always("any", terms), opening_peak=opening):
        if day.on.day == 1 and not terms.carry_over:
            peak = 0
        if not terms.ratchet or (terms.true_up and day.on.day > terms.billable_days):
            peak = day.users
        peak = max(peak, day.users)
        assert day.peak == peak
        assert day.units == (peak if day.on.day <= terms.billable_days else 0)


@given(users=histories | steady, first=firsts, now=terms, later=terms)
def test_a_new_version_leaves_every_month_before_it_as_it_was(users: list[int], first: date, now: Terms, later: Terms) -> None:
    old = Policy("any", (Version(date(2018, 1, 1), now),))
    new = Policy("any", (*old.versions, Version(date(2026, 3, 1), later)))
    before = [day for day in ratchet.history(users, first=first, policy=old) if day.on < date(2026, 3, 1)]
    assert ratchet.history(users, first=first, policy=new)[: len(before)] == before


def altered(**terms: Any) -> Policy:
    return policy.always("dsu", replace(DSU.on(date(2026, 1, 1)), **terms))


def falls(users: Sequence[int], opening: int) -> list[int]:
    return list(users)


def forgets(users: Sequence[int], opening: int) -> list[int]:
    return list(accumulate(users, max))


def lags(users: Sequence[int], opening: int) -> list[int]:
    return list(accumulate(users, max, initial=opening))[:-1]


@pytest.mark.parametrize(
    ("fault", "highest"),
    [
        pytest.param(altered(billable_days=24), None, id="24 billable days"),
        pytest.param(altered(billable_days=26), None, id="26 billable days"),
        pytest.param(altered(true_up=False), None, id="no true-up"),
        pytest.param(altered(carry_over=False), None, id="nothing carried over"),
        pytest.param(altered(ratchet=False), None, id="no ratchet"),
        pytest.param(DSU, falls, id="the peak falls"),
        pytest.param(DSU, forgets, id="the opening peak is forgotten"),
        pytest.param(DSU, lags, id="a day late"),
    ],
)
def test_the_oracle_finds_each_planted_fault(
    fault: Policy, highest: Callable[[Sequence[int], int], list[int]] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(5)
    users = [chance.randint(0, 9) for _ in range(200)]
    right = by_rules(users, date(2026, 1, 9), 4)
    assert ratchet.history(users, first=date(2026, 1, 9), policy=DSU, opening_peak=4) == right
    if highest:
        monkeypatch.setattr(ratchet, "_highest", highest)
    assert ratchet.history(users, first=date(2026, 1, 9), policy=fault, opening_peak=4) != right


def test_it_refuses_what_cannot_be_a_count_and_names_the_day() -> None:
    rules = DSU.on(date(2026, 2, 1))
    with pytest.raises(Refused, match=r"-3 users at the close of 2026-02-02"):
        ratchet.month([4, -3, -1], first=date(2026, 2, 1), opening_peak=0, terms=rules)
    with pytest.raises(Refused, match=r"29 counts from 2026-02-01 on, but the month has 28 days left"):
        ratchet.month([0] * 29, first=date(2026, 2, 1), opening_peak=0, terms=rules)
    with pytest.raises(Refused, match=r"peak before 2026-02-01 is -1"):
        ratchet.month([0], first=date(2026, 2, 1), opening_peak=-1, terms=rules)
    assert len(ratchet.month([0] * 28, first=date(2026, 2, 1), opening_peak=0, terms=rules)) == 28


def test_it_refuses_terms_that_cannot_hold() -> None:
    good = DSU.on(date(2026, 1, 1))
    january, march = Version(date(2026, 1, 1), good), Version(date(2026, 3, 1), good)
    for days in (0, 32):
        with pytest.raises(Refused, match=f"these terms have {days}"):
            replace(good, billable_days=days)
    with pytest.raises(Refused, match="2026-03-02 is not the first"):
        Version(date(2026, 3, 2), good)
    for versions in ((march, january), (january, january), ()):
        with pytest.raises(Refused, match="must follow each other"):
            Policy("any", versions)
    with pytest.raises(Refused, match="no terms before 2026-01-01; asked for 2025-12-31"):
        Policy("any", (january, march)).on(date(2025, 12, 31))
    changed = Policy("any", (january, Version(march.from_on, replace(good, billable_days=20))))
    assert [changed.on(day).billable_days for day in (date(2026, 2, 28), date(2026, 3, 1))] == [25, 20]


def test_it_rates_to_the_last_month_there_is() -> None:
    days = ratchet.history([1] * 31, first=date(9999, 12, 1), policy=DSU)
    assert days[-1] == Day(date(9999, 12, 31), 1, 1, 0)
