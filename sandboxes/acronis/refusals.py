"""Acronis' errors, in their one shape, with their numbers."""

from __future__ import annotations

from typing import Any

from sandboxes.kit import error

# Number: the status it comes with, and its words. The numbers are documented, their statuses only in part.
NUMBERS: dict[int, tuple[int, str]] = {
    1000: (500, "Internal error"),
    1001: (409, "The object was changed by somebody else: version mismatch"),
    1002: (403, "Access denied"),
    1003: (403, "The parent tenant is disabled"),
    1004: (409, "A tenant with this name exists in this parent"),
    1005: (404, "Tenant not found"),
    1006: (409, "A tenant must be disabled before it is deleted"),
    1007: (400, "The tenant cannot be moved into its own subtree"),
    1008: (400, "The tenant cannot be moved to a tenant of this kind"),
    1010: (409, "Another user of File Sync & Share has this e-mail address"),
    1011: (409, "The tenant is being deprovisioned"),
    1012: (403, "The tenant is locked for updates"),
    1015: (409, "The tenant has another infrastructure component of this type"),
    1018: (403, "The user is disabled"),
    1021: (400, "The offering item is not available"),
    1022: (400, "The hard quota is exceeded"),
    1023: (400, "The offering item depends on another one"),
    1024: (403, "Access from this address is forbidden"),
    1026: (400, "The service cannot be enabled"),
    1027: (400, "This is against the business rules"),
    1030: (400, "The quota of File Sync & Share users is used up"),
}


def refuse(number: int, info: str = "") -> error:
    status, words = NUMBERS[number]
    return error(status, shape(str(number), words, info))


def plain(status: int, words: str, info: str = "") -> error:
    """An error that has no number of its own."""
    return error(status, shape(str(status), words, info))


def bad(info: str) -> error:
    return plain(400, "Bad request", info)


def shape(code: str, words: str, info: str = "") -> dict[str, Any]:
    about = {"code": code, "domain": "PlatformAccountServer", "message": words, "details": {"info": info or None}}
    return {"error": {**about, "context": {}, "data": []}}
