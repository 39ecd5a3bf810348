"""What Active Directory says otherwise than OpenLDAP: large groups in ranges, and a root that may not be read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest

from purser.connectors.ldap.connector import LdapConnector
from purser.connectors.ldap.session import ACTIVE_DIRECTORY, LdapSecrets, LdapSettings, Limits
from purser.connectors.ports.directory import Members
from purser.connectors.shared.addresses import HostRule
from purser.kernel.errors import Busy, Failure, Refused
from purser.reconcile.model import Reading
from tests.connectors import scripted_ldap
from tests.connectors.scripted_ldap import Answer, Entries

BASE = "dc=alder,dc=example"
ALL = f"cn=All,{BASE}"
AT_ONCE, PEOPLE = 1_500, 3_700
ROOT: Entries = [("", {"supportedCapabilities": [ACTIVE_DIRECTORY.encode()]})]


def guid(n: int) -> UUID:
    return UUID(int=n)


def dn(n: int) -> str:
    return f"cn=p{n},{BASE}"


def server(rest: Callable[[int], tuple[int, Entries]]) -> Answer:
    """Active Directory with one group of everybody; `rest` answers for its members from the n-th on."""

    def answer(base: str, attributes: list[str]) -> tuple[int, Entries]:
        if not base:
            return 0, ROOT
        if base == ALL:
            (asked,) = attributes
            return rest(int(asked.removeprefix("member;range=").removesuffix("-*")))
        if "memberOf" in attributes:
            return 0, [(dn(n), {"objectGUID": [guid(n).bytes_le]}) for n in range(PEOPLE)]
        if "member" in attributes:
            return 0, [(ALL, {"objectGUID": [guid(9_999).bytes_le], "member": [], f"member;range=0-{AT_ONCE - 1}": named(0)})]
        if "groupType" in attributes:
            return 0, [(ALL, {"objectGUID": [guid(9_999).bytes_le], "cn": [b"All"]})]
        return 0, []

    return answer


def named(start: int) -> list[bytes]:
    return [dn(n).encode() for n in range(start, min(start + AT_ONCE, PEOPLE))]


def in_ranges(start: int) -> tuple[int, Entries]:
    last = "*" if start + AT_ONCE >= PEOPLE else str(start + AT_ONCE - 1)
    return 0, [(ALL, {f"member;range={start}-{last}": named(start)})]


def reads(answer: Answer) -> Reading[Members]:
    with scripted_ldap.running(answer) as port:
        connector = at(port)
        return connector.members(list(connector.groups().items.values()))


def at(port: int) -> LdapConnector:
    place = f"directory.example:{port}"
    return LdapConnector(
        settings=LdapSettings(f"ldap://{place}", BASE, "reader@alder.example", "(objectClass=user)", "(objectClass=group)"),
        secrets=LdapSecrets("s3cret"), hosts=HostRule(("**",), frozenset({place})),
        clock=lambda: datetime(2026, 7, 1, tzinfo=UTC), resolver=lambda *_: ["127.0.0.1"],
        limits=Limits(total=20, answer=5, connect=5),
    )  # fmt: skip


def test_the_members_of_a_large_group_are_read_to_the_last() -> None:
    reading = reads(server(in_ranges))
    assert (reading.whole, reading.cut) == (True, "")
    (members,) = reading.items.values()
    assert members.users == {str(guid(n)) for n in range(PEOPLE)}


@pytest.mark.parametrize(
    "rest",
    [
        lambda start: (51, []),
        lambda start: (0, []),
        lambda start: (0, [(ALL, {f"member;range=0-{AT_ONCE - 1}": named(0)})]),
        lambda start: (0, [(ALL, {f"member;range={start}-{start - 1}": []})]),
        lambda start: in_ranges(start) if start == AT_ONCE else (50, []),
    ],
    ids=["busy", "gone", "from the start again", "no further", "forbidden later"],
)
def test_a_group_whose_members_break_off_is_not_taken_as_whole(rest: Callable[[int], tuple[int, Entries]]) -> None:
    """Else everybody behind the cut would lose their licence."""
    reading = reads(server(rest))
    assert (dict(reading.items), reading.whole) == ({}, False)
    assert "not read to its end" in reading.cut


@pytest.mark.parametrize(
    ("code", "kind", "named"),
    [(50, Refused, "permission"), (32, Refused, "permission"), (51, Busy, "server"), (2, Refused, "directory")],
)
def test_a_directory_that_does_not_say_what_it_is_is_not_read_as_another(code: int, kind: type[Failure], named: str) -> None:
    """Active Directory, read as any LDAP server, would show no groups, and its computers as people."""
    with scripted_ldap.running(lambda base, attributes: (0 if base else code, [])) as port:
        with pytest.raises(kind) as failure:
            at(port).users()
        assert failure.value.code == named
        assert at(port).test().code == named
