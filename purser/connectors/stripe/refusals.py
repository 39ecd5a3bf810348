"""What Stripe's refusals mean. Pure.

Source: vendors/stripe.md 1; docs.stripe.com: errors, decline codes, idempotent requests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from purser.connectors.ports.payment import Decline, Declined
from purser.connectors.shared.answer import Answer, broken, clean
from purser.kernel.errors import Busy, Failure, Missing, Refused, Unsure

_HARD = frozenset({
    "lost_card", "stolen_card", "pickup_card", "expired_card", "incorrect_number", "invalid_number", "invalid_account",
    "new_account_information_available", "card_not_supported", "fraudulent", "merchant_blacklist", "restricted_card",
    "revocation_of_all_authorizations", "revocation_of_authorization", "stop_payment_order", "security_violation",
    "do_not_try_again", "incorrect_cvc", "invalid_cvc", "invalid_expiry_month", "invalid_expiry_year",
    "currency_not_supported", "transaction_not_allowed",
})  # fmt: skip
_ADVICE: Mapping[str, Literal["hard", "soft"]] = {
    "try_again_later": "soft",
    "confirm_card_data": "hard",
    "do_not_try_again": "hard",
}
_CHECK_KEY = "Enter the account's secret key again; a restricted key needs customers, checkout, intents and refunds."
_REFUND = frozenset({"charge_already_refunded", "charge_disputed", "refund_disputed_payment"})
_AMOUNT = frozenset({"amount_too_large", "amount_too_small", "invalid_charge_amount", "parameter_invalid_integer"})
_STATE = frozenset({"payment_intent_unexpected_state", "payment_method_unexpected_state", "checkout_session_unexpected_state"})


def failure(answer: Answer, *, key: str) -> Failure | Exception:
    """The failure for an answer other than 2xx. `key` is the secret that no text may show.

    A 5xx to an effect is Unsure: Stripe keeps that answer under the key, so that asking again tells no more; look for it.
    """
    error = _error(answer)
    code, kind = _text(error, "code"), _text(error, "type")
    text = clean(_text(error, "message"), secrets=(key,))
    said = f"Stripe answered {answer.status}" + (f": {text}" if text else f" to {answer.what}.")
    if answer.status == 402 or kind == "card_error":
        intent = error.get("payment_intent")
        id = _text(intent, "id") if isinstance(intent, dict) else ""
        return Declined(decline(error, key=key), payment=id)
    if answer.status == 401:
        return Refused(said, code="credentials", hint=_CHECK_KEY)
    if answer.status == 403:
        return Refused(said, code="permission", hint=_CHECK_KEY)
    if answer.status == 409 or code == "idempotency_key_in_use":
        hint = "The same call is under way. Ask again with the same key."
        return Unsure(said, code="in_flight", hint=hint) if answer.effect else Busy(said, code="in_flight")
    if kind == "idempotency_error":
        return Refused(said, code="idempotency", hint="This key was used for another call. Nothing was done.")
    if answer.status == 424:
        return broken(said, code="server", effect=answer.effect)  # a bank's or network's failure, some way on
    if answer.status == 404 or code == "resource_missing":
        return Missing(said, code="not_found")
    if answer.status == 400:
        if code in _REFUND or answer.url.endswith("/refunds"):
            return Refused(said, code="refund")
        name = "amount" if code in _AMOUNT else "state" if code in _STATE else "validation"
        return Refused(said, code=name)
    return answer.unexpected(text)


def decline(error: Mapping[str, Any], *, key: str = "") -> Decline:
    """The issuer's reason: the advice where one was given, else by the decline's code; unknown codes are soft."""
    code, reason = _text(error, "code"), _text(error, "decline_code")
    text = clean(_text(error, "message"), secrets=(key,) if key else ()) or "The card was declined."
    shown = reason or code or "card_declined"
    if "authentication_required" in (code, reason):
        return Decline("authentication_required", "authentication_required", text)
    advised = _ADVICE.get(_text(error, "advice_code"))
    return Decline(advised or ("hard" if {code, reason} & _HARD else "soft"), clean(shown)[:60], text)


def _error(answer: Answer) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except Failure:
        return {}
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _text(held: Mapping[str, Any], name: str) -> str:
    value = held.get(name)
    return value if isinstance(value, str) else ""
