"""Both sides against the vendor's own description: the sandbox's answers and the connector's requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from purser.reconcile.model import Done
from sandboxes.connectwise import ConnectWise
from sandboxes.kit import Request, Server
from tests.connectors.test_connectwise import NOW, SINCE, World, change, seed

PAPER = Path(__file__).parents[3] / "shared" / "specs" / "connectwise" / "openapi_get_filtered.json"
MODELS = {
    "/finance/agreements/5/additions": "Addition",
    "/finance/agreements": "Agreement",
    "/company/companies": "Company",
    "/procurement/catalog": "CatalogItem",
}
JSON_TYPES: dict[str, type | tuple[type, ...]] = {
    "integer": int,
    "number": (int, float),
    "string": str,
    "boolean": bool,
    "array": list,
    "object": dict,
}


@pytest.fixture(scope="module")
def paper() -> dict[str, Any]:
    if not PAPER.exists():
        pytest.skip("the vendor's description is not here")
    described: dict[str, Any] = json.loads(PAPER.read_text("utf-8"))
    return described


class Overheard(ConnectWise):
    """Keeps what is said to it."""

    def __init__(self) -> None:
        self.heard: list[Request] = []
        super().__init__()

    def before(self, request: Request) -> None:
        self.heard.append(request)
        super().before(request)


@pytest.fixture
def world() -> Iterator[World]:
    app = Overheard()
    app.clock.set(NOW, frozen=True)
    app.load_seed(seed())
    with Server(app) as server:
        world = World(app, server.url)
        yield world
        for door in world.doors:
            door.close()


def _wrong(paper: dict[str, Any], model: str, row: dict[str, Any]) -> list[str]:
    """The fields of `row` that the model does not know, or knows as another type; nested ones as well."""
    schemas = paper["components"]["schemas"]
    known = schemas[model]["properties"]
    wrong = []
    for name, value in row.items():
        if name not in known:
            wrong.append(f"{model}.{name} is unknown")
        elif value is not None and "$ref" in known[name]:
            wrong += _wrong(paper, known[name]["$ref"].rpartition("/")[2], value)
        elif value is not None and not isinstance(value, JSON_TYPES[known[name]["type"]]):
            wrong.append(f"{model}.{name} is no {known[name]['type']}")
    return wrong


@pytest.mark.parametrize("path", MODELS)
def test_the_sandbox_answers_as_described(paper: dict[str, Any], world: World, path: str) -> None:
    world.tell("agreement_add", company={"id": 19300}, parentAgreement={"id": 5, "name": "Managed Services"})
    rows = world.connector()._client.pages(path).rows
    assert rows
    wrong = [w for row in rows for w in _wrong(paper, MODELS[path], json.loads(json.dumps(row, default=float)))]
    assert wrong == []


def test_the_connector_asks_and_writes_as_described(paper: dict[str, Any], world: World) -> None:
    world.app.additions(5)[0]["description"] = None
    connector = world.connector()
    connector.accounts()
    connector.agreements()
    connector.services(["5", "6"], since=SINCE)
    assert isinstance(connector.adjust(change(1, 3, date(2025, 8, 1)), once="a1"), Done)
    assert isinstance(connector.adjust(change(1, 8), once="a2"), Done)
    assert isinstance(connector.adjust(change(8, 9), once="a3"), Done)
    assert isinstance(world.app, Overheard)
    written = 0
    for request in world.app.heard:
        if request.path.startswith("/login/"):
            continue
        path = request.path.removeprefix("/v2025_1/apis/3.0")
        assert request.headers["clientid"]
        assert request.headers["accept"].startswith("application/vnd.connectwise.com+json; version=")
        if request.method == "GET":
            described = _described(paper, path)
            assert set(request.query) <= {p["name"] for p in described["parameters"] if "name" in p}, path
            assert len(request.path) + sum(map(len, request.query.values())) < 2000
            continue
        written += 1
        body = request.json()
        fields = body if request.method == "POST" else {step["path"]: step["value"] for step in body}
        assert _wrong(paper, "Addition", fields) == []
        if request.method == "PATCH":
            assert {step["op"] for step in body} == {"replace"}
        else:
            assert set(fields) >= set(paper["components"]["schemas"]["Addition"]["required"])
    assert written == 7


def _described(paper: dict[str, Any], path: str) -> dict[str, Any]:
    parts = path.strip("/").split("/")
    for template, methods in paper["paths"].items():
        wanted = template.strip("/").split("/")
        if len(wanted) == len(parts) and all(w.startswith("{") or w == p for w, p in zip(wanted, parts, strict=True)):
            described: dict[str, Any] = methods["get"]
            return described
    raise AssertionError(f"{path} is not described")
