"""Calls to Bucketry: the key in its header, lists by offset to their end, and every refusal in our words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from purser.connectors.shared.answer import Answer, clean, malformed
from purser.connectors.shared.http import Http
from purser.connectors.shared.pages import Pages, collect
from purser.kernel.errors import Busy, Failure, Missing, Refused

HOSTS = ("*.bucketry.example",)
BUCKETRY_URL = "https://api.bucketry.example"
THREADS = 4
MOVED = "The list changed while it was read."
_PATH = "/v1"

# Our word and the next step, for what a person has to settle.
_REFUSED: Mapping[str, tuple[str, str]] = {
    "key_invalid": ("credentials", "Enter an API key of your reseller account again."),
    "forbidden": ("permission", "The API key has to be one of your own reseller account's."),
    "name_taken": ("name_taken", "Choose another name: a reseller has each name once."),
    "login_taken": ("login_taken", "Choose another user name: they are unique at Bucketry."),
    "parent_suspended": ("parent_disabled", "Resume the account above first."),
    "account_suspended": ("disabled", "Resume the account first."),
    "not_suspended": ("not_disabled", "Suspend the account before it is deleted."),
    "has_accounts": ("rules", "Delete what is below it first."),
    "member_blocked": ("user_disabled", "Unblock the member first."),
    "not_allocatable": ("unavailable", "The account above does not have this storage: have it allocated there first."),
    "below_usage": ("quota", "Have some of what is stored deleted, or raise the quota above it."),
    "unknown_role": ("role", ""),
    "on_hold": ("locked", "Bucketry has to lift the legal hold."),
}


@dataclass(frozen=True)
class BucketrySettings:
    url: str = BUCKETRY_URL
    page_size: int = 100


@dataclass(frozen=True)
class BucketrySecrets:
    api_key: str = field(repr=False)


class Client:
    """One API key. Paths begin after `/v1`."""

    def __init__(self, *, http: Http, settings: BucketrySettings, secrets: BucketrySecrets) -> None:
        self._http = http
        self._base = settings.url.rstrip("/") + _PATH
        self._page_size = settings.page_size
        self._key = secrets.api_key

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        return _object(self.send("GET", path, params=params))

    def change(self, method: str, path: str, body: Any = None, *, revision: str = "", once: str = "") -> dict[str, Any]:
        """Make a change that is answered with an object."""
        return _object(self.send(method, path, json=body, revision=revision, once=once))

    def pages(self, path: str, params: Mapping[str, str] | None = None) -> Pages[Any]:
        """The entries of a list. By offset, what comes or goes meanwhile moves the rows: then the list is cut."""
        totals: set[int] = set()

        def page(offset: int) -> tuple[list[Any], int | None]:
            asked = {**(params or {}), "offset": str(offset), "limit": str(self._page_size)}
            body = self.get(path, asked)
            entries, total = body.get("entries"), body.get("total")
            if not isinstance(entries, list):
                raise malformed(f"GET {path}", "it holds no list of entries", effect=False)
            if isinstance(total, bool) or not isinstance(total, int) or total < 0:
                raise malformed(f"GET {path}", "it does not say how many there are", effect=False)
            totals.add(total)
            after = offset + len(entries)
            return entries, after if entries and after < total else None

        found = collect(0, page)
        if found.whole and totals != {len(found.rows)}:
            return Pages(found.rows, MOVED)
        return found

    def done(self, method: str, path: str, *, revision: str = "") -> None:
        """A call that is answered with 204 and nothing else."""
        answer = self.send(method, path, revision=revision)
        if answer.status != 204:
            raise malformed(answer.what, f"it came with {answer.status}, not 204", effect=answer.effect)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        revision: str = "",
        once: str = "",
    ) -> Answer:
        """One call that went well. `revision` is the one that the change is of; `once` makes Bucketry take a repeat of the
        next 24 hours for the first."""
        headers = {"X-Api-Key": self._key}
        headers |= {"If-Match": f'"{revision}"'} if revision else {}
        headers |= {"Idempotency-Key": once} if once else {}
        url = self._base + path
        answer = self._http.send(method, url, headers=headers, params=params, json=json, effect=method != "GET")
        if not answer.ok:
            raise failure(answer)
        return answer


def failure(answer: Answer) -> Failure | Exception:
    """The failure for an answer other than 2xx, by Bucketry's own type of it."""
    try:
        body = answer.json()
    except Failure:
        body = {}
    type, words = said(body)
    words = clean(words, secrets=answer.secrets)
    text = f"{answer.what} answered {answer.status}" + (f": {words}" if words else ".")
    if not 400 <= answer.status < 500:  # a type in a 5xx is no word that nothing happened
        return answer.unexpected(words)
    found = refused(type, text)
    if found is not None:
        return found
    if type == "revision":
        return Busy(text, code="changed", hint="Somebody changed it in between: it is read again.")
    if type == "not_found":
        return Missing(text, code="not_found")
    return answer.unexpected(words)


def refused(type: str, text: str) -> Refused | None:
    if type not in _REFUSED:
        return None
    code, hint = _REFUSED[type]
    return Refused(text, code=code, hint=hint)


def said(body: Any) -> tuple[str, str]:
    """The type and the words of the first error of an answer; ("", "") where it holds none."""
    errors = body.get("errors") if isinstance(body, dict) else None
    return of_error(errors[0]) if isinstance(errors, list) and errors else ("", "")


def of_error(error: Any) -> tuple[str, str]:
    held = error if isinstance(error, dict) else {}
    type, title, detail = (held.get(n) if isinstance(held.get(n), str) else "" for n in ("type", "title", "detail"))
    return str(type), ": ".join(str(part) for part in (title, detail) if part)


def _object(answer: Answer) -> dict[str, Any]:
    body = answer.json()
    if not isinstance(body, dict):
        raise malformed(answer.what, "it is not an object", effect=answer.effect)
    return body
