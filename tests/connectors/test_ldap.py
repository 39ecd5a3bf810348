"""The LDAP connector against a real OpenLDAP server: what it reads, how it signs in, and where it stops."""

from __future__ import annotations

import base64
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from purser.connectors.ldap import LdapConnector, LdapSecrets, LdapSettings, Limits, check, wire
from purser.connectors.ldap.address import admit
from purser.connectors.ports.directory import Address
from purser.connectors.shared.addresses import HostRule
from purser.kernel.errors import Busy, Refused
from tests.connectors import slapd
from tests.connectors.slapd import ADMIN, BASE, NAME, PASSWORD, Slapd

NOW = datetime(2026, 7, 11, 9, 0, tzinfo=UTC)
MANY = 120
TREE = f"dn: {BASE}\nobjectClass: domain\nobjectClass: top\ndc: alder\n"


def entry(dn: str, *lines: str) -> str:
    return f"\ndn: {dn},{BASE}\n" + "\n".join(lines) + "\n"


def person(uid: str, *lines: str) -> str:
    classes = ("objectClass: inetOrgPerson", "objectClass: extensibleObject")
    return entry(f"uid={uid}", *classes, *lines, f"uid: {uid}", f"cn: {uid}", f"sn: {uid}")


def group(name: str, *members: str) -> str:
    held = [f"member: {one},{BASE}" for one in members]
    return entry(f"cn={name}", "objectClass: groupOfNames", f"cn: {name}", *held)


PLAIN = TREE + "".join(
    [
        person(
            "ada", "displayName: Ada Stone", "givenName: Ada", "mail: ada@alder.example", "mail: a.stone@alder.example",
            "title: Dentist", "departmentNumber: Surgery", "o: Alder", "roomNumber: 2.04", "street: Quay 1", "l: Bremen",
            "postalCode: 28195", "telephoneNumber: +49 421 100", "telephoneNumber: +49 421 101", "mobile: +49 1511",
            "employeeNumber: 007", "employeeType: Employee", "preferredLanguage: de-DE",
        ),
        person("ben", "mail: ben@alder.example", "memberOf: cn=Staff," + BASE),
        entry("cn=Eve\\2C the second", "objectClass: inetOrgPerson", "cn: Eve, the second", "sn: Second", "uid: eve",
              "displayName:: " + base64.b64encode("Éva Ångström".encode()).decode()),
        entry("ou=machines", "objectClass: organizationalUnit", "ou: machines"),
        entry("cn=scanner,ou=machines", "objectClass: device", "cn: scanner"),
        group("Staff", "uid=ada", "cn=Surgeons", "cn=scanner,ou=machines"),
        group("Surgeons", "CN=Eve\\, the second", "cn=Loop"),
        group("Loop", "cn=Surgeons"),
        entry("cn=posix", "objectClass: posixGroup", "cn: posix", "gidNumber: 500", "memberUid: ADA", "memberUid: nobody"),
        *(person(f"p{n}", f"mail: p{n}@alder.example") for n in range(MANY)),
    ]
)  # fmt: skip
GUID = UUID("11223344-5566-7788-99aa-bbccddeeff00")
ACTIVE = TREE + "".join(
    [
        person(
            "chris", "objectClass: user", f"objectGUID:: {base64.b64encode(GUID.bytes_le).decode()}", 
            "objectCategory: person", "userPrincipalName: chris@alder.example", "mail: Chris.Hill@alder.example",
            "userAccountControl: 514", "proxyAddresses: SMTP:Chris.Hill@alder.example",
            "proxyAddresses: smtp:ch@alder.example", "proxyAddresses: X500:/o=x",
            "department: Reception", "company: Alder", "co: Germany", "extensionAttribute3: east",
            "msExchHideFromAddressLists: TRUE", "msExchRecipientTypeDetails: 34359738368",
        ),
        entry("cn=PC-7", "objectClass: inetOrgPerson", "objectClass: extensibleObject", "objectClass: user", "cn: PC-7",
              "sn: x", "objectCategory: computer"),
        entry("cn=Mailing", "objectClass: extensibleObject", "objectClass: group", "cn: Mailing",
              "groupType: 8", f"member: uid=chris,{BASE}"),
        entry("cn=Doors", "objectClass: extensibleObject", "objectClass: group", "cn: Doors",
              "groupType: -2147483646", f"member: uid=chris,{BASE}"),
    ]
)  # fmt: skip


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="slapd"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[Slapd]:
    (home / "plain").mkdir()
    with slapd.running(home / "plain", PLAIN, limits="sizelimit size.soft=unlimited size.hard=unlimited") as found:
        yield found


@pytest.fixture(scope="module")
def active(home: Path) -> Iterator[Slapd]:
    (home / "active").mkdir()
    with slapd.running(home / "active", ACTIVE, active_directory=True) as found:
        yield found


def settings(server: Slapd, **more: Any) -> LdapSettings:
    given = {"url": f"ldaps://{NAME}:{server.secure}", "base": BASE, "user": ADMIN, "authority": server.authority}
    return LdapSettings(**{**given, **more})


def at(
    server: Slapd,
    *,
    password: str = PASSWORD,
    limits: Limits | None = None,
    sandbox: frozenset[str] | None = None,
    **more: Any,
) -> LdapConnector:
    return LdapConnector(
        settings=settings(server, **more),
        secrets=LdapSecrets(password),
        hosts=HostRule(("**",), server.sandbox if sandbox is None else sandbox),
        clock=lambda: NOW,
        resolver=lambda *_: ["127.0.0.1"],
        limits=limits or Limits(page=25, total=60, answer=5, connect=5),
    )


pytestmark = slapd.needed


def test_it_reads_every_user_in_pages_with_what_the_directory_says(server: Slapd) -> None:
    read = at(server).users()
    assert (read.whole, read.cut, len(read.items)) == (True, "", MANY + 3)
    by_name = {user.display_name: user for user in read.items.values()}
    ada = by_name["Ada Stone"]
    assert (ada.principal_name, ada.mail, ada.aliases) == (ada.mail, "ada@alder.example", ("a.stone@alder.example",))
    assert (ada.job_title, ada.department, ada.company, ada.office) == ("Dentist", "Surgery", "Alder", "2.04")
    assert ada.address == Address("Quay 1", "Bremen", "", "28195", "")
    assert (ada.business_phones, ada.mobile_phone) == (("+49 421 100", "+49 421 101"), "+49 1511")
    assert (ada.employee_id, ada.employee_type, ada.language) == ("007", "Employee", "de-DE")
    assert (ada.enabled, ada.guest, ada.listed) == (True, False, None)
    assert str(UUID(ada.id)) == ada.id
    assert by_name["Éva Ångström"].principal_name == "eve"


def test_it_expands_groups_through_groups_loops_and_names_written_otherwise(server: Slapd) -> None:
    connector = at(server)
    users = {id: user.principal_name for id, user in connector.users().items.items()}
    groups = connector.groups().items
    assert {group.name for group in groups.values()} == {"Staff", "Surgeons", "Loop", "posix"}
    read = connector.members(groups.values())
    assert read.whole
    named = {groups[id].name: ({users[u] for u in one.users}, {groups[g].name for g in one.groups}, one.others)
             for id, one in read.items.items()}  # fmt: skip
    assert named == {
        "Staff": ({"ada@alder.example", "ben@alder.example", "eve"}, {"Surgeons", "Loop"}, 1),
        "Surgeons": ({"eve"}, {"Loop"}, 0),
        "Loop": ({"eve"}, {"Surgeons"}, 0),
        "posix": ({"ada@alder.example"}, set(), 0),
    }


def test_whoever_has_an_address_has_a_mailbox_where_exchange_says_nothing(server: Slapd) -> None:
    connector = at(server)
    users = connector.users().items
    boxes = connector.mailboxes(users.values())
    assert boxes.whole
    assert boxes.items.keys() == {id for id, user in users.items() if user.mail}
    assert {box.purpose for box in boxes.items.values()} == {"user"}


def test_it_reads_what_active_directory_writes(active: Slapd) -> None:
    """A server that says it is one, with Microsoft's own schema: keys, disabled accounts, addresses, kinds of group."""
    connector = at(active)
    read = connector.users()
    (chris,) = read.items.values()
    assert read.whole
    assert chris.id == str(GUID)
    assert (chris.enabled, chris.listed, chris.principal_name) == (False, False, "chris@alder.example")
    assert (chris.mail, chris.aliases) == ("Chris.Hill@alder.example", ("ch@alder.example",))
    assert (chris.department, chris.address.country, chris.attributes) == (
        "Reception", "Germany", (("extensionAttribute3", "east"),),
    )  # fmt: skip
    assert [box.purpose for box in connector.mailboxes([chris]).items.values()] == ["shared"]
    groups = connector.groups().items
    assert {group.name: group.kind for group in groups.values()} == {"Mailing": "distribution", "Doors": "security"}
    assert all(one.users == {chris.id} for one in connector.members(groups.values()).items.values())
    assert connector.test().text == "Active Directory: 1 users, 2 groups."


def test_a_filter_of_ones_own_says_who_is_read(server: Slapd) -> None:
    connector = at(server, users="(mail=ada@*)", groups="(&(objectClass=groupOfNames)(cn=S*))")
    assert [user.display_name for user in connector.users().items.values()] == ["Ada Stone"]
    assert connector.test().text == "LDAP: 1 users, 2 groups."
    assert at(server, users="(mail=nobody@*)").test().code == "filter"


def test_a_wrong_password_is_the_credentials(server: Slapd) -> None:
    with pytest.raises(Refused) as refused:
        at(server, password="wrong").users()
    assert refused.value.code == "credentials"
    assert "invalidCredentials" in refused.value.text
    tested = at(server, password="wrong").test()
    assert (tested.ok, tested.code) == (False, "credentials")
    assert "wrong" not in tested.text


def test_no_password_is_no_sign_in_as_nobody(server: Slapd) -> None:
    with pytest.raises(Refused, match="password is missing"):
        at(server, password="").users()


def test_a_base_that_is_not_there_is_said(server: Slapd) -> None:
    tested = at(server, base="dc=birch,dc=example").test()
    assert (tested.ok, tested.code) == (False, "tenant")
    with pytest.raises(Refused):
        at(server, base="dc=birch,dc=example").users()


def test_it_starts_tls_before_the_password_is_sent(server: Slapd) -> None:
    plain = {"url": f"ldap://{NAME}:{server.port}", "start_tls": True}
    assert at(server, **plain).test().ok
    with pytest.raises(Refused) as refused:
        at(server, **plain, authority="").users()
    assert refused.value.code == "certificate"


@pytest.mark.parametrize(
    "given",
    [{"authority": ""}, {"url": "ldaps://other.example:{secure}"}],
    ids=["an authority nobody knows", "a name that is not in the certificate"],
)
def test_it_says_no_word_to_a_server_whose_certificate_it_does_not_accept(server: Slapd, given: dict[str, str]) -> None:
    with pytest.raises(Refused) as refused:
        at(server, **{name: value.format(secure=server.secure) for name, value in given.items()}).users()
    assert refused.value.code == "certificate"
    assert "not accepted" in refused.value.text


def test_it_calls_no_internal_address(server: Slapd) -> None:
    """The name is public, and points inside."""
    for url in (f"ldaps://{NAME}", f"ldaps://{NAME}:636"):
        with pytest.raises(Refused) as refused:
            at(server, url=url, sandbox=frozenset()).users()
        assert refused.value.code == "address"
        assert "127.0.0.1" in refused.value.text


def test_a_limit_of_the_server_cuts_the_reading(home: Path) -> None:
    (home / "short").mkdir()
    limits = "limits users size.soft=30 size.hard=30 size.prtotal=30\nlimits * size.soft=30 size.hard=30 size.prtotal=30"
    reader = entry("cn=limited", "objectClass: person", "objectClass: simpleSecurityObject", "cn: limited", "sn: x",
                   "userPassword: " + PASSWORD)  # fmt: skip
    with slapd.running(home / "short", PLAIN + reader, limits=limits) as server:
        read = at(server, user=f"cn=limited,{BASE}").users()
        assert (read.whole, len(read.items)) == (False, 30)
        assert "The directory stopped after 30 entries" in read.cut
        members = at(server, user=f"cn=limited,{BASE}").members(at(server).groups().items.values())
        assert (members.whole, members.items) == (False, {})


def test_our_own_limits_cut_it_too(server: Slapd) -> None:
    read = at(server, limits=Limits(page=25, most_entries=40)).users()
    assert (read.whole, len(read.items)) == (False, 40)
    assert "More than 40 entries" in read.cut
    bytes_ = at(server, limits=Limits(page=25, most_bytes=20_000)).users()
    assert not bytes_.whole
    assert 0 < len(bytes_.items) < MANY
    assert "sent more than is read" in bytes_.cut


def test_a_server_that_goes_away_is_busy_and_one_that_dribbles_is_left(server: Slapd) -> None:
    with pytest.raises(Busy) as gone:
        at(server, url=f"ldap://{NAME}:{slapd.free()}", sandbox=frozenset({f"{NAME}:{n}" for n in range(1024, 65536)})).users()
    assert gone.value.code == "network"
    before = time.monotonic()
    limits = Limits(total=1.0, answer=2, connect=1)
    with Dribbling() as port:
        slow = at(server, url=f"ldap://{NAME}:{port}", sandbox=frozenset({f"{NAME}:{port}"}), limits=limits)
        with pytest.raises(Busy) as late:
            slow.users()
    assert late.value.code == "network"
    assert time.monotonic() - before < 4


class Dribbling:
    """A server that sends the beginning of a long answer, a byte now and then, for ever."""

    def __enter__(self) -> int:
        self._over = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return int(self._socket.getsockname()[1])

    def _serve(self) -> None:
        one, _ = self._socket.accept()
        with one:
            one.sendall(b"\x30\x84\x00\x0f\xff\xff")
            while not self._over.wait(0.1):
                try:
                    one.sendall(b"\x00")
                except OSError:
                    return

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._socket.close()


def test_values_show_no_password(server: Slapd) -> None:
    assert PASSWORD not in repr(LdapSecrets(PASSWORD)) + repr(settings(server))


# Addresses and names, without a server

RULE = HostRule(("**",), frozenset({"localhost:3389"}))


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://directory.example", "begins with ldaps://"),
        ("ldap://directory.example", "in clear"),
        ("ldaps://directory.example:1234", "port 636 or 3269"),
        ("ldaps://127.0.0.1", "is a number"),
        ("ldaps://localhost:6379", "port 636"),
        ("ldaps://user:word@directory.example", "password"),
        ("ldaps://directory.example/dc=x", "ends after the host"),
        ("ldaps://", "names no host"),
        ("ldaps://dir ectory.example", "space"),
        ("ldaps://directory.example:99999", "malformed"),
    ],
)
def test_it_refuses_an_address_that_it_may_not_call(url: str, says: str) -> None:
    with pytest.raises(Refused, match=says) as refused:
        admit(url, start_tls=False, hosts=RULE)
    assert refused.value.code == "address"


def test_it_admits_ldaps_and_starttls_and_the_sandbox_in_clear() -> None:
    assert str(admit("ldaps://Directory.example", start_tls=False, hosts=RULE)) == "ldaps://directory.example:636"
    assert str(admit("LDAP://directory.example:3268", start_tls=True, hosts=RULE)) == "ldap://directory.example:3268"
    assert str(admit("ldap://localhost:3389", start_tls=False, hosts=RULE)) == "ldap://localhost:3389"


@pytest.mark.parametrize(("filter", "authority", "code"), [("(mail=x", "", "filter"), ("", "no PEM", "certificate")])
def test_it_refuses_a_filter_or_certificate_that_can_never_work(filter: str, authority: str, code: str) -> None:
    check(url="ldaps://directory.example", start_tls=False, filters=("(a=b)", ""), authority="", hosts=RULE)
    with pytest.raises(Refused) as refused:
        check(url="ldaps://directory.example", start_tls=False, filters=(filter,), authority=authority, hosts=RULE)
    assert refused.value.code == code


def test_one_spelling_for_a_name() -> None:
    same = ("CN=Eve\\, the second , DC=x", "cn=eve\\2c the second,dc=X", "cn = Eve\\2C the second,dc=x")
    assert len({wire.dn(text) for text in same}) == 1
    assert wire.dn("cn=a+sn=b,dc=x") != wire.dn("cn=a,sn=b,dc=x")


def test_a_walk_through_groups_ends_in_a_loop() -> None:
    direct = {"a": {"b", "ada"}, "b": {"c"}, "c": {"a", "ben"}}
    assert wire.closed(direct, "a") == {"b", "c", "ada", "ben"}
    assert wire.closed(direct, "nothing") == set()


def test_an_entry_without_a_key_makes_the_reading_not_whole(server: Slapd) -> None:
    """As of a server that shows no key to the user who signs in."""
    broken = replace(settings(server), users="(objectClass=*)")
    connector = LdapConnector(
        settings=broken,
        secrets=LdapSecrets(PASSWORD),
        hosts=HostRule(("**",), server.sandbox),
        clock=lambda: NOW,
        resolver=lambda *_: ["127.0.0.1"],
    )
    read = connector.users()
    assert not read.whole
    assert "has no name" in read.cut
    assert "alder" not in read.cut
