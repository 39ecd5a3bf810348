"""`$batch`: up to twenty calls in one, each with its own status; a call whose forerunner failed is a 424."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from sandboxes.graph.refusals import bad
from sandboxes.kit import Request, Response

if TYPE_CHECKING:
    from sandboxes.graph.app import Graph

MOST = 20


def run(app: Graph, request: Request) -> Response:
    try:
        asked = request.json()["requests"]
        ids = [part["id"] for part in asked]
        if not all(isinstance(part["url"], str) and isinstance(part["method"], str) for part in asked):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        raise bad("Invalid batch payload format.", "BadRequest") from None
    if len(asked) > MOST:
        raise bad(f"Number of batch request steps exceeds the maximum value of {MOST}.", "MaximumValueExceeded")
    if len(set(ids)) != len(ids) or not all(isinstance(id, str) and id for id in ids):
        raise bad("Request id must be unique and not empty.", "BadRequest")
    done: dict[str, dict[str, Any]] = {}
    for part in asked:
        before = [done.get(id) for id in part.get("dependsOn", ())]
        if any(b is None or b["status"] >= 400 for b in before):
            body = {"error": {"code": "FailedDependency", "message": "A dependency of the request failed."}}
            done[part["id"]] = {"id": part["id"], "status": 424, "headers": {}, "body": body}
            continue
        answer = app.handle(_request(request, part))
        headers = {"Content-Type": "application/json", **answer.headers}
        done[part["id"]] = {"id": part["id"], "status": answer.status, "headers": headers, "body": answer.body}
    order = list(done.values())
    return Response(200, {"responses": order[::-1]})  # in any order, the documents say


def _request(envelope: Request, part: dict[str, Any]) -> Request:
    where = urlsplit(part["url"])
    headers = {k.lower(): v for k, v in part.get("headers", {}).items()}
    return Request(
        method=part["method"].upper(),
        path="/v1.0" + unquote(where.path),
        query=dict(parse_qsl(where.query, keep_blank_values=True)),
        headers={"authorization": envelope.headers.get("authorization", ""), **headers},
        body=b"",
        base_url=envelope.base_url,
    )
