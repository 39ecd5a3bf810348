"""Stripe's published test cards, what each does, and what is wrong with a card as typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

HOLDER = "authentication_required"


@dataclass(frozen=True)
class Card:
    """`typed`: what happens on a page ("" nothing, HOLDER its holder confirms, else a decline code); `later`: what happens
    when it is charged with nobody present.
    """

    brand: str
    typed: str = ""
    later: str = ""


CARDS = {
    "4242424242424242": Card("visa"),
    "5555555555554444": Card("mastercard"),
    "378282246310005": Card("amex"),
    "4000000000000002": Card("visa", "generic_decline", "generic_decline"),
    "4000000000009995": Card("visa", "insufficient_funds", "insufficient_funds"),
    "4000000000009987": Card("visa", "lost_card", "lost_card"),
    "4000000000009979": Card("visa", "stolen_card", "stolen_card"),
    "4000000000000069": Card("visa", "expired_card", "expired_card"),
    "4000000000000127": Card("visa", "incorrect_cvc", "incorrect_cvc"),
    "4000000000000119": Card("visa", "processing_error", "processing_error"),
    "4000000000000341": Card("visa", "", "generic_decline"),
    "4000002500003155": Card("visa", HOLDER, ""),
    "4000002760003184": Card("visa", HOLDER, HOLDER),
    "4000003800000446": Card("visa"),
    "4000008260003178": Card("visa", HOLDER, "insufficient_funds"),
    "4000008400001629": Card("visa", HOLDER, "generic_decline"),
    "4000000000003220": Card("visa", HOLDER, ""),
}
TOKENS = {
    "pm_card_visa": "4242424242424242",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_amex": "378282246310005",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_chargeDeclinedInsufficientFunds": "4000000000009995",
    "pm_card_chargeDeclinedLostCard": "4000000000009987",
    "pm_card_chargeDeclinedStolenCard": "4000000000009979",
    "pm_card_chargeDeclinedExpiredCard": "4000000000000069",
    "pm_card_chargeDeclinedIncorrectCvc": "4000000000000127",
    "pm_card_chargeDeclinedProcessingError": "4000000000000119",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_authenticationRequiredOnSetup": "4000002500003155",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_authenticationRequiredChargeDeclinedInsufficientFunds": "4000008260003178",
}
_OWN_CODE = frozenset({"expired_card", "incorrect_cvc", "processing_error", HOLDER})
_ADVICE = {
    "lost_card": "do_not_try_again",
    "stolen_card": "do_not_try_again",
    "expired_card": "confirm_card_data",
    "incorrect_cvc": "confirm_card_data",
    HOLDER: "",
}
_TEXTS = {
    "insufficient_funds": "Your card has insufficient funds.",
    "expired_card": "Your card has expired.",
    "incorrect_cvc": "Your card's security code is incorrect.",
    "processing_error": "An error occurred while processing your card. Try again in a little bit.",
    HOLDER: "Your card was declined. This transaction requires authentication.",
}


def refusal(reason: str, *, advice: bool) -> dict[str, Any]:
    """The error of a card that was declined for `reason`."""
    body = {"type": "card_error", "message": _TEXTS.get(reason, "Your card was declined.")}
    body |= {"code": reason if reason in _OWN_CODE else "card_declined"}
    if reason not in ("incorrect_cvc", "processing_error"):
        body["decline_code"] = reason
    advised = _ADVICE.get(reason, "try_again_later")
    return body | ({"advice_code": advised} if advice and advised else {})


def typed_wrong(number: str, expiry: str, code: str, *, today: date) -> dict[str, str]:
    """What is wrong with a card as typed, by field. Source: acceptance CS-60: digits only, 13 to 16 of them, not expired,
    a security code of 3, or 4 on American Express.
    """
    wrong: dict[str, str] = {}
    if not re.fullmatch(r"[0-9]{13,16}", number):
        wrong["number"] = "Your card number is invalid: it has 13 to 16 digits, without spaces or dashes."
    elif not _sums_up(number):
        wrong["number"] = "Your card number is invalid."
    found = re.fullmatch(r"(0[1-9]|1[0-2]) ?/ ?([0-9]{2})", expiry)
    if not found:
        wrong["expiry"] = "Your card's expiration date is incomplete: month and year, as 09 / 31."
    elif (2000 + int(found[2]), int(found[1])) < (today.year, today.month):
        wrong["expiry"] = "Your card's expiration year is in the past."
    digits = 4 if brand(number) == "amex" else 3
    if not re.fullmatch(rf"[0-9]{{{digits}}}", code):
        wrong["code"] = f"Your card's security code has {digits} digits."
    return wrong


def brand(number: str) -> str:
    known = CARDS.get(number)
    if known:
        return known.brand
    return "amex" if number[:2] in ("34", "37") else "visa" if number[:1] == "4" else "unknown"


def _sums_up(number: str) -> bool:
    """Luhn's check."""
    digits = [int(d) for d in reversed(number)]
    return sum(sum(divmod(d * 2, 10)) if n % 2 else d for n, d in enumerate(digits)) % 10 == 0
