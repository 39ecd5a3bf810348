"""Services and offering items: what a parent may give, what a tenant has, quotas, editions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandboxes.acronis import rows
from sandboxes.acronis.catalog import APPLICATIONS, GIGABYTE, WORKLOAD, key
from sandboxes.acronis.refusals import bad, plain, refuse
from sandboxes.kit import Request, Response

if TYPE_CHECKING:
    from sandboxes.acronis.app import Acronis

Row = dict[str, Any]


def applications(app: Acronis, request: Request) -> Response:
    app.allow(request, "view")
    return Response(200, {"items": APPLICATIONS})


def of_tenant(app: Acronis, request: Request) -> Response:
    row = app.tenant(request, request.args["id"])
    return Response(200, {"items": list(app.state["bindings"][row["id"]])})


def bind(app: Acronis, request: Request) -> Response:
    row = app.tenant(request, request.args["id"], "tenants")
    service = _service(request.args["app"])
    if not _has(app, row["parent_id"], service):
        raise refuse(1026, service)
    held = app.state["bindings"][row["id"]]
    if service not in held:
        held.append(service)
        app.effect("service", tenant=row["id"], service=service)
    return Response(204)


def unbind(app: Acronis, request: Request) -> Response:
    row = app.tenant(request, request.args["id"], "tenants")
    service = _service(request.args["app"])
    if service in app.state["bindings"][row["id"]]:
        app.state["bindings"][row["id"]].remove(service)
        for name, held in app.state["items"][row["id"]].items():
            if name.startswith(f"{service}/"):
                held["status"] = 0
        app.effect("service off", tenant=row["id"], service=service)
    return Response(204)


def available(app: Acronis, request: Request) -> Response:
    row = app.tenant(request, request.args["id"])
    kind = request.query.get("kind", "customer")
    if kind not in ("partner", "folder", "customer", "unit"):
        raise bad("'kind' is not a kind of tenant")
    found = [item for item in app.state["catalog"] if _edition(request, item) and _held(app, row["id"], key(item))["status"]]
    items = []
    for item in found:
        held = _held(app, row["id"], key(item))
        items.append(_shown(app, item, {**held, "quota": {"value": None, "overage": None, "version": 0}}, row["id"]))
    return Response(200, {"timestamp": app.stamp(), "items": items})


def listed(app: Acronis, request: Request) -> Response:
    row = app.tenant(request, request.args["id"])
    mine = app.state["items"][row["id"]]
    own = row["id"] in {client["tenant"] for client in app.state["clients"].values()}
    found = [item for item in app.state["catalog"] if _edition(request, item) and (own or key(item) in mine)]
    shown = [_shown(app, item, _held(app, row["id"], key(item)), row["id"]) for item in found]
    if "status" in request.query:
        shown = [item for item in shown if str(item["status"]) == request.query["status"]]
    return Response(200, {"timestamp": app.stamp(), "items": shown})


def change(app: Acronis, request: Request) -> Response:
    """All or nothing: each is checked with the others as they would be."""
    row = app.tenant(request, request.args["id"], "tenants")
    try:
        given = request.json()
        wanted = given["offering_items"]
        entries = [(f"{w['application_id']}/{w['name']}/{w.get('infra_id') or ''}", w) for w in wanted]
    except (ValueError, KeyError, TypeError):
        raise bad("'offering_items' are a list of objects with application_id, name and status") from None
    known = {key(item): item for item in app.state["catalog"]}
    mine: dict[str, Row] = {name: {**held} for name, held in app.state["items"][row["id"]].items()}
    for name, want in entries:
        if want.get("status") not in (0, 1) or set(want) - {"application_id", "name", "status", "infra_id", "quota"}:
            raise bad(f"offering item {name}: status is 0 or 1, and there are no other properties than documented")
        if name not in known or (want["status"] and not can_give(app, row["parent_id"], name)):
            raise refuse(1021, name)
        mine[name] = _changed(mine.get(name), want, name)
    _fits_together(app, row, mine, known)
    if given.get("check_usage"):
        _fits_usage(app, row["id"], mine, known, {name for name, _ in entries})
    app.state["items"][row["id"]] = mine
    for item in known.values():
        service = item["application_id"]
        if mine.get(key(item), {}).get("status") and service not in app.state["bindings"][row["id"]]:
            app.state["bindings"][row["id"]].append(service)
    app.effect("items", tenant=row["id"], on=sorted(n for n, w in entries if w["status"]), count=len(entries))
    shown = [_shown(app, known[name], mine[name], row["id"]) for name, _ in entries]
    return Response(200, {"timestamp": app.stamp(), "items": shown})


def edition(app: Acronis, request: Request) -> Response:
    """From one billing mode to the other, item by item."""
    row = app.tenant(request, request.args["id"], "tenants")
    given = rows.body(request, {"application_id", "target_edition"}, needed=("application_id", "target_edition"))
    target = given["target_edition"]
    if target not in (GIGABYTE, WORKLOAD):
        raise bad("'target_edition' is not an edition")
    mine, parts = app.state["items"][row["id"]], {GIGABYTE: "pg_", WORKLOAD: "pw_"}
    source = WORKLOAD if target == GIGABYTE else GIGABYTE
    moved = {}
    for item in app.state["catalog"]:
        if item["application_id"] == given["application_id"] and item["edition"] == source:
            held = mine.get(key(item))
            if held and held["status"]:
                other = key({**item, "name": parts[target] + item["name"].removeprefix(parts[source])})
                if not can_give(app, row["parent_id"], other):
                    raise refuse(1021, other)
                moved[key(item)] = other
    for before, after in moved.items():
        mine[after] = {**mine[before]}
        mine[before] = {**mine[before], "status": 0}
    app.effect("edition", tenant=row["id"], edition=target)
    return Response(200, {"warnings": []})


def can_give(app: Acronis, parent: str, name: str) -> bool:
    """Whether the parent may give it: it has it, and nobody has locked it."""
    held = _held(app, parent, name)
    return bool(held["status"]) and not held["locked"]


def _held(app: Acronis, tenant: str, name: str) -> Row:
    """What a tenant has of an item. Those that API clients belong to have all that nobody has taken from them."""
    own = tenant in {client["tenant"] for client in app.state["clients"].values()}
    usual = {"status": 1 if own else 0, "locked": False, "quota": {"value": None, "overage": None, "version": 0}}
    return {**usual, **app.state["items"].get(tenant, {}).get(name, {})}


def _has(app: Acronis, tenant: str, service: str) -> bool:
    """Whether the tenant has the service: by itself, or as the owner of an API client."""
    own = tenant in {client["tenant"] for client in app.state["clients"].values()}
    return own or service in app.state["bindings"].get(tenant, ())


def _changed(held: Row | None, want: Row, name: str) -> Row:
    quota = dict((held or {}).get("quota") or {"value": None, "overage": None, "version": 0})
    if want.get("quota") is not None:
        asked = want["quota"]
        if asked.get("version", 0) != quota["version"]:
            raise refuse(1001, f"the quota of {name} has version {quota['version']}")
        for part in ("value", "overage"):
            limit = asked.get(part)
            if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int | float) or limit < 0):
                raise bad(f"quota of {name}: '{part}' is a number from 0, or null")
            quota[part] = limit
        quota["version"] += 1
    if held and held.get("locked"):
        raise refuse(1027, f"{name} is locked")
    return {"locked": False, **(held or {}), "status": want["status"], "quota": quota}


def _fits_together(app: Acronis, row: Row, mine: dict[str, Row], known: dict[str, Row]) -> None:
    on = [known[name] for name, held in mine.items() if held["status"] and name in known]
    names = {item["name"] for item in on}
    for item in on:
        if item["_needs"] and item["_needs"] not in names:
            raise refuse(1023, f"{item['name']} needs {item['_needs']}")
    if row["kind"] != "customer":
        return
    places = [(item["application_id"], item["name"]) for item in on if item["type"] == "infra"]
    twice = [place for place in places if places.count(place) > 1]
    if twice:
        raise refuse(1015, twice[0][1])
    if app.setting("one_mode") and {GIGABYTE, WORKLOAD} <= {item["edition"] for item in on}:
        raise refuse(1027, "a customer has one billing mode")


def _fits_usage(app: Acronis, tenant: str, mine: dict[str, Row], known: dict[str, Row], asked: set[str]) -> None:
    used = app.state["usages"].get(tenant, {})
    for name in asked:
        value, quota = used.get(name, 0), mine[name]["quota"]
        if value and not mine[name]["status"]:
            raise refuse(1027, f"{name} is in use")
        if quota["value"] is not None and quota["overage"] is not None and value > quota["value"] + quota["overage"]:
            raise refuse(1022, f"{name}: {value} used, {quota['value']} + {quota['overage']} asked for")


def _shown(app: Acronis, item: Row, held: Row, tenant: str) -> Row:
    row = {**rows.shown(item), "tenant_id": tenant, "status": held["status"], "locked": held["locked"],
           "quota": dict(held["quota"]), "updated_at": app.stamp(), "deleted_at": None}  # fmt: skip
    if row["infra_id"] is None:
        del row["infra_id"]
    return row


def _edition(request: Request, item: Row) -> bool:
    """Without a word only the legacy edition is listed; `*` is all of them."""
    asked = request.query.get("edition", "standard")
    return asked == "*" or (item["edition"] or "") in asked.split(",")


def _service(id: str) -> str:
    if id not in {row["id"] for row in APPLICATIONS}:
        raise plain(404, "Not found", f"application {id}")
    return id


ROUTES = (
    ("GET", "/applications", applications),
    ("GET", "/tenants/{id}/applications", of_tenant),
    ("POST", "/applications/{app}/bindings/tenants/{id}", bind),
    ("DELETE", "/applications/{app}/bindings/tenants/{id}", unbind),
    ("GET", "/tenants/{id}/offering_items/available_for_child", available),
    ("GET", "/tenants/{id}/offering_items", listed),
    ("PUT", "/tenants/{id}/offering_items", change),
    ("PUT", "/tenants/{id}/edition", edition),
)
