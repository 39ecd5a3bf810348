"""JSON Patch as ConnectWise takes it: add, replace, remove; top-level paths only, and the case counts."""

from __future__ import annotations

from typing import Any

from sandboxes.connectwise.lists import invalid


def apply(record: dict[str, Any], operations: Any, known: dict[str, type | tuple[type, ...]]) -> dict[str, Any]:
    """A changed copy of `record`; `known` maps the fields that may be written to their JSON types.

    A deeper path (`company/identifier`) changes nothing and is still answered 200, as the real product does.
    """
    if not isinstance(operations, list):
        raise invalid("The body must be an array of operations.", field="patch")
    changed = dict(record)
    for step in operations:
        if not isinstance(step, dict) or step.get("op") not in ("add", "replace", "remove"):
            raise invalid("op must be one of add, replace, remove.", field="op")
        path = str(step.get("path", "")).removeprefix("/")
        if "/" in path:
            continue
        if path not in known:
            raise invalid(f"The field {path} cannot be found or written.", field=path, code="InvalidField")
        if step["op"] == "remove":
            changed[path] = None
        else:
            changed[path] = step.get("value")
    return changed


def typed(record: dict[str, Any], known: dict[str, type | tuple[type, ...]], resource: str) -> None:
    """Refuse the first field of `record` that is unknown or of another type than its own; null passes."""
    for name, value in record.items():
        if name not in known:
            raise invalid(f"Could not find member '{name}'.", field=name, code="InvalidJson")
        wrong = isinstance(value, bool) and known[name] is not bool
        if value is not None and (wrong or not isinstance(value, known[name])):
            raise invalid(f"The field {name} has the wrong type.", field=name, code="InvalidType", resource=resource)
