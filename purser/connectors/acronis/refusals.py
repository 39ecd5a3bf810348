"""What the refusals of Acronis mean: by the number in the answer, else by its status and what was asked. Pure.

Source: vendors/acronis.md 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from purser.connectors.shared.answer import Answer, broken, clean
from purser.kernel.errors import Busy, Failure, Missing, Refused

RENEW = "Enter the API client's id and secret again, or have a new client made in the management portal."
_RIGHTS = "The API client has to belong to your own partner tenant, with the right to administer it."

# Our word and the next step, for what a person has to settle.
_REFUSED: Mapping[int, tuple[str, str]] = {
    1002: ("permission", _RIGHTS),
    1003: ("parent_disabled", "Enable the parent tenant first."),
    1004: ("name_taken", "Choose another name: a parent has each name once."),
    1006: ("not_disabled", "Suspend the tenant before it is deleted."),
    1007: ("move", "The tenant cannot be moved there."),
    1008: ("move", "The tenant cannot be moved there."),
    1010: ("email_taken", "Another user of File Sync & Share has this e-mail address: choose another one."),
    1012: ("locked", "Whoever locked the tenant has to open it in the management portal."),
    1015: ("place", "A customer uses one storage of a type: choose which."),
    1018: ("user_disabled", "Enable the user first."),
    1021: ("unavailable", "The parent does not have this offering, or may not give it: enable it there first."),
    1022: ("quota", "Free some of what is used, or raise the quota above it."),
    1023: ("dependency", "This offering goes with another one: switch both."),
    1024: ("address_forbidden", "Admit this server's address in the tenant's sign-in control."),
    1026: ("service", "The parent does not have this service: enable it there first."),
    1027: ("rules", ""),
    1030: ("quota", "The seats of File Sync & Share are used up."),
}
_CHANGED, _NOT_FOUND, _GOING, _INTERNAL = 1001, 1005, 1011, 1000


def failure(answer: Answer, *, about: str = "") -> Failure | Exception:
    """The failure for an answer other than 2xx. `about` is what was asked for, where refusals have no number of their own:
    "login" (a 409 is a taken one, a 400 or 406 an impossible one), "user" (a 409 is a taken login), "role" (a 400 is one that
    is not given).
    """
    words, number = _words(answer), number_of(answer)
    said = f"{answer.what} answered {answer.status}" + (f": {words}" if words else ".")
    if number == _INTERNAL:
        return broken(said, code="server", effect=answer.effect)
    if answer.status < 400 or answer.status >= 500:  # a number in a 5xx is no word that nothing happened
        return answer.unexpected(words)
    if number is not None and number in _REFUSED:
        code, hint = _REFUSED[number]
        return Refused(said, code=code, hint=hint)
    if number == _CHANGED:
        return Busy(said, code="changed", hint="Somebody changed it in between: it is read again.")
    if number == _GOING:
        return Busy(said, code="going", hint="The tenant is being removed at Acronis.")
    if number == _NOT_FOUND or (answer.status == 404 and words):
        return Missing(said, code="not_found")
    if answer.status == 401:
        return Refused(said, code="credentials", hint=RENEW)
    if answer.status == 403:
        return Refused(said, code="permission", hint=_RIGHTS)
    if answer.status == 409 and about in ("login", "user"):
        return Refused(said, code="login_taken", hint="Choose another user name: they are unique at Acronis.")
    if answer.status == 409:
        return Refused(said, code="conflict")
    if answer.status in (400, 406) and about in ("login", "role"):
        return Refused(said, code=about)
    return answer.unexpected(words)


def sign_in(answer: Answer, *, secret: str) -> Failure | Exception:
    """The failure for an answer of the token endpoint other than 2xx. `secret` is what no text may show."""
    if number_of(answer) is None and answer.status in (400, 401, 403):
        body = _object(answer)
        words = _text(body, "error_description") or _text(body, "error") or _words(answer)
        said = clean(words, secrets=(secret, *answer.secrets) if secret else answer.secrets)
        text = f"Acronis refused the sign-in with {answer.status}" + (f": {said}" if said else ".")
        return Refused(text, code="credentials", hint=RENEW)
    return failure(answer)


def number_of(answer: Answer) -> int | None:
    """Acronis' own number, which comes as text or as a number."""
    code = _error(answer).get("code")
    if isinstance(code, str) and code.isascii() and code.isdigit() and len(code) <= 6:
        return int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _words(answer: Answer) -> str:
    """Acronis' number and text, "" where it gave none."""
    error, number = _error(answer), number_of(answer)
    details = error.get("details")
    parts = ["" if number in (None, answer.status) else str(number), _text(error, "message")]
    parts += [_text(details, "info")] if isinstance(details, dict) else []
    return clean(": ".join(part for part in parts if part), secrets=answer.secrets)


def _object(answer: Answer) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except Failure:
        return {}
    return body if isinstance(body, dict) else {}


def _error(answer: Answer) -> Mapping[str, Any]:
    error = _object(answer).get("error")
    return error if isinstance(error, dict) else {}


def _text(held: Mapping[str, Any], name: str) -> str:
    value = held.get(name)
    return value if isinstance(value, str) else ""
