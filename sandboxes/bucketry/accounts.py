"""Accounts: resellers and tenants, taken on by operations, changed by revision, suspended and deleted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sandboxes.bucketry.refusals import refuse, shape
from sandboxes.kit import Request, Response, error

if TYPE_CHECKING:
    from sandboxes.bucketry.app import Bucketry

Row = dict[str, Any]
TYPES = ("reseller", "tenant")
POST = {"parent", "type", "name", "reference", "number", "language", "contact"}
CONTACT = {"name", "email", "phone", "street", "city", "state", "postal_code", "country"}
MOST_NAME = 120


def body(request: Request, allowed: set[str], needed: tuple[str, ...] = ()) -> Row:
    try:
        given = request.json()
    except ValueError:
        raise refuse("unreadable") from None
    if not isinstance(given, dict):
        raise refuse("unreadable", "not an object")
    unknown = sorted(given.keys() - allowed)
    if unknown:
        raise refuse("invalid", f"{unknown[0]} is not a field")
    lacking = [name for name in needed if given.get(name) in (None, "")]
    if lacking:
        raise refuse("invalid", f"{lacking[0]} is missing")
    return given


def listed(app: Bucketry, request: Request) -> Response:
    """All below an account (`under`, else the key's own), or those that bear a reference."""
    unknown = sorted(request.query.keys() - {"under", "reference", "offset", "limit"})
    if unknown:
        raise refuse("invalid", f"{unknown[0]} is not a parameter")
    top = app.account(request, request.query.get("under", str(app.root(request))))["id"]
    asked = request.query.get("reference")
    found = [
        row for row in app.listed(app.state["accounts"].values())
        if row["id"] != top and row["status"] != "deleted" and app.within(top, row["id"])
        and (asked is None or row["reference"] == asked)
    ]  # fmt: skip
    return app.page(request, found, shown)


def shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def retrieve(app: Bucketry, request: Request) -> Response:
    """Deleted ones as well."""
    return Response(200, shown(app.account(request, request.args["id"])))


def create(app: Bucketry, request: Request) -> Response:
    given = body(request, POST, ("parent", "type", "name", "contact"))
    if given["type"] not in TYPES or not isinstance(given["contact"], dict) or given["contact"].keys() - CONTACT:
        raise refuse("invalid", "type is reseller or tenant, contact has a name and an email")
    if isinstance(given["parent"], bool) or not isinstance(given["parent"], int):
        raise refuse("invalid", "parent is a number")
    app.account(request, str(given["parent"]))
    if len(str(given.get("reference", ""))) > 100:
        raise refuse("invalid", "reference has at most 100 characters")
    return app.begin(request, given)


def check(app: Bucketry, given: Row) -> None:
    parent = app.state["accounts"][str(given["parent"])]
    if parent["type"] != "reseller" or parent["status"] == "deleted":
        raise refuse("invalid", "an account is below a reseller")
    if parent["status"] == "suspended":
        raise refuse("parent_suspended", f"account {parent['id']}")
    _name(app, parent["id"], given["name"])


def carry_out(app: Bucketry, operation: Row) -> None:
    """Make the account that was taken on: what has changed meanwhile may forbid it."""
    try:
        check(app, operation["given"])
    except error as refusal:
        operation |= {"status": "failed", "error": (refusal.response.body or shape("broken"))["errors"][0]}
        return
    at = datetime.fromisoformat(operation["ready"]).astimezone(UTC)
    row = put(app, {**operation["given"], "created_at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
    operation |= {"status": "done", "account": row["id"]}
    app.effect("account", id=row["id"], name=row["name"], reference=row["reference"], parent=row["parent"])


def put(app: Bucketry, given: Row) -> Row:
    id = given.get("id") or app.next()
    row: Row = {
        "id": id, "parent": 0, "type": "tenant", "name": "", "reference": "", "number": "", "language": "en",
        "contact": {}, "status": "active", "on_hold": False, "revision": 1, "created_at": app.stamp(), **given,
    }  # fmt: skip
    app.state["accounts"][str(id)] = row
    app.state["allocations"].setdefault(str(id), {})
    return row


def _name(app: Bucketry, parent: int, name: Any, *, other_than: int = 0) -> None:
    if not isinstance(name, str) or not 0 < len(name) <= MOST_NAME:
        raise refuse("invalid", f"name has 1 to {MOST_NAME} characters")
    for row in app.state["accounts"].values():
        same = row["parent"] == parent and row["id"] != other_than and row["name"].casefold() == name.casefold()
        if same and row["status"] != "deleted":
            raise refuse("name_taken", name)


def rename(app: Bucketry, request: Request) -> Response:
    row = app.account(request, request.args["id"], change=True)
    given = body(request, {"name"}, ("name",))
    _name(app, row["parent"], given["name"], other_than=row["id"])
    app.effect("renamed", id=row["id"], name=given["name"])
    return _changed(row, name=given["name"])


def suspend(app: Bucketry, request: Request) -> Response:
    row = app.account(request, request.args["id"], change=True)
    app.effect("suspended", id=row["id"])
    return _changed(row, status="suspended")


def resume(app: Bucketry, request: Request) -> Response:
    row = app.account(request, request.args["id"], change=True)
    app.effect("resumed", id=row["id"])
    return _changed(row, status="active")


def delete(app: Bucketry, request: Request) -> Response:
    row = app.account(request, request.args["id"], change=True)
    if row["status"] != "suspended":
        raise refuse("not_suspended", f"account {row['id']}")
    if any(r["parent"] == row["id"] and r["status"] != "deleted" for r in app.state["accounts"].values()):
        raise refuse("has_accounts", f"account {row['id']}")
    remove(app, row)
    app.effect("deleted", id=row["id"])
    return Response(204)


def remove(app: Bucketry, row: Row) -> None:
    row |= {"status": "deleted", "revision": row["revision"] + 1}
    for id, member in list(app.state["members"].items()):
        if member["account"] == row["id"]:
            del app.state["members"][id]


def _changed(row: Row, **changes: Any) -> Response:
    row |= {**changes, "revision": row["revision"] + 1}
    return Response(200, shown(row))


ROUTES = (
    ("GET", "/accounts", listed),
    ("POST", "/accounts", create),
    ("GET", "/accounts/{id}", retrieve),
    ("PATCH", "/accounts/{id}", rename),
    ("POST", "/accounts/{id}/suspend", suspend),
    ("POST", "/accounts/{id}/resume", resume),
    ("DELETE", "/accounts/{id}", delete),
)
