"""The Acronis sandbox itself: API clients and users, what each may do, pages, limits, and where each call goes."""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from sandboxes.acronis import controls, offerings, panel, tenants, usages, users
from sandboxes.acronis.catalog import CATALOG, ROLES
from sandboxes.acronis.refusals import bad, plain, refuse
from sandboxes.kit import App, Request, Response, error

Row = dict[str, Any]
SETTINGS = {
    "token_seconds": 7200, "page": 5000, "calls": 100_000, "list_lag": 0, "search_lag": 60, "deprovision_seconds": 0,
    "one_mode": True, "page_loop": False,
}  # fmt: skip
WINDOW = 10  # seconds that `calls` are for
PREFIX = "/api/2"
CLIENT, SECRET, PARTNER = (
    "4557d5f5-7881-44f4-83a5-212f19d355c1", "sandbox-secret", "0a305354-6efc-4b81-858d-2ae5dd1f08b1",
)  # fmt: skip


class Acronis(App):
    name = "acronis"

    def __init__(self) -> None:
        super().__init__()
        self.load_seed({})
        self.route("GET", "/_panel", lambda r: panel.render(self))
        self.route("POST", f"{PREFIX}/idp/token", self._token)
        self.route("GET", f"{PREFIX}/clients/{{id}}", self._client)
        for module in (usages, tenants, offerings, users):
            for method, path, handler in module.ROUTES:
                self._register(method, path, handler)

    def _register(self, method: str, path: str, handler: Callable[[Acronis, Request], Response]) -> None:
        self.route(method, PREFIX + path, lambda r: handler(self, r))

    # State

    def load_seed(self, seed: Row) -> None:
        seed = deepcopy(seed)
        self._spent: dict[str, list[datetime]] = {}
        self.state = {
            "clients": seed.get("clients") or {CLIENT: {"secret": SECRET, "tenant": PARTNER}},
            "tokens": seed.get("tokens", {}),
            "seq": seed.get("seq", 0),
            "tenants": {}, "users": {}, "items": seed.get("items", {}), "bindings": seed.get("bindings", {}),
            "usages": seed.get("usages", {}), "counted": seed.get("counted", {}),
            "mails": seed.get("mails", []), "logins": seed.get("logins", []),
            "armed": seed.get("armed", []),
            "catalog": seed.get("catalog", deepcopy(CATALOG)),
            "settings": {**SETTINGS, **seed.get("settings", {})},
        }  # fmt: skip
        given = seed.get("tenants") or [{"id": PARTNER, "name": "Harbour IT", "kind": "partner"}]
        if isinstance(given, dict):  # a state that was kept
            self.state |= {"tenants": given, "users": seed["users"]}
            return
        for row in given:
            controls.put_tenant(self, row)
        for row in seed.get("users", ()):
            controls.put_user(self, row)
        self.effects.clear()

    def setting(self, name: str) -> Any:
        return self.state["settings"][name]

    def next(self) -> int:
        self.state["seq"] += 1
        return int(self.state["seq"])

    def stamp(self) -> str:
        return self.clock.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    # Who asks, and for what

    def before(self, request: Request) -> None:
        if not request.path.startswith(f"{PREFIX}/"):
            return
        for rule in self.state["armed"]:
            if rule["times"] > 0 and rule["method"] in ("", request.method) and re.search(rule["path"], request.path):
                rule["times"] -= 1
                wait = rule.get("retry_after")
                headers = {} if wait is None else {"Retry-After": str(wait)}
                raise error(rule["status"], rule["body"], headers)
        if request.path == f"{PREFIX}/idp/token":
            return
        session = self.session(request)
        now = self.clock.now()
        recent = [at for at in self._spent.get(session["who"], []) if now - at < timedelta(seconds=WINDOW)]
        self._spent[session["who"]] = recent
        if len(recent) >= self.setting("calls"):
            raise error(429, plain(429, "Too many requests").response.body, {"Retry-After": str(WINDOW)})
        recent.append(now)

    def session(self, request: Request) -> Row:
        """Who asks: the tenant below which all is, and what may be done: view, tenants, users."""
        basic = request.basic()
        if basic is not None:
            return self._person(*basic)
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        held: Row | None = self.state["tokens"].get(token)
        if held is None or datetime.fromisoformat(held["until"]) <= self.clock.now():
            raise plain(401, "Unauthorized", "the access token is invalid or expired")
        client = self.state["clients"].get(held["client"])
        if client is None or client.get("disabled"):
            raise plain(401, "Unauthorized", "the client is disabled")
        return {"who": held["client"], "tenant": client["tenant"], "may": {"view", "tenants", "users"}}

    def _person(self, login: str, password: str) -> Row:
        """A user with a password; it may what its roles allow, in its own tenant and below."""
        user = users.by_login(self, login)
        if user is None or not user["_password"] or user["_password"] != password:
            raise plain(401, "Unauthorized", "wrong login or password")
        if not user["enabled"]:
            raise refuse(1018)
        may = {scope for policy in user["_policies"] for scope in ROLES[policy["role_id"]][1]}
        return {"who": user["id"], "tenant": user["tenant_id"], "may": may}

    def allow(self, request: Request, scope: str) -> str:
        """The tenant below which the caller may do this. Raises 1002."""
        session = self.session(request)
        if scope not in session["may"]:
            raise refuse(1002, f"the role does not allow it ({scope})")
        return str(session["tenant"])

    def tenant(self, request: Request, id: str, scope: str = "view", *, deleted: bool = False) -> Row:
        """A tenant at or below the caller's own. Absent and another's are the same answer."""
        root = self.allow(request, scope)
        row: Row | None = self.state["tenants"].get(id)
        if row is None or not self.within(root, id):
            raise refuse(1005, f"tenant {id}")
        if row["deleted_at"] and not deleted:
            if scope != "view" and self._going(row):
                raise refuse(1011, f"tenant {id}")
            raise refuse(1005, f"tenant {id}")
        lock = row["update_lock"]
        if scope == "tenants" and lock["enabled"] and lock["owner_id"] != root:
            raise refuse(1012, f"tenant {id}")
        return row

    def _going(self, row: Row) -> bool:
        until = datetime.fromisoformat(row["deleted_at"]) + timedelta(seconds=self.setting("deprovision_seconds"))
        return self.clock.now() < until

    def within(self, root: str, id: str) -> bool:
        held = self.state["tenants"]
        while id in held:
            if id == root:
                return True
            id = held[id]["parent_id"]
        return False

    def children(self, id: str) -> list[Row]:
        return [row for row in self.state["tenants"].values() if row["parent_id"] == id and not row["deleted_at"]]

    def page(self, filters: Row, found: Iterable[Row], show: Callable[[Row], Row]) -> Response:
        """A page of rows, in the order they were made, and the cursor that names the rest by itself."""
        lag = timedelta(seconds=self.setting("list_lag"))
        old = (self.clock.now() - lag).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        last, limit = filters.get("last", 0), min(int(filters.get("limit", 5000)), self.setting("page"))
        rest = [row for row in found if row["_n"] > last and (not lag or row["created_at"] <= old)]
        body: Row = {"timestamp": self.stamp(), "items": [show(row) for row in rest[:limit]]}
        if len(rest) > limit or (self.setting("page_loop") and rest):
            follow = {**filters, "last": last if self.setting("page_loop") else rest[limit - 1]["_n"]}
            after = base64.urlsafe_b64encode(json.dumps(follow).encode()).decode()
            body["paging"] = {"cursors": {"after": after}}
        return Response(200, body)

    def filters(self, request: Request, names: set[str]) -> Row:
        """What a list is asked for: of the query, or of the cursor. Unknown parameters are refused."""
        if "after" in request.query:
            try:
                return dict(json.loads(base64.urlsafe_b64decode(request.query["after"])))
            except ValueError:
                raise bad("the cursor cannot be read") from None
        unknown = request.query.keys() - names - {"limit", "lod", "allow_deleted", "updated_since"}
        if unknown:
            raise bad(f"unknown parameter {sorted(unknown)[0]}")
        if not request.query.get("limit", "1").isdigit() or int(request.query.get("limit", "1")) < 1:
            raise bad("limit is at least 1")
        return dict(request.query)

    def not_found(self, request: Request) -> Response:
        return plain(404, "Not found", f"{request.method} {request.path}").response

    def control(self, verb: str, data: Row) -> Any:
        return controls.VERBS[verb](self, data)

    # Signing in

    def _token(self, request: Request) -> Response:
        basic = request.basic()
        client = self.state["clients"].get(basic[0]) if basic else None
        if basic is None or client is None or client["secret"] != basic[1] or client.get("disabled"):
            raise error(401, {"error": "invalid_client", "error_description": "Client authentication failed"})
        if request.form().get("grant_type") != "client_credentials":
            raise error(400, {"error": "unsupported_grant_type", "error_description": "Only client_credentials"})
        seconds, value = self.setting("token_seconds"), secrets.token_urlsafe(24)
        until = self.clock.now() + timedelta(seconds=seconds)
        self.state["tokens"][value] = {"client": basic[0], "until": until.isoformat()}
        body = {"access_token": value, "token_type": "bearer", "expires_in": seconds, "expires_on": int(until.timestamp())}
        return Response(200, body)

    def _client(self, request: Request) -> Response:
        root = self.allow(request, "view")
        held = self.state["clients"].get(request.args["id"])
        if held is None or not self.within(root, held["tenant"]):
            raise plain(404, "Not found")
        shown = {"client_id": request.args["id"], "tenant_id": held["tenant"], "type": "api_client", "status": "enabled"}
        return Response(200, {**shown, "token_endpoint_auth_method": "client_secret_basic", "data": {"client_name": "Purser"}})
