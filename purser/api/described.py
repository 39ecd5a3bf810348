"""The list language in the API's description: a parameter for each column and operator, and a table to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from purser.lists.asked import LONGEST, NUMERIC, operators
from purser.lists.model import LARGEST, Column, Table

TEXT = {"type": "string", "maxLength": LONGEST}
NUMBER = {"type": "string", "pattern": r"^-?[0-9]{1,12}(\.[0-9]{1,6})?$"}
DAY = {"type": "string", "pattern": "^(19|2[0-9])[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"}
DAYS = {"type": "integer", "minimum": 1, "maximum": 3660}
EMPTY = {"type": "string", "enum": ["yes", "no"]}
SLUG = {"type": "string", "pattern": "^[-a-zA-Z0-9_]{1,80}$"}


def parameters(table: Table) -> list[dict[str, Any]]:
    """What the list takes in the query, as OpenAPI has it."""
    return [
        {"in": "query", "name": name, "required": False, "schema": schema, "description": words}
        for name, schema, words in (*_common(table), *_filters(table))
    ]


def _common(table: Table) -> Iterator[tuple[str, dict[str, Any], str]]:
    for name, values in table.own.items():
        words = "The pair with this PSA alone, as if there were no other; empty for all."
        yield name, {"type": "string", "enum": ["", *values], "default": ""}, words
    names = "|".join(column.name for column in table.columns)
    orders = "|".join(column.name for column in table.columns if column.can_sort)
    yield "q", TEXT, "All texts are searched for it."
    yield "sort", _listed(f"-?({orders})", ",".join(table.order)), "Columns, comma-separated; - for descending."
    yield (
        "columns",
        _listed(f"({names})"),
        "Which columns, comma-separated; else all in JSON, and in CSV those the portal shows.",
    )
    yield "view", SLUG, "A saved view, which the other parameters override."
    yield "page", {"type": "integer", "minimum": 1, "maximum": 999_999, "default": 1}, "From 1."
    yield "size", {"type": "integer", "minimum": 1, "maximum": LARGEST, "default": 50}, "Rows of a page."


def _listed(one: str, default: str = "") -> dict[str, Any]:
    return {"type": "string", "pattern": f"^({one}(,{one})*)?$"} | ({"default": default} if default else {})


def _filters(table: Table) -> Iterator[tuple[str, dict[str, Any], str]]:
    for column in table.columns:
        for operator in operators(column):
            yield f"{column.name}.{operator}", _value(column, operator), column.label


def _value(column: Column, operator: str) -> dict[str, Any]:
    if operator in ("last", "empty"):
        return DAYS if operator == "last" else EMPTY
    if column.kind in ("date", "datetime"):
        return DAY
    return NUMBER if column.kind in NUMERIC else TEXT


def words(table: Table) -> str:
    """The columns as a table in Markdown, for the reader of the call's description."""
    lines = [
        f"| `{one.name}` | {one.label} | {one.kind} | {_choices(one)} | {', '.join(operators(one))} |" for one in table.columns
    ]
    return "\n".join(
        (
            table.lead,
            "",
            "Filters are `<column>.<operator>=<value>`, any number of times; all must hold.",
            "",
            "| column | title | kind | values | operators |",
            "|---|---|---|---|---|",
            *lines,
        )
    )


def _choices(column: Column) -> str:
    return "; ".join(f"`{value}`: {sign.words}" for value, sign in column.signs.items())
