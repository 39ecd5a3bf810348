"""Graph's errors, in its one shape."""

from __future__ import annotations

import uuid

from sandboxes.kit import error


def refuse(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> error:
    inner = {"date": "2025-01-01T00:00:00", "request-id": str(uuid.uuid4()), "client-request-id": str(uuid.uuid4())}
    return error(status, {"error": {"code": code, "message": message, "innerError": inner}}, headers)


def not_found(id: str) -> error:
    text = f"Resource '{id}' does not exist or one of its queried reference-property objects are not present."
    return refuse(404, "Request_ResourceNotFound", text)


def bad(message: str, code: str = "Request_BadRequest") -> error:
    return refuse(400, code, message)
