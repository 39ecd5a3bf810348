"""The Autotask sandbox by itself: it keeps the rules that are documented of the real one."""

from __future__ import annotations

import json
from datetime import date
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandboxes.autotask import AutotaskApp
from sandboxes.autotask.contracts import later, prorated
from sandboxes.kit import Request
from tests.connectors.autotask import NOW, SECRETS, seed

HEADERS = {
    "username": SECRETS.user,
    "secret": SECRETS.secret,
    "apiintegrationcode": SECRETS.integration_code,
}
BASE = "http://127.0.0.1:8101"
OUTSIDE = "must be between the start date and end date"


@pytest.fixture
def app() -> AutotaskApp:
    found = AutotaskApp()
    found.load_seed(seed())
    found.clock.set(NOW, frozen=True)
    return found


def send(app: AutotaskApp, method: str, path: str, body: Any = None, headers: Any = None) -> tuple[int, Any]:
    path, _, query = path.partition("?")
    name, _, value = query.partition("=")
    request = Request(
        method=method,
        path=f"/ATServicesRest/V1.0/{path}",
        query={name: value} if name else {},
        headers=HEADERS if headers is None else headers,
        body=b"" if body is None else json.dumps(body).encode(),
        base_url=BASE,
    )
    response = app.handle(request)
    return response.status, json.loads(response.payload() or b"null")


def ids(app: AutotaskApp, entity: str, *filters: dict[str, Any]) -> Any:
    status, body = send(app, "POST", f"{entity}/query", {"Filter": list(filters)})
    return [row["id"] for row in body["items"]] if status == 200 else body["errors"][0]


def adjust(app: AutotaskApp, **body: Any) -> tuple[int, Any]:
    given = {"contractServiceID": 12, "unitChange": 1, "effectiveDate": "2026-07-11T00:00:00", **body}
    return send(app, "POST", "Contracts/9/ServiceAdjustments", given)


@pytest.mark.parametrize("header", HEADERS)
def test_a_wrong_header_is_401_without_a_body(app: AutotaskApp, header: str) -> None:
    for wrong in ({**HEADERS, header: "no"}, {k: v for k, v in HEADERS.items() if k != header}):
        assert send(app, "GET", "Companies/1", headers=wrong) == (401, None)


def test_zone_and_version_need_no_headers(app: AutotaskApp) -> None:
    status, zone = send(app, "GET", f"zoneInformation?user={SECRETS.user}", headers={})
    assert (status, zone["url"]) == (200, f"{BASE}/ATServicesRest/")
    assert send(app, "GET", "zoneInformation?user=who", headers={})[0] == 500
    version = app.handle(Request("GET", "/atservicesrest/versioninformation", {}, {}, b""))
    assert version.body == {"apiVersions": ["1.0"]}


F = dict[str, Any]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ([{"op": "eq", "field": "companyName", "value": "acme inc."}], [1]),
        ([{"op": "noteq", "field": "id", "value": 1}], [0, 2]),
        ([{"op": "gt", "field": "id", "value": 1}], [2]),
        ([{"op": "gte", "field": "id", "value": 1}, {"op": "lt", "field": "id", "value": 2}], [1]),
        ([{"op": "lte", "field": "id", "value": 0}], [0]),
        ([{"op": "beginsWith", "field": "companyName", "value": "b"}], [2]),
        ([{"op": "endsWith", "field": "companyName", "value": "inc."}], [1]),
        ([{"op": "contains", "field": "companyName", "value": "c"}], [0, 1]),
        ([{"op": "exist", "field": "parentCompanyID"}], []),
        ([{"op": "notExist", "field": "parentCompanyID"}], [0, 1, 2]),
        ([{"op": "in", "field": "id", "value": [1, 2, 77]}], [1, 2]),
        ([{"op": "notIn", "field": "id", "value": [1, 2]}], [0]),
        ([{"op": "eq", "field": "isActive", "value": False}], [2]),
        ([{"op": "or", "items": [{"op": "eq", "field": "id", "value": 1},
                                 {"op": "and", "items": [{"op": "eq", "field": "id", "value": 2},
                                                         {"op": "eq", "field": "isActive", "value": True}]}]}],
         [1]),
        # a number compared with a text finds nothing and does not complain
        ([{"op": "eq", "field": "id", "value": "1"}], []),
        ([{"op": "noteq", "field": "id", "value": "1"}], []),
        ([{"op": "in", "field": "id", "value": ["1", "2"]}], []),
        ([{"op": "eq", "field": "isActive", "value": "true"}], []),
        ([{"op": "contains", "field": "id", "value": "1"}],
         "The operator contains cannot be used on a field of type long."),
        ([{"op": "eq", "field": "nickname", "value": "x"}], "Unable to find nickname in the Company Entity."),
        ([{"op": "in", "field": "id", "value": list(range(501))}],
         "Queries are limited to 500 or fewer 'OR' conditions."),
        ([], "A query needs at least one filter."),
    ],
)  # fmt: skip
def test_a_query_finds(app: AutotaskApp, filters: list[F], found: Any) -> None:
    assert ids(app, "Companies", *filters) == found
    if isinstance(found, list):
        assert send(app, "POST", "Companies/query/count", {"Filter": filters}) == (200, {"queryCount": len(found)})


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pages_follow_each_other(app: AutotaskApp, method: str) -> None:
    body = {"MaxRecords": 2, "IncludeFields": ["id"], "Filter": [{"op": "gte", "field": "id", "value": 0}]}
    search = json.dumps(body)
    url = f"{BASE}/ATServicesRest/V1.0/Companies/query" + (f"?search={quote(search)}" if method == "GET" else "")
    found = []
    while url:
        assert url.startswith(BASE)
        parts = urlsplit(url)
        sent = search.encode() if method == "POST" else b""
        request = Request(method, parts.path, dict(parse_qsl(parts.query)), HEADERS, sent, base_url=BASE)
        page = app.handle(request).body
        assert page["pageDetails"]["count"] == len(page["items"])
        found += page["items"]
        url = page["pageDetails"]["nextPageUrl"]
    assert found == [{"id": 0}, {"id": 1}, {"id": 2}]


@pytest.mark.parametrize("size", [0, 501, "5"])
def test_pages_hold_1_to_500_rows(app: AutotaskApp, size: Any) -> None:
    body = {"MaxRecords": size, "Filter": [{"op": "gte", "field": "id", "value": 0}]}
    assert send(app, "POST", "Companies/query", body)[0] == 500


def test_rows_by_id_and_below_their_contract(app: AutotaskApp) -> None:
    assert send(app, "GET", "Companies/1")[1]["item"]["companyName"] == "Acme Inc."
    assert send(app, "GET", "Companies/77") == (200, {"item": None})
    assert [r["id"] for r in send(app, "GET", "Contracts/9/Services")[1]["items"]] == [12]
    assert len(send(app, "GET", "Contracts/9/ServiceBundleUnits")[1]["items"]) == 12
    assert send(app, "GET", "Contracts/9/Services/12")[1]["item"]["serviceID"] == 3
    assert send(app, "GET", "Contracts/10/Services/12")[1] == {"item": None}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "Nonsense/query", 404),
        ("GET", "Contracts/9/Nonsense", 404),
        ("PATCH", "Contracts/9", 405),
        ("POST", "ContractServiceUnits", 405),
        ("POST", "ContractServices", 405),
        ("POST", "ContractServiceAdjustments/query", 405),
        ("GET", "ContractServiceAdjustments/1", 405),
        ("DELETE", "Contracts/9", 405),
    ],
)
def test_what_does_not_exist(app: AutotaskApp, method: str, path: str, status: int) -> None:
    assert send(app, method, path, {})[0] == status
    assert app.effects == []


def test_contracts_are_made_changed_and_replaced(app: AutotaskApp) -> None:
    new = {"companyID": 1, "contractName": "New", "contractType": 7, "status": 1, "contractPeriodType": 3,
           "startDate": "2026-01-31", "endDate": "2026-12-30", "description": "d"}  # fmt: skip
    id = send(app, "POST", "Contracts", new)[1]["itemId"]
    line = send(app, "POST", f"Contracts/{id}/Services", {"serviceID": 3})[1]["itemId"]
    units = send(app, "GET", f"Contracts/{id}/ServiceUnits")[1]["items"]
    assert [(u["startDate"][:10], u["endDate"][:10]) for u in units] == [
        ("2026-01-31", "2026-04-29"),
        ("2026-04-30", "2026-07-30"),
        ("2026-07-31", "2026-10-30"),
        ("2026-10-31", "2026-12-30"),
    ]
    assert send(app, "PATCH", "Contracts", {"id": id, "contractName": "Newer"}) == (200, {"itemId": id})
    kept = send(app, "GET", f"Contracts/{id}")[1]["item"]
    assert (kept["contractName"], kept["description"]) == ("Newer", "d")
    assert send(app, "PUT", "Contracts", {**new, "id": id, "description": None})[0] == 200
    assert send(app, "GET", f"Contracts/{id}")[1]["item"]["description"] is None
    changed = send(app, "PATCH", f"Contracts/{id}/Services", {"id": line, "adjustedPrice": 9.5})
    assert changed == (200, {"itemId": line})
    locked = send(app, "PATCH", f"Contracts/{id}/Services", {"id": line, "serviceID": 4})
    assert locked == (500, {"errors": ["ContractService serviceID is read-only."]})
    refused = send(app, "POST", "Contracts/10/Services", {"serviceID": 3})
    assert refused[0] == 500
    assert "Recurring Service" in refused[1]["errors"][0]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"effectiveDate": "2025-12-31"}, OUTSIDE),
        ({"effectiveDate": "2027-01-01"}, OUTSIDE),
        ({"effectiveDate": "soon"}, "must be a date"),
        ({"effectiveDate": None}, "is required"),
        ({"unitChange": 1.5}, "must be a whole number"),
        ({"unitChange": 2**31}, "32 bit"),
        ({"unitChange": -2}, "less than zero units"),
        ({"unitChange": None}, "unitChange is required"),
        ({"nonsense": 1}, "Unable to find nonsense in the ContractServiceAdjustment Entity."),
        ({"contractServiceID": 99}, "does not exist"),
        ({"contractServiceID": None}, "are required"),
        ({"contractID": 10}, "is not the contract 9"),
    ],
)
def test_an_adjustment_is_refused_with_500_and_texts(app: AutotaskApp, body: F, text: str) -> None:
    status, answer = adjust(app, **body)
    assert (status, list(answer)) == (500, ["errors"])
    assert text in answer["errors"][0]
    assert app.effects == []


def test_an_adjustment_has_no_id_and_one_a_day(app: AutotaskApp) -> None:
    assert adjust(app) == (200, {"itemId": None})
    status, answer = adjust(app)
    assert status == 500
    assert "Attempt to insert duplicate data into contract_service_period" in answer["errors"][0]
    assert adjust(app, effectiveDate="2026-07-12")[0] == 200
    assert len(app.effects) == 2


def test_contract_and_service_name_a_line_or_make_it(app: AutotaskApp) -> None:
    assert adjust(app, contractServiceID=None, serviceID=3)[0] == 200
    assert ids(app, "ContractServices", {"op": "eq", "field": "contractID", "value": 9}) == [12]
    other = app.control("service_add", {"name": "Backup", "unitPrice": 2.0})["id"]
    assert adjust(app, contractServiceID=None, serviceID=other, unitChange=4)[0] == 200
    assert len(ids(app, "ContractServices", {"op": "eq", "field": "contractID", "value": 9})) == 2


def test_the_database_describes_itself(app: AutotaskApp) -> None:
    info = send(app, "GET", "ContractServiceUnits/entityInformation")[1]["info"]
    assert (info["canQuery"], info["canCreate"], info["userAccessForQuery"]) == (True, False, 1)
    fields = {f["name"]: f for f in send(app, "GET", "Contracts/entityInformation/fields")[1]["fields"]}
    labels = {v["value"]: v["label"] for v in fields["contractType"]["picklistValues"]}
    assert labels["7"] == "Recurring Service"
    assert fields["contractName"]["picklistValues"] is None
    assert send(app, "GET", "Contracts/entityInformation/userDefinedFields")[1] == {"fields": []}


def test_the_hour_is_counted_and_slows_down(app: AutotaskApp) -> None:
    send(app, "GET", "Companies/1")
    assert send(app, "GET", "ThresholdInformation")[1]["currentTimeframeRequestCount"] == 2
    assert app.latency == 0
    app.control("rate", {"count": 5000})
    assert app.latency == 0.5
    app.control("rate", {"count": 10_000})
    assert send(app, "GET", "Companies/1")[0] == 429
    app.control("rate", {"count": 0, "threads": 3})
    status, answer = send(app, "GET", "Companies/1")
    assert status == 500
    assert "thread threshold of 3 threads has been exceeded" in answer["errors"][0]
    assert send(app, "GET", f"zoneInformation?user={SECRETS.user}")[0] == 200


def test_an_unknown_control_verb_is_said_to_be_one(app: AutotaskApp) -> None:
    answered = app.handle(Request("POST", "/_sandbox/nonsense", {}, {}, b"{}"))
    assert answered.status == 404
    wrong = json.dumps({"contractServiceID": 12, "unitChange": 1, "effectiveDate": "2030-01-01"}).encode()
    answered = app.handle(Request("POST", "/_sandbox/units", {}, {}, wrong))
    assert answered.status == 400
    assert OUTSIDE in answered.body["message"]


@settings(max_examples=60, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.dates(date(2026, 1, 1), date(2026, 12, 31)), st.integers(-3, 9)),
        max_size=8,
        unique_by=lambda c: c[0],
    ),
    end=st.dates(date(2026, 12, 31), date(2028, 6, 30)),
)
def test_units_are_the_sum_of_the_changes_up_to_each_day(changes: list[tuple[date, int]], end: date) -> None:
    app = AutotaskApp()
    app.load_seed(seed())
    taken = []
    for on, delta in changes:
        if adjust(app, effectiveDate=on.isoformat(), unitChange=delta)[0] == 200:
            taken.append((on, delta))
    assert send(app, "PATCH", "Contracts", {"id": 9, "endDate": end.isoformat()})[0] == 200
    rows = app.state["units"]["ContractServiceUnits"]["12"]
    for row in rows:
        first = date.fromisoformat(row["startDate"][:10])
        assert row["units"] == 1 + sum(delta for on, delta in taken if on <= first) >= 0
    days = [date.fromisoformat(r[k][:10]).toordinal() for r in rows for k in ("startDate", "endDate")]
    assert (days[0], days[-1]) == (date(2026, 1, 1).toordinal(), end.toordinal())
    assert all(start == stop + 1 for stop, start in zip(days[1:-1:2], days[2::2], strict=True))


def test_money_is_rounded_half_up() -> None:
    assert prorated(7, 4.0, 21, 31) == 18.97
    assert prorated(1, 0.01, 1, 2) == 0.01
    assert prorated(-7, 4.0, 21, 31) == -18.97
    assert later(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert later(date(2026, 12, 31), 2) == date(2027, 2, 28)
