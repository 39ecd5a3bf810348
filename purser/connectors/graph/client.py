"""Calls to Microsoft Graph as an application of its own: sign-in per customer, pages, and envelopes of twenty calls.

Source: vendors/microsoft.md B1 to B7.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from purser.connectors.graph import refusals
from purser.connectors.shared import strict
from purser.connectors.shared.answer import Answer, malformed, retry_after
from purser.connectors.shared.http import Http
from purser.connectors.shared.pages import Pages, collect
from purser.kernel.errors import Refused

HOSTS = (
    "login.microsoftonline.com", "graph.microsoft.com",
    "login.microsoftonline.us", "graph.microsoft.us", "dod-graph.microsoft.us",
    "login.partner.microsoftonline.cn", "login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn",
)  # fmt: skip
LOGIN_URL = "https://login.microsoftonline.com"
GRAPH_URL = "https://graph.microsoft.com"
THREADS = 4
MOST_PARTS = 20  # of an envelope
EVENTUAL = {"ConsistencyLevel": "eventual"}  # asked for by counts and the other advanced queries


@dataclass(frozen=True)
class GraphSettings:
    """`directory` is the customer's tenant id (a GUID) or one of its domains; `client_id` the application's.

    The two addresses differ in national clouds.
    """

    directory: str
    client_id: str
    login_url: str = LOGIN_URL
    graph_url: str = GRAPH_URL
    page_size: int = 999


@dataclass(frozen=True)
class GraphSecrets:
    client_secret: str = field(repr=False)


class Client:
    """One application in one customer's directory. Paths begin after `/v1.0`; links of Graph's own are followed as they are.

    The token is kept, and renewed when nine tenths of its time are over. Every call is a read.
    """

    def __init__(self, *, http: Http, settings: GraphSettings, secrets: GraphSecrets, clock: Callable[[], datetime]) -> None:
        self._http = http
        self._settings = settings
        self._secrets = secrets
        self._clock = clock
        self._base = settings.graph_url.rstrip("/") + "/v1.0"
        self._session: tuple[str, datetime] | None = None  # the token, and when to renew it

    def get(
        self, path: str, params: Mapping[str, str] | None = None, *, permission: str, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The object at `path`, or at a link that Graph gave.

        Raises Refused with the codes of the port, Missing, `refusals.Expired`, and Busy.
        """
        answer = self._send("GET", self.own(path) if "://" in path else self._base + path, params=params, headers=headers)
        if not answer.ok:
            raise self.failure(answer, permission=permission)
        return self._object(answer)

    def pages(self, path: str, params: Mapping[str, str], *, permission: str) -> Pages[Any]:
        """All rows of a list."""

        def page(link: str) -> tuple[list[Any], str | None]:
            body = self.get(link or path, None if link else params, permission=permission)
            return self.rows(body, path), self.next_of(body)

        return collect("", page)

    def envelope(self, paths: Sequence[str]) -> list[Answer | dict[str, Any]]:
        """GET up to twenty paths in one call. For each, in order: its object, or the answer that was none.

        A part that the envelope lost is an answer with status 504: nobody knows what became of it.
        """
        asked = {str(n): path for n, path in enumerate(paths)}
        body = {"requests": [{"id": n, "method": "GET", "url": path} for n, path in asked.items()]}
        answer = self._send("POST", f"{self._base}/$batch", json=body)
        if not answer.ok:
            raise self.failure(answer, permission="")
        found = self._object(answer).get("responses")
        if not isinstance(found, list):
            raise malformed(answer.what, "it holds no responses", effect=False)
        parts = {part["id"]: part for part in found if isinstance(part, dict) and isinstance(part.get("id"), str)}
        return [self._part(path, parts.get(n)) for n, path in asked.items()]

    def path(self, path: str, params: Mapping[str, str]) -> str:
        """`path` with its query, as a part of an envelope names it."""
        return f"{path}?{urlencode(params, quote_via=quote)}"

    def relative(self, link: str) -> str:
        """A link of Graph's, as a part of an envelope names it."""
        return self.own(link).removeprefix(self._base)

    def own(self, link: str) -> str:
        """The link, when it is one into this Graph: the token is sent nowhere else. Raises Refused(code="address")."""
        if not link.startswith(self._base + "/"):
            raise Refused("Graph names a page at another address than its own.", code="address")
        return link

    def knows(self, link: str, path: str) -> bool:
        """Whether a kept link is one of this delta list at this Graph, however Graph writes the function's name."""
        head, _, query = link.partition("?")
        names = {f"{self._base}{path}", f"{self._base}{path}()"}
        names |= {name.replace("/delta", "/microsoft.graph.delta") for name in names}
        return bool(query) and head in names

    def rows(self, body: Mapping[str, Any], path: str) -> list[Any]:
        found = body.get("value")
        if not isinstance(found, list):
            raise malformed(f"GET {path}", "it holds no list of values", effect=False)
        return found

    def next_of(self, body: Mapping[str, Any], name: str = "@odata.nextLink") -> str | None:
        link = body.get(name)
        return link if isinstance(link, str) and link else None

    def failure(self, answer: Answer, *, permission: str) -> Exception:
        return refusals.graph(answer, permission=permission, consent=self.consent)

    @property
    def consent(self) -> str:
        """Where an administrator of the customer admits the application."""
        s = self._settings
        return f"{self._login}/adminconsent?{urlencode({'client_id': s.client_id})}"

    @property
    def _login(self) -> str:
        return f"{self._settings.login_url.rstrip('/')}/{quote(self._settings.directory, safe='')}"

    def _send(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        def send() -> Answer:
            sent = {"Authorization": f"Bearer {self._token()}", **(headers or {})}
            return self._http.send(method, url, headers=sent, params=params, json=json)

        answer = send()
        if answer.status == 401 and refusals.code_of(answer) == "InvalidAuthenticationToken":
            # ended early: revoked, or consent changed. One new sign-in tells which.
            self._session = None
            answer = send()
        return answer

    def _token(self) -> str:
        now = self._clock()
        if self._session is None or now >= self._session[1]:
            self._session = self._sign_in(now)
        return self._session[0]

    def _sign_in(self, now: datetime) -> tuple[str, datetime]:
        """Ask for a token. It changes nothing that counts, so a lost answer may simply be asked for again."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self._settings.client_id,
            "client_secret": self._secrets.client_secret,
            "scope": self._settings.graph_url.rstrip("/") + "/.default",
        }
        answer = self._http.send("POST", f"{self._login}/oauth2/v2.0/token", form=form)
        if not answer.ok:
            raise refusals.sign_in(answer, consent=self.consent)
        body = self._object(answer)
        token, seconds = body.get("access_token"), body.get("expires_in")
        if not isinstance(token, str) or not token or not (token.isascii() and token.isprintable()) or " " in token:
            raise malformed(answer.what, "it holds no usable token", effect=False)
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= 7 * 86_400:
            raise malformed(answer.what, "it does not say how long the token lasts", effect=False)
        return token, now + timedelta(seconds=seconds) * 0.9

    def _object(self, answer: Answer) -> dict[str, Any]:
        body = answer.json()
        if not isinstance(body, dict):
            raise malformed(answer.what, "it is not an object", effect=False)
        return body

    def _part(self, path: str, part: Any) -> Answer | dict[str, Any]:
        status = part.get("status") if isinstance(part, dict) else None
        body = part.get("body") if isinstance(part, dict) else None
        if status == 200 and isinstance(body, dict):
            return body
        headers = part.get("headers") if isinstance(part, dict) else None
        named = {k.lower(): v for k, v in headers.items() if isinstance(v, str)} if isinstance(headers, dict) else {}
        return Answer(
            method="GET",
            url=self._base + path,
            status=status if type(status) is int and 300 <= status <= 599 else 504,
            headers={**named, "content-type": "application/json"},
            content=strict.dumps(body) if isinstance(body, dict) else b"",
            retry_after=retry_after(named.get("retry-after", ""), now=self._clock()),
        )
