"""Tenants: the tree, versions, locks, pricing mode, deletion, and the search."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from sandboxes.acronis import offerings, rows
from sandboxes.acronis.refusals import bad, refuse
from sandboxes.kit import Request, Response

if TYPE_CHECKING:
    from sandboxes.acronis.app import Acronis

Row = dict[str, Any]
MOST_NAME = 255
PARENTS = {
    "partner": {"root", "partner", "folder"}, "folder": {"partner", "folder"}, "customer": {"root", "partner", "folder"},
    "unit": {"customer", "unit"},
}  # fmt: skip


def listed(app: Acronis, request: Request) -> Response:
    """By ids, by parent, or a whole subtree with its root, exactly one of them."""
    asked = app.filters(request, {"uuids", "parent_id", "subtree_root_id"})
    ways = [way for way in ("uuids", "parent_id", "subtree_root_id") if asked.get(way)]
    if len(ways) != 1:
        raise bad("one of uuids, parent_id and subtree_root_id is needed")
    held = app.state["tenants"]
    found: Iterable[Row]
    if ways == ["uuids"]:
        root, wanted = app.allow(request, "view"), asked["uuids"].split(",")
        if len(wanted) > 100:
            raise bad("at most 100 uuids")
        found = [held[id] for id in wanted if id in held and app.within(root, id)]
    elif ways == ["parent_id"]:
        parent = app.tenant(request, asked["parent_id"])
        found = [row for row in held.values() if row["parent_id"] == parent["id"]]
    else:
        top = app.tenant(request, asked["subtree_root_id"])
        found = [row for row in held.values() if app.within(top["id"], row["id"])]
    kept = [
        row for row in sorted(found, key=lambda row: int(row["_n"]))
        if (not row["deleted_at"] or asked.get("allow_deleted") == "true")
        and row["updated_at"] >= asked.get("updated_since", "")
    ]  # fmt: skip
    return app.page(asked, kept, lambda row: shown(app, row))


def shown(app: Acronis, row: Row) -> Row:
    return {**rows.shown(row), "has_children": bool(app.children(row["id"]))}


def retrieve(app: Acronis, request: Request) -> Response:
    row = app.tenant(request, request.args["id"], deleted=request.query.get("allow_deleted") == "true")
    return Response(200, shown(app, row))


def create(app: Acronis, request: Request) -> Response:
    given = rows.body(request, rows.TENANT_POST, needed=("name", "parent_id", "kind"))
    parent = app.tenant(request, given["parent_id"], "tenants")
    if not parent["enabled"]:
        raise refuse(1003, f"tenant {parent['id']}")
    if given["kind"] not in PARENTS or parent["kind"] not in PARENTS[given["kind"]]:
        raise refuse(1027, f"no {given['kind']} below a {parent['kind']}")
    _name(app, parent["id"], given["name"])
    row = put(app, given)
    app.effect("tenant", id=row["id"], name=row["name"], tag=row["internal_tag"], parent=parent["id"])
    return Response(201, shown(app, row))


def put(app: Acronis, given: Row) -> Row:
    row = rows.tenant(app, given)
    app.state["tenants"][row["id"]] = row
    app.state["items"].setdefault(row["id"], {})
    app.state["bindings"].setdefault(row["id"], [])
    return row


def update(app: Acronis, request: Request) -> Response:
    row = app.tenant(request, request.args["id"], "tenants")
    given = rows.body(request, rows.TENANT_PUT, needed=("version",))
    version = given.pop("version")
    rows.expect(row, version)
    if "name" in given and given["name"] != row["name"]:
        _name(app, row["parent_id"], given["name"], other_than=row["id"])
    if "parent_id" in given and given["parent_id"] != row["parent_id"]:
        _move(app, request, row, given["parent_id"])
    if "update_lock" in given:
        on = bool(given["update_lock"].get("enabled"))
        given["update_lock"] = {"enabled": on, "owner_id": app.allow(request, "tenants") if on else None}
    if "enabled" in given and given["enabled"] != row["enabled"]:
        app.effect("enabled" if given["enabled"] else "disabled", id=row["id"])
    rows.changed(app, row, version, given)
    return Response(200, shown(app, row))


def delete(app: Acronis, request: Request) -> Response:
    row = app.tenant(request, request.args["id"], "tenants")
    rows.expect(row, request.query.get("version"))
    if row["enabled"]:
        raise refuse(1006, f"tenant {row['id']}")
    if any(child["kind"] != "unit" or not child["owner_id"] for child in app.children(row["id"])):
        raise refuse(1027, "the tenant has tenants below it")
    remove(app, row)
    app.effect("deleted", id=row["id"])
    return Response(204)


def remove(app: Acronis, row: Row) -> None:
    """With its users, and their personal tenants."""
    for gone in (row, *app.children(row["id"])):
        gone["deleted_at"] = app.stamp()
        rows.touch(app, gone)
    for user in app.state["users"].values():
        if user["tenant_id"] == row["id"]:
            user["deleted_at"] = app.stamp()


def children(app: Acronis, request: Request) -> Response:
    row = app.tenant(request, request.args["id"])
    found = app.children(row["id"])
    if request.query.get("include_details") == "true":
        return Response(200, {"items": [shown(app, child) for child in found]})
    return Response(200, {"items": [child["id"] for child in found]})


def users_of(app: Acronis, request: Request) -> Response:
    row = app.tenant(request, request.args["id"])
    found = [u["id"] for u in app.state["users"].values() if u["tenant_id"] == row["id"] and not u["deleted_at"]]
    return Response(200, {"items": found})


def pricing(app: Acronis, request: Request) -> Response:
    return Response(200, _pricing(app.tenant(request, request.args["id"])))


def _pricing(row: Row) -> Row:
    return {"mode": row["pricing_mode"], "currency": None, "version": row["_pricing_version"],
            "production_start_date": row["production_start_date"]}  # fmt: skip


def price(app: Acronis, request: Request) -> Response:
    row = app.tenant(request, request.args["id"], "tenants")
    given = rows.body(request, {"mode", "currency", "version", "production_start_date"}, needed=("version",))
    rows.expect({"version": row["_pricing_version"]}, given["version"])
    mode = given.get("mode", row["pricing_mode"])
    if mode not in ("trial", "production", "suspended"):
        raise bad("'mode' is not one of trial, production, suspended")
    if row["pricing_mode"] == "production" and mode == "trial":
        raise refuse(1027, "a tenant in production does not go back to trial")
    if mode == "production" and row["pricing_mode"] == "trial":
        row["production_start_date"] = app.stamp()
        app.effect("production", id=row["id"])
    row["pricing_mode"] = mode
    row["_pricing_version"] += 1
    rows.touch(app, row)
    return Response(200, _pricing(row))


def mfa(app: Acronis, request: Request) -> Response:
    row = app.tenant(request, request.args["id"], "tenants")
    if row["kind"] not in ("partner", "customer"):
        raise refuse(1027, f"not for a {row['kind']}")
    given = rows.body(request, {"enabled"})
    rows.changed(app, row, row["version"], {"mfa_status": "setup_required" if given.get("enabled") else "disabled"})
    return Response(200, {"mfa_status": row["mfa_status"]})


def search(app: Acronis, request: Request) -> Response:
    """Tenants by name, account number and contact, users by login and contact. It lags, and knows no internal tags."""
    top = app.tenant(request, request.query.get("tenant", ""))
    text, limit = request.query.get("text", "").casefold(), int(request.query.get("limit", "10"))
    until = (app.clock.now() - timedelta(seconds=app.setting("search_lag"))).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    found: list[Row] = []
    for row in app.state["tenants"].values():
        words = [row["name"], row["customer_id"], *(row["contact"].get(n) for n in ("firstname", "lastname", "email"))]
        if app.within(top["id"], row["id"]) and _fits(row, words, text, until):
            found.append({"obj_type": "tenant", "id": row["id"], "parent_id": row["parent_id"], "kind": row["kind"],
                          "name": row["name"], "path": []})  # fmt: skip
    for row in app.state["users"].values():
        words = [row["login"], *(row["contact"].get(n) for n in ("firstname", "lastname", "email"))]
        if app.within(top["id"], row["tenant_id"]) and _fits(row, words, text, until):
            found.append(
                {"obj_type": "user", "id": row["id"], "parent_id": row["tenant_id"], "login": row["login"], "path": []}
            )
    return Response(200, {"items": found[:limit]})


def _fits(row: Row, words: list[Any], text: str, until: str) -> bool:
    return not row["deleted_at"] and row["created_at"] <= until and any(text in str(w or "").casefold() for w in words)


def _name(app: Acronis, parent: str, name: str, *, other_than: str = "") -> None:
    if not name or len(name) > MOST_NAME:
        raise bad(f"'name' has 1 to {MOST_NAME} characters")
    if any(row["name"].casefold() == name.casefold() and row["id"] != other_than for row in app.children(parent)):
        raise refuse(1004, name)


def _move(app: Acronis, request: Request, row: Row, to: str) -> None:
    target = app.tenant(request, to, "tenants")
    if app.within(row["id"], to):
        raise refuse(1007)
    if target["kind"] not in PARENTS[row["kind"]]:
        raise refuse(1008, f"no {row['kind']} below a {target['kind']}")
    _name(app, to, row["name"])
    mine = app.state["items"][row["id"]]
    lacking = [name for name, held in mine.items() if held["status"] and not offerings.can_give(app, to, name)]
    if lacking:
        raise refuse(1021, lacking[0])


ROUTES = (
    ("GET", "/search", search),
    ("GET", "/tenants", listed),
    ("POST", "/tenants", create),
    ("GET", "/tenants/{id}", retrieve),
    ("PUT", "/tenants/{id}", update),
    ("DELETE", "/tenants/{id}", delete),
    ("GET", "/tenants/{id}/children", children),
    ("GET", "/tenants/{id}/users", users_of),
    ("GET", "/tenants/{id}/pricing", pricing),
    ("PUT", "/tenants/{id}/pricing", price),
    ("PUT", "/tenants/{id}/mfa/status", mfa),
)
