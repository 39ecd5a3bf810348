"""The Autotask connector adjusts counts and says what became of it, at the sandbox, over HTTP."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from urllib.request import Request as UrlRequest
from urllib.request import urlopen

import pytest

from purser.connectors.ports.psa import Adjustment
from purser.connectors.shared.http import Timeouts
from purser.kernel.errors import Busy
from purser.reconcile.model import Delay, Done, Refusal
from tests.connectors.autotask import TODAY, House, change, house, opened

__all__ = ["house"]  # the fixture


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
