"""Lists as Graph answers them: `$select`, `$top`, `$count`, a small `$filter`, and links to the next page."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandboxes.graph import rows
from sandboxes.graph.refusals import bad
from sandboxes.kit import Request, Response

if TYPE_CHECKING:
    from sandboxes.graph.app import Graph

MOST = 999
ADVANCED = {"$count", "$search"}
_CONDITION = re.compile(r"\s*(?:(\w+)\s+eq\s+('(?:[^']|'')*'|true|false)|startswith\((\w+),\s*('(?:[^']|'')*')\))\s*")


def page(app: Graph, request: Request, found: Sequence[rows.Row], kind: str, *, typed: bool = False) -> Response:
    """One page of `found`, which is in order of id. `typed` rows say what they are: lists of several kinds."""
    query = request.query
    advanced(request)
    _known(query)
    top = _top(query, app.setting("page"))
    names = selected(query, kind)
    found = _filtered(found, query.get("$filter", ""))
    after = _after(app, query.get("$skiptoken", ""))
    rest = [row for row in found if row["id"] > after]
    body: dict[str, Any] = {"@odata.context": f"{request.base_url}/v1.0/$metadata#{kind}"}
    if query.get("$count", "").lower() == "true":
        body["@odata.count"] = len(found)
    shown = rest[:top]
    if len(rest) > top or app.setting("page_loop"):
        last = after if app.setting("page_loop") else shown[-1]["id"]
        kept = {k: v for k, v in query.items() if k not in ("$skiptoken", "$count")}
        token = packed({"after": last, "at": app.clock.now().isoformat()})
        body["@odata.nextLink"] = f"{request.base_url}{request.path}?{urlencode({**kept, '$skiptoken': token})}"
    body["value"] = [show(row, names, typed=typed) for row in shown]
    return Response(200, body)


def show(row: rows.Row, names: Sequence[str], *, typed: bool = False) -> rows.Row:
    shown = {name: row.get(name) for name in names}
    shown["id"] = row["id"]
    return {"@odata.type": row["@odata.type"], **shown} if typed else shown


def selected(query: dict[str, str], kind: str, *, also: Sequence[str] = ()) -> list[str]:
    """The properties asked for, those that come unasked when none were; unknown ones are a 400."""
    asked = [name.strip() for name in query.get("$select", "").split(",") if name.strip()]
    if not asked:
        return list(rows.DEFAULT.get(kind, ("id",)))
    known = rows.FIELDS.get(kind) or set().union(*rows.FIELDS.values())
    for name in asked:
        if name not in known and name not in also:
            type_name = rows.TYPES.get(kind, "#microsoft.graph.directoryObject")[1:]
            raise bad(f"Could not find a property named '{name}' on type '{type_name}'.")
    return [name for name in asked if name not in also]


def advanced(request: Request) -> None:
    """Advanced queries are answered from an index that lags, and only to who says that this will do."""
    if ADVANCED & request.query.keys() and request.headers.get("consistencylevel", "").lower() != "eventual":
        raise bad("Request with $search or $count query parameter only works with ConsistencyLevel: eventual.",
                  "Request_UnsupportedQuery")  # fmt: skip
    if "$search" in request.query:
        raise bad("The sandbox does not search.", "Request_UnsupportedQuery")


def packed(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value, separators=(",", ":")).encode()).decode().rstrip("=")


def unpacked(token: str) -> dict[str, Any]:
    try:
        value = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if not isinstance(value, dict):
            raise ValueError
    except ValueError:
        raise bad("Badly formed token.") from None
    return value


def _after(app: Graph, token: str) -> str:
    if not token:
        return ""
    value = unpacked(token)
    age = app.clock.now() - datetime.fromisoformat(value["at"])
    if age > timedelta(minutes=app.setting("page_minutes")):
        text = "The specified page token value has expired and can no longer be included in your request."
        raise bad(text, "Directory_ExpiredPageToken")
    return str(value["after"])


def _known(query: dict[str, str]) -> None:
    unknown = query.keys() - {"$select", "$top", "$count", "$filter", "$skiptoken", "$search"}
    if unknown:
        raise bad(f"The query specified in the URI is not valid: {', '.join(sorted(unknown))}.", "Request_UnsupportedQuery")


def _top(query: dict[str, str], usual: int) -> int:
    given = query.get("$top", "")
    if not given:
        return usual
    if not given.isdigit() or not 1 <= int(given) <= MOST:
        text = f"Invalid page size specified: '{given}'. Must be between 1 and {MOST} inclusive."
        raise bad(text, "Request_UnsupportedQuery")
    return int(given)


def _filtered(found: Sequence[rows.Row], text: str) -> Sequence[rows.Row]:
    if not text:
        return found
    tests = [_condition(part) for part in re.split(r"\s+and\s+", text)]
    return [row for row in found if all(test(row) for test in tests)]


def _condition(text: str) -> Callable[[rows.Row], bool]:
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise bad("Unsupported or invalid query filter clause.", "Request_UnsupportedQuery")
    name, value, start_name, start = match.groups()
    if start_name:
        begin = start[1:-1].replace("''", "'").lower()
        return lambda row: str(row.get(start_name) or "").lower().startswith(begin)
    if value in ("true", "false"):
        return lambda row: row.get(name) is (value == "true")
    wanted = value[1:-1].replace("''", "'").lower()
    return lambda row: str(row.get(name) or "").lower() == wanted
