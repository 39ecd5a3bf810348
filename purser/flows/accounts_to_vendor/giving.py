"""Which offerings a tenant is to have of what its parent may give. Reads at the vendor.

Source: acceptance AC-13, AC-14, AC-23, AC-28.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from purser.connectors.ports.accounts import Accounts
from purser.connectors.ports.offerings import Mode, Offering, offered
from purser.flows.accounts_to_vendor.wanted import Wanted
from purser.kernel.errors import Busy, Refused
from purser.reconcile.model import Key


def wanted_offerings(port: Accounts, want: Wanted, held: Mapping[Key, Offering]) -> tuple[Offering, ...]:
    """What a tenant of this kind is to have of what its parent may give, as far as its subscriptions ask for it, and what it
    is to lose of what ended. A place that it has stays its place. Raises Refused for a service that the parent may not give.
    """
    read = port.available(want.tenant.parent, want.kind)
    if not read.whole:
        raise Busy(f"What the parent may give could not be read to its end: {read.cut}", code="malformed")
    services = _by_id(port, want.services, {o.service for o in read.items.values()})
    one_place = want.kind in port.traits.one_place
    placed = {(o.service, o.name): o.place for o in held.values() if o.kind == "place" and o.enabled}
    some = [
        o for o in read.items.values()
        if not (one_place and o.kind == "place" and placed.get((o.service, o.name), o.place) != o.place)
    ]  # fmt: skip
    found = offered(some, modes=want.modes, services=services, one_mode=want.kind in port.traits.one_mode, one_place=one_place)
    given = {o.service for o in found}
    if missing := [service for service in services if service not in given]:
        raise Refused(
            f"The parent may not give {', '.join(missing)} in this billing mode.",
            code="service",
            hint="Have it switched on for the parent first, then try again.",
        )
    known = {o.service for o in (*read.items.values(), *held.values())}
    over = {*_by_id(port, want.over, known)} - {*services} if services else frozenset()
    off = tuple(replace(o, enabled=False) for o in held.values() if o.service in over and o.enabled and not o.locked)
    return (*found, *off)


def moved(port: Accounts, want: Wanted, give: Collection[Offering], held: Mapping[Key, Offering]) -> list[tuple[str, Mode]]:
    """The services that stay and have another billing mode than they are to have, each with the new one."""
    if "modes" not in port.traits.can or want.kind not in port.traits.one_mode or len(want.modes) != 1:
        return []
    (mode,) = want.modes
    stay = {o.service for o in give if o.enabled}
    others = (o.service for o in held.values() if o.service in stay and o.enabled and o.mode not in (None, mode))
    return [(service, mode) for service in dict.fromkeys(others)]


def unasked(give: Collection[Offering], held: Mapping[Key, Offering], moving: Mapping[str, Mode]) -> list[Offering]:
    """What is on and was not to be had: somebody switched it on at the vendor. What is locked the one above has fixed; what a
    move takes along to the other mode is not meant."""
    keys = {offering.key for offering in give}
    on = (o for o in held.values() if o.enabled and not o.locked and o.key not in keys)
    return [o for o in on if o.service not in moving or o.mode in (None, moving[o.service])]


def used_services(port: Accounts, tenant: str) -> set[str]:
    """The services in which a tenant has used anything; all where the vendor does not tell."""
    read = port.usages([tenant]) if "usage" in port.traits.can else None
    if read is None or not read.whole:
        return set(port.services().items)
    return {usage.service for usage in read.items.values() if usage.total or usage.value}


def _by_id(port: Accounts, wanted: tuple[str, ...], known: set[str]) -> tuple[str, ...]:
    """Services by the vendor's ids; an offer may call them by their names."""
    if all(service in known for service in wanted):
        return wanted
    names = {service.name.casefold(): service.id for service in port.services().items.values()}
    return tuple(dict.fromkeys(names.get(service.casefold(), service) for service in wanted))
