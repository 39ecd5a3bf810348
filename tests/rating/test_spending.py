"""Packages, what days do to a balance, and what is to come. Source: acceptance F-1 to F-3, CS-52, CS-65."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.kernel.errors import Refused
from purser.kernel.money import Money
from purser.rating import packages, policy, ratchet, spending
from purser.rating.packages import Package
from purser.rating.policy import DSU, Scope, Terms
from tests.rating import oracle

JANUARY = date(2026, 1, 1)
EACH = policy.always("each", Terms(31, ratchet=False, true_up=False, carry_over=False, scope=Scope.PARTNER))


def dollars(amount: str) -> Money:
    return Money(Decimal(amount), "USD")


def package(units: int = 2_000, price: str = "0.042") -> Package:
    return Package(f"CPP-DSU-{units // 1000}", units, dollars(price), dollars(price).times(units))


def test_a_package_that_does_not_multiply_out_is_refused_with_all_three_numbers() -> None:
    with pytest.raises(Refused, match=r"CPP-DSU-3 does not multiply out: 3000 x 0.041 USD = 123.000 USD, not 205 USD"):
        Package("CPP-DSU-3", 3_000, dollars("0.041"), dollars("205"))
    with pytest.raises(Refused, match="not 205 EUR"):
        Package("CPP-DSU-5", 5_000, dollars("0.041"), Money(Decimal(205), "EUR"))
    with pytest.raises(Refused, match="has 0 units"):
        Package("CPP-DSU-0", 0, dollars("0.041"), dollars("0"))
    assert Package("CPP-DSU-5", 5_000, dollars("0.041"), dollars("205")).units == 5_000


@pytest.mark.parametrize(
    ("balance", "bought"), [(1, 0), (0, 0), (-1, 1), (-1_999, 1), (-2_000, 1), (-2_001, 2), (-100_000, 50)]
)
def test_it_buys_below_0_and_the_fewest_packages_that_bring_the_balance_back(balance: int, bought: int) -> None:
    assert packages.needed(balance=balance, package=package()) == bought


@given(
    users=st.lists(st.integers(0, 5_000), min_size=1, max_size=100),
    first=st.dates(date(2019, 1, 1), date(2032, 12, 31)),
    balance=st.integers(0, 20_000),
    size=st.integers(1, 9_000),
)
def test_the_balance_is_what_was_bought_less_what_was_charged(users: list[int], first: date, balance: int, size: int) -> None:
    days = ratchet.history(users, first=first, policy=DSU)
    before = balance
    for one in spending.spend(days, balance=balance, package=package(size)):
        assert one.balance == before + one.bought * size - one.day.units
        assert one.balance >= 0
        assert one.balance < size or not one.bought
        assert bool(one.bought) == (before < one.day.units)
        before = one.balance


def ahead(first: date = date(2026, 1, 12), through: date = date(2026, 2, 28), **given: object) -> spending.Outlook:
    terms = {"peaks": {"X": 70, "Y": 50}, "users": {"X": 60, "Y": 40}, "balance": 3_000, "policy": DSU, "package": package()}
    return spending.outlook(first=first, through=through, **{**terms, **given})  # type: ignore[arg-type]


def test_it_foretells_balance_purchase_and_what_next_month_opens_with() -> None:
    """Peak 120, 100 users: 14 days at 120 are 1,680, then 100 a day from 1 February: 1,320 last 13 days; the 14th buys."""
    found = ahead()
    assert found.days[13] == (ratchet.Day(date(2026, 1, 25), 100, 120, 120), 0, 1_320)
    assert found.purchase == (ratchet.Day(date(2026, 2, 14), 100, 100, 100), 1, 1_920)
    assert found.carry == 100
    assert found.headroom == 20
    assert ahead(balance=100_000).purchase is None


def test_what_is_known_in_advance_is_reckoned_with_from_its_day() -> None:
    found = ahead(changes={date(2026, 1, 20): {"Z": 30}, date(2026, 1, 31): {"X": 0}, date(2026, 2, 28): {"X": 5}})
    users = {one.day.on: one.day.users for one in found.days}
    assert [users[date(2026, 1, day)] for day in (19, 20, 30, 31)] == [100, 130, 130, 70]
    assert [users[date(2026, 2, day)] for day in (27, 28)] == [70, 75]
    assert found.carry == 70
    assert found.days[-1].day.peak == 75


def test_headroom_is_what_the_peak_has_paid_and_there_is_none_without_a_peak() -> None:
    """As many more cost nothing until the 25th; one beyond costs a unit a day."""
    room = ahead().headroom
    assert room == 20
    usual, full, over = (
        sum(one.day.units for one in ahead(changes={date(2026, 1, 12): {"Z": more}}, through=date(2026, 1, 31)).days)
        for more in (0, room, room + 1)
    )
    assert (usual, full, over) == (1_680, 1_680, 1_694)
    assert ahead(first=date(2026, 1, 26)).headroom is None
    assert ahead(policy=EACH).headroom is None
    assert ahead(policy=EACH).carry == 0
    fresh = policy.always("fresh", replace(DSU.on(JANUARY), carry_over=False))
    assert ahead(first=date(2026, 2, 1), policy=fresh).headroom == 0
    assert ahead(first=date(2026, 2, 1)).headroom == 20
    assert ahead(first=date(2026, 2, 1), peaks={"X": 60, "Y": 40}).headroom == 0


def test_a_forecast_reaches_the_end_of_the_month_at_least() -> None:
    with pytest.raises(Refused, match="from 2026-01-12 goes to 2026-01-31 at least; asked for 2026-01-30"):
        ahead(through=date(2026, 1, 30))
    assert len(ahead(through=date(2026, 1, 31)).days) == 20


def test_units_are_priced_exactly_and_rounded_once() -> None:
    assert spending.cost(2_500, package=package()) == dollars("105.00")
    assert spending.cost(11, package=package(1_000, "0.043")) == dollars("0.47")


def test_lots_do_not_expire() -> None:
    """CS-52: what was bought five years ago is what the balance is today."""
    days = ratchet.history([0] * (5 * 365) + [10] * 25, first=JANUARY, policy=DSU)
    assert oracle.dates(JANUARY, len(days))[-1].year == 2031
    spent = spending.spend(days, balance=2_000, package=package())
    assert spent[5 * 365 - 1].balance == 2_000
    assert not any(one.bought for one in spent)
