"""The Acronis sandbox behaves as the vendor's documents say. Source: vendors/acronis.md."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import httpx2
import pytest

from sandboxes.acronis import Acronis
from sandboxes.acronis.catalog import HERE, THERE
from sandboxes.acronis.refusals import NUMBERS
from sandboxes.kit import Request, Response, Server
from tests.connectors.acronis import CLIENT, CUSTOMER, MSP, NOW, PROTECTION, RESELLER, SECRET, STRANGER, SYNC_SHARE, seed

Call = Callable[..., Response]
ADA = "00000000-0000-4000-8000-00000000000a"
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def app() -> Acronis:
    app = Acronis()
    app.clock.set(NOW, frozen=True)
    app.load_seed(seed())
    return app


@pytest.fixture
def call(app: Acronis) -> Call:
    def send(method: str, url: str, body: Any = None, *, token: str = "") -> Response:
        parts = urlsplit(url)
        headers = {"authorization": f"Bearer {token or sign_in(app).body['access_token']}"}
        content = b"" if body is None else json.dumps(body).encode()
        return app.handle(Request(method, f"/api/2{parts.path}", dict(parse_qsl(parts.query)), headers, content))

    return send


def sign_in(app: Acronis, secret: str = SECRET) -> Response:
    pair = base64.b64encode(f"{CLIENT}:{secret}".encode()).decode()
    body = b"grant_type=client_credentials"
    return app.handle(Request("POST", "/api/2/idp/token", {}, {"authorization": f"Basic {pair}"}, body))


def entry(name: str, status: int = 1, *, place: str = "", app: str = PROTECTION, **quota: Any) -> dict[str, Any]:
    return {"application_id": app, "name": name, "status": status} | ({"infra_id": place} if place else {}) | quota


def items(*entries: dict[str, Any], check_usage: bool = True) -> dict[str, Any]:
    return {"offering_items": list(entries), "check_usage": check_usage}


def number(answer: Response) -> int:
    return int(answer.body["error"]["code"])


def policy(role: str, *, user: str = ADA, tenant: str = CUSTOMER, **more: Any) -> dict[str, Any]:
    return {"id": NOBODY, "issuer_id": NOBODY, "trustee_id": user, "trustee_type": "user", "tenant_id": tenant,
            "role_id": role, "version": 0, **more}  # fmt: skip


BELOW = {"name": "Birch", "parent_id": MSP, "kind": "customer"}


def test_a_token_lasts_as_long_as_it_says(app: Acronis, call: Call) -> None:
    answer = sign_in(app)
    assert (answer.body["token_type"], answer.body["expires_in"]) == ("bearer", 7200)
    assert answer.body["expires_on"] == int((NOW + timedelta(hours=2)).timestamp())
    token = answer.body["access_token"]
    assert call("GET", f"/tenants/{MSP}", token=token).status == 200
    app.clock.advance(timedelta(hours=2))
    assert call("GET", f"/tenants/{MSP}", token=token).status == 401
    assert sign_in(app, "wrong").status == 401
    assert call("GET", f"/clients/{CLIENT}").body["tenant_id"] == MSP


def test_a_tenant_is_made_in_trial_with_version_one_and_known_properties_only(app: Acronis, call: Call) -> None:
    made = call("POST", "/tenants", {**BELOW, "internal_tag": "ours"})
    assert (made.status, made.body["version"], made.body["pricing_mode"]) == (201, 1, "trial")
    assert made.body["internal_tag"] == "ours"
    assert not [name for name in made.body if name.startswith("_")]
    assert [e["tag"] for e in app.effects] == ["ours"]
    for wrong in ({"colour": "red"}, {"name": None}, {"kind": "planet"}, {"enabled": "yes"}, {"contact": {"email": "no"}}):
        assert call("POST", "/tenants", {**BELOW, "name": "Other", **wrong}).status == 400
    assert call("POST", "/tenants", {"name": "x"}).status == 400
    assert len(app.effects) == 1


def test_a_change_names_the_version_and_a_stale_one_is_a_409(call: Call) -> None:
    first = call("PUT", f"/tenants/{CUSTOMER}", {"version": 1, "enabled": False})
    assert (first.status, first.body["version"], first.body["enabled"]) == (200, 2, False)
    stale = call("PUT", f"/tenants/{CUSTOMER}", {"version": 1, "enabled": True})
    assert (stale.status, number(stale)) == (409, 1001)
    assert call("PUT", f"/tenants/{CUSTOMER}", {"enabled": True}).status == 400
    assert call("DELETE", f"/tenants/{CUSTOMER}?version=1").status == 409
    assert call("DELETE", f"/tenants/{CUSTOMER}?version=2").status == 204
    assert call("GET", f"/tenants/{CUSTOMER}").status == 404
    assert call("GET", f"/tenants/{CUSTOMER}?allow_deleted=true").body["deleted_at"]


def test_others_tenants_and_absent_ones_are_the_same_answer(call: Call) -> None:
    for id in (STRANGER, NOBODY):
        answer = call("GET", f"/tenants/{id}")
        assert (answer.status, number(answer)) == (404, 1005)
    assert call("GET", f"/tenants?uuids={STRANGER},{CUSTOMER}").body["items"][0]["id"] == CUSTOMER
    assert call("GET", "/users/nobody").status == 404
    assert call("GET", "/planets").status == 404


def test_a_cursor_names_its_list_by_itself(app: Acronis, call: Call) -> None:
    for n in range(4):
        app.control("tenant", {"name": f"C{n}", "parent_id": RESELLER})
    first = call("GET", f"/tenants?parent_id={RESELLER}&limit=2").body
    assert len(first["items"]) == 2
    rest, seen = first, [row["name"] for row in first["items"]]
    while "paging" in rest:
        rest = call("GET", f"/tenants?after={quote(rest['paging']['cursors']['after'])}").body
        seen += [row["name"] for row in rest["items"]]
    assert seen == ["Alder Dental", "C0", "C1", "C2", "C3"]
    for wrong in ("after=x", "", f"uuids={MSP}&parent_id={MSP}", f"parent_id={MSP}&limit=0", f"parent_id={MSP}&colour=red"):
        assert call("GET", f"/tenants?{wrong}").status == 400


def test_a_list_is_narrowed_to_what_changed_since(app: Acronis, call: Call) -> None:
    app.clock.advance(timedelta(hours=1))
    call("PUT", f"/tenants/{CUSTOMER}", {"version": 1, "name": "Alder"})
    since = "2025-07-11T09:30:00Z"
    found = call("GET", f"/tenants?subtree_root_id={MSP}&updated_since={since}").body["items"]
    assert [row["id"] for row in found] == [CUSTOMER]


def test_search_knows_names_and_account_numbers_but_no_internal_tag_and_lags(app: Acronis, call: Call) -> None:
    call("POST", "/tenants", {**BELOW, "internal_tag": "ours-7", "customer_id": "C-7"})

    def found(text: str) -> list[str]:
        return [row["name"] for row in call("GET", f"/search?tenant={MSP}&text={text}").body["items"]]

    assert found("birch") == []
    app.clock.advance(timedelta(minutes=2))
    assert (found("BIRCH"), found("c-7"), found("ours-7")) == (["Birch"], ["Birch"], [])


def test_offering_items_are_listed_in_the_legacy_edition_unless_told(call: Call) -> None:
    assert call("GET", f"/tenants/{MSP}/offering_items").body["items"] == []
    editions = {row["edition"] for row in call("GET", f"/tenants/{MSP}/offering_items?edition=*").body["items"]}
    assert editions == {"pck_per_gigabyte", "pck_per_workload", None}
    for_child = call("GET", f"/tenants/{RESELLER}/offering_items/available_for_child?kind=customer&edition=*").body["items"]
    assert {row["name"] for row in for_child} == {"pg_base_servers", "pg_base_workstations"}


def test_switching_an_item_on_switches_its_service_on(call: Call) -> None:
    assert call("PUT", f"/tenants/{RESELLER}/offering_items", items(entry("fc_seats", app=SYNC_SHARE))).status == 200
    assert SYNC_SHARE in call("GET", f"/tenants/{RESELLER}/applications").body["items"]
    assert call("DELETE", f"/applications/{SYNC_SHARE}/bindings/tenants/{RESELLER}").status == 204
    left = call("GET", f"/tenants/{RESELLER}/offering_items?edition=*").body["items"]
    assert {row["name"]: row["status"] for row in left}["fc_seats"] == 0


def test_a_user_of_a_customer_has_a_tenant_of_its_own(call: Call) -> None:
    body = {"tenant_id": CUSTOMER, "login": "bea", "contact": {"email": "bea@alder.example"}}
    made = call("POST", "/users", body).body
    own = call("GET", f"/tenants/{made['personal_tenant_id']}").body
    assert (own["kind"], own["owner_id"], own["parent_id"]) == ("unit", made["id"], CUSTOMER)
    assert call("GET", f"/tenants/{CUSTOMER}/users").body["items"] == [ADA, made["id"]]
    for wrong in ({"login": "BEA"}, {"login": "taken"}, {"login": "two words"}, {"contact": {}}, {"shoe": "42"}):
        assert call("POST", "/users", {**body, **wrong}).status in (400, 409)
    assert call("DELETE", f"/users/{made['id']}?version=1").status == 204
    assert call("GET", "/users/check_login?username=bea").status == 204


def test_access_policies_replace_all_or_nothing(call: Call) -> None:
    path = f"/users/{ADA}/access_policies"
    assert [p["role_id"] for p in call("GET", path).body["items"]] == ["company_admin"]
    two = [policy("readonly_admin"), policy("protection_ro_admin", resource_namespace="backup")]
    kept = call("PUT", path, {"items": two}).body["items"]
    assert [(p["role_id"], p.get("resource_namespace")) for p in kept] == [
        ("readonly_admin", None), ("protection_ro_admin", "backup"),
    ]  # fmt: skip
    wrong = [policy("nothing"), policy("partner_admin"), policy("readonly_admin", user=NOBODY), policy("readonly_admin", x=1)]
    for one in wrong:
        assert call("PUT", path, {"items": [policy("company_admin"), one]}).status == 400
    assert call("PUT", path, {"items": [policy("readonly_admin", tenant=STRANGER)]}).status == 404
    assert len(call("GET", f"/users?uuids={ADA}&with_access_policies=true").body["items"][0]["access_policies"]) == 2
    assert call("GET", f"/users?uuids={ADA}").body["items"][0]["access_policies"] == []


def test_usage_is_of_the_items_a_tenant_has(app: Acronis, call: Call) -> None:
    app.control("use", {"tenant": CUSTOMER, "name": "pg_base_servers", "value": 4})
    rows = call("GET", f"/tenants/{CUSTOMER}/usages").body["items"]
    assert [(row["usage_name"], row["value"], row["range_start"]) for row in rows] == [("servers", 4, "2025-07-01T00:00:00Z")]
    assert len(call("GET", f"/tenants/usages?tenants={CUSTOMER},{RESELLER}").body["items"]) == 3
    assert call("GET", "/tenants/usages").status == 400


def _seats(app: Acronis, quota: Any) -> None:
    for tenant in (RESELLER, CUSTOMER):
        app.control("item", {"tenant": tenant, "name": "fc_seats", "quota": quota})


def _bea(call: Call, email: str = "bea@alder.example") -> Response:
    return call("POST", "/users", {"tenant_id": CUSTOMER, "login": "bea", "contact": {"email": email}})


def _put(call: Call, tenant: str, *entries: dict[str, Any]) -> Response:
    return call("PUT", f"/tenants/{tenant}/offering_items", items(*entries))


def _deprovisioning(app: Acronis, call: Call) -> Response:
    app.control("set", {"deprovision_seconds": 60})
    app.control("remove", {"tenant": RESELLER})
    return call("POST", "/tenants", {**BELOW, "parent_id": RESELLER})


def _first(*steps: Any) -> Any:
    return steps[-1]


HAPPENS: dict[int, Callable[[Acronis, Call], Response]] = {
    1001: lambda a, c: c("PUT", f"/tenants/{CUSTOMER}/pricing", {"version": 9, "mode": "production"}),
    1003: lambda a, c: _first(a.control("tenant", {"id": MSP, "enabled": False}), c("POST", "/tenants", BELOW)),
    1004: lambda a, c: c("POST", "/tenants", {**BELOW, "name": "CEDAR systems"}),
    1005: lambda a, c: c("POST", "/tenants", {**BELOW, "parent_id": NOBODY}),
    1006: lambda a, c: c("DELETE", f"/tenants/{CUSTOMER}?version=1"),
    1007: lambda a, c: c("PUT", f"/tenants/{RESELLER}", {"version": 1, "parent_id": RESELLER}),
    1008: lambda a, c: c("PUT", f"/tenants/{RESELLER}", {"version": 1, "parent_id": _customer(c)}),
    1010: lambda a, c: _first(_seats(a, {}), _bea(c, "ADA@alder.example")),
    1011: _deprovisioning,
    1012: lambda a, c: _first(
        a.control("tenant", {"id": CUSTOMER, "locked": True}), c("PUT", f"/tenants/{CUSTOMER}", {"version": 2, "name": "x"})
    ),
    1015: lambda a, c: _first(
        a.control("item", {"tenant": RESELLER, "name": "pg_base_storage"}),
        _put(c, CUSTOMER, entry("pg_base_storage", place=HERE), entry("pg_base_storage", place=THERE)),
    ),
    1018: lambda a, c: _first(
        a.control("user", {"id": ADA, "enabled": False}), c("POST", f"/users/{ADA}/send-activation-email")
    ),
    1021: lambda a, c: _put(c, CUSTOMER, entry("pg_base_vms")),
    1022: lambda a, c: _first(
        a.control("use", {"tenant": RESELLER, "name": "pg_base_servers", "value": 5}),
        _put(c, RESELLER, entry("pg_base_servers", quota={"value": 1, "overage": 1, "version": 1})),
    ),
    1023: lambda a, c: _put(c, RESELLER, entry("pw_adv_security")),
    1026: lambda a, c: c("POST", f"/applications/{SYNC_SHARE}/bindings/tenants/{CUSTOMER}"),
    1027: lambda a, c: c("POST", "/tenants", {**BELOW, "parent_id": CUSTOMER}),
    1030: lambda a, c: _first(_seats(a, {"value": 1, "overage": 0}), _bea(c)),
}


def _customer(call: Call) -> str:
    return str(call("POST", "/tenants", BELOW).body["id"])


@pytest.mark.parametrize("wanted", sorted(NUMBERS))
def test_every_number_comes_of_what_it_is_about_or_on_request(app: Acronis, call: Call, wanted: int) -> None:
    if wanted in HAPPENS:
        answer = HAPPENS[wanted](app, call)
    else:  # of the vendor's inside, and of rules about who may call
        app.control("refuse", {"number": wanted, "path": "tenants$", "method": "POST"})
        answer = call("POST", "/tenants", BELOW)
        assert call("POST", "/tenants", BELOW).status == 201
    assert (number(answer), answer.status) == (wanted, NUMBERS[wanted][0])
    assert answer.body["error"].keys() == {"code", "domain", "message", "details", "context", "data"}


def test_a_customer_has_one_billing_mode_unless_told_otherwise(app: Acronis, call: Call) -> None:
    app.control("item", {"tenant": RESELLER, "name": "pw_base_servers"})
    assert number(_put(call, CUSTOMER, entry("pw_base_servers"))) == 1027
    app.control("set", {"one_mode": False})
    assert _put(call, CUSTOMER, entry("pw_base_servers")).status == 200
    assert number(_put(call, CUSTOMER, entry("pg_base_servers", 0), entry("nothing"))) == 1021


def test_limits_are_counted_for_each_client(app: Acronis, call: Call) -> None:
    app.control("set", {"calls": 2})
    token = sign_in(app).body["access_token"]
    answers = [call("GET", f"/tenants/{MSP}", token=token) for _ in range(3)]
    assert [a.status for a in answers] == [200, 200, 429]
    assert answers[-1].headers["Retry-After"] == "10"
    app.clock.advance(timedelta(seconds=10))
    assert call("GET", f"/tenants/{MSP}", token=token).status == 200


def test_state_goes_to_disk_and_back(app: Acronis, call: Call, tmp_path: Path) -> None:
    _bea(call)
    app.state_file = tmp_path / "acronis.json"
    app.save()
    again = Acronis()
    again.state_file = app.state_file
    assert again.load()
    assert again.state == app.state


def test_control_verbs_refuse_what_they_do_not_know(app: Acronis) -> None:
    for verb, data in (("set", {"speed": 1}), ("refuse", {"number": 7})):
        with pytest.raises(ValueError, match="no "):
            app.control(verb, data)
    for verb, data in (
        ("dance", {}),
        ("remove", {"tenant": "x"}),
        ("item", {"tenant": MSP, "name": "x"}),
        ("activate", {"user": "x"}),
    ):
        with pytest.raises(KeyError):
            app.control(verb, data)


def test_the_panel_shows_the_tree_users_and_mails_and_escapes_names(app: Acronis, call: Call) -> None:
    app.control("tenant", {"name": "<b>Eve</b>", "parent_id": MSP, "internal_tag": "ours-8"})
    call("POST", f"/users/{ADA}/send-activation-email")
    text = app.handle(Request("GET", "/_panel", {}, {}, b"")).body.decode()
    for part in ("Harbour IT", "\u2003\u2003Alder Dental", "ours-8", "company_admin", "ada@alder.example", "&lt;b&gt;Eve"):
        assert part in text
    assert "<b>Eve" not in text


def test_it_serves_over_http_with_a_partner_of_its_own() -> None:
    app = Acronis()
    with Server(app) as server:
        url = f"{server.url}/api/2"
        from sandboxes.acronis.app import CLIENT, PARTNER, SECRET

        form = {"grant_type": "client_credentials"}
        token = httpx2.post(f"{url}/idp/token", data=form, auth=(CLIENT, SECRET), timeout=10).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert httpx2.get(f"{url}/tenants/{PARTNER}", headers=headers, timeout=10).json()["name"] == "Harbour IT"
        assert httpx2.get(f"{server.url}/_sandbox/health", timeout=10).json()["name"] == "acronis"
