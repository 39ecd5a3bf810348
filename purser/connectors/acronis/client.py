"""Calls to Acronis: sign-in and its renewal, lists to their end, and every refusal in our words.

Source: vendors/acronis.md 1 to 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from purser.connectors.acronis import fields, refusals
from purser.connectors.shared.answer import Answer, malformed
from purser.connectors.shared.http import Http
from purser.connectors.shared.pages import Pages, collect
from purser.connectors.shared.rows import Malformed

HOSTS = ("*.acronis.com",)
ACRONIS_URL = "https://us-cloud.acronis.com"
THREADS = 8
_PATH = "/api/2"


@dataclass(frozen=True)
class AcronisSettings:
    """`url` is that of the data centre in which the partner is (`https://eu2-cloud.acronis.com`)."""

    client_id: str
    url: str = ACRONIS_URL
    page_size: int = 1000


@dataclass(frozen=True)
class AcronisSecrets:
    client_secret: str = field(repr=False)


class Client:
    """One API client at one data centre. Paths begin after `/api/2`.

    The token is kept, and renewed when an eighth of its time is left (15 minutes of two hours).
    """

    def __init__(
        self, *, http: Http, settings: AcronisSettings, secrets: AcronisSecrets, clock: Callable[[], datetime]
    ) -> None:
        self._http = http
        self._settings = settings
        self._secrets = secrets
        self._clock = clock
        self._base = settings.url.rstrip("/") + _PATH
        self._session: tuple[str, datetime] | None = None  # the token, and when to renew it

    def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        return self._object(self.send("GET", path, params=params))

    def change(self, method: str, path: str, body: Any = None, *, about: str = "") -> dict[str, Any]:
        """Make a change that is answered with an object. `about` as in `refusals.failure`."""
        return self._object(self.send(method, path, json=body, about=about))

    def rows(self, path: str, params: Mapping[str, str] | None = None) -> list[Any]:
        """The items of a list that comes as a whole."""
        return self._items(self.get(path, params), f"GET {path}")

    def pages(self, path: str, params: Mapping[str, str]) -> Pages[Any]:
        """The items of a list that comes in pages. The cursor names the list by itself: the next call has nothing else."""

        def page(cursor: str) -> tuple[list[Any], str | None]:
            asked = {"after": cursor} if cursor else {**params, "limit": str(self._settings.page_size)}
            body = self.get(path, asked)
            return self._items(body, f"GET {path}"), self._next(body, f"GET {path}")

        return collect("", page)

    def done(self, method: str, path: str, *, params: Mapping[str, str] | None = None, about: str = "") -> None:
        """A call that is answered with 204 and nothing else: any other good answer is not known to be Acronis'."""
        answer = self.send(method, path, params=params, about=about)
        if answer.status != 204:
            raise malformed(answer.what, f"it came with {answer.status}, not 204", effect=answer.effect)

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        about: str = "",
    ) -> Answer:
        """One call that went well. A token that ended early is renewed once: with it nothing was done."""

        def send() -> Answer:
            headers = {"Authorization": f"Bearer {self._token()}"}
            url = self._base + path
            return self._http.send(method, url, headers=headers, params=params, json=json, effect=method != "GET")

        answer = send()
        if answer.status == 401:
            self._session = None
            answer = send()
        if not answer.ok:
            raise refusals.failure(answer, about=about)
        return answer

    @property
    def client_id(self) -> str:
        return self._settings.client_id

    def _token(self) -> str:
        now = self._clock()
        held = self._session
        if held is None or now >= held[1]:
            held = self._session = self._sign_in(now)
        return held[0]

    def _sign_in(self, now: datetime) -> tuple[str, datetime]:
        """Ask for a token. It changes nothing that counts, so a lost answer may simply be asked for again."""
        pair = f"{self._settings.client_id}:{self._secrets.client_secret}"
        headers = {"Authorization": f"Basic {fields.base64(pair)}"}
        form = {"grant_type": "client_credentials"}
        answer = self._http.send("POST", f"{self._base}/idp/token", headers=headers, form=form)
        if not answer.ok:
            raise refusals.sign_in(answer, secret=self._secrets.client_secret)
        body = self._object(answer)
        token, seconds = body.get("access_token"), body.get("expires_in")
        if not isinstance(token, str) or not token or not (token.isascii() and token.isprintable()) or " " in token:
            raise malformed(answer.what, "it holds no usable token", effect=False)
        if not isinstance(seconds, int) or isinstance(seconds, bool) or not 0 < seconds <= 7 * 86_400:
            raise malformed(answer.what, "it does not say how long the token lasts", effect=False)
        return token, now + timedelta(seconds=seconds) * 7 / 8

    def _object(self, answer: Answer) -> dict[str, Any]:
        body = answer.json()
        if not isinstance(body, dict):
            raise malformed(answer.what, "it is not an object", effect=answer.effect)
        return body

    def _items(self, body: Mapping[str, Any], what: str) -> list[Any]:
        found = body.get("items")
        if not isinstance(found, list):
            raise malformed(what, "it holds no list of items", effect=False)
        return found

    def _next(self, body: Mapping[str, Any], what: str) -> str | None:
        """The cursor of the page after this one. One that cannot be read is no end."""
        try:
            paging = fields.held(body, "paging")
            return fields.text(fields.held(paging, "cursors"), "after") or None
        except Malformed as e:
            raise malformed(what, f"it {e}", effect=False) from None
