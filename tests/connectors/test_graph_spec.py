"""Both sides' traffic against the vendor's own metadata, where it is at hand: paths, names of properties and their types."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from sandboxes.graph import Graph
from sandboxes.kit import Request, Response, Server
from tests.connectors.test_graph import NOW, World, seed

SPEC = Path(__file__).parents[2].parent / "shared" / "specs" / "microsoft" / "graph"
pytestmark = pytest.mark.skipif(not SPEC.exists(), reason="the vendor's description is not at hand")

# Documented, and not in the subset of routes at hand.
MORE = ("/v1.0/users/{id}/mailboxSettings/userPurpose",)
Traffic = list[tuple[Request, Response]]


@pytest.fixture(scope="module")
def types() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SPEC / "graph-v1.0-subset.schema.json").read_text("utf-8"))["$defs"]
    return found


@pytest.fixture(scope="module")
def routes() -> set[tuple[str, str]]:
    given = json.loads((SPEC / "routes.json").read_text("utf-8"))["routes"]
    return {(r["method"], r["path"]) for r in given} | {("GET", path) for path in MORE}


@pytest.fixture(scope="module")
def traffic() -> Iterator[Traffic]:
    """Everything that goes over the line when each call of the connector is made."""
    kept: Traffic = []

    class Overheard(Graph):
        def handle(self, request: Request) -> Response:
            response = super().handle(request)
            kept.append((request, response))
            return response

    app = Overheard()
    app.clock.set(NOW, frozen=True)
    app.load_seed(seed())
    with Server(app) as server:
        world = World(app, server.url)
        connector = world.connector(page_size=3)
        world.tell("set", delta_page=2)
        assert connector.test().ok
        users, groups = connector.users(), connector.groups()
        assert connector.contacts().whole
        assert connector.mailboxes(users.items.values()).whole
        assert connector.members(groups.items.values()).whole
        for changes in (connector.user_changes, connector.group_changes, connector.contact_changes):
            assert changes(changes("").token).whole
        yield kept
        for door in world.doors:
            door.close()


def fits(types: dict[str, Any], name: str, value: Any) -> None:
    """The value is one of the named type: no property that the type has not, and each of its type."""
    own = types[name]
    if "enum" in own:
        assert value in own["enum"]
        return
    properties = dict(own.get("properties", {}))
    for base in own.get("allOf", ()):
        properties |= types[base["$ref"].removeprefix("#/$defs/")].get("properties", {})
        for above in types[base["$ref"].removeprefix("#/$defs/")].get("allOf", ()):
            properties |= types[above["$ref"].removeprefix("#/$defs/")].get("properties", {})
    for field, held in value.items():
        if field in ("@removed", "members@delta", "@odata.type"):
            continue
        assert field in properties, f"{name} has no {field}"
        described(types, properties[field], held, f"{name}.{field}")


def described(types: dict[str, Any], shape: dict[str, Any], held: Any, where: str) -> None:
    if "$ref" in shape:
        fits(types, shape["$ref"].removeprefix("#/$defs/"), held)
        return
    if "anyOf" in shape:
        if held is not None:
            described(types, next(s for s in shape["anyOf"] if "$ref" in s), held, where)
        return
    allowed = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    python = {"string": str, "boolean": bool, "integer": int, "array": list, "object": dict, "null": type(None)}
    assert any(isinstance(held, python[name]) for name in allowed), where
    for item in held if isinstance(held, list) else ():
        described(types, shape["items"], item, where)


def route_of(request: Request, routes: set[tuple[str, str]]) -> str:
    for method, path in routes:
        if method == request.method and re.fullmatch(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)), request.path):
            if path.endswith("{id}") and request.path.endswith("delta"):
                continue
            return path
    raise AssertionError(f"{request.method} {request.path} is not described")


def own(traffic: Traffic) -> Traffic:
    return [(q, a) for q, a in traffic if q.path.startswith("/v1.0")]


def test_every_call_is_one_that_is_described(traffic: Traffic, routes: set[tuple[str, str]]) -> None:
    seen = {route_of(request, routes) for request, _ in own(traffic)}
    assert seen == {
        "/v1.0/users", "/v1.0/groups", "/v1.0/contacts", "/v1.0/users/delta", "/v1.0/groups/delta", "/v1.0/contacts/delta",
        "/v1.0/groups/{id}/transitiveMembers", "/v1.0/$batch", *MORE,
    }  # fmt: skip


def test_what_is_selected_are_properties_of_the_type(traffic: Traffic, types: dict[str, Any]) -> None:
    asked = 0
    for request, _ in own(traffic):
        kind = request.path.split("/")[2]
        name = {"users": "user", "groups": "group", "contacts": "orgContact"}.get(kind)
        names = [n for n in unquote(request.query.get("$select", "")).split(",") if n]
        if name and "transitiveMembers" not in request.path:
            known = {*types[f"microsoft.graph.{name}"]["x-all-properties"]}
            assert set(names) <= known, set(names) - known
            asked += len(names)
    assert asked > 50


def test_every_list_is_narrowed_and_large(traffic: Traffic) -> None:
    """Throttling counts: `$select` makes a call cheaper, and a page of 999 makes fewer of them."""
    for request, _ in own(traffic):
        if request.method == "GET" and "userPurpose" not in request.path and "token" not in str(request.query):
            assert "$select" in request.query


def test_counts_say_that_an_index_will_do(traffic: Traffic) -> None:
    counted = [r for r, _ in own(traffic) if "$count" in r.query]
    assert len(counted) == 3
    assert all(r.headers["consistencylevel"] == "eventual" for r in counted)


def test_an_envelope_is_as_described(traffic: Traffic, types: dict[str, Any]) -> None:
    envelopes = [(q, a) for q, a in own(traffic) if q.path.endswith("$batch")]
    assert len(envelopes) >= 2
    for request, answer in envelopes:
        described_keys = types["Batch.Request"]["properties"]["requests"]["items"]["properties"]
        for part in request.json()["requests"]:
            assert part.keys() <= described_keys.keys()
            assert part["url"].startswith("/")
        for part in answer.body["responses"]:
            assert {"id", "status"} <= part.keys()


def test_the_sandbox_answers_what_is_described(traffic: Traffic, types: dict[str, Any]) -> None:
    seen = 0
    for request, answer in own(traffic):
        name = {"users": "user", "groups": "group", "contacts": "orgContact"}.get(request.path.split("/")[2])
        if name is None or "transitiveMembers" in request.path or "userPurpose" in request.path:
            continue
        for row in answer.body["value"]:
            fits(types, f"microsoft.graph.{name}", row)
            seen += 1
    assert seen > 20


def test_its_errors_have_the_one_shape(types: dict[str, Any], traffic: Traffic) -> None:
    bodies = [a.body for q, a in own(traffic) if a.status >= 400]
    assert bodies  # a user without a mailbox
    for body in bodies:
        assert body.keys() == types["ODataError"]["properties"].keys()
        assert {"code", "message", "innerError"} <= body["error"].keys()
