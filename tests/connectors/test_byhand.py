"""The vendor without an interface, in what differs from others; the rest is test_conformance.py's. Row AC-36."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from purser.connectors.byhand import products
from purser.connectors.byhand.standing import standing
from purser.connectors.ports.accounts import Tenant
from purser.connectors.ports.tasks import Told
from purser.kernel.errors import Busy, Failure, Refused
from tests.connectors.conformance.kit import code, made, new, person, some, through
from tests.connectors.vendors import AtNobody


@pytest.fixture
def vendor() -> AtNobody:
    return AtNobody()


def open_(vendor: AtNobody) -> list[str]:
    return sorted(key for key, row in vendor.table.rows.items() if row.state == "open")


def test_a_change_waits_for_a_person_and_is_asked_for_once(vendor: AtNobody) -> None:
    port = vendor.connector()
    for _ in range(3):
        with pytest.raises(Busy) as caught:
            port.create(new(vendor))
        assert caught.value.code == "task"
        assert "due on 2025-07-11" in caught.value.text
    assert open_(vendor) == ["tenant:purser-9:0"]
    assert port.find("purser-9") is None
    vendor.settle()
    assert port.create(new(vendor)).id == "T-0"


def test_what_was_declined_is_refused_with_the_persons_words(vendor: AtNobody) -> None:
    port = vendor.connector()
    with pytest.raises(Busy):
        port.create(new(vendor))
    (key,) = open_(vendor)
    vendor.table.rows[key] = replace(vendor.table.rows[key], state="declined", note="Sold out")
    with pytest.raises(Refused, match="Sold out") as caught:
        port.create(new(vendor))
    assert caught.value.code == "declined"


def test_a_task_stays_the_same_whatever_else_is_confirmed_meanwhile(vendor: AtNobody) -> None:
    port = vendor.connector()
    tenant = made(vendor, port)
    with pytest.raises(Busy):
        port.rename(tenant, "Birch & Sons")
    rename = open_(vendor)
    person(vendor, port, tenant)  # confirms the renaming as well
    assert port.tenant(tenant.id).name == "Birch & Sons"
    now = port.tenant(tenant.id)
    with pytest.raises(Busy):
        port.rename(now, "Birch and Sons")
    with pytest.raises(Busy):
        port.switch(tenant.id, some(vendor, port))
    vendor.table.rows = {
        key: replace(row, state="done", at=vendor.table.at[0]) if key.startswith("switch") else row
        for key, row in vendor.table.rows.items()
    }
    with pytest.raises(Busy):
        port.rename(port.tenant(tenant.id), "Birch and Sons")
    assert [key.rpartition(":")[0] for key in open_(vendor)] == [rename[0].rpartition(":")[0]]


def test_a_name_and_a_login_are_refused_before_anybody_works_for_nothing(vendor: AtNobody) -> None:
    port = vendor.connector()
    tenant = made(vendor, port)
    assert code(Refused, lambda: port.create(new(vendor, "birch LEGAL", reference="purser-1"))) == "name_taken"
    off = through(vendor, lambda: port.suspend(port.tenant(tenant.id)))
    assert code(Refused, lambda: person(vendor, port, off)) == "disabled"
    assert open_(vendor) == []


def test_what_a_tenant_is_given_its_own_customers_may_have(vendor: AtNobody) -> None:
    port = vendor.connector()
    above = made(vendor, port, "Cedar", kind="partner", reference="purser-1")
    first, _ = some(vendor, port)
    through(vendor, lambda: port.switch(above.id, [first]))
    assert [o.service for o in port.available(above.id, "customer").items.values()] == [first.service]
    below: Tenant = through(vendor, lambda: port.create(replace(new(vendor), parent=above.id)))
    assert code(Refused, lambda: port.switch(below.id, some(vendor, port))) == "unavailable"
    assert set(port.tenants(above.id).items) == {below.id}
    assert code(Refused, lambda: port.delete(through(vendor, lambda: port.suspend(port.tenant(above.id))))) == "rules"


def told(key: str, answer: dict[str, str] | None = None, **words: str) -> Told:
    row = AtNobody().table
    return Told(key, "done", row.at[0].date(), words, answer or {}, "", row.at[0])


@pytest.mark.parametrize(
    "odd",
    [
        told("a:0", do="fly"),
        told("a:0", do="create", kind="customer"),
        told("a:0", do="rename", tenant="nobody", name="x"),
        told("a:0", {"backup": "many"}, do="usage", tenant="t", month="2025-06"),
        told("a:0", {"backup": "-1"}, do="usage", tenant="t", month="2025-06"),
    ],
)
def test_what_makes_no_sense_is_told_and_not_taken(odd: Told) -> None:
    found = standing([odd])
    assert len(found.odd) == 1
    assert (found.tenants, found.used) == ({}, {})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("backup: Backup\nphones", {"backup": "Backup", "phones": "phones"}),
        ("", {}),
        ("  a.b-1 :  Name of it ", {"a.b-1": "Name of it"}),
    ],
)
def test_products_are_lines_of_code_and_name(text: str, found: dict[str, Any]) -> None:
    assert products(text) == found


@pytest.mark.parametrize("text", ["a: One\na: Two", "no code here!: x", "\n".join(f"p{n}" for n in range(201))])
def test_lines_that_are_no_products_are_refused(text: str) -> None:
    with pytest.raises(Failure) as caught:
        products(text)
    assert caught.value.code == "products"
