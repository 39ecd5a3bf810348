"""What any connector to accounts has to do: one function for each promise of the port. Run by test_conformance.py.

Each gets the vendor (see vendors.py) and the port to look at, which is its connector or one that lies.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar, get_args

import pytest

from purser.connectors.ports.accounts import Ability, Accounts, Contact, Kind, NewTenant, NewUser, Role, Tenant, User
from purser.connectors.ports.offerings import UNLIMITED, Offering, Quota, offered
from purser.connectors.shared.unable import METHODS
from purser.kernel.errors import Busy, Failure, Missing, Refused, Unsure
from tests.connectors.vendors import Vendor

T = TypeVar("T")
Make = Callable[[Accounts], Accounts]  # what is put around a connector: nothing, or a lie


def new(vendor: Vendor, name: str = "Birch Legal", *, kind: Kind = "customer", reference: str = "purser-9") -> NewTenant:
    return NewTenant(vendor.parent, kind, name, reference, Contact("it@birch.example", "Bea", "Birch"), "C-1009", "en")


def through(vendor: Vendor, call: Callable[[], T]) -> T:
    """The call, again after people did what it waits for."""
    for _ in range(3):
        try:
            return call()
        except Busy as failure:
            if failure.code != "task":
                raise
            vendor.settle()
    raise AssertionError("a task that was done is asked for again")


def made(vendor: Vendor, port: Accounts, name: str = "Birch Legal", **more: Any) -> Tenant:
    return through(vendor, lambda: port.create(new(vendor, name, **more)))


def person(vendor: Vendor, port: Accounts, tenant: Tenant, login: str = "bea.birch") -> User:
    who = NewUser(tenant.id, login, "bea@birch.example", "Bea", "Birch", "en")
    return through(vendor, lambda: port.create_user(who))


def code(of: type[Failure], call: Callable[[], Any]) -> str:
    """The code of the failure that a call raises, of exactly this kind."""
    with pytest.raises(Failure) as caught:
        call()
    assert isinstance(caught.value, of), f"{type(caught.value).__name__} ({caught.value.code}), not {of.__name__}"
    return caught.value.code


def some(vendor: Vendor, port: Accounts) -> list[Offering]:
    """Two offerings with a quota that a customer can have."""
    read = port.available(vendor.parent, "customer")
    assert read.whole
    found = offered(read.items.values(), modes=port.traits.modes[:1])
    return [offering for offering in found if offering.kind != "feature" and not offering.place][:2] or list(found[:2])


# Tenants


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


# Who signs in


def users(vendor: Vendor, port: Accounts) -> None:
    tenant, other = made(vendor, port), made(vendor, port, "Cedar", reference="purser-10")
    user = person(vendor, port, tenant)
    assert (user.tenant, user.login, user.roles, user.elsewhere) == (tenant.id, "bea.birch", frozenset(), 0)
    assert vendor.count("mail") == 0
    read = port.users(tenant.id)
    assert (read.whole, list(read.items)) == (True, [user.id])
    assert port.users(other.id).items == {}
    assert port.user(user.id).login == "bea.birch"
    assert code(Refused, lambda: person(vendor, port, other, "BEA.birch")) == "login_taken"
    through(vendor, lambda: port.delete_user(user))
    assert port.users(tenant.id).items == {}
    assert code(Missing, lambda: port.user(user.id)) == "not_found"
    assert person(vendor, port, tenant).login == "bea.birch", "the login is free again"


def roles(vendor: Vendor, port: Accounts) -> None:
    if "roles" not in port.traits.can:
        return
    for kind in sorted(port.traits.kinds):
        tenant = made(vendor, port, f"A {kind}", kind=kind, reference=f"purser-{kind}")
        user = person(vendor, port, tenant, f"bea.{kind}")
        wanted = frozenset(port.traits.roles[kind])
        assert wanted
        assert port.assign(user, wanted) == wanted
        assert port.user(user.id).roles == wanted
        refused = (*wanted, Role("no_such_role"))
        assert code(Refused, lambda user=user, refused=refused: port.assign(port.user(user.id), refused)) == "role"  # type: ignore[misc]
        assert port.user(user.id).roles == wanted, "all or nothing"


def mails_when_asked(vendor: Vendor, port: Accounts) -> None:
    if "activation" not in port.traits.can:
        return
    user = person(vendor, port, made(vendor, port))
    for n in (1, 2):
        port.mail_activation(user.id)
        assert vendor.count("mail") == n


# What a tenant may use


def offerings(vendor: Vendor, port: Accounts) -> None:
    tenant = made(vendor, port)
    first, second = some(vendor, port)
    given = through(vendor, lambda: port.switch(tenant.id, (first, second)))
    assert set(given.items) == {first.key, second.key}
    held = port.offerings(tenant.id)
    assert held.whole
    assert {first.key, second.key} <= set(held.items)
    assert all(held.items[one.key].enabled and held.items[one.key].quota == UNLIMITED for one in (first, second))
    limited = replace(held.items[first.key], quota=Quota(10, 0))
    through(vendor, lambda: port.switch(tenant.id, (limited,)))
    held = port.offerings(tenant.id)
    assert second.key in held.items, "what was not named stays"
    assert (held.items[first.key].quota, held.items[second.key].quota) == (Quota(10, 0), UNLIMITED)
    off = replace(held.items[second.key], enabled=False)
    through(vendor, lambda: port.switch(tenant.id, (off,)))
    on = {key for key, one in port.offerings(tenant.id).items.items() if one.enabled}
    assert first.key in on
    assert second.key not in on
    other = replace(vendor.unavailable(second), enabled=True)
    assert code(Refused, lambda: through(vendor, lambda: port.switch(tenant.id, (other,)))) == "unavailable"


def services(vendor: Vendor, port: Accounts) -> None:
    if "services" not in port.traits.can:
        return
    tenant = made(vendor, port)
    first = some(vendor, port)[0]
    assert first.service in port.services().items
    assert first.service not in port.services_of(tenant.id)
    through(vendor, lambda: port.switch(tenant.id, (first,)))
    assert first.service in port.services_of(tenant.id), "an offering starts its service by itself"
    through(vendor, lambda: port.stop(tenant.id, first.service))
    assert first.service not in port.services_of(tenant.id)
    through(vendor, lambda: port.start(tenant.id, first.service))
    assert first.service in port.services_of(tenant.id)


def tells_what_was_used(vendor: Vendor, port: Accounts) -> None:
    """Source: acceptance AC-37."""
    tenant = made(vendor, port)
    first = some(vendor, port)[0]
    through(vendor, lambda: port.switch(tenant.id, (first,)))
    vendor.use(tenant.id, first, 7)
    if not port.usages([tenant.id]).whole:
        vendor.settle()
    read = port.usages([tenant.id])
    assert read.whole
    used = [u for u in read.items.values() if u.service == first.service and u.value]
    assert [(u.tenant, u.value, u.total) for u in used] == [(tenant.id, 7, 7)]
    assert used[0].since is not None
    assert used[0].since <= read.at


# How it fails


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


CHECKS: tuple[Callable[..., None], ...] = (
    creates, finds_only_ours, names_and_references, finds_after_a_lost_answer, never_two, lag_is_honest, renames,
    suspends_and_resumes, deletes_what_is_suspended, users, roles, mails_when_asked, offerings, services,
    tells_what_was_used, a_cut_list_is_not_whole, missing, failures, test_tells_the_truth, traits_are_honest,
)  # fmt: skip
