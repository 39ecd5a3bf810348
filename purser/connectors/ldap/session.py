"""What is read over a signed-in connection to a directory server, in pages; what goes wrong becomes our failures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import ldap3  # type: ignore[import-untyped]
from ldap3.core import exceptions as wrong  # type: ignore[import-untyped]

from purser.connectors.shared.answer import clean
from purser.kernel.errors import Busy, Failure, Refused

PAGED = "1.2.840.113556.1.4.319"  # RFC 2696
ACTIVE_DIRECTORY = "1.2.840.113556.1.4.800"
_RANGE = re.compile(r"([^;]+);range=([0-9]{1,9})-([0-9]{1,9}|\*)")  # [MS-ADTS] 3.1.1.3.1.3.3; a name in small letters


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


class Session:
    """Use `connecting.opened`."""

    def __init__(self, connection: Any, settings: LdapSettings, limits: Limits) -> None:
        self._connection = connection
        self._settings = settings
        self._limits = limits
        self._left = limits.most_entries
        code, root = self._one("", ["supportedCapabilities"])
        if code in (1, 32, 50):
            hint = "Let the user that signs in read the root of the directory, which says what it is."
            raise Refused(f"The directory answered {self._said()}", code="permission", hint=hint)
        if code:
            raise self._failure(code)
        self.is_active_directory = ACTIVE_DIRECTORY.encode() in root.get("supportedcapabilities", [])

    def _one(self, dn: str, attributes: list[str]) -> tuple[int, dict[str, list[bytes]]]:
        """The answer's code, and what one entry holds; nothing where it may not be seen."""
        with failures(self._settings):
            self._connection.search(dn, "(objectClass=*)", ldap3.BASE, attributes=attributes)
        entries = _entries(self._connection)
        return self._code(), entries[0].values if entries else {}

    def base(self) -> None:
        """Raises Refused where there is no such base, or it may not be seen."""
        code, found = self._one(self._settings.base, ["objectClass"])
        if code or not found:
            raise self._failure(code or 32)

    def count(self, filter: str, most: int = 1_000) -> int:
        """How many there are, up to a number of them."""
        return len(self.find(filter, [], most=most).entries)

    def find(self, filter: str, attributes: list[str], *, most: int | None = None) -> Found:
        """Everything under the base that the filter names, by pages, each with all of its values. What breaks off after the
        first page is cut short; the first page's failure is raised. `most` stops there, which is no cut."""
        found = self._paged(filter, attributes, most)
        entries, cut = [], found.cut
        for entry in found.entries:
            try:
                entries.append(self._whole(entry))
            except Failure as failure:  # a group without the rest of its members is no group that was read
                cut = cut or f"One entry was not read to its end: {failure.text}"
        return Found(tuple(entries), cut)

    def _paged(self, filter: str, attributes: list[str], most: int | None) -> Found:
        entries: list[Entry] = []
        cookie: bytes | None = None
        while True:
            try:
                with failures(self._settings):
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

    def _whole(self, entry: Entry) -> Entry:
        """With every value of it: Active Directory gives those of a large group 1,500 at a time."""
        values = {name: held for name, held in entry.values.items() if not _RANGE.fullmatch(name)}
        for part in filter(None, map(_RANGE.fullmatch, entry.values)):
            name, last, held = part[1], part[3], list(entry.values[part[0]])
            while last != "*":
                start = int(last) + 1
                last, more = self._from(entry.dn, name, start)
                held += more
            values[name] = values.get(name, []) + held
        return Entry(entry.dn, values)

    def _from(self, dn: str, name: str, start: int) -> tuple[str, list[bytes]]:
        """Which value is the last that comes, "*" at the end, and the values of an attribute from the `start`-th to it."""
        code, values = self._one(dn, [f"{name};range={start}-*"])
        if code:
            raise self._failure(code)
        for part in filter(None, map(_RANGE.fullmatch, values)):
            if part[1] == name and int(part[2]) == start and (part[3] == "*" or int(part[3]) >= start):
                return part[3], values[part[0]]
        raise Busy(f"{name} from {start} on did not come", code="malformed")

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
def failures(settings: LdapSettings) -> Iterator[None]:
    """What the library raises becomes our failures."""
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
        Entry(str(one["dn"]), {name.lower(): list(values or ()) for name, values in one["raw_attributes"].items()})
        for one in connection.response or ()
        if one.get("type") == "searchResEntry"
    ]
