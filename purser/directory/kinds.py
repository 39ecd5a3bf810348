"""What a source of users of each kind is configured with. Only config names vendors: it hands them over at start."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


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
    """`fields` by kind, in the order of the page. `check(kind, values)` raises Refused for an address that sources of the
    kind may not call, or a value that cannot be."""

    fields: Mapping[str, Sequence[Field]]
    check: Callable[[str, dict[str, str]], None]


_held: Kinds | None = None


def use(kinds: Kinds) -> None:
    global _held
    _held = kinds


def current() -> Kinds:
    """Raises RuntimeError before `use`."""
    if _held is None:
        raise RuntimeError("No kinds of source yet: config.wiring hands them over when the application starts.")
    return _held
