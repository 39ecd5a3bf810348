"""Both sides' traffic against the vendor's documents, where they are at hand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sandboxes.kit import Request, Response
from sandboxes.marketplace import MarketplaceApp
from tests.connectors.test_marketplace import House, opened, seed
from tests.connectors.test_marketplace_sandbox import call

SPECS = Path(__file__).parents[3] / "shared" / "specs" / "cloudblue"
needs_specs = pytest.mark.skipif(not SPECS.exists(), reason="the vendor's documents are not at hand")


class Listening(MarketplaceApp):
    def __init__(self) -> None:
        super().__init__()
        self.heard: list[tuple[Request, Response]] = []

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        if not request.path.startswith("/_"):
            self.heard.append((request, response))
        return response


def traffic(version: str) -> list[tuple[Request, Response]]:
    """All the connector sends and gets, and orders and refusals besides."""
    app = Listening()
    with opened(seed(version), app) as house:
        connector = house.connector()
        assert connector.test().ok
        assert connector.customers().whole
        assert connector.subscriptions().whole
        assert connector.products().whole
        assert connector.subscription("S1").lines
        _others(house)
    assert all(r.status in (200, 400, 404) for _, r in app.heard)
    return app.heard


def _others(house: House) -> None:
    wish = {"type": "sales", "customerId": "C1", "products": [{"mpn": "E1", "quantity": 2}]}
    call(house.app, "POST", "/orders/estimate", wish)
    order = call(house.app, "POST", "/orders", wish).body
    call(house.app, "GET", "/orders")
    call(house.app, "GET", f"/orders/{order['id']}")
    call(house.app, "GET", "/customers/C1")
    call(house.app, "GET", "/customers/C9")


def _walk(spec: dict[str, Any], schema: dict[str, Any], value: Any, where: str) -> Iterator[str]:
    """What in a value the schema does not know, or knows as another type."""
    while "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    known = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        known = {**spec["components"]["schemas"][part["$ref"].rpartition("/")[2]]["properties"], **known}
    kinds: dict[str, Any] = {
        "string": str,
        "boolean": bool,
        "array": list,
        "object": dict,
        "number": (int, float),
        "integer": int,
    }
    expected = kinds.get(schema.get("type", "object" if known else ""))
    if expected and not isinstance(value, expected):
        yield f"{where}: {value!r} is not a {schema.get('type')}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not one of {schema['enum']}"
    elif isinstance(value, dict):
        for name, part in value.items():
            if name not in known:
                yield f"{where}.{name} is not known"
            else:
                yield from _walk(spec, known[name], part, f"{where}.{name}")
    elif isinstance(value, list):
        for part in value:
            yield from _walk(spec, schema["items"], part, f"{where}[]")


# By the vendor's guides lists of orders and subscriptions are paginated and orders name their products; its
# specification leaves that out.
UNSAID = (".pagination", "orders.products", "orders.poNumber", "orders.data[].products")


@needs_specs
def test_it_talks_as_the_specification_of_1_1_says() -> None:
    spec = yaml.safe_load((SPECS / "cmp.yaml").read_text("utf-8"))
    seen: set[tuple[str, str]] = set()
    faults: list[str] = []
    for request, response in traffic("1.1"):
        path = request.path.removeprefix("/marketplace/us")
        known = re.compile(r"/(S\d|C\d|\d+)$").sub("/{id}", path)
        operation = spec["paths"][known][request.method.lower()]
        seen.add((request.method, known))
        named = {p["$ref"].rpartition("/")[2] for p in operation.get("parameters", [])}
        queries = {spec["components"]["parameters"][n]["name"] for n in named}
        assert set(request.query) <= queries, known
        assert "x-subscription-key" in request.headers
        answers = operation["responses"].get(str(response.status), {}) if response.status == 200 else {}
        schema = answers.get("content", {}).get("application/json", {}).get("schema")
        schema = schema or {"$ref": "#/components/schemas/errorMessage"}
        faults += _walk(spec, schema, response.body, known.strip("/").partition("/")[0])
    assert [f for f in faults if not any(u in f for u in UNSAID)] == []
    assert len(seen) >= 9


def _types() -> dict[str, dict[str, str]]:
    """Field names and types of each interface in the 21.x type files, with those of what it extends."""
    text = "\n".join(p.read_text("utf-8") for p in sorted(SPECS.glob("simple-api-21-types/*.ts")))
    found: dict[str, dict[str, str]] = {}
    for name, parent, body in re.findall(r"export interface (\w+)(?: extends (\w+))? \{\n(.*?)\n\}", text, re.S):
        fields = dict(re.findall(r"^  (\w+)\??:\s*([^;{]*)", body, re.M))
        found[name] = {**found.get(parent, {}), **fields}
    return found


@needs_specs
def test_it_talks_as_the_types_of_21_say() -> None:
    types = _types()
    shapes = {"customers": "ICustomer", "subscriptions": "ISubscriptionDetailed", "orders": "IOrder"}
    nested = {
        "products": "ISubscriptionProduct",
        "contact": "ICustomerContact",
        "address": "ICustomerAddress",
    }
    kinds: dict[str, Any] = {"string": str, "number": (int, float), "boolean": bool}
    checked = 0
    for request, response in traffic("21"):
        topic = request.path.removeprefix("/marketplace/us/").partition("/")[0]
        if topic not in shapes or response.status != 200 or request.path.endswith("/estimate"):
            continue
        for row in response.body.get("data", [response.body]):
            extra = {"status"} if topic == "customers" else set()  # named by 1.1, not by these types
            assert set(row) - extra <= set(types[shapes[topic]])
            for name, kind in types[shapes[topic]].items():
                if kind.strip() in kinds and row.get(name) is not None:
                    assert isinstance(row[name], kinds[kind.strip()]), name
            for name, shape in nested.items() if topic != "orders" else ():
                parts = row.get(name, [])
                for part in parts if isinstance(parts, list) else [parts]:
                    assert set(part) <= set(types[shape])
                    checked += 1
    assert checked >= 4


@needs_specs
def test_the_check_of_traffic_finds_what_is_not_documented() -> None:
    spec = yaml.safe_load((SPECS / "cmp.yaml").read_text("utf-8"))
    row = {"id": 7, "customerId": "C1", "status": "asleep", "secret": 1}
    faults = list(_walk(spec, {"$ref": "#/components/schemas/subscription"}, row, "row"))
    assert len(faults) == 3
