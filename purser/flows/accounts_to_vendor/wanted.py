"""What is wanted at a vendor follows from the account, its role and its live subscriptions. Pure.

Source: acceptance AC-9, AC-11, AC-13, AC-20 to AC-23, AC-28, AC-34, F-9.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from purser.connectors.ports.accounts import Contact, NewTenant, NewUser, Role, Traits
from purser.connectors.ports.offerings import Kind, Mode
from purser.kernel import digest

MODES: Mapping[Mode, str] = {"per_workload": "per workload", "per_gigabyte": "per gigabyte"}


@dataclass(frozen=True)
class Asked:
    """A live subscription, as far as the vendor is concerned. `services` empty: all that there are. `id` None: one that is
    not ordered yet."""

    name: str
    services: tuple[str, ...] = ()
    mode: str = ""
    suspended: bool = False
    id: UUID | None = None


@dataclass(frozen=True)
class Wanted:
    """`parent` is the vendor's id of the tenant above. `suspended` None: as it is. `services` empty: all; `over`: those that
    ended subscriptions had and no live one has. `mails`: how often the activation shall have been mailed."""

    kind: Kind
    tenant: NewTenant
    user: NewUser
    roles: tuple[Role, ...]
    services: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    modes: tuple[Mode, ...] = ()
    suspended: bool | None = False
    mails: int = 1


def asked(name: str, provides: Mapping[str, Any], *, suspended: bool = False, id: UUID | None = None) -> Asked:
    """What an offer's `provides` asks for."""
    return Asked(name, tuple(str(s) for s in provides.get("services") or ()), str(provides.get("mode") or ""), suspended, id)


def agreed(subscriptions: Sequence[Asked], *, one_mode: bool) -> tuple[list[Asked], list[tuple[Asked, str]]]:
    """Those that can stand together, the oldest first, and each other one with why not: a tenant has one billing mode."""
    kept: list[Asked] = []
    others: list[tuple[Asked, str]] = []
    first: Asked | None = None
    for one in subscriptions:
        if one.mode and one.mode not in MODES:
            others.append((one, f"{one.name} names a billing mode that is not known: {one.mode}."))
            continue
        if one_mode and one.mode:
            first = first or one
            if one.mode != first.mode:
                others.append((one, second_mode(first, one)))
                continue
        kept.append(one)
    return kept, others


def second_mode(first: Asked, second: Asked) -> str:
    return (
        f"A customer has one billing mode: {first.name} is billed {MODES[cast(Mode, first.mode)]}, and {second.name} "
        f"would be billed {MODES[cast(Mode, second.mode)]}."
    )


def roles_of(kind: Kind, configured: Mapping[str, Any], traits: Traits) -> tuple[Role, ...]:
    """What the instance says, else the connector. Source: acceptance F-9."""
    if kind in configured:
        return tuple(sorted(Role(*(str(part) for part in row)) for row in configured[kind]))
    return tuple(sorted(traits.roles.get(kind, ())))


def services_of(subscriptions: Iterable[Asked]) -> tuple[str, ...]:
    """The union; empty where one of them asks for all."""
    found: dict[str, None] = {}
    for one in subscriptions:
        if not one.services:
            return ()
        found |= dict.fromkeys(one.services)
    return tuple(found)


def modes_of(subscriptions: Iterable[Asked]) -> tuple[Mode, ...]:
    return tuple(dict.fromkeys(cast(Mode, one.mode) for one in subscriptions if one.mode))


def mark_of(want: Wanted) -> str:
    """What is asked for in offerings, short: two that are the same ask for the same."""
    return digest.of([sorted(want.services), sorted(want.over), sorted(want.modes)])


def contact_of(name: str, email: str) -> Contact:
    given, _, surname = name.strip().rpartition(" ")
    return Contact(email, given or surname, surname if given else "")


def text_of(role: Role) -> str:
    return f"{role.id}@{role.namespace}" if role.namespace else role.id


def words_of(roles: Iterable[Role]) -> str:
    return ", ".join(text_of(role) for role in sorted(roles))
