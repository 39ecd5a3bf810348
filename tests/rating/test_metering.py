"""Whose counts make one peak, and what each tenant has of it. Source: acceptance CS-43, CS-49, CS-69; reliability P3.

Seen to fail on: shares by the count of the day where it is 0 (nothing to share by), by equal parts, and rounded alone.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.kernel.errors import Refused
from purser.rating import policy, ratchet, shares
from purser.rating.metering import Metered, meter
from purser.rating.policy import DSU, Policy, Scope, Version
from tests.rating import oracle

JANUARY = date(2026, 1, 1)
APART = policy.always("apart", replace(DSU.on(JANUARY), scope=Scope.TENANT))
firsts = st.dates(date(2019, 1, 1), date(2032, 12, 31))
counts = st.dictionaries(st.sampled_from("WXYZ"), st.integers(0, 40))
# runs of equal days, with days of nobody at all between
closes = st.lists(st.tuples(counts | st.just({}), st.integers(1, 12)), min_size=1, max_size=12).map(
    lambda runs: [users for users, days in runs for _ in range(days)]
)
terms = st.builds(policy.Terms, st.integers(1, 31), st.booleans(), st.booleans(), st.booleans(), st.sampled_from(Scope))


def share(one: Metered) -> dict[str, int]:
    return shares.split(one.day.units, one.weights)


@given(closes=closes, first=firsts, opening=counts, terms=terms)
def test_tenants_of_a_partner_count_together(
    closes: list[dict[str, int]], first: date, opening: dict[str, int], terms: policy.Terms
) -> None:
    rules = policy.always("together", replace(terms, scope=Scope.PARTNER))
    totals = [sum(users.values()) for users in closes]
    days = ratchet.history(totals, first=first, policy=rules, opening_peak=sum(opening.values()))
    assert [one.day for one in meter(closes, first=first, policy=rules, opening=opening)] == days


@given(closes=closes, first=firsts, opening=counts, terms=terms)
def test_tenants_apart_have_a_ratchet_each(
    closes: list[dict[str, int]], first: date, opening: dict[str, int], terms: policy.Terms
) -> None:
    rules = policy.always("apart", replace(terms, scope=Scope.TENANT))
    metered = meter(closes, first=first, policy=rules, opening=opening)
    for tenant in "WXYZ":
        alone = [users.get(tenant, 0) for users in closes]
        days = ratchet.history(alone, first=first, policy=rules, opening_peak=opening.get(tenant, 0))
        assert [share(one).get(tenant, 0) for one in metered] == [day.units for day in days]
    assert [sum(share(one).values()) for one in metered] == [one.day.units for one in metered]


@given(closes=closes, first=firsts, opening=counts, moved=st.integers(1, 40), data=st.data())
def test_fewer_here_and_more_there_at_one_close_change_nothing(
    closes: list[dict[str, int]], first: date, opening: dict[str, int], moved: int, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(closes) - 1))
    closes = [*closes[:at], {**closes[at], "X": moved + 3, "Y": 2}, *closes[at + 1 :]]
    other = [*closes[:at], {**closes[at], "X": 3, "Y": moved + 2}, *closes[at + 1 :]]
    days = [[one.day for one in meter(these, first=first, policy=DSU, opening=opening)] for these in (closes, other)]
    assert days[0] == days[1]


@given(closes=closes, first=firsts, opening=counts)
def test_shares_are_those_of_the_count_or_of_the_day_that_set_the_peak(
    closes: list[dict[str, int]], first: date, opening: dict[str, int]
) -> None:
    """The day that set it, by the oracle: the first of those whose count the peak is, the last month's last close before
    all of this month's.
    """
    dates = oracle.dates(first, len(closes))
    by_date = dict(zip(dates, closes, strict=True))
    totals = {on: sum(users.values()) for on, users in by_date.items()}
    carried = sum(opening.values())
    for one in meter(closes, first=first, policy=DSU, opening=opening):
        on, units = one.day.on, oracle.units(totals, one.day.on, opening=carried)
        if not units:
            assert not sum(share(one).values())
            continue
        month = [day for day in dates if (day.year, day.month) == (on.year, on.month) and day <= on]
        before = month[0] - oracle.DAY
        set_on = next(day for day in (before, *month) if totals.get(day, carried) == units)
        assert one.set_on == (set_on if set_on in by_date else None)
        weights = by_date[on] if totals[on] else by_date.get(set_on, opening)
        assert oracle.is_fair(share(one), units, weights)


@given(closes=closes, first=firsts, opening=counts, now=terms, later=terms)
def test_shares_sum_to_the_charge_whatever_the_terms_and_through_their_change(
    closes: list[dict[str, int]], first: date, opening: dict[str, int], now: policy.Terms, later: policy.Terms
) -> None:
    changes = Version(date(first.year + first.month // 12, first.month % 12 + 1, 1), later)
    rules = Policy("any", (Version(date(2018, 1, 1), now), changes))
    for one in meter(closes, first=first, policy=rules, opening=opening):
        assert sum(share(one).values()) == one.day.units
        assert sum(shares.split(one.day.peak, one.weights).values()) == one.day.peak
        assert min(share(one).values(), default=0) >= 0


def test_a_day_of_nobody_is_shared_as_the_day_that_set_the_peak() -> None:
    """CS-69: X and Y set the peak of 10 on the 3rd; nobody is left on the 5th, and the 5th still costs 10."""
    closes = [{"X": 1}, {"X": 1}, {"X": 7, "Y": 3}, {"Z": 4}, {}, {"X": 0, "Z": 0}]
    metered = meter(closes, first=JANUARY, policy=DSU)
    assert [one.set_on for one in metered[2:]] == [date(2026, 1, 3)] * 4
    assert [share(one) for one in metered[2:]] == [{"X": 7, "Y": 3}, {"Z": 10}, {"X": 7, "Y": 3}, {"X": 7, "Y": 3}]


def test_a_peak_from_last_month_is_shared_as_its_last_close() -> None:
    """Not as the 30th, which had as many: in the true-up every close sets the peak anew."""
    closes = [{"X": 6, "Y": 4}, {"X": 5, "Y": 5}, {}]
    metered = meter(closes, first=date(2026, 1, 30), policy=DSU)
    assert (metered[2].set_on, share(metered[2])) == (date(2026, 1, 31), {"X": 5, "Y": 5})


def test_the_larger_remainder_gets_the_unit_and_the_first_name_of_equal_ones() -> None:
    assert shares.split(10, {"X": 1, "Y": 1, "Z": 1}) == {"X": 4, "Y": 3, "Z": 3}
    assert shares.split(10, {"Z": 1, "Y": 1, "X": 1}) == {"X": 4, "Y": 3, "Z": 3}
    assert shares.split(7, {"X": 5, "Y": 3, "Z": 3}) == {"X": 3, "Y": 2, "Z": 2}
    assert shares.split(2, {"X": 1, "Y": 98}) == {"X": 0, "Y": 2}
    assert shares.split(0, {"X": 0}) == {"X": 0}
    assert shares.split(0, {}) == {}
    with pytest.raises(Refused, match="3 units and nobody"):
        shares.split(3, {"X": 0})


def test_a_scope_that_changes_takes_the_peak_along() -> None:
    """A partner of two tenants is counted together in January and apart from February: the peak of 10 opens February,
    by tenant.
    """
    rules = Policy("dsu", (*DSU.versions, Version(date(2026, 2, 1), APART.on(JANUARY))))
    metered = meter([{"X": 7, "Y": 3}, {"X": 3, "Y": 7}, {"X": 3, "Y": 7}], first=date(2026, 1, 31), policy=rules)
    assert [one.day.units for one in metered] == [0, 14, 14]
    assert share(metered[1]) == {"X": 7, "Y": 7}
