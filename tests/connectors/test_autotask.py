"""The Autotask connector against its sandbox, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import pytest

from purser.connectors.autotask import HOSTS, AutotaskConnector, AutotaskSecrets, AutotaskSettings
from purser.connectors.ports.psa import Account, Adjustment, Segment
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http, Timeouts
from purser.kernel.errors import Busy, Refused
from purser.reconcile.model import Delay, Done, Refusal
from sandboxes.autotask import AutotaskApp
from sandboxes.kit import Fault, Request, Server

NOW = datetime(2026, 7, 11, 10, 0, tzinfo=UTC)
TODAY = NOW.date()
SECRETS = AutotaskSecrets(user="api@msp.example", secret="psa-password-1", integration_code="TRACK-1234")
QUICK = Timeouts(connect=2, read=0.3, total=0.8)


def seed(**more: Any) -> dict[str, Any]:
    return {
        "users": {SECRETS.user: SECRETS.secret},
        "integration_codes": [SECRETS.integration_code],
        "Companies": [
            {"id": 1, "companyName": "Acme Inc."},
            {"id": 2, "companyName": "Bolt", "isActive": False},
        ],
        "Services": [{"id": 3, "name": "Office E1", "unitPrice": 4.0, "unitCost": 3.1, "periodType": 2}],
        "ServiceBundles": [{"id": 2, "name": "Desks", "unitPrice": 20.0, "unitCost": 15.5, "periodType": 5}],
        "Contracts": [
            {"id": 9, "companyID": 1, "contractName": "Cloud", "contractNumber": "C-9", "contractType": 7,
             "startDate": "2026-01-01", "endDate": "2026-12-31"},
            {"id": 10, "companyID": 2, "contractName": "Hours", "contractType": 1, "contractPeriodType": None,
             "status": 0, "startDate": "2025-01-01", "endDate": "2025-12-31"},
        ],
        "ContractServices": [{"id": 12, "contractID": 9, "serviceID": 3, "units": 1}],
        "ContractServiceBundles": [{"id": 7, "contractID": 9, "serviceBundleID": 2, "units": 5}],
        **more,
    }  # fmt: skip


@dataclass
class House:
    app: AutotaskApp
    url: str
    psa: AutotaskConnector
    http: Http

    def control(self, verb: str, **data: Any) -> Any:
        return self.app.control(verb, data)

    def units(self, service: str = "service:12", on: date = TODAY) -> Decimal:
        found = self.psa.service("9", service, since=TODAY)
        assert found is not None
        return found.units_on(on)

    def paths(self) -> list[str]:
        return [r["path"].split("/", 3)[-1] for r in self.app.requests]


@contextmanager
def opened(
    seeded: dict[str, Any] | None = None, *, timeouts: Timeouts = QUICK, secrets: AutotaskSecrets = SECRETS
) -> Iterator[House]:
    app = AutotaskApp()
    app.load_seed(seeded or seed())
    app.clock.set(NOW, frozen=True)
    with Server(app) as server:
        rule = HostRule(patterns=HOSTS, sandbox=frozenset({f"127.0.0.1:{server.port}"}))
        http = Http(hosts=rule, timeouts=timeouts)
        settings = AutotaskSettings(zone_lookup_url=f"{server.url}/atservicesrest")
        psa = AutotaskConnector(http=http, settings=settings, secrets=secrets, clock=app.clock.now)
        yield House(app, server.url, psa, http)
        http.close()


@pytest.fixture
def house() -> Iterator[House]:
    with opened() as found:
        yield found


def change(before: int, after: int, on: date = TODAY, service: str = "service:12", **more: Any) -> Adjustment:
    return Adjustment("9", service, on, Decimal(before), Decimal(after), **more)


# Testing the credentials


def test_it_connects_with_company_0(house: House) -> None:
    tested = house.psa.test()
    assert (tested.ok, tested.code) == (True, "")
    assert "Our own company" in tested.text
    assert len(house.app.requests) == 2  # the zone, then one company


@pytest.mark.parametrize("wrong", ["secret", "integration_code", "user"])
def test_it_reports_wrong_credentials_without_showing_them(wrong: str) -> None:
    with opened(secrets=replace(SECRETS, **{wrong: "never-shown-1"})) as house:
        tested = house.psa.test()
        assert (tested.ok, tested.code) == (False, "credentials")
        with pytest.raises(Refused) as e:
            house.psa.accounts()
        assert e.value.code == "credentials"
        for text in (tested.text, str(e.value), e.value.hint, repr(house.psa.__dict__)):
            assert "never-shown-1" not in text
            assert SECRETS.secret not in text


def test_it_passes_the_psas_own_error_on(house: House) -> None:
    house.app.faults.arm(Fault("status", path="Companies", body={"errors": ["The database is being moved."]}))
    tested = house.psa.test()
    assert (tested.ok, tested.text) == (False, "The database is being moved.")


@pytest.mark.parametrize(("given", "code"), [("77", "not_found"), ("zero", "validation"), ("", "validation")])
def test_it_names_a_wrong_company_id(house: House, given: str, code: str) -> None:
    settings = AutotaskSettings(zone_lookup_url=f"{house.url}/atservicesrest", company_id=given)
    psa = AutotaskConnector(http=house.http, settings=settings, secrets=SECRETS, clock=house.app.clock.now)
    tested = psa.test()
    assert (tested.ok, tested.code) == (False, code)


@pytest.mark.parametrize("verb", [{"expire": True}, {"revoke": True}, {"secret": "another"}])
def test_it_sees_credentials_that_ended_after_it_had_connected(house: House, verb: dict[str, Any]) -> None:
    assert house.psa.test().ok
    house.control("credentials", user=SECRETS.user, **verb)
    with pytest.raises(Refused) as e:
        house.psa.agreements()
    assert e.value.code == "credentials"
    outcome = house.psa.adjust(change(1, 8), once="a")
    assert isinstance(outcome, Refusal)
    assert (outcome.code, house.app.effects) == ("credentials", [])


@pytest.mark.parametrize(
    "zone",
    ["http://127.0.0.1:9/ATServicesRest/", "https://webservices5.autotask.net.evil.example/", "nonsense", ""],
)
def test_it_sends_no_secret_to_a_zone_elsewhere(house: House, zone: str) -> None:
    house.app.faults.arm(Fault("mangle", path="zoneInformation", body={"url": zone}))
    with pytest.raises(Refused) as e:
        house.psa.accounts()
    assert e.value.code == "address"
    assert house.paths() == ["zoneInformation"]


def test_it_sends_no_secret_to_a_zone_at_another_admitted_host(house: House) -> None:
    with opened() as other:
        known = frozenset(h.url.removeprefix("http://") for h in (house, other))
        http = Http(hosts=HostRule(patterns=HOSTS, sandbox=known), timeouts=QUICK)
        settings = AutotaskSettings(zone_lookup_url=f"{house.url}/atservicesrest")
        psa = AutotaskConnector(http=http, settings=settings, secrets=SECRETS, clock=house.app.clock.now)
        zone = {"url": f"{other.url}/ATServicesRest/"}
        house.app.faults.arm(Fault("mangle", path="zoneInformation", body=zone))
        with pytest.raises(Refused) as e:
            psa.accounts()
        http.close()
        assert (e.value.code, other.app.requests) == ("address", [])


def test_it_looks_the_zone_up_once_and_shows_it_no_secret(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Request] = []
    original = house.app.handle
    monkeypatch.setattr(house.app, "handle", lambda request: (seen.append(request), original(request))[1])
    house.psa.accounts()
    house.psa.agreements()
    lookups = [r for r in seen if "zoneinformation" in r.path.lower()]
    assert len(lookups) == 1
    assert "secret" not in lookups[0].headers
    assert all(r.headers["secret"] == SECRETS.secret for r in seen if r not in lookups)


# Reading


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


# Adjusting


def test_seven_more_at_4_effective_11_july_cost_18_97_in_july(house: House) -> None:
    outcome = house.psa.adjust(change(1, 8), once="a")
    assert outcome == Done("", "not read back")
    assert (house.units(), house.units(on=date(2026, 12, 31)), house.units(on=date(2026, 7, 10))) == (8, 8, 0)
    (entry,) = house.control("transactions")
    assert (entry["unitChange"], entry["effectiveDate"]) == (7, "2026-07-11T00:00:00")
    assert (entry["amount"], entry["proratedCost"]) == (18.97, 14.70)
    service = house.psa.services(["9"], since=date(2026, 7, 1)).items["9/service:12"]
    assert [(s.starts_on, s.units) for s in service.segments[:3]] == [
        (date(2026, 7, 1), 1),
        (date(2026, 7, 11), 8),
        (date(2026, 8, 1), 8),
    ]
    with urlopen(f"{house.url}/_panel/") as page:
        html = page.read().decode()
    assert "<td class=n>18.97</td>" in html
    assert "Office E1" in html


def test_it_sets_price_and_cost_with_the_count(house: House) -> None:
    done = house.psa.adjust(change(1, 3, unit_price=Decimal("4.35"), unit_cost=Decimal("3.9")), once="a")
    assert isinstance(done, Done)
    found = house.psa.services(["9"], since=TODAY).items["9/service:12"]
    assert (found.unit_price, found.unit_cost, found.units_on(TODAY)) == (Decimal("4.35"), Decimal("3.9"), 3)
    assert house.control("transactions")[0]["amount"] == 5.89  # 2 * 4.35 * 21 / 31


def test_it_can_set_a_price_alone(house: House) -> None:
    assert isinstance(house.psa.adjust(change(1, 1, unit_price=Decimal(5)), once="a"), Done)
    found = house.psa.services(["9"], since=TODAY).items["9/service:12"]
    assert (found.unit_price, found.units_on(TODAY)) == (Decimal(5), 1)


def test_a_bundle_changes_its_count_only(house: House) -> None:
    done = house.psa.adjust(change(5, 3, date(2026, 8, 1), "bundle:7", unit_price=Decimal(1)), once="a")
    assert isinstance(done, Done)
    assert "price of a bundle" in done.note
    assert (house.units("bundle:7"), house.units("bundle:7", date(2026, 8, 1))) == (5, 3)
    assert house.app.state["rows"]["ContractServiceBundles"]["7"]["adjustedPrice"] == 20.0


def test_reads_lag_behind_for_as_long_as_the_sandbox_says(house: House) -> None:
    house.control("lag", seconds=90)
    house.psa.adjust(change(1, 8), once="a")
    assert house.units() == 1
    house.app.clock.advance(timedelta(seconds=91))
    assert house.units() == 8
    assert house.psa.traits.lag == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("adjustment", "code"),
    [
        (change(1, 8, date(2027, 1, 1)), "date_outside_agreement"),
        (change(1, -4), "validation"),
        (change(1, 8, service="service:99"), "not_found"),
        (change(1, 8, service="product:1"), "not_found"),
        (change(1, 1), "validation"),
        (replace(change(1, 8), units_after=Decimal("2.5")), "whole_units"),
        (change(1, 2**31 + 1), "limit"),
        (change(1, 2, unit_price=Decimal("0.12345678901234567890123")), "validation"),
    ],
)
def test_a_refused_adjustment_changes_nothing_and_says_what_to_do(house: House, adjustment: Adjustment, code: str) -> None:
    outcome = house.psa.adjust(adjustment, once="a")
    assert isinstance(outcome, Refusal), outcome
    assert outcome.code == code
    assert outcome.text
    assert house.app.effects == []
    assert house.units() == 1


def test_it_passes_on_what_autotask_says_of_a_date(house: House) -> None:
    outcome = house.psa.adjust(change(1, 8, date(2027, 1, 1)), once="a")
    assert isinstance(outcome, Refusal)
    assert "effectiveDate must be between the start date and end date of the Contract" in outcome.text
    assert "Extend the contract" in outcome.hint
    house.control("contract", id=9, endDate="2027-12-31")
    assert isinstance(house.psa.adjust(change(1, 8, date(2027, 1, 1)), once="b"), Done)
    assert house.units(on=date(2027, 12, 31)) == 8


def test_a_second_change_on_one_day_is_refused_as_such(house: House) -> None:
    assert isinstance(house.psa.adjust(change(1, 8), once="a"), Done)
    outcome = house.psa.adjust(change(8, 9), once="b")
    assert isinstance(outcome, Refusal)
    assert (outcome.code, len(house.app.effects), house.units()) == ("same_day", 1, 8)
    assert isinstance(house.psa.adjust(change(8, 9, TODAY + timedelta(days=1)), once="c"), Done)
    assert house.units(on=TODAY + timedelta(days=1)) == 9


def test_a_dated_decrease_and_an_earlier_increase_add_up(house: House) -> None:
    house.psa.adjust(change(5, 3, date(2026, 8, 1), "bundle:7"), once="a")
    house.psa.adjust(change(5, 9, TODAY, "bundle:7"), once="b")
    days = (date(2026, 7, 11), date(2026, 7, 31), date(2026, 8, 1), date(2026, 12, 31))
    assert [house.units("bundle:7", day) for day in days] == [9, 9, 7, 7]


def test_a_person_at_the_psa_is_seen(house: House) -> None:
    house.control("units", contractServiceID=12, unitChange=4, effectiveDate="2026-07-11")
    assert house.units() == 5


def test_busy_threads_are_a_delay(house: House) -> None:
    house.psa.test()
    house.control("rate", threads=3)
    outcome = house.psa.adjust(change(1, 8), once="a")
    assert isinstance(outcome, Delay)
    assert (outcome.code, outcome.retry_after) == ("throttled", timedelta(seconds=30))
    assert "thread threshold" in outcome.text
    assert house.app.effects == []
    with pytest.raises(Busy) as e:
        house.psa.accounts()
    assert e.value.code == "throttled"


def test_a_used_up_hour_is_a_delay() -> None:
    with opened(timeouts=Timeouts()) as house:  # the last calls of the hour are slow
        house.control("rate", count=10_000)
        outcome = house.psa.adjust(change(1, 8), once="a")
        assert isinstance(outcome, Delay)
        assert (outcome.code, outcome.retry_after) == ("throttled", timedelta(minutes=1))
        assert house.app.effects == []


def test_it_cannot_find_an_adjustment_again(house: House) -> None:
    adjustment = change(1, 8)
    house.psa.adjust(adjustment, once="a")
    assert house.psa.find(adjustment, once="a") is None


def test_the_sandbox_goes_on_from_its_own_state(house: House) -> None:
    house.psa.adjust(change(1, 8), once="a")
    with urlopen(UrlRequest(f"{house.url}/_sandbox/state", method="POST")) as answer:
        kept = answer.read()
    house.app.load_seed(json.loads(kept))
    assert house.units() == 8
    outcome = house.psa.adjust(change(8, 9), once="b")
    assert isinstance(outcome, Refusal)
    assert outcome.code == "same_day"
