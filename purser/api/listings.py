"""A list as an answer: one page in JSON, or everything that matches as CSV for a caller that prefers `text/csv`."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from pydantic import BaseModel

from purser.api.schemas.common import Out, Page, Paging
from purser.api.tables import Tabled
from purser.kernel import digest
from purser.lists import files

JSON, CSV = "application/json", "text/csv"
UTC = ZoneInfo("UTC")

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

    def cells(self, names: Sequence[str]) -> Iterator[list[files.Value]]:
        """All rows that match, as CSV has them."""
        return ([_plain(getattr(self.show(row), name)) for name in names] for row in self.rows.iterator(chunk_size=2000))


def _plain(value: Any) -> files.Value:
    """Numbers as JSON has them, ids and words as text."""
    if isinstance(value, Decimal):
        return Decimal(digest.units(value))
    return value if isinstance(value, files.Value) else str(value)


def wants_csv(request: HttpRequest) -> bool:
    return bool(request.get_preferred_type([JSON, CSV]) == CSV)


def rendered(result: Any, *, status: int, columns: type[BaseModel] | None, as_file: bool) -> HttpResponseBase:
    """The answer in full, made while the seat is held. `columns` is the shape of a `Listed` row where CSV is offered."""
    if isinstance(result, HttpResponseBase):
        return result
    if isinstance(result, Tabled):
        if as_file:
            return _file(result.heads(), result.cells(), zone=result.zone)
        return HttpResponse(result.page().model_dump_json(exclude_unset=True), status=status, content_type=JSON)
    if isinstance(result, Listed):
        if as_file and columns is not None:
            names = list(columns.model_fields)
            return _file(names, result.cells(names), zone=UTC)
        result = result.page()
    if result is None:
        return HttpResponse(status=204)
    text = result.model_dump_json() if isinstance(result, BaseModel) else json.dumps(result, ensure_ascii=False)
    return HttpResponse(text, status=status, content_type=JSON)


def _file(heads: Sequence[str], rows: Iterable[Sequence[files.Value]], *, zone: ZoneInfo) -> FileResponse:
    """All rows that match, from one statement and so from one moment. Written whole before the first byte is sent."""
    file = tempfile.SpooledTemporaryFile(max_size=files.IN_MEMORY)  # noqa: SIM115  # closed by the response
    files.write_csv(file, heads, rows, style=files.STYLES["comma"], zone=zone)
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{files.NAME}.csv", content_type=f"{CSV}; charset=utf-8")
