"""From what is asked to a query. Filters by equality and range use operators that row-level security lets an index
serve; `contains` and the quick search do not and walk the tenant's rows. Source: reliability R18.
"""

from __future__ import annotations

import operator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import reduce
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.db.models import DecimalField, F, Q, QuerySet, Value

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.lists.asked import Asked, Filter
from purser.lists.model import Column, Table


def rows(
    table: Table,
    actor: Actor,
    asked: Asked,
    *,
    now: datetime,
    zone: str = "UTC",
    counted: bool = False,
) -> QuerySet[Any, Any]:
    """The rows asked for, in a total order. Raises Refused with the first problem of `asked`, or when a value does
    not fit.

    `zone` is where a day begins and ends; `now` decides what "the last 30 days" are.
    """
    if asked.problems:
        raise Refused(asked.problems[0], code="address", hint="Remove the filter, or correct the address.")
    found = table.rows(actor, asked.own)
    filtered = {one.column for one in asked.filters}
    expressions = {
        column.path: column.expression
        for column in table.columns
        if column.expression is not None and (not counted or column.name in filtered)
    }
    if expressions:
        found = found.annotate(**expressions)
    try:
        for one in asked.filters:
            found = found.filter(condition(table.by_name[one.column], one, now=now, zone=ZoneInfo(zone)))
        if asked.search:
            texts = [column for column in table.columns if column.kind == "text" and column.can_filter]
            found = found.filter(reduce(operator.or_, (Q(**{f"{c.path}__icontains": asked.search}) for c in texts), Q()))
    except (ValidationError, ValueError) as wrong:  # a text that is no identifier, for example
        words = "; ".join(wrong.messages) if isinstance(wrong, ValidationError) else str(wrong)
        raise Refused(f"A filter's value does not fit: {words}", code="address") from wrong
    return found.order_by() if counted else found.order_by(*order(table, asked))


def order(table: Table, asked: Asked) -> list[Any]:
    """The columns asked for, and the key last, so that no row moves between two pages."""
    terms: list[Any] = []
    for name in asked.sort:
        path = F(table.by_name[name.removeprefix("-")].path)
        terms.append(path.desc() if name.startswith("-") else path.asc())
    return [*terms, table.key]


def condition(column: Column, one: Filter, *, now: datetime, zone: ZoneInfo) -> Q:
    path, value = column.path, one.values[0]
    if one.operator == "empty":
        blank = Q(**{f"{path}__isnull": True})
        if column.kind == "text":
            blank |= Q(**{f"{path}__regex": "^$"})  # unlike = '', it fits identifiers too
        return blank if value == "yes" else ~blank
    if column.kind in {"date", "datetime"}:
        return _dated(column, one.operator, value, now=now, zone=zone)
    if column.numeric:
        number = _number(value)
        lookup = {"is": "exact", "not": "exact", "min": "gte", "max": "lte"}[one.operator]
        found = Q(**{f"{path}__{lookup}": number})
        return ~found if one.operator == "not" else found
    if one.operator == "in":
        return Q(**{f"{path}__in": list(one.values)})
    if one.operator == "contains":
        return Q(**{f"{path}__icontains": value})
    return ~Q(**{path: value}) if one.operator == "not" else Q(**{path: value})


def _number(value: str) -> Any:
    """Whole numbers as such, which an index on a whole-number column can serve; others exactly, never cut to whole
    ones.
    """
    number = Decimal(value)
    return int(number) if number == number.to_integral_value() else Value(number, output_field=DecimalField())


def _dated(column: Column, word: str, value: str, *, now: datetime, zone: ZoneInfo) -> Q:
    """Days as half-open ranges. A moment belongs to the day it falls on in `zone`."""
    today = now.astimezone(zone).date()
    first: date | None = None
    last: date | None = None
    if word == "last":
        first = today - timedelta(days=int(value) - 1)
    if word in {"is", "min"}:
        first = date.fromisoformat(value)
    if word in {"is", "max"}:
        last = date.fromisoformat(value)

    def starts(day: date) -> date | datetime:
        return datetime.combine(day, time.min, tzinfo=zone) if column.kind == "datetime" else day

    found = Q()
    if first:
        found &= Q(**{f"{column.path}__gte": starts(first)})
    if last:
        found &= Q(**{f"{column.path}__lt": starts(last + timedelta(days=1))})
    return found
