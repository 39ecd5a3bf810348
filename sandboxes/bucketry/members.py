"""Members of accounts: logins unique over the whole vendor, roles by the type of account, invitations by mail."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sandboxes.bucketry.accounts import body
from sandboxes.bucketry.refusals import refuse
from sandboxes.kit import Request, Response

if TYPE_CHECKING:
    from sandboxes.bucketry.app import Bucketry

Row = dict[str, Any]
ROLES = {"reseller": ("reseller_admin", "reseller_viewer"), "tenant": ("owner", "manager", "viewer")}


def listed(app: Bucketry, request: Request) -> Response:
    account = app.account(request, request.args["id"])
    return app.page(request, [m for m in app.state["members"].values() if m["account"] == account["id"]], dict)


def taken(app: Bucketry, login: str) -> bool:
    held = {m["login"].casefold() for m in app.state["members"].values()} | {o.casefold() for o in app.state["logins"]}
    return login.casefold() in held


def create(app: Bucketry, request: Request) -> Response:
    account = app.account(request, request.args["id"])
    given = body(request, {"login", "email", "name", "language"}, ("login", "email"))
    if account["status"] != "active":
        raise refuse("account_suspended", f"account {account['id']}")
    if not re.fullmatch(r"[^\s\x00-\x1f]{1,200}", given["login"]):
        raise refuse("invalid", "login has no spaces")
    if taken(app, given["login"]):
        raise refuse("login_taken", given["login"])
    row = put(app, {**given, "account": account["id"]})
    app.effect("member", id=row["id"], login=row["login"], account=account["id"])
    return Response(201, row)


def put(app: Bucketry, given: Row) -> Row:
    id = given.get("id") or app.next()
    row = {
        "id": id, "account": 0, "login": "", "email": "", "name": "", "language": "en", "roles": [], "status": "invited",
        "blocked": False, **given,
    }  # fmt: skip
    app.state["members"][str(id)] = row
    return row


def _one(app: Bucketry, request: Request) -> Row:
    row: Row | None = app.state["members"].get(request.args["id"])
    if row is None or not app.within(app.root(request), row["account"]):
        raise refuse("not_found", f"member {request.args['id']}")
    return row


def retrieve(app: Bucketry, request: Request) -> Response:
    return Response(200, _one(app, request))


def assign(app: Bucketry, request: Request) -> Response:
    """The list replaces the one there was; one role that is not given refuses all."""
    row = _one(app, request)
    given = body(request, {"roles"})
    known = ROLES[app.state["accounts"][str(row["account"])]["type"]]
    if not isinstance(given.get("roles"), list):
        raise refuse("invalid", "roles is a list")
    for role in given["roles"]:
        if role not in known:
            raise refuse("unknown_role", f"'{role}' is none of {', '.join(known)}")
    row["roles"] = sorted(set(given["roles"]))
    app.effect("roles", member=row["id"], roles=row["roles"])
    return Response(200, row)


def invite(app: Bucketry, request: Request) -> Response:
    row = _one(app, request)
    if row["blocked"]:
        raise refuse("member_blocked", f"member {row['id']}")
    app.state["mails"].append({"member": row["id"], "to": row["email"], "at": app.stamp()})
    app.effect("mail", member=row["id"], to=row["email"])
    return Response(204)


def delete(app: Bucketry, request: Request) -> Response:
    row = _one(app, request)
    del app.state["members"][str(row["id"])]
    app.effect("member deleted", id=row["id"])
    return Response(204)


ROUTES = (
    ("GET", "/accounts/{id}/members", listed),
    ("POST", "/accounts/{id}/members", create),
    ("GET", "/members/{id}", retrieve),
    ("PUT", "/members/{id}/roles", assign),
    ("POST", "/members/{id}/invitation", invite),
    ("DELETE", "/members/{id}", delete),
)
