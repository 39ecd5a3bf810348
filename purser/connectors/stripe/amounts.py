"""Money as Stripe counts it: whole numbers of a currency's smallest unit. Pure.

Source: docs.stripe.com/currencies: minor units, special cases, at most eight digits.
"""

from __future__ import annotations

import re
from decimal import Decimal

from purser.kernel.errors import Refused
from purser.kernel.money import Money

MOST = 99_999_999  # smallest units in one charge

_WHOLE = frozenset({
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
})  # fmt: skip
_THOUSANDTHS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})  # the last digit must be 0
_WHOLE_IN_HUNDREDTHS = frozenset({"ISK", "UGX"})  # lost their hundredths; Stripe still counts in them


def minor(money: Money) -> int:
    """The amount for a call. Raises Refused(code="amount") for one that is not above 0, too large, or finer than the
    currency's cards take: an amount is never rounded on the way out.
    """
    if not re.fullmatch(r"[A-Z]{3}", money.currency):
        raise _refused(f"{money.currency[:20]!r} is no currency.")
    if not money.amount.is_finite() or money.amount <= 0:
        raise _refused(f"{money} cannot be charged: an amount is above 0.")
    exponent, step = _scale(money.currency)
    if money.amount.adjusted() > 15:
        raise _refused(f"An amount of {money.amount.adjusted() + 1} digits cannot be charged.")
    units = money.amount.scaleb(exponent)
    if units != units.to_integral_value() or units % step:
        raise _refused(f"{money} cannot be charged: the smallest step of {money.currency} is {_text(exponent, step)}.")
    if units > MOST:
        raise _refused(f"{money} cannot be charged at once: the most is {Decimal(MOST).scaleb(-exponent):f} {money.currency}.")
    return int(units)


def money(units: int, currency: str) -> Money:
    """The amount of an answer, at the decimals the currency has at Stripe."""
    name = currency.upper()
    return Money(Decimal(units).scaleb(-_scale(name)[0]), name)


def _scale(currency: str) -> tuple[int, int]:
    """Decimals, and the smallest step in units of the last of them."""
    if currency in _WHOLE:
        return 0, 1
    if currency in _THOUSANDTHS:
        return 3, 10
    return 2, 100 if currency in _WHOLE_IN_HUNDREDTHS else 1


def _text(exponent: int, step: int) -> str:
    return f"{Decimal(step).scaleb(-exponent).normalize():f}"


def _refused(text: str) -> Refused:
    return Refused(text, code="amount", hint="Check the amount and its currency.")
