"""What the refusals of Microsoft's sign-in and of Graph mean. Pure.

Source: vendors/microsoft.md B1, B4; the published AADSTS codes.
"""

from __future__ import annotations

import re
from typing import Any

from purser.connectors.shared.answer import Answer, clean
from purser.kernel.errors import Busy, Failure, Missing, Refused

# The application is not known, not admitted or switched off in this directory: its administrator has to act.
_NO_CONSENT = frozenset({65001, 500011, 650052, 650057, 700016, 7000112, 7000229})
_NO_TENANT = frozenset({90002, 90013, 900021, 900023, 50059})
_PASSING = frozenset({90033, 50196, 90006, 90012})

# 410, and 400 as the identity resources say it: the token or page link is too old.
_EXPIRED = frozenset({"syncstatenotfound", "resyncrequired", "directory_expiredpagetoken"})
_UNKNOWN_APPLICATION = frozenset({"authorization_identitynotfound", "identity_not_found"})

RENEW = "Renew the application's client secret and enter it again."
CHECK_TENANT = "Check the directory (tenant) id of the customer."


class Expired(Busy):
    """A delta token or page link that the directory no longer knows: begin again without it."""


def sign_in(answer: Answer, *, consent: str) -> Failure | Exception:
    """The failure for an answer of the token endpoint other than 200. `consent` is the address that gives consent."""
    body = _body(answer)
    text = clean(_text(body, "error_description") or _text(body, "error"), secrets=answer.secrets)
    number = _number(body)
    if number in _NO_CONSENT:
        hint = f"An administrator of the customer's directory has to admit the application: {consent}"
        return Refused(text, code="consent", hint=hint)
    if number in _NO_TENANT:
        return Refused(text, code="tenant", hint=CHECK_TENANT)
    if number in _PASSING or _text(body, "error") == "temporarily_unavailable":
        return Busy(text, code="server", retry_after=answer.retry_after)
    if answer.status in (400, 401, 403):
        return Refused(text or f"{answer.what} answered {answer.status}.", code="credentials", hint=RENEW)
    return answer.unexpected(text)


def graph(answer: Answer, *, permission: str, consent: str) -> Failure | Exception:
    """The failure for an answer of Graph other than 200. `permission` is the least one that the call needs."""
    error = _body(answer).get("error")
    error = error if isinstance(error, dict) else {}
    code = _text(error, "code")
    text = clean(": ".join(part for part in (code, _text(error, "message")) if part), secrets=answer.secrets)
    request = _request_id(error) or answer.headers.get("request-id", "")
    said = f"{answer.what} answered {answer.status}" + (f": {text}" if text else "")
    if request:
        said += f" (request {clean(request)[:60]})"
    if answer.status == 429:
        return Busy(said, code="throttled", retry_after=answer.retry_after)
    if answer.status == 410 or code.lower() in _EXPIRED:
        return Expired(said, code="expired")
    if code.lower() in _UNKNOWN_APPLICATION:
        hint = f"An administrator of the customer's directory has to admit the application: {consent}"
        return Refused(said, code="consent", hint=hint)
    if answer.status == 401:
        return Refused(said, code="credentials", hint=RENEW)
    if answer.status == 403:
        hint = f"Give the application the permission {permission} and let an administrator consent to it: {consent}"
        return Refused(said, code="permission", hint=hint)
    if answer.status == 404 and code:
        return Missing(said, code="not_found")
    return answer.unexpected(text)


def code_of(answer: Answer) -> str:
    """Graph's own word for the error, "" where there is none."""
    error = _body(answer).get("error")
    return _text(error, "code") if isinstance(error, dict) else ""


def _body(answer: Answer) -> dict[str, Any]:
    try:
        body = answer.json()
    except Failure:
        return {}
    return body if isinstance(body, dict) else {}


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _number(body: dict[str, Any]) -> int:
    codes = body.get("error_codes")
    if isinstance(codes, list) and codes and isinstance(codes[0], int):
        return codes[0]
    found = re.search(r"AADSTS(\d{4,8})", _text(body, "error_description"))
    return int(found.group(1)) if found else 0


def _request_id(error: dict[str, Any]) -> str:
    inner = error.get("innerError")
    return _text(inner, "request-id") if isinstance(inner, dict) else ""
