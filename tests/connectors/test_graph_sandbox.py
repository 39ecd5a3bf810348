"""The Graph sandbox itself: sign-in, permissions, lists, delta, envelopes, limits, control verbs, state on disk."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

import pytest

from sandboxes.__main__ import APPS
from sandboxes.graph import Graph
from sandboxes.kit import Request, Response
from tests.connectors.test_graph import CLIENT, NOW, OTHER, SECRET, TENANT, seed

Call = Callable[..., Response]


@pytest.fixture
def app() -> Graph:
    app = Graph()
    app.clock.set(NOW, frozen=True)
    app.load_seed(seed())
    return app


def sign_in(app: Graph, *, tenant: str = TENANT, **changes: str) -> Response:
    form = {
        "grant_type": "client_credentials", "client_id": CLIENT, "client_secret": SECRET,
        "scope": "https://graph.microsoft.com/.default", **changes,
    }  # fmt: skip
    return app.handle(Request("POST", f"/{tenant}/oauth2/v2.0/token", {}, {}, urlencode(form).encode()))


@pytest.fixture
def call(app: Graph) -> Call:
    token = sign_in(app).body["access_token"]

    def call(method: str, url: str, body: Any = None, **headers: str) -> Response:
        sent = {"authorization": f"Bearer {token}"} | {k.replace("_", "-").lower(): v for k, v in headers.items()}
        parts = urlsplit(url)
        payload = b"" if body is None else json.dumps(body).encode()
        path = parts.path if parts.path.startswith("/v1.0") else f"/v1.0{parts.path}"
        return app.handle(Request(method, unquote(path), dict(parse_qsl(parts.query)), sent, payload, base_url="http://graph"))

    return call


def code(answer: Response) -> tuple[int, str]:
    return answer.status, answer.body["error"]["code"]


def test_it_is_one_of_the_sandboxes() -> None:
    assert APPS["graph"] is Graph


@pytest.mark.parametrize(
    ("changes", "status", "number"),
    [
        ({}, 200, 0),
        ({"client_secret": "x"}, 401, 7000215),
        ({"client_id": "x"}, 400, 700016),
        ({"tenant": "nobody.example"}, 400, 90002),
        ({"scope": "User.Read.All"}, 400, 1002012),
        ({"grant_type": "password"}, 400, 70003),
    ],
)
def test_sign_in_says_what_is_wrong(app: Graph, changes: dict[str, str], status: int, number: int) -> None:
    answer = sign_in(app, **changes)
    assert answer.status == status
    assert answer.body.get("error_codes", [0]) == [number]
    if number:
        assert f"AADSTS{number}" in answer.body["error_description"]


def test_a_token_is_for_one_tenant_and_ends(app: Graph, call: Call) -> None:
    assert call("GET", "/organization").body["value"][0]["id"] == TENANT
    assert [u["id"] for u in call("GET", "/users").body["value"]] == ["u1", "u2", "u3", "u4", "u5"]
    assert sign_in(app, tenant=OTHER).status == 200
    app.clock.advance(timedelta(hours=1))
    assert code(call("GET", "/users")) == (401, "InvalidAuthenticationToken")
    assert code(call("GET", "/users", authorization="Bearer x")) == (401, "InvalidAuthenticationToken")


@pytest.mark.parametrize(
    ("granted", "path", "allowed"),
    [
        ("User.Read.All", "/users", True),
        ("Group.Read.All", "/users", False),
        ("GroupMember.Read.All", "/groups/g1/transitiveMembers", True),
        ("User.Read.All", "/groups", False),
        ("OrgContact.Read.All", "/contacts", True),
        ("User.Read.All", "/contacts", False),
        ("User.Read.All", "/users/u1/mailboxSettings", False),
        ("MailboxSettings.Read", "/users/u1/mailboxSettings/userPurpose", True),
        ("Directory.Read.All", "/groups/delta", True),
    ],
)
def test_a_permission_opens_its_own_lists(app: Graph, call: Call, granted: str, path: str, allowed: bool) -> None:
    app.control("consent", {"tenant": TENANT, "client": CLIENT, "permissions": [granted]})
    assert call("GET", path).status == (200 if allowed else 403)


def test_lists_come_narrowed_in_pages_with_links(call: Call) -> None:
    first = call("GET", "/users?$select=displayName&$top=2").body
    assert first["value"][0] == {"displayName": "Ada Stone", "id": "u1"}
    rows, link = first["value"], first.get("@odata.nextLink")
    while link:
        assert link.startswith("http://graph/v1.0/users?")
        body = call("GET", link).body
        rows, link = rows + body["value"], body.get("@odata.nextLink")
    assert [r["id"] for r in rows] == ["u1", "u2", "u3", "u4", "u5"]
    assert "department" not in call("GET", "/users").body["value"][0]
    assert call("GET", "/users/ada@alder.example?$select=department").body["department"] == "Surgery"


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/users?$top=1000", 400, "Request_UnsupportedQuery"),
        ("/users?$top=0", 400, "Request_UnsupportedQuery"),
        ("/users?$select=shoeSize", 400, "Request_BadRequest"),
        ("/users?$count=true", 400, "Request_UnsupportedQuery"),
        ("/users?$expand=manager", 400, "Request_UnsupportedQuery"),
        ("/users?$filter=contains(mail,'x')", 400, "Request_UnsupportedQuery"),
        ("/users?$skiptoken=zzz", 400, "Request_BadRequest"),
        ("/users/nobody", 404, "Request_ResourceNotFound"),
        ("/planets", 400, "BadRequest"),
        ("/users/u2/mailboxSettings", 404, "MailboxNotEnabledForRESTAPI"),
    ],
)
def test_what_cannot_be_answered_is_refused(call: Call, path: str, status: int, word: str) -> None:
    assert code(call("GET", path)) == (status, word)


def test_counts_are_for_who_says_that_an_index_will_do(call: Call) -> None:
    body = call("GET", "/users?$count=true&$top=1", ConsistencyLevel="eventual").body
    assert (body["@odata.count"], len(body["value"])) == (5, 1)
    assert call("GET", "/users/$count", ConsistencyLevel="eventual").body == b"5"
    assert call("GET", "/users/$count").status == 400


def test_filters(call: Call) -> None:
    def ids(text: str) -> list[str]:
        return [u["id"] for u in call("GET", f"/users?$filter={quote(text)}").body["value"]]

    assert ids("accountEnabled eq false") == ["u2", "u5"]
    assert ids("startswith(displayName,'B') and accountEnabled eq false") == ["u2"]
    assert ids("userType eq 'guest'") == ["u3"]


def test_a_page_link_expires(app: Graph, call: Call) -> None:
    link = call("GET", "/users?$top=2").body["@odata.nextLink"]
    app.control("set", {"page_minutes": 5})
    app.clock.advance(timedelta(minutes=6))
    assert code(call("GET", link)) == (400, "Directory_ExpiredPageToken")


def test_members_are_direct_or_transitive_and_say_what_they_are(call: Call) -> None:
    def members(path: str) -> dict[str, str]:
        return {m["id"]: m.get("@odata.type", "") for m in call("GET", path).body["value"]}

    assert members("/groups/g1/members?$select=id") == {
        "u1": "#microsoft.graph.user", "g2": "#microsoft.graph.group", "c1": "#microsoft.graph.orgContact",
    }  # fmt: skip
    assert sorted(members("/groups/g1/transitiveMembers")) == ["c1", "device-7", "g2", "g3", "u1", "u2", "u5"]
    assert sorted(members("/groups/g1/transitiveMembers/microsoft.graph.user")) == ["u1", "u2", "u5"]


def test_delta_starts_from_now_when_asked_to(app: Graph, call: Call) -> None:
    body = call("GET", "/users/delta?$deltatoken=latest").body
    assert body["value"] == []
    app.control("user", {"tenant": TENANT, "id": "u1", "jobTitle": "Owner"})
    assert [u["id"] for u in call("GET", body["@odata.deltaLink"]).body["value"]] == ["u1"]


def test_delta_gives_only_what_is_set_and_pages_as_asked(call: Call) -> None:
    body = call("GET", "/users/delta?$select=displayName,jobTitle", Prefer="odata.maxpagesize=1").body
    assert body["value"] == [{"displayName": "Ada Stone", "jobTitle": "Dentist", "id": "u1"}]
    body = call("GET", body["@odata.nextLink"], Prefer="odata.maxpagesize=1").body
    assert body["value"] == [{"displayName": "Ben Moss", "id": "u2"}]


def test_delta_names_the_reason_of_a_removal(app: Graph, call: Call) -> None:
    link = call("GET", "/users/delta").body["@odata.deltaLink"]
    app.control("remove", {"tenant": TENANT, "kind": "users", "id": "u1"})
    app.control("remove", {"tenant": TENANT, "kind": "users", "id": "u2", "for_good": True})
    assert call("GET", link).body["value"] == [
        {"id": "u1", "@removed": {"reason": "changed"}},
        {"id": "u2", "@removed": {"reason": "deleted"}},
    ]


def test_a_delta_token_expires_after_its_days_or_when_forgotten(app: Graph, call: Call) -> None:
    link = call("GET", "/users/delta").body["@odata.deltaLink"]
    assert call("GET", link).status == 200
    app.control("forget", {"tenant": TENANT})
    answer = call("GET", link)
    assert code(answer) == (410, "syncStateNotFound")
    assert answer.headers["Location"] == "http://graph/v1.0/users/delta?$deltatoken="
    app.control("set", {"delta_status": 400})
    assert code(call("GET", link)) == (400, "syncStateNotFound")


def test_an_envelope_has_at_most_twenty_calls_each_with_its_own_answer(call: Call) -> None:
    parts = [{"id": str(n), "method": "GET", "url": "/users/u1"} for n in range(20)]
    assert len(call("POST", "/$batch", {"requests": parts}).body["responses"]) == 20
    assert call("POST", "/$batch", {"requests": [*parts, {"id": "x", "method": "GET", "url": "/users"}]}).status == 400
    assert call("POST", "/$batch", {"requests": [parts[0], parts[0]]}).status == 400
    assert call("POST", "/$batch", {"what": 1}).status == 400
    mixed = [
        {"id": "a", "method": "GET", "url": "/users/nobody"},
        {"id": "b", "method": "GET", "url": "/users/u1?$select=displayName"},
        {"id": "c", "method": "GET", "url": "/users/u1", "dependsOn": ["a"]},
    ]
    found = {p["id"]: p for p in call("POST", "/$batch", {"requests": mixed}).body["responses"]}
    assert {id: p["status"] for id, p in found.items()} == {"a": 404, "b": 200, "c": 424}
    assert found["b"]["body"] == {"displayName": "Ada Stone", "id": "u1"}


def test_the_allowance_is_counted_in_units_and_comes_back_with_time(app: Graph, call: Call) -> None:
    """Source: vendors/microsoft.md B7: transitiveMembers cost 5, `$select` takes one off."""
    app.control("set", {"units": 10})
    assert [call("GET", "/groups/g1/transitiveMembers").status for _ in range(3)] == [200, 200, 429]
    refused = call("GET", "/groups/g1/transitiveMembers")
    assert refused.headers == {"Retry-After": "10"}
    app.clock.advance(timedelta(seconds=10))
    assert [call("GET", "/groups/g1/transitiveMembers?$select=id").status for _ in range(3)] == [200, 200, 429]


def test_state_goes_to_disk_and_back(app: Graph, call: Call, tmp_path: Path) -> None:
    link = call("GET", "/users/delta").body["@odata.deltaLink"]
    app.control("remove", {"tenant": TENANT, "kind": "users", "id": "u1"})
    app.state_file = tmp_path / "graph.json"
    app.save()
    again = Graph()
    again.state_file = app.state_file
    assert again.load()
    again.clock.set(NOW, frozen=True)
    assert again.state == app.state
    token = next(iter(again.state["tokens"]))
    query = dict(parse_qsl(urlsplit(link).query))
    answer = again.handle(Request("GET", "/v1.0/users/delta", query, {"authorization": f"Bearer {token}"}, b""))
    assert [row["id"] for row in answer.body["value"]] == ["u1"]


def test_control_verbs_refuse_what_they_do_not_know(app: Graph) -> None:
    with pytest.raises(ValueError, match="shoeSize"):
        app.control("user", {"tenant": TENANT, "id": "u1", "shoeSize": 43})
    with pytest.raises(ValueError, match="no setting"):
        app.control("set", {"speed": 1})
    with pytest.raises(ValueError, match="which of the 2"):
        app.control("user", {"id": "u1"})
    with pytest.raises(KeyError):
        app.control("dance", {})


def test_the_panel_shows_each_directory_and_escapes_names(app: Graph) -> None:
    app.control("user", {"tenant": TENANT, "id": "u8", "displayName": "<b>Eve</b>"})
    page = app.handle(Request("GET", "/_panel", {}, {}, b"")).body.decode()
    assert "Alder Dental" in page
    assert "Birch" in page
    assert "&lt;b&gt;Eve" in page
    assert "<b>Eve" not in page
