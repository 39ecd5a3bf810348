"""Bucketry's errors, in their one shape, with their types."""

from __future__ import annotations

from typing import Any

from sandboxes.kit import error

# Type: the status it comes with, and its title.
TYPES: dict[str, tuple[int, str]] = {
    "unreadable": (400, "The request cannot be read"),
    "invalid": (400, "A field is not as documented"),
    "key_invalid": (401, "The API key is not known, or was revoked"),
    "forbidden": (403, "The API key does not allow this"),
    "not_found": (404, "There is no such thing"),
    "name_taken": (409, "An account with this name exists below this parent"),
    "login_taken": (409, "Somebody has this login"),
    "parent_suspended": (409, "The account above is suspended"),
    "account_suspended": (409, "The account is suspended"),
    "not_suspended": (409, "An account is suspended before it is deleted"),
    "has_accounts": (409, "There are accounts below it"),
    "member_blocked": (409, "The member is blocked"),
    "revision": (412, "The account was changed by somebody else"),
    "not_allocatable": (422, "The account above does not have this"),
    "below_usage": (422, "More is stored than this would allow"),
    "unknown_role": (422, "There is no such role for this type of account"),
    "key_reused": (422, "The Idempotency-Key was used for something else"),
    "on_hold": (423, "The account is on legal hold"),
    "no_revision": (428, "If-Match is missing"),
    "too_many": (429, "Too many calls"),
    "broken": (500, "Something went wrong"),
}


def refuse(type: str, detail: str = "", *, headers: dict[str, str] | None = None) -> error:
    return error(TYPES[type][0], shape(type, detail), headers)


def shape(type: str, detail: str = "") -> dict[str, Any]:
    return {"errors": [{"type": type, "title": TYPES[type][1], "detail": detail}], "trace": f"b-{len(detail)}"}
