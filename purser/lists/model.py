"""What a list is: its columns, its rows, its order. The same for the portal, which adds its looks, and the API."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import QueryDict

from purser.access.actors import Actor
from purser.postgres import tenancy

Kind = Literal["text", "number", "money", "date", "datetime", "badge"]
LARGEST = 250  # rows of a page


@dataclass(frozen=True)
class Sign:
    """How one value of a badge column looks; tone is good, bad, warn, note or plain."""

    words: str
    tone: str = "plain"
    icon: str = ""


@dataclass(frozen=True)
class Column:
    """One column. `name` is its word in addresses, saved views and exports, and never changes.

    `field` is an ORM path (default: the name); `expression` an ORM expression instead of one. `read` computes the
    value from the row in Python: such a column cannot be sorted or filtered. `currency` is the ORM path of the
    currency code (money). `signs` gives the words and looks of a badge's values.
    """

    name: str
    label: str
    kind: Kind = "text"
    field: str = ""
    expression: Any = None
    read: Callable[[Any], Any] | None = None
    currency: str = ""
    signs: Mapping[str, Sign] = dataclasses.field(default_factory=dict)
    sortable: bool = True
    filterable: bool = True
    shown: bool = True

    @property
    def path(self) -> str:
        """Where the value stands in a query; a column with an expression is annotated under its own name."""
        return f"col_{self.name}" if self.expression is not None else self.field or self.name

    @property
    def can_sort(self) -> bool:
        return self.sortable and self.read is None

    @property
    def can_filter(self) -> bool:
        return self.filterable and self.read is None

    @cached_property
    def is_state(self) -> bool:
        """Whether a badge's values are good or bad; where they only name something, words without colour are enough."""
        return any(sign.tone != "plain" or sign.icon for sign in self.signs.values())

    @property
    def numeric(self) -> bool:
        return self.kind in {"number", "money"}

    def value(self, row: Any) -> Any:
        """The plain value in a row (a model instance or a mapping); None where a link of the path is missing."""
        return self.read(row) if self.read else reach(row, self.path)


def reach(row: Any, path: str) -> Any:
    if isinstance(row, Mapping):
        return row[path]
    for step in path.split("__"):
        if row is None:
            return None
        row = getattr(row, step)
    return row


@dataclass(frozen=True)
class Preset:
    """A ready filter, offered as one click: `query` as in the address, for example "adjusted_on.last=30"."""

    label: str
    query: str


Rows = Callable[[Actor, QueryDict], "QuerySet[Any, Any]"]


@dataclass(frozen=True)
class Table:
    """A list. `name` is the screen's name for preferences and saved views; `lead` says in a sentence what it shows.

    `rows` gives all rows this actor may see here, unordered, with what the columns need joined; it gets the address's
    parameters for the list's own ones. `own` names those with the values they take ("" is always one of them): a word
    that is none of them is a problem of the address. `order` is the default, names of columns, "-" for descending; `key`
    makes it total.

    `seat` is given by a list over tenants: the seat its rows are read in, which is not that of the actor's organisation,
    where the person's views and choices are. Such a list is shown outside of any seat.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Rows
    order: tuple[str, ...]
    key: str = "id"
    presets: tuple[Preset, ...] = ()
    lead: str = ""
    own: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    seat: Callable[[Actor], AbstractContextManager[None]] | None = None

    def reading(self, actor: Actor) -> AbstractContextManager[None]:
        """Around what reads its rows: its own seat, or the one taken already."""
        return self.seat(actor) if self.seat else nullcontext()

    def keeping(self, actor: Actor) -> AbstractContextManager[None]:
        """Around what reads the person's views and choices: the actor's seat, taken already unless the list has its own."""
        return tenancy.acting_in(actor.tenant) if self.seat else nullcontext()

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) < len(names):
            raise ValueError(f"Table {self.name}: a column name stands twice in {names}.")
        unknown = {name.removeprefix("-") for name in self.order} - set(names)
        if unknown:
            raise ValueError(f"Table {self.name}: the default order names no column: {sorted(unknown)}.")

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        return {column.name: column for column in self.columns}

    @property
    def default_columns(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.shown)
