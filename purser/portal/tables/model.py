"""A list as the portal shows it: where its values lead, what can be done with its rows, and words for when it is empty."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from purser.lists import model as plain
from purser.lists.model import Preset, Sign

__all__ = ["SIZES", "Bulk", "Column", "Empty", "Href", "Preset", "Sign", "Table", "dressed"]

SIZES = (25, 50, 100, 250)  # what a reader can choose from

Href = Callable[[Any], str]


@dataclass(frozen=True)
class Column(plain.Column):
    """`href` makes the value a link; else a click on it filters by it."""

    href: Href | None = None


@dataclass(frozen=True)
class Empty:
    """Why there is nothing yet, and the next step: `step` is a URL name that takes `tenant`. Source: ux 23."""

    title: str = "Nothing here yet"
    text: str = ""
    step: str = ""
    step_words: str = ""


@dataclass(frozen=True)
class Bulk:
    """Something to do with chosen rows: a form posted to the tenant page of this URL name. Read it with
    `listing.chosen`.
    """

    label: str
    name: str
    verb: str
    danger: bool = False


@dataclass(frozen=True)
class Table(plain.Table):
    """A list with its looks. `export` is the URL name of the export page (exports.door). Rows that it
    `qualifies` can be ticked for `bulk`. `actions` is a template with what can be done with one row (`row`), shown at
    its end. Source: ux 19.
    """

    columns: tuple[Column, ...]
    empty: Empty = Empty()
    bulk: tuple[Bulk, ...] = ()
    qualifies: Callable[[Any], bool] = lambda row: True
    export: str = ""
    actions: str = ""

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}


def dressed(
    table: plain.Table,
    *,
    empty: Empty,
    export: str = "",
    bulk: tuple[Bulk, ...] = (),
    qualifies: Callable[[Any], bool] = lambda row: True,
    href: Mapping[str, Href] | None = None,
    actions: str = "",
) -> Table:
    """A list that both doors show, with the portal's looks; `href` by the name of the column."""
    links = dict(href or {})
    columns = tuple(Column(**_parts(column), href=links.pop(column.name, None)) for column in table.columns)
    if links:
        raise ValueError(f"Table {table.name} has no column {sorted(links)} to lead anywhere.")
    looks = {"empty": empty, "export": export, "bulk": bulk, "qualifies": qualifies, "actions": actions}
    return Table(**{**_parts(table), "columns": columns, **looks})


def _parts(one: plain.Table | plain.Column) -> dict[str, Any]:
    return {field.name: getattr(one, field.name) for field in fields(one)}
