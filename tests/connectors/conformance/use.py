"""What a tenant may use, and what it used."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from purser.connectors.ports.accounts import Accounts
from purser.connectors.ports.offerings import UNLIMITED, Counts, Quota
from purser.kernel.errors import Refused
from tests.connectors.conformance.kit import code, made, some, through
from tests.connectors.vendors import Vendor


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
    assert used[0].counts in get_args(Counts)
