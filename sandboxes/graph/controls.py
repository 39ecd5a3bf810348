"""What people and time do to directories, as control verbs: POST /_sandbox/<verb> with a JSON object.

Each names its `tenant` (an id; may be left out where there is one).

user, group, contact   {id, <field>: value, ...}: made, or changed
remove                 {kind: users|groups|contacts, id, for_good?}: into the bin, or for good
member                 {group, id, out?}: comes into a group, or goes
mailbox                {user, purpose}: a mailbox of this kind; purpose "" for none
consent                {client, permissions}: what the tenant's administrator grants; null takes the application out
secret                 {client, secret?, expired?}: of an application
close_mailboxes        {users}: an access policy keeps these mailboxes from applications
revoke                 {}: no token given so far is good any longer
forget                 {}: delta tokens given so far are expired
throttle               {path, times?, retry_after?}: the next calls that match are 429, parts of a batch too; retry_after
                       null for none
set                    {<setting>: value, ...}
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sandboxes.graph import rows

if TYPE_CHECKING:
    from sandboxes.graph.app import Graph

Row = rows.Row


def _put(kind: str) -> Callable[[Graph, Row], Row]:
    def put(app: Graph, data: Row) -> Row:
        tenant = app.named(data)
        row = {k: v for k, v in data.items() if k != "tenant"}
        kept = {k: v for k, v in tenant[kind].get(row["id"], {}).items() if k != "@odata.type"}
        full = rows.completed(kind, {**kept, **row}, tenant["domain"])
        tenant[kind][row["id"]] = full | {"@odata.type": rows.TYPES[kind]}
        app.log(tenant, kind, row["id"])
        return full

    return put


def remove(app: Graph, data: Row) -> Row:
    tenant, kind, id = app.named(data), data["kind"], data["id"]
    row = tenant[kind].pop(id)
    if not data.get("for_good"):
        tenant["deleted"][id] = row
    for group, members in tenant["members"].items():
        if id in members:
            members.remove(id)
            app.log(tenant, "groups", group, member=id, came=False)
    tenant["mailboxes"].pop(id, None)
    app.log(tenant, kind, id)
    return {"ok": True}


def member(app: Graph, data: Row) -> Row:
    tenant = app.named(data)
    if data["group"] not in tenant["groups"]:
        raise KeyError(f"group {data['group']}")
    members = tenant["members"].setdefault(data["group"], [])
    out = bool(data.get("out"))
    if out == (data["id"] in members):
        (members.remove if out else members.append)(data["id"])
        app.log(tenant, "groups", data["group"], member=data["id"], came=not out)
    return {"members": members}


def mailbox(app: Graph, data: Row) -> Row:
    tenant = app.named(data)
    tenant["mailboxes"].pop(data["user"], None)
    if data["purpose"]:
        tenant["mailboxes"][data["user"]] = data["purpose"]
    return {"ok": True}


def consent(app: Graph, data: Row) -> Row:
    grants = app.named(data)["grants"]
    grants.pop(data["client"], None)
    if data["permissions"] is not None:
        grants[data["client"]] = list(data["permissions"])
    return {"ok": True}


def secret(app: Graph, data: Row) -> Row:
    known = app.state["apps"][data["client"]]
    known |= {k: data[k] for k in ("secret", "expired") if k in data}
    return {"ok": True}


def close_mailboxes(app: Graph, data: Row) -> Row:
    app.named(data)["closed"] = list(data["users"])
    return {"ok": True}


def revoke(app: Graph, data: Row) -> Row:
    app.state["tokens"].clear()
    return {"ok": True}


def forget(app: Graph, data: Row) -> Row:
    tenant = app.named(data)
    tenant["seq"] += 1
    tenant["lost"] = tenant["seq"]
    return {"ok": True}


def throttle(app: Graph, data: Row) -> Row:
    rule = {"path": data["path"], "times": int(data.get("times", 1)), "retry_after": data.get("retry_after", "1")}
    app.state["throttled"].append(rule)
    return {"ok": True}


def set_(app: Graph, data: Row) -> Row:
    unknown = data.keys() - app.state["settings"].keys()
    if unknown:
        raise ValueError(f"no setting {', '.join(sorted(unknown))}")
    app.state["settings"] |= data
    return dict(app.state["settings"])


VERBS: dict[str, Callable[[Graph, Row], Row]] = {
    "user": _put("users"), "group": _put("groups"), "contact": _put("contacts"), "set": set_,
    **{f.__name__: f for f in (
        remove, member, mailbox, consent, secret, close_mailboxes, revoke, forget, throttle,
    )},
}  # fmt: skip
