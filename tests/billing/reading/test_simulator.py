"""Two policies or two price lists over a partner's own days. Source: issue 4, section 6."""

from __future__ import annotations

import csv
import io
from datetime import date
from typing import Any

import pytest

from purser.access import verbs
from purser.billing.buying import packages
from purser.billing.usage import comparing, sharing
from purser.billing.usage.comparing import Choice
from purser.postgres import ids, tenancy
from purser.rating.policy import DSU, Scope, Terms
from tests.access import kit as people
from tests.billing.reading import kit
from tests.billing.reading.kit import Desk

FIRST = date(2026, 10, 1)
STANDARD = DSU.on(FIRST)
EVERY_DAY = Terms(billable_days=31, ratchet=False, true_up=False, carry_over=False, scope=Scope.PARTNER)
FORM = {"billable_days": "25", "ratchet": "on", "true_up": "on", "carry_over": "on", "scope": "partner", "package": ""}


@pytest.fixture
def october() -> Desk:
    desk = kit.desk()
    desk.begin(FIRST)
    desk.closed(FIRST, kit.october(desk.alder.pk))
    return desk


def form(a: dict[str, str] | None = None, b: dict[str, str] | None = None) -> dict[str, str]:
    sides = {"a": FORM | (a or {}), "b": FORM | (b or {})}
    return {f"{side}-{name}": value for side, said in sides.items() for name, value in said.items()}


def test_the_terms_that_hold_give_what_was_charged(october: Desk) -> None:
    found = october.send("/simulations", {"a": {}, "b": {}}).json()
    assert found["a"] == found["b"]
    assert (found["a"]["units"], found["opening"]) == (3550, 0)
    assert [month["month"] for month in found["a"]["months"]] == ["2026-10-01"]


def test_a_policy_without_a_peak_charges_each_days_count(october: Desk) -> None:
    found = comparing.compare(october.partner, (Choice(), Choice(EVERY_DAY)), now=people.now())
    counted = sum(sum(day.values()) for day in kit.october(october.alder.pk))
    assert [side.total.units for side in found.sides] == [3550, counted]
    assert found.units == counted - 3550


def test_two_packages_cost_what_they_say(october: Desk) -> None:
    """3,550 units at .042 and .05; bought by 2,000 and by 500, from a balance of 0."""
    body = {"a": {}, "b": {"own": {"units": 500, "unit_price": "0.05"}}}
    found = october.send("/simulations", body).json()
    assert [found[side]["worth"]["amount"] for side in "ab"] == ["149.1", "177.5"]
    assert [(found[side]["bought"], found[side]["paid"]["amount"]) for side in "ab"] == [(2, "168"), (8, "200")]
    assert [found[side]["months"][-1]["balance"] for side in "ab"] == [450, 450]


def test_packages_of_the_partners_price_lists_can_be_compared(october: Desk) -> None:
    packages.copy_to(october.partner, people.now())
    with tenancy.acting_in(october.partner):
        keys = [one.key for one in comparing.offered()]
    assert "1:CPP-DSU-1000" in keys
    found = october.send("/simulations", {"a": {"package": "1:CPP-DSU-1"}, "b": {"package": "1:CPP-DSU-1000"}}).json()
    assert [found[side]["worth"]["amount"] for side in "ab"] == ["152.65", "117.15"]


def test_the_page_shows_both_sides_and_the_file_has_them(october: Desk) -> None:
    first = people.text(october.page("simulator/"))
    assert "3,550 units by A" in first
    said = form(b={"billable_days": "31", "ratchet": "", "true_up": ""})
    address = "simulator/?" + "&".join(f"{name}={value}" for name, value in said.items() if value)
    page = people.text(october.page(address))
    assert "3,270 units by B" in page
    assert "(280) units that B costs more" in page
    query = address.partition("?")[2]
    file = b"".join(october.page(f"simulator/export/?{query}&format=csv").streaming_content).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(file)))
    assert [(row["Month"], row["A units"], row["B units"]) for row in rows] == [("2026-10", "3550", "3270")]
    assert b"".join(october.page(f"simulator/export/?{query}&format=xlsx").streaming_content)[:2] == b"PK"


@pytest.mark.parametrize(
    "wrong",
    [
        {"billable_days": "0"},
        {"billable_days": "32"},
        {"billable_days": "many"},
        {"scope": "planet"},
        {"package": "7:CPP-DSU-2"},
        {"package": "own"},
        {"package": "own", "units": "0", "unit_price": "0.04"},
        {"package": "own", "units": "5", "unit_price": "-1"},
        {"package": "own", "units": "5", "unit_price": "0.0000001"},
        {"package": "own", "units": "2000000000", "unit_price": "1"},
    ],
)
def test_it_refuses_what_cannot_be(october: Desk, wrong: dict[str, str]) -> None:
    answer = october.client().get(people.url(october.made.reseller, "usage/simulator/"), form(b=wrong))
    assert answer.status_code == 422
    assert "Nothing was compared" in people.text(answer)
    answer = october.client().get(people.url(october.made.reseller, "usage/simulator/export/"), form(b=wrong))
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "side",
    [
        {"terms": {"billable_days": 32}},
        {"terms": {"scope": "planet"}},
        {"package": "7:CPP-DSU-2"},
        {"own": {"units": 0, "unit_price": "1"}},
        {"own": {"units": 1, "unit_price": "0"}},
        {"own": {"units": 1, "unit_price": "1000000"}},
        {"own": {"units": 1, "unit_price": 0.04}},
        {"policy": "mine"},
    ],
)
def test_the_api_refuses_it_too(october: Desk, side: dict[str, Any]) -> None:
    assert october.send("/simulations", {"a": {}, "b": side}).status_code == 422
    assert october.send("/simulations", {"a": {}, "b": {}, "months": 14}).status_code == 422


def test_readers_do_not_simulate(october: Desk) -> None:
    reader = people.member(october.made.reseller, verbs.READER, factor=False)
    assert october.send("/simulations", {"a": {}, "b": {}}, who=reader).status_code == 403
    assert october.page("simulator/", who=reader).status_code == 403


def test_what_lies_before_a_gap_is_left_out() -> None:
    desk = kit.desk()
    desk.begin(FIRST)
    desk.closed(FIRST, [{desk.alder.pk: 9}] * 3)
    desk.closed(date(2026, 10, 10), [{desk.alder.pk: 2}] * 3, post=False)
    found = comparing.compare(desk.partner, (Choice(), Choice()), now=people.now())
    assert (found.first, found.last, found.days) == (date(2026, 10, 10), date(2026, 10, 12), 3)


def test_thirteen_months_are_compared_and_the_shares_of_each_sum_to_its_charges() -> None:
    """How long a thousand tenants take is measured by `python -m bench simulator`."""
    desk = kit.desk()
    first = date(2025, 9, 1)
    desk.begin(first)
    tenants = [ids.new() for _ in range(7)]
    days = (date(2026, 10, 1) - first).days
    counts = [{tenant: 1 + (n * 7 + day) % 23 for n, tenant in enumerate(tenants)} for day in range(days)]
    desk.closed(first, counts, post=False)
    apart = Terms(25, ratchet=True, true_up=True, carry_over=True, scope=Scope.TENANT)
    found = comparing.compare(desk.partner, (Choice(STANDARD), Choice(apart)), now=people.now())
    assert (found.first, found.last) == (first, date(2026, 9, 30))
    assert len(found.rows) == 13
    one, other = found.sides
    assert one.total.units < other.total.units, "a peak each is at least that of all together"
    assert sum(row[0].units for row in found.rows) == one.total.units
    for month in (date(2025, 9, 1), date(2026, 9, 1)):
        shared = sharing.of_month(desk.partner, month, now=people.now())
        assert sum(day.units for day in shared.days) == shared.charged > 0
