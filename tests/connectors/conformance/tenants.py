"""Tenants: made once, found again, renamed, suspended, deleted."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from purser.connectors.ports.accounts import Accounts
from purser.kernel.errors import Busy, Failure, Missing, Refused, Unsure
from tests.connectors.conformance.kit import code, made, new, person, through
from tests.connectors.vendors import Vendor


def creates(vendor: Vendor, port: Accounts) -> None:
    for kind in sorted(port.traits.kinds):
        tenant = made(vendor, port, f"A {kind}", kind=kind, reference=f"purser-{kind}")
        assert (tenant.kind, tenant.parent, tenant.name) == (kind, vendor.parent, f"A {kind}")
        assert (tenant.reference, tenant.enabled, tenant.deleted) == (f"purser-{kind}", True, False)
        assert port.tenant(tenant.id).name == tenant.name
        found = port.find(f"purser-{kind}")
        assert found is not None
        assert found.id == tenant.id
        assert tenant.id in port.tenants().items
    assert port.root() not in port.tenants().items


def finds_only_ours(vendor: Vendor, port: Accounts) -> None:
    assert port.find("purser-9") is None
    tenant = made(vendor, port)
    vendor.twin("purser-8")
    assert port.find("purser") is None
    twin = port.find("purser-8")
    assert twin is not None
    assert twin.id != tenant.id
    vendor.twin("purser-9")
    assert code(Refused, lambda: port.find("purser-9")) == "duplicate"


def names_and_references(vendor: Vendor, port: Accounts) -> None:
    longest = "ž" * port.traits.most_name
    assert made(vendor, port, longest, reference="r" * 100).name == longest
    assert code(Refused, lambda: port.create(new(vendor, longest + "z"))) == "validation"
    assert code(Refused, lambda: port.create(new(vendor, "", reference="purser-1"))) == "validation"
    assert code(Refused, lambda: port.create(new(vendor, reference="r" * 101))) == "validation"
    assert code(Refused, lambda: port.create(new(vendor, longest, reference="purser-2"))) == "name_taken"


def finds_after_a_lost_answer(vendor: Vendor, port: Accounts) -> None:
    vendor.lose("tenant")
    with pytest.raises((Unsure, Busy)) as caught:
        port.create(new(vendor))
    assert isinstance(caught.value, Unsure) or caught.value.code == "task"
    vendor.settle()
    vendor.elapse(port.traits.lag)
    found = port.find("purser-9")
    assert found is not None
    assert (found.name, vendor.count("tenant")) == ("Birch Legal", 1)


def never_two(vendor: Vendor, port: Accounts) -> None:
    """Also for a caller that does not look first."""
    vendor.lose("tenant")
    for _ in range(3):
        try:
            port.create(new(vendor))
        except Failure:
            vendor.settle()
        vendor.elapse(timedelta(seconds=5))
    assert vendor.count("tenant") == 1
    tenant = port.find("purser-9")
    assert tenant is not None
    vendor.lose("user")
    for _ in range(3):
        try:
            person(vendor, port, tenant)
        except Failure:
            vendor.elapse(timedelta(seconds=5))
    assert vendor.count("user") == 1
    assert [user.login for user in port.users(tenant.id).items.values()] == ["bea.birch"]


def lag_is_honest(vendor: Vendor, port: Accounts) -> None:
    vendor.slow()
    with suppress(Unsure):  # it is still at work
        made(vendor, port)
    vendor.elapse(port.traits.lag)
    found = port.find("purser-9")
    assert found is not None
    assert found.id in port.tenants().items


def renames(vendor: Vendor, port: Accounts) -> None:
    tenant = made(vendor, port)
    assert through(vendor, lambda: port.rename(tenant, "Birch & Sons")).name == "Birch & Sons"
    now = port.tenant(tenant.id)
    assert (now.name, now.reference) == ("Birch & Sons", "purser-9")
    assert code(Busy, lambda: port.rename(tenant, "Of a stale version")) == "changed"
    assert port.tenant(tenant.id).name == "Birch & Sons"


def suspends_and_resumes(vendor: Vendor, port: Accounts) -> None:
    tenant = made(vendor, port)
    for way, enabled in ((port.suspend, False), (port.resume, True)) * 2:
        held = port.tenant(tenant.id)
        assert through(vendor, lambda way=way, held=held: way(held)).enabled is enabled  # type: ignore[misc]
        assert port.tenant(tenant.id).enabled is enabled
    found = port.find("purser-9")
    assert found is not None


def deletes_what_is_suspended(vendor: Vendor, port: Accounts) -> None:
    tenant = made(vendor, port)
    assert code(Refused, lambda: through(vendor, lambda: port.delete(tenant))) == "not_disabled"
    assert port.tenant(tenant.id).deleted is False
    off = through(vendor, lambda: port.suspend(port.tenant(tenant.id)))
    through(vendor, lambda: port.delete(port.tenant(off.id)) if not port.tenant(off.id).deleted else None)
    try:
        assert port.tenant(tenant.id).deleted
    except Missing:
        pass
    assert port.find("purser-9") is None
    assert tenant.id not in port.tenants().items
    again = made(vendor, port)
    assert again.id != tenant.id, "our reference is free for another tenant"
