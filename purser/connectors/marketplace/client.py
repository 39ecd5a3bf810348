"""Calls to the Marketplace API: sign-in, renewal of the token, and what its refusals mean.

Source: Marketplace API 1.1 (a token by Basic, good for 25 minutes), Simple API 21.x (an OpenID Connect form).
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from purser.connectors.marketplace import wire
from purser.connectors.shared.answer import Answer, clean
from purser.connectors.shared.http import Http
from purser.kernel.errors import Failure, Missing, Refused

CHECK_ACCOUNT = "Check the gateway user, its password and the subscription key on the configuration page."
CHECK_ADDRESS = "Check the gateway URL on the configuration page."
NUMBERED = "correlation id"


@dataclass(frozen=True)
class MarketplaceSettings:
    """Where the marketplace is.

    `gateway_url` is the part before `/customers`, `market` the code sent at a 1.1 sign-in, `token_url` the
    OpenID Connect token endpoint of a 21.x server (unused for 1.1, whose tokens come from the gateway).
    """

    gateway_url: str
    market: str = "us"
    version: wire.Version = "1.1"
    token_url: str = ""


@dataclass(frozen=True)
class MarketplaceSecrets:
    """`client_id` and `client_secret` are for 21.x servers only."""

    user: str = field(repr=False)
    password: str = field(repr=False)
    subscription_key: str = field(repr=False)
    client_id: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)


class Client:
    """One credential's session. The token is kept, and renewed when nine tenths of its time are over."""

    def __init__(
        self,
        *,
        http: Http,
        settings: MarketplaceSettings,
        secrets: MarketplaceSecrets,
        clock: Callable[[], datetime],
    ) -> None:
        self._http = http
        self._settings = settings
        self._secrets = secrets
        self._clock = clock
        self._session: tuple[wire.Token, datetime] | None = None  # the token, and when to renew it

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """The JSON at `path` below the gateway URL.

        Raises Missing for what the marketplace does not know, Refused(code="credentials") when a new token is
        not accepted either, Refused or Busy for everything else.
        """
        answer = self._get(path, params)
        if answer.status == 401:
            # ended early: revoked, or the marketplace was restarted. One new sign-in tells which.
            self._session = None
            answer = self._get(path, params)
        if answer.ok:
            return answer.json()
        raise self._failure(answer)

    def _get(self, path: str, params: Mapping[str, str] | None) -> Answer:
        token = self._token()
        headers = {"Authorization": f"Bearer {token}", **self._key()}
        return self._http.send("GET", self._url(path), headers=headers, params=params)

    def _url(self, path: str) -> str:
        return self._settings.gateway_url.rstrip("/") + path

    def _key(self) -> dict[str, str]:
        key = self._secrets.subscription_key
        if not (key.isascii() and key.isprintable()):
            raise Refused("The subscription key has characters that no key has.", code="credentials", hint=CHECK_ACCOUNT)
        return {"X-Subscription-Key": key}

    def _token(self) -> str:
        now = self._clock()
        if self._session is None or now >= self._session[1]:
            answer = self._sign_in()
            if not answer.ok:
                raise self._failure(answer, signing_in=True)
            token = wire.token(answer.json(), version=self._settings.version)
            self._session = token, now + token.lasts * 0.9
        return self._session[0].value

    def _sign_in(self) -> Answer:
        """Ask for a token. It changes nothing that counts, so a lost answer may simply be asked for again."""
        own = self._secrets
        if self._settings.version == "1.1":
            basic = b64encode(f"{own.user}:{own.password}".encode()).decode("ascii")
            return self._http.send(
                "POST",
                self._url("/token"),
                headers={"Authorization": f"Basic {basic}", **self._key()},
                json={"marketplace": self._settings.market},
            )
        form = {
            "grant_type": "password",
            "username": own.user,
            "password": own.password,
            "client_id": own.client_id,
            "client_secret": own.client_secret,
            "scope": "openid",
        }
        return self._http.send("POST", self._settings.token_url, form=form)

    def _failure(self, answer: Answer, *, signing_in: bool = False) -> Exception:
        said = self._said(answer)
        wrong_grant = signing_in and answer.status == 400 and self._settings.version == "21"
        if answer.status in (401, 403) or wrong_grant:
            text = said or f"The marketplace answered {answer.status} and did not say why."
            return Refused(text, code="credentials", hint=CHECK_ACCOUNT)
        unknown = answer.status == 400 and "no entity has been found" in said.lower()
        if not signing_in and (unknown or (answer.status == 404 and NUMBERED in said)):
            return Missing(said, code="not_found")
        if answer.status == 404:
            # from something before the marketplace: it must not pass for "this subscription is gone"
            text = said or f"Nothing of a marketplace is at {self._settings.gateway_url}."
            return Refused(text, code="not_found", hint=CHECK_ADDRESS)
        return answer.unexpected(said)

    def _said(self, answer: Answer) -> str:
        """The vendor's own words and its correlation id, which its support asks for; empty for none."""
        try:
            body = answer.json()
        except Failure:
            return ""
        fields = body if isinstance(body, dict) else {}
        words = (fields.get(name) for name in ("message", "error_description", "error"))
        own = self._secrets
        hidden = [h for h in (own.password, own.subscription_key, own.client_secret, *answer.secrets) if h]
        text = clean(next((w for w in words if isinstance(w, str)), ""), secrets=hidden)
        number = fields.get("correlationId")
        if text and isinstance(number, str):
            return f"{text} ({NUMBERED} {clean(number, secrets=hidden)[:60]})"
        return text
