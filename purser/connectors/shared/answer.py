"""What a vendor answered, and how its words and headers are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from purser.connectors.shared import strict
from purser.kernel.errors import Busy, Failure, Refused, Unsure

LONGEST_WAIT = timedelta(hours=1)  # whatever Retry-After says
MOST_SHOWN = 300  # characters of a vendor's text in an error

_CODES = {401: "credentials", 403: "credentials", 404: "missing", 410: "missing"}


@dataclass(frozen=True)
class Answer:
    """A response that arrived whole. Header names are lower case.

    `retry_after` is what the vendor asked for, at most an hour; `secrets` what we sent and no message may
    show.
    """

    method: str
    url: str = field(repr=False)
    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    effect: bool = False
    retry_after: timedelta | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def what(self) -> str:
        """The call, for messages: without the query, which may hold a token."""
        return f"{self.method} {self.url.partition('?')[0]}"

    def json(self) -> Any:
        """The body as strict JSON; numbers with a point come as Decimal (see `strict.loads`).

        Raises Busy(code="malformed") for a read, Unsure(code="malformed") for an effect.
        """
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            shown = clean(kind)[:60] or "of no type"
            raise malformed(self.what, f"it is {shown}, not JSON", effect=self.effect)
        try:
            return strict.loads(self.content)
        except ValueError as e:
            raise malformed(self.what, str(e), effect=self.effect) from None

    def unexpected(self, text: str = "") -> Exception:
        """The error to raise for a status nobody foresaw.

        `text` is the vendor's own message where the caller found one; without it a short body is shown. A
        4xx is Refused (code "credentials" for 401 and 403, "missing" for 404 and 410, else "validation");
        anything else is Busy for a read and Unsure for an effect, code "server". A redirected read is
        Refused: it will be again.
        """
        said = clean(text or self._words(), secrets=self.secrets)
        message = f"{self.what} answered {self.status}" + (f": {said}" if said else ".")
        if 400 <= self.status < 500 and self.status != 408:
            return Refused(message, code=_CODES.get(self.status, "validation"))
        if self.effect:
            return broken(message, code="server", effect=True)
        if 300 <= self.status < 400:
            return Refused(message, code="address", hint="Redirects are not followed: check the address.")
        return Busy(message, code="server", retry_after=self.retry_after)

    def _words(self) -> str:
        if "html" in self.headers.get("content-type", ""):
            return ""
        return self.content[:4096].decode("utf-8", "replace")


def broken(text: str, *, code: str, effect: bool) -> Failure:
    """The error for a call that may have arrived although its answer did not."""
    if effect:
        return Unsure(text, code=code, hint="Look at the vendor before trying again.")
    return Busy(text, code=code)


def malformed(what: str, why: str, *, effect: bool) -> Failure:
    return broken(f"The answer to {what} cannot be used: {why}.", code="malformed", effect=effect)


def clean(text: str, *, secrets: Iterable[str] = ()) -> str:
    """A vendor's text fit for a message: one line, at most 300 printable characters, none of `secrets`."""
    for secret in secrets:
        text = text.replace(secret, "***")
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"


def retry_after(value: str, *, now: datetime) -> timedelta | None:
    """A Retry-After header, seconds or HTTP date, as a wait of 0 to 1 hour; None when it cannot be read."""
    value = value.strip()
    if re.fullmatch(r"[0-9]+", value):
        return LONGEST_WAIT if len(value) > 9 else min(timedelta(seconds=int(value)), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(value)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return min(max(at - now, timedelta(0)), LONGEST_WAIT)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
