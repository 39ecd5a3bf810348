"""What an earlier try left at Acronis is found, and changes name the version they were made of.

Source: acceptance AC-30, AC-31, AC-34; law 2.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from purser.connectors.ports.accounts import Role
from purser.connectors.ports.offerings import Quota
from purser.kernel.errors import Busy, Missing, Refused
from tests.connectors.acronis import (
    CUSTOMER,
    MSP,
    NOW,
    OWNER,
    RESELLER,
    STRANGER,
    World,
    item,
    new,
    person,
    provision,
    served,
    world,
)

__all__ = ["served", "world"]  # the fixtures


def test_a_tenant_is_found_by_our_reference_wherever_it_is_and_nobody_elses(world: World) -> None:
    acronis = world.connector()
    found = acronis.find("account-3")
    assert found is not None
    assert (found.id, found.parent, found.name) == (CUSTOMER, RESELLER, "Alder Dental")
    assert acronis.find("account-99") is None
    world.tell("tenant", id=STRANGER, internal_tag="account-99")
    assert acronis.find("account-99") is None
    world.tell("tenant", id=CUSTOMER, parent_id=MSP, name="Moved by hand")
    moved = acronis.find("account-3")
    assert moved is not None
    assert (moved.id, moved.parent) == (CUSTOMER, MSP)


def test_after_a_lost_answer_only_what_changed_since_is_looked_at(world: World) -> None:
    acronis = world.connector()
    world.app.clock.advance(timedelta(hours=2))
    made = acronis.create(new())
    world.tell("tenant", id=CUSTOMER, name="Renamed since")
    since = NOW + timedelta(hours=2)
    world.app.requests.clear()
    assert acronis.find("account-9", since=since) == acronis.tenant(made.id)
    assert acronis.find("account-2", since=since) is None
    assert acronis.find("account-2") is not None


def test_two_tenants_with_our_reference_are_named_and_neither_is_taken(world: World) -> None:
    acronis = world.connector()
    world.tell("tenant", name="Copy", kind="customer", parent_id=MSP, internal_tag="account-3")
    with pytest.raises(Refused) as e:
        acronis.find("account-3")
    assert e.value.code == "duplicate"
    assert "Alder Dental" in e.value.text
    assert "Copy" in e.value.text


def test_a_deleted_tenant_is_not_found_but_is_shown_as_deleted(world: World) -> None:
    acronis = world.connector()
    world.tell("remove", tenant=CUSTOMER)
    assert acronis.find("account-3") is None
    assert acronis.tenant(CUSTOMER).deleted
    with pytest.raises(Missing):
        acronis.offerings(CUSTOMER)
    assert acronis.create(new("Alder Dental", parent=RESELLER, reference="account-3")).id != CUSTOMER


def test_a_list_comes_in_pages_to_its_end(world: World) -> None:
    acronis = world.connector(page_size=3)
    for n in range(8):
        world.tell("tenant", name=f"C{n}", kind="customer", parent_id=RESELLER)
    world.app.requests.clear()
    below = acronis.tenants()
    assert (len(below.items), below.whole) == (11, True)  # with a user's own
    assert len([r for r in world.asked() if r == "GET /tenants"]) == 4
    assert len(acronis.tenants(RESELLER).items) == 10
    assert STRANGER not in below.items
    assert MSP not in below.items


@pytest.mark.parametrize("fault", ["status", "garbage", "loop", "row"])
def test_a_list_that_was_cut_is_not_whole_and_nothing_may_be_made_of_it(world: World, fault: str) -> None:
    acronis = world.connector(page_size=2)
    acronis.root()
    match fault:
        case "loop":
            world.tell("set", page_loop=True)
        case "row":
            world.tell("tenant", id=CUSTOMER, kind=None)
        case _:
            world.fail(fault, path="tenants$", skip=1)
    cut = acronis.tenants()
    assert not cut.whole
    assert cut.cut
    if fault in ("status", "garbage"):
        world.fail(fault, path="tenants$", skip=1)
    with pytest.raises(Busy, match="could not be read to its end"):
        acronis.find("account-99")


def test_a_tenant_that_comes_twice_and_differs_is_left_out_and_one_that_is_gone_is_not_there(world: World) -> None:
    acronis = world.connector(page_size=1)
    acronis.root()
    world.fail("mangle", path="tenants$", skip=2, body={"items": {"id": RESELLER}})
    twice = acronis.tenants()
    assert RESELLER not in twice.items
    assert "came twice with different content" in twice.cut
    world.fail("mangle", path="tenants$", skip=2, body={"items": {"deleted_at": "2025-07-11T09:00:00Z"}})
    gone = acronis.tenants()
    assert (gone.whole, RESELLER in gone.items, CUSTOMER in gone.items) == (True, True, False)


def test_what_somebody_changed_in_the_vendors_portal_shows(world: World) -> None:
    acronis = world.connector()
    tenant, user = provision(acronis, new(), person(""), OWNER, "per_workload")
    world.tell("tenant", id=tenant.id, name="Renamed by hand", enabled=False)
    world.tell("user", id=user.id, roles=["readonly_admin"])
    world.tell("item", tenant=tenant.id, name="pw_base_servers", quota={"value": 3, "overage": 0})
    seen = acronis.find("account-9")
    assert seen is not None
    assert (seen.name, seen.enabled) == ("Renamed by hand", False)
    assert acronis.user(user.id).roles == {Role("readonly_admin")}
    assert item(acronis, tenant.id, "pw_base_servers").quota == Quota(3, 0)


# Versions, suspending, deleting


def test_suspending_and_resuming_name_the_version_that_the_vendor_demands(world: World) -> None:
    """Source: acceptance AC-34."""
    acronis = world.connector()
    seen = acronis.tenant(CUSTOMER)
    off = acronis.suspend(seen)
    assert (off.enabled, acronis.tenant(CUSTOMER).enabled) == (False, False)
    on = acronis.resume(off)
    assert on.enabled
    with pytest.raises(Busy) as e:
        acronis.suspend(seen)
    assert e.value.code == "changed"
    assert "1001" in e.value.text
    assert acronis.tenant(CUSTOMER).enabled
    assert acronis.rename(on, "Alder & Sons").name == "Alder & Sons"


def test_a_tenant_is_deleted_only_when_it_was_suspended(world: World) -> None:
    acronis = world.connector()
    with pytest.raises(Refused) as e:
        acronis.delete(acronis.tenant(CUSTOMER))
    assert (e.value.code, world.done("deleted")) == ("not_disabled", [])
    acronis.delete(acronis.suspend(acronis.tenant(CUSTOMER)))
    assert acronis.tenant(CUSTOMER).deleted
    assert [d["id"] for d in world.done("deleted")] == [CUSTOMER]
    assert acronis.login_free("ada")


def test_opening_is_from_trial_to_production_once(world: World) -> None:
    acronis = world.connector()
    made = acronis.create(new())
    assert made.stage == "trial"
    acronis.open(made)
    acronis.open(made)
    assert acronis.tenant(made.id).stage == "production"
    assert len(world.done("production")) == 1
    assert [r.split()[0] for r in world.asked() if "pricing" in r] == ["GET", "PUT", "GET"]
