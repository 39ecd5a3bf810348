"""The HTTP side: paths, authentication, limits, reading and writing rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from sandboxes.autotask import contracts, controls, panel, query
from sandboxes.autotask.entities import (
    BY_CHILD,
    BY_PATH,
    DEFAULT_PICKLISTS,
    DEFAULTS,
    ENTITIES,
    KINDS,
    Entity,
    Row,
    checked,
    described,
    invalid,
)
from sandboxes.autotask.limits import THREADS, THRESHOLD, TIMEFRAME, Limits
from sandboxes.kit import App, Request, Response, error

ROOT = "/atservicesrest"
V1 = f"{ROOT}/v1.0"
REMEMBERED_QUERIES = 8
_OPEN = (f"{ROOT}/versioninformation", f"{V1}/zoneinformation", "/_panel")


def plain(entity: Entity, row: Row, names: list[str] | None = None) -> Row:
    """A row as it goes out: all fields of its entity (or those asked for), null where nothing is known."""
    found = {name: row.get(name) for name in (entity.fields if names is None else names)}
    return found if names is not None else found | {"userDefinedFields": row.get("userDefinedFields") or []}


class AutotaskApp(App):
    name = "autotask"

    def __init__(self) -> None:
        self.limits = Limits()
        super().__init__()
        self._queries: dict[str, list[Row]] = {}
        self.load_seed({})
        entity, contract = f"{V1}/{{entity}}", f"{V1}/Contracts/{{parent}}/{{child}}"
        routes: list[tuple[str, str, Callable[[Request], Response]]] = [
            ("GET", "/_panel", self._panel),
            ("GET", f"{ROOT}/versioninformation", lambda _: Response(200, {"apiVersions": ["1.0"]})),
            ("GET", f"{V1}/zoneInformation", self._zone),
            ("GET", f"{V1}/ThresholdInformation", self._threshold),
            *((m, f"{entity}/query", self._query) for m in ("GET", "POST")),
            *((m, f"{entity}/query/next", self._query) for m in ("GET", "POST")),
            *((m, f"{entity}/query/count", self._count) for m in ("GET", "POST")),
            ("GET", f"{entity}/entityInformation", self._information),
            ("GET", f"{entity}/entityInformation/fields", self._fields),
            ("GET", f"{entity}/entityInformation/userDefinedFields", self._no_fields),
            ("GET", f"{entity}/{{id}}", self._item),
            ("POST", entity, self._create),
            ("PATCH", entity, self._update),
            ("PUT", entity, self._update),
            ("GET", contract, self._children),
            ("GET", f"{contract}/entityInformation/fields", self._fields),
            ("GET", f"{contract}/{{id}}", self._item),
            ("POST", contract, self._create),
            ("PATCH", contract, self._update),
            ("PUT", contract, self._update),
        ]
        for method, pattern, handler in routes:
            self.route(method, pattern, handler)

    # Seed and state

    def load_seed(self, seed: dict[str, Any]) -> None:
        """Raises ValueError or KeyError for a seed whose parts do not fit together."""
        if "rows" in seed:
            self.state = seed
            return
        self.state = state = _empty(seed)
        lines = {kind.lines: kind for kind in KINDS}
        for name in state["rows"]:
            for given in seed.get(name, []):
                row = {**DEFAULTS.get(name, {}), **given}
                if name in lines:
                    units = int(row.pop("units", 0))
                    contracts.new_line(state, lines[name], row, units)
                else:
                    contracts.add(state, name, _dated(ENTITIES[name], row))
        state["rows"]["Companies"].setdefault("0", {"id": 0, "companyName": "Our own company", **DEFAULTS["Companies"]})

    # Who may call, and how often

    def before(self, request: Request) -> None:
        path = request.path.lower()
        if path.startswith(_OPEN):
            return
        user, secret = request.headers.get("username", ""), request.headers.get("secret", "")
        known = self.state["users"].get(user)
        if (
            known is None
            or known != secret
            or user in self.state["expired"]
            or request.headers.get("apiintegrationcode") not in self.state["integration_codes"]
        ):
            raise error(401, b"")
        self.limits.spend(self.clock.now())

    @property
    def latency(self) -> float:
        return self.limits.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self.limits.base = seconds

    def handle(self, request: Request) -> Response:
        path = request.path.lower()
        if not path.startswith(f"{V1}/") or path.startswith(_OPEN):
            return super().handle(request)
        endpoint = f"{request.headers.get('apiintegrationcode')} {path.removeprefix(V1).split('/')[1]}"
        with self.limits.thread(endpoint) as free:
            if free:
                return super().handle(request)
            self.requests.append({"method": request.method, "path": request.path, "status": 500})
            text = f"The API thread threshold of {THREADS} threads has been exceeded (Itgenatr005)."
            return Response(500, {"errors": [text]})

    def not_found(self, request: Request) -> Response:
        return Response(404, b"")

    def control(self, verb: str, data: dict[str, Any]) -> Any:
        self._queries.clear()
        return controls.run(self, verb, data)

    # Reading

    def _panel(self, _: Request) -> Response:
        html = panel.page(self.state, self.clock.now())
        return Response(200, html, {"Content-Type": "text/html; charset=utf-8"})

    def _zone(self, request: Request) -> Response:
        if request.query.get("user", "") not in self.state["users"]:
            raise invalid("No zone was found for this user.")
        return Response(
            200,
            {
                "zoneName": "Sandbox",
                "url": f"{request.base_url}/ATServicesRest/",
                "webUrl": f"{request.base_url}/_panel/",
                "ci": 1,
            },
        )

    def _threshold(self, _: Request) -> Response:
        return Response(
            200,
            {
                "externalRequestThreshold": THRESHOLD,
                "requestThresholdTimeframe": TIMEFRAME.seconds // 60,
                "currentTimeframeRequestCount": self.limits.count,
            },
        )

    def _entity(self, request: Request, need: str = "query") -> Entity:
        """The entity a path names. Raises 404 for an unknown one, 405 for what is not done with it there."""
        child = request.args.get("child")
        entity = BY_CHILD.get(child.lower()) if child else BY_PATH.get(request.args["entity"].lower())
        if entity is None:
            raise error(404, b"")
        if need not in entity.can or (need != "query" and entity.child_only and not child):
            raise error(405, {"Message": f"{entity.name} does not take {request.method} here."})
        return entity

    def rows(self, entity: Entity, line_passes: query.Test = lambda _: True) -> list[Row]:
        """All rows a reader sees now, by id; of units only those whose line passes."""
        kind = next((k for k in KINDS if k.units == entity.name), None)
        if kind is None:
            rows = list(self.state["rows"][entity.name].values())
        else:
            lines = contracts.seen(self.state, kind, self.clock.now())
            rows = [row for line in lines if line and line_passes(line[0]) for row in line]
        access = self.state["access"].get(entity.name, {})
        if access.get("level", 1) == 0:
            return []
        hidden = set(access.get("hide", ()))
        return sorted((r for r in rows if r["id"] not in hidden), key=lambda r: int(r["id"]))

    def _asked(self, request: Request) -> Any:
        """The query itself: the body of a POST, `search` of a GET. Raises the 500."""
        try:
            return json.loads(request.body if request.method == "POST" else request.query.get("search", ""))
        except ValueError:
            raise invalid("The query is not JSON.") from None

    def _query(self, request: Request) -> Response:
        entity, body = self._entity(request), self._asked(request)
        test, size = query.compiled(entity, body), query.max_records(body)
        names = query.included(entity, body)
        after = self._after(request)
        remembered = f"{entity.name} {json.dumps(body, sort_keys=True)}"
        if after is None or remembered not in self._queries:
            self._queries[remembered] = [r for r in self.rows(entity, query.of_line(entity, body)) if test(r)]
            while len(self._queries) > REMEMBERED_QUERIES:
                self._queries.pop(next(iter(self._queries)))
        rest = [r for r in self._queries[remembered] if after is None or int(r["id"]) > after]
        page = rest[:size]
        following = None
        if len(rest) > size and (names is None or "id" in names):
            last = int(page[-1]["id"])
            if self.state["page_loop"]:
                self.state["page_loop"] -= 1
                last = after if after is not None else -1
            following = self._next_url(request, entity, last, size)
        return self._page([plain(entity, r, names) for r in page], size, following)

    def _after(self, request: Request) -> int | None:
        if not request.path.lower().rstrip("/").endswith("/next"):
            return None
        try:
            return int(json.loads(request.query.get("paging", ""))["afterId"])
        except (ValueError, KeyError, TypeError):
            raise invalid("The page asked for does not exist.") from None

    def _next_url(self, request: Request, entity: Entity, last: int, size: int) -> str:
        paging = quote(json.dumps({"pageSize": size, "afterId": last}))
        search = f"&search={quote(request.query['search'])}" if request.method == "GET" else ""
        return f"{request.base_url}/ATServicesRest/V1.0/{entity.name}/query/next?paging={paging}{search}"

    def _page(self, items: list[Row], size: int, following: str | None) -> Response:
        details = {"count": len(items), "requestCount": size, "prevPageUrl": None, "nextPageUrl": following}
        return Response(200, {"items": items, "pageDetails": details})

    def _count(self, request: Request) -> Response:
        entity = self._entity(request)
        test = query.compiled(entity, self._asked(request))
        return Response(200, {"queryCount": sum(test(r) for r in self.rows(entity))})

    def _item(self, request: Request) -> Response:
        entity = self._entity(request)
        parent = request.args.get("parent")
        for row in self.rows(entity):
            if str(row["id"]) == request.args["id"] and parent in (None, str(row.get("contractID"))):
                return Response(200, {"item": plain(entity, row)})
        return Response(200, {"item": None})

    def _children(self, request: Request) -> Response:
        entity = self._entity(request)
        rows = [r for r in self.rows(entity) if str(r["contractID"]) == request.args["parent"]]
        return self._page([plain(entity, r) for r in rows], query.MAX_RECORDS, None)

    def _information(self, request: Request) -> Response:
        entity = BY_PATH.get(request.args["entity"].lower())
        if entity is None:
            raise error(404, b"")
        level = self.state["access"].get(entity.name, {}).get("level", 1)
        info = {
            "name": entity.singular,
            "canCreate": "create" in entity.can,
            "canDelete": False,
            "canQuery": "query" in entity.can,
            "canUpdate": "update" in entity.can,
            "userAccessForCreate": level if "create" in entity.can else 0,
            "userAccessForDelete": 0,
            "userAccessForQuery": level if "query" in entity.can else 0,
            "userAccessForUpdate": level if "update" in entity.can else 0,
            "hasUserDefinedFields": entity.name in {"Companies", "Contracts", "Products"},
            "supportsWebhookCallouts": entity.name == "Companies",
        }
        return Response(200, {"info": info})

    def _fields(self, request: Request) -> Response:
        child = request.args.get("child")
        entity = BY_CHILD.get(child.lower()) if child else BY_PATH.get(request.args["entity"].lower())
        if entity is None:
            raise error(404, b"")
        return Response(200, {"fields": described(entity, self.state["picklists"])})

    def _no_fields(self, _: Request) -> Response:
        return Response(200, {"fields": []})

    # Writing

    def _body(self, request: Request) -> Any:
        try:
            return request.json()
        except ValueError:
            raise invalid("The body is not JSON.") from None

    def _create(self, request: Request) -> Response:
        entity = self._entity(request, "create")
        body, parent = self._body(request), request.args.get("parent")
        row = checked(entity, body, self.state["picklists"], whole=parent is None)
        if parent is not None:
            if str(row.setdefault("contractID", _number(parent))) != parent:
                raise invalid(f"contractID {row['contractID']} is not the contract {parent} of the path.")
            row = checked(entity, row, self.state["picklists"], whole=True)
        self._queries.clear()
        return Response(200, {"itemId": controls.create(self, entity, row)})

    def _update(self, request: Request) -> Response:
        """PATCH changes the fields given, PUT empties those that are not."""
        entity = self._entity(request, "update")
        changes = checked(entity, self._body(request), self.state["picklists"], whole=request.method == "PUT")
        row = contracts.find(self.state, entity.name, changes.pop("id", None))
        parent = request.args.get("parent")
        if row is None or (parent is not None and str(row["contractID"]) != parent):
            raise invalid(f"No matching {entity.singular} was found.")
        if request.method == "PUT":
            writable = (f.name for f in entity.fields.values() if not f.read_only)
            changes = {name: changes.get(name) for name in writable}
        self._queries.clear()
        controls.update(self, entity, row, changes)
        return Response(200, {"itemId": row["id"]})


def _number(text: str) -> int:
    if not text.isdecimal():
        raise error(404, b"")
    return int(text)


def _dated(entity: Entity, row: Row) -> Row:
    """Seeds may write dates short (2026-07-01)."""
    for name, value in row.items():
        if name in entity.fields and entity.fields[name].type == "datetime" and value:
            row[name] = contracts.stamp(contracts.day(value))
    return row


def _empty(seed: dict[str, Any]) -> dict[str, Any]:
    return {
        "users": dict(seed.get("users", {"api@msp.example": "autotask-secret"})),
        "integration_codes": list(seed.get("integration_codes", ["PURSER-SANDBOX"])),
        "expired": [],
        "access": {},
        "picklists": {**DEFAULT_PICKLISTS, **seed.get("picklists", {})},
        "lag_seconds": float(seed.get("lag_seconds", 0)),
        "page_loop": 0,
        "next_id": 29_680_000,
        "rows": {name: {} for name, e in ENTITIES.items() if e.can != {"create"} and "Units" not in name},
        "units": {kind.units: {} for kind in KINDS},
        "stale": {kind.units: {} for kind in KINDS},
        "adjusted": {kind.adjustments: {} for kind in KINDS},
        "transactions": [],
    }
