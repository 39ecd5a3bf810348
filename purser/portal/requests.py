"""What every request carries: an id for its answer, its log lines and its acts, and a nonce for the content policy."""

from __future__ import annotations

import logging
import secrets
from contextvars import ContextVar

from django.http import HttpRequest

_current: ContextVar[str] = ContextVar("purser_request_id", default="-")


def open_one(request: HttpRequest) -> str:
    """Give the request an id of ours, 32 hexadecimal digits. One sent along is not taken: it could tie strangers'
    acts together.
    """
    id = secrets.token_hex(16)
    request.request_id = id  # type: ignore[attr-defined]
    _current.set(id)
    return id


def id_of(request: HttpRequest) -> str:
    return str(getattr(request, "request_id", "-"))


def nonce_of(request: HttpRequest) -> str:
    """A nonce for one inline script of this answer; asking for it puts it into the policy."""
    nonce = getattr(request, "csp_nonce", "") or secrets.token_urlsafe(18)
    request.csp_nonce = nonce  # type: ignore[attr-defined]
    return str(nonce)


def is_partial(request: HttpRequest, target: str) -> bool:
    """True when htmx asked for just the element of this id (and is not restoring a page from its history)."""
    asked = request.headers.get("HX-Target", "")
    return (
        request.headers.get("HX-Request") == "true"
        and asked.rpartition("#")[2] == target
        and request.headers.get("HX-History-Restore-Request") != "true"
    )


class RequestIds(logging.Filter):
    """Puts the current request's id on each log record as `request_id`, "-" outside of one."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = _current.get()
        return True
