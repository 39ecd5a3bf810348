"""Lists as ConnectWise answers them: bare arrays, with the other pages named in the Link header."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from sandboxes.connectwise import conditions
from sandboxes.kit import Request, Response, error

DEFAULT_PAGE = 25
LARGEST_PAGE = 1000
Row = dict[str, Any]


def invalid(message: str, *, field: str = "", code: str = "InvalidParameter", resource: str = "") -> error:
    """The 400 that ConnectWise answers, with the part at fault as a nested error."""
    nested = [{"code": code, "message": message, "resource": resource, "field": field}]
    top = f"{resource} object is invalid" if resource else message
    return error(400, {"code": "InvalidObject" if resource else code, "message": top, "errors": nested})


def chosen(rows: list[Row], request: Request) -> list[Row]:
    """The rows that pass `conditions`; a condition that cannot be read is a 400."""
    try:
        test = conditions.parse(request.query.get("conditions", ""))
        return [row for row in rows if test(row)]
    except ValueError as e:
        raise invalid(f"The conditions cannot be read: {e}.", field="conditions") from None


def count(rows: list[Row], request: Request) -> Response:
    return Response(200, {"count": len(chosen(rows, request))})


def page(rows: list[Row], request: Request, show: Callable[[Row], Row], *, loop: bool = False) -> Response:
    """One page of `rows`. With `loop`, forward-only paging names the same next page for ever."""
    size = _integer(request, "pageSize", DEFAULT_PAGE)
    if not 1 <= size <= LARGEST_PAGE:
        raise invalid(f"pageSize must be between 1 and {LARGEST_PAGE}.", field="pageSize")
    found = chosen(rows, request)
    if request.headers.get("pagination-type", "").lower() == "forward-only":
        after = _integer(request, "pageId", 0)
        found = sorted((row for row in found if row["id"] > after), key=lambda row: row["id"])[:size]
        next_id = 1 if loop else (found[-1]["id"] if found else after)
        links = {"next": {"pageId": next_id}}
    else:
        found = _ordered(found, request.query.get("orderBy", "id"))
        number, last = _integer(request, "page", 1), max(1, -(-len(found) // size))
        links = {"first": {"page": 1}, "last": {"page": last}} if last > 1 else {}
        if number > 1:
            links["prev"] = {"page": number - 1}
        if number < last:
            links["next"] = {"page": number + 1}
        found = found[(number - 1) * size : number * size]
    fields = [f.strip() for f in request.query.get("fields", "").split(",") if f.strip()]
    shown = [_narrowed(show(row), fields) for row in found]
    return Response(200, shown, {"Link": _link(request, links)} if links else {})


def _ordered(rows: list[Row], order: str) -> list[Row]:
    for part in reversed(order.split(",")):
        field, _, direction = part.strip().partition(" ")
        rows = sorted(
            rows,
            key=lambda row: ((v := conditions.reach(row, field)) is not None, v if v is not None else 0),
            reverse=direction.strip().lower() == "desc",
        )
    return rows


def _narrowed(row: Row, fields: list[str]) -> Row:
    if not fields:
        return row
    tops = {f.split("/")[0].lower() for f in fields}
    return {k: v for k, v in row.items() if k.lower() in tops}


def _integer(request: Request, name: str, default: int) -> int:
    try:
        return int(request.query.get(name) or default)
    except ValueError:
        raise invalid(f"{name} must be an integer.", field=name) from None


def _link(request: Request, links: dict[str, dict[str, int]]) -> str:
    parts = []
    for rel, change in links.items():
        query = urlencode({**request.query, **change})
        parts.append(f'<{request.base_url}{request.path}?{query}>; rel="{rel}"')
    return ", ".join(parts)
