"""Calls to Stripe: its own library says them, our guarded HTTP carries them.

The library knows the fields of one pinned version of the API and the idempotency header; it sends nothing by itself, repeats
nothing, and tells Stripe nothing about this machine. What comes back is read strictly before the library sees it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import stripe

from purser.connectors.shared.answer import malformed
from purser.connectors.shared.http import Http
from purser.connectors.stripe import refusals
from purser.kernel.errors import Refused

HOSTS = ("api.stripe.com",)
STRIPE_URL = "https://api.stripe.com"
VERSION = "2026-10-28.endive"
THREADS = 8
_SENT = frozenset({"authorization", "stripe-version", "idempotency-key", "content-type"})
_ONCE = re.compile(r"[\x21-\x7e]{1,255}")

stripe.enable_telemetry = False  # it would keep an id of this machine in a file of whoever runs us

Thing = TypeVar("Thing", bound=stripe.StripeObject)


@dataclass(frozen=True)
class StripeSettings:
    """Both differ only where something stands in for Stripe, and knows an older version of its API.

    `cards_only`: whether a charge says that it takes cards, and never a method that would redirect its payer.
    """

    url: str = STRIPE_URL
    cards_only: bool = True


@dataclass(frozen=True)
class StripeSecrets:
    """`key` is the secret or restricted API key; `webhook_keys` sign webhooks, several while one replaces another."""

    key: str = field(repr=False)
    webhook_keys: tuple[str, ...] = field(default=(), repr=False)


class Client:
    """One account at Stripe. `read` and `change` take what to ask of the library, and give the answer as plain JSON."""

    def __init__(self, *, http: Http, settings: StripeSettings, secrets: StripeSecrets) -> None:
        self._stripe = stripe.StripeClient(
            secrets.key or "none",
            stripe_version=VERSION,
            base_addresses={"api": settings.url.rstrip("/")},
            max_network_retries=0,
            http_client=_Door(http, secrets.key),
        )

    def read(self, ask: Callable[[stripe.StripeClient], Thing]) -> dict[str, Any]:
        return self._plain(ask, effect=False)

    def change(self, ask: Callable[[stripe.StripeClient, stripe.RequestOptions], Thing], *, once: str) -> dict[str, Any]:
        """`ask` is given the options that carry `once`, without which a repeat would be a second effect."""
        if not _ONCE.fullmatch(once):
            raise Refused(f"A key has 1 to 255 printable ASCII characters, not {len(once)} of these.", code="request")
        options: stripe.RequestOptions = {"idempotency_key": once}
        return self._plain(lambda client: ask(client, options), effect=True)

    def _plain(self, ask: Callable[[stripe.StripeClient], Thing], *, effect: bool) -> dict[str, Any]:
        try:
            answer = ask(self._stripe).last_response
        except (AttributeError, TypeError, ValueError, ArithmeticError, LookupError):
            # the library builds its objects from whatever arrived, and a wrong kind of value trips it
            raise malformed("Stripe", "its fields are not of the documented kinds", effect=effect) from None
        data = answer.data if answer else None
        if not isinstance(data, dict):
            raise malformed("Stripe", "it is not an object", effect=effect)
        return data


class _Door(stripe.HTTPClient):
    """The library's way out. Failures rise from here as ours; the library sees good answers only."""

    name = "purser"

    def __init__(self, http: Http, key: str) -> None:
        super().__init__()
        self._http = http
        self._key = key

    def request(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None, *, _usage: Any = None
    ) -> tuple[str, int, Mapping[str, str]]:
        answer = self._http.send(
            method,
            url,
            headers={n: v for n, v in (headers or {}).items() if n.lower() in _SENT},
            form=dict(parse_qsl(post_data, keep_blank_values=True)) if post_data else None,
            effect=method.lower() != "get",
        )
        if not answer.ok:
            raise refusals.failure(answer, key=self._key)
        if not isinstance(answer.json(), dict):
            raise malformed(answer.what, "it is not an object", effect=answer.effect)
        return answer.content.decode("utf-8-sig"), answer.status, {}

    def close(self) -> None:
        self._http.close()
