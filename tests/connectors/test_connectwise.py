"""The ConnectWise connector against its sandbox, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from purser.connectors.connectwise import ConnectWiseConnector, ConnectWiseSecrets, ConnectWiseSettings
from purser.connectors.ports import tested
from purser.connectors.ports.psa import Adjustment, Psa, service_key
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http, Timeouts
from purser.kernel.errors import Busy, Missing, Refused
from purser.reconcile.model import Done, Refusal
from sandboxes.connectwise import ConnectWise, lists
from sandboxes.kit import Fault, Request, Server

NOW = datetime(2025, 7, 11, 9, 0, tzinfo=UTC)
TODAY = NOW.date()
SINCE = date(2025, 7, 1)
SECRET = "k3y-that-nobody-may-see"


def seed() -> dict[str, Any]:
    return {
        "private_key": SECRET,
        "companies": [{"id": 19300, "name": "Alder Dental"}, {"id": 19301, "name": "Birch Law"}],
        "catalog": [
            {
                "id": 210,
                "identifier": "M365-E3",
                "description": "Microsoft 365 E3",
                "price": 4.0,
                "cost": 3.0,
            },
            {"id": 211, "identifier": "BACKUP", "description": "Cloud Backup", "price": 7.5, "cost": 5.0},
        ],
        "agreements": [
            {"id": 5, "company": {"id": 19300}, "name": "Managed Services"},
            {"id": 6, "company": {"id": 19301}, "name": "Cloud", "endDate": "2025-12-31T00:00:00Z"},
        ],
        "additions": {"5": [{"id": 77, "product": {"id": 210}, "quantity": 1, "lessIncluded": 1}], "6": []},
    }


@dataclass
class World:
    app: ConnectWise
    url: str
    doors: list[Http] = field(default_factory=list)

    def connector(self, *, private_key: str = SECRET, **settings: Any) -> ConnectWiseConnector:
        given = {"site": self.url, "company_id": "acme", "client_id": "4f9c-guid", **settings}
        host = self.url.removeprefix("http://")
        http = Http(
            hosts=HostRule(patterns=("*.myconnectwise.net",), sandbox=frozenset({host})),
            timeouts=Timeouts(connect=1.0, read=0.6, total=1.2),
        )
        self.doors.append(http)
        return ConnectWiseConnector(
            http=http,
            settings=ConnectWiseSettings(**given),
            secrets=ConnectWiseSecrets(public_key="pub", private_key=private_key),
            clock=self.app.clock.now,
        )

    def tell(self, verb: str, **data: Any) -> Any:
        return self.app.control(verb, data)

    def add(self, agreement: int = 5, product: int = 210, **row: Any) -> dict[str, Any]:
        added: dict[str, Any] = self.tell("addition_add", agreement=agreement, product={"id": product}, **row)
        return added

    def fail(self, kind: str, **details: Any) -> None:
        self.app.faults.arm(Fault(kind, **details))

    def rows(self, agreement: int = 5) -> list[tuple[str, str, float]]:
        """(first day, last day or "", quantity) of every addition that ever counts, by date."""
        return sorted(
            (a["effectiveDate"][:10], (a["cancelledDate"] or "")[:10], float(a["quantity"]))
            for a in self.app.additions(agreement)
            if a["effectiveDate"][:10] != (a["cancelledDate"] or "")[:10]
        )


@pytest.fixture
def world() -> Iterator[World]:
    app = ConnectWise()
    app.clock.set(NOW, frozen=True)
    app.load_seed(seed())
    with Server(app) as server:
        world = World(app, server.url)
        yield world
        for door in world.doors:
            door.close()


def change(before: int, after: int, on: date = TODAY, **more: Any) -> Adjustment:
    return Adjustment("5", "product:210", on, Decimal(before), Decimal(after), **more)


def units(connector: ConnectWiseConnector, on: date = TODAY) -> Decimal:
    found = connector.service("5", "product:210", since=SINCE)
    assert found is not None
    return found.units_on(on)


def test_it_is_a_psa(world: World) -> None:
    psa: Psa = world.connector()
    assert psa.test() == tested.Tested(True, "ConnectWise PSA v2025.1.98765: 2 companies, 2 agreements.")
    assert not psa.traits.whole_units


def test_it_reads_companies(world: World) -> None:
    world.tell("company_add", id=19302, name="Cedar", status={"id": 2, "name": "Inactive"})
    reading = world.connector().accounts()
    assert reading.whole
    assert {a.name: a.active for a in reading.items.values()} == {
        "Alder Dental": True,
        "Birch Law": True,
        "Cedar": False,
    }
    assert reading.items["19300"].currency == "USD"


def test_it_pages_to_the_end(world: World) -> None:
    for n in range(1, 24):
        world.tell("company_add", id=n, name=f"Company {n}")
    reading = world.connector(page_size=5).accounts()
    assert reading.whole
    assert len(reading.items) == 25


def test_it_notices_pages_that_go_round(world: World) -> None:
    for n in range(2, 24):
        world.tell("company_add", id=n, name=f"Company {n}")
    world.tell("page_loop", on=True)
    reading = world.connector(page_size=5).accounts()
    assert not reading.whole
    assert "repeats" in reading.cut


def test_it_follows_no_address_of_the_vendors_choosing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for n in range(1, 8):
        world.tell("company_add", id=n, name=f"Company {n}")

    def elsewhere(request: Request, links: dict[str, dict[str, int]]) -> str:
        return f'<https://evil.example/x?pageId={links["next"]["pageId"]}&pageSize=5>; rel="next"'

    monkeypatch.setattr(lists, "_link", elsewhere)
    reading = world.connector(page_size=5).accounts()
    assert reading.whole
    assert len(reading.items) == 9


def test_it_calls_a_reading_cut_short_not_whole(world: World) -> None:
    for n in range(1, 24):
        world.tell("company_add", id=n, name=f"Company {n}")
    world.fail("status", path="companies", status=502, skip=2)
    reading = world.connector(page_size=5).accounts()
    assert not reading.whole
    assert len(reading.items) == 10


def test_it_reads_agreements_as_they_stand(world: World) -> None:
    world.tell("agreement", id=5, prorateFlag=False, billingCycle={"id": 3, "name": "Quarterly"})
    world.tell("invoice", agreement=5, through="2025-06-30")
    world.tell("agreement_add", id=7, company={"id": 19300}, cancelledFlag=True, dateCancelled="2025-05-01T00:00:00Z")
    found = world.connector().agreements().items
    assert found["5"].invoiced_through == date(2025, 6, 30)
    assert (found["5"].prorates, found["5"].billing_period, found["5"].ends_on) == (False, "quarter", None)
    assert (found["6"].ends_on, found["6"].invoiced_through, found["6"].prorates) == (
        date(2025, 12, 31),
        None,
        True,
    )
    assert (found["7"].active, found["7"].ends_on) == (False, date(2025, 4, 30))


def test_it_sees_the_successor_of_a_renewed_agreement(world: World) -> None:
    successor = world.tell("renew", agreement=6)
    found = world.connector().agreements().items
    assert found["6"].renewed_by == str(successor["id"])
    assert found[str(successor["id"])].starts_on == date(2026, 1, 1)
    assert found["5"].renewed_by == ""


def test_it_sums_additions_of_one_product(world: World) -> None:
    world.add(quantity=4, effectiveDate="2025-07-05T00:00:00Z", cancelledDate="2025-07-20T00:00:00Z")
    world.add(quantity=2, billCustomer="DoNotBill", unitPrice=0.0, effectiveDate="2025-07-05T00:00:00Z")
    world.add(product=211, quantity=9, effectiveDate="2025-07-05T00:00:00Z")
    reading = world.connector().services(["5", "6"], since=SINCE)
    assert reading.whole
    assert set(reading.items) == {service_key("5", "product:210"), service_key("5", "product:211")}
    service = reading.items["5/product:210"]
    assert (service.product_id, service.name, service.unit_price) == (
        "M365-E3",
        "Microsoft 365 E3",
        Decimal(4),
    )
    assert [int(service.units_on(date(2025, 7, day))) for day in (4, 5, 19, 20)] == [1, 7, 7, 3]


def test_it_names_products_from_the_catalogue_where_additions_do_not(world: World) -> None:
    world.app.additions(5)[0]["description"] = None
    service = world.connector().services(["5"], since=SINCE).items["5/product:210"]
    assert (service.name, service.catalog_price, service.catalog_cost) == ("Microsoft 365 E3", 4, 3)


def test_it_keeps_a_service_whose_additions_have_ended(world: World) -> None:
    world.app.additions(5)[0]["cancelledDate"] = "2025-03-01T00:00:00Z"
    service = world.connector().service("5", "product:210", since=SINCE)
    assert service is not None
    assert service.segments == ()
    assert world.connector().service("5", "product:999", since=SINCE) is None
    assert world.connector().service("999", "product:210", since=SINCE) is None


def test_it_leaves_out_a_product_with_a_broken_row(world: World) -> None:
    world.add(product=211, quantity=9)
    world.add(quantity=3)
    world.fail("mangle", path="additions", body={"quantity": "1"})
    reading = world.connector().services(["5"], since=SINCE)
    assert set(reading.items) == {"5/product:211"}
    assert not reading.whole
    assert "addition 77 has no usable quantity" in reading.cut


def test_it_leaves_out_an_agreement_that_is_gone_and_says_so(world: World) -> None:
    reading = world.connector().services(["5", "404"], since=SINCE)
    assert set(reading.items) == {"5/product:210"}
    assert not reading.whole


# Refusals


@pytest.mark.parametrize("status", [401, 404])
def test_it_knows_bad_credentials_in_both_their_forms(world: World, status: int) -> None:
    world.tell("credentials", failure_status=status)
    connector = world.connector(private_key="stale-secret-key")
    answer = connector.test()
    assert (answer.ok, answer.code) == (False, "credentials")
    for call in (
        connector.accounts,
        connector.agreements,
        lambda: connector.services(["5"], since=SINCE),
        lambda: connector.service("5", "product:210", since=SINCE),
        lambda: connector.find(change(1, 8), once="a1"),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert refused.value.code == "credentials"
    outcome = connector.adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "credentials"
    assert "stale-secret-key" not in repr(outcome) + repr(answer) + repr(connector.__dict__)


def test_it_knows_a_role_without_the_right(world: World) -> None:
    world.tell("forbid", path="/finance/")
    assert world.connector().test().code == "credentials"
    with pytest.raises(Refused, match="security role") as refused:
        world.connector().agreements()
    assert refused.value.code == "credentials"


def test_it_refuses_a_company_that_the_site_does_not_know(world: World) -> None:
    answer = world.connector(company_id="nobody").test()
    assert (answer.ok, answer.code) == (False, "credentials")


@pytest.mark.parametrize("codebase", ["../../evil", "https://evil.example/", "", "v1/../x", "a@b"])
def test_it_calls_no_address_that_a_codebase_smuggles_in(world: World, codebase: str) -> None:
    world.app.state["codebase"] = codebase
    with pytest.raises(Busy) as busy:
        world.connector().accounts()
    assert busy.value.code == "malformed"
    assert {r["path"] for r in world.app.requests} == {"/login/companyinfo/acme"}


@pytest.mark.parametrize("id", ["5/../6", "five", "", "٥"])
def test_it_puts_nothing_but_digits_into_a_path(world: World, id: str) -> None:
    with pytest.raises(Missing):
        world.connector().find(replace(change(1, 8), agreement_id=id), once="a1")
    assert world.connector().adjust(replace(change(1, 8), service_id="product:x"), once="a1") != Done()
    assert world.app.effects == []


def test_it_looks_the_release_up_again_after_an_upgrade(world: World) -> None:
    connector = world.connector()
    assert connector.test().ok
    world.app.state["codebase"] = "v2025_2/"
    assert not connector.test().ok
    assert connector.test().ok
