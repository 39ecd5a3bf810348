"""The Bucketry sandbox itself: keys, pages, limits, operations that take their time, and where each call goes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import Any

from sandboxes.bucketry import accounts, allocations, controls, members, panel
from sandboxes.bucketry.refusals import refuse
from sandboxes.kit import App, Request, Response

Row = dict[str, Any]
SETTINGS = {"page": 100, "calls": 100_000, "create_seconds": 0, "list_lag": 0, "key_hours": 24}
KEY, ROOT = "bk_sandbox-key", 100
PREFIX = "/v1"


class Bucketry(App):
    name = "bucketry"

    def __init__(self) -> None:
        super().__init__()
        self.load_seed({})
        self.route("GET", "/_panel", lambda r: panel.render(self))
        self.route("GET", f"{PREFIX}/me", self._me)
        self.route("GET", f"{PREFIX}/operations/{{id}}", self._operation)
        for module in (accounts, members, allocations):
            for method, path, handler in module.ROUTES:
                self._register(method, path, handler)

    def _register(self, method: str, path: str, handler: Callable[[Bucketry, Request], Response]) -> None:
        self.route(method, PREFIX + path, lambda r: handler(self, r))

    # State

    def load_seed(self, seed: Row) -> None:
        seed = deepcopy(seed)
        self._spent: dict[str, list[datetime]] = {}
        kept = ("operations", "sent", "accounts", "members", "allocations")
        self.state = {
            "keys": seed.get("keys") or {KEY: ROOT},
            "seq": seed.get("seq", 1000),
            **{name: {} for name in kept},
            "usage": seed.get("usage", {}), "mails": seed.get("mails", []), "logins": seed.get("logins", []),
            "settings": {**SETTINGS, **seed.get("settings", {})},
        }  # fmt: skip
        given = seed.get("accounts") or [{"id": ROOT, "type": "reseller", "name": "Harbour IT"}]
        if isinstance(given, dict):  # a state that was kept
            self.state |= {name: seed.get(name, {}) for name in kept}
            return
        for row in given:
            controls.put_account(self, row)
        for row in seed.get("members", ()):
            controls.put_member(self, row)
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
        root, now = self.root(request), self.clock.now()
        key = request.headers["x-api-key"]
        recent = [at for at in self._spent.get(key, []) if now - at < timedelta(minutes=1)]
        self._spent[key] = recent
        if len(recent) >= self.setting("calls"):
            raise refuse("too_many", f"account {root}", headers={"Retry-After": "60"})
        recent.append(now)
        self.advance()

    def root(self, request: Request) -> int:
        """The reseller account of the key."""
        account: int | None = self.state["keys"].get(request.headers.get("x-api-key", ""))
        if account is None:
            raise refuse("key_invalid")
        return account

    def account(self, request: Request, id: str, *, change: bool = False) -> Row:
        """An account at or below the key's own. Absent and another's are the same answer. A change names the revision."""
        row: Row | None = self.state["accounts"].get(id)
        if row is None or not self.within(self.root(request), row["id"]):
            raise refuse("not_found", f"account {id}")
        if not change:
            return row
        if row["status"] == "deleted":
            raise refuse("not_found", f"account {id} was deleted")
        if row["on_hold"]:
            raise refuse("on_hold", f"account {id}")
        asked = request.headers.get("if-match", "").strip('"')
        if not asked:
            raise refuse("no_revision")
        if asked != str(row["revision"]):
            raise refuse("revision", f"it is at {row['revision']}")
        return row

    def within(self, root: int, id: int) -> bool:
        held = self.state["accounts"]
        while str(id) in held:
            if id == root:
                return True
            id = held[str(id)]["parent"]
        return False

    def page(self, request: Request, found: Iterable[Row], show: Callable[[Row], Row]) -> Response:
        """By offset: what changes meanwhile moves the rows under the reader."""
        try:
            offset, limit = int(request.query.get("offset", "0")), int(request.query.get("limit", "100"))
        except ValueError:
            raise refuse("invalid", "offset and limit are numbers") from None
        if offset < 0 or not 1 <= limit <= 100:
            raise refuse("invalid", "offset is at least 0, limit 1 to 100")
        limit = min(limit, self.setting("page"))
        rows = list(found)
        shown = [show(row) for row in rows[offset : offset + limit]]
        return Response(200, {"total": len(rows), "offset": offset, "limit": limit, "entries": shown})

    def listed(self, rows: Iterable[Row]) -> list[Row]:
        """What lists show by now, in the order it was made."""
        lag = timedelta(seconds=self.setting("list_lag"))
        old = (self.clock.now() - lag).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return [row for row in rows if not lag or row["created_at"] <= old]

    def not_found(self, request: Request) -> Response:
        return refuse("not_found", f"{request.method} {request.path}").response

    def control(self, verb: str, data: Row) -> Any:
        self.advance()
        return controls.VERBS[verb](self, data)

    # Operations

    def begin(self, request: Request, given: Row) -> Response:
        """Take an order to create, once for each Idempotency-Key of the last hours."""
        key, now = request.headers.get("idempotency-key", ""), self.clock.now()
        digest = hashlib.sha256(request.body).hexdigest()
        held = self.state["sent"].get(key) if key else None
        if held and now - datetime.fromisoformat(held["at"]) < timedelta(hours=self.setting("key_hours")):
            if held["digest"] != digest:
                raise refuse("key_reused")
            row = self.state["operations"][str(held["operation"])]
            if row["status"] != "failed":
                return Response(202, {"operation": self._shown(row)}, {"Retry-After": "1"})
        accounts.check(self, given)
        ready = now + timedelta(seconds=self.setting("create_seconds"))
        row = {
            "id": self.next(), "status": "queued", "given": given, "ready": ready.isoformat(), "account": None, "error": None,
        }  # fmt: skip
        self.state["operations"][str(row["id"])] = row
        if key:
            self.state["sent"][key] = {"at": now.isoformat(), "digest": digest, "operation": row["id"]}
        return Response(202, {"operation": self._shown(row)}, {"Retry-After": "1"})

    def advance(self) -> None:
        """Do what is due of what was taken on."""
        for row in self.state["operations"].values():
            if row["status"] == "queued" and datetime.fromisoformat(row["ready"]) <= self.clock.now():
                accounts.carry_out(self, row)

    def _operation(self, request: Request) -> Response:
        row = self.state["operations"].get(request.args["id"])
        if row is None or not self.within(self.root(request), row["given"]["parent"]):
            raise refuse("not_found", "operation")
        headers = {"Retry-After": "1"} if row["status"] == "queued" else {}
        return Response(200, {"operation": self._shown(row)}, headers)

    def _shown(self, row: Row) -> Row:
        made = self.state["accounts"].get(str(row["account"]))
        shown = {"id": row["id"], "status": row["status"]}
        return shown | ({"account": accounts.shown(made)} if made else {}) | ({"error": row["error"]} if row["error"] else {})

    def _me(self, request: Request) -> Response:
        row = self.state["accounts"][str(self.root(request))]
        return Response(200, {"account": accounts.shown(row), "key": {"name": "Purser"}})
