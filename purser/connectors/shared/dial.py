"""The dialler under `http`: connects to the checked address, and ends a call that takes too long."""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore2

from purser.connectors.shared.addresses import HostRule, Resolver

_deadline: ContextVar[float] = ContextVar("deadline", default=math.inf)


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """All waits on a connection inside end `seconds` from now: a byte now and then buys no more time."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def _wait(timeout: float | None, late: Callable[[str], Exception]) -> float:
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise late("the call as a whole took too long")
    return left if timeout is None else min(timeout, left)


class Dialler(httpcore2.NetworkBackend):
    """Resolves a name once, by the rule, and connects to what it found. TLS still asks for the name."""

    def __init__(self, *, hosts: HostRule, resolver: Resolver) -> None:
        self._hosts = hosts
        self._resolver = resolver
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        failure: Exception = httpcore2.ConnectError("no address")
        for address in self._hosts.resolve(host, port, resolver=self._resolver):
            try:
                wait = _wait(timeout, httpcore2.ConnectTimeout)
                return _Stream(self._sockets.connect_tcp(address, port, wait, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as e:
                failure = e
        raise failure


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _wait(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _wait(timeout, httpcore2.WriteTimeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        wait = _wait(timeout, httpcore2.ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, wait))

    def close(self) -> None:
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
