"""What the calls do, on a reseller whose marketplace and PSA are sandboxes."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.urls import reverse

from purser.access.models import Act
from purser.links.models import Drift, Link, Receipt, StoredPlan
from purser.links.queries import reports
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Place, code, data, signed_in
from tests.api.kit import place as place

pytestmark = pytest.mark.usefixtures("site")


def test_organisation_people_and_acts(place: Place) -> None:
    owner = place.owner
    assert data(owner.get("/organisation"))["name"] == "Harbour IT"
    assert place.only("/people")["email"] == owner.person.email
    deed = place.only("/acts", verb="tokens.make")
    assert data(owner.get(f"/acts/{deed['id']}"))["rows"][0]["id"] == deed["id"]
    assert data(owner.get("/acts?verb.is=people.invite"))["rows"] == []
    assert code(owner.get(f"/acts/{ids.new()}"), 404) == "missing"


def test_connections_are_read_tested_and_never_give_a_secret(place: Place) -> None:
    owner = place.owner
    connection = place.only("/connections", kind="autotask")
    details = owner.get(f"/connections/{connection['id']}")
    assert {one["name"] for one in data(details)["settings"] if one["kept"] and one["secret"]} == {
        "password",
        "integration_code",
    }
    assert b"autotask-secret" not in details.content
    assert data(owner.post(f"/connections/{connection['id']}/test"))["ok"] is True
    assert place.only("/connections", kind="autotask")["state"] == "ready"
    person = signed_in(place.world.organisation)
    page = reverse("connection_test", kwargs={"tenant": owner.tenant, "connection": connection["id"]})
    for _ in range(4):
        assert data(owner.post(f"/connections/{connection['id']}/test"))["ok"] is True
    assert [person.client.post(page).status_code for _ in range(5)] == [302] * 5
    assert code(owner.post(f"/connections/{connection['id']}/test"), 429) == "too_many"
    assert person.client.post(page).status_code == 503, "the tests of both doors count as one"


def test_a_person_who_confirmed_changes_a_connection_and_sees_a_secret(place: Place) -> None:
    person = signed_in(place.world.organisation)
    connection = place.only("/connections", kind="autotask")
    path = f"/connections/{connection['id']}"
    assert data(person.post(f"{path}/reveal", {"field": "password"}))["value"] == "autotask-secret"
    with tenancy.acting_in(person.tenant):
        assert Act.objects.filter(verb="connections.reveal").count() == 1
    settings = {one["name"]: one["value"] for one in data(person.get(path))["settings"] if not one["secret"]}
    body = {"version": connection["version"], "values": {**settings, "user": "other@msp.example"}}
    assert data(person("PUT", "/connections/autotask", body))["connection"]["version"] == connection["version"] + 1
    assert code(person("PUT", "/connections/autotask", body), 422) == "version"
    assert code(person("PUT", "/connections/marketplace", body), 422) == "kind"
    shop = place.only("/connections", kind="marketplace")
    meaning = {"version": shop["version"], "price_is": "sales"}
    assert data(person("PATCH", f"/connections/{shop['id']}/price", meaning))["price_is"] == "sales"


def test_pairs_are_read_configured_and_run(place: Place) -> None:
    owner = place.owner
    pair = place.only("/pairs?context=autotask")
    assert data(owner.get("/pairs?context=connectwise"))["rows"] == []
    assert [side["tone"] for side in data(owner.get(f"{place.pair}/health"))["rows"]] != []
    rules = {"version": pair["version"], "drift_policy": "psa", "every_seconds": 300}
    assert data(owner("PATCH", place.pair, rules))["every_seconds"] == 300
    assert code(owner("PATCH", place.pair, rules), 422) == "version"
    assert code(owner("PATCH", place.pair, {**rules, "every_seconds": 1}), 422) == "invalid"
    assert [data(owner.post(f"{place.pair}/runs"))["added"] for _ in range(2)] == [True, False]
    assert data(owner.post(f"{place.pair}/readings"))["added"] is True
    place.world.step()
    run = data(owner.get("/runs?context=autotask"))["rows"][0]
    assert data(owner.get(f"/runs/{run['id']}"))["state"] == run["state"]


def test_both_sides_are_read_in_pages_and_as_csv(place: Place) -> None:
    owner = place.owner
    first = data(owner.get(f"{place.pair}/customers?size=1"))
    second = data(owner.get(f"{place.pair}/customers?size=1&page=2"))
    assert [first["more"], second["more"]] == [True, False]
    names = [page["rows"][0]["name"] for page in (first, second)]
    assert names == ["Alder Dental", "Hall Bros. Transportation Co, Inc."]
    assert place.only(f"{place.pair}/customers?search=alder")["name"] == "Alder Dental"
    customer = first["rows"][0]["id"]
    assert place.only(f"{place.pair}/subscriptions?customer={customer}")["company"] == "Alder Dental"
    assert place.only(f"{place.pair}/resources?customer={customer}")["count"] == "5"
    account = place.only(f"{place.pair}/accounts", name="Alder Dental")
    agreement = place.only(f"{place.pair}/agreements?account={account['id']}")
    assert place.only(f"{place.pair}/services?agreement={agreement['id']}")["units"] == "5"
    answer = owner.get(f"{place.pair}/customers", Accept="text/csv")
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode("utf-8-sig"))))
    assert [row["name"] for row in rows] == names


def test_mapping_says_what_may_be_what(place: Place) -> None:
    owner = place.owner
    page = data(owner.get(f"{place.pair}/companies"))
    assert [(row["name"], row["relation"]) for row in page["rows"]] == [
        ("Alder Dental", None),
        ("Hall Bros. Transportation Co, Inc.", None),
    ]
    assert page["rows"][0]["suggestions"][0]["score"] == 100
    assert data(owner.get(f"{place.pair}/coverage"))["percent"] == 0
    link = place.linked()
    card = data(owner.get(f"{place.pair}/companies/{page['rows'][1]['id']}"))
    assert card["subscriptions"][0]["resources"][0]["link"] == link
    assert data(owner.get(f"{place.pair}/coverage"))["linked"] == 1


def test_relations_are_set_and_cleared_level_by_level(place: Place) -> None:
    owner = place.owner
    resource, service = place.ends()
    row = place.only(f"{place.pair}/resources", id=resource)
    agreement = place.only(f"{place.pair}/agreements", external_id="9")
    set_it = {"resource": resource, "service": service}
    assert code(owner.post(f"{place.pair}/relations", set_it), 422) == "upper"
    company = data(
        owner.post(f"{place.pair}/company-relations", {"customer": row["customer"], "account": agreement["account"]})
    )
    middle = data(
        owner.post(
            f"{place.pair}/subscription-relations",
            {"subscription": row["subscription"], "agreement": agreement["id"]},
        )
    )
    link = data(owner.post(f"{place.pair}/relations", set_it))
    assert link["state"] == "pending"
    assert code(owner.post(f"{place.pair}/relations", set_it), 422) == "linked"
    assert code(owner("DELETE", f"/company-relations/{company['id']}"), 422) == "lower"
    terms = {"version": link["version"], "price_source": "custom", "custom_price": "5.25", "decrease": "today"}
    changed = data(owner("PATCH", f"/relations/{link['id']}/terms", terms))
    assert (changed["custom_price"], changed["decrease"]) == ("5.25", "today")
    assert code(owner("PATCH", f"/relations/{link['id']}/terms", terms), 422) == "version"
    for path in (
        f"/relations/{link['id']}",
        f"/subscription-relations/{middle['id']}",
        f"/company-relations/{company['id']}",
    ):
        assert owner("DELETE", path).status_code == 204
        assert code(owner("DELETE", path), 404) == "missing"
    assert data(owner.get(f"/relations/{link['id']}"))["cleared_at"] is not None


@pytest.mark.parametrize("price", [5, 5.0, "5e3", "١٢", "1234567890123", "NaN", "-", ""])
def test_a_number_is_text_of_a_bounded_length(place: Place, price: Any) -> None:
    answer = place.owner("PATCH", f"/relations/{ids.new()}/terms", {"version": 1, "custom_price": price})
    assert code(answer, 422) == "invalid"


def test_exact_matches_are_accepted_with_an_answer_each(place: Place) -> None:
    owner, path = place.owner, f"{place.pair}/exact-companies"
    alder = place.only(path)
    assert alder["company"] == alder["account_name"] == "Alder Dental"
    exact = {"customer": alder["customer"], "account": alder["account"]}
    hall = place.only(f"{place.pair}/customers?search=hall")["id"]
    assert hall != alder["customer"]
    wanted = {"relations": [{"customer": hall, "account": alder["account"]}, exact]}
    rows = data(owner.post(path, wanted))["rows"]
    assert [(row["id"], row["ok"]) for row in rows] == [(hall, False), (alder["customer"], True)]
    assert place.only(f"{place.pair}/companies?search=alder")["relation"] is not None
    assert data(owner.get(path))["rows"] == []
    assert [row["ok"] for row in data(owner.post(path, wanted))["rows"]] == [False, False]
    assert [act.summary for act in kit.acts_of(place.world.organisation, "links.write")] == ["Mapped 1 companies by name"]


def test_a_bulk_answers_row_by_row(place: Place) -> None:
    resource, service = place.ends()
    wishes = [{"resource": resource, "service": service}, {"resource": str(ids.new()), "service": service}]
    answer = data(place.owner.post(f"{place.pair}/relations/bulk", {"relations": wishes}))
    assert [row["ok"] for row in answer["rows"]] == [True, False]
    cleared = data(place.owner.post("/relations/clear", {"ids": [answer["rows"][0]["link"], str(ids.new())]}))
    assert [row["ok"] for row in cleared["rows"]] == [True, False]


def test_reports_tell_the_numbers_of_the_portal(place: Place) -> None:
    owner, link = place.owner, place.linked()
    linked = place.only("/reports/linked?context=autotask")
    assert (linked["id"], linked["count"], linked["psa"], linked["state"]) == (link, "8", "8", "in_step")
    assert place.only("/reports/unlinked")["resource"] == "Office 365 E3"
    assert len(data(owner.get("/reports/subscriptions"))["rows"]) == 2
    with tenancy.acting_in(owner.tenant):
        assert reports.linked().count() + reports.unlinked().count() == reports.subscriptions().count() == 2
    posting = place.only("/reports/success-log")
    assert (posting["amount"], posting["after"], posting["relation"]) == ("7", "8", link)
    assert data(owner.get(f"/reports/success-log?plan.is={posting['plan']}"))["rows"] == [posting]
    assert data(owner.get("/reports/success-log?adjusted.min=2999-01-01"))["rows"] == []
    assert data(owner.get("/reports/failure-log"))["rows"] == []
    figures = data(owner.get("/figures"))
    assert (figures["linked"], figures["unlinked"]) == (1, 1)
    why = data(owner.get(f"/relations/{link}/why"))
    assert why["sum"]["expected"] == "8"
    assert data(owner.get(f"/postings/{posting['id']}/why"))["about"] == posting["id"]


def test_a_movement_tells_what_became_of_it(place: Place) -> None:
    place.linked()
    place.world.marketplace("quantity", subscription="S1", mpn="EXO1", quantity=10)
    place.world.clock.go(minutes=5)
    place.world.step()
    moved = place.only("/reports/movements")
    assert (moved["before"], moved["after"], moved["change"], moved["became"]) == ("8", "10", "2", "posted")


def test_a_plan_is_read_and_decided_by_its_digest(place: Place) -> None:
    owner = place.owner
    resource, service = place.ends()
    data(owner.post(f"{place.pair}/relations/bulk", {"relations": [{"resource": resource, "service": service}]}))
    assert data(owner.post(f"{place.pair}/previews"))["added"] is True
    place.world.step(dry=True)
    plan = place.only("/plans?state.is=preview")
    read = data(owner.get(f"/plans/{plan['id']}"))
    assert (read["changes"][0]["before"], read["changes"][0]["after"]) == ("1", "8")
    assert code(owner.post(f"/plans/{plan['id']}/approve", {"digest": "0" * 64}), 422) == "moved"
    assert code(owner.post(f"/plans/{plan['id']}/reject", {"reason": "  "}), 422) == "reason"
    approved = data(owner.post(f"/plans/{plan['id']}/approve", {"digest": plan["digest"]}))
    assert (approved["state"], approved["decided_by"]) == ("approved", str(owner.person))
    assert code(owner.post(f"/plans/{plan['id']}/reject", {"reason": "late"}), 422) == "state"
    with tenancy.acting_in(owner.tenant):
        assert StoredPlan.objects.get(pk=plan["id"]).state == "approved"


def test_a_failed_posting_is_tried_again_and_a_lost_one_decided(place: Place) -> None:
    owner, link = place.owner, place.linked()
    with tenancy.acting_in(owner.tenant):
        posting = Receipt.objects.get(link_id=link)
        Receipt.objects.filter(pk=posting.pk).update(state="refused", confirmed_at=None)
    assert place.only("/reports/failure-log")["id"] == str(posting.pk)
    rows = data(owner.post("/postings/retry", {"ids": [str(posting.pk), str(ids.new())]}))["rows"]
    assert [row["ok"] for row in rows] == [True, False]
    assert code(owner.post(f"/postings/{posting.pk}/decide", {"applied": True}), 422)
    with tenancy.acting_in(owner.tenant):
        Receipt.objects.filter(pk=posting.pk).update(state="unsure", intended_at=kit.now())
    assert code(owner.post(f"/postings/{posting.pk}/decide", {"applied": False}), 422) == "looks_first"
    with tenancy.acting_in(owner.tenant):
        Receipt.objects.filter(pk=posting.pk).update(looked_at=kit.now())
    assert data(owner.post(f"/postings/{posting.pk}/decide", {"applied": False}))["state"] == "busy"
    assert data(owner.get(f"/postings/{posting.pk}"))["amount"] == "7"


def test_a_hand_edit_is_decided(place: Place) -> None:
    owner, link = place.owner, place.linked()
    with tenancy.acting_in(owner.tenant):
        found = Drift.objects.create(
            link=Link.objects.get(pk=link),
            seen_at=place.world.clock(),
            marketplace_units=8,
            expected_units=8,
            psa_units=11,
            policy="ask",
        )
    waiting = place.only("/hand-edits?waits.is=yes")
    assert (waiting["id"], waiting["psa"], waiting["difference"]) == (str(found.pk), "11", "3")
    assert (waiting["relation"], waiting["posting"]) == (link, None)
    assert code(owner.post("/hand-edits/decide", {"ids": [str(found.pk)], "decision": "both"}), 422) == "invalid"
    body = {"ids": [str(found.pk), str(ids.new())], "decision": "psa"}
    assert [row["ok"] for row in data(owner.post("/hand-edits/decide", body))["rows"]] == [True, False]
    assert place.only("/hand-edits")["state"] == "accepted"


def test_the_check_list_is_read_and_accepted(place: Place) -> None:
    owner = place.owner
    read = data(owner.get(f"{place.pair}/checklist"))
    counts = {item["name"]: item["count"] for step in read["steps"] for item in step["items"]}
    assert (read["ready"], counts["unlinked"]) == (False, 2)
    accept = {"item": "unlinked", "count": 2, "reason": "billed by hand"}
    after = data(owner.post(f"{place.pair}/checklist", accept))
    assert next(i for s in after["steps"] for i in s["items"] if i["name"] == "unlinked")["accepted"] is True
    assert code(owner.post(f"{place.pair}/checklist", {**accept, "item": "nothing"}), 422) == "item"


def test_relations_go_out_as_text_and_come_in_again(place: Place) -> None:
    owner, link = place.owner, place.linked()
    text = data(owner.get(f"{place.pair}/text"))["text"]
    assert "company C1 -> 101" in text
    assert data(owner.post(f"{place.pair}/text/compare", {"text": text}))["same"] == 3
    owner("DELETE", f"/relations/{link}")
    compared = data(owner.post(f"{place.pair}/text/compare", {"text": text}))
    assert [change["kind"] for change in compared["changes"]] == ["added"]
    stale = {"text": text, "expect": "0" * 64}
    assert code(owner.post(f"{place.pair}/text/import", stale), 422) == "moved"
    done = data(owner.post(f"{place.pair}/text/import", {"text": text, "expect": compared["digest"]}))
    assert done["changed"] == 1


def test_renewals_are_proposed(place: Place) -> None:
    assert data(place.owner.get(f"{place.pair}/renewals"))["rows"] == []
    body = {"relation": str(ids.new()), "successor": str(ids.new())}
    assert code(place.owner.post(f"{place.pair}/renewals", body), 404) == "missing"


def test_every_change_is_one_act_of_the_person(place: Place) -> None:
    before = len(kit.acts_of(place.world.organisation, "links.write"))
    place.linked()
    (act,) = kit.acts_of(place.world.organisation, "links.write")[before:]
    assert (act.person_id, act.actor) == (place.owner.person.pk, str(place.owner.person))
