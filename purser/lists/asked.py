"""What the address asks of a list, and back:
`?company.is=Acme&count.min=5&sort=-adjusted_on&page=2&columns=a,b&size=50`.

- `<column>.<operator>=<value>`, any number of times; all must hold. Operators: see OPERATORS. `.in` may repeat: one
of them.
- `q` searches all text columns; `sort` names columns, comma-separated, "-" for descending; `columns` which and in
what order.
- `page` from 1; `size` up to 250 rows; `view` the slug of a saved view, which the other parameters override.
- Parameters without a dot that are not the list's belong to the page and are kept in every link.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from purser.lists.model import LARGEST, Column, Table

LONGEST, MOST = 300, 40  # characters of one value, filters of one address
DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,6})?", re.ASCII)
DATED = ("date", "datetime")
NUMERIC = ("number", "money")
WORDED = ("text", "badge")
EVERY = (*WORDED, *NUMERIC, *DATED)

NAMES = ("q", "sort", "columns", "size", "page", "view")  # what every list takes beside its filters

# operator: words in the middle of a sentence, the kinds it fits
OPERATORS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "contains": ("contains", ("text",)),
    "is": ("is", EVERY),
    "not": ("is not", (*WORDED, *NUMERIC)),
    "in": ("is one of", WORDED),
    "min": ("from", (*NUMERIC, *DATED)),
    "max": ("to", (*NUMERIC, *DATED)),
    "last": ("in the last days", DATED),
    "empty": ("is empty", EVERY),
}


@dataclass(frozen=True)
class Filter:
    column: str
    operator: str
    values: tuple[str, ...]

    def pairs(self) -> list[tuple[str, str]]:
        return [(f"{self.column}.{self.operator}", value) for value in self.values]


@dataclass(frozen=True)
class Base:
    """What holds without a word in the address: the person's own order, columns and size, or the table's."""

    sort: tuple[str, ...]
    columns: tuple[str, ...]
    size: int


@dataclass(frozen=True)
class Asked:
    """A parsed address. `problems` are sentences about what could not be understood: while there are any, no rows
    are shown.
    """

    filters: tuple[Filter, ...]
    search: str
    sort: tuple[str, ...]
    columns: tuple[str, ...]
    size: int
    page: int
    view: str
    rest: tuple[tuple[str, str], ...]
    problems: tuple[str, ...]
    base: Base

    def query(self, **changes: Any) -> str:
        """The address that asks for this with changes; back on page 1 unless a page is given."""
        new = replace(self, **{"page": 1, "view": "", **changes})
        pairs = [*new.rest, *(pair for one in new.filters for pair in one.pairs())]
        if new.view:
            pairs.append(("view", new.view))
        if new.search:
            pairs.append(("q", new.search))
        for name in ("sort", "columns"):
            if getattr(new, name) != getattr(self.base, name):
                pairs.append((name, ",".join(getattr(new, name))))
        if new.size != self.base.size:
            pairs.append(("size", str(new.size)))
        if new.page > 1:
            pairs.append(("page", str(new.page)))
        return "?" + urlencode(pairs)

    @property
    def own(self) -> QueryDict:
        """What is not the list language's: the list's and the page's own words, of the address or of its view."""
        found = QueryDict(mutable=True)
        for name, value in self.rest:
            found.appendlist(name, value)
        return found

    def with_filter(self, *added: Filter) -> str:
        return self.query(filters=(*self.filters, *(one for one in added if one not in self.filters)))

    def without(self, gone: Filter) -> str:
        return self.query(filters=tuple(one for one in self.filters if one != gone))


RESERVED = frozenset({*NAMES, "format", "all", "f", "o", "v"})


def operators(column: Column) -> list[str]:
    """What the column can be filtered by."""
    return [name for name, (_, kinds) in OPERATORS.items() if column.can_filter and column.kind in kinds]


def parse(table: Table, params: QueryDict, *, kept: Mapping[str, Any] | None = None, saved: QueryDict | None = None) -> Asked:
    """Read an address. `kept` is the person's preference for this screen, `saved` the query of the saved view named."""
    problems: list[str] = []
    kept = kept or {}
    size = kept.get("size")
    base = Base(
        sort=tuple(name for name in _known(table, kept.get("sort")) if _sorts(table, name)) or table.order,
        columns=_known(table, kept.get("columns")) or table.default_columns,
        size=size if isinstance(size, int) and 1 <= size <= LARGEST else 50,
    )
    merged = saved.copy() if saved is not None else QueryDict(mutable=True)
    for name, values in params.lists():
        merged.setlist(name, values)
    if "\0" in "".join(value for _, values in merged.lists() for value in values):
        problem = "The address holds a sign that no text of ours can hold."
        return Asked((), "", base.sort, base.columns, base.size, 1, "", (), (problem,), base)
    filters = tuple(_filters(table, merged, problems))
    for name, known in table.own.items():
        wrong = [value for value in merged.getlist(name) if value and value not in known]
        problems.extend(f"{value!r} is no {name}; choose {' or '.join(known)}." for value in wrong)
    return Asked(
        filters=filters,
        search=_search(merged.get("q", ""), problems),
        sort=_sort(table, merged.get("sort", ""), problems) or base.sort,
        columns=_columns(table, merged.get("columns", ""), problems) or base.columns,
        size=_size(merged.get("size", ""), base.size, problems),
        page=_page(merged.get("page", ""), problems),
        view=params.get("view", "") if saved is not None else "",
        rest=tuple(
            (name, value) for name, values in merged.lists() if "." not in name and name not in RESERVED for value in values
        ),
        problems=tuple(problems),
        base=base,
    )


def _known(table: Table, names: Any) -> tuple[str, ...]:
    """Names from a preference, without the columns that no longer exist."""
    if not isinstance(names, list):
        return ()
    return tuple(name for name in names if isinstance(name, str) and name.removeprefix("-") in table.by_name)


def _filters(table: Table, params: QueryDict, problems: list[str]) -> list[Filter]:
    found: list[Filter] = []
    for name, values in params.lists():
        word, dot, operator = name.rpartition(".")
        if not dot:
            continue
        column = table.by_name.get(word)
        if column is None or not column.can_filter:
            problems.append(f"This list has no column {word!r} to filter by.")
        elif operator not in operators(column):
            problems.append(
                f"{column.label} cannot be filtered by {operator!r}. What it knows: {', '.join(operators(column))}."
            )
        elif operator == "in":
            found.append(Filter(word, operator, tuple(values)))
        else:
            found.extend(Filter(word, operator, (value,)) for value in values)
    for one in found:
        problems.extend(filter(None, (_wrong(table.by_name[one.column], one.operator, value) for value in one.values)))
    if len(found) > MOST:
        problems.append(f"{len(found)} filters are more than the {MOST} that one list takes.")
    return found


def _wrong(column: Column, operator: str, value: str) -> str:
    """Why this value does not fit; empty when it does."""
    if len(value) > LONGEST:
        return f"{column.label}: the value is longer than {LONGEST} characters."
    if operator == "empty":
        return "" if value in {"yes", "no"} else f"{column.label} is empty: write yes or no, not {value!r}."
    if operator == "last":
        fits = re.fullmatch(r"\d{1,4}", value, re.ASCII) and 1 <= int(value) <= 3660
        return "" if fits else f"{column.label}: {value!r} is no number of days from 1 to 3660."
    if column.kind in NUMERIC:
        return "" if DECIMAL.fullmatch(value) else f"{column.label}: {value!r} is no number like 12 or -3.50."
    if column.kind in DATED:
        return "" if _is_date(value) else f"{column.label}: {value!r} is no date like 2026-03-31 (years 1900 to 2999)."
    return ""


def _is_date(value: str) -> bool:
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII)) and 1900 <= date.fromisoformat(value).year <= 2999
    except ValueError:
        return False


def _search(text: str, problems: list[str]) -> str:
    if len(text) > LONGEST:
        problems.append(f"The text to search for has {len(text)} characters; up to {LONGEST} are taken.")
    return text.strip()


def _sort(table: Table, text: str, problems: list[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(","))) if text else ()
    wrong = [name for name in names if not _sorts(table, name)]
    problems.extend(f"This list cannot be ordered by {name.removeprefix('-')!r}." for name in wrong)
    return tuple(name for name in names if name not in wrong)


def _sorts(table: Table, name: str) -> bool:
    column = table.by_name.get(name.removeprefix("-"))
    return column is not None and column.can_sort


def _columns(table: Table, text: str, problems: list[str]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(text.split(","))) if text else ()
    unknown = [name for name in names if name not in table.by_name]
    problems.extend(f"This list has no column {name!r}." for name in unknown)
    return tuple(name for name in names if name not in unknown)


def _size(text: str, base: int, problems: list[str]) -> int:
    if not text:
        return base
    if not re.fullmatch(r"[1-9]\d{0,2}", text, re.ASCII) or int(text) > LARGEST:
        problems.append(f"{text!r} is no page size; a page has 1 to {LARGEST} rows.")
        return base
    return int(text)


def _page(text: str, problems: list[str]) -> int:
    if not text:
        return 1
    if not re.fullmatch(r"[1-9]\d{0,5}", text, re.ASCII):
        problems.append(f"{text!r} is no page number.")
        return 1
    return int(text)
