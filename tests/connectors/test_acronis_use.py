"""What tenants at Acronis may use and used: quotas, modes, services, usage.

Source: acceptance AC-14, AC-35, AC-37.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from purser.connectors.ports.offerings import Quota
from purser.kernel.errors import Busy, Refused
from tests.connectors.acronis import (
    CUSTOMER,
    PROTECTION,
    RESELLER,
    SYNC_SHARE,
    World,
    everything,
    give,
    item,
    served,
    world,
)

__all__ = ["served", "world"]  # the fixtures


def test_a_quantity_goes_to_one_and_to_none(world: World) -> None:
    """Source: acceptance AC-35."""
    acronis = world.connector()
    servers = item(acronis, CUSTOMER, "pg_base_servers")
    one = acronis.switch(CUSTOMER, [replace(servers, quota=Quota(1, 0))]).items[servers.key]
    assert one.quota == Quota(1, 0)
    none = acronis.switch(CUSTOMER, [replace(one, quota=Quota(0, 0))]).items[servers.key]
    assert (none.quota, none.enabled) == (Quota(0, 0), True)
    acronis.switch(CUSTOMER, [replace(none, enabled=False)])
    assert not item(acronis, CUSTOMER, "pg_base_servers").enabled
    with pytest.raises(Busy) as e:
        acronis.switch(CUSTOMER, [replace(servers, quota=Quota(9, 0))])
    assert e.value.code == "changed"


def test_offerings_are_switched_all_or_none_and_the_vendors_reason_is_kept(world: World) -> None:
    acronis = world.connector()
    acronis.switch(RESELLER, [o for o in give(acronis, RESELLER, "partner") if o.name.startswith("p")])
    may = acronis.available(RESELLER, "customer").items
    named = {o.name: replace(o, enabled=True) for o in may.values()}
    places = [replace(o, enabled=True) for o in may.values() if o.name == "pg_base_storage"]
    world.tell("item", tenant=RESELLER, name="pg_base_vms", locked=True)
    world.tell("use", tenant=CUSTOMER, name="pg_base_servers", value=5)
    servers = item(acronis, CUSTOMER, "pg_base_servers")
    good = named["pg_base_hosting_servers"]
    tries = {
        "dependency": [good, named["pg_adv_security"]],
        "place": [good, *places],
        "unavailable": [good, named["pg_base_vms"]],
        "quota": [good, replace(servers, quota=Quota(1, 1))],
        "rules": [good, named["pw_base_servers"]],
    }
    for code, asked in tries.items():
        with pytest.raises(Refused) as e:
            acronis.switch(CUSTOMER, asked)
        assert e.value.code == code
        assert good.key not in acronis.offerings(CUSTOMER).items
    assert len(world.done("items")) == 1


def test_an_offering_that_the_parent_lost_is_unavailable(world: World) -> None:
    acronis = world.connector()
    seen = everything(acronis, RESELLER, "customer", "per_gigabyte")
    world.tell("item", tenant=RESELLER, name="pg_base_servers", status=0)
    with pytest.raises(Refused) as e:
        acronis.switch(CUSTOMER, [o for o in seen if o.name == "pg_base_servers"])
    assert e.value.code == "unavailable"


def test_a_service_moves_to_the_other_billing_mode_with_what_it_has(world: World) -> None:
    acronis = world.connector()
    with pytest.raises(Refused) as e:
        acronis.change_mode(CUSTOMER, PROTECTION, "per_workload")
    assert e.value.code == "unavailable"
    world.tell("item", tenant=RESELLER, name="pw_base_servers", status=1)
    acronis.change_mode(CUSTOMER, PROTECTION, "per_workload")
    on = [o for o in acronis.offerings(CUSTOMER).items.values() if o.enabled]
    assert [(o.name, o.mode) for o in on] == [("pw_base_servers", "per_workload")]


def test_services_are_listed_started_and_stopped(world: World) -> None:
    acronis = world.connector()
    names = {service.id: service.name for service in acronis.services().items.values()}
    assert names[PROTECTION] == "Cyber Protection"
    with pytest.raises(Refused) as e:
        acronis.start(CUSTOMER, SYNC_SHARE)
    assert e.value.code == "service"
    world.tell("item", tenant=RESELLER, name="fc_seats")
    acronis.start(CUSTOMER, SYNC_SHARE)
    assert acronis.services_of(CUSTOMER) == {PROTECTION, SYNC_SHARE}
    acronis.stop(CUSTOMER, SYNC_SHARE)
    assert acronis.services_of(CUSTOMER) == {PROTECTION}


def test_usage_is_read_as_the_vendor_counts_it(world: World) -> None:
    """Source: acceptance AC-37."""
    acronis = world.connector()
    world.tell("item", tenant=CUSTOMER, name="pg_base_local_storage")
    world.tell("use", tenant=CUSTOMER, name="pg_base_servers", value=7)
    world.tell("use", tenant=CUSTOMER, name="pg_base_local_storage", value=3 * 1024**3)
    read = acronis.usages([CUSTOMER, RESELLER, CUSTOMER])
    assert read.whole
    mine = {(u.name, u.unit, u.edition): u for u in read.items.values() if u.tenant == CUSTOMER}
    assert mine["servers", "quantity", "pck_per_gigabyte"].value == 7
    assert mine["local_storage", "bytes", "pck_per_gigabyte"].total == Decimal(3 * 1024**3)
    assert {u.counts for u in mine.values()} == {"level"}
    since = mine["servers", "quantity", "pck_per_gigabyte"].since
    assert since is not None
    assert since.isoformat() == "2025-07-01T00:00:00+00:00"
    assert {u.tenant for u in read.items.values()} == {CUSTOMER, RESELLER}


def test_what_is_counted_from_the_first_of_the_month_says_so(world: World) -> None:
    """Source: acceptance AC-37; decision 0011."""
    world.tell("item", tenant=CUSTOMER, name="notarizations")
    told = []
    for value in (None, 4, 1):
        if value is not None:
            world.tell("use", tenant=CUSTOMER, name="notarizations", value=value)
        (one,) = [u for u in world.connector().usages([CUSTOMER]).items.values() if u.name == "notarizations"]
        told.append((one.counts, one.value, one.total))
        if value == 4:
            world.app.clock.advance(timedelta(days=31))
    assert told == [("sum", 0, 0), ("sum", 4, 4), ("sum", 1, 5)]
