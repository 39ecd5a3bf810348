"""Amounts as Stripe counts them, in currencies of no, two and three decimals."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.connectors.stripe import amounts
from purser.kernel.errors import Refused
from purser.kernel.money import Money
from tests.connectors.test_stripe import CARD, CUSTOMER, World, usd, world

__all__ = ["world"]  # the fixture


@pytest.mark.parametrize(
    ("amount", "currency", "units"),
    [
        ("84", "USD", 8400),
        ("0.01", "EUR", 1),
        ("205.00", "USD", 20500),
        ("43.10000", "USD", 4310),
        ("1E+2", "USD", 10000),
        ("500", "JPY", 500),
        ("5.12", "KWD", 5120),
        ("5", "ISK", 500),
        ("7", "UGX", 700),
        ("3", "MGA", 3),
        ("999999.99", "USD", 99_999_999),
        ("99999999", "JPY", 99_999_999),
    ],
)
def test_an_amount_is_counted_in_the_smallest_unit(amount: str, currency: str, units: int) -> None:
    """Source: docs.stripe.com/currencies."""
    assert amounts.minor(Money(Decimal(amount), currency)) == units
    assert amounts.money(units, currency.lower()) == Money(Decimal(amount), currency)


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        ("0", "USD", "above 0"),
        ("-1", "USD", "above 0"),
        ("NaN", "USD", "above 0"),
        ("Infinity", "USD", "above 0"),
        ("0.001", "USD", "0.01"),
        ("84.005", "USD", "0.01"),
        ("500.5", "JPY", "step of JPY is 1"),
        ("5.124", "KWD", "0.01"),
        ("5.5", "ISK", "step of ISK is 1"),
        ("1000000", "USD", "999999.99 USD"),
        ("100000000", "JPY", "99999999 JPY"),
        ("1E+900000", "USD", "900001 digits"),
        ("1", "usd", "no currency"),
        ("1", "DSU1", "no currency"),
        ("1", "", "no currency"),
    ],
)
def test_an_amount_that_cannot_be_charged_is_refused_with_the_numbers(amount: str, currency: str, said: str) -> None:
    with pytest.raises(Refused, match=said) as e:
        amounts.minor(Money(Decimal(amount), currency))
    assert e.value.code == "amount"


def test_no_such_amount_leaves_the_house(world: World) -> None:
    stripe = world.connector()
    for amount in ("0", "-5", "0.001", "1000000"):
        with pytest.raises(Refused) as e:
            stripe.charge(CUSTOMER, CARD, usd(amount), reference="order-1", once="o1-1")
        assert e.value.code == "amount"
        with pytest.raises(Refused):
            stripe.refund("pi_1", usd(amount), once="r1")
    assert world.asked("/v1/") == 0


def test_an_amount_below_the_currencys_least_is_refused_by_stripe(world: World) -> None:
    with pytest.raises(Refused, match="at least 50") as e:
        world.connector().charge(CUSTOMER, CARD, usd("0.49"), reference="order-1", once="o1-1")
    assert e.value.code == "amount"


@pytest.mark.parametrize(("amount", "currency", "units"), [("500", "JPY", 500), ("5.12", "KWD", 5120), ("9", "ISK", 900)])
def test_a_charge_and_its_refund_keep_the_currency(world: World, amount: str, currency: str, units: int) -> None:
    stripe = world.connector()
    money = Money(Decimal(amount), currency)
    paid = stripe.charge(CUSTOMER, CARD, money, reference="order-1", once="o1-1")
    assert paid.money == money
    assert stripe.refund(paid.id, money, once="r1").money == money
    assert [(e["amount"], e["currency"]) for e in world.done("charge")] == [(units, currency.lower())]


@given(units=st.integers(1, amounts.MOST), currency=st.sampled_from(["USD", "JPY", "KWD", "ISK", "MGA", "EUR", "UGX"]))
def test_what_is_read_can_be_charged_again_to_the_unit(units: int, currency: str) -> None:
    money = amounts.money(units, currency)
    if units % {"KWD": 10, "ISK": 100, "UGX": 100}.get(currency, 1):
        with pytest.raises(Refused, match="step"):
            amounts.minor(money)
    else:
        assert amounts.minor(money) == units
