"""Calls to Autotask's REST API 1.0: zone, headers, paging, and what its refusals mean."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from purser.connectors.autotask import wire
from purser.connectors.autotask.fields import Malformed
from purser.connectors.shared import pages
from purser.connectors.shared.answer import Answer, clean
from purser.connectors.shared.http import Http
from purser.connectors.shared.pages import Pages
from purser.kernel.errors import Busy, Failure, Refused, Unsure

HOSTS = ("*.autotask.net",)
PAGE = 500
THREADS = 3  # per tracking identifier and endpoint
PER_HOUR = 10_000  # per database, all integrations together
THROTTLE_PAUSE = timedelta(seconds=30)

_DOMAIN = ".autotask.net"
_BREAKDOWN = re.compile(r"time(d)?[ -]?out|deadlock|internal (server )?error|unexpected error", re.IGNORECASE)
_THREADS = re.compile(r"thread threshold|Itgenatr005|request threshold", re.IGNORECASE)
_NEXT_STEPS: Sequence[tuple[re.Pattern[str], str, str]] = (
    (
        re.compile(r"must be between the start date and end date", re.IGNORECASE),
        "date_outside_agreement",
        "Extend the contract's end date in Autotask, or link the resource to the contract for this date.",
    ),
    (
        re.compile(r"contract_service\w*_period", re.IGNORECASE),
        "same_day",
        "Nothing to do: Autotask takes one change of a service a day; this one takes effect tomorrow.",
    ),
    (
        re.compile(r"does not exist|no matching|unable to find a", re.IGNORECASE),
        "not_found",
        "Link the resource to a service that is still on the contract in Autotask.",
    ),
)
_CHECK = "Read Autotask's text and correct the contract or the service there."


@dataclass(frozen=True)
class AutotaskSettings:
    """`company_id` is that of the MSP's own company, 0 in every database. Source: decision F-11."""

    zone_lookup_url: str = "https://webservices2.autotask.net/atservicesrest"
    company_id: str = "0"


@dataclass(frozen=True)
class AutotaskSecrets:
    """`user` is the API user in e-mail form, `integration_code` its tracking identifier."""

    user: str = field(repr=False)
    secret: str = field(repr=False)
    integration_code: str = field(repr=False)


class Client:
    """Every call is made once. Raises kernel.errors; those of writes say if anything may have changed."""

    def __init__(self, *, http: Http, settings: AutotaskSettings, secrets: AutotaskSecrets) -> None:
        self._http = http
        self._settings = settings
        self._secrets = secrets
        self._zone = ""

    def zone(self) -> str:
        """Where this user's database is, looked up once. Raises Refused(code="address") for an odd place."""
        if not self._zone:
            lookup = self._settings.zone_lookup_url.rstrip("/")
            # the user's name is all it needs: the secret is not shown before the zone is known
            answer = self._http.send("GET", f"{lookup}/v1.0/zoneInformation", params={"user": self._secrets.user})
            try:
                payload = _json(answer)
            except Refused as e:
                code = "credentials" if e.code in {"validation", "not_found"} else e.code
                raise Refused(e.text, code=code, hint="Check the user's name (user@domain).") from e
            url = payload.get("url") if isinstance(payload, dict) else None
            if not isinstance(url, str):
                raise _malformed(answer, "url is not an address")
            if not _same_family(url, lookup):
                raise Refused(
                    f"The zone of this user is at {_host(url)!r}, which is not Autotask.",
                    code="address",
                    hint="Check the zone lookup address.",
                )
            self._zone = url.rstrip("/")
        return self._zone

    def get(self, path: str) -> tuple[Answer, Any]:
        answer = self._http.send("GET", self._url(path), headers=self._headers())
        return answer, _json(answer)

    def item(self, entity: str, id: int) -> dict[str, Any] | None:
        """The row with this id, None when there is none."""
        answer, payload = self.get(f"{entity}/{id}")
        try:
            return wire.item(payload)
        except Malformed as e:
            raise _malformed(answer, str(e)) from None

    def restricted(self, entity: str) -> bool:
        """Whether rows of an entity are hidden from this user."""
        answer, payload = self.get(f"{entity}/entityInformation")
        try:
            return wire.restricted(payload)
        except Malformed as e:
            raise _malformed(answer, str(e)) from None

    def picklists(self, entity: str) -> dict[str, dict[int, str]]:
        answer, payload = self.get(f"{entity}/entityInformation/fields")
        try:
            return wire.picklists(payload)
        except Malformed as e:
            raise _malformed(answer, str(e)) from None

    def query(self, entity: str, filters: Sequence[Mapping[str, Any]], fields: Sequence[str] = ()) -> Pages[Any]:
        """All rows that pass all filters; `fields` (id among them) to be given, all when empty.

        A failure on the first page is raised, a later one cuts the rows short.
        """
        body: dict[str, Any] = {"MaxRecords": PAGE, "Filter": list(filters)}
        if fields:
            body["IncludeFields"] = list(fields)
        first = self._url(f"{entity}/query")

        def page(url: str) -> tuple[Sequence[Any], str | None]:
            # the next page is asked for with the same body: an address of anything but a query could do harm
            if not _same_family(url, first) or not _path(url).startswith(_path(first)):
                raise Refused(f"{entity}: the next page is said to be at {_host(url)!r}.", code="address")
            answer = self._http.send("POST", url, headers=self._headers(), json=body)
            try:
                return wire.page(_json(answer))
            except Malformed as e:
                raise _malformed(answer, str(e)) from None

        return pages.collect(first, page)

    def count(self, entity: str, filters: Sequence[Mapping[str, Any]]) -> int:
        """How many rows pass all filters."""
        url = self._url(f"{entity}/query/count")
        answer = self._http.send("POST", url, headers=self._headers(), json={"Filter": list(filters)})
        try:
            return wire.counted(_json(answer))
        except Malformed as e:
            raise _malformed(answer, str(e)) from None

    def create(self, path: str, body: Mapping[str, Any]) -> str:
        """POST a new row; gives its id, empty where Autotask gives none.

        Raises Refused or Busy when nothing changed, Unsure when something may have.
        """
        answer = self._http.send("POST", self._url(path), headers=self._headers(), json=body, effect=True)
        try:
            return wire.created(_json(answer))
        except Malformed as e:
            raise _malformed(answer, str(e)) from None

    def _url(self, path: str) -> str:
        return f"{self.zone()}/V1.0/{path}"

    def _headers(self) -> dict[str, str]:
        return {
            "ApiIntegrationCode": self._secrets.integration_code,
            "UserName": self._secrets.user,
            "Secret": self._secrets.secret,
        }


def _json(answer: Answer) -> Any:
    if answer.ok:
        return answer.json()
    raise _failure(answer)


def _failure(answer: Answer) -> Exception:
    """What a refusal of Autotask means. A 500 with texts is its way to say no; one without is a breakdown."""
    text = clean(" ".join(_texts(answer)), secrets=answer.secrets)
    if answer.status in {401, 403}:
        return Refused(
            text or f"Autotask answered {answer.status}: user, password or tracking identifier is wrong.",
            code="credentials",
            hint="Check that the API user is active, and enter its name and password again.",
        )
    if answer.status == 404:
        return Refused(
            text or "Autotask answered 404: it does not know this address.",
            code="not_found",
            hint="Check the zone lookup address.",
        )
    if answer.status != 500 or not text or _BREAKDOWN.search(text):
        return answer.unexpected(text)
    if _THREADS.search(text):
        return Busy(text, code="throttled", retry_after=answer.retry_after or THROTTLE_PAUSE)
    for pattern, code, hint in _NEXT_STEPS:
        if pattern.search(text):
            return Refused(text, code=code, hint=hint)
    return Refused(text, code="validation", hint=_CHECK)


def _texts(answer: Answer) -> tuple[str, ...]:
    try:
        return wire.errors(answer.json())
    except Failure:
        return ()


def _malformed(answer: Answer, why: str) -> Failure:
    text = f"Autotask's answer cannot be used: {why}."
    if answer.effect:
        return Unsure(text, code="malformed", hint="Look at the service in Autotask before trying again.")
    return Busy(text, code="malformed")


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc.rpartition("@")[2][:100]
    except ValueError:
        return ""


def _path(url: str) -> str:
    return urlsplit(url).path.lower()


def _same_family(url: str, known: str) -> bool:
    """Whether an address Autotask handed back is on the host we know, or both are Autotask's own."""
    try:
        one, other = urlsplit(url), urlsplit(known)
        hosts = ((one.hostname or "").lower(), (other.hostname or "").lower())
    except ValueError:
        return False
    if one.scheme != other.scheme:
        return False
    return one.netloc == other.netloc or all(h.endswith(_DOMAIN) for h in hosts)
