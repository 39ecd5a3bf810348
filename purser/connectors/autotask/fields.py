"""Single fields of Autotask's JSON, read strictly: each function raises Malformed with field and reason.

A field that decides something must be there, even when it is null: an answer that lost `approveAndPostDate`
must not read as "not invoiced".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

INT64 = 2**63
LONGEST_TEXT = 4000


class Malformed(ValueError):
    """An answer, or a row of one, that cannot be used. Says which field and why."""


def part(payload: Any, name: str, kind: type) -> Any:
    found = payload.get(name) if isinstance(payload, dict) else None
    if not isinstance(found, kind):
        raise Malformed(f"{name} is not {'a list' if kind is list else 'an object'}")
    return found


def need(row: Mapping[str, Any], name: str) -> Any:
    if name not in row:
        raise Malformed(f"{name} is missing")
    return row[name]


def number(row: Mapping[str, Any], name: str, *, low: int = -INT64, high: int = INT64) -> int:
    value = need(row, name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value < high:
        raise Malformed(f"{name} is not a whole number from {low} to {high - 1}")
    return value


def identity(row: Mapping[str, Any]) -> int:
    return number(row, "id", low=0)


def number_or_none(row: Mapping[str, Any], name: str) -> int | None:
    return None if need(row, name) is None else number(row, name)


def text(row: Mapping[str, Any], name: str) -> str:
    value = need(row, name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise Malformed(f"{name} is not a text of at most {LONGEST_TEXT} characters")
    return value


def flag(row: Mapping[str, Any], name: str) -> bool:
    value = need(row, name)
    if not isinstance(value, bool):
        raise Malformed(f"{name} is neither true nor false")
    return value


def amount(row: Mapping[str, Any], name: str) -> Decimal | None:
    """Prices may be missing: which ones are given depends on the entity and the age of the server."""
    value = row.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)) or abs(Decimal(value)) >= 10**12:
        raise Malformed(f"{name} is not an amount")
    return Decimal(value)


def day(row: Mapping[str, Any], name: str) -> date:
    value = need(row, name)
    try:
        # date-only fields come as midnight with or without a zone: the day is the one written
        return datetime.fromisoformat(value).date()
    except (TypeError, ValueError):
        raise Malformed(f"{name} is not a date") from None


def day_or_none(row: Mapping[str, Any], name: str) -> date | None:
    return None if need(row, name) is None else day(row, name)
