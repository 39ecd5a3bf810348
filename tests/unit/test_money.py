"""Money never floats and never vanishes. Source: reliability P6; acceptance ID-26."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.kernel import period
from purser.kernel.money import MixedCurrencies, Money
from purser.kernel.period import Period
from purser.rating import proration

STEPS = {"USD": Decimal("0.01"), "JPY": Decimal(1), "KWD": Decimal("0.001")}
currencies = st.sampled_from(sorted(STEPS))
amounts = st.decimals("-1e9", "1e9", places=6, allow_nan=False)


@pytest.mark.parametrize(
    ("amount", "currency", "rounded"),
    [
        ("0.005", "USD", "0.01"),
        ("-0.005", "USD", "-0.01"),
        ("0.0049", "USD", "0.00"),
        ("18.967741", "USD", "18.97"),
        ("0.5", "JPY", "1"),
        ("-0.5", "JPY", "-1"),
        ("1.2345", "KWD", "1.235"),
    ],
)
def test_it_rounds_half_away_from_zero_to_the_minor_unit(amount: str, currency: str, rounded: str) -> None:
    assert Money(Decimal(amount), currency).rounded() == Money(Decimal(rounded), currency)


@given(amount=amounts, currency=currencies, weights=st.lists(st.integers(0, 10_000), min_size=1, max_size=30))
def test_a_split_adds_up_and_no_part_is_a_step_off(amount: Decimal, currency: str, weights: list[int]) -> None:
    money = Money(amount, currency)
    if not sum(weights):
        with pytest.raises(ValueError):
            money.split(weights)
        return
    parts = money.split(weights)
    whole, step = money.rounded().amount, STEPS[currency]
    assert sum(p.amount for p in parts) == whole
    for part, weight in zip(parts, weights, strict=True):
        exact = Fraction(whole) * weight / sum(weights)
        assert abs(Fraction(part.amount) - exact) < Fraction(step)
        assert part.amount % step == 0


@given(amount=amounts, currency=currencies)
def test_twelve_months_of_a_year_make_the_year(amount: Decimal, currency: str) -> None:
    money = Money(amount, currency)
    assert sum((p.amount for p in money.split([1] * 12)), Decimal(0)) == money.rounded().amount


@given(units=st.integers(1, 1_000_000))
def test_a_small_price_is_exact_until_the_line_is_complete(units: int) -> None:
    line = Money(Decimal("0.033"), "USD").times(units).rounded()
    assert line.amount == (Decimal(units) * 33 / 1000).quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_two_currencies_do_not_add_up() -> None:
    with pytest.raises(MixedCurrencies):
        Money(Decimal(1), "USD") + Money(Decimal(1), "EUR")


def test_no_weight_is_negative() -> None:
    with pytest.raises(ValueError):
        Money(Decimal(1), "USD").split([1, -1, 2])


# Proration

JULY = Period(date(2026, 7, 1), date(2026, 8, 1))


def part(units: int, price: str, day: date, span: Period = JULY, currency: str = "USD") -> Decimal:
    price_of_one = Money(Decimal(price), currency)
    return proration.part(units=Decimal(units), unit_price=price_of_one, effective_on=day, period=span).amount


def test_the_vector_of_the_psa() -> None:
    """+7 at 4.00 effective 11 Jul: 21 of 31 days, the effective day included."""
    assert part(7, "4.00", date(2026, 7, 11)) == Decimal("18.97")


@pytest.mark.parametrize(("day", "cost"), [(1, "28.00"), (2, "27.10"), (31, "0.90")])
def test_the_days_of_the_ratio_are_those_from_the_change_to_the_end(day: int, cost: str) -> None:
    assert part(7, "4.00", date(2026, 7, day)) == Decimal(cost)


def test_after_the_period_nothing_is_left_to_pay() -> None:
    assert part(7, "4.00", date(2026, 8, 1)) == 0


@given(
    units=st.integers(1, 10_000),
    price=st.decimals("0.001", "999", places=3),
    currency=currencies,
    first=st.dates(date(2023, 1, 1), date(2027, 12, 31)),
    every=st.sampled_from(sorted(period.MONTHS)),
    data=st.data(),
)
def test_a_prorated_part_is_the_days_share_and_its_reverse_undoes_it(
    units: int, price: Decimal, currency: str, first: date, every: str, data: st.DataObject
) -> None:
    span = period.holding(first, first=first, every=every)
    day = data.draw(st.dates(span.start, span.end))
    cost = part(units, str(price), day, span, currency)
    left = sum(1 for n in range(span.days) if date.fromordinal(span.start.toordinal() + n) >= day)
    exact = Fraction(price) * units * left / span.days
    assert abs(Fraction(cost) - exact) <= Fraction(STEPS[currency]) / 2
    assert cost + part(-units, str(price), day, span, currency) == 0
    assert cost <= Money(price, currency).times(units).rounded().amount
