"""A list as an answer: one page in JSON, or everything that matches as CSV for a caller that prefers `text/csv`."""

from __future__ import annotations

import codecs
import csv
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Generic, TypeVar

from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from pydantic import BaseModel

from purser.api.schemas.common import Out, Page, Paging
from purser.kernel import digest

JSON, CSV = "application/json", "text/csv"
IN_MEMORY = 4_000_000  # bytes, before a file goes to disk
# What a spreadsheet takes for the beginning of a formula. Source: reliability section 4 (CSV out).
FORMULA = tuple("=+-@\t\0\r＝＋－＠")

R = TypeVar("R", bound=Out)


@dataclass(frozen=True)
class Listed(Generic[R]):
    """Rows in a total order, how to show one, and which page is asked for."""

    rows: QuerySet[Any, Any]
    show: Callable[[Any], R]
    paging: Paging

    def page(self) -> Page[R]:
        """One row more than the page holds tells whether there is a next one: nothing is counted."""
        first = (self.paging.page - 1) * self.paging.size
        found = [self.show(row) for row in self.rows[first : first + self.paging.size + 1]]
        size = self.paging.size
        return Page(rows=found[:size], page=self.paging.page, size=size, more=len(found) > size)

    def every(self) -> Iterator[R]:
        return (self.show(row) for row in self.rows.iterator(chunk_size=2000))


def rendered(request: HttpRequest, result: Any, *, status: int, columns: type[BaseModel] | None) -> HttpResponseBase:
    """The answer in full, made while the seat is held. `columns` is the shape of a row where CSV is offered."""
    if isinstance(result, HttpResponseBase):
        return result
    if isinstance(result, Listed):
        if columns is not None and request.get_preferred_type([JSON, CSV]) == CSV:
            return _csv(result, columns)
        result = result.page()
    if result is None:
        return HttpResponse(status=204)
    text = result.model_dump_json() if isinstance(result, BaseModel) else json.dumps(result, ensure_ascii=False)
    return HttpResponse(text, status=status, content_type=JSON)


def _csv(listed: Listed[Any], columns: type[BaseModel]) -> FileResponse:
    """All rows that match, from one statement and so from one moment. Written whole before the first byte is sent."""
    names = list(columns.model_fields)
    file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # closed by the response
    file.write(codecs.BOM_UTF8)
    writer = csv.writer(codecs.getwriter("utf-8")(file), lineterminator="\r\n")
    writer.writerow(names)
    for row in listed.every():
        writer.writerow([_cell(getattr(row, name)) for name in names])
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename="table-data.csv", content_type=f"{CSV}; charset=utf-8")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return digest.units(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    text = str(value.value if isinstance(value, Enum) else value)
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text
