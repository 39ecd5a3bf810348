"""Which addresses a connector may call: the name is matched, and what it resolves to is checked.

Two questions at two moments. `HostRule.admit` reads a URL and asks whether its name is one we call; it does
no I/O, so a form can ask it too. `HostRule.resolve` asks what the name means at the moment of connecting,
and its answer is what the socket connects to: nothing looks the name up a second time, so a name server
that answers differently each time gains nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import SplitResult, quote, urlsplit

import idna

from purser.kernel.errors import Busy, Refused

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolver: TypeAlias = Callable[[str, int], Sequence[str]]
"""Name and port to addresses as text, best first. Raises OSError for an unknown name."""

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z){_LABEL}(?:\.{_LABEL})*\Z")
_NUMBER = re.compile(r"(?:\d+|0x[0-9a-f]*)\Z")  # a last label like this makes resolvers read the name as IPv4
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\#]")  # urlsplit drops some of these and servers read others as "/"

_PRINTABLE = "".join(chr(c) for c in range(0x21, 0x7F))
_USUAL = {"http": 80, "https": 443}

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

# Not for a vendor, although `is_global` of one Python version or another lets them pass.
_NEVER = tuple(
    ipaddress.ip_network(n)
    for n in (
        "0.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT; holds a cloud's metadata service
        "169.254.0.0/16",
        "192.0.0.0/24",
        "192.88.99.0/24",
        "198.18.0.0/15",
        "240.0.0.0/4",
        "::/96",  # IPv4-compatible: ::127.0.0.1
        "64:ff9b:1::/48",  # NAT64 for local use
        "2001::/23",  # Teredo and other tunnels
        "2002::/16",  # 6to4: carries any IPv4 address inside
        "fec0::/10",
    )
)


@dataclass(frozen=True)
class Target:
    """A URL that the rule admits, in the parts that go on the wire. `path` includes the query, all ASCII."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The value of the Host header."""
        return self.host if self.port == _USUAL[self.scheme] else f"{self.host}:{self.port}"

    @property
    def shown(self) -> str:
        """For messages: without the query, which may hold a token."""
        return f"{self.scheme}://{self.authority}{self.path.partition('?')[0]}"


@dataclass(frozen=True)
class HostRule:
    """The names a connector may call, over https on port 443.

    In `patterns` a `*` stands for part of one label (`webservices*.autotask.net`, `*.myconnectwise.net`)
    and `**` for any number of labels (`**` alone: every public name). `sandbox` lists `host:port` pairs
    that may be called by http and may be loopback or private: the only exception. Source: P27.
    """

    patterns: tuple[str, ...]
    sandbox: frozenset[str] = frozenset()

    def admit(self, url: str) -> Target:
        """Read a URL strictly. Raises Refused(code="address") saying what is wrong with it."""
        parts = _split(url)
        scheme, host = parts.scheme, _host(parts.hostname or "")
        if scheme not in _USUAL:
            raise _refused(f"{host} may be called over https, not {scheme!r}.")
        port = _USUAL[scheme] if parts.port is None else parts.port
        if f"{host}:{port}" not in self.sandbox:
            if scheme != "https":
                raise _refused(f"{host} may be called over https, not {scheme!r}.")
            if port != 443:
                raise _refused(f"{host} may only be called on port 443, not {port}.")
            if _NUMBER.match(host.rpartition(".")[2]):
                raise _refused(f"{host} is a number; a host is called by its name.")
            if not any(_glob(p).match(host) for p in self.patterns):
                known = ", ".join(self.patterns)
                raise _refused(f"{host} is not one of the hosts of this connection: {known}.")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return Target(scheme=scheme, host=host, port=port, path=quote(path, safe=_PRINTABLE))

    def resolve(self, host: str, port: int, *, resolver: Resolver) -> tuple[str, ...]:
        """Look an admitted name up once: the addresses to connect to, best first.

        Every address must be fit: a name that points outside and inside at once is a trap, not a spare.
        Raises Refused(code="address") for one that is not, Busy(code="network") for a name that cannot be
        resolved.
        """
        try:
            found = tuple(dict.fromkeys(resolver(host, port)))
        except (OSError, UnicodeError) as e:
            raise Busy(f"The name {host} could not be resolved.", code="network") from e
        if not found:
            raise Busy(f"The name {host} has no address.", code="network")
        allowed = _for_sandbox if f"{host}:{port}" in self.sandbox else _public
        for text in found:
            if not allowed(text):
                raise _refused(f"{host} resolves to {text[:60]}, where no vendor can be.")
        return found


def system(host: str, port: int) -> Sequence[str]:
    """The machine's own resolver."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return [str(entry[4][0]) for entry in found]


def _split(url: str) -> SplitResult:
    if len(url) > 8192:
        raise _refused(f"The URL has {len(url)} characters; at most 8192 are allowed.")
    if _FORBIDDEN.search(url):
        raise _refused("The URL holds a space, a control character, a backslash or a fragment.")
    try:
        parts = urlsplit(url)
        _ = parts.port  # read only when asked, and then it may be no number
    except ValueError:
        raise _refused("The URL cannot be read: its host or port is malformed.") from None
    if "@" in parts.netloc:
        raise _refused("The URL holds a user name or password; they belong in the credentials.")
    if not parts.hostname:
        raise _refused("The URL names no host.")
    return parts


def _host(host: str) -> str:
    """The ASCII form of a host name. Look-alikes are not mapped: a full-width digit is refused."""
    if not host.isascii():
        try:
            host = idna.encode(host).decode("ascii")
        except idna.IDNAError:
            raise _refused("The URL's host is not a valid name.") from None
    if not _NAME.match(host):
        raise _refused("The URL's host is not a plain name of letters, digits, hyphens and dots.")
    return host


def _glob(pattern: str) -> re.Pattern[str]:
    pieces = re.split(r"(\*\*|\*)", pattern.lower())
    words = {"**": r"[a-z0-9.-]*", "*": r"[a-z0-9-]*"}
    return re.compile("".join(words.get(p, re.escape(p)) for p in pieces) + r"\Z")


def _public(text: str) -> bool:
    address = _unwrapped(text)
    if address is None or not address.is_global or address.is_multicast:
        return False
    return not any(address in n for n in _NEVER if n.version == address.version)


def _for_sandbox(text: str) -> bool:
    """Loopback or a private network, never link-local: that is where clouds hand out credentials."""
    address = _unwrapped(text)
    return address is not None and (address.is_loopback or address.is_private) and not address.is_link_local


def _unwrapped(text: str) -> Address | None:
    """The address that is really reached; None for what is no address (also one with a zone)."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return None
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address


def _refused(text: str) -> Refused:
    return Refused(text, code="address", hint="Check the address of the connection.")
