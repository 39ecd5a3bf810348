"""A connection to a directory server, guarded and signed in.

The name is resolved once and the socket goes to the address that was checked; TLS asks for the name, and its certificate
is verified. Every wait ends, and so does what is read: a server that dribbles or floods is cut off.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ldap3  # type: ignore[import-untyped]
from ldap3.core import exceptions as wrong  # type: ignore[import-untyped]

from purser.connectors.ldap.address import Place, admit
from purser.connectors.ldap.session import LdapSecrets, LdapSettings, Limits, Session, failures
from purser.connectors.shared.addresses import HostRule, Resolver
from purser.connectors.shared.answer import clean
from purser.kernel.errors import Busy, Failure, Refused

MOST_ADDRESSES = 4  # of a name that are tried


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
        with failures(settings):
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
            # the library leaves out what does not come, and says nothing; without it, it stumbles over what is empty
            auto_range=False, return_empty_attributes=False,
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
