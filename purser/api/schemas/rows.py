"""Rows of the lists that both doors show: a field for each column of the list, under the column's own name, so that what is
read is called as what it is filtered by. A new column of a database table is in none of them until a list declares it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import Field, create_model

from purser.api.schemas.common import Number, Out
from purser.api.schemas.sides import Money
from purser.lists.model import Column, Table, reach

TYPES: dict[str, Any] = {
    "text": str,
    "badge": str,
    "number": Number,
    "money": Money,
    "date": date,
    "datetime": datetime,
}


def shape(table: Table) -> type[Out]:
    """The shape of a row. Every field but `id` may be left out, for `columns` says which are wanted."""
    fields: dict[str, Any] = {
        column.name: (TYPES[column.kind] | None, Field(None, title=column.label)) for column in table.columns
    }
    name = f"{table.name.title().replace('_', '')}Row"
    return create_model(name, __base__=Out, __doc__=table.lead, **{**fields, "id": (UUID, ...)})


def row(of: type[Out], table: Table, columns: Sequence[Column], record: Any) -> Out:
    """One record with these columns, of the shape made for its table."""
    return of(**{column.name: _value(column, record) for column in columns} | {"id": reach(record, table.key)})


def _value(column: Column, record: Any) -> Any:
    value = column.value(record)
    if value is None:
        return None
    if column.kind == "money":
        return Money(amount=value, currency=str(reach(record, column.currency) or ""))
    return str(value) if TYPES[column.kind] is str else value
