"""What the Acronis connector makes of a bad day: each fault at each call, and one tenant, one user, one mail all the same.

Source: P9, P12; acceptance AC-29, AC-30, AC-31.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from purser.connectors.acronis import AcronisConnector
from purser.connectors.ports.accounts import Tenant
from purser.connectors.ports.offerings import Quota, offering_key
from purser.kernel.errors import Busy, Failure, Unsure
from sandboxes.kit.faults import KINDS
from tests.connectors.acronis import (
    CUSTOMER,
    NOW,
    OWNER,
    PROTECTION,
    READ_ONLY,
    RESELLER,
    SECRET,
    World,
    new,
    person,
    served,
    world,
)
from tests.late import landed

__all__ = ["served", "world"]  # the fixtures

ADA = "00000000-0000-4000-8000-00000000000a"
FAULTS: dict[str, dict[str, Any]] = {kind: {"kind": kind} for kind in KINDS} | {
    "timeout_before": {"kind": "timeout_before", "seconds": 0.03},
    "timeout_after": {"kind": "timeout_after", "seconds": 0.03},
    "late_apply": {"kind": "late_apply", "seconds": 0.03},
    "body_cut unapplied": {"kind": "body_cut", "applied": False},
    "slow_drip": {"kind": "slow_drip", "seconds": 0.02},
    "status 302": {"kind": "status", "status": 302},
    "status 401": {"kind": "status", "status": 401},
    "status 500 applied": {"kind": "status", "status": 500, "applied": True},
    "status 503": {"kind": "status", "status": 503},
    "mangle": {
        "kind": "mangle",
        "body": {"id": 7, "items": 7, "name": None, "mode": 3, "enabled": "yes", "version": "x", "tenant_id": None},
    },
    "mangled to another's": {
        "kind": "mangle",
        "body": {"id": RESELLER, "mode": "trial", "internal_tag": "x", "enabled": 1, "login": "x", "items": {"status": 7}},
    },
}
SERVERS = offering_key(PROTECTION, "pg_base_servers")
Call = Callable[[AcronisConnector, World], Any]


def _switch(acronis: AcronisConnector, world: World) -> Any:
    servers = acronis.offerings(CUSTOMER).items[SERVERS]
    return acronis.switch(CUSTOMER, [replace(servers, quota=Quota(7, 0))])


# Name of the effect in the sandbox, the call's method and path, the call, and whether it has been.
EFFECTS: dict[str, tuple[str, str, str, Call, Call]] = {
    "create": ("tenant", "POST", "tenants$", lambda a, w: a.create(new()), lambda a, w: a.find("account-9", since=NOW)),
    "open": (
        "production", "PUT", "pricing$", lambda a, w: a.open(a.tenant(CUSTOMER)),
        lambda a, w: a.tenant(CUSTOMER).stage == "production",
    ),
    "suspend": (
        "disabled", "PUT", "tenants/[^/]+$", lambda a, w: a.suspend(a.tenant(CUSTOMER)),
        lambda a, w: not a.tenant(CUSTOMER).enabled,
    ),
    "switch": (
        "items", "PUT", "offering_items$", _switch,
        lambda a, w: a.offerings(CUSTOMER).items[SERVERS].quota == Quota(7, 0),
    ),
    "user": (
        "user", "POST", "users$", lambda a, w: a.create_user(person(CUSTOMER)),
        lambda a, w: any(u.login == "bea.birch" for u in a.users(CUSTOMER).items.values()),
    ),
    "roles": (
        "roles", "PUT", "access_policies$", lambda a, w: a.assign(a.user(ADA), READ_ONLY),
        lambda a, w: a.user(ADA).roles == frozenset(READ_ONLY),
    ),
    "mail": ("mail", "POST", "activation-email$", lambda a, w: a.mail_activation(ADA), lambda a, w: w.done("mail")),
}  # fmt: skip
READS: dict[str, tuple[str, Call]] = {
    "test": ("clients/", lambda a, w: a.test()),
    "tenant": ("tenants/[^/]+$", lambda a, w: a.tenant(CUSTOMER)),
    "tenants": ("tenants$", lambda a, w: a.tenants()),
    "offerings": ("offering_items$", lambda a, w: a.offerings(CUSTOMER)),
    "users": ("users$", lambda a, w: a.users(CUSTOMER)),
    "usages": ("usages$", lambda a, w: a.usages([CUSTOMER])),
    "login": ("check_login$", lambda a, w: a.login_free("ada")),
}
CODES = {"network", "server", "malformed", "throttled", "address", "validation", "credentials", "not_found", "role", "login"}


def worth(call: str, fault: str) -> bool:
    """A slow drip costs a wait each time, and is the same for all calls: one effect and one read are enough."""
    return fault != "slow_drip" or call in ("create", "tenants")


def patience(fault: str) -> float:
    """The sandbox ends all its other faults by itself: a test that waits for long enough depends on no clock."""
    return 0.3 if fault == "slow_drip" else 10.0


def check(failure: Failure | None) -> None:
    if failure is None:
        return
    assert 0 < len(failure.text) < 1000
    assert failure.code in CODES
    assert SECRET not in failure.text
    assert "Bearer" not in failure.text


@pytest.mark.parametrize(("effect", "fault"), [(e, f) for e in EFFECTS for f in FAULTS if worth(e, f)])
def test_an_effect_is_had_once_whatever_became_of_the_answer(world: World, effect: str, fault: str) -> None:
    """The first call meets the fault; who looks before trying again has the effect once.

    A mail leaves no trace at the vendor: of an unsure one a person decides, so it is never sent a second time here.
    """
    name, method, path, call, been = EFFECTS[effect]
    acronis = world.connector(patience=patience(fault))
    acronis.root()
    world.fail(**FAULTS[fault], method=method, path=path)
    failure: Failure | None = None
    try:
        call(acronis, world)
    except Failure as e:
        failure = e
    check(failure)
    assert failure is not None or len(world.done(name)) == 1
    assert failure is None or isinstance(failure, Unsure) or world.done(name) == []
    if fault == "late_apply":
        assert isinstance(failure, Unsure)
        landed()
    world.app.faults.clear()
    again = world.connector() if fault == "slow_drip" else acronis
    if not been(again, world) and not (effect == "mail" and isinstance(failure, Unsure)):
        call(again, world)
        assert been(again, world)
    assert len(world.done(name)) <= 1
    assert len(world.done(name)) == 1 or effect == "mail"


@pytest.mark.parametrize("read", READS)
def test_it_never_reads_a_wrong_value(world: World, read: str) -> None:
    path, call = READS[read]
    truth = call(world.connector(), world)
    for fault, details in FAULTS.items():
        if not worth(read, fault):
            continue
        world.app.faults.clear()
        world.fail(**details, method="GET", path=path)
        failure: Failure | None = None
        try:
            seen = call(world.connector(patience=patience(fault)), world)
        except Failure as e:
            failure = e
        check(failure)
        assert not isinstance(failure, Unsure), fault
        if failure is not None:
            continue
        if read == "test":
            assert seen == truth or not seen.ok, fault
        elif hasattr(seen, "whole"):
            assert not seen.whole or seen.items == truth.items, fault
        else:
            assert seen == truth, fault
    assert world.app.effects == []


@pytest.mark.parametrize(
    ("effect", "body"),
    [
        ("create", {"parent_id": RESELLER}),
        ("create", {"kind": "partner"}),
        ("create", {"internal_tag": "account-2"}),
        ("open", {"mode": "trial"}),
        ("suspend", {"enabled": True}),
        ("suspend", {"id": RESELLER}),
        ("switch", {"items": {"status": 0}}),
        ("switch", {"items": {"name": "pg_base_vms"}}),
        ("switch", {"items": {"quota": {"value": None, "overage": None, "version": 1}}}),
        ("user", {"login": "somebody.else"}),
        ("user", {"tenant_id": RESELLER}),
        ("roles", {"items": {"role_id": "partner_admin"}}),
        ("roles", {"items": {"trustee_id": CUSTOMER}}),
        ("roles", {"items": []}),
    ],
)
def test_an_answer_about_another_thing_than_asked_for_is_unsure(world: World, effect: str, body: dict[str, Any]) -> None:
    name, method, path, call, _ = EFFECTS[effect]
    world.fail("mangle", method=method, path=path, body=body)
    with pytest.raises(Unsure) as e:
        call(world.connector(), world)
    assert e.value.code == "malformed"
    assert len(world.done(name)) == 1


def provide(acronis: AcronisConnector, since: Any) -> Tenant:
    """Look, then make: what a flow does with every try."""
    found = acronis.find("account-9", since=since)
    return found or acronis.create(new())


@pytest.mark.parametrize("fault", ["timeout_after", "half_closed", "body_cut", "wrong_type", "status 500 applied", "reset"])
def test_a_crash_at_any_moment_leaves_one_tenant_one_user_and_no_second_mail(world: World, fault: str) -> None:
    """Each effect in turn meets the fault, and what runs next begins anew, knowing nothing but our reference and the login."""
    for path in ("tenants$", "pricing$", "users$", "access_policies$"):
        world.fail(**FAULTS[fault], method="POST" if path in ("tenants$", "users$") else "PUT", path=path)
        for _ in range(4):
            acronis = world.connector()
            try:
                tenant = provide(acronis, NOW)
                acronis.open(tenant)
                users = {u.login: u for u in acronis.users(tenant.id).items.values()}
                user = users.get("bea.birch") or acronis.create_user(person(tenant.id))
                if user.roles != frozenset(OWNER):
                    acronis.assign(user, OWNER)
                break
            except (Unsure, Busy):
                continue
        else:
            pytest.fail("it never came to its end")
    assert [len(world.done(what)) for what in ("tenant", "production", "user", "mail")] == [1, 1, 1, 0]


def test_a_first_call_that_comes_late_beside_its_repeat_makes_no_second_tenant(world: World) -> None:
    """Whoever does not wait for `lag` is saved by the vendor: a parent has each name once, and each login is there once."""
    acronis = world.connector()
    late = {"seconds": 0.5, "method": "POST"}
    world.fail("late_apply", path="tenants$", **late)
    world.fail("late_apply", path="users$", **late)
    with pytest.raises(Unsure):
        acronis.create(new())
    assert acronis.find("account-9") is None
    made = acronis.create(new())
    with pytest.raises(Unsure):
        acronis.create_user(person(made.id))
    acronis.create_user(person(made.id))
    landed()
    assert (len(world.done("tenant")), len(world.done("user"))) == (1, 1)
    assert acronis.find("account-9") == acronis.tenant(made.id)


def test_a_list_that_lags_is_why_a_lost_answer_is_looked_for_after_some_time(world: World) -> None:
    acronis = world.connector()
    world.tell("set", list_lag=60)
    world.fail("timeout_after", path="tenants$", method="POST", seconds=0.03)
    with pytest.raises(Unsure):
        acronis.create(new())
    assert acronis.find("account-9", since=NOW) is None
    world.app.clock.advance(acronis.traits.lag)
    assert acronis.find("account-9", since=NOW) is not None
