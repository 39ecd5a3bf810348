"""The ConnectWise connector against its sandbox, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from purser.connectors.connectwise import ConnectWiseConnector, ConnectWiseSecrets, ConnectWiseSettings
from purser.connectors.ports import tested
from purser.connectors.ports.psa import Adjustment, Psa, service_key
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http, Timeouts
from purser.kernel.errors import Busy, Missing, Refused
from purser.reconcile.model import Delay, Done, Refusal
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
            timeouts=Timeouts(connect=1.0, read=0.25, total=0.6),
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


# Changes


def test_it_ends_the_old_addition_and_adds_the_new_total(world: World) -> None:
    connector = world.connector()
    outcome = connector.adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Done)
    assert world.rows() == [("2025-01-01", "2025-07-11", 1), ("2025-07-11", "", 8)]
    added = world.app.additions(5)[-1]
    assert outcome.reference == str(added["id"])
    assert (added["serialNumber"], added["lessIncluded"], added["unitPrice"]) == ("purser:a1", 1, 4)
    assert units(connector) == 8
    assert connector.find(change(1, 8), once="a1") is True


def test_it_is_prorated_by_the_psa_with_the_effective_day_included(world: World) -> None:
    """Source: acceptance ID-26: +7 at 4.00 effective 11 Jul in a July period is 18.97."""
    world.app.additions(5)[0].update(quantity=0, cancelledDate="2025-07-11T00:00:00Z")
    connector = world.connector()
    assert isinstance(connector.adjust(change(0, 7), once="a1"), Done)
    path = f"/v2025_1/apis/3.0/finance/agreements/5/additions/{world.app.additions(5)[-1]['id']}"
    row = connector._client.get(path.removeprefix("/v2025_1/apis/3.0"))
    assert row["extendedProratePrice"] == Decimal("18.97")


def test_it_overwrites_an_addition_that_starts_that_very_day(world: World) -> None:
    connector = world.connector()
    connector.adjust(change(1, 8), once="a1")
    assert isinstance(connector.adjust(change(8, 6), once="a2"), Done)
    assert world.rows() == [("2025-01-01", "2025-07-11", 1), ("2025-07-11", "", 6)]


def test_it_overwrites_where_nothing_is_prorated(world: World) -> None:
    world.tell("agreement", id=5, prorateFlag=False)
    outcome = world.connector().adjust(change(1, 8, unit_price=Decimal("4.5")), once="a1")
    assert outcome == Done(reference="77")
    assert world.rows() == [("2025-01-01", "", 8)]
    assert world.app.additions(5)[0]["unitPrice"] == 4.5


def test_it_dates_a_later_change_even_where_nothing_is_prorated(world: World) -> None:
    world.tell("agreement", id=5, prorateFlag=False)
    world.tell("quantity", agreement=5, addition=77, quantity=10)
    assert isinstance(world.connector().adjust(change(10, 7, date(2025, 8, 1)), once="a1"), Done)
    assert world.rows() == [("2025-01-01", "2025-08-01", 10), ("2025-08-01", "", 7)]


def test_it_shifts_what_follows(world: World) -> None:
    world.tell("quantity", agreement=5, addition=77, quantity=10)
    connector = world.connector()
    connector.adjust(change(10, 7, date(2025, 8, 1)), once="pending")
    assert isinstance(connector.adjust(change(10, 15), once="today"), Done)
    assert world.rows() == [
        ("2025-01-01", "2025-07-11", 10),
        ("2025-07-11", "2025-08-01", 15),
        ("2025-08-01", "", 12),
    ]


def test_it_ends_and_adds_nothing_at_zero(world: World) -> None:
    connector = world.connector()
    assert connector.adjust(change(1, 0), once="a1") == Done(reference="77")
    assert world.rows() == [("2025-01-01", "2025-07-11", 1)]
    assert isinstance(connector.adjust(change(0, 3, date(2025, 7, 15)), once="a2"), Done)
    assert world.rows()[-1] == ("2025-07-15", "", 3)


def test_it_changes_only_one_of_several_additions(world: World) -> None:
    world.add(quantity=2, billCustomer="DoNotBill", unitPrice=0.0)
    connector = world.connector()
    assert isinstance(connector.adjust(change(3, 5), once="a1"), Done)
    assert world.rows() == [("2025-01-01", "", 2), ("2025-01-01", "2025-07-11", 1), ("2025-07-11", "", 3)]
    assert units(connector) == 5


def test_it_joins_additions_of_equal_terms_when_none_alone_is_large_enough(world: World) -> None:
    world.tell("quantity", agreement=5, addition=77, quantity=5)
    world.add(quantity=3)
    assert isinstance(world.connector().adjust(change(8, 2), once="a1"), Done)
    assert world.rows() == [
        ("2025-01-01", "2025-07-11", 3),
        ("2025-01-01", "2025-07-11", 5),
        ("2025-07-11", "", 2),
    ]


def test_it_refuses_to_choose_between_unequal_terms(world: World) -> None:
    world.tell("quantity", agreement=5, addition=77, quantity=5)
    world.add(quantity=3, unitPrice=2.0)
    before = world.rows()
    outcome = world.connector().adjust(change(8, 2), once="a1")
    assert isinstance(outcome, Refusal)
    assert (outcome.code, world.rows()) == ("conflict", before)


def test_it_refuses_when_somebody_changed_the_count(world: World) -> None:
    world.tell("quantity", agreement=5, product=210, quantity=3)
    outcome = world.connector().adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "conflict"
    assert "3 now, not 1" in outcome.text
    assert world.app.effects == []
    assert world.connector().find(change(1, 8), once="a1") is None


def test_it_does_nothing_twice(world: World) -> None:
    connector = world.connector()
    assert connector.find(change(1, 8), once="a1") is False
    first = connector.adjust(change(1, 8), once="a1")
    effects = len(world.app.effects)
    again = connector.adjust(change(1, 8), once="a1")
    assert isinstance(first, Done)
    assert isinstance(again, Done)
    assert again.reference == first.reference
    assert len(world.app.effects) == effects


def test_it_leaves_a_serial_number_of_somebody_else(world: World) -> None:
    world.app.additions(5)[0]["serialNumber"] = "SN-4711"
    world.tell("agreement", id=5, prorateFlag=False)
    assert isinstance(world.connector().adjust(change(1, 8), once="a1"), Done)
    assert world.app.additions(5)[0]["serialNumber"] == "SN-4711"
    assert world.connector().find(change(1, 8), once="a1") is True


# Refusals


def test_it_says_that_proration_is_off(world: World) -> None:
    """Source: acceptance ID-38."""
    world.tell("agreement", id=5, prorateFlag=False)
    connector = world.connector(dated=True)
    outcome = connector.adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "proration_off"
    assert "Switch on proration" in outcome.hint
    assert world.rows() == [("2025-01-01", "", 1)]
    world.tell("agreement", id=5, prorateFlag=True)
    assert isinstance(connector.adjust(change(1, 8), once="a1"), Done)


def test_it_refuses_a_date_outside_the_agreement(world: World) -> None:
    """Source: acceptance ID-40."""
    world.tell("agreement", id=5, endDate="2025-06-30T00:00:00Z")
    outcome = world.connector().adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "date_outside_agreement"
    assert "2025-01-01 to 2025-06-30" in outcome.text
    world.tell("agreement", id=5, endDate="2025-12-31T00:00:00Z")
    assert isinstance(world.connector().adjust(change(1, 8), once="a1"), Done)


def test_it_never_writes_into_an_invoiced_period(world: World) -> None:
    """Source: acceptance ID-32."""
    world.tell("invoice", agreement=5, through="2025-07-31")
    outcome = world.connector().adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "invoiced"
    assert "2025-08-01" in outcome.hint
    assert isinstance(world.connector().adjust(change(1, 8, date(2025, 8, 1)), once="a1"), Done)


def test_it_refuses_counts_beyond_its_range(world: World) -> None:
    for after in (-1, 2**31):
        outcome = world.connector().adjust(change(1, after), once="a1")
        assert isinstance(outcome, Refusal)
    assert world.rows() == [("2025-01-01", "", 1)]


def test_it_takes_the_new_addition_back_when_the_old_one_cannot_be_ended(world: World) -> None:
    body = {
        "code": "InvalidObject",
        "message": "addition object is invalid",
        "errors": [{"message": "old fault"}],
    }
    world.fail("status", method="PATCH", path="additions/77", status=400, body=body)
    outcome = world.connector().adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Refusal)
    assert "old fault" in outcome.text
    assert world.rows() == [("2025-01-01", "", 1)]


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


def test_it_waits_as_long_as_it_is_told(world: World) -> None:
    world.tell("rate", per_minute=1)
    outcome = world.connector().adjust(change(1, 8), once="a1")
    assert outcome == Delay(
        text=outcome.text,
        code="throttled",
        retry_after=timedelta(seconds=30),  # type: ignore[union-attr]
    )
    assert world.app.effects == []


def test_it_does_not_trust_a_lagging_read_after_a_write(world: World) -> None:
    world.tell("lag", seconds=50)
    connector = world.connector()
    outcome = connector.adjust(change(1, 8), once="a1")
    assert isinstance(outcome, Done)
    assert connector.find(change(1, 8), once="a1") is False
    world.app.clock.advance(connector.traits.lag)
    assert connector.find(change(1, 8), once="a1") is True
    assert units(connector) == 8
