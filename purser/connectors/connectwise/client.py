"""Calls to the ConnectWise PSA REST API: sign-in, the release's address, pages, and what its errors mean."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import quote

from purser.connectors.shared.answer import Answer, clean, malformed
from purser.connectors.shared.http import Http
from purser.connectors.shared.pages import Pages, collect
from purser.kernel.errors import Failure, Missing, Refused

PER_MINUTE = 900  # of the 1,000 above which the vendor answers 429; others use the same account
HOSTS = ("*.myconnectwise.net", "*.connectwisedev.com")

CREDENTIALS = "Ask an administrator to check the API member's keys, its security role and the client id."
CONFLICT = "Open the agreement in ConnectWise and look at its additions; then let the count be read again."
DATES = "Extend the agreement in ConnectWise, or link to its successor."
PRORATION = "Switch on proration on the agreement in ConnectWise; the change is then posted by itself."
VALIDATION = "Correct what ConnectWise names in its message, there or on the link; then retry."

_CODEBASE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}/?\Z")
_NEXT = re.compile(r"""<[^>]*[?&]pageId=(\d{1,18})[^>]*>\s*;\s*rel="?next\b""", re.IGNORECASE)


@dataclass(frozen=True)
class ConnectWiseSettings:
    """`site` is the server's https address without a path; `company_id` the name typed at sign-in.

    `dated` says what to do on an agreement that does not prorate: by default a change of today is written
    into the running addition; with `dated` it is always a new addition from its date, which ConnectWise
    refuses within a billing period until proration is switched on.
    """

    site: str
    company_id: str
    client_id: str
    version: str = "2025.16"
    page_size: int = 1000
    dated: bool = False


@dataclass(frozen=True)
class ConnectWiseSecrets:
    public_key: str = field(repr=False)
    private_key: str = field(repr=False)


class Client:
    """One API member's calls; each either returns JSON as documented or raises a kernel error.

    Paths begin after `/apis/3.0`. `record` says that the path names one record, which may be absent
    (Missing); any other 404 is how the cloud answers bad keys.
    """

    def __init__(self, *, http: Http, settings: ConnectWiseSettings, secrets: ConnectWiseSecrets) -> None:
        self._http = http
        self._settings = settings
        user = f"{settings.company_id}+{secrets.public_key}:{secrets.private_key}"
        self._headers = {
            "Authorization": "Basic " + base64.b64encode(user.encode("utf-8")).decode("ascii"),
            "clientId": settings.client_id,
            "Accept": f"application/vnd.connectwise.com+json; version={settings.version}",
        }
        self._base = ""

    def get(self, path: str, params: Mapping[str, str] | None = None, *, record: bool = False) -> Any:
        return self._send("GET", path, params=params, record=record).json()

    def pages(self, path: str, params: Mapping[str, str] | None = None, *, record: bool = False) -> Pages[Any]:
        """All rows of a list, by forward-only paging.

        The Link header always names a next page, so a short page is the end. Of its URL only the page id is
        used: no address of the vendor's choosing is called.
        """
        size = self._settings.page_size

        def page(after: int) -> tuple[list[Any], int | None]:
            wanted = {**(params or {}), "pageSize": str(size)} | ({"pageId": str(after)} if after else {})
            paged = {"pagination-type": "forward-only"}
            answer = self._send("GET", path, params=wanted, record=record, headers=paged)
            rows = answer.json()
            if not isinstance(rows, list):
                raise malformed(answer.what, "it is not a list", effect=False)
            if len(rows) < size:
                return rows, None
            match = _NEXT.search(answer.headers.get("link", ""))
            if match is None:
                raise malformed(answer.what, f"{size} rows came without the next page's id", effect=False)
            return rows, int(match.group(1))

        return collect(0, page)

    def write(self, method: str, path: str, body: Any = None) -> Any:
        """A POST, PATCH or DELETE: the record as it now is, None for a DELETE. A 404 is Missing."""
        answer = self._send(method, path, json=body, record=True, effect=True)
        return None if answer.status == 204 else answer.json()

    def _send(
        self,
        method: str,
        path: str,
        *,
        record: bool,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        effect: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        base = self._base or self._look_up()
        sent = {**self._headers, **(headers or {})}
        answer = self._http.send(method, base + path, headers=sent, params=params, json=json, effect=effect)
        expected = {"GET": (200,), "POST": (200, 201), "PATCH": (200,), "DELETE": (204,)}[method]
        if answer.status not in expected:
            self._fail(answer, record=record)
        return answer

    def _look_up(self) -> str:
        """The base of all calls. The host stays the one that was configured, whatever `SiteUrl` says."""
        site = self._settings.site.rstrip("/")
        url = f"{site}/login/companyinfo/{quote(self._settings.company_id, safe='')}"
        answer = self._http.send("GET", url, headers={"Accept": "application/json"})
        if answer.status in (401, 403, 404):
            text = f"ConnectWise does not know the company {self._settings.company_id!r} at {site}."
            raise Refused(text, code="credentials", hint="Check the site and the company id.")
        if answer.status != 200:
            raise answer.unexpected()
        body = answer.json()
        codebase = body.get("Codebase") if isinstance(body, dict) else None
        if not isinstance(codebase, str) or not _CODEBASE.match(codebase) or ".." in codebase:
            raise malformed(answer.what, "it names no usable Codebase", effect=False)
        self._base = f"{site}/{codebase.rstrip('/')}/apis/3.0"
        return self._base

    def _fail(self, answer: Answer, *, record: bool) -> NoReturn:
        said = error_of(answer)
        text = said.text or f"{answer.what} answered {answer.status}."
        if answer.status in (401, 403):
            raise Refused(text, code="credentials", hint=CREDENTIALS)
        if answer.status == 404:
            if record and said.code == "NotFound":
                self.get("/system/info")  # with bad keys this is a 404 as well, and then says so
                raise Missing(text, code="not_found")
            self._base = ""  # a new release has a new address
            raise Refused(text, code="credentials", hint=CREDENTIALS)
        if answer.status == 409 or "ObjectExists" in said.codes:
            raise Refused(text, code="conflict", hint=CONFLICT)
        if answer.status == 400:
            code, hint = _refusal(said)
            raise Refused(text, code=code, hint=hint)
        raise answer.unexpected(said.text)


@dataclass(frozen=True)
class VendorError:
    """The error body: `code` and `text` of the whole, and `codes` and `fields` of its parts."""

    code: str = ""
    text: str = ""
    codes: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()


def error_of(answer: Answer) -> VendorError:
    """What an error's body says; empty where it cannot be read."""
    try:
        body = answer.json()
    except Failure:
        return VendorError()
    if not isinstance(body, dict):
        return VendorError()
    nested = body.get("errors")
    parts = [part for part in nested if isinstance(part, dict)] if isinstance(nested, list) else []

    def words(name: str) -> list[str]:
        return [part[name] for part in parts if isinstance(part.get(name), str)]

    top = body.get("message") if isinstance(body.get("message"), str) else ""
    code = body.get("code") if isinstance(body.get("code"), str) else ""
    said = dict.fromkeys(t for t in (top, *words("message")) if t)
    return VendorError(
        code=code or "",
        text=clean(": ".join(said), secrets=answer.secrets),
        codes=frozenset(words("code")),
        fields=frozenset(words("field")),
    )


def _refusal(said: VendorError) -> tuple[str, str]:
    if "prorat" in said.text.lower():
        return "proration_off", PRORATION
    if said.fields & {"effectiveDate", "cancelledDate"}:
        return "date_outside_agreement", DATES
    return "validation", VALIDATION
