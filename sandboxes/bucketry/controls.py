"""What people do in the vendor's portal, as control verbs: POST /_sandbox/<verb> with a JSON object.

account     {id?, parent, type, name, <field>: value, "allocations"?: {...}}: made, or edited, by hand
member      {id?, account, login, <field>: value}: made or edited
remove      {account | member}: deleted by hand, whatever state it is in
use         {account, bucket, product, region, bytes, average_bytes}: so much is stored in a bucket
take_login  {login}: somebody else's customer has it now
key         {key, account?}: one more API key; without an account it is revoked
set         {<setting>: value, ...}
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sandboxes.bucketry import accounts, members

if TYPE_CHECKING:
    from sandboxes.bucketry.app import Bucketry

Row = dict[str, Any]


def put_account(app: Bucketry, data: Row) -> Row:
    given = {**data}
    allocations = given.pop("allocations", None)
    row = app.state["accounts"].get(str(given.get("id", "")))
    if row is None:
        row = accounts.put(app, given)
    else:
        row |= {**given, "revision": row["revision"] + 1}
    if allocations is not None:
        app.state["allocations"][str(row["id"])] = dict(allocations)
    return accounts.shown(row)


def put_member(app: Bucketry, data: Row) -> Row:
    row = app.state["members"].get(str(data.get("id", "")))
    if row is None:
        return members.put(app, {**data})
    row |= data
    return dict(row)


def remove(app: Bucketry, data: Row) -> Row:
    if "account" in data:
        accounts.remove(app, app.state["accounts"][str(data["account"])])
    else:
        del app.state["members"][str(data["member"])]
    return {"ok": True}


def use(app: Bucketry, data: Row) -> Row:
    row = {name: data[name] for name in ("bucket", "product", "region", "bytes")}
    row["average_bytes"] = data.get("average_bytes", data["bytes"])
    rows = app.state["usage"].setdefault(str(data["account"]), [])
    rows[:] = [r for r in rows if r["bucket"] != row["bucket"]] + [row]
    return {"ok": True}


def take_login(app: Bucketry, data: Row) -> Row:
    app.state["logins"].append(data["login"])
    return {"ok": True}


def key(app: Bucketry, data: Row) -> Row:
    if data.get("account") is None:
        app.state["keys"].pop(data["key"], None)
    else:
        app.state["keys"][data["key"]] = data["account"]
    return {"ok": True}


def set_(app: Bucketry, data: Row) -> Row:
    unknown = data.keys() - app.state["settings"].keys()
    if unknown:
        raise ValueError(f"no setting {', '.join(sorted(unknown))}")
    app.state["settings"] |= data
    return dict(app.state["settings"])


VERBS: dict[str, Callable[[Bucketry, Row], Row]] = {
    "account": put_account, "member": put_member, "remove": remove, "use": use, "take_login": take_login, "key": key,
    "set": set_,
}  # fmt: skip
