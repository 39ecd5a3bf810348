"""What an account's tenant has of offerings and what it is to have, read once in a run."""

from __future__ import annotations

from dataclasses import replace

from purser.connectors.ports.accounts import Accounts
from purser.connectors.ports.offerings import Mode, Offering, lacking
from purser.flows.accounts_to_vendor.giving import moved, unasked, used_services, wanted_offerings
from purser.flows.accounts_to_vendor.values import Value, offered
from purser.flows.accounts_to_vendor.wanted import Wanted
from purser.kernel.errors import Busy
from purser.reconcile.model import Key

NOT_SOLD = "No subscription asks for it."


class Offerings:
    """Of one tenant, by the vendor's id; "" while there is none."""

    def __init__(self, port: Accounts, want: Wanted) -> None:
        self._port, self._want = port, want
        self._has: dict[Key, Offering] | None = None
        self._give: tuple[Offering, ...] | None = None
        self._more: tuple[tuple[Offering, ...], tuple[Offering, ...]] | None = None

    def forget(self) -> None:
        self._has = self._give = self._more = None

    def begin(self) -> None:
        """The tenant is new: it has none."""
        self._has = {}

    def give(self, tenant: str) -> tuple[Offering, ...]:
        """What is wanted of what the parent may give now. Raises Refused where it may not give a service."""
        if self._give is None:
            self._give = wanted_offerings(self._port, self._want, self._held(tenant) if tenant else {})
        return self._give

    def has(self, tenant: str) -> Value | None:
        """What it has of it, as it is to be."""
        give = self.give(tenant)
        differing = {offering.key for offering in lacking(give, self._held(tenant))}
        return offered([offering for offering in give if offering.key not in differing])

    def moving(self, tenant: str) -> list[tuple[str, Mode]]:
        """The services whose billing mode is changed before offerings are switched."""
        if not tenant or not lacking(self.give(tenant), self._held(tenant)):
            return []
        return moved(self._port, self._want, self.give(tenant), self._held(tenant))

    def unsold(self, tenant: str) -> Value:
        """Offerings of services that nothing asks for, and that nobody uses: to switch them off takes nothing from anybody."""
        return _listed(self._unasked(tenant)[0])

    def more(self, tenant: str) -> Value:
        """What else it has that it was not to have."""
        return _listed(self._unasked(tenant)[1])

    def switch(self, tenant: str) -> None:
        """As it is to be. What a move to the other mode brings along is the vendor's affair: all of it is named once more."""
        moving = self.moving(tenant)
        for service, mode in moving:
            self._port.change_mode(tenant, service, mode)
        if moving:
            self.forget()
        services = {service for service, _ in moving}
        give, has = self.give(tenant), self._held(tenant)
        lacks = {offering.key: offering for offering in lacking(give, has)}
        again = {o.key: has[o.key] for o in give if o.service in services and o.key in has}
        if asked := {**again, **lacks}:
            has |= self._port.switch(tenant, list(asked.values())).items
        self._more = None

    def switch_unsold_off(self, tenant: str) -> None:
        off = [replace(offering, enabled=False) for offering in self._unasked(tenant)[0]]
        if off:
            self._held(tenant).update(self._port.switch(tenant, off).items)
        self._more = None

    def _held(self, tenant: str) -> dict[Key, Offering]:
        if self._has is None:
            read = self._port.offerings(tenant)
            if not read.whole:
                raise Busy(f"What the tenant has could not be read to its end: {read.cut}", code="malformed")
            self._has = dict(read.items)
        return self._has

    def _unasked(self, tenant: str) -> tuple[tuple[Offering, ...], tuple[Offering, ...]]:
        """Of services that are not sold and not in use, and all others."""
        if self._more is None:
            give = self.give(tenant)
            found = unasked(give, self._held(tenant), dict(self.moving(tenant)))
            sold = {offering.service for offering in give if offering.enabled}
            free = {offering.service for offering in found} - sold
            free -= used_services(self._port, tenant) if free else set()
            self._more = (tuple(o for o in found if o.service in free), tuple(o for o in found if o.service not in free))
        return self._more


def _listed(some: tuple[Offering, ...]) -> Value:
    return offered(some) or Value((), NOT_SOLD)
