"""How many requests a monitor pass makes, counted in the vendors' own logs. Source: issue "Speed and size"; ID-25."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from bench import passes
from bench.seeds import Book

BOOK = Book(resources=152)  # 38 customers with an agreement each, 76 subscriptions
CHANGES = 4
AUTOTASK = "POST /atservicesrest/v1.0/"


@pytest.fixture(params=["autotask", "connectwise"])
def psa(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def day(psa: str) -> Iterator[passes.Day]:
    with passes.steady(BOOK, psa, month=11) as day:
        yield day


def test_a_quiet_pass_reads_lists_at_the_marketplace_and_no_details(day: passes.Day) -> None:
    assert day.step().marketplace == 2  # a page of customers, a page of subscriptions


def test_a_changed_subscription_costs_the_marketplace_one_call(day: passes.Day) -> None:
    assert day.step(CHANGES).marketplace == 2 + CHANGES


@pytest.mark.parametrize("psa", ["autotask"])
def test_a_quiet_pass_asks_autotask_for_a_page_of_each_entity(psa: str, day: passes.Day) -> None:
    entities = ("contracts", "contractservices", "contractserviceunits", "services", "contractservicebundles")
    assert day.step().psa == Counter({f"{AUTOTASK}{entity}/query": 1 for entity in entities})


@pytest.mark.parametrize("psa", ["autotask"])
def test_a_change_costs_autotask_a_look_a_write_and_a_verification(psa: str, day: passes.Day) -> None:
    asked = day.step(CHANGES).psa
    writes = sum(count for path, count in asked.items() if path.endswith("/serviceadjustments"))
    lines = sum(count for path, count in asked.items() if path.startswith("GET"))
    # a look is one call: the units of the line
    assert (writes, lines, asked[f"{AUTOTASK}contractserviceunits/query"]) == (CHANGES, 0, 1 + 2 * CHANGES)
    assert asked.total() == 5 + 3 * CHANGES


@pytest.mark.parametrize("psa", ["connectwise"])
def test_a_quiet_pass_asks_connectwise_for_each_linked_agreement_once(psa: str, day: passes.Day) -> None:
    asked = day.step().psa
    assert asked.total() == 1 + BOOK.customers
    assert set(asked.values()) == {1}


@pytest.mark.parametrize("psa", ["connectwise"])
def test_a_change_costs_connectwise_seven_calls(psa: str, day: passes.Day) -> None:
    """A look; the agreement and its additions again just before the write; add, confirm, end; a verification."""
    asked = day.step(CHANGES).psa
    writes = sum(count for path, count in asked.items() if path.startswith(("POST", "PATCH")))
    assert writes == 2 * CHANGES
    assert asked.total() == 1 + BOOK.customers + 7 * CHANGES


def test_the_second_pass_after_a_change_is_quiet_at_the_psa_again(day: passes.Day) -> None:
    day.step(CHANGES)
    quiet = day.step().psa
    assert set(quiet.values()) == {1}
    assert all(not path.startswith(("PATCH", "PUT")) for path in quiet)
