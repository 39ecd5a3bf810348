"""What people do in the vendor's portal, as control verbs: POST /_sandbox/<verb> with a JSON object.

tenant      {id?, name, <field>: value, ...}: made, or edited, by hand; `locked` true or false for a lock of the vendor's
user        {id?, tenant_id, login, <field>: value, ...}: made or edited; `roles` are those in its tenant
remove      {tenant | user}: deleted by hand, whatever state it is in
item        {tenant, name, status?, locked?, quota?}: of an offering item, by name ("pg_base_servers", all places of it)
activate    {user | login, password}: the person follows the mail
use         {tenant, name, value}: so much is used of an offering item, or was in this month, where that is counted
take_login  {login}: somebody else's customer has it now
client      {id, secret?, tenant?, disabled?}: of an API client
revoke      {}: no token given so far is good any longer
refuse      {number | status, method?, path?, times?, info?, retry_after?}: the next calls that match are refused
set         {<setting>: value, ...}
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandboxes.acronis import rows, tenants, usages, users
from sandboxes.acronis.catalog import key
from sandboxes.acronis.refusals import NUMBERS, plain, refuse

if TYPE_CHECKING:
    from sandboxes.acronis.app import Acronis

Row = dict[str, Any]


def put_tenant(app: Acronis, data: Row) -> Row:
    given = {**data}
    lock, items = given.pop("locked", None), given.pop("items", None)
    row = app.state["tenants"].get(given.get("id", ""))
    if row is None:
        row = tenants.put(app, {"parent_id": rows.NOBODY, "kind": "customer", **given})
    else:
        row |= given
        rows.touch(app, row)
    if lock is not None:
        row["update_lock"] = {"enabled": bool(lock), "owner_id": rows.NOBODY if lock else None}
    for name in items or ():
        item(app, {"tenant": row["id"], "name": name, "status": 1})
    return tenants.shown(app, row)


def put_user(app: Acronis, data: Row) -> Row:
    given = {**data}
    roles = given.pop("roles", None)
    row = app.state["users"].get(given.get("id", ""))
    if row is None:
        row = users.put(app, given)
    else:
        row |= given
        rows.touch(app, row)
    if roles is not None:
        row["_policies"] = [
            {"id": f"{app.next():08x}-0000-4000-8000-{row['id'][-12:]}", "issuer_id": rows.NOBODY, "trustee_id": row["id"],
             "trustee_type": "user", "tenant_id": row["tenant_id"], "role_id": role, "version": 1}
            for role in roles
        ]  # fmt: skip
        rows.touch(app, row)
    return rows.shown(row)


def remove(app: Acronis, data: Row) -> Row:
    if "tenant" in data:
        tenants.remove(app, app.state["tenants"][data["tenant"]])
    else:
        app.state["users"][data["user"]]["deleted_at"] = app.stamp()
    return {"ok": True}


def item(app: Acronis, data: Row) -> Row:
    found = [known for known in app.state["catalog"] if known["name"] == data["name"]]
    if not found:
        raise KeyError(data["name"])
    mine = app.state["items"].setdefault(data["tenant"], {})
    for known in found:
        usual = {"status": 1, "locked": False, "quota": {"value": None, "overage": None, "version": 0}}
        held = mine.setdefault(key(known), usual)
        held |= {name: data[name] for name in ("status", "locked") if name in data}
        held["quota"] |= {**data.get("quota", {}), "version": held["quota"]["version"] + 1}
        if held["status"] and known["application_id"] not in app.state["bindings"][data["tenant"]]:
            app.state["bindings"][data["tenant"]].append(known["application_id"])
    return {"items": len(found)}


def activate(app: Acronis, data: Row) -> Row:
    user = app.state["users"][data["user"]] if "user" in data else users.by_login(app, data["login"])
    if user is None:
        raise KeyError(data["login"])
    user |= {"_password": data["password"], "activated": True}
    rows.touch(app, user)
    return {"ok": True}


def use(app: Acronis, data: Row) -> Row:
    found = [known for known in app.state["catalog"] if known["name"] == data["name"]]
    if not found:
        raise KeyError(data["name"])
    if found[0]["usage_name"] in usages.SUMS:
        months = app.state["counted"].setdefault(data["tenant"], {}).setdefault(key(found[0]), {})
        months[f"{app.clock.now():%Y-%m}"] = data["value"]
    else:
        app.state["usages"].setdefault(data["tenant"], {})[key(found[0])] = data["value"]
    return {"ok": True}


def take_login(app: Acronis, data: Row) -> Row:
    app.state["logins"].append(data["login"])
    return {"ok": True}


def client(app: Acronis, data: Row) -> Row:
    known = app.state["clients"].setdefault(data["id"], {"secret": "", "tenant": ""})
    known |= {name: data[name] for name in ("secret", "tenant", "disabled") if name in data}
    return {"ok": True}


def revoke(app: Acronis, data: Row) -> Row:
    app.state["tokens"].clear()
    return {"ok": True}


def refuse_(app: Acronis, data: Row) -> Row:
    number = data.get("number")
    if number is not None and number not in NUMBERS:
        raise ValueError(f"no number {number}")
    info = data.get("info", "")
    made = refuse(number, info) if number is not None else plain(data["status"], "Refused", info)
    app.state["armed"].append({
        "status": data.get("status", made.response.status), "body": made.response.body, "method": data.get("method", ""),
        "path": data.get("path", ""), "times": int(data.get("times", 1)), "retry_after": data.get("retry_after"),
    })  # fmt: skip
    return {"ok": True}


def set_(app: Acronis, data: Row) -> Row:
    unknown = data.keys() - app.state["settings"].keys()
    if unknown:
        raise ValueError(f"no setting {', '.join(sorted(unknown))}")
    app.state["settings"] |= data
    return dict(app.state["settings"])


VERBS: dict[str, Callable[[Acronis, Row], Row]] = {
    "tenant": put_tenant, "user": put_user, "refuse": refuse_, "set": set_,
    **{f.__name__: f for f in (remove, item, activate, use, take_login, client, revoke)},
}  # fmt: skip
