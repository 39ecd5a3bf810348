"""It finds an organisation by what people type, and never one that the seat may not list."""

from __future__ import annotations

from typing import Any

import pytest

from purser.postgres import tenancy
from purser.tenants import search, tree
from purser.tenants.models import Organisation
from tests.access import kit


@pytest.fixture(scope="module")
def chain() -> dict[str, Organisation]:
    distributor = kit.distributor("Broad Supply")
    reseller = kit.reseller("Quay IT", under=distributor)
    names = [("Ångström & Sons GmbH", "angstrom.example"), ("Alder Dental", "alder-dental.example"), ("Alpine Foods", "")]
    made: dict[str, Any] = {"distributor": distributor, "reseller": reseller}
    return made | {name: kit.customer(name, under=reseller, domain=domain) for name, domain in names}


def found(chain: dict[str, Organisation], text: str) -> list[str]:
    by_id = {made.pk: name for name, made in chain.items()}
    with tenancy.listing_customers_of(chain["reseller"].pk):
        mine = [by_id[id] for id in search.find(text)]
    with tenancy.listing_below(chain["distributor"].pk):
        theirs = [by_id[id] for id in search.find(text)]
    assert [name for name in theirs if name != "reseller"] == mine
    return mine


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ang", ["Ångström & Sons GmbH"]),
        ("ÅNGSTRÖM", ["Ångström & Sons GmbH"]),
        ("sons ang", ["Ångström & Sons GmbH"]),
        ("al", ["Alder Dental", "Alpine Foods"]),
        ("al d", ["Alder Dental"]),
        ("alder-dental.ex", ["Alder Dental"]),
        ("dental", ["Alder Dental"]),
        ("ental", []),
        ("", []),
        ("  & ", []),
        ("al" * 60, []),
        ("a%", ["Alder Dental", "Alpine Foods", "Ångström & Sons GmbH"]),
    ],
)
def test_it_finds_by_the_beginning_of_any_word(chain: dict[str, Organisation], text: str, wanted: list[str]) -> None:
    assert found(chain, text) == wanted


def test_it_finds_by_tenant_id(chain: dict[str, Organisation]) -> None:
    assert found(chain, chain["Alpine Foods"].number[:9]) == ["Alpine Foods"]


def test_another_partner_finds_nothing(chain: dict[str, Organisation]) -> None:
    other = kit.reseller("Tide IT")
    with tenancy.listing_customers_of(other.pk):
        assert search.find("al") == []
    with tenancy.listing_below(kit.distributor().pk):
        assert search.find("al") == []


def test_a_customer_that_moves_is_found_by_its_new_partner_only() -> None:
    old, new = kit.reseller("Old IT"), kit.reseller("New IT")
    customer = kit.customer("Wanderer", under=old)
    with tenancy.acting_in(customer.pk):
        tree.move(new, by="desk", now=kit.now())
    with tenancy.listing_customers_of(old.pk):
        assert search.find("wanderer") == []
    with tenancy.listing_customers_of(new.pk):
        assert search.find("wanderer") == [customer.pk]
