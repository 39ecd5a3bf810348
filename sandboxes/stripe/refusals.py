"""Stripe's errors, in their one shape."""

from __future__ import annotations

from typing import Any

from sandboxes.kit import error


def refuse(
    status: int, message: str, *, code: str = "", param: str = "", kind: str = "invalid_request_error", **more: Any
) -> error:
    body: dict[str, Any] = {"type": kind, "message": message, **more}
    body |= {name: value for name, value in (("code", code), ("param", param)) if value}
    return error(status, {"error": body})


def missing(name: str, id: str, *, param: str = "id") -> error:
    """404 for the thing that a path names, 400 for one that a parameter names."""
    return refuse(404 if param == "id" else 400, f"No such {name}: '{id}'", code="resource_missing", param=param)
