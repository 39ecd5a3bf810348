"""Delta lists: everything at first, then what changed since the token, which is good for some days.

Every change is in the tenant's log: its number, when, the kind and id of the thing, and for a group the member that came
or went. Tokens hold the number up to which their owner has read.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from sandboxes.graph import lists, rows
from sandboxes.graph.refusals import refuse
from sandboxes.kit import Request, Response

if TYPE_CHECKING:
    from sandboxes.graph.app import Graph

Row = rows.Row
Link = dict[str, Any]


def page(app: Graph, request: Request, kind: str) -> Response:
    """A page of `kind`: its rows, and the link to the next page or to the changes from here on."""
    tenant = app.here(request)
    names = lists.selected(request.query, kind, also=("members",) if kind == "groups" else ())
    latest = request.query.get("$deltatoken") == "latest"
    link = _link(app, request, tenant["seq"])
    asked = {
        "names": link.get("names", names),
        "members": link.get("members", "members" in request.query.get("$select", "").split(",")),
        "since": link["since"],
        "upto": link["upto"],
    }
    found = [] if latest else _entries(app, tenant, kind, asked)
    begin, size = link.get("from", 0), _size(app, request)
    value = [_shown(tenant, kind, asked, id, members, first=first) for id, members, first in found[begin : begin + size]]
    body: Link = {"@odata.context": f"{request.base_url}/v1.0/$metadata#{kind}", "value": value}
    now = app.clock.now().isoformat()
    if begin + size < len(found):
        token = lists.packed({**asked, "from": begin + size, "at": now, "kind": kind})
        body["@odata.nextLink"] = f"{request.base_url}{request.path}?{urlencode({'$skiptoken': token})}"
    else:
        kept = {"names": asked["names"], "members": asked["members"], "since": asked["upto"]}
        token = lists.packed({**kept, "at": now, "kind": kind})
        body["@odata.deltaLink"] = f"{request.base_url}{request.path}?{urlencode({'$deltatoken': token})}"
    return Response(200, body)


def _link(app: Graph, request: Request, seq: int) -> Link:
    """What the token of the request says; without one, that everything is asked for."""
    token = request.query.get("$skiptoken") or request.query.get("$deltatoken", "")
    if token in ("", "latest"):
        return {"since": None, "upto": seq}
    value = lists.unpacked(token)
    age = app.clock.now() - datetime.fromisoformat(value["at"])
    lost = value["since"] is not None and value["since"] < app.here(request)["lost"]
    if lost or age > timedelta(days=app.setting("delta_days")):
        status = app.setting("delta_status")
        text = "The sync state generation is not found. The delta token is expired and data must be synchronized again."
        place = {"Location": f"{request.base_url}{request.path}?$deltatoken="} if status == 410 else {}
        raise refuse(status, "syncStateNotFound", text, place)
    return {"upto": seq, **value}


def _entries(app: Graph, tenant: Row, kind: str, asked: Link) -> list[tuple[str, list[Row], bool]]:
    """What is told, in order: an id, members of it that came or went, and whether the row's own fields come along."""
    since, members = asked["since"], kind == "groups" and asked["members"]
    if since is None:
        changed = {id: [(m, True) for m in tenant["members"].get(id, ())] for id in sorted(tenant[kind])}
    else:
        changed = {}
        for e in tenant["log"]:
            if since < e["n"] <= asked["upto"] and e["kind"] == kind and (members or "member" not in e):
                changed.setdefault(e["id"], []).extend([(e["member"], e["came"])] if "member" in e else [])
    found: list[tuple[str, list[Row], bool]] = []
    for id, moved in changed.items():
        told = [_member(app, tenant, m, came=came) for m, came in moved] if members and id in tenant[kind] else []
        found += _split(id, told, app.setting("split_members"))
    return [*found, found[0]] if app.setting("replay") and found else found


def _member(app: Graph, tenant: Row, id: str, *, came: bool) -> Row:
    gone = {} if came else {"@removed": {"reason": "deleted"}}
    return {"@odata.type": app.type_of(tenant, id), "id": id, **gone}


def _split(id: str, members: list[Row], most: int) -> list[tuple[str, list[Row], bool]]:
    """A group's members, over several rows when there are more than `most`: the later ones repeat only the id."""
    size = most or max(len(members), 1)
    return [(id, members[n : n + size], n == 0) for n in range(0, max(len(members), 1), size)]


def _shown(tenant: Row, kind: str, asked: Link, id: str, members: list[Row], *, first: bool) -> Row:
    row = tenant[kind].get(id)
    if row is None:
        return {"id": id, "@removed": {"reason": "changed" if id in tenant["deleted"] else "deleted"}}
    own = lists.show(row, asked["names"]) if first else {"id": id}
    told = {"members@delta": members} if members else {}
    return {name: value for name, value in own.items() if value not in (None, [])} | told


def _size(app: Graph, request: Request) -> int:
    for part in request.headers.get("prefer", "").split(","):
        name, _, value = part.strip().partition("=")
        if name.lower() == "odata.maxpagesize" and value.isdigit() and int(value):
            return int(value)
    return int(app.setting("delta_page"))
