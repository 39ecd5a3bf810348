"""A file of rows that are no list: the same CSV and XLSX, in the person's own format."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from zoneinfo import ZoneInfo

from django.http import FileResponse, HttpRequest

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.lists import files
from purser.lists.files import Value
from purser.portal import preferences, workbook
from purser.portal.exports import SCREEN, TYPES
from purser.postgres import tenancy


def answer(
    request: HttpRequest, actor: Actor, heads: Sequence[str], rows: Iterable[Sequence[Value]], *, title: str, name: str
) -> FileResponse:
    """`format=csv|xlsx` of the address; called `name`. Outside any seat. Raises Refused for another format."""
    kind = request.GET.get("format", "csv")
    if kind not in TYPES:
        raise Refused(f"{kind!r} is no format of ours.", code="format", hint="Choose csv or xlsx.")
    with tenancy.acting_in(actor.tenant):
        style = files.STYLES.get(preferences.read(actor, SCREEN).get("style", ""), files.STYLES["comma"])
    file = tempfile.SpooledTemporaryFile(max_size=files.IN_MEMORY)  # noqa: SIM115  # closed by the response
    if kind == "csv":
        files.write_csv(file, heads, rows, style=style, zone=ZoneInfo("UTC"))
    else:
        workbook.write(file, heads, rows, title=title, zone=ZoneInfo("UTC"))
    file.seek(0)
    return FileResponse(file, as_attachment=True, filename=f"{name}.{kind}", content_type=TYPES[kind])
