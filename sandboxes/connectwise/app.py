"""The ConnectWise PSA sandbox: sign-in, limits, companies, catalogue, callbacks. Agreements are next door.

Seed and state have one format; every key may be left out, and of a row everything but its id (and the
`company` of an agreement, the `product` of an addition):

    {"company_id": "acme", "public_key": "pub", "private_key": "priv", "codebase": "v2025_1/",
     "companies": [{"id": 19300, "name": "Alder Dental"}],
     "catalog": [{"id": 210, "identifier": "M365-E3", "description": "Microsoft 365 E3",
                  "price": 12.0, "cost": 9.5}],
     "agreements": [{"id": 5, "company": {"id": 19300}, "name": "...", "startDate": "2025-01-01T00:00:00Z",
                     "endDate": null, "prorateFlag": true, "billingCycle": {"name": "Monthly"},
                     "nextInvoiceDate": null}],
     "additions": {"5": [{"id": 77, "product": {"id": 210}, "quantity": 10, "effectiveDate": "..."}]},
     "adjustments": {"5": []}, "callbacks": [], "next_id": 1000,
     "settings": {"rate": 1000, "failure_status": 401, "forbidden": "", "lag": 0, "page_loop": false}}
"""

from __future__ import annotations

import re
from collections import deque
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sandboxes.connectwise import agreements, controls, lists, panel, patch, rows
from sandboxes.kit import App, Request, Response, error

Row = dict[str, Any]
RETRY_SECONDS = 30
_SETTINGS = {"rate": 1000, "failure_status": 401, "forbidden": "", "lag": 0, "page_loop": False}
_CALLBACK: rows.Types = {
    "description": str, "url": str, "objectId": int, "type": str, "level": str, "inactiveFlag": bool,
    "memberId": int, "payloadVersion": str,
}  # fmt: skip


class ConnectWise(App):
    name = "connectwise"

    def __init__(self) -> None:
        super().__init__()
        self._recent: deque[datetime] = deque()
        self._past: list[tuple[datetime, dict[str, list[Row]]]] = []
        self.load_seed({})
        self.route("GET", "/login/companyinfo/{company}", self._company_info)
        self.route("GET", "/_panel", lambda request: panel.render(self))
        self.api("GET", "/system/info", self._system_info)
        self.api("GET", "/company/companies", lambda r: self.listing(self.state["companies"], r))
        self.api("GET", "/company/companies/count", lambda r: lists.count(self.state["companies"], r))
        self.api("GET", "/company/companies/{id}", lambda r: Response(200, self.one("companies", r.args["id"])))
        self.api("GET", "/procurement/catalog", lambda r: self.listing(self.state["catalog"], r))
        self.api("GET", "/procurement/catalog/count", lambda r: lists.count(self.state["catalog"], r))
        self.api("GET", "/procurement/catalog/{id}", lambda r: Response(200, self.one("catalog", r.args["id"])))
        self.api("GET", "/system/callbacks", lambda r: self.listing(self.state["callbacks"], r))
        self.api("POST", "/system/callbacks", self._callback_post)
        self.api("GET", "/system/callbacks/{id}", lambda r: Response(200, self.one("callbacks", r.args["id"])))
        self.api("DELETE", "/system/callbacks/{id}", self._callback_delete)
        agreements.register(self)

    def api(self, method: str, pattern: str, handler: Any) -> None:
        self.route(method, "/{codebase}/apis/3.0" + pattern, handler)

    # State

    def load_seed(self, seed: dict[str, Any]) -> None:
        seed = deepcopy(seed)
        companies = [rows.company(c) for c in seed.get("companies", [])]
        catalog = [rows.catalog_item(c) for c in seed.get("catalog", [])]
        kept = [rows.agreement(a, companies) for a in seed.get("agreements", [])]
        by_id, items = {str(a["id"]): a for a in kept}, {c["id"]: c for c in catalog}
        additions = {
            key: [rows.addition(row, by_id[key], items[row["product"]["id"]]) for row in found]
            for key, found in seed.get("additions", {}).items()
        }
        self.state = {
            "company_id": seed.get("company_id", "acme"),
            "public_key": seed.get("public_key", "pub"),
            "private_key": seed.get("private_key", "priv"),
            "codebase": seed.get("codebase", "v2025_1/"),
            "companies": companies,
            "catalog": catalog,
            "agreements": kept,
            "additions": additions,
            "adjustments": seed.get("adjustments", {}),
            "callbacks": seed.get("callbacks", []),
            "next_id": seed.get("next_id", 100_000),
            "settings": {**_SETTINGS, **seed.get("settings", {})},
        }
        self._past.clear()
        self._recent.clear()

    def new_id(self) -> int:
        self.state["next_id"] += 1
        return int(self.state["next_id"])

    def one(self, collection: str, id: Any) -> Row:
        found = next((row for row in self.state[collection] if str(row["id"]) == str(id)), None)
        if found is None:
            raise error(404, {"code": "NotFound", "message": f"{collection} {id} not found", "errors": None})
        return dict(found)

    def listing(self, found: list[Row], request: Request, show: Any = dict) -> Response:
        return lists.page(found, request, show, loop=self.state["settings"]["page_loop"])

    def additions(self, agreement_id: Any) -> list[Row]:
        """The additions to write to: as they are."""
        kept: list[Row] = self.state["additions"].setdefault(str(agreement_id), [])
        return kept

    def remember(self) -> None:
        """Called before each write of additions, so that lagging reads can show how it was."""
        if self.state["settings"]["lag"]:
            self._past.append((self.clock.now(), deepcopy(self.state["additions"])))

    def seen_additions(self, agreement_id: Any) -> list[Row]:
        """The additions to read: as they were `lag` seconds ago."""
        since = self.clock.now() - timedelta(seconds=self.state["settings"]["lag"])
        self._past = [(at, kept) for at, kept in self._past if at > since]
        kept = self._past[0][1] if self._past else self.state["additions"]
        found: list[Row] = kept.get(str(agreement_id), [])
        return found

    # At the door

    def before(self, request: Request) -> None:
        if request.path.startswith(("/_panel", "/login/")):
            return
        settings = self.state["settings"]
        codebase = request.path.split("/")[1]
        if codebase not in (self.state["codebase"].strip("/"), "v4_6_release"):
            raise error(404, b"<html>404 - File or directory not found.</html>")
        user = (f"{self.state['company_id']}+{self.state['public_key']}", self.state["private_key"])
        if request.basic() != user or not request.headers.get("clientid"):
            status = settings["failure_status"]
            message = "Unauthorized" if status == 401 else "The requested resource was not found"
            raise error(status, {"code": "Unauthorized" if status == 401 else "NotFound", "message": message})
        self._throttle(settings["rate"])
        if settings["forbidden"] and re.search(settings["forbidden"], request.path):
            raise error(
                403,
                {"code": "Forbidden", "message": "The security role does not allow this.", "errors": None},
            )

    def _throttle(self, rate: int) -> None:
        now = self.clock.now()
        while self._recent and now - self._recent[0] >= timedelta(minutes=1):
            self._recent.popleft()
        if len(self._recent) >= rate:
            message = f"Too many requests. Please try again in {RETRY_SECONDS} seconds."
            raise error(429, {"error": "ConnectWiseAPI", "message": message}, {"Retry-After": str(RETRY_SECONDS)})
        self._recent.append(now)

    def not_found(self, request: Request) -> Response:
        return Response(404, {"code": "NotFound", "message": f"No route {request.path}", "errors": None})

    def control(self, verb: str, data: dict[str, Any]) -> Any:
        return controls.VERBS[verb](self, data)

    def _company_info(self, request: Request) -> Response:
        if request.args["company"].lower() != self.state["company_id"].lower():
            raise error(404, {"code": "NotFound", "message": "Company not found", "errors": None})
        return Response(
            200,
            {
                "CompanyName": self.state["company_id"],
                "Codebase": self.state["codebase"],
                "VersionCode": "v2025.1",
                "IsCloud": True,
                "SiteUrl": urlsplit(request.base_url).netloc,
            },
        )

    def _system_info(self, request: Request) -> Response:
        info = {"version": "v2025.1.98765", "isCloud": True, "serverTimeZone": "UTC", "cloudRegion": "NA"}
        return Response(200, info)

    def _callback_post(self, request: Request) -> Response:
        given = agreements.body(request)
        patch.typed(given, _CALLBACK, "callback")
        row = {"id": self.new_id(), **given}
        self.state["callbacks"].append(row)
        self.effect("callback.post", id=row["id"])
        return Response(201, row)

    def _callback_delete(self, request: Request) -> Response:
        gone = self.one("callbacks", request.args["id"])
        self.state["callbacks"] = [c for c in self.state["callbacks"] if c["id"] != gone["id"]]
        self.effect("callback.delete", id=gone["id"])
        return Response(204)
