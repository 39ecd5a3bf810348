"""One signed-in connection to a directory server, read in pages; what ldap3 raises and answers becomes our failures.

The name is resolved once and the socket goes to the address that was checked; TLS asks for the name, and its certificate
is verified. Every wait ends, and so does what is read: a server that dribbles or floods is cut off.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import ldap3  # type: ignore[import-untyped]
from ldap3.core import exceptions as wrong  # type: ignore[import-untyped]

from purser.connectors.ldap.address import Place, admit
from purser.connectors.shared.addresses import HostRule, Resolver
from purser.connectors.shared.answer import clean
from purser.kernel.errors import Busy, Failure, Refused

PAGED = "1.2.840.113556.1.4.319"  # RFC 2696
MOST_ADDRESSES = 4  # of a name that are tried
ACTIVE_DIRECTORY = "1.2.840.113556.1.4.800"


@dataclass(frozen=True)
class LdapSettings:
    """`base` is under which is read, `user` the distinguished name that signs in. `users` and `groups` are filters, "" for
    ours. `authority` is PEM of the certificate authority, "" for the public ones."""

    url: str
    base: str
    user: str
    users: str = ""
    groups: str = ""
    start_tls: bool = False
    authority: str = ""


@dataclass(frozen=True)
class LdapSecrets:
    password: str = field(repr=False)


@dataclass(frozen=True)
class Limits:
    """Seconds to connect, for one answer, and for a reading as a whole; bytes and entries of a reading; entries of a page."""

    connect: float = 10
    answer: int = 30
    total: float = 900
    most_bytes: int = 500 * 1024 * 1024
    most_entries: int = 200_000
    page: int = 500


@dataclass(frozen=True)
class Entry:
    """`values` by attribute in small letters, as bytes."""

    dn: str
    values: dict[str, list[bytes]]


@dataclass(frozen=True)
class Found:
    """`cut` says why these are not all."""

    entries: tuple[Entry, ...]
    cut: str = ""


class _Late(OSError):
    """The reading as a whole took too long, or holds too much."""


class _Guarded:
    """A socket that stops at a deadline and after so many bytes, whatever the other side sends."""

    def __init__(self, inner: Any, *, until: float, most: int) -> None:
        self.inner, self._until, self._left = inner, until, most

    def recv(self, size: int) -> bytes:
        left = self._until - time.monotonic()
        if left <= 0:
            raise _Late("the reading as a whole took too long")
        self.inner.settimeout(min(left, self.inner.gettimeout() or left))
        data: bytes = self.inner.recv(size)
        self._left -= len(data)
        if self._left < 0:
            raise _Late("the directory sent more than is read")
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class _Tls(ldap3.Tls):  # type: ignore[misc]  # ldap3 has no types
    """TLS that asks for the name and verifies it: the library would accept a certificate for the bare address as well."""

    def __init__(self, host: str, authority: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._host = host
        self._context = ssl.create_default_context(cadata=authority or None)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.refused = ""

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        plain = connection.socket.inner if isinstance(connection.socket, _Guarded) else connection.socket
        try:
            connection.socket = self._context.wrap_socket(plain, server_hostname=self._host)
        except ssl.SSLCertVerificationError as e:
            self.refused = e.verify_message or "it is not valid"
            raise


class Session:
    """Use `opened`."""

    def __init__(self, connection: Any, settings: LdapSettings, limits: Limits) -> None:
        self._connection = connection
        self._settings = settings
        self._limits = limits
        self._left = limits.most_entries
        capabilities = self._one("", ["supportedCapabilities"]).get("supportedcapabilities", [])
        self.is_active_directory = ACTIVE_DIRECTORY.encode() in capabilities

    def _one(self, dn: str, attributes: list[str]) -> dict[str, list[bytes]]:
        with _failures(self._settings):
            self._connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=attributes)
        entries = _entries(self._connection)
        return entries[0].values if entries else {}

    def base(self) -> None:
        """Raises Refused where there is no such base, or it may not be seen."""
        with _failures(self._settings):
            self._connection.search(self._settings.base, "(objectClass=*)", ldap3.BASE, attributes=["objectClass"])
        code = self._code()
        if code or not _entries(self._connection):
            raise self._failure(code or 32)

    def count(self, filter: str, most: int = 1_000) -> int:
        """How many there are, up to a number of them."""
        return len(self.find(filter, [], most=most).entries)

    def find(self, filter: str, attributes: list[str], *, most: int | None = None) -> Found:
        """Everything under the base that the filter names, by pages. What breaks off after the first page is cut short; the
        first page's failure is raised. `most` stops there, which is no cut."""
        entries: list[Entry] = []
        cookie: bytes | None = None
        while True:
            try:
                with _failures(self._settings):
                    self._connection.search(
                        self._settings.base,
                        filter,
                        ldap3.SUBTREE,
                        attributes=attributes or ["1.1"],
                        paged_size=self._limits.page,
                        paged_cookie=cookie,
                    )
                code = self._code()
                if code and code not in (3, 4, 11):  # limits of time, size and administration: what came is true
                    raise self._failure(code)
            except Failure as failure:
                if not entries:
                    raise
                return Found(tuple(entries), failure.text)
            entries += _entries(self._connection)
            if code:
                return Found(tuple(entries), f"The directory stopped after {len(entries)} entries: {self._said()}.")
            if len(entries) > self._left:
                return Found(tuple(entries[: self._left]), f"More than {self._limits.most_entries:,} entries are not read.")
            if most is not None and len(entries) >= most:
                break
            control = (self._connection.result.get("controls") or {}).get(PAGED)
            cookie = control["value"]["cookie"] if control else None
            if not cookie:
                break
        self._left -= len(entries)
        return Found(tuple(entries))

    def _code(self) -> int:
        return int(self._connection.result["result"])

    def _said(self) -> str:
        result = self._connection.result
        return clean(" ".join(filter(None, [str(result["description"]), str(result["message"])])))[:200]

    def _failure(self, code: int) -> Failure:
        said = f"The directory answered {self._said()}"
        if code in (51, 52):
            return Busy(said, code="server")
        if code == 32:
            return Refused(f"{said}: there is no {self._settings.base!r}.", code="tenant", hint="Check the base.")
        if code in (50, 1):
            return Refused(said, code="permission", hint="Let the user that signs in read below the base.")
        if code in (8, 13, 49, 48, 53):
            return Refused(said, code="credentials", hint="Enter the user and the password again.")
        return Refused(said, code="directory")


@contextmanager
def opened(
    settings: LdapSettings, secrets: LdapSecrets, *, hosts: HostRule, resolver: Resolver, limits: Limits
) -> Iterator[Session]:
    """A session, signed in; closed at the end. Raises Refused ("credentials", "certificate", "address"), Busy("network")."""
    place = admit(settings.url, start_tls=settings.start_tls, hosts=hosts)
    if not secrets.password:  # an empty one would be taken as nobody's sign-in, and succeed
        raise Refused("The password is missing.", code="credentials", hint="Enter it again.")
    addresses = hosts.resolve(place.host, place.port, resolver=resolver)
    until = time.monotonic() + limits.total
    connection = _connected(place, addresses, settings, secrets, limits, until)
    try:
        with _failures(settings):
            connection.bind()
        if connection.result["result"]:
            raise _not_signed_in(connection.result)
        yield Session(connection, settings, limits)
    finally:
        try:
            connection.unbind()
        except (wrong.LDAPExceptionError, OSError):
            pass


def _connected(
    place: Place, addresses: tuple[str, ...], settings: LdapSettings, secrets: LdapSecrets, limits: Limits, until: float
) -> Any:
    failure: Failure = Busy(f"{place} has no address.", code="network")
    for address in addresses[:MOST_ADDRESSES]:
        if time.monotonic() >= until:
            break
        tls = _Tls(place.host, settings.authority)
        server = ldap3.Server(
            address, port=place.port, use_ssl=place.tls, tls=tls, get_info=ldap3.NONE, connect_timeout=limits.connect,
            allowed_referral_hosts=[],
        )  # fmt: skip
        connection = ldap3.Connection(
            server, user=settings.user, password=secrets.password, authentication=ldap3.SIMPLE, client_strategy=ldap3.SYNC,
            auto_referrals=False, check_names=False, read_only=True, receive_timeout=limits.answer,
        )  # fmt: skip
        try:
            connection.open(read_server_info=False)
            _guard(connection, limits, until)
            if settings.start_tls and not place.tls:
                connection.start_tls(read_server_info=False)
                _guard(connection, limits, until)
            return connection
        except (wrong.LDAPExceptionError, OSError) as e:
            if connection.socket is not None:  # the library leaves it open
                connection.socket.close()
            failure = _not_connected(place, e, tls.refused)
            if isinstance(failure, Refused):  # another address of the same name is no way around a certificate
                break
    raise failure


def _guard(connection: Any, limits: Limits, until: float) -> None:
    if not isinstance(connection.socket, _Guarded):
        connection.socket = _Guarded(connection.socket, until=until, most=limits.most_bytes)


def _not_connected(place: Place, e: Exception, refused: str) -> Failure:
    if refused:
        text = f"The certificate of {place.host} is not accepted: {clean(refused)[:200]}."
        hint = "Give the certificate of the authority that signed it, and call the server by the name in its certificate."
        return Refused(text, code="certificate", hint=hint)
    if isinstance(e, wrong.LDAPStartTLSError):
        text = f"{place} does not take StartTLS: {clean(str(e))[:200]}."
        return Refused(text, code="certificate", hint="Use ldaps://, or let the server offer StartTLS.")
    return Busy(f"{place} could not be reached: {clean(str(e))[:200]}.", code="network")


def _not_signed_in(result: dict[str, Any]) -> Failure:
    said = clean(" ".join(filter(None, [str(result["description"]), str(result["message"])])))[:200]
    if result["result"] in (51, 52):
        return Busy(f"The directory is not ready: {said}.", code="server")
    if result["result"] == 8 or "confidentiality" in said.lower():
        return Refused(f"The directory wants an encrypted connection: {said}.", code="certificate", hint="Switch StartTLS on.")
    hint = "Enter the user and the password again."
    return Refused(f"The directory did not accept the sign-in: {said}.", code="credentials", hint=hint)


@contextmanager
def _failures(settings: LdapSettings) -> Iterator[None]:
    try:
        yield
    except wrong.LDAPInvalidFilterError as e:
        raise Refused(f"A filter cannot be read: {clean(str(e))[:200]}.", code="filter", hint="Correct it.") from None
    except (wrong.LDAPInvalidDnError, wrong.LDAPInvalidValueError) as e:
        raise Refused(f"A name cannot be read: {clean(str(e))[:200]}.", code="tenant", hint="Check the base.") from None
    except (wrong.LDAPCommunicationError, OSError) as e:
        raise Busy(f"The connection to the directory broke off: {clean(str(e))[:200]}.", code="network") from None
    except (wrong.LDAPExceptionError, ValueError, KeyError, IndexError, TypeError) as e:  # an answer that is no LDAP
        text = f"The directory's answer cannot be read ({type(e).__name__})."
        raise Busy(text, code="malformed") from None


def _entries(connection: Any) -> list[Entry]:
    return [
        Entry(str(one["dn"]), {name.lower(): list(values) for name, values in one["raw_attributes"].items()})
        for one in connection.response or ()
        if one.get("type") == "searchResEntry"
    ]
