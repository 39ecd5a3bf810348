"""The marketplace connector against its sandbox, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from purser.connectors.marketplace import HOSTS, MarketplaceConnector, MarketplaceSecrets, MarketplaceSettings
from purser.connectors.ports.marketplace import Customer, Line, Product
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http, Timeouts
from purser.kernel.errors import Missing, Refused
from sandboxes.kit import Fault, Request, Server
from sandboxes.marketplace import MarketplaceApp

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
CREDENTIALS = {
    "user": "api@northwind.example",
    "password": "gateway-pässword-1",
    "subscription_key": "11112222-3333-4444-5555-666677778888",
    "client_id": "purser",
    "client_secret": "client-secret-1",
    "realm": "sr",
}
QUICK = Timeouts(connect=2, read=0.3, total=0.8)
SECRETS = MarketplaceSecrets(**{k: v for k, v in CREDENTIALS.items() if k != "realm"})


def seed(version: str = "1.1") -> dict[str, Any]:
    person = {
        "type": "billing",
        "firstName": "Bo",
        "lastName": "Li",
        "email": "bo@acme.example",
        "phoneNumber": "81##1#",
    }
    admin = {**person, "type": "admin", "firstName": "Jane", "lastName": "Doe", "email": "jane@acme.example"}
    address = {
        "streetAddress": "1 Main Street",
        "postalCode": "1",
        "city": "Oslo",
        "state": "NA",
        "countryCode": "NO",
    }
    return {
        "version": version,
        "credentials": CREDENTIALS,
        "customers": [
            {"id": "C1", "name": "Acme Inc.", "externalId": "A-1", "address": address,
             "contactPersons": [admin] if version == "21" else [person, admin]},
            {"id": "C2", "name": "Bolt AS", "status": "creditHold", "address": address},
        ],
        "products": [
            {"mpn": "E1", "name": "Office E1", "serviceName": "O365", "cost": "6.25",
             "prices": [{"type": "recurring", "amount": "7.50"}, {"type": "overuse", "amount": "9"}]},
            {"mpn": "BACKUP", "name": "Backup", "serviceName": "Cloud",
             "prices": [{"type": "overuse", "amount": "0.02"}]},
        ],
        "subscriptions": [
            {"id": "S1", "customerId": "C1", "name": "Office", "creationDate": "2026-01-05",
             "renewalDate": "2027-01-05", "lastModifiedDate": "2026-02-01T08:00:00.000+00:00",
             "products": [{"mpn": "E1", "quantity": 5},
                          {"mpn": "BACKUP", "quantity": 2.5, "unitPrice": "0.02"}]},
            {"id": "S2", "customerId": "C2", "status": "hold", "renewalStatus": False,
             "creationDate": "2026-02-01", "renewalDate": "2027-02-01",
             "lastModifiedDate": "2026-02-02T08:00:00.000+00:00",
             "products": [{"mpn": "E1", "quantity": 12}]},
        ],
    }  # fmt: skip


@dataclass
class House:
    app: MarketplaceApp
    server: Server
    doors: list[Http] = field(default_factory=list)

    def connector(
        self,
        *,
        secrets: MarketplaceSecrets = SECRETS,
        gateway: str = "",
        timeouts: Timeouts = QUICK,
        **http: Any,
    ) -> MarketplaceConnector:
        settings = MarketplaceSettings(
            gateway_url=gateway or f"{self.server.url}/marketplace/us",
            version=self.app.state["version"],
            token_url=f"{self.server.url}/auth/realms/sr/protocol/openid-connect/token",
        )
        hosts = HostRule(patterns=HOSTS, sandbox=frozenset({f"127.0.0.1:{self.server.port}", "127.0.0.1:1"}))
        self.doors.append(Http(hosts=hosts, timeouts=timeouts, **http))
        return MarketplaceConnector(http=self.doors[-1], settings=settings, secrets=secrets, clock=self.app.clock.now)

    def control(self, verb: str, **data: Any) -> Any:
        request = Request("POST", f"/_sandbox/{verb}", {}, {}, json.dumps(data).encode())
        response = self.app.handle(request)
        assert response.status == 200, response.body
        return response.body

    def calls(self) -> list[str]:
        """Method and path of the calls since the last time asked."""
        made = [f"{r['method']} {r['path'].removeprefix('/marketplace/us')}" for r in self.app.requests]
        self.app.requests.clear()
        return made


@contextmanager
def opened(seeded: dict[str, Any], app: MarketplaceApp | None = None) -> Iterator[House]:
    app = app or MarketplaceApp()
    app.clock.set(NOW, frozen=True)
    app.load_seed(seeded)
    with Server(app) as server:
        built = House(app, server)
        yield built
        for door in built.doors:
            door.close()


@pytest.fixture(params=["1.1", "21"])
def house(request: pytest.FixtureRequest) -> Iterator[House]:
    """Both versions of the interface: what is promised of one is promised of the other."""
    with opened(seed(request.param)) as built:
        yield built


@pytest.fixture
def old() -> Iterator[House]:
    with opened(seed("1.1")) as built:
        yield built


@pytest.fixture
def new() -> Iterator[House]:
    with opened(seed("21")) as built:
        yield built


def many(house: House, count: int) -> None:
    for n in range(count):
        house.app.state["customers"][f"M{n}"] = {
            "id": f"M{n}", "name": f"Customer {n}", "externalId": "", "status": "active", "address": {},
            "contactPersons": [], "language": "en_US"}  # fmt: skip


# Reading


def test_it_reads_customers_with_their_administrator(house: House) -> None:
    reading = house.connector().customers()
    assert reading.whole
    assert reading.at == NOW
    assert reading.items["C1"] == Customer(
        id="C1", name="Acme Inc.", status="active", external_id="A-1",
        contact_name="Jane Doe", contact_email="jane@acme.example")  # fmt: skip
    assert reading.items["C2"].status == "creditHold"
    assert len(reading.items) == 2


def test_it_reads_the_list_of_subscriptions_without_lines(house: House) -> None:
    reading = house.connector().subscriptions()
    assert reading.whole
    first, second = reading.items["S1"], reading.items["S2"]
    assert (first.customer_id, first.status, first.auto_renews, first.lines) == ("C1", "active", True, None)
    assert (first.created_on, first.renewal_on) == (date(2026, 1, 5), date(2027, 1, 5))
    assert (second.status, second.auto_renews) == ("hold", False)


def test_it_names_the_lines_of_1_1_by_mpn(old: House) -> None:
    assert old.connector().subscription("S1").lines == (
        Line("E1", "E1", Decimal(5), Decimal("7.50"), "USD"),
        Line("BACKUP", "BACKUP", Decimal("2.5"), Decimal("0.02"), "USD"),
    )


def test_it_names_the_lines_of_21_by_their_own_id_and_knows_their_cost(new: House) -> None:
    lines = new.connector().subscription("S1").lines
    assert lines is not None
    assert lines[0] == Line("S1-1", "E1", Decimal(5), Decimal("7.50"), "USD", "Office E1", Decimal("6.25"))
    assert lines[1].resource_id == "S1-2"
    assert lines[1].unit_cost is None


def test_it_reads_products_and_tells_usage_from_seats(house: House) -> None:
    reading = house.connector().products()
    assert reading.items == {
        "E1": Product("E1", "Office E1", "O365", usage_based=False),
        "BACKUP": Product("BACKUP", "Backup", "Cloud", usage_based=True),
    }


def test_it_takes_an_mpn_of_two_services_for_usage_when_one_of_them_is(old: House) -> None:
    shared = {"mpn": "E1", "name": "Other", "prices": [{"type": "overuse", "amount": "1"}]}
    old.app.load_seed({**seed(), "products": [*seed()["products"], shared]})
    reading = old.connector().products()
    assert reading.whole
    assert reading.items["E1"].usage_based


def test_it_follows_an_order_to_the_new_count(house: House) -> None:
    connector = house.connector()
    house.control("quantity", subscription="S1", mpn="E1", quantity=9)
    lines = connector.subscription("S1").lines
    assert lines is not None
    assert lines[0].quantity == 9


def test_it_says_missing_for_a_subscription_that_is_not_there(house: House) -> None:
    with pytest.raises(Missing, match="No entity has been found") as e:
        house.connector().subscription("S9")
    assert e.value.code == "not_found"


def test_it_does_not_take_a_wrong_gateway_for_a_missing_subscription(old: House) -> None:
    old.app.faults.arm(Fault("status", path="/subscriptions/", status=404, body={"message": "Resource not found"}))
    with pytest.raises(Refused) as e:
        old.connector().subscription("S1")
    assert e.value.code == "not_found"


def test_it_does_not_take_a_sign_in_that_is_not_found_for_a_missing_subscription(house: House) -> None:
    body = {"message": "No entity has been found.", "correlationId": "a8n-1"}
    house.app.faults.arm(Fault("status", method="POST", path="token$", status=404, body=body))
    with pytest.raises(Refused) as e:
        house.connector().subscription("S1")
    assert e.value.code == "not_found"


# How many calls


def test_it_reads_a_page_of_500_at_a_time_with_one_sign_in(house: House) -> None:
    many(house, 1100)
    connector = house.connector(timeouts=Timeouts())
    assert len(connector.customers().items) == 1102
    lists = ["GET /customers"] * 3
    assert [c.replace("/marketplace", "") for c in house.calls()][1:] == lists
    connector.subscriptions()
    connector.products()
    assert [c for c in house.calls() if "token" in c] == []


def test_it_asks_no_page_after_the_last_even_when_it_was_full(old: House) -> None:
    many(old, 998)
    reading = old.connector(timeouts=Timeouts()).customers()
    assert len(reading.items) == 1000
    assert old.calls() == ["POST /token", "GET /customers", "GET /customers"]


def test_it_goes_on_where_the_server_gives_fewer_rows_than_asked(old: House) -> None:
    many(old, 18)
    old.app.state["max_limit"] = 7
    reading = old.connector().customers()
    assert reading.whole
    assert len(reading.items) == 20


def test_it_reads_to_an_empty_page_where_no_total_is_announced(old: House) -> None:
    many(old, 5)
    old.app.state["max_limit"] = 3
    old.app.faults.arm(Fault("mangle", path="/customers", times=9, body={"pagination": None}))
    reading = old.connector().customers()
    assert reading.whole
    assert len(reading.items) == 7
    assert len(old.calls()) == 1 + 4


# When a change shows


def test_it_gives_a_time_of_change_only_where_it_shows_every_change(old: House) -> None:
    connector = old.connector()
    assert connector.subscriptions().items["S1"].modified_at == datetime(2026, 2, 1, tzinfo=UTC)
    old.control("quantity", subscription="S1", mpn="E1", quantity=6)
    assert connector.subscriptions().items["S1"].modified_at is None
    old.app.clock.advance(timedelta(hours=36))
    assert connector.subscriptions().items["S1"].modified_at == datetime(2026, 3, 10, tzinfo=UTC)


def test_it_gives_the_moment_of_change_where_the_server_does(new: House) -> None:
    connector = new.connector()
    new.control("quantity", subscription="S1", mpn="E1", quantity=6)
    assert connector.subscriptions().items["S1"].modified_at == NOW


def test_it_shows_by_the_time_of_change_that_a_detail_lags_behind_the_list(new: House) -> None:
    connector = new.connector()
    new.control("lag", seconds=60)
    new.control("quantity", subscription="S1", mpn="E1", quantity=6)
    new.app.clock.advance(timedelta(seconds=30))
    new.control("quantity", subscription="S1", mpn="E1", quantity=7)
    listed = connector.subscriptions().items["S1"].modified_at
    assert listed is not None

    def count() -> tuple[Decimal, bool]:
        detail = connector.subscription("S1")
        assert detail.lines is not None
        assert detail.modified_at is not None
        return detail.lines[0].quantity, detail.modified_at == listed

    assert count() == (Decimal(5), False)
    new.app.clock.advance(timedelta(seconds=31))
    assert count() == (Decimal(6), False)
    new.app.clock.advance(timedelta(seconds=31))
    assert count() == (Decimal(7), True)
