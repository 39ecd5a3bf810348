"""One page of a list, ready to show: rows, count, heads, chips, addresses. Also the rows that a bulk form names."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.safestring import SafeString

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.lists import asked, compiled
from purser.lists.asked import OPERATORS, Asked, Filter
from purser.portal.tables import cells
from purser.portal.tables.model import SIZES, Column, Table

# Counting is exact up to here; beyond, "10,000+" is said, for a count must not cost more than the page.
COUNTED = 10_000


@dataclass(frozen=True)
class Head:
    """A column's head: `order` is "ascending", "descending" or ""; `href` asks for the next one."""

    column: Column
    order: str
    href: str


@dataclass(frozen=True)
class Chip:
    words: str
    off: str


@dataclass(frozen=True)
class Row:
    key: str
    cells: tuple[SafeString, ...]
    record: Any
    tickable: bool


@dataclass(frozen=True)
class Listing:
    """A page of a list. `total` counts up to COUNTED; `over` says that there are more than that."""

    table: Table
    asked: Asked
    records: tuple[Any, ...]
    total: int
    over: bool
    more: bool
    refused: str
    zone: str

    @property
    def id(self) -> str:
        return f"list-{self.table.name}"

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(self.table.by_name[name] for name in self.asked.columns)

    @property
    def count(self) -> str:
        return f"{COUNTED:,}+" if self.over else f"{self.total:,}"

    @property
    def filtered(self) -> bool:
        return bool(self.asked.filters or self.asked.search)

    @property
    def active(self) -> int:
        return len(self.asked.filters) + bool(self.asked.search)

    @property
    def span(self) -> str:
        """Which rows of the whole are on this page, for example 51 to 100."""
        first = (self.asked.page - 1) * self.asked.size + 1
        return f"{first:,} to {first + len(self.records) - 1:,}" if self.records else "none"

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        here = self.asked.query()
        here += "" if here == "?" else "&"
        return tuple(
            Row(
                key=str(record[self.table.key] if isinstance(record, Mapping) else getattr(record, self.table.key)),
                cells=tuple(cells.cell(column, record, here=here, zone=self.zone) for column in self.columns),
                record=record,
                tickable=self.table.qualifies(record),
            )
            for record in self.records
        )

    @property
    def heads(self) -> tuple[Head, ...]:
        return tuple(self._head(column) for column in self.columns)

    def _head(self, column: Column) -> Head:
        down, up = f"-{column.name}" in self.asked.sort, column.name in self.asked.sort
        rest = tuple(name for name in self.asked.sort if name.removeprefix("-") != column.name)
        turned = (f"-{column.name}" if up else column.name, *(rest if up or down else ()))
        return Head(
            column,
            "ascending" if up else "descending" if down else "",
            self.asked.query(sort=turned) if column.can_sort else "",
        )

    @property
    def chips(self) -> tuple[Chip, ...]:
        found = [Chip(_words(self.table, one), self.asked.without(one)) for one in self.asked.filters]
        if self.asked.search:
            found.append(Chip(f"Any text contains {self.asked.search}", self.asked.query(search="")))
        return tuple(found)

    @property
    def clear_href(self) -> str:
        return self.asked.query(filters=(), search="")

    @property
    def next_href(self) -> str:
        return self.asked.query(page=self.asked.page + 1, view=self.asked.view) if self.more else ""

    @property
    def previous_href(self) -> str:
        return self.asked.query(page=self.asked.page - 1, view=self.asked.view) if self.asked.page > 1 else ""

    @property
    def first_href(self) -> str:
        return self.asked.query(view=self.asked.view)

    @property
    def sizes(self) -> list[tuple[int, str, bool]]:
        return [(size, self.asked.query(size=size), size == self.asked.size) for size in SIZES]

    @property
    def choosable(self) -> list[tuple[Column, bool]]:
        """All columns, the shown ones first in their order, each with whether it is shown."""
        hidden = [column for column in self.table.columns if column.name not in self.asked.columns]
        return [*((column, True) for column in self.columns), *((column, False) for column in hidden)]

    @property
    def presets(self) -> list[tuple[str, str]]:
        """The table's ready filters; each takes the place of the filters on the same columns."""
        found = []
        for preset in self.table.presets:
            added = asked.parse(self.table, QueryDict(preset.query)).filters
            columns = {one.column for one in added}
            kept = tuple(one for one in self.asked.filters if one.column not in columns)
            found.append((preset.label, self.asked.query(filters=(*kept, *added))))
        return found

    @property
    def filterable(self) -> list[Column]:
        return [column for column in self.table.columns if column.can_filter]

    @property
    def sortable(self) -> list[Column]:
        return [column for column in self.table.columns if column.can_sort]

    @property
    def operators(self) -> list[tuple[str, str, str]]:
        return [(name, words, " ".join(kinds)) for name, (words, kinds) in OPERATORS.items()]

    @property
    def state(self) -> str:
        """The whole state as a query without the page: for forms that carry it along."""
        return self.asked.query().removeprefix("?")

    @property
    def carried(self) -> list[tuple[str, str]]:
        """The state as pairs, for hidden inputs of a form that asks by GET."""
        return [(name, value) for name, values in QueryDict(self.state).lists() for value in values]


def _words(table: Table, one: Filter) -> str:
    column = table.by_name[one.column]
    shown = [column.signs[value].words if value in column.signs else value for value in one.values]
    if one.operator == "empty":
        return f"{column.label} is {'empty' if one.values[0] == 'yes' else 'not empty'}"
    if one.operator == "last":
        return f"{column.label} in the last {one.values[0]} days"
    return f"{column.label} {OPERATORS[one.operator][0]} {', '.join(shown)}"


def run(
    table: Table,
    actor: Actor,
    params: QueryDict,
    *,
    now: datetime,
    zone: str = "UTC",
    kept: Mapping[str, Any] | None = None,
    saved: QueryDict | None = None,
) -> Listing:
    """One page of the list, in the actor's seat: two queries, of the page and of a count up to COUNTED.

    What cannot be understood does not raise: the listing then has no rows and says why in `refused`.
    """
    wanted = asked.parse(table, params, kept=kept, saved=saved)
    try:
        found = compiled.rows(table, actor, wanted, now=now, zone=zone)
    except Refused as refusal:
        return Listing(table, wanted, (), 0, False, False, refusal.text, zone)
    first = (wanted.page - 1) * wanted.size
    records = tuple(found[first : first + wanted.size + 1])
    more = len(records) > wanted.size
    last = not more and (bool(records) or wanted.page == 1)  # the last page knows the count by itself
    counted = compiled.rows(table, actor, wanted, now=now, zone=zone, counted=True)
    total = first + len(records) if last else counted[: COUNTED + 1].count()
    return Listing(table, wanted, records[: wanted.size], total, total > COUNTED, more, "", zone)


def chosen(table: Table, actor: Actor, posted: QueryDict, *, now: datetime, zone: str = "UTC") -> QuerySet[Any, Any]:
    """The rows a bulk form names: the ticked ones, or all that match what the list showed. Raises Refused for none."""
    if posted.get("all") == "1":
        params = QueryDict(posted.get("matching", ""))
        return compiled.rows(table, actor, asked.parse(table, params), now=now, zone=zone)
    keys = posted.getlist("row")
    if not keys:
        raise Refused("No row is selected.", code="selection", hint="Tick at least one row.")
    try:
        return (
            table.rows(actor, QueryDict(posted.get("matching", ""))).filter(**{f"{table.key}__in": keys}).order_by(table.key)
        )
    except (ValidationError, ValueError) as wrong:
        raise Refused("A selected row has no proper id.", code="selection", hint="Reload the list.") from wrong


def from_form(table: Table, params: QueryDict) -> str | None:
    """The canonical address for the filter form's fields (f, o, v), the two sort fields (s1, s2) or column boxes
    (c); else None.
    """
    if not {"f", "s1", "c"} & set(params):
        return None
    now = params.copy()
    for name in ("f", "o", "v", "s1", "s2", "c", "page", "view"):
        now.pop(name, None)
    column, operator, value = params.get("f", ""), params.get("o", ""), params.get("v", "").strip()
    if column and value:
        values = next(csv.reader([value], skipinitialspace=True)) if operator == "in" else [value]
        for one in values:
            now.appendlist(f"{column}.{operator}", one)
    if "s1" in params:
        now["sort"] = ",".join(filter(None, (params.get("s1"), params.get("s2"))))
    if "c" in params:
        now["columns"] = ",".join(params.getlist("c"))
    return "?" + now.urlencode(safe=",")
