"""Users: logins that are unique over the whole vendor, activation mails, and roles as access policies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandboxes.acronis import rows
from sandboxes.acronis.catalog import ROLES, SYNC_SHARE
from sandboxes.acronis.refusals import bad, plain, refuse
from sandboxes.kit import Request, Response

if TYPE_CHECKING:
    from sandboxes.acronis.app import Acronis

Row = dict[str, Any]
POLICY = {
    "id", "issuer_id", "trustee_id", "trustee_type", "tenant_id", "role_id", "resource_namespace", "version", "created_at",
    "updated_at", "deleted_at",
}  # fmt: skip


def check_login(app: Acronis, request: Request) -> Response:
    app.allow(request, "view")
    login = request.query.get("username", "")
    if not possible(login):
        raise plain(406, "Provided arguments are not acceptable", "username")
    if taken(app, login):
        raise plain(409, "Another object of the same type already exists")
    return Response(204)


def possible(login: str) -> bool:
    return re.fullmatch(r"[^\s\x00-\x1f<>\"]{1,256}", login) is not None


def taken(app: Acronis, login: str) -> bool:
    """Here or anywhere else at the vendor; a deleted user's login is free again."""
    return by_login(app, login) is not None or login.casefold() in {other.casefold() for other in app.state["logins"]}


def by_login(app: Acronis, login: str) -> Row | None:
    held = app.state["users"].values()
    return next((u for u in held if u["login"].casefold() == login.casefold() and not u["deleted_at"]), None)


def create(app: Acronis, request: Request) -> Response:
    given = rows.body(request, rows.USER_POST, needed=("tenant_id", "login", "contact"))
    tenant = app.tenant(request, given["tenant_id"], "users")
    if not tenant["enabled"]:
        raise refuse(1003, f"tenant {tenant['id']}")
    if not possible(given["login"]) or not given["contact"].get("email"):
        raise bad("'login' has no spaces, and contact has an 'email'")
    if taken(app, given["login"]):
        raise plain(409, "Another object of the same type already exists", "login")
    _sync_share(app, tenant["id"], given["contact"]["email"])
    row = put(app, given)
    app.effect("user", id=row["id"], login=row["login"], tenant=tenant["id"])
    return Response(200, _shown(row))


def put(app: Acronis, given: Row) -> Row:
    """In a customer's tenant a user has a personal tenant, a unit below it."""
    row = rows.user(app, given)
    app.state["users"][row["id"]] = row
    tenant = app.state["tenants"][row["tenant_id"]]
    if tenant["kind"] in ("customer", "unit"):
        made = {"name": f"{row['login']}'s own", "parent_id": tenant["id"], "kind": "unit", "owner_id": row["id"]}
        own = rows.tenant(app, made)
        app.state["tenants"][own["id"]] = own
        app.state["items"][own["id"]], app.state["bindings"][own["id"]] = {}, []
        row["personal_tenant_id"] = own["id"]
    return row


def _sync_share(app: Acronis, tenant: str, email: str) -> None:
    """File Sync & Share has each address once, and so many seats."""
    if SYNC_SHARE not in app.state["bindings"][tenant]:
        return
    with_it = [u for u in app.state["users"].values()
               if not u["deleted_at"] and SYNC_SHARE in app.state["bindings"].get(u["tenant_id"], ())]  # fmt: skip
    if any((u["contact"].get("email") or "").casefold() == email.casefold() for u in with_it):
        raise refuse(1010, "contact.email")
    seats = app.state["items"][tenant].get(f"{SYNC_SHARE}/fc_seats/")
    if seats and seats["status"] and seats["quota"]["value"] is not None:
        most = seats["quota"]["value"] + (seats["quota"]["overage"] or 0)
        if sum(u["tenant_id"] == tenant for u in with_it) >= most:
            raise refuse(1030, f"{most} seats")


def listed(app: Acronis, request: Request) -> Response:
    """By ids, or all of a subtree."""
    asked = app.filters(request, {"uuids", "subtree_root_tenant_id", "with_access_policies"})
    if bool(asked.get("uuids")) == bool(asked.get("subtree_root_tenant_id")):
        raise bad("one of uuids and subtree_root_tenant_id is needed")
    root, held = app.allow(request, "view"), app.state["users"]
    if asked.get("uuids"):
        wanted = set(asked["uuids"].split(","))
        if len(wanted) > 100:
            raise bad("at most 100 uuids")
        found = [row for id, row in held.items() if id in wanted and app.within(root, row["tenant_id"])]
    else:
        top = app.tenant(request, asked["subtree_root_tenant_id"])["id"]
        found = [row for row in held.values() if app.within(top, row["tenant_id"])]
    kept = [row for row in found if not row["deleted_at"] and row["updated_at"] >= asked.get("updated_since", "")]
    return app.page(asked, kept, lambda row: _shown(row, policies=asked.get("with_access_policies") == "true"))


def retrieve(app: Acronis, request: Request) -> Response:
    return Response(200, _shown(_user(app, request)))


def update(app: Acronis, request: Request) -> Response:
    row = _user(app, request, "users")
    given = rows.body(request, rows.USER_PUT, needed=("version",))
    if "login" in given and given["login"].casefold() != row["login"].casefold() and taken(app, given["login"]):
        raise plain(409, "Another object of the same type already exists", "login")
    rows.changed(app, row, given.pop("version"), given)
    return Response(200, _shown(row))


def delete(app: Acronis, request: Request) -> Response:
    row = _user(app, request, "users")
    rows.expect(row, request.query.get("version"))
    row["deleted_at"] = app.stamp()
    own = app.state["tenants"].get(row["personal_tenant_id"])
    if own is not None:
        own["deleted_at"] = app.stamp()
    app.effect("user deleted", id=row["id"])
    return Response(204)


def mail(app: Acronis, request: Request) -> Response:
    row = _user(app, request, "users")
    if not row["enabled"]:
        raise refuse(1018, f"user {row['id']}")
    app.state["mails"].append({"user": row["id"], "to": row["contact"].get("email"), "at": app.stamp()})
    app.effect("mail", user=row["id"], to=row["contact"].get("email"))
    return Response(204)


def password(app: Acronis, request: Request) -> Response:
    row = _user(app, request, "users")
    given = rows.body(request, {"password"}, needed=("password",))
    row |= {"_password": given["password"], "activated": True}
    rows.touch(app, row)
    return Response(204)


def policies(app: Acronis, request: Request) -> Response:
    return Response(200, {"items": list(_user(app, request)["_policies"])})


def assign(app: Acronis, request: Request) -> Response:
    """The list replaces the one there was. One role that is not given refuses all."""
    row = _user(app, request, "users")
    given = rows.body(request, {"items"})
    if not isinstance(given.get("items"), list) or not all(isinstance(item, dict) for item in given["items"]):
        raise bad("'items' is a list of objects")
    made: list[Row] = []
    for item in given["items"]:
        unknown = set(item) - POLICY
        if unknown or item.get("trustee_id") != row["id"] or item.get("trustee_type") != "user":
            raise bad("an access policy names its user as trustee, and has no other properties than documented")
        tenant = app.tenant(request, item.get("tenant_id", ""), "users")
        role = item.get("role_id", "")
        if role not in ROLES or tenant["kind"] not in ROLES[role][0]:
            raise bad(f"role_id: '{role}' is not a role of a {tenant['kind']} tenant")
        kept = {name: item[name] for name in ("trustee_id", "trustee_type", "tenant_id", "role_id")}
        namespace = {"resource_namespace": item["resource_namespace"]} if item.get("resource_namespace") else {}
        id = f"{app.next():08x}-0000-4000-8000-{row['id'][-12:]}"
        made.append({"id": id, "issuer_id": rows.NOBODY, **kept, **namespace, "version": 1})
    row["_policies"] = made
    rows.touch(app, row)
    app.effect("roles", user=row["id"], roles=sorted(policy["role_id"] for policy in made))
    return Response(200, {"items": made})


def _user(app: Acronis, request: Request, scope: str = "view") -> Row:
    root = app.allow(request, scope)
    row: Row | None = app.state["users"].get(request.args["id"])
    if row is None or row["deleted_at"] or not app.within(root, row["tenant_id"]):
        raise plain(404, "Not found", f"user {request.args['id']}")
    return row


def _shown(row: Row, *, policies: bool = False) -> Row:
    return {**rows.shown(row), "access_policies": list(row["_policies"]) if policies else []}


ROUTES = (
    ("GET", "/users/check_login", check_login),
    ("GET", "/users", listed),
    ("POST", "/users", create),
    ("GET", "/users/{id}", retrieve),
    ("PUT", "/users/{id}", update),
    ("DELETE", "/users/{id}", delete),
    ("POST", "/users/{id}/send-activation-email", mail),
    ("POST", "/users/{id}/password", password),
    ("GET", "/users/{id}/access_policies", policies),
    ("PUT", "/users/{id}/access_policies", assign),
)
