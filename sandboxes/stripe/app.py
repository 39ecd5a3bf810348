"""The Stripe sandbox itself: keys, one answer for a repeated call, and where each call goes."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from sandboxes.kit import App, Request, Response, error
from sandboxes.stripe import checkout, controls, customers, hosted, panel, payments, refunds
from sandboxes.stripe.events import Outbox
from sandboxes.stripe.refusals import missing, refuse

Row = dict[str, Any]
SETTINGS = {
    "key": "sk_test_sandbox", "livemode": False, "page_hours": 24, "key_hours": 24, "search_lag": 60, "advice": True,
    "events": "after", "event_delay": 0.2,
}  # fmt: skip
TABLES = ("customers", "payment_methods", "setup_intents", "payment_intents", "refunds", "sessions", "events")
NAMES = {"payment_methods": "PaymentMethod", "sessions": "checkout.session"}


class Stripe(App):
    name = "stripe"

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox(self)
        self.load_seed({})
        self.route("GET", "/_panel", lambda r: panel.render(self))
        self.route("GET", "/v1/balance", self._balance)
        for module in (customers, payments, refunds, checkout):
            for method, path, handler in module.ROUTES:
                self._register(method, path, handler)
        self.route("GET", "/c/pay/{id}", lambda r: hosted.show(self, r))
        self.route("POST", "/c/pay/{id}", lambda r: hosted.submit(self, r))

    def _register(self, method: str, path: str, handler: Callable[[Stripe, Request], Response]) -> None:
        if method == "POST":
            self.route(method, path, lambda r: self._once(r, handler))
        else:
            self.route(method, path, lambda r: handler(self, r))

    # State

    def load_seed(self, seed: Row) -> None:
        seed = deepcopy(seed)
        self.state = {
            **{table: held if isinstance(held := seed.get(table, {}), dict) else {} for table in TABLES},
            "keys": seed.get("keys", {}),
            "endpoints": seed.get("endpoints", []),
            "deliveries": seed.get("deliveries", []),
            "settings": {**SETTINGS, **seed.get("settings", {})},
        }
        if isinstance(seed.get("customers"), list):
            for row in seed["customers"]:
                customers.put(self, row)
        for row in seed.get("cards", ()):
            customers.put_card(self, row)
        for row in seed.get("webhooks", ()):
            self.outbox.subscribe(row)

    def setting(self, name: str) -> Any:
        return self.state["settings"][name]

    def at(self) -> int:
        return int(self.clock.now().timestamp())

    def new(self, table: str, prefix: str, kind: str, **fields: Any) -> Row:
        row = {"id": f"{prefix}_{secrets.token_hex(12)}", "object": kind, "created": self.at(), **fields}
        row.setdefault("livemode", self.setting("livemode"))
        self.state[table][row["id"]] = row
        return row

    def find(self, table: str, id: str, *, param: str = "id") -> Row:
        row: Row | None = self.state[table].get(id)
        if row is None:
            raise missing(NAMES.get(table, table.rstrip("s")), id, param=param)
        return row

    def rows(self, table: str) -> list[Row]:
        """In the order they were made."""
        return list(self.state[table].values())

    # Calls

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        self.outbox.after_call()  # outside of the lock: a receiver calls back
        return response

    def before(self, request: Request) -> None:
        if not request.path.startswith("/v1/"):
            return
        basic = request.basic()
        given = basic[0] if basic else request.headers.get("authorization", "").removeprefix("Bearer ")
        if given != self.setting("key"):
            raise refuse(401, f"Invalid API Key provided: {given[:7]}****")

    def not_found(self, request: Request) -> Response:
        text = f"Unrecognized request URL ({request.method}: {request.path})."
        return refuse(404, text).response

    def control(self, verb: str, data: Row) -> Any:
        return controls.VERBS[verb](self, data)

    def _balance(self, request: Request) -> Response:
        return Response(200, {"object": "balance", "livemode": self.setting("livemode"), "available": [], "pending": []})

    def _once(self, request: Request, handler: Callable[[Stripe, Request], Response]) -> Response:
        """A call with a key it was made with before is answered as it was then, a failure too; with other words it is
        refused. Calls that were wrong in themselves leave their key unused, and a day ends it.
        """
        key = request.headers.get("idempotency-key", "")
        if not key:
            return handler(self, request)
        words = hashlib.sha256(f"{request.path}?{sorted(request.form().items())}".encode()).hexdigest()
        kept: Row | None = self.state["keys"].get(key)
        hours = timedelta(hours=self.setting("key_hours"))
        if kept and datetime.fromisoformat(kept["at"]) + hours > self.clock.now():
            if kept["words"] != words:
                text = (
                    f"Keys for idempotent requests can only be used with the same parameters they were first used with. {key}"
                )
                raise refuse(400, text, kind="idempotency_error")
            return Response(kept["status"], deepcopy(kept["body"]), {"Idempotent-Replayed": "true", "Idempotency-Key": key})
        try:
            response = handler(self, request)
        except error as e:
            response = e.response
        if response.status not in (400, 404, 429):
            at = self.clock.now().isoformat()
            self.state["keys"][key] = {"at": at, "words": words, "status": response.status, "body": deepcopy(response.body)}
        response.headers["Idempotency-Key"] = key
        return response
