"""How it fails, and whether what it says of itself is true."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest

from purser.connectors.ports.accounts import Ability, Accounts, Tenant
from purser.connectors.shared.unable import METHODS
from purser.kernel.errors import Busy, Failure, Missing, Unsure
from tests.connectors.conformance.kit import Make, code, made, new, person, some
from tests.connectors.vendors import Vendor


def a_cut_list_is_not_whole(vendor: Vendor, port: Accounts, make: Make) -> None:
    made(vendor, port)
    assert port.tenants().whole
    read = make(vendor.cut()).tenants()
    assert not read.whole
    assert read.cut
    vendor.twin("purser-77")
    vendor.twin("purser-77")
    assert code(Busy, lambda: make(vendor.cut()).find("purser-77")) == "malformed"


def missing(vendor: Vendor, port: Accounts) -> None:
    tenant = made(vendor, port)
    for id in ("999999", "", "../me", "99999999-0000-4000-8000-000000000000"):
        assert code(Missing, lambda id=id: port.tenant(id)) == "not_found"  # type: ignore[misc]
        assert code(Missing, lambda id=id: port.user(id)) == "not_found"  # type: ignore[misc]
        assert code(Missing, lambda id=id: port.users(id)) == "not_found"  # type: ignore[misc]
        stray = replace(tenant, id=id)
        assert code(Missing, lambda stray=stray: port.rename(stray, "Stray")) == "not_found"  # type: ignore[misc]


def failures(vendor: Vendor, port: Accounts, make: Make) -> None:
    """Each of what may happen to a call is the failure that says what to do next."""
    if not vendor.http:
        return
    tenant = made(vendor, port)

    def read(of: Accounts) -> Tenant:
        return of.tenant(tenant.id)

    def write(of: Accounts) -> Tenant:
        return of.suspend(tenant)

    def met(call: Callable[[Accounts], Tenant], kind: str, **details: Any) -> Failure:
        """With a connector of its own, which is signed in."""
        own = make(vendor.connector())
        own.root()
        vendor.fail(kind, **details)
        with pytest.raises(Failure) as caught:
            call(own)
        return caught.value

    def told(failure: Failure) -> tuple[type[Failure], str]:
        return type(failure), failure.code

    for kind, details, name in (
        ("reset", {}, "network"), ("half_closed", {"applied": False}, "network"), ("status", {"status": 503}, "server"),
        ("garbage", {}, "malformed"), ("wrong_type", {"applied": False}, "malformed"),
        ("ok_error_body", {"body": {"status": "fine"}}, "malformed"), ("other_id", {}, "malformed"),
        ("mangle", {"body": {"status": 7, "enabled": "yes", "version": "x", "revision": "x"}}, "malformed"),
    ):  # fmt: skip
        assert told(met(read, kind, **details)) == (Busy, name)
        tenant = port.tenant(tenant.id)
        assert told(met(write, kind, **details)) == (Unsure, name)
        tenant = port.tenant(tenant.id)
    for call in (read, write, lambda of: of.create(new(vendor, "Not now", reference="purser-1"))):
        asked = met(call, "throttle", retry_after="30")
        assert told(asked) == (Busy, "throttled")
        assert asked.retry_after == timedelta(seconds=30)  # type: ignore[attr-defined]
    assert port.find("purser-1") is None


def test_tells_the_truth(vendor: Vendor, port: Accounts, make: Make) -> None:
    good, bad = port.test(), make(vendor.wrong()).test()
    assert (good.ok, bool(good.text)) == (True, True)
    assert (bad.ok, bool(bad.text), bool(bad.code)) == (False, True, True)
    assert "another-secret" not in bad.text
    if vendor.http:
        assert bad.code == "credentials"
        assert vendor.secret not in good.text
        vendor.fail("status", status=500, times=9)
        assert not make(vendor.connector()).test().ok


def traits_are_honest(vendor: Vendor, port: Accounts) -> None:
    """An ability that is not in `can` raises unsupported, and one that is does not."""
    can = port.traits.can
    assert can <= set(get_args(Ability))
    assert {"partner", "customer"} >= port.traits.kinds
    assert set(port.traits.roles) <= (port.traits.kinds if "roles" in can else set())
    assert bool(port.traits.modes) == ("modes" in can)
    tenant = made(vendor, port)
    user = person(vendor, port, tenant)
    service = some(vendor, port)[0].service if "offerings" in can else "backup"
    given: dict[str, tuple[Any, ...]] = {
        "login_free": ("cy.cedar",), "assign": (user, ()), "mail_activation": (user.id,), "open": (tenant,), "services": (),
        "services_of": (tenant.id,), "start": (tenant.id, service), "stop": (tenant.id, service),
        "available": (vendor.parent, "customer"), "offerings": (tenant.id,), "switch": (tenant.id, ()),
        "change_mode": (tenant.id, service, "per_gigabyte"), "rename": (tenant, "Renamed"), "suspend": (tenant,),
        "resume": (tenant,), "delete": (tenant,), "usages": ([tenant.id],),
    }  # fmt: skip
    for ability, methods in METHODS.items():
        for method in methods:
            try:
                getattr(port, method)(*given[method])
                said = ""
            except Failure as failure:
                said = failure.code
            assert (said == "unsupported") == (ability not in can), f"{method} answers {said or 'well'}; can: {sorted(can)}"
