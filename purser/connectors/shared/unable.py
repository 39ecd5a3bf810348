"""What a vendor of accounts cannot do: each optional method of the port raises, until a connector that can overrides it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, NoReturn

from purser.connectors.ports.accounts import Ability, Role, Tenant, User
from purser.connectors.ports.offerings import Kind, Mode, Offering, Service, Usage
from purser.kernel.errors import Refused
from purser.reconcile.model import Reading

# The methods that belong to an ability; all others a connector has.
METHODS: Mapping[Ability, tuple[str, ...]] = {
    "login_check": ("login_free",),
    "roles": ("assign",),
    "activation": ("mail_activation",),
    "production": ("open",),
    "services": ("services", "services_of", "start", "stop"),
    "offerings": ("available", "offerings", "switch"),
    "modes": ("change_mode",),
    "rename": ("rename",),
    "suspend": ("suspend", "resume"),
    "delete": ("delete",),
    "usage": ("usages",),
}


class Unable:
    """To inherit from. Every method here raises Refused(code="unsupported")."""

    vendor = "The vendor"

    def _unable(self, words: str) -> NoReturn:
        raise Refused(f"{self.vendor} {words}.", code="unsupported", hint="It is done in another way there.")

    def open(self, tenant: Tenant) -> None:
        self._unable("knows no trials and no production")

    def rename(self, tenant: Tenant, name: str) -> Tenant:
        self._unable("does not rename tenants")

    def suspend(self, tenant: Tenant) -> Tenant:
        self._unable("does not suspend tenants")

    def resume(self, tenant: Tenant) -> Tenant:
        self._unable("does not suspend tenants")

    def delete(self, tenant: Tenant) -> None:
        self._unable("does not delete tenants")

    def services(self) -> Reading[Service]:
        self._unable("has no services that are switched as a whole")

    def services_of(self, tenant: str) -> frozenset[str]:
        self._unable("has no services that are switched as a whole")

    def start(self, tenant: str, service: str) -> None:
        self._unable("has no services that are switched as a whole")

    def stop(self, tenant: str, service: str) -> None:
        self._unable("has no services that are switched as a whole")

    def available(self, parent: str, kind: Kind) -> Reading[Offering]:
        self._unable("has no offerings to switch")

    def offerings(self, tenant: str) -> Reading[Offering]:
        self._unable("has no offerings to switch")

    def switch(self, tenant: str, offerings: Collection[Offering]) -> Reading[Offering]:
        self._unable("has no offerings to switch")

    def change_mode(self, tenant: str, service: str, mode: Mode) -> None:
        self._unable("has one billing mode")

    def login_free(self, login: str) -> bool:
        self._unable("cannot tell whether a user name is taken")

    def assign(self, user: User, roles: Collection[Role]) -> frozenset[Role]:
        self._unable("has no roles")

    def mail_activation(self, user: str) -> None:
        self._unable("sends no activation mails")

    def usages(self, tenants: Sequence[str]) -> Reading[Usage]:
        self._unable("does not tell what was used")


def reading(items: Mapping[str, Any], at: datetime, *cuts: str) -> Reading[Any]:
    """A reading that is whole unless something cut it."""
    why = "; ".join(filter(None, cuts))
    return Reading(items=items, at=at, whole=not why, cut=why)
