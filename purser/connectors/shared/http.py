"""Guarded HTTP for connectors: every call of every vendor goes through `Http.send`.

What it promises: only admitted names at checked addresses, TLS to the name, no proxy, no cookie, no redirect
followed, no call repeated, bounded time and size, and failures sorted by what the caller may do next.
Source: P9, P11, P12, P25, P27.
"""

from __future__ import annotations

import ssl
import zlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import httpcore2
import httpx2

from purser.connectors.shared import addresses, strict
from purser.connectors.shared.addresses import HostRule, Resolver, Target
from purser.connectors.shared.answer import Answer, broken, clean, malformed, retry_after
from purser.connectors.shared.budget import Budget
from purser.connectors.shared.circuit import Circuit
from purser.connectors.shared.dial import Dialler, at_most
from purser.kernel import points
from purser.kernel.errors import Busy, Refused, Unsure

__all__ = ["Answer", "Http", "Timeouts"]

MOST_BYTES = 10 * 1024 * 1024  # of one body, after decompression

_NO_ANSWER = frozenset({502, 503, 504})  # a gateway's word; a 500 is how some vendors say "validation"
_OURS = frozenset({"host", "connection", "transfer-encoding", "content-length", "accept-encoding"})
_PLAIN = frozenset({"accept", "content-type", "user-agent"})  # headers that hold no secret


@dataclass(frozen=True)
class Timeouts:
    """Seconds: to connect (and again for TLS), for each wait on the vendor, and for the whole call."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 60.0


class Http:
    """One vendor's door: only hosts that the rule admits, no redirects, sizes and times bounded.

    Safe to share between threads, and worth sharing: it keeps the connections. All doors of a process share
    a `circuit`; without one, the door has its own.
    """

    def __init__(
        self,
        *,
        hosts: HostRule,
        budget: Budget | None = None,
        circuit: Circuit | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        resolver: Resolver = addresses.system,
        timeouts: Timeouts = Timeouts(),
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._hosts = hosts
        self._budget = budget
        self._clock = clock
        self._timeouts = timeouts
        self._circuit = circuit or Circuit(clock=clock)
        dialler = Dialler(hosts=hosts, resolver=resolver)
        # An effect never travels on a connection kept from before: the vendor may be closing it at that very
        # moment, and a lost answer makes an effect unsure for no good reason.
        self._reads, self._effects = (
            httpcore2.ConnectionPool(
                ssl_context=tls or _public_tls(),
                max_connections=50,
                max_keepalive_connections=kept,
                keepalive_expiry=5.0,
                network_backend=dialler,
            )
            for kept in (10, 0)
        )

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        effect: bool = False,
    ) -> Answer:
        """One call, never repeated. `effect` says that it may change something at the vendor.

        Raises Refused(code="address") for an address that is not allowed, Busy (nothing happened: refused
        connection, unknown name, TLS error, connect time-out, 429 with code="throttled" and retry_after),
        and for what breaks after the request may have arrived: Busy(code="network") for reads,
        Unsure(code="network") for effects; code="malformed" where the answer is too large or wrongly
        compressed.
        """
        full = _with_params(url, params)
        call = _call(method.upper(), full, self._hosts.admit(full), headers or {}, json, form, effect=effect)
        host = call.target.authority
        trial = self._circuit.enter(host)
        answered: bool | None = None
        try:
            with self._spending():
                points.reach("http:before")
                answer = self._exchange(call)
                points.reach("http:after")
            answered = answer.status not in _NO_ANSWER
        except (Busy, Unsure) as e:
            answered = {"network": False, "malformed": True}.get(e.code)
            raise
        finally:
            self._circuit.settle(host, trial=trial, answered=answered)
        if answer.status == 429:
            raise self._throttled(answer)
        return answer

    def close(self) -> None:
        """Close the connections that are kept open."""
        self._reads.close()
        self._effects.close()

    def _spending(self) -> AbstractContextManager[None]:
        return self._budget.hold() if self._budget else nullcontext()

    def _throttled(self, answer: Answer) -> Busy:
        if self._budget and answer.retry_after:
            self._budget.pause(answer.retry_after)
        text = f"{answer.what}: the vendor asks to call less often."
        return Busy(text, code="throttled", retry_after=answer.retry_after)

    def _exchange(self, call: _Call) -> Answer:
        pool = self._effects if call.effect else self._reads
        try:
            with at_most(self._timeouts.total):
                response = pool.handle_request(_request(call, self._timeouts))
                try:
                    headers = _lower(response.headers)
                    content = _read(response.iter_stream(), headers.get("content-encoding", ""))
                finally:
                    response.close()
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout, httpcore2.PoolTimeout) as e:
            raise Busy(f"{call.what}: no connection ({_reason(e)}).", code="network") from e
        except (httpcore2.NetworkError, httpcore2.TimeoutException, httpcore2.RemoteProtocolError) as e:
            text = f"{call.what}: no whole answer ({_reason(e)})."
            raise broken(text, code="network", effect=call.effect) from e
        except httpcore2.LocalProtocolError:
            # its text quotes the header that cannot be sent, and that may be the secret
            raise _unsendable(call.what) from None
        except _Unreadable as e:
            raise malformed(call.what, str(e), effect=call.effect) from None
        return Answer(
            method=call.method,
            url=call.url,
            status=response.status,
            headers=headers,
            content=content,
            effect=call.effect,
            retry_after=retry_after(headers.get("retry-after", ""), now=self._clock()),
            secrets=call.secrets,
        )


@dataclass(frozen=True)
class _Call:
    """`secrets` are the values sent that no message may show, longest first."""

    method: str
    url: str = field(repr=False)
    target: Target = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(repr=False)
    content: bytes = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    effect: bool

    @property
    def what(self) -> str:
        return f"{self.method} {self.target.shown}"


class _Unreadable(Exception):
    """A body too large, or not compressed as it says."""


@cache
def _public_tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context(trust_env=False)


def _call(
    method: str,
    url: str,
    target: Target,
    headers: Mapping[str, str],
    json: Any,
    form: Mapping[str, str] | None,
    *,
    effect: bool,
) -> _Call:
    if json is not None and form is not None:
        raise ValueError("a request has a JSON body or a form, not both")
    sent = {"host": ("Host", target.authority)}
    sent |= {n: (n.title(), v) for n, v in (("accept", "application/json"), ("user-agent", "Purser"))}
    content = b""
    if json is not None:
        sent["content-type"], content = ("Content-Type", "application/json"), strict.dumps(json)
    elif form is not None:
        sent["content-type"] = ("Content-Type", "application/x-www-form-urlencoded")
        content = urlencode(form).encode("ascii")
    sent |= {n.lower(): (n, v) for n, v in headers.items() if n.lower() not in _OURS}
    sent["accept-encoding"] = ("Accept-Encoding", "gzip")
    if content or method in ("POST", "PUT", "PATCH"):
        sent["content-length"] = ("Content-Length", str(len(content)))
    if not all(n.isascii() and v.isascii() for n, v in sent.values()):
        raise _unsendable(f"{method} {target.shown}")
    hidden = [v for n, v in headers.items() if n.lower() not in _PLAIN] + list((form or {}).values())
    secrets = {piece for value in hidden for piece in (value, *value.split()) if len(piece) >= 6}
    return _Call(
        method=method,
        url=url,
        target=target,
        headers=tuple(sent.values()),
        content=content,
        secrets=tuple(sorted(secrets, key=lambda s: (-len(s), s))),
        effect=effect,
    )


def _request(call: _Call, wait: Timeouts) -> httpcore2.Request:
    target = call.target
    timeout = {"connect": wait.connect, "pool": wait.connect, "read": wait.read, "write": wait.read}
    return httpcore2.Request(
        call.method,
        httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.path),
        headers=list(call.headers),
        content=call.content,
        extensions={"timeout": timeout},
    )


def _with_params(url: str, params: Mapping[str, str] | None) -> str:
    if not params:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode(params, quote_via=quote)}"


def _unsendable(what: str) -> Refused:
    return Refused(
        f"{what}: a header of the request holds characters that cannot be sent.",
        code="request",
        hint="Check the credentials for characters that were pasted along.",
    )


def _lower(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for raw_name, raw_value in headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _read(chunks: Iterable[bytes], encoding: str) -> bytes:
    """The body, never holding more than the bound, whatever a compressed kilobyte unfolds to."""
    encoding = encoding.strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip"):
        raise _Unreadable(f"it is compressed as {clean(encoding)[:40]}, which was not asked for")
    unzip = zlib.decompressobj(wbits=31) if "gzip" in encoding else None
    body = bytearray()
    arrived = False
    for chunk in chunks:
        arrived = arrived or bool(chunk)
        try:
            body += unzip.decompress(chunk, MOST_BYTES + 1 - len(body)) if unzip else chunk
        except zlib.error:
            raise _Unreadable("its compression is broken") from None
        if len(body) > MOST_BYTES:
            raise _Unreadable(f"it is larger than {MOST_BYTES:,} bytes")
    if unzip and arrived and (not unzip.eof or unzip.unused_data):
        raise _Unreadable("its compression is broken")
    return bytes(body)


def _reason(error: Exception) -> str:
    return clean(str(error)) or type(error).__name__
