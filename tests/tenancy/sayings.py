"""What a call says beside its path: everything of the other organisation that a field, a form or a header could name."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from purser.api.site import api
from tests.tenancy.addresses import TABLE_OF, Address, thing
from tests.tenancy.planting import Planted


@dataclass(frozen=True)
class Body:
    text: str
    kind: str
    query: str = ""


@dataclass
class Sayings:
    """What a call says beside its path: everything of the other organisation that a field could name."""

    of: Planted
    operations: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    shapes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        described = api.get_openapi_schema()
        self.shapes = described["components"]["schemas"]
        for path, methods in described["paths"].items():
            for method, operation in methods.items():
                self.operations[re.sub(r"{\w+}", "<>", path[1:]), method.upper()] = operation

    def operation(self, address: Address, method: str) -> dict[str, Any] | None:
        """The API's own word on this call; None where it knows no such method."""
        return self.operations.get((re.sub(r"<(?:\w+:)?\w+>", "<>", address.route), method))

    def headers(self) -> dict[str, str]:
        tenant = str(self.of.tenant)
        return {
            "X-Tenant": tenant,
            "X-Purser-Tenant": tenant,
            "X-Organisation": tenant,
            "Referer": f"http://testserver/t/{tenant}/",
            "HX-Current-URL": f"http://testserver/t/{tenant}/",
        }

    def names(self) -> dict[str, list[str]]:
        """Field names as forms and lists use them, with ids of the other organisation."""
        every = self.of.every_id()
        found = {"tenant": [str(self.of.tenant)], "row": every, "ids": every, "reseller": [str(self.of.tenant)]}
        for name in (*TABLE_OF, "relation"):
            for word in (name, f"{name}_id", f"{name}s"):
                found[word] = [str(thing(name, "", self.of))]
        plain = {"version": "1", "decision": "psa", "applied": "yes", "digest": "0" * 64, "expect": "0" * 64}
        words = {"reason": "because", "count": "1", "item": "unlinked", "role": "reader", "name": "mine", "text": "x"}
        return {**found, **{name: [value] for name, value in {**plain, **words}.items()}}

    def body_of(self, operation: Mapping[str, Any]) -> Body:
        """A valid call by the description, with the other organisation's ids wherever an id is taken."""
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        query = [
            (one["name"], str(self._filled(one["name"], one["schema"])))
            for one in operation["parameters"]
            if one["in"] == "query" and "uuid" in json.dumps(one["schema"])
        ]
        text = json.dumps(self._filled("", content["schema"])) if content else ""
        return Body(text, "application/json", "&".join(f"{name}={value}" for name, value in query))

    def _filled(self, name: str, shape: Mapping[str, Any]) -> Any:
        if "$ref" in shape:
            shape = self.shapes[shape["$ref"].rpartition("/")[2]]
        if "anyOf" in shape:
            return self._filled(name, next(one for one in shape["anyOf"] if one.get("type") != "null"))
        if "enum" in shape or "const" in shape:
            return shape.get("const", (shape.get("enum") or [None])[-1])
        kind = shape.get("type")
        if kind == "object":
            required = shape.get("required", [])
            return {key: self._filled(key, one) for key, one in shape.get("properties", {}).items() if key in required}
        if kind == "array":
            items = shape["items"]
            if items.get("format") == "uuid":
                return self.of.every_id()[: shape.get("maxItems", 100)]
            return [self._filled(name, items)]
        if kind in ("integer", "number"):
            return max(1, shape.get("minimum", 1))
        if kind == "boolean":
            return True
        if shape.get("format") == "uuid":
            return str(thing(name, "", self.of)) if name in TABLE_OF or name == "relation" else str(self.of.tenant)
        return "0" * 64 if "64" in shape.get("pattern", "") else "3"
