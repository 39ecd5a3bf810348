"""The Autotask connector reads companies, contracts and services, at the sandbox, over HTTP."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from purser.connectors.ports.psa import Account, Segment
from purser.connectors.shared.http import Timeouts
from purser.kernel.errors import Busy
from sandboxes.kit import Fault
from tests.connectors.autotask import NOW, TODAY, House, house, opened, seed

__all__ = ["house"]  # the fixture


def test_it_reads_companies(house: House) -> None:
    reading = house.psa.accounts()
    assert reading.whole, reading.cut
    assert reading.at == NOW
    assert reading.items["1"] == Account("1", "Acme Inc.")
    assert reading.items["2"] == Account("2", "Bolt", active=False)


def test_it_reads_contracts_by_the_picklists_of_this_database() -> None:
    lists = {
        "contractType": {"1": "Time & Materials", "70": "Recurring Service"},
        "status": {"5": "Inactive", "6": "In Effect"},
        "contractPeriodType": {"31": "Monthly", "33": "Quarterly", "36": "Semi-Annual", "42": "Yearly"},
    }
    rows = [
        {"id": 100 + n, "companyID": 1, "contractName": f"N{n}", "contractType": 70, "status": 6,
         "contractPeriodType": period, "startDate": "2026-01-01", "endDate": "2026-12-31"}
        for n, period in enumerate((31, 33, 36, 42))
    ]  # fmt: skip
    rows[3] |= {"contractType": 1, "status": 5}
    with opened(seed(picklists=lists, Contracts=rows, ContractServices=[], ContractServiceBundles=[])) as house:
        reading = house.psa.agreements()
    assert reading.whole, reading.cut
    found = [reading.items[str(100 + n)] for n in range(4)]
    assert [a.billing_period for a in found] == ["month", "quarter", "half_year", "year"]
    assert [a.takes_services for a in found] == [True, True, True, False]
    assert [a.active for a in found] == [True, True, True, False]


def test_it_reads_all_of_a_contract(house: House) -> None:
    agreement = house.psa.agreements().items["9"]
    assert (agreement.account_id, agreement.name, agreement.number) == ("1", "Cloud", "C-9")
    assert (agreement.starts_on, agreement.ends_on) == (date(2026, 1, 1), date(2026, 12, 31))
    assert agreement.prorates
    assert (agreement.invoiced_through, agreement.renewed_by) == (None, "")


@pytest.mark.parametrize("link_on_successor", [False, True])
def test_it_names_the_successor_whichever_contract_carries_the_link(house: House, link_on_successor: bool) -> None:
    new = house.control("renew", contractID=9)["id"]
    if link_on_successor:
        contracts = house.app.state["rows"]["Contracts"]
        contracts["9"]["renewedContractID"], contracts[str(new)]["renewedContractID"] = None, 9
    found = house.psa.agreements().items
    assert (found["9"].renewed_by, found[str(new)].renewed_by) == (str(new), "")
    assert found[str(new)].starts_on == date(2027, 1, 1)
    services = house.psa.services([str(new)], since=date(2027, 1, 1)).items.values()
    assert [s.units_on(date(2027, 3, 1)) for s in services] == [1, 5]


def test_a_list_that_the_security_level_cuts_is_not_whole(house: House) -> None:
    house.control("access", entity="Contracts", level=2, hide=[9])
    reading = house.psa.agreements()
    assert list(reading.items) == ["10"]
    assert not reading.whole
    assert "security level" in reading.cut


def test_it_reads_services_and_bundles_with_their_units(house: House) -> None:
    reading = house.psa.services(["9", "10"], since=date(2026, 11, 15))
    assert reading.whole, reading.cut
    assert sorted(reading.items) == ["9/bundle:7", "9/service:12"]
    service, bundle = reading.items["9/service:12"], reading.items["9/bundle:7"]
    assert (service.product_id, service.name, service.kind) == ("3", "Office E1", "service")
    assert (service.unit_price, service.unit_cost) == (Decimal(4), Decimal("3.1"))
    assert (service.catalog_price, service.catalog_cost) == (Decimal(4), Decimal("3.1"))
    assert service.segments == (
        Segment(date(2026, 11, 1), date(2026, 12, 1), Decimal(1)),
        Segment(date(2026, 12, 1), date(2027, 1, 1), Decimal(1)),
    )
    assert (bundle.kind, bundle.name, bundle.billing_period) == ("bundle", "Desks", "year")
    assert (bundle.units_on(date(2026, 12, 31)), bundle.unit_cost) == (Decimal(5), None)


def test_the_segment_of_the_first_day_asked_for_is_there(house: House) -> None:
    for since, first in ((date(2026, 11, 30), 11), (date(2026, 12, 1), 12)):
        for found in (
            house.psa.service("9", "service:12", since=since),
            house.psa.services(["9"], since=since).items["9/service:12"],
        ):
            assert found is not None
            assert found.segments[0].starts_on.month == first


@pytest.mark.parametrize("units", [2**31, -(2**31) - 1, 10**30, 1.5, "8", True, None])
def test_units_that_are_no_32_bit_number_are_malformed(house: House, units: Any) -> None:
    house.app.state["units"]["ContractServiceUnits"]["12"][-1]["units"] = units
    with pytest.raises(Busy) as e:
        house.psa.service("9", "service:12", since=TODAY)
    assert e.value.code == "malformed"
    reading = house.psa.services(["9"], since=TODAY)
    assert (list(reading.items), reading.whole) == (["9/bundle:7"], False)


def test_it_says_which_units_are_invoiced(house: House) -> None:
    house.control("post_period", contractID=9, through="2026-06-30")
    segments = house.psa.services(["9"], since=date(2026, 5, 20)).items["9/service:12"].segments
    assert [(s.starts_on.month, s.invoiced) for s in segments[:4]] == [
        (5, True),
        (6, True),
        (7, False),
        (8, False),
    ]


def test_one_service_takes_one_call(house: House) -> None:
    listed = house.psa.services(["9"], since=TODAY).items["9/service:12"]
    house.app.requests.clear()
    found = house.psa.service("9", "service:12", since=TODAY)
    assert len(house.app.requests) == 1
    assert found is not None
    assert found.segments == listed.segments
    bundle = house.psa.service("9", "bundle:7", since=TODAY)
    assert bundle is not None
    assert bundle.units_on(TODAY) == 5


@pytest.mark.parametrize(
    ("agreement", "service"),
    [("9", "service:99"), ("10", "service:12"), ("9", "product:12"), ("9", "12"), ("x", "service:12")],
)
def test_a_service_that_is_not_on_the_contract_is_none(house: House, agreement: str, service: str) -> None:
    assert house.psa.service(agreement, service, since=TODAY) is None


def many(count: int) -> dict[str, Any]:
    contracts = [
        {"id": 1000 + n, "companyID": 1, "contractName": f"N{n}", "contractType": 7,
         "startDate": "2026-07-01", "endDate": "2026-08-31"}
        for n in range(count)
    ]  # fmt: skip
    lines = [{"id": 5000 + n, "contractID": 1000 + n, "serviceID": 3, "units": n % 7} for n in range(count)]
    return seed(Contracts=contracts, ContractServices=lines, ContractServiceBundles=[])


def test_it_pages_with_no_more_calls_than_rows_need() -> None:
    with opened(many(1200), timeouts=Timeouts()) as house:
        reading = house.psa.agreements()
        assert (len(reading.items), reading.whole) == (1200, True)
        assert house.paths().count("Contracts/query") + house.paths().count("Contracts/query/next") == 3
        house.app.requests.clear()
        services = house.psa.services(list(reading.items), since=TODAY)
        assert (len(services.items), services.whole) == (1200, True)
        assert [services.items[f"{1000 + n}/service:{5000 + n}"].units_on(TODAY) for n in range(9)] == [
            0, 1, 2, 3, 4, 5, 6, 0, 1,
        ]  # fmt: skip
        asked = [p.removesuffix("/next") for p in house.paths()]
        assert {p: asked.count(p) for p in asked} == {
            "ContractServices/query/count": 1,
            "ContractServices/query": 3,  # 500 contracts at a time
            "ContractServiceUnits/query": 5,  # 2,400 rows of them
            "ContractServiceBundles/query/count": 1,
            "ContractServiceBundles/query": 1,  # there are none: all are read in one call
            "Services/query": 1,
            "Services/entityInformation/fields": 1,
        }


def test_it_keeps_to_the_contracts_asked_for_when_it_reads_all_lines() -> None:
    with opened(many(501), timeouts=Timeouts()) as house:
        gone = house.control("line_add", contractID=1500, serviceID=3, units=9)["id"]
        asked = [str(1000 + n) for n in range(501) if n != 7] + ["900001"]
        house.app.state["rows"]["ContractServices"] = {
            id: line for id, line in house.app.state["rows"]["ContractServices"].items() if int(id) % 2 or line["id"] == gone
        }
        reading = house.psa.services(asked, since=TODAY)
        assert house.paths().count("ContractServices/query") == 1
        assert reading.whole, reading.cut
        assert f"1500/service:{gone}" in reading.items
        assert {s.agreement_id for s in reading.items.values()} <= set(asked)
        assert len(reading.items) == 250


def test_a_page_that_points_back_cuts_the_reading() -> None:
    with opened(many(1200), timeouts=Timeouts()) as house:
        house.control("page_loop", times=1000)
        reading = house.psa.agreements()
        assert len(reading.items) == 500
        assert not reading.whole
        assert "repeats" in reading.cut
        assert len(house.app.requests) < 8


@pytest.mark.parametrize(
    "following",
    [
        "http://127.0.0.1:9/ATServicesRest/V1.0/Contracts/query/next?paging=1",
        "https://evil.example/ATServicesRest/V1.0/Contracts/query",
        "{url}/ATServicesRest/V1.0/ContractServiceAdjustments",
        "{url}/ATServicesRest/V1.0/Contracts/9/ServiceAdjustments?x=/contracts/query",
        "//evil.example/V1.0/Contracts/query",
        "http://[::1",
    ],
)
def test_a_next_page_elsewhere_is_not_asked_for(house: House, following: str) -> None:
    details = {"pageDetails": {"nextPageUrl": following.format(url=house.url)}}
    house.app.faults.arm(Fault("mangle", path="Contracts/query", body=details))
    reading = house.psa.agreements()
    assert sorted(reading.items) == ["10", "9"]
    assert not reading.whole
    assert house.app.effects == []
    assert [p for p in house.paths() if "query" in p or "Adjust" in p] == ["Contracts/query"]


def test_a_later_page_that_fails_cuts_the_reading() -> None:
    with opened(many(1200), timeouts=Timeouts()) as house:
        house.app.faults.arm(Fault("status", path="Contracts/query/next", status=503, skip=1))
        reading = house.psa.agreements()
        assert (len(reading.items), reading.whole) == (1000, False)
        assert "503" in reading.cut


def test_a_service_whose_units_could_not_all_be_read_is_left_out() -> None:
    with opened(many(1200), timeouts=Timeouts()) as house:
        house.app.faults.arm(Fault("status", path="ContractServiceUnits/query/next", status=503))
        reading = house.psa.services([str(1000 + n) for n in range(1200)], since=TODAY)
        assert not reading.whole
        assert len(reading.items) == 700  # the first 500 contracts had a second page
        assert "1000/service:5000" not in reading.items
