"""The marketplace's sandbox by itself: access, lists, orders, control verbs, the launch page."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from sandboxes.kit import Request, Response
from sandboxes.marketplace import MarketplaceApp
from tests.connectors.test_marketplace import CREDENTIALS, NOW, seed


def app_of(version: str = "1.1", **more: Any) -> MarketplaceApp:
    app = MarketplaceApp()
    app.clock.set(NOW, frozen=True)
    app.load_seed({**seed(version), **more})
    return app


def signed_in(app: MarketplaceApp) -> dict[str, str]:
    key = {"x-subscription-key": CREDENTIALS["subscription_key"]}
    if app.new:
        form = {k: CREDENTIALS[k] for k in ("password", "client_id", "client_secret")}
        form |= {"grant_type": "password", "username": CREDENTIALS["user"], "scope": "openid"}
        path = "/auth/realms/sr/protocol/openid-connect/token"
        token = app.handle(Request("POST", path, {}, {}, urlencode(form).encode())).body["access_token"]
    else:
        basic = base64.b64encode(f"{CREDENTIALS['user']}:{CREDENTIALS['password']}".encode()).decode()
        headers = {**key, "authorization": f"Basic {basic}"}
        body = b'{"marketplace": "us"}'
        token = app.handle(Request("POST", "/marketplace/us/token", {}, headers, body)).body["token"]
    return {**key, "authorization": f"Bearer {token}"}


def call(app: MarketplaceApp, method: str, path: str, body: Any = None, **query: str) -> Response:
    content = b"" if body is None else json.dumps(body).encode()
    return app.handle(Request(method, f"/marketplace/us{path}", query, signed_in(app), content))


def control(app: MarketplaceApp, verb: str, **data: Any) -> Response:
    return app.handle(Request("POST", f"/_sandbox/{verb}", {}, {}, json.dumps(data).encode()))


def ids(response: Response) -> list[str]:
    assert response.status == 200, response.body
    return [row["id"] for row in response.body["data"]]


# Access


def test_it_refuses_a_call_without_a_token_with_the_documented_body() -> None:
    app = app_of()
    key = {"x-subscription-key": CREDENTIALS["subscription_key"]}
    answer = app.handle(Request("GET", "/marketplace/us/customers", {}, key, b""))
    assert answer.status == 401
    assert set(answer.body) == {"timeStamp", "status", "message", "path", "correlationId"}
    assert answer.headers["X-Correlation-ID"] == answer.body["correlationId"]


def test_it_ends_a_token_after_1500_seconds() -> None:
    app = app_of()
    headers = signed_in(app)
    request = Request("GET", "/marketplace/us/customers", {}, headers, b"")
    app.clock.advance(timedelta(seconds=1499))
    assert app.handle(request).status == 200
    app.clock.advance(timedelta(seconds=1))
    assert app.handle(request).status == 401


def test_it_takes_its_own_state_for_a_seed() -> None:
    app = app_of("21")
    call(
        app,
        "POST",
        "/orders",
        {"type": "sales", "customerId": "C1", "products": [{"mpn": "E1", "quantity": 2}]},
    )
    dumped = json.loads(json.dumps(app.state))
    again = MarketplaceApp()
    again.load_seed(dumped)
    assert again.state == dumped


# Lists


def test_it_gives_ten_rows_by_default_newest_first() -> None:
    app = app_of(customers=[{"id": f"C{n}", "name": f"Customer {n}"} for n in range(15)], subscriptions=[])
    answer = call(app, "GET", "/customers")
    assert ids(answer) == [f"C{n}" for n in range(14, 4, -1)]
    assert answer.body["pagination"] == {"offset": 0, "limit": 10, "total": 15}
    assert call(app, "GET", "/customers", limit="0").status == 400
    assert call(app, "GET", "/customers", offset="-1").status == 400


def test_it_filters_lists() -> None:
    app = app_of()
    assert ids(call(app, "GET", "/customers", name="acme")) == ["C1"]
    assert ids(call(app, "GET", "/customers", email="bo@acme.example")) == ["C1"]
    assert ids(call(app, "GET", "/customers", externalId="A-1")) == ["C1"]
    assert ids(call(app, "GET", "/subscriptions", customerId="C2")) == ["S2"]
    assert ids(call(app, "GET", "/subscriptions", status="active")) == ["S1"]
    assert ids(call(app, "GET", "/subscriptions", creationDateFrom="2026-01-15")) == ["S2"]
    assert ids(call(app, "GET", "/subscriptions", creationDateTo="2026-01-15")) == ["S1"]
    assert [p["mpn"] for p in call(app, "GET", "/products", mpn="E1").body["data"]] == ["E1"]


def test_it_answers_400_for_a_subscription_and_404_for_a_customer_that_is_not_there() -> None:
    app = app_of()
    missing = call(app, "GET", "/subscriptions/S9")
    assert (missing.status, missing.body["message"]) == (400, "No entity has been found for ID S9.")
    assert call(app, "GET", "/customers/C9").status == 404


# Orders


def test_it_sells_with_what_the_product_depends_on() -> None:
    prices = [{"type": "recurring", "amount": "2"}]
    base = {"mpn": "BASE", "name": "Base", "serviceName": "S", "prices": prices}
    more = {
        "mpn": "MORE",
        "name": "More",
        "serviceName": "S",
        "prices": prices,
        "dependsOn": [{"mpn": "BASE"}],
    }
    app = app_of(products=[base, more], subscriptions=[])
    wish = {
        "type": "sales",
        "customerId": "C1",
        "poNumber": "PO1",
        "products": [{"mpn": "MORE", "quantity": 3}],
    }
    order = call(app, "POST", "/orders", wish).body
    assert (order["status"], order["poNumber"]) == ("completed", "PO1")
    made = {p["subscriptionId"] for p in order["products"]}
    assert len(made) == 1
    detail = call(app, "GET", f"/subscriptions/{made.pop()}").body
    assert {p["mpn"]: p["quantity"] for p in detail["products"]} == {"BASE": 3, "MORE": 3}
    assert detail["totalPrice"] == {"amount": "12", "currency": "USD"}
    assert ids(call(app, "GET", "/orders", customerId="C1")) == [order["id"]]


def test_it_changes_and_cancels_by_order() -> None:
    app = app_of("21")
    part = {"mpn": "E1", "quantity": 8, "subscriptionId": "S1"}
    assert call(app, "POST", "/orders", {"type": "change", "customerId": "C1", "products": [part]}).status == 200
    changed = call(app, "GET", "/subscriptions/S1").body
    assert changed["products"][0]["quantity"] == 8
    assert changed["lastModifiedDate"].startswith("2026-03-10T12:00")
    cancel = {"type": "cancellation", "customerId": "C1", "products": [{"subscriptionId": "S1"}]}
    assert call(app, "POST", "/orders", cancel).status == 200
    assert call(app, "GET", "/subscriptions/S1").body["status"] == "terminated"
    assert [e["type"] for e in app.effects] == ["change", "cancellation"]


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ({"type": "gift"}, "not supported"),
        ({"customerId": "C9"}, "No entity has been found"),
        ({"products": []}, "must not be empty"),
        ({"products": [{"mpn": "NONE", "quantity": 1}]}, "Product not found"),
        ({"products": [{"mpn": "E1", "quantity": 0}]}, "must be from 1 to 10000"),
        ({"products": [{"mpn": "E1", "quantity": 1.5}]}, "must be an integer"),
        ({"type": "change", "products": [{"mpn": "E1", "quantity": 1, "subscriptionId": "S2"}]}, "No entity"),
    ],
)
def test_it_places_no_order_that_is_wrong(order: dict[str, Any], words: str) -> None:
    app = app_of()
    before = json.dumps(app.state["subscriptions"])
    right = {"type": "sales", "customerId": "C1", "products": [{"mpn": "E1", "quantity": 1}]}
    answer = call(app, "POST", "/orders", {**right, **order})
    assert answer.status == 400
    assert words in answer.body["message"]
    assert json.dumps(app.state["subscriptions"]) == before
    assert app.effects == []
    assert call(app, "POST", "/orders", right).status == 200


def test_it_estimates_without_ordering() -> None:
    app = app_of()
    wish = {"type": "sales", "customerId": "C1", "products": [{"mpn": "E1", "quantity": 4}]}
    assert call(app, "POST", "/orders/estimate", wish).body["total"] == {"amount": "30.00", "currency": "USD"}
    assert app.effects == []


def test_it_validates_parameters() -> None:
    parameters = [{"name": "domain", "value": "isv1.example"}, {"name": "domain", "value": "nodot"}]
    body = {"customerId": "C1", "products": [{"mpn": "E1", "parameters": parameters}]}
    results = call(app_of(), "POST", "/validation/parameters", body).body["data"]
    assert [r["result"] for r in results] == ["success", "error"]


def test_it_creates_a_customer() -> None:
    app = app_of()
    person = {"type": "admin", "firstName": "A", "lastName": "B", "email": "a@b.example", "phoneNumber": "1"}
    made = call(app, "POST", "/customers", {"name": "New", "address": {"city": "Oslo"}, "contactPersons": [person]})
    assert call(app, "GET", f"/customers/{made.body['id']}").body["name"] == "New"
    assert call(app, "POST", "/customers", {"name": " "}).status == 400


# Behind the interface


def test_it_takes_control_verbs_and_names_what_it_does_not_know() -> None:
    app = app_of()
    assert control(app, "customer", id="C1", name="Acme Ltd").body["name"] == "Acme Ltd"
    assert control(app, "customer", name="Brand new").status == 200
    added = control(app, "add_subscription", customerId="C1", products=[{"mpn": "E1", "quantity": 1}]).body
    assert call(app, "GET", f"/subscriptions/{added['id']}").body["products"][0]["unitPrice"]["amount"] == "7.50"
    assert control(app, "quantity", subscription="S1", mpn="BACKUP", quantity=None).status == 200
    assert len(call(app, "GET", "/subscriptions/S1").body["products"]) == 1
    assert control(app, "quantity", subscription="S9", mpn="E1", quantity=1).status == 404
    assert control(app, "quantity", subscription="S1", mpn="E1", quantity="many").status == 400
    assert control(app, "nonsense").status == 404


# The launch page


LAUNCH: dict[str, Any] = {
    "licence": {"customer": "Northwind <MSP>", "number": "LIC-1"},
    "reseller": {"account": "R-77", "email": "ann@northwind.example"},
    "launch_url": "http://portal.example/launch",
    "launch_secret": "launch-secret",
}


def test_it_shows_the_licence_block() -> None:
    page = app_of(**LAUNCH).handle(Request("GET", "/_panel/launch", {}, {}, b"", base_url="http://h:1")).body.decode()
    for shown in (
        "Northwind &lt;MSP&gt;",
        "LIC-1",
        "http://h:1/marketplace/us",
        CREDENTIALS["user"],
        "Copy config",
    ):
        assert shown in page
    assert html.escape(f"Gateway Password: {CREDENTIALS['password']}") in page


def test_it_launches_with_a_signed_token_that_is_new_each_time() -> None:
    app = app_of(**LAUNCH)

    def token() -> tuple[dict[str, Any], bool]:
        page = app.handle(Request("POST", "/_panel/launch", {}, {}, b"account=R-77")).body.decode()
        assert 'action="http://portal.example/launch"' in page
        found = re.search(r'name="token" value="([^"]+)"', page)
        assert found
        payload, _, signature = found[1].partition(".")
        mac = hmac.new(b"launch-secret", payload.encode(), hashlib.sha256).digest()
        good = base64.urlsafe_b64encode(mac).rstrip(b"=").decode() == signature
        return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))), good

    (first, signed), (second, _) = token(), token()
    assert signed
    assert first["exp"] - first["iat"] == 60
    assert first["iat"] == int(NOW.timestamp())
    assert (first["account"], first["email"]) == ("R-77", "ann@northwind.example")
    assert first["jti"] != second["jti"]


def test_it_says_when_launching_is_not_set_up() -> None:
    assert app_of().handle(Request("POST", "/_panel/launch", {}, {}, b"")).status == 409
