"""The Graph connector against its sandbox, over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import override_settings

from purser.config import wiring
from purser.connectors.graph import HOSTS, GraphConnector, GraphSecrets, GraphSettings
from purser.connectors.ports.directory import Address, Followed, Group, Mailbox, Members
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http, Timeouts
from purser.kernel.errors import Busy, Refused
from sandboxes.graph import Graph
from sandboxes.kit import Fault, Server

NOW = datetime(2025, 7, 11, 9, 0, tzinfo=UTC)
TENANT, OTHER = "11111111-aaaa-4000-8000-000000000001", "22222222-aaaa-4000-8000-000000000002"
CLIENT, SECRET = "33333333-aaaa-4000-8000-000000000003", "s3cret~that-nobody-may-see"
ALL = ["User.Read.All", "Group.Read.All", "OrgContact.Read.All", "MailboxSettings.Read", "Member.Read.Hidden"]


def seed() -> dict[str, Any]:
    return {
        "apps": {CLIENT: {"secret": SECRET}},
        "tenants": {
            TENANT: {
                "name": "Alder Dental",
                "domain": "alder.example",
                "grants": {CLIENT: ALL},
                "users": [
                    {
                        "id": "u1", "displayName": "Ada Stone", "givenName": "Ada", "surname": "Stone",
                        "mail": "ada@alder.example", "userPrincipalName": "ada@alder.example", "jobTitle": "Dentist",
                        "proxyAddresses": ["SMTP:ada@alder.example", "smtp:a.stone@alder.example", "X500:/o=x"],
                        "department": "Surgery", "companyName": "Alder", "officeLocation": "2.04", "city": "Bremen",
                        "streetAddress": "Quay 1", "postalCode": "28195", "country": "Germany", "mobilePhone": "+491511",
                        "businessPhones": ["+49421100"], "faxNumber": "+49421109", "employeeId": "007",
                        "employeeType": "Employee", "preferredLanguage": "de-DE", "usageLocation": "DE",
                        "showInAddressList": False,
                        "onPremisesExtensionAttributes": {"extensionAttribute1": "east", "extensionAttribute2": None},
                    },
                    {"id": "u2", "displayName": "Ben Moss", "mail": "ben@alder.example", "accountEnabled": False},
                    {"id": "u3", "displayName": "Guest", "mail": "g@else.example", "userType": "Guest"},
                    {"id": "u4", "displayName": "Scanner"},
                    {"id": "u5", "displayName": "Reception", "mail": "desk@alder.example", "accountEnabled": False},
                ],
                "groups": [
                    {"id": "g1", "displayName": "All staff", "groupTypes": ["Unified"], "mail": "all@alder.example"},
                    {"id": "g2", "displayName": "Surgery"},
                    {"id": "g3", "displayName": "Loop", "mailEnabled": True, "securityEnabled": False},
                    {"id": "g4", "displayName": "East", "membershipRule": 'user.city -eq "Bremen"'},
                    {"id": "g5", "displayName": "Board", "groupTypes": ["Unified"], "visibility": "HiddenMembership"},
                ],
                "contacts": [
                    {
                        "id": "c1", "displayName": "Lab West", "mail": "lab@west.example", "companyName": "West",
                        "addresses": [{"city": "Bonn", "countryOrRegion": "Germany", "officeLocation": "A"}],
                        "phones": [
                            {"type": "business", "number": "+49228"}, {"type": "mobile", "number": "+491522"},
                            {"type": "businessFax", "number": "+492289"},
                        ],
                    }
                ],
                "members": {"g1": ["u1", "g2", "c1"], "g2": ["u2", "g3", "device-7"], "g3": ["g2", "u5"], "g5": ["u1"]},
                "mailboxes": {"u1": "user", "u5": "shared"},
            },
            OTHER: {"name": "Birch", "domain": "birch.example", "grants": {CLIENT: ["*"]}, "users": [{"id": "x1"}]},
        },
    }  # fmt: skip


_OF_ALL = ("revoke", "set", "secret", "throttle")  # control verbs that name no tenant


@dataclass
class World:
    app: Graph
    url: str
    doors: list[Http] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def connector(
        self, *, directory: str = TENANT, secret: str = SECRET, pause: Callable[[float], None] | None = None, **settings: Any
    ) -> GraphConnector:
        host = self.url.removeprefix("http://")
        http = Http(
            hosts=HostRule(patterns=("graph.microsoft.com",), sandbox=frozenset({host})),
            timeouts=Timeouts(connect=5.0, read=5.0, total=20.0),
        )
        self.doors.append(http)
        given = {"directory": directory, "client_id": CLIENT, "login_url": self.url, "graph_url": self.url, **settings}
        return GraphConnector(
            http=http,
            settings=GraphSettings(**given),
            secrets=GraphSecrets(client_secret=secret),
            clock=self.app.clock.now,
            pause=pause or self.slept.append,
        )

    def tell(self, verb: str, **data: Any) -> Any:
        return self.app.control(verb, data if verb in _OF_ALL else {"tenant": TENANT, **data})

    def fail(self, kind: str, **details: Any) -> None:
        self.app.faults.arm(Fault(kind, **details))

    def asked(self, path: str) -> int:
        return sum(path in r["path"] for r in self.app.requests)


@pytest.fixture
def world() -> Iterator[World]:
    app = Graph()
    app.clock.set(NOW, frozen=True)
    app.load_seed(seed())
    with Server(app) as server:
        world = World(app, server.url)
        yield world
        for door in world.doors:
            door.close()


# Reading


def test_it_reads_every_user_with_what_the_directory_says_of_him(world: World) -> None:
    read = world.connector().users()
    assert read.whole
    assert read.cut == ""
    assert sorted(read.items) == ["u1", "u2", "u3", "u4", "u5"]
    ada = read.items["u1"]
    assert (ada.display_name, ada.given_name, ada.surname) == ("Ada Stone", "Ada", "Stone")
    assert (ada.mail, ada.aliases) == ("ada@alder.example", ("a.stone@alder.example",))
    assert ada.address == Address("Quay 1", "Bremen", "", "28195", "Germany")
    assert (ada.business_phones, ada.mobile_phone, ada.fax) == (("+49421100",), "+491511", "+49421109")
    assert (ada.department, ada.employee_id, ada.usage_location) == ("Surgery", "007", "DE")
    assert ada.attributes == (("extensionAttribute1", "east"),)
    assert (ada.enabled, ada.guest, ada.listed) == (True, False, False)
    assert (read.items["u2"].enabled, read.items["u2"].listed) == (False, None)
    assert read.items["u3"].guest


def test_it_reads_groups_by_kind_and_rule(world: World) -> None:
    groups = world.connector().groups().items
    assert {id: g.kind for id, g in groups.items()} == {
        "g1": "microsoft365", "g2": "security", "g3": "distribution", "g4": "security", "g5": "microsoft365",
    }  # fmt: skip
    assert groups["g4"].rule == 'user.city -eq "Bremen"'
    assert [id for id, g in groups.items() if g.hides_members] == ["g5"]


def test_it_reads_organisation_contacts(world: World) -> None:
    contact = world.connector().contacts().items["c1"]
    assert (contact.display_name, contact.mail, contact.company) == ("Lab West", "lab@west.example", "West")
    assert contact.address == Address(city="Bonn", country="Germany")
    assert (contact.business_phones, contact.mobile_phone, contact.fax) == (("+49228",), "+491522", "+492289")


def test_it_finds_the_mailboxes_among_users_and_asks_no_guest(world: World) -> None:
    """u2 has an address and no mailbox in the cloud; u3 is a guest, u4 has no address."""
    connector = world.connector()
    read = connector.mailboxes(connector.users().items.values())
    assert read.whole
    assert read.items == {
        "u1": Mailbox("u1", "ada@alder.example", "user"),
        "u5": Mailbox("u5", "desk@alder.example", "shared"),
    }
    assert world.asked("$batch") == 1
    assert world.asked("mailboxSettings") == 3


def test_it_expands_groups_through_groups_and_loops(world: World) -> None:
    """Source: acceptance CS-23. The device in g2 is counted and not named."""
    connector = world.connector()
    read = connector.members(connector.groups().items.values())
    assert read.whole
    assert read.items["g1"] == Members("g1", frozenset({"u1", "u2", "u5"}), frozenset({"c1"}), frozenset({"g2", "g3"}), 1)
    assert read.items["g2"] == Members("g2", frozenset({"u2", "u5"}), frozenset(), frozenset({"g3"}), 1)
    assert read.items["g5"].users == {"u1"}
    assert read.items["g4"] == Members("g4")


def test_it_tests_the_connection_by_counting(world: World) -> None:
    tested = world.connector().test()
    assert (tested.ok, tested.text) == (True, "Microsoft Graph: 5 users, 5 groups, 1 contacts.")


def test_it_keeps_tenants_apart(world: World) -> None:
    assert sorted(world.connector(directory=OTHER).users().items) == ["x1"]
    assert sorted(world.connector(directory="birch.example").users().items) == ["x1"]


def test_it_is_a_directory_that_can_be_followed(world: World) -> None:
    port: Followed = world.connector()
    assert port.users().whole


# Pages


@pytest.mark.parametrize("count", [998, 999, 1000, 1998, 2001])
def test_it_reads_all_pages_and_no_more(world: World, count: int) -> None:
    many = {"grants": {CLIENT: ALL}, "users": [{"id": f"u{n}"} for n in range(count)]}
    world.app.load_seed({**seed(), "tenants": {TENANT: many}})
    read = world.connector().users()
    assert read.whole
    assert len(read.items) == count
    assert world.asked("/v1.0/users") == -(-count // 999)


def test_it_stops_at_a_list_without_end(world: World) -> None:
    world.tell("set", page_loop=True)
    read = world.connector(page_size=2).users()
    assert not read.whole
    assert "repeats" in read.cut
    with pytest.raises(Busy, match="no end"):
        world.connector(page_size=2).members([Group("g1", "All staff", "microsoft365")])


def test_a_page_that_fails_leaves_a_beginning_that_is_not_whole(world: World) -> None:
    world.fail("status", status=500, path="/users$", skip=1)
    read = world.connector(page_size=2).users()
    assert sorted(read.items) == ["u1", "u2"]
    assert not read.whole
    assert "Page 2" in read.cut


def test_a_page_link_that_expired_leaves_a_beginning(world: World) -> None:
    connector = world.connector(page_size=2)
    world.fail("status", status=400, path="/users$", skip=1, body={"error": {"code": "Directory_ExpiredPageToken"}})
    assert not connector.users().whole


def test_it_follows_no_link_to_another_host(world: World) -> None:
    away = "http://127.0.0.1:9/v1.0/users?$skiptoken=x"
    world.fail("mangle", path="/users$", body={"@odata.nextLink": away})
    read = world.connector().users()
    assert not read.whole
    assert "another address" in read.cut


# Nobody's name where it does not belong


def test_a_person_is_not_printed(world: World) -> None:
    connector = world.connector()
    users, contacts = connector.users(), connector.contacts()
    boxes = connector.mailboxes(users.items.values())
    shown = f"{users} {contacts} {boxes} {users.items['u1']!s} {connector.user_changes('')!r} {users.items['u1'].address}"
    assert "User(u1)" in shown
    for private in ("Ada", "Stone", "alder.example", "+49", "Bremen", "Lab", "token="):
        assert private not in shown
    assert repr(replace(users.items["u2"], id="u9")) == "User(u9)"


def test_a_fault_names_the_row_and_not_what_it_holds(world: World) -> None:
    world.fail("mangle", path="/users$", body={"value": {"mail": ["ada@alder.example"]}})
    read = world.connector().users()
    assert read.cut == "user u1 has a mail that is no text"


def test_the_secret_is_in_no_printed_value(world: World) -> None:
    assert SECRET not in repr(GraphSecrets(client_secret=SECRET))
    world.fail("status", status=401, path="token", body={"error": "invalid_client", "error_description": f"bad {SECRET}"})
    with pytest.raises(Refused) as e:
        world.connector().users()
    assert SECRET not in e.value.text


def test_throttling_of_a_first_page_is_busy_with_its_wait(world: World) -> None:
    world.tell("throttle", path="/users$", retry_after="17")
    with pytest.raises(Busy) as e:
        world.connector().users()
    assert (e.value.code, e.value.retry_after) == ("throttled", timedelta(seconds=17))


# At the one place that names vendors


def test_it_is_wired(world: World) -> None:
    host = world.url.removeprefix("http://")
    given = {"tenant": TENANT, "client_id": CLIENT, "client_secret": SECRET, "login_url": world.url, "graph_url": world.url}
    with override_settings(SANDBOX_HOSTS=frozenset({host})):
        assert wiring.directory_at(**given).users().whole
    with pytest.raises(Refused) as e:
        wiring.directory_at(**{**given, "graph_url": "https://graph.example"})
    assert e.value.code == "address"


@pytest.mark.parametrize("host", HOSTS)
def test_its_hosts_are_microsofts_own(host: str) -> None:
    assert host.endswith((".microsoftonline.com", ".microsoft.com", ".microsoftonline.us", ".microsoft.us", ".cn"))
    assert HostRule(HOSTS).admit(f"https://{host}/v1.0/users").host == host
