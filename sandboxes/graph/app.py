"""The Graph sandbox itself: tenants, who may read what, how much, and where each call goes."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import datetime
from typing import Any

from sandboxes.graph import batch, controls, delta, lists, login, panel, rows
from sandboxes.graph.refusals import not_found, refuse
from sandboxes.kit import App, Request, Response

Row = rows.Row
KINDS = ("users", "groups", "contacts")
SETTINGS = {
    "page": 100, "delta_page": 100, "delta_days": 7, "delta_status": 410, "token_seconds": 3599, "units": 8000,
    "page_minutes": 60, "split_members": 0, "replay": False, "page_loop": False,
}  # fmt: skip
WINDOW = 10  # seconds that `units` are for

_PERMISSIONS = (
    (r"/mailboxSettings", {"MailboxSettings.Read", "MailboxSettings.ReadWrite"}),
    (r"^/v1.0/users", {"User.Read.All", "User.ReadWrite.All", "Directory.Read.All"}),
    (r"^/v1.0/groups/[^/]+/(transitive)?members", {"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"}),
    (r"^/v1.0/groups", {"GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"}),
    (r"^/v1.0/contacts", {"OrgContact.Read.All", "Directory.Read.All"}),
    (r"^/v1.0/organization", {"Organization.Read.All", "User.Read.All", "Directory.Read.All"}),
)
_COSTS = ((r"/transitivemembers", 5), (r"/members", 3), (r"^/v1.0/users$", 2))


class Graph(App):
    name = "graph"

    def __init__(self) -> None:
        super().__init__()
        self._spent: dict[tuple[str, str], tuple[float, datetime]] = {}
        self.load_seed({})
        self.route("POST", "/{tenant}/oauth2/v2.0/token", lambda r: login.token(self, r))
        self.route("GET", "/_panel", lambda r: panel.render(self))
        self.route("POST", r"/v1\.0/\$batch", lambda r: batch.run(self, r))
        self.route("GET", r"/v1\.0/organization", self._organization)
        for kind in KINDS:
            self._register(kind)
        self.route("GET", r"/v1\.0/users/{id}/mailboxSettings", self._mailbox)
        self.route("GET", r"/v1\.0/users/{id}/mailboxSettings/userPurpose", self._purpose)
        for name, deep in (("members", False), ("transitiveMembers", True)):
            self._register_members(name, deep=deep)

    def _register(self, kind: str) -> None:
        def listed(request: Request) -> Response:
            held = self.here(request)[kind]
            return lists.page(self, request, [held[id] for id in sorted(held)], kind)

        def one(request: Request) -> Response:
            row = self.find(request, kind)
            return Response(200, lists.show(row, lists.selected(request.query, kind)))

        def counted(request: Request) -> Response:
            lists.advanced(Request("GET", request.path, {"$count": "true"}, request.headers, b""))
            return Response(200, str(len(self.here(request)[kind])).encode(), {"Content-Type": "text/plain"})

        self.route("GET", rf"/v1\.0/{kind}", listed)
        self.route("GET", rf"/v1\.0/{kind}/\$count", counted)
        self.route("GET", rf"/v1\.0/{kind}/delta", lambda r: delta.page(self, r, kind))
        self.route("GET", rf"/v1\.0/{kind}/{{id}}", one)

    def _register_members(self, name: str, *, deep: bool) -> None:
        self.route("GET", rf"/v1\.0/groups/{{id}}/{name}", lambda r: self._members(r, deep=deep))
        cast = rf"/v1\.0/groups/{{id}}/{name}/microsoft\.graph\.user"
        self.route("GET", cast, lambda r: self._members(r, deep=deep, kind="users"))

    # State

    def load_seed(self, seed: Row) -> None:
        seed = deepcopy(seed)
        self.state = {
            "apps": seed.get("apps", {}),
            "tenants": {id: _tenant(given) for id, given in seed.get("tenants", {}).items()},
            "tokens": seed.get("tokens", {}),
            "throttled": seed.get("throttled", []),
            "settings": {**SETTINGS, **seed.get("settings", {})},
        }
        self._spent.clear()

    def setting(self, name: str) -> Any:
        return self.state["settings"][name]

    def tenant_id(self, name: str) -> str | None:
        """By id or domain."""
        tenants = self.state["tenants"]
        return name if name in tenants else next((id for id, t in tenants.items() if t["domain"] == name.lower()), None)

    def named(self, data: Row) -> Row:
        """The tenant that a control verb means."""
        tenants = self.state["tenants"]
        if "tenant" not in data and len(tenants) != 1:
            raise ValueError(f"which of the {len(tenants)} tenants?")
        found: Row = tenants[data.get("tenant", next(iter(tenants)))]
        return found

    def log(self, tenant: Row, kind: str, id: str, **more: Any) -> None:
        tenant["seq"] += 1
        tenant["log"].append({"n": tenant["seq"], "kind": kind, "id": id, **more})

    def type_of(self, tenant: Row, id: str) -> str:
        gone: Row = tenant["deleted"].get(id, {})
        found = next((rows.TYPES[kind] for kind in KINDS if id in tenant[kind]), gone.get("@odata.type"))
        return found or "#microsoft.graph.device"

    # Who may read what, and how much

    def session(self, request: Request) -> Row:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        held: Row | None = self.state["tokens"].get(token)
        if held is None:
            raise refuse(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
        if datetime.fromisoformat(held["until"]) <= self.clock.now():
            raise refuse(401, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
        return held

    def here(self, request: Request) -> Row:
        found: Row = self.state["tenants"][self.session(request)["tenant"]]
        return found

    def before(self, request: Request) -> None:
        if not request.path.lower().startswith("/v1.0/"):
            return
        session = self.session(request)
        self._throttle(request.path, (session["client"], session["tenant"]), request.query)
        granted = self.granted(request)
        for pattern, enough in _PERMISSIONS:
            if re.search(pattern, request.path, re.IGNORECASE):
                if not granted & enough:
                    if "mailboxSettings" in request.path:
                        raise refuse(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
                    raise refuse(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
                return

    def granted(self, request: Request) -> set[str]:
        session = self.session(request)
        grants = self.state["tenants"][session["tenant"]]["grants"]
        if session["client"] not in grants:
            text = "The identity of the calling application could not be established."
            raise refuse(401, "Authorization_IdentityNotFound", text)
        given = set(grants[session["client"]])
        every = {name for _, names in _PERMISSIONS for name in names} | {"Member.Read.Hidden"}
        return every if "*" in given else given

    def _throttle(self, path: str, who: tuple[str, str], query: dict[str, str]) -> None:
        for rule in self.state["throttled"]:
            if rule["times"] > 0 and re.search(rule["path"], path, re.IGNORECASE):
                rule["times"] -= 1
                wait = {} if rule["retry_after"] is None else {"Retry-After": str(rule["retry_after"])}
                raise refuse(429, "TooManyRequests", "Too Many Requests", wait)
        now = self.clock.now()
        cost = next((c for pattern, c in _COSTS if re.search(pattern, path, re.IGNORECASE)), 1)
        cost = max(1, cost - ("$select" in query))
        spent, since = self._spent.get(who, (0.0, now))
        spent = max(0.0, spent - (now - since).total_seconds() * self.setting("units") / WINDOW)
        if spent + cost > self.setting("units"):
            raise refuse(429, "TooManyRequests", "Too Many Requests", {"Retry-After": str(WINDOW)})
        self._spent[who] = (spent + cost, now)

    def not_found(self, request: Request) -> Response:
        segment = request.path.rsplit("/", 1)[-1]
        return refuse(400, "BadRequest", f"Resource not found for the segment '{segment}'.").response

    def control(self, verb: str, data: Row) -> Any:
        return controls.VERBS[verb](self, data)

    # Answers

    def find(self, request: Request, kind: str) -> Row:
        held, id = self.here(request)[kind], request.args["id"]
        row = held.get(id) or next((r for r in held.values() if r.get("userPrincipalName") == id), None)
        if row is None:
            raise not_found(id)
        found: Row = row
        return found

    def _organization(self, request: Request) -> Response:
        session = self.session(request)
        tenant = self.state["tenants"][session["tenant"]]
        domains = [{"name": tenant["domain"], "isDefault": True, "isInitial": True}]
        return Response(200, {"value": [{"id": session["tenant"], "displayName": tenant["name"], "verifiedDomains": domains}]})

    def _mailbox(self, request: Request) -> Response:
        tenant, user = self.here(request), self.find(request, "users")
        if user["id"] in tenant["closed"]:
            raise refuse(403, "ErrorAccessDenied", "Access to OData is disabled.")
        if user["id"] not in tenant["mailboxes"]:
            text = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
            raise refuse(404, "MailboxNotEnabledForRESTAPI", text)
        return Response(200, {"userPurpose": tenant["mailboxes"][user["id"]], "timeZone": "UTC"})

    def _purpose(self, request: Request) -> Response:
        return Response(200, {"value": self._mailbox(request).body["userPurpose"]})

    def _members(self, request: Request, *, deep: bool, kind: str = "") -> Response:
        tenant, group = self.here(request), self.find(request, "groups")
        found: set[str] = set()
        line = [group["id"]]
        while line:
            inside = [m for m in tenant["members"].get(line.pop(), ()) if m not in found]
            found |= set(inside)
            line += [m for m in inside if deep and m in tenant["groups"]]
        if group["visibility"] == "HiddenMembership" and "Member.Read.Hidden" not in self.granted(request):
            found = set()
        held = [self._object(tenant, id) for id in sorted(found) if not kind or id in tenant[kind]]
        return lists.page(self, request, held, kind or "directoryObjects", typed=not kind)

    def _object(self, tenant: Row, id: str) -> Row:
        row = next((tenant[kind][id] for kind in KINDS if id in tenant[kind]), {"id": id})
        return {**row, "@odata.type": self.type_of(tenant, id)}


def _tenant(given: Row) -> Row:
    """A tenant of a seed, or of a state that was kept."""
    domain = given.get("domain", "tenant.example").lower()
    held: Row = {"name": given.get("name", domain), "domain": domain, "grants": given.get("grants", {})}
    for kind in KINDS:
        raw = given.get(kind, [])
        plain = [{k: v for k, v in r.items() if k != "@odata.type"} for r in (raw.values() if isinstance(raw, dict) else raw)]
        held[kind] = {r["id"]: rows.completed(kind, r, domain) | {"@odata.type": rows.TYPES[kind]} for r in plain}
    usual = {id: "user" for id, row in held["users"].items() if row["mail"] and row["userType"] == "Member"}
    held |= {"members": given.get("members", {}), "mailboxes": given.get("mailboxes", usual)}
    return held | {
        "deleted": given.get("deleted", {}),
        "closed": given.get("closed", []),
        "log": given.get("log", []),
        "seq": given.get("seq", 0),
        "lost": given.get("lost", -1),
    }
