"""Who is let in, how often, and what a failure says."""

from __future__ import annotations

import json
from datetime import timedelta
from uuid import UUID

import pytest
import time_machine
from django.test import Client, override_settings

from purser.access import tokens
from purser.access.models import Act
from purser.api import limits
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller, caller, code, data, signed_in

pytestmark = pytest.mark.usefixtures("site")


def test_it_lets_in_a_token_and_a_session() -> None:
    organisation = kit.reseller("Acme IT")
    for one in (caller(organisation), signed_in(organisation)):
        found = data(one.get("/organisation"))
        assert (found["name"], found["role"]) == ("Acme IT", "owner")


def test_it_turns_away_whoever_does_not_say_who_they_are() -> None:
    organisation = kit.reseller()
    path = f"/api/v1/t/{organisation.pk}/organisation"
    for headers in ({}, {"Authorization": "Bearer prs_x"}, {"Authorization": "Basic YTpi"}):
        answer = Client().get(path, headers=headers)
        assert code(answer, 401) == "unauthenticated"
        assert answer["WWW-Authenticate"] == "Bearer"


def test_it_ends_with_the_token_the_role_and_the_membership() -> None:
    organisation = kit.reseller()
    kit.member(organisation)
    one = caller(organisation)
    owner = kit.actor(organisation, one.person)
    assert one.get("/people").status_code == 200
    with tenancy.acting_in(organisation.pk):
        token = tokens.own()[0]
        tokens.revoke(owner, token.pk, now=kit.now())
    assert one.get("/people").status_code == 401


def test_a_foreign_an_absent_and_a_malformed_tenant_are_one_answer() -> None:
    mine, theirs = kit.reseller(), kit.reseller()
    for one in (caller(mine), signed_in(mine)):
        answers = [Caller(tenant, one.person, one.client, one.bearer).get("/people") for tenant in (theirs.pk, ids.new())]
        assert {answer.status_code for answer in answers} == {404}
        assert answers[0].content == answers[1].content


def test_a_session_needs_the_csrf_token_for_a_change() -> None:
    organisation = kit.reseller()
    one = signed_in(organisation)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = one.client.cookies
    path = f"/api/v1/t/{organisation.pk}/relations/clear"
    body = json.dumps({"ids": [str(ids.new())]})
    assert code(strict.post(path, body, content_type="application/json"), 403) == "csrf"
    strict.get("/account/")
    mark = strict.cookies["csrftoken"].value
    with_mark = strict.post(path, body, content_type="application/json", headers={"X-CSRFToken": mark})
    assert data(with_mark)["rows"][0]["ok"] is False


def test_a_session_without_a_second_factor_is_told_so() -> None:
    organisation = kit.reseller()
    person = kit.member(organisation, factor=False)
    one = Caller(organisation.pk, person, kit.sign_in(person))
    assert code(one.get("/people"), 401) == "second_factor"


def test_a_role_that_may_not_is_denied_and_the_denial_kept() -> None:
    organisation = kit.reseller()
    reader = caller(organisation, "reader")
    assert code(reader.post("/relations/clear", {"ids": [str(ids.new())]}), 403) == "denied"
    with tenancy.acting_in(organisation.pk):
        kept = Act.objects.get(outcome="denied")
        assert (kept.verb, kept.person_id) == ("links.write", reader.person.pk)


def test_a_sensitive_call_needs_a_fresh_proof_which_no_token_has() -> None:
    organisation = kit.reseller()
    path = f"/connections/{ids.new()}/reveal"
    assert code(caller(organisation).post(path, {"field": "password"}), 401) == "step_up"
    person = signed_in(organisation)
    assert code(person.post(path, {"field": "password"}), 404) == "missing"
    kit.age_proofs(person.client, timedelta(minutes=6))
    assert code(person.post(path, {"field": "password"}), 401) == "step_up"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"ids": [', 400),
        (b'{"ids": NaN}', 400),
        (b'{"ids": [], "ids": []}', 400),
        (b'{"ids": ["\\u0000"]}', 400),
        (b'{"ids": ["\\ud800"]}', 400),
        (b"\xff\xfe", 400),
        (b"[" * 100_000, 400),
        (b'{"ids": ' + b"1" * 5000 + b"}", 400),
        (b'{"ids": []}', 422),
        (b'{"ids": ["x"]}', 422),
        (b'{"ids": ["00000000-0000-4000-8000-000000000000"], "more": 1}', 422),
        (b"[]", 422),
        (b"", 422),
        (b" " * 3_000_000, 413),
    ],
)
def test_it_refuses_what_nobody_means(body: bytes, status: int) -> None:
    answer = caller(kit.reseller())("POST", "/relations/clear", body)
    assert answer.status_code == status, answer.content
    assert json.loads(answer.content)["error"]["text"]


def test_it_refuses_a_misspelt_parameter() -> None:
    one = caller(kit.reseller())
    assert code(one.get("/pairs?contxt=autotask"), 422) == "parameter"
    assert code(one.get("/pairs?context=sap"), 422) == "invalid"
    assert code(one.get("/pairs?context=%00"), 400) == "unreadable"
    assert code(one.get(f"/pairs/{ids.new()}/customers?page=0"), 422) == "invalid"


def test_it_refuses_an_address_of_too_many_words() -> None:
    one = caller(kit.reseller())
    many = "&".join(f"company.is={n}" for n in range(1001))
    assert code(one.get(f"/reports/linked?{many}"), 400) == "unreadable"
    assert code(one.post("/views", {"list": "acts", "name": "x", "query": "&" * 1500}), 400) == "unreadable"


def test_an_address_that_leads_nowhere_answers_in_json() -> None:
    one = caller(kit.reseller())
    assert code(one.get("/nothing"), 404) == "missing"
    assert code(Client().get("/api/v1/t/not-an-id/people"), 404) == "missing"


def test_a_method_that_an_address_does_not_take_is_refused_in_the_same_shape() -> None:
    one = caller(kit.reseller())
    for method, path, takes in (
        ("DELETE", "/people", "GET"),
        ("GET", f"/pairs/{ids.new()}/runs", "POST"),
        ("POST", f"/pairs/{ids.new()}", "GET, PATCH"),
    ):
        answer = one(method, path)
        assert code(answer, 405) == "method"
        assert answer["Allow"] == takes
        assert data(answer, 405)["error"]["text"] == f"This address takes {takes}, and not {method}."


def test_it_slows_down_one_caller_and_not_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_CALLER", 3)
    organisation = kit.reseller()
    busy, calm = caller(organisation), caller(organisation)
    with time_machine.travel(kit.now().replace(second=10), tick=False) as clock:
        assert [busy.get("/people").status_code for _ in range(5)] == [200, 200, 200, 429, 429]
        assert int(busy.get("/people")["Retry-After"]) == 50
        assert calm.get("/people").status_code == 200
        clock.shift(timedelta(seconds=51))
        assert busy.get("/people").status_code == 200


def test_it_slows_down_a_tenant_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "PER_TENANT", 3)
    organisation, other = kit.reseller(), kit.reseller()
    one, two, apart = caller(organisation), caller(organisation), caller(other)
    with time_machine.travel(kit.now().replace(second=10), tick=False):
        assert [who.get("/people").status_code for who in (one, two, one, two, apart)] == [200, 200, 200, 429, 200]


def test_a_defect_is_answered_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    from purser.access import people

    def broken() -> list[UUID]:
        raise ZeroDivisionError("a detail 4711")

    monkeypatch.setattr(people, "members", broken)
    answer = caller(kit.reseller()).get("/people")
    assert code(answer, 500) == "defect"
    assert b"a detail" not in answer.content


def test_its_page_and_description_are_served_by_us() -> None:
    with override_settings(STATIC_ROOT=None):
        page = Client().get("/api/v1/docs").content.decode()
    assert "://" not in page.replace("http://www.w3.org", "")
    assert "<script>" not in page
    assert Client().get("/api/v1/openapi.json").json()["info"]["title"] == "Purser"
