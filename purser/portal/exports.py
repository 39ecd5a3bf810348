"""Exports of lists: CSV (`table-data.csv`) and XLSX of everything that matches, with the shown or all columns.

A file is written whole, from one snapshot, before its first byte is sent: a failure half-way is an error page and
never a file that looks complete, and a slow reader holds no transaction open. Rows pass one at a time, so memory
stays flat. Source: acceptance ID-47; ux 17, 18.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from zoneinfo import ZoneInfo

from django.db import connection
from django.http import FileResponse, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from psycopg import IsolationLevel

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.lists import asked, compiled, files, saved
from purser.portal import preferences, workbook
from purser.portal.doors import page
from purser.portal.tables.model import Table
from purser.postgres import tenancy
from purser.tenants import organisations

SCREEN = "csv"  # the preference's screen


@contextmanager
def snapshot(seat: AbstractContextManager[None]) -> Iterator[None]:
    """Take a seat on one state of the data: what others commit meanwhile is not seen. Opens its own transaction."""
    connection.ensure_connection()
    held = connection.connection
    held.isolation_level = IsolationLevel.REPEATABLE_READ  # must stand before the first statement
    try:
        with seat:
            yield
    finally:
        held.isolation_level = None


Door = Callable[..., HttpResponseBase]


def door(table: Table, verb: str) -> Door:
    """The export page of a list, for its urls: takes the list's own parameters and `format=csv|xlsx`, `all=1`.

    Times are in the zone of the organisation acted in.
    """

    @page(verb, seat=False)
    def export(request: HttpRequest, actor: Actor) -> HttpResponseBase:
        kind = request.GET.get("format", "csv")
        if kind not in {"csv", "xlsx"}:
            raise Refused(f"{kind!r} is no format of ours.", code="format", hint="Choose csv or xlsx.")
        file = tempfile.SpooledTemporaryFile(max_size=files.IN_MEMORY)  # noqa: SIM115  # closed by the response
        with tenancy.acting_in(actor.tenant):
            wanted = asked.parse(
                table,
                request.GET,
                kept=preferences.read(actor, table.name),
                saved=saved.asked_for(actor, table.name, request.GET),
            )
            name = organisations.zone()
            zone = ZoneInfo(name)
            style = files.STYLES.get(preferences.read(actor, SCREEN).get("style", ""), files.STYLES["comma"])
        with snapshot(table.seat(actor) if table.seat else tenancy.acting_in(actor.tenant)):
            found = compiled.rows(table, actor, wanted, now=timezone.now(), zone=name)
            chosen = files.columns(table, wanted, every=request.GET.get("all") == "1")
            rows = (files.values(chosen, record) for record in found.iterator(chunk_size=2000))
            if kind == "csv":
                files.write_csv(file, files.heads(chosen), rows, style=style, zone=zone)
            else:
                workbook.write(file, files.heads(chosen), rows, title=table.title, zone=zone)
        file.seek(0)
        return FileResponse(file, as_attachment=True, filename=f"{files.NAME}.{kind}", content_type=TYPES[kind])

    return export


TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
