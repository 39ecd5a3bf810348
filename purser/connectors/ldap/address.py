"""Which directory servers may be called: the same rule for names as over HTTP, for LDAP's own schemes and ports."""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from ldap3.core.exceptions import LDAPExceptionError  # type: ignore[import-untyped]
from ldap3.operation.search import parse_filter  # type: ignore[import-untyped]

from purser.connectors.shared.addresses import HostRule
from purser.kernel.errors import Refused

HOSTS = ("**",)  # any public name: a customer's server is wherever the customer has it
PORTS = {"ldap": (389, 3268), "ldaps": (636, 3269)}  # the second is Active Directory's global catalogue


@dataclass(frozen=True)
class Place:
    host: str
    port: int
    tls: bool  # from the first byte

    def __str__(self) -> str:
        return f"{'ldaps' if self.tls else 'ldap'}://{self.host}:{self.port}"


def admit(url: str, *, start_tls: bool, hosts: HostRule) -> Place:
    """Read an address strictly. Raises Refused(code="address"): it names no host that may be called, or would send the
    password in clear (which only a sandbox may be sent)."""
    scheme, colon, rest = url.partition("://")
    scheme = scheme.lower()
    if not colon or scheme not in PORTS:
        raise _refused("The address begins with ldaps:// or ldap://.")
    try:
        port = urlsplit(f"//{rest}").port or PORTS[scheme][0]
    except ValueError:
        raise _refused("The address cannot be read: its port is malformed.") from None
    # The name is judged as the HTTP connectors' are; the sandbox's exception holds for the real port.
    if (parts := urlsplit(f"//{rest}")).path.strip("/") or parts.query or parts.fragment:
        raise _refused("The address ends after the host or its port; what is read is said by the base.")
    name = (parts.hostname or "").lower()
    if f"{name}:{port}" in hosts.sandbox:
        return Place(name, port, scheme == "ldaps")
    if "@" in rest:
        raise _refused("The address holds a user name or password; they belong in their own fields.")
    if port not in PORTS[scheme]:
        raise _refused(f"{scheme} may be called on port {' or '.join(map(str, PORTS[scheme]))}, not {port}.")
    host = hosts.admit(f"https://{name}").host
    if scheme == "ldap" and not start_tls:
        raise _refused("The password would be sent in clear.", "Use ldaps://, or switch StartTLS on.")
    return Place(host, port, scheme == "ldaps")


def check(*, url: str, start_tls: bool, filters: Iterable[str], authority: str, hosts: HostRule) -> None:
    """Raises Refused for what could never work: an address ("address"), a filter ("filter"), a certificate."""
    admit(url, start_tls=start_tls, hosts=hosts)
    for text in filter(None, filters):
        check_filter(text)
    if authority:
        try:
            ssl.create_default_context(cadata=authority)
        except (ssl.SSLError, ValueError, TypeError):  # TypeError: letters beyond ASCII
            raise Refused("The certificate of the authority is no PEM certificate.", code="certificate") from None


def check_filter(text: str) -> None:
    try:
        parse_filter(text, None, True, True, None, False)
    except (LDAPExceptionError, ValueError, IndexError) as e:
        hint = "Like (objectClass=inetOrgPerson)."
        raise Refused(f"The filter {text[:60]!r} cannot be read: {str(e)[:120]}.", code="filter", hint=hint) from None


def _refused(text: str, hint: str = "") -> Refused:
    return Refused(text, code="address", hint=hint or "Like ldaps://directory.example.com.")
