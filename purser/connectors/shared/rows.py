"""Rows of a vendor's list, read one by one: what can be read by key, and what was wrong with the others. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

FAULTS_SHOWN = 5

T = TypeVar("T")


class Malformed(ValueError):
    """A row is not what the documentation says; the text names the field and never what it holds."""


@dataclass(frozen=True)
class Rows(Generic[T]):
    """The rows that could be read, by key, and what was wrong with the others."""

    items: Mapping[str, T]
    faults: tuple[str, ...] = ()


def read(
    rows: Iterable[Any], parse: Callable[[dict[str, Any]], T], kind: str, *, key: Callable[[T], str] = attrgetter("id")
) -> Rows[T]:
    """Parse each row; `parse` raises Malformed. Two rows of one key that differ are both left out: the list changed under
    the reader. So is a row whose id a malformed one bears as well: which of them holds cannot be told."""
    items: dict[str, T] = {}
    spoiled: set[str] = set()
    faults: list[str] = []
    for row in rows:
        known = row.get("id") if isinstance(row, dict) else None
        try:
            if not isinstance(row, dict):
                raise Malformed("is not an object")
            item = parse(row)
            known = key(item)
            if known in spoiled or items.get(known, item) != item:
                raise Malformed("came twice with different content")
        except Malformed as e:
            faults.append(f"{kind} {_name_of(row)} {e}")
            if isinstance(known, str):
                spoiled.add(known)
                items.pop(known, None)
        else:
            items[known] = item
    return Rows(items, tuple(faults))


def reasons(cut: str, faults: Sequence[str]) -> str:
    """Why a reading is not whole, in a line; "" when it is."""
    shown = [cut] if cut else []
    shown += faults[:FAULTS_SHOWN]
    if len(faults) > FAULTS_SHOWN:
        shown.append(f"and {len(faults) - FAULTS_SHOWN} more")
    return "; ".join(shown)


def _name_of(row: Any) -> str:
    """The id of a row that may be broken, or else its name, for a message."""
    held = row if isinstance(row, dict) else {}
    found = next((held[n] for n in ("id", "name") if isinstance(held.get(n), str)), "")
    return found[:40] if found.isprintable() and found else "without id"
