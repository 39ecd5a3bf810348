"""What a vendor's door is configured with: fields by kind, as the pages show them, and the secrets among them in the vault.

A topic that keeps such rows (connections, sources of users) has the columns `kind`, `settings` (JSON) and a table's name for
the vault; its `kinds` module holds what config hands over. Source: reliability P25.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from purser.access import vault


@dataclass(frozen=True)
class Field:
    """One setting as the pages show it. `address`: changing it wipes the secrets, which belong to the old host. `choices`
    are all that it may be; `long`: it may have many lines."""

    name: str
    label: str
    secret: bool = False
    address: bool = False
    default: str = ""
    help: str = ""
    required: bool = True
    choices: tuple[str, ...] = ()
    long: bool = False


@dataclass(frozen=True)
class Kinds:
    """`fields` by kind, in the order of the page. `check(kind, values)` raises Refused for an address that the kind may not
    call, or a value that cannot be."""

    fields: Mapping[str, Sequence[Field]]
    check: Callable[[str, dict[str, str]], None]


class Handed:
    """The kinds of one topic. Only config names vendors: it hands them over at start."""

    def __init__(self, of: str) -> None:
        self._of = of
        self._kinds: Kinds | None = None

    def use(self, kinds: Kinds) -> None:
        self._kinds = kinds

    def current(self) -> Kinds:
        """Raises RuntimeError before `use`."""
        if self._kinds is None:
            raise RuntimeError(f"No kinds of {self._of} yet: config hands them over when the application starts.")
        return self._kinds


class Row(Protocol):
    @property
    def pk(self) -> UUID: ...

    @property
    def settings(self) -> Any: ...


@dataclass(frozen=True)
class Setting:
    """One line of a page. The value of a secret is never here, only whether there is one."""

    field: Field
    value: str
    kept: bool


def settings(fields: Sequence[Field], table: str, row: Row | None) -> list[Setting]:
    """All settings in the order of the page; as they begin where there is no row yet."""
    kept = vault.kept(table, row.pk) if row else frozenset()
    values = row.settings if row else {}
    return [
        Setting(
            field,
            "" if field.secret else str(values.get(field.name, field.default)),
            field.name in kept if field.secret else bool(values.get(field.name)),
        )
        for field in fields
    ]


def lacking(fields: Sequence[Field], table: str, id: UUID) -> tuple[str, ...]:
    """The labels of secrets that are to be typed."""
    kept = vault.kept(table, id)
    return tuple(f.label for f in fields if f.secret and f.required and f.name not in kept)


def moved(fields: Sequence[Field], before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether an address differs, so that the secrets belong to another host."""
    return any(f.address and before.get(f.name, f.default) != after[f.name] for f in fields)


def keep(
    fields: Sequence[Field], table: str, id: UUID, typed: Mapping[str, str], *, moved: bool, now: datetime
) -> tuple[str, ...]:
    """Keep the secrets that were typed; one left empty stays as it is, unless the host `moved`. The labels of those that
    were forgotten."""
    before = vault.kept(table, id)
    if moved:
        vault.wipe(table, id)
    for field in fields:
        if field.secret and typed[field.name]:
            vault.keep(table, id, field.name, typed[field.name], now)
    gone = before - vault.kept(table, id)
    return tuple(f.label for f in fields if f.name in gone)
