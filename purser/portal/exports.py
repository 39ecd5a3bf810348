"""Exports of lists: CSV (`table-data.csv`) and XLSX of everything that matches, with the shown or all columns.

A file is written whole, from one snapshot, before its first byte is sent: a failure half-way is an error page and
never a file that looks complete, and a slow reader holds no transaction open. Rows pass one at a time, so memory
stays flat.

Only text cells are guarded against being read as formulas; numbers are written from typed values and stay numbers.
Source: acceptance ID-47; reliability section 4 (CSV out) and P28; ux 17, 18.
"""

from __future__ import annotations

import codecs
import csv
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from psycopg import IsolationLevel

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.portal import preferences, workbook
from purser.portal.doors import page
from purser.portal.tables import asked, compiled, saved
from purser.portal.tables.model import Column, Sign, Table, reach
from purser.postgres import tenancy

SCREEN = "csv"  # the preference's screen
IN_MEMORY = 4_000_000  # bytes, before a file goes to disk
FORMULA = tuple("=+-@\t\0\r＝＋－＠")

Value = str | int | Decimal | date | datetime | bool | None


@dataclass(frozen=True)
class Style:
    delimiter: str
    decimal: str


STYLES = {"comma": Style(",", "."), "semicolon": Style(";", ",")}


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula: with a leading apostrophe where it could be. Undone by `unguarded`.

    A text that begins with an apostrophe gets another one where what follows would be guarded, so that nothing is lost.
    """
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def unguarded(text: str) -> str:
    """What `guarded` was given; for our own imports."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(FORMULA) else text


def cell(value: Value, style: Style, zone: ZoneInfo) -> str:
    """A value as CSV text: numbers bare with the style's decimal mark, dates ISO, times ISO in `zone`, text guarded."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | Decimal):
        return f"{value:f}".replace(".", style.decimal) if isinstance(value, Decimal) else str(value)
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return guarded(value)


def write_csv(file: IO[bytes], heads: Sequence[str], rows: Iterable[Sequence[Value]], *, style: Style, zone: ZoneInfo) -> int:
    """Write RFC 4180 text in UTF-8 with a byte order mark; returns the number of rows."""
    file.write(codecs.BOM_UTF8)
    text = codecs.getwriter("utf-8")(file)
    writer = csv.writer(text, delimiter=style.delimiter, lineterminator="\r\n")
    writer.writerow([guarded(head) for head in heads])
    count = 0
    for row in rows:
        writer.writerow([cell(value, style, zone) for value in row])
        count += 1
    return count


def columns(table: Table, wanted: asked.Asked, *, every: bool) -> list[Column]:
    """The shown columns in their order; with `every`, all others after them."""
    shown = [table.by_name[name] for name in wanted.columns]
    return shown + [column for column in table.columns if every and column not in shown]


def heads(chosen: Sequence[Column]) -> list[str]:
    """Money takes two columns, the amount (a number) and its currency."""
    return [label for column in chosen for label in _labels(column)]


def _labels(column: Column) -> tuple[str, ...]:
    return (column.label, f"{column.label} currency") if column.kind == "money" else (column.label,)


def values(chosen: Sequence[Column], record: Any) -> list[Value]:
    """A record's cells, as plain values in the order of `heads`."""
    found: list[Value] = []
    for column in chosen:
        value = column.value(record)
        if column.kind == "badge" and value is not None:
            value = column.signs.get(str(value), Sign(str(value))).words
        found.append(value if isinstance(value, Value) else str(value))
        if column.kind == "money":
            found.append(str(reach(record, column.currency) or ""))
    return found


@contextmanager
def snapshot(tenant: UUID) -> Iterator[None]:
    """Act in a tenant on one state of the data: what others commit meanwhile is not seen. Opens its own transaction."""
    connection.ensure_connection()
    held = connection.connection
    held.isolation_level = IsolationLevel.REPEATABLE_READ  # must stand before the first statement
    try:
        with tenancy.acting_in(tenant):
            yield
    finally:
        held.isolation_level = None


Door = Callable[..., HttpResponseBase]


def door(table: Table, verb: str, *, zone_of: Callable[[], str] = lambda: "UTC") -> Door:
    """The export page of a list, for its urls: takes the list's own parameters and `format=csv|xlsx`, `all=1`.

    `zone_of` gives the zone of its times, called in the tenant's seat.
    """

    @page(verb, seat=False)
    def export(request: HttpRequest, actor: Actor) -> HttpResponseBase:
        kind = request.GET.get("format", "csv")
        if kind not in {"csv", "xlsx"}:
            raise Refused(f"{kind!r} is no format of ours.", code="format", hint="Choose csv or xlsx.")
        file = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115  # closed by the response
        with snapshot(actor.tenant):
            slug = request.GET.get("view", "")
            wanted = asked.parse(
                table,
                request.GET,
                kept=preferences.read(actor, table.name),
                saved=saved.named(saved.visible(actor, table.name), slug) if slug else None,
            )
            name = zone_of()
            zone = ZoneInfo(name)
            found = compiled.rows(table, actor, wanted, request.GET, now=timezone.now(), zone=name)
            chosen = columns(table, wanted, every=request.GET.get("all") == "1")
            rows = (values(chosen, record) for record in found.iterator(chunk_size=2000))
            if kind == "csv":
                style = STYLES.get(preferences.read(actor, SCREEN).get("style", ""), STYLES["comma"])
                write_csv(file, heads(chosen), rows, style=style, zone=zone)
            else:
                workbook.write(file, heads(chosen), rows, title=table.title, zone=zone)
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename=f"table-data.{kind}", content_type=TYPES[kind])

    return export


TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
