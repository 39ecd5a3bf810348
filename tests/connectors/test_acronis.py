"""The Acronis connector against its sandbox, over HTTP: partners and customers, from the first call to the last.

Source: acceptance AC-8 to AC-14, AC-19 to AC-23, AC-28, AC-34, AC-35, AC-37, F-9.
"""

from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from purser.connectors.ports.accounts import NewTenant, NewUser, Role
from purser.connectors.ports.offerings import UNLIMITED
from purser.kernel.errors import Missing, Refused
from sandboxes.kit import Request
from tests.connectors.acronis import (
    CUSTOMER,
    MSP,
    OWNER,
    PROTECTION,
    READ_ONLY,
    RESELLER,
    STRANGER,
    SYNC_SHARE,
    World,
    everything,
    give,
    item,
    new,
    person,
    provision,
    served,
    world,
)

__all__ = ["served", "world"]  # the fixtures

ANY_ID = "99999999-0000-4000-8000-000000000000"


def as_user(world: World, login: str, method: str, path: str, body: Any = None) -> int:
    """A call that a person makes, with login and password."""
    basic = base64.b64encode(f"{login}:long enough".encode()).decode()
    content = json.dumps(body).encode() if body is not None else b""
    return world.app.handle(Request(method, f"/api/2{path}", {}, {"authorization": f"Basic {basic}"}, content)).status


# Resellers


def test_a_reseller_is_a_partner_under_the_msp_with_exactly_the_roles_asked_for(world: World) -> None:
    """Source: acceptance AC-8, AC-9, AC-10, AC-11."""
    acronis = world.connector()
    assert [role.id for role in READ_ONLY] == ["readonly_admin", "protection_ro_admin"]
    tenant, user = provision(acronis, new(kind="partner"), person(""), READ_ONLY)
    assert (tenant.kind, tenant.parent, tenant.reference, tenant.enabled) == ("partner", MSP, "account-9", True)
    assert (user.roles, user.elsewhere, user.activated) == (frozenset(READ_ONLY), 0, False)
    assert [m["to"] for m in world.done("mail")] == ["bea@birch.example"]
    acronis.mail_activation(user.id)
    assert len(world.done("mail")) == 2
    assert (len(world.done("tenant")), len(world.done("user"))) == (1, 1)


def test_a_reseller_has_what_the_msp_may_give_in_both_modes_and_nothing_locked_or_lacking(world: World) -> None:
    """Source: acceptance AC-13, AC-14."""
    acronis = world.connector()
    world.tell("item", tenant=MSP, name="pg_base_mobiles", locked=True)
    world.tell("item", tenant=MSP, name="notarizations", status=0)
    tenant, _ = provision(acronis, new(kind="partner"), person(""), READ_ONLY)
    has = {o.key: o for o in acronis.offerings(tenant.id).items.values() if o.enabled}
    msps = {o.key for o in acronis.offerings(MSP).items.values() if o.enabled and not o.locked}
    assert has.keys() == msps
    assert {o.mode for o in has.values()} == {"per_workload", "per_gigabyte", None}
    assert all(o.quota == UNLIMITED for o in has.values())
    gone = {"pg_base_mobiles", "notarizations"}
    assert not gone & {o.name for o in has.values()}
    assert gone - {o.name for o in acronis.available(MSP, "partner").items.values()} == {"notarizations"}
    assert {PROTECTION, SYNC_SHARE} <= acronis.services_of(tenant.id)


def test_with_that_user_no_tenant_can_be_added_and_no_offering_item_switched(world: World) -> None:
    """Source: acceptance AC-12."""
    acronis = world.connector()
    tenant, user = provision(acronis, new(kind="partner"), person(""), READ_ONLY)
    world.tell("activate", user=user.id, password="long enough")
    below = {"name": "Sneaky", "parent_id": tenant.id, "kind": "customer"}
    entry = {"application_id": PROTECTION, "name": "pg_base_servers", "status": 0}
    tries = [("POST", "/tenants", below), ("PUT", f"/tenants/{tenant.id}/offering_items", {"offering_items": [entry]})]
    assert as_user(world, "bea.birch", "GET", f"/tenants/{tenant.id}") == 200
    assert [as_user(world, "bea.birch", *call) for call in tries] == [403, 403]
    acronis.assign(acronis.user(user.id), (Role("partner_admin"),))
    assert [as_user(world, "bea.birch", *call) for call in tries] == [201, 200]


def test_later_additions_at_the_msp_can_be_pushed_on(world: World) -> None:
    """Source: acceptance AC-14."""
    world.tell("item", tenant=MSP, name="pw_base_servers", status=0)
    acronis = world.connector()
    pushed = acronis.switch(RESELLER, give(acronis, RESELLER, "partner"))
    assert len(pushed.items) > 10
    world.tell("item", tenant=MSP, name="pw_base_servers", status=1)
    world.tell("item", tenant=RESELLER, name="fc_seats", quota={"value": 5, "overage": 0})
    later = give(acronis, RESELLER, "partner")
    assert [o.name for o in later] == ["pw_base_servers", "fc_seats"]
    acronis.switch(RESELLER, later)
    assert item(acronis, RESELLER, "pw_base_servers").enabled
    assert item(acronis, RESELLER, "fc_seats", SYNC_SHARE).quota == UNLIMITED
    assert give(acronis, RESELLER, "partner") == ()


# Customers


@pytest.mark.parametrize("parent", [MSP, RESELLER])
def test_a_customer_is_in_production_unlimited_and_its_user_administers_it(world: World, parent: str) -> None:
    """Source: acceptance AC-20 to AC-23, AC-28."""
    acronis = world.connector()
    acronis.switch(RESELLER, give(acronis, RESELLER, "partner"))
    tenant, user = provision(acronis, new(parent=parent), person(""), OWNER, "per_gigabyte")
    assert (tenant.kind, tenant.parent, tenant.stage) == ("customer", parent, "production")
    assert user.roles == {Role("company_admin")}
    on = [o for o in acronis.offerings(tenant.id).items.values() if o.enabled]
    assert {o.service for o in on} >= {PROTECTION, SYNC_SHARE}
    assert all(o.quota == UNLIMITED for o in on)
    assert {o.mode for o in on} == {"per_gigabyte", None}
    assert sum(o.name == "pg_base_storage" for o in on) == 1


def test_a_customer_takes_nine_calls_and_what_its_parent_may_give_is_asked_once(world: World) -> None:
    """Each step is one call, but for opening, which names a version that only a look gives."""
    acronis = world.connector()
    acronis.root()
    items = everything(acronis, MSP, "customer", "per_workload")
    world.app.requests.clear()
    assert acronis.find("account-9") is None
    tenant = acronis.create(new())
    acronis.open(tenant)
    acronis.switch(tenant.id, items)
    acronis.login_free("bea.birch")
    user = acronis.create_user(person(tenant.id))
    acronis.assign(user, OWNER)
    acronis.mail_activation(user.id)
    of = f"/tenants/{tenant.id}"
    assert world.asked() == [
        "GET /tenants", "POST /tenants", f"GET {of}/pricing", f"PUT {of}/pricing", f"PUT {of}/offering_items",
        "GET /users/check_login", "POST /users", f"PUT /users/{user.id}/access_policies",
        f"POST /users/{user.id}/send-activation-email",
    ]  # fmt: skip
    assert len([r for r in world.app.requests if "token" in r["path"]]) == 0


@pytest.mark.parametrize("name", ["Ærø & Søn ApS", "株式会社 港", 'O\'Brien "Co" <x>', "شركة الميناء", "Ñandú 🛟", "a" * 255])
def test_a_name_has_every_kind_of_letter(world: World, name: str) -> None:
    acronis = world.connector()
    made = acronis.create(new(name))
    assert (made.name, acronis.tenant(made.id).name) == (name, name)
    with pytest.raises(Refused) as e:
        acronis.create(new(name.swapcase(), reference="account-10"))
    assert e.value.code == "name_taken"


def test_what_cannot_be_sent_is_refused_before_it_is(world: World) -> None:
    acronis = world.connector()
    wrong_ones = [new(""), new("a" * 256), *(new(reference=r) for r in ("", "a b", "ü", "x" * 101))]
    for wrong in wrong_ones:
        with pytest.raises(Refused) as e:
            acronis.create(wrong)
        assert e.value.code == "validation"
    with pytest.raises(Missing):
        acronis.tenant("../users/x")
    with pytest.raises(Refused):
        acronis.find("")
    assert not [r for r in world.asked() if r.startswith("POST")]


def test_a_parent_that_is_not_there_or_not_ours_is_missing(world: World) -> None:
    acronis = world.connector()
    for parent in (ANY_ID, STRANGER):
        with pytest.raises(Missing) as e:
            acronis.create(NewTenant(parent, "customer", "X", "account-9", new().contact))
        assert e.value.code == "not_found"
    with pytest.raises(Refused) as e2:
        acronis.create(new(parent=CUSTOMER))
    assert e2.value.code == "rules"


def test_many_customers_at_once_are_one_tenant_one_user_and_one_mail_each(world: World) -> None:
    """Eight threads over one connector: what belongs to one never comes to another, and one sign-in is enough for all."""
    acronis = world.connector()
    acronis.root()
    world.app.latency = 0.005

    def one(n: int) -> tuple[str, str]:
        tenant, user = provision(
            acronis,
            new(f"Customer {n}", reference=f"account-{n + 100}"),
            NewUser("", f"user.{n}", f"it@customer-{n}.example"),
            OWNER,
            "per_workload",
        )
        return tenant.reference, user.login

    try:
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(one, range(24)))
    finally:
        world.app.latency = 0.0
    assert made == [(f"account-{n + 100}", f"user.{n}") for n in range(24)]
    assert [len(world.done(what)) for what in ("tenant", "user", "mail", "production")] == [24] * 4
    assert sum("token" in r["path"] for r in world.app.requests) == 1


def test_two_first_orders_at_the_same_moment_make_one_tenant(world: World) -> None:
    """Source: acceptance AC-29."""
    acronis = world.connector()
    acronis.root()

    def one(n: int) -> str:
        try:
            return acronis.create(new()).id
        except Refused as e:
            return e.code

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(one, range(8)))
    found = acronis.find("account-9")
    assert found is not None
    assert sorted(made) == sorted([found.id, *["name_taken"] * 7])
    assert len(world.done("tenant")) == 1
