"""Fields and rows of Acronis' JSON, read strictly. Pure."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from purser.kernel.errors import Missing

MOST_TEXT = 10_000
FAULTS_SHOWN = 5

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

T = TypeVar("T")


class Malformed(ValueError):
    """A row is not what the documentation says; the text names the field and never what it holds."""


@dataclass(frozen=True)
class Rows(Generic[T]):
    """The rows that could be read, by key, and what was wrong with the others."""

    items: Mapping[str, T]
    faults: tuple[str, ...] = ()


def read(rows: Iterable[Any], parse: Callable[[dict[str, Any]], T], key: Callable[[T], str], kind: str) -> Rows[T]:
    """Parse each row. Two rows of one key that differ are both left out: the list changed under the reader."""
    items: dict[str, T] = {}
    spoiled: set[str] = set()
    faults: list[str] = []
    for row in rows:
        try:
            if not isinstance(row, dict):
                raise Malformed("is not an object")
            item = parse(row)
            if key(item) in spoiled or items.get(key(item), item) != item:
                spoiled.add(key(item))
                items.pop(key(item), None)
                raise Malformed("came twice with different content")
        except Malformed as e:
            faults.append(f"{kind} {_name_of(row)} {e}")
            continue
        items[key(item)] = item
    return Rows(items, tuple(faults))


def reasons(cut: str, faults: Sequence[str]) -> str:
    """Why a reading is not whole, in a line; "" when it is."""
    shown = [cut] if cut else []
    shown += faults[:FAULTS_SHOWN]
    if len(faults) > FAULTS_SHOWN:
        shown.append(f"and {len(faults) - FAULTS_SHOWN} more")
    return "; ".join(shown)


def id_of(row: Mapping[str, Any], name: str = "id") -> str:
    value = row.get(name)
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise Malformed(f"has no usable {name}")
    return value


def ids(rows: Iterable[Any]) -> tuple[str, ...]:
    return tuple(id_of({"id": row}) for row in rows)


def text(row: Mapping[str, Any], name: str) -> str:
    """A text as it was sent, "" for null and for a field that is not there."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Malformed(f"has a {name} that is no text")
    if len(value) > MOST_TEXT:
        raise Malformed(f"has a {name} of {len(value)} characters")
    return value


def required(row: Mapping[str, Any], name: str) -> str:
    value = text(row, name)
    if not value:
        raise Malformed(f"has no {name}")
    return value


def held(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """An object, an empty one for null and for a field that is not there."""
    value = row.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Malformed(f"has a {name} that is no object")
    return value


def flag(row: Mapping[str, Any], name: str, *, default: bool | None = None) -> bool:
    value = row.get(name, default)
    if not isinstance(value, bool):
        raise Malformed(f"does not say whether it is {name}")
    return value


def number(row: Mapping[str, Any], name: str) -> str:
    """A whole number, kept as text: it is only ever sent back."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != int(value) or value < 0:
        raise Malformed(f"has a {name} that is no count")
    return str(int(value))


def amount(row: Mapping[str, Any], name: str) -> Decimal:
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise Malformed(f"has a {name} that is no number")
    return Decimal(value)


def checked(id: str) -> str:
    """An id for a path. Raises Missing for what can be none of Acronis'."""
    if not _ID.fullmatch(id):
        raise Missing("Acronis has nothing with this id.", code="not_found")
    return id


def path_of(tenant: str) -> str:
    return f"/tenants/{checked(tenant)}"


def base64(value: str) -> str:
    return b64encode(value.encode("utf-8")).decode("ascii")


def _name_of(row: Any) -> str:
    """The id of a row that may be broken, for a message."""
    held = row if isinstance(row, dict) else {}
    found = next((held[n] for n in ("id", "name") if isinstance(held.get(n), str)), "")
    return found[:40] if found.isprintable() and found else "without id"
