"""Fields of Acronis' JSON, read strictly: what is not as documented raises Malformed. Pure."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from purser.connectors.shared.rows import Malformed
from purser.kernel.errors import Missing

MOST_TEXT = 10_000

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


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
