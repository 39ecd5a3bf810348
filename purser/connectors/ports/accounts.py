"""The port to a vendor at which our accounts have tenants: partners and customers under parents, who signs in there, what
each may use, and what was used.

Vendors differ in what they can do; `Traits` says it as data, and a flow asks the traits, never which vendor it is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from purser.connectors.ports.directory import Private
from purser.connectors.ports.offerings import Kind, Mode, Offering, Service, Usage
from purser.connectors.ports.tested import Tested
from purser.reconcile.model import Reading

Stage = Literal["trial", "production", "suspended"]
Ability = Literal[
    "login_check", "roles", "activation", "production", "services", "offerings", "modes", "rename", "suspend", "delete",
    "usage",
]  # fmt: skip


@dataclass(frozen=True)
class Traits:
    """What a flow must know of a vendor.

    `kinds`: what tenants can be made. `can`: the abilities; a method that belongs to another one raises
    Refused(code="unsupported"). `modes`: the billing modes, none where there is one way only; tenants of a kind in
    `one_mode` have a service in one of them. `one_place`: kinds whose tenants use one place (a location, a storage) of a type.
    `lag`: how long after an accepted write a list may still lack it, and the longest time a write whose answer was lost may
    still take effect. `most_name`: characters of a tenant's name. `roles`: those of a new tenant's user, where the connection
    names no others.
    """

    kinds: frozenset[Kind]
    can: frozenset[Ability]
    lag: timedelta
    modes: tuple[Mode, ...] = ()
    one_mode: frozenset[Kind] = frozenset()
    one_place: frozenset[Kind] = frozenset()
    most_name: int = 255
    roles: Mapping[Kind, tuple[Role, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Tenant:
    """A tenant as the vendor has it. `reference` is ours, "" for one that we did not make.

    `kind` is "other" for what is neither partner nor customer (folders, units, a person's own). `locked`: the vendor refuses
    changes to it. `version` is what a change names, so that one made in between is noticed. Never ordered or compared.
    """

    id: str
    parent: str
    kind: Kind | Literal["other"]
    name: str
    reference: str
    enabled: bool
    stage: Stage = "production"
    locked: bool = False
    deleted: bool = False
    version: str = ""


@dataclass(frozen=True)
class Contact:
    """Whom the vendor writes to. Country as ISO 3166 alpha-2."""

    email: str
    given_name: str = ""
    surname: str = ""
    phone: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""

    def __repr__(self) -> str:
        return "Contact(...)"


@dataclass(frozen=True)
class NewTenant:
    """`reference` is ours, the same for as long as we know the account, 1 to 100 printable ASCII characters: what an earlier
    try left is found by it. `account_number` is for people. `language` is a code such as "en"."""

    parent: str
    kind: Kind
    name: str
    reference: str
    contact: Contact
    account_number: str = ""
    language: str = ""


@dataclass(frozen=True, order=True)
class Role:
    """A role by the vendor's name; `namespace` where the vendor asks for one (Acronis: "backup" for Protection's)."""

    id: str
    namespace: str = ""


@dataclass(frozen=True, repr=False)
class User(Private):
    """Who signs in at a tenant. `roles` are those in this tenant; `elsewhere` counts those in others.

    `activated`: the person has set a password. The login is unique over the whole vendor, whatever its case: by it a user is
    known again.
    """

    id: str
    tenant: str
    login: str
    email: str
    enabled: bool
    activated: bool
    roles: frozenset[Role] = frozenset()
    elsewhere: int = 0
    version: str = ""


@dataclass(frozen=True)
class NewUser:
    """`login` is what the person types, `email` where the activation goes."""

    tenant: str
    login: str
    email: str
    given_name: str = ""
    surname: str = ""
    language: str = ""

    def __repr__(self) -> str:
        return f"NewUser(in {self.tenant})"


class Accounts(Protocol):
    """Readings page to the end and say whether they are whole; they are keyed by id, or by the value's `key`.

    Every method raises Refused, Missing, Busy (nothing happened) and, where something may change, Unsure: then look, and after
    `traits.lag` what is not there was never made. Nothing here repeats a call. A change that names a version the vendor has
    passed raises Busy(code="changed"): somebody was faster; read again. Other codes, beside "network", "throttled", "server"
    and "malformed":

    credentials, permission       our own sign-in, and what it may do
    not_found, duplicate          no such tenant or user; two tenants bear our reference
    name_taken, login_taken, email_taken
    parent_disabled, disabled, user_disabled, not_disabled (delete after suspend), locked, going (being removed: Busy)
    unavailable, dependency, place, mode, quota, service    offerings: not the parent's to give, needs another one, ...
    role                          a role that the vendor does not have, or not for this kind of tenant
    rules, move, address_forbidden, login, validation       and in the text the vendor's own number and words
    """

    traits: Traits

    def test(self) -> Tested: ...

    def root(self) -> str:
        """The tenant that is our own at the vendor: everything of ours is below it."""
        ...

    # Tenants

    def tenants(self, under: str = "") -> Reading[Tenant]:
        """All tenants below `under` (our own when ""), not itself, deleted ones left out."""
        ...

    def tenant(self, id: str) -> Tenant:
        """One tenant as it is now; `deleted` where it is. Raises Missing where it never was, or is no longer kept."""
        ...

    def find(self, reference: str, *, since: datetime | None = None) -> Tenant | None:
        """The tenant that bears our reference, wherever it is below our own; None when there is none.

        With `since` only what changed then or later need be looked at. Raises Refused(code="duplicate") where two bear it, and
        Busy where the list could not be read to its end: nobody may create on such a reading.
        """
        ...

    def create(self, new: NewTenant) -> Tenant:
        """Make a tenant. Look with `find` before, and after Unsure."""
        ...

    def open(self, tenant: Tenant) -> None:
        """Out of trial, into production. One that is in production already stays as it is."""
        ...

    def rename(self, tenant: Tenant, name: str) -> Tenant: ...

    def suspend(self, tenant: Tenant) -> Tenant: ...

    def resume(self, tenant: Tenant) -> Tenant: ...

    def delete(self, tenant: Tenant) -> None:
        """Remove a suspended tenant with its users and data. Raises Refused(code="not_disabled") for one in use."""
        ...

    # What a tenant may use

    def services(self) -> Reading[Service]: ...

    def services_of(self, tenant: str) -> frozenset[str]: ...

    def start(self, tenant: str, service: str) -> None:
        """Switch a service on. Offerings that are switched on start theirs by themselves."""
        ...

    def stop(self, tenant: str, service: str) -> None: ...

    def available(self, parent: str, kind: Kind) -> Reading[Offering]:
        """What a new tenant of `kind` below `parent` may be given, in all modes, locked ones included."""
        ...

    def offerings(self, tenant: str) -> Reading[Offering]:
        """What the tenant has, in all modes, switched on or off."""
        ...

    def switch(self, tenant: str, offerings: Collection[Offering]) -> Reading[Offering]:
        """Let each of these be as said (`enabled`, `quota`), all or none; others stay. The answer is what the tenant now has
        of them. One that the tenant never had comes from `available`, one that it has from `offerings`.
        """
        ...

    def change_mode(self, tenant: str, service: str, mode: Mode) -> None:
        """Move a service of a tenant to the other billing mode, with what it has."""
        ...

    # Who signs in

    def login_free(self, login: str) -> bool:
        """Whether nobody at the vendor has it. Raises Refused(code="login") for one that nobody could have."""
        ...

    def users(self, tenant: str) -> Reading[User]:
        """The users of one tenant, with their roles; those of tenants below are left out."""
        ...

    def user(self, id: str) -> User: ...

    def create_user(self, new: NewUser) -> User:
        """Make a user without a role and without a mail. Look with `users` for the login before, and after Unsure."""
        ...

    def assign(self, user: User, roles: Collection[Role]) -> frozenset[Role]:
        """Let the user have exactly these roles in its tenant, and none elsewhere: all or nothing. Answers what it now has.

        Raises Refused(code="role") for a role that the vendor does not give, with the vendor's words.
        """
        ...

    def mail_activation(self, user: str) -> None:
        """Let the vendor mail the person how to sign in, again when asked again. Nothing tells whether a mail went out whose
        answer was lost."""
        ...

    def delete_user(self, user: User) -> None: ...

    # What was used

    def usages(self, tenants: Sequence[str]) -> Reading[Usage]: ...
