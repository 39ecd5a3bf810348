"""The marketplace: who may call, what the lists and details answer, and what a test may do to it.

Served under `/marketplace` or `/marketplace/<us|na|eu|dev>`, so a gateway URL is `http://<host>:<port>/marketplace/us`.
The launch page is `/_panel/launch`. The control verbs are in `control.py`.

The seed (what `state` dumps is accepted too):

    version       "1.1" (default) or "21"
    credentials   {user, password, subscription_key, client_id, client_secret, realm}; the last three for 21
    currency      of all amounts, default "USD"
    token_seconds how long a token is good for, default 1500
    modified      how fine lastModifiedDate is: "day" (default for 1.1, as documented) or "second" (for 21)
    rate          {requests, seconds} beyond which 429 is answered, or null
    max_limit     the largest page, default 500
    customers     [{id, name, status?, externalId?, address?, contactPersons?, language?, taxRegId?}]
    products      [{mpn, name, serviceName?, prices: [{type, amount}], cost?, minimumQuantity?,
                  maximumQuantity?, billingPeriod?, dependsOn?, vendor?}]
    subscriptions [{id, customerId, status?, name?, renewalStatus?, creationDate?, renewalDate?,
                  expirationDate?, lastModifiedDate?, billingPeriod?,
                  products: [{mpn, quantity, id?, unitPrice?, unitCost?}]}]
    reports       [{id, name, status, type, format, ...}]
    licence       {customer, number}; launch_url, launch_secret; reseller {account, email}

Amounts are strings, dates `YYYY-MM-DD`. What a line leaves out comes from its product.
"""

from __future__ import annotations

import base64
import copy
import secrets
import uuid
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sandboxes.kit import App, Request, Response, error
from sandboxes.marketplace import control, orders, panel, shapes, stock

PREFIX = "/marketplace(?:/(?:us|na|eu|dev))?"
Row = dict[str, Any]


class MarketplaceApp(App):
    name = "marketplace"

    def __init__(self) -> None:
        super().__init__()
        self.load_seed({})
        for method, path, handler in (
            ("POST", "/token", self._token),
            ("GET", "/customers", self._customers),
            ("POST", "/customers", self._create_customer),
            ("GET", "/customers/{id}", self._customer),
            ("GET", "/products", self._products),
            ("POST", "/validation/parameters", self._validate),
            ("GET", "/orders", self._orders),
            ("POST", "/orders", self._place),
            ("POST", "/orders/estimate", self._estimate),
            ("GET", "/orders/{id}", self._order),
            ("GET", "/subscriptions", self._subscriptions),
            ("GET", "/subscriptions/{id}", self._subscription),
            ("GET", "/reports", self._reports),
            ("GET", "/reports/{id}", self._report),
        ):
            self.route(method, PREFIX + path, handler)
        self.route("POST", "/auth/realms/{realm}/protocol/openid-connect/token", self._openid_token)
        self.route("GET", "/_panel/launch", self._panel)
        self.route("POST", "/_panel/launch", self._launch)

    def load_seed(self, seed: Row) -> None:
        self.state = stock.stocked(copy.deepcopy(seed), now=self.clock.now())

    def control(self, verb: str, data: Row) -> Any:
        return control.act(self.state, verb, data, now=self.clock.now(), note=self.effect)

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        if not request.path.startswith("/_"):
            response.headers.setdefault("X-Correlation-ID", _correlation())
        return response

    def not_found(self, request: Request) -> Response:
        return self._refusal(request, 404, "The requested resource was not found.").response

    @property
    def new(self) -> bool:
        return bool(self.state["version"] == "21")

    # Who may call

    def before(self, request: Request) -> None:
        if request.path.startswith(("/_panel/", "/auth/")):
            return
        self._throttle(request)
        if request.headers.get("x-subscription-key") != self.state["credentials"]["subscription_key"]:
            raise self._refusal(request, 401, "Access denied due to invalid subscription key.")
        if request.path.rstrip("/").endswith("/token"):
            return
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        until = self.state["tokens"].get(token)
        if scheme.lower() != "bearer" or until is None:
            raise self._refusal(request, 401, "The token is missing or not valid.")
        if datetime.fromisoformat(until) <= self.clock.now():
            raise self._refusal(request, 401, "The token has expired.")

    def _throttle(self, request: Request) -> None:
        rate = self.state["rate"]
        if not rate:
            return
        now = self.clock.now()
        since = now - timedelta(seconds=float(rate["seconds"]))
        calls = [c for c in self.state["calls"] if datetime.fromisoformat(c) > since]
        if len(calls) >= int(rate["requests"]):
            wait = (datetime.fromisoformat(calls[0]) - since).total_seconds()
            refusal = self._refusal(request, 429, "Rate limit is exceeded. Try again later.")
            refusal.response.headers["Retry-After"] = str(int(wait) + 1)
            raise refusal
        self.state["calls"] = [*calls, now.isoformat()]

    def _issue(self) -> str:
        now = self.clock.now()
        tokens = self.state["tokens"]
        self.state["tokens"] = {t: u for t, u in tokens.items() if datetime.fromisoformat(u) > now}
        token = base64.urlsafe_b64encode(secrets.token_bytes(48)).decode()
        self.state["tokens"][token] = (now + timedelta(seconds=self.state["token_seconds"])).isoformat()
        return token

    def _token(self, request: Request) -> Response:
        known = self.state["credentials"]
        if self.new or self.state["revoked"] or request.basic() != (known["user"], known["password"]):
            raise self._refusal(request, 401, "The user name or password is incorrect.")
        if not isinstance(self._body(request).get("marketplace"), str):
            raise self._refusal(request, 400, "marketplace is required.")
        return Response(200, {"token": self._issue(), "expiresInSeconds": self.state["token_seconds"]})

    def _openid_token(self, request: Request) -> Response:
        known, form = self.state["credentials"], request.form()
        if form.get("grant_type") != "password":
            raise error(400, {"error": "unsupported_grant_type"})
        if any(form.get(k) != known[k] for k in ("client_id", "client_secret")):
            raise error(401, {"error": "invalid_client", "error_description": "Invalid client credentials"})
        user = (form.get("username"), form.get("password"))
        realm = request.args["realm"] == known["realm"]
        if not (self.new and realm) or self.state["revoked"] or user != (known["user"], known["password"]):
            raise error(401, {"error": "invalid_grant", "error_description": "Invalid user credentials"})
        return Response(200, {"access_token": self._issue(), "expires_in": self.state["token_seconds"],
                              "token_type": "Bearer", "scope": form.get("scope", "")})  # fmt: skip

    # What they are told

    def _refusal(self, request: Request, status: int, message: str) -> error:
        correlation = _correlation()
        body = {"timeStamp": self.clock.now().isoformat(timespec="milliseconds"), "status": status,
                "message": message, "path": request.path, "correlationId": correlation}  # fmt: skip
        return error(status, body, {"X-Correlation-ID": correlation})

    def _body(self, request: Request) -> Row:
        try:
            body = request.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise self._refusal(request, 400, "The request body is not a JSON object.")
        return body

    def _number(self, request: Request, name: str, *, default: int, least: int) -> int:
        text = request.query.get(name, str(default))
        if not text.isascii() or not text.isdigit() or int(text) < least:
            raise self._refusal(request, 400, f"{name} must be an integer of at least {least}.")
        return int(text)

    def _page(self, request: Request, rows: Iterable[Row], shape: Callable[[Row], Row]) -> Response:
        found = list(rows)
        offset = self._number(request, "offset", default=0, least=0)
        limit = min(self._number(request, "limit", default=10, least=1), self.state["max_limit"])
        pagination = {"offset": offset, "limit": limit, "total": len(found)}
        data = [shape(r) for r in found[offset : offset + limit]]
        return Response(200, {"data": data, "pagination": pagination})

    def _one(self, request: Request, entity: str, status: int = 404) -> Row:
        row: Row | None = self.state[entity].get(request.args["id"])
        if row is None:
            raise self._refusal(request, status, f"No entity has been found for ID {request.args['id']}.")
        return row

    def _customers(self, request: Request) -> Response:
        name, email = (request.query.get(k, "").lower() for k in ("name", "email"))
        rows = (
            r
            for r in stock.listed(self.state, "customers")
            if name in r["name"].lower()
            and (not email or any(email == p.get("email", "").lower() for p in r["contactPersons"]))
            and request.query.get("externalId", r["externalId"]) == r["externalId"]
        )
        return self._page(request, rows, lambda r: shapes.customer(r, new=self.new))

    def _customer(self, request: Request) -> Response:
        return Response(200, shapes.customer(self._one(request, "customers"), new=self.new, detail=True))

    def _create_customer(self, request: Request) -> Response:
        body = self._body(request)
        if not isinstance(body.get("name"), str) or not body["name"].strip():
            raise self._refusal(request, 400, "name must not be empty.")
        contact = body.get("contactPersons") or body.get("contact")
        if not isinstance(body.get("address"), dict) or not contact:
            raise self._refusal(request, 400, "address and a contact are required.")
        given = {k: v for k, v in shapes.customer_given(body).items() if v is not None}
        row = stock.add(self.state, "customers", given, now=self.clock.now())
        self.effect("customer", id=row["id"])
        return Response(200, shapes.customer(row, new=self.new, detail=True))

    def _products(self, request: Request) -> Response:
        rows = stock.listed(self.state, "products")
        wanted = request.query.get("mpn")
        found = (r for r in rows if wanted in (None, r["mpn"]))
        return self._page(request, found, lambda r: shapes.product(r, self.state["currency"]))

    def _validate(self, request: Request) -> Response:
        body = self._body(request)
        if body.get("customerId") not in self.state["customers"]:
            raise self._refusal(request, 400, f"No entity has been found for ID {body.get('customerId')}.")
        items = body.get("products")
        if not isinstance(items, list):
            raise self._refusal(request, 400, "products is required.")
        return Response(200, {"data": orders.checked_parameters(self.state, items)})

    def _orders(self, request: Request) -> Response:
        q = request.query
        rows = (
            r
            for r in stock.listed(self.state, "orders")
            if q.get("customerId", r["customerId"]) == r["customerId"]
            and q.get("status", r["status"]) == r["status"]
            and q.get("subscriptionId") in (None, *(p["subscriptionId"] for p in r["products"]))
            and _between(r["creationDate"], q.get("creationTimeFrom"), q.get("creationTimeTo"))
        )
        return self._page(request, rows, shapes.order)

    def _order(self, request: Request) -> Response:
        return Response(200, shapes.order(self._one(request, "orders")))

    def _place(self, request: Request) -> Response:
        try:
            row = orders.place(self.state, self._body(request), now=self.clock.now())
        except orders.Invalid as e:
            raise self._refusal(request, 400, str(e)) from e
        self.effect("order", id=row["id"], type=row["type"])
        return Response(200, shapes.order(row))

    def _estimate(self, request: Request) -> Response:
        try:
            return Response(200, orders.estimate(self.state, self._body(request)))
        except orders.Invalid as e:
            raise self._refusal(request, 400, str(e)) from e

    def _subscriptions(self, request: Request) -> Response:
        q = request.query
        rows = (
            r
            for r in stock.listed(self.state, "subscriptions")
            if q.get("customerId", r["customerId"]) == r["customerId"]
            and q.get("status", r["status"]) == r["status"]
            and _between(r["creationDate"], q.get("creationDateFrom"), q.get("creationDateTo"))
        )
        return self._page(request, rows, lambda r: shapes.subscription(r, self.state))

    def _subscription(self, request: Request) -> Response:
        row = stock.seen(self._one(request, "subscriptions", status=400), now=self.clock.now())
        return Response(200, shapes.subscription_detail(row, self.state))

    def _reports(self, request: Request) -> Response:
        wanted = {k: v for k, v in request.query.items() if k in ("name", "format", "status", "type")}
        rows = stock.listed(self.state, "reports")
        found = (r for r in rows if all(r.get(k) == v for k, v in wanted.items()))
        return self._page(request, found, dict)

    def _report(self, request: Request) -> Response:
        return Response(200, self._one(request, "reports"))

    # The control panel a person sees

    def _panel(self, request: Request) -> Response:
        gateway = f"{request.base_url}/marketplace/us"
        return panel.launch_page(self.state, gateway=gateway, query=request.query)

    def _launch(self, request: Request) -> Response:
        return panel.hand_over(self.state, form=request.form(), now=self.clock.now())


def _between(value: str, low: str | None, high: str | None) -> bool:
    """Whether an ISO date or time lies in the range; a bare date as upper end takes in its whole day."""
    at, low, high = (t.replace("Z", "") if t else "" for t in (value, low, high))
    return at >= low and (not high or at[: len(high)] <= high)


def _correlation() -> str:
    return f"a8n-{uuid.uuid4()}"
