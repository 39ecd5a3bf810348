"""How Stripe counts each currency, and the amounts that it takes of it. Source: docs.stripe.com/currencies."""

from __future__ import annotations

from decimal import Decimal

from sandboxes.stripe.refusals import refuse

_WHOLE = set("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".lower().split())
_THOUSANDTHS = set("BHD IQD JOD KWD LYD OMR TND".lower().split())
_SMALLEST = {"usd": 50, "eur": 50, "gbp": 30, "jpy": 50, "chf": 50}
_STEPS = {"isk": 100, "ugx": 100, **dict.fromkeys(_THOUSANDTHS, 10)}


def check(amount: int, currency: str) -> None:
    """Raises the refusal of an amount that no card is charged."""
    if amount < _SMALLEST.get(currency, 1):
        text = f"Amount must be at least {_SMALLEST[currency]} {currency}"
        raise refuse(400, text, code="amount_too_small", param="amount")
    if amount % _STEPS.get(currency, 1):
        text = f"Invalid amount: in {currency} it is a multiple of {_STEPS[currency]}"
        raise refuse(400, text, code="invalid_charge_amount", param="amount")


def shown(amount: int, currency: str) -> str:
    decimals = 0 if currency in _WHOLE else 3 if currency in _THOUSANDTHS else 2
    return f"{Decimal(amount).scaleb(-decimals):,f} {currency.upper()}"
