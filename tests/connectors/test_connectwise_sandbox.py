"""The ConnectWise sandbox itself: the query language, paging, JSON Patch, errors, limits, control verbs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from sandboxes.connectwise import ConnectWise, conditions
from sandboxes.kit import Request, Response
from tests.connectors.test_connectwise import NOW, SECRET, seed

API = "/v2025_1/apis/3.0"
BASIC = "Basic " + base64.b64encode(f"acme+pub:{SECRET}".encode()).decode()
Call = Callable[..., Response]


@pytest.fixture
def app() -> ConnectWise:
    app = ConnectWise()
    app.clock.set(NOW, frozen=True)
    app.load_seed(seed())
    return app


@pytest.fixture
def call(app: ConnectWise) -> Call:
    def call(method: str, url: str, body: Any = None, **headers: str) -> Response:
        sent = {"authorization": BASIC, "clientid": "guid"} | {k.replace("_", "-"): v for k, v in headers.items()}
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        payload = b"" if body is None else json.dumps(body).encode()
        return app.handle(Request(method, API + parts.path, query, sent, payload, base_url="http://cw"))

    return call


ROW = {
    "id": 5,
    "name": "Acme [East]",
    "company": {"id": 3, "identifier": "acme"},
    "cancelledFlag": False,
    "endDate": None,
    "lastUpdated": "2025-03-01T00:00:00Z",
}


@pytest.mark.parametrize(
    ("source", "passes"),
    [
        ("", True),
        ('name = "acme [east]"', True),
        ('name like "acme*"', True),
        ('name like "*[[]east]"', True),
        ('name contains "East"', True),
        ("company/id = 3", True),
        ("company/id in (1,2,3)", True),
        ("company/id not in (1,2,3)", False),
        ('company/identifier = "acme" AND cancelledFlag = False', True),
        ("id > 5 or id <= 4", False),
        ("id = 1 or id = 5 and company/id = 3", True),
        ("(id = 1 or id = 5) and company/id = 4", False),
        ("lastUpdated > [2025-02-28T23:00:00Z]", True),
        ("lastUpdated > [2025-03-01]", False),
        ("endDate = null", True),
        ("endDate != null", False),
        ("endDate > [2025-01-01]", False),
        ("id != 6", True),
    ],
)
def test_it_understands_conditions(source: str, passes: bool) -> None:
    assert conditions.parse(source)(ROW) is passes


@pytest.mark.parametrize("source", ["name =", "id ~ 3", "id = (", "lastUpdated > [soon]", "id = 1 2", "= 3"])
def test_it_says_what_is_wrong_with_a_condition(call: Call, source: str) -> None:
    answer = call("GET", f"/company/companies?conditions={source}")
    assert answer.status == 400
    assert answer.body["errors"][0]["field"] == "conditions"


def test_it_pages_with_links_that_can_be_followed(app: ConnectWise, call: Call) -> None:
    for n in range(1, 50):
        app.control("company_add", {"id": n, "name": f"C{n}"})
    first = call("GET", "/company/companies?orderBy=id desc")
    assert len(first.body) == 25
    assert first.body[0]["id"] == 19301
    assert 'rel="next"' in first.headers["Link"]
    assert 'rel="prev"' not in first.headers["Link"]
    last = call("GET", "/company/companies?page=3")
    assert len(last.body) == 1
    assert 'rel="next"' not in last.headers["Link"]
    assert call("GET", "/company/companies/count").body == {"count": 51}
    assert call("GET", "/company/companies?pageSize=1001").status == 400
    ahead = call("GET", "/company/companies?pageId=19301", pagination_type="forward-only")
    assert ahead.body == []
    assert 'rel="next"' in ahead.headers["Link"]


def test_it_narrows_rows_to_the_fields_asked_for(call: Call) -> None:
    assert call("GET", "/company/companies?fields=id,name&pageSize=1").body == [{"id": 19300, "name": "Alder Dental"}]


def test_it_takes_patches_at_the_top_level_only(app: ConnectWise, call: Call) -> None:
    path = "/finance/agreements/5/additions/77"
    answer = call("PATCH", path, [{"op": "replace", "path": "quantity", "value": 12}])
    assert (answer.status, answer.body["quantity"], answer.body["billedQuantity"]) == (200, 12, 11)
    deeper = call("PATCH", path, [{"op": "replace", "path": "product/id", "value": 211}])
    assert (deeper.status, deeper.body["product"]["id"]) == (200, 210)
    for wrong in (
        [{"op": "replace", "path": "Quantity", "value": 1}],
        [{"op": "replace", "path": "quantity", "value": "many"}],
        [{"op": "move", "path": "quantity", "value": 1}],
        {"quantity": 1},
    ):
        assert call("PATCH", path, wrong).status == 400
    assert app.additions(5)[0]["quantity"] == 12


def test_it_looks_at_the_whole_record_on_every_patch(app: ConnectWise, call: Call) -> None:
    app.additions(5)[0]["billCustomer"] = "Sometimes"
    answer = call("PATCH", "/finance/agreements/5/additions/77", [{"op": "replace", "path": "quantity", "value": 2}])
    assert answer.status == 400
    assert answer.body["errors"][0]["field"] == "billCustomer"


def test_it_resets_prices_with_the_product(call: Call) -> None:
    patch = [{"op": "replace", "path": "product", "value": {"id": 211}}]
    answer = call("PATCH", "/finance/agreements/5/additions/77", patch)
    assert (answer.body["unitPrice"], answer.body["product"]["identifier"]) == (7.5, "BACKUP")


def test_it_adds_replaces_and_deletes_additions(call: Call) -> None:
    many = "/finance/agreements/5/additions"
    made = call("POST", many, {"product": {"id": 211}, "billCustomer": "Billable", "quantity": 2})
    assert (made.status, made.body["effectiveDate"], made.body["sequenceNumber"]) == (201, "2025-07-11T00:00:00Z", 2)
    one = f"{many}/{made.body['id']}"
    put = call("PUT", one, {"product": {"id": 211}, "billCustomer": "NoCharge", "quantity": 3})
    assert (put.status, put.body["billCustomer"], put.body["quantity"]) == (200, "NoCharge", 3)
    assert call("DELETE", one).status == 204
    assert call("GET", one).status == 404
    assert call("POST", many, {"product": {"id": 999}, "billCustomer": "Billable"}).status == 400
    assert call("POST", many, {"product": {"id": 210}}).status == 400


def test_it_keeps_adjustments_and_callbacks(call: Call) -> None:
    money = call("POST", "/finance/agreements/5/adjustments", {"amount": 12.5, "description": "credit"})
    assert money.status == 201
    assert call("GET", "/finance/agreements/5/adjustments").body == [money.body]
    hook = {"url": "https://us.example/cw?recordId=", "objectId": 1, "type": "Agreement", "level": "Owner"}
    made = call("POST", "/system/callbacks", hook)
    assert made.status == 201
    assert call("DELETE", f"/system/callbacks/{made.body['id']}").status == 204
    assert call("GET", "/system/callbacks").body == []


def test_it_asks_for_key_and_client_id(app: ConnectWise, call: Call) -> None:
    assert call("GET", "/system/info", clientid="").status == 401
    assert call("GET", "/system/info", authorization="Basic bm8=").status == 401
    app.control("credentials", {"private_key": "rotated", "failure_status": 404})
    assert call("GET", "/system/info").status == 404


def test_it_throttles_above_its_rate(app: ConnectWise, call: Call) -> None:
    app.control("rate", {"per_minute": 2})
    assert [call("GET", "/system/info").status for _ in range(3)] == [200, 200, 429]
    app.clock.set(NOW.replace(minute=1), frozen=True)
    assert call("GET", "/system/info").status == 200


def test_it_loads_what_it_saved(app: ConnectWise, call: Call) -> None:
    app.control("renew", {"agreement": 6})
    app.control("quantity", {"agreement": 5, "product": 210, "quantity": 6})
    kept = json.loads(json.dumps(app.state))
    other = ConnectWise()
    other.load_seed(kept)
    assert other.state == kept


def test_it_shows_its_agreements_to_people(app: ConnectWise) -> None:
    app.control("company_add", {"id": 1, "name": "<b>Evil</b>"})
    app.control("agreement_add", {"id": 9, "company": {"id": 1}})
    page = app.handle(Request("GET", "/_panel/", {}, {}, b"")).payload().decode()
    for word in ("Sequence", "Effective", "Product ID", "Prorate price", "M365-E3", "Alder Dental"):
        assert word in page
    assert "<b>Evil" not in page
