"""Prices as the price list shows them: $43, $0.043. `{% load buying %}`."""

from __future__ import annotations

from decimal import Decimal

from django import template

from purser.kernel.money import MINOR

register = template.Library()
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£"}  # any other currency by its code
LEAST = 3  # decimals of a unit's price, however round it is


@register.simple_tag
def price(value: Decimal, currency: str) -> str:
    """An amount; whole ones without decimals. Source: acceptance CS-56, CS-58."""
    whole = value == value.to_integral_value()
    return _signed(f"{value:,.{0 if whole else MINOR.get(currency, 2)}f}", currency)


@register.simple_tag
def unit_price(value: Decimal, currency: str) -> str:
    """The price of one unit, to its last decimal."""
    places = -int(value.normalize().as_tuple().exponent)
    return _signed(f"{value:,.{max(LEAST, places)}f}", currency)


def _signed(text: str, currency: str) -> str:
    sign = SIGNS.get(currency, "")
    return f"{sign}{text}" if sign else f"{text} {currency}"
