"""Instances, Sync Options and accounts at vendors through the API. Rows AC-1 to AC-8, AC-10, AC-14, AC-16 to
AC-18, AC-24 to AC-27, AC-30, AC-33, F-9.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from purser.access import verbs
from purser.flows import ports
from purser.flows.accounts_to_vendor.run import run
from purser.postgres import tenancy
from purser.provisioning.models import Account, Step
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller, caller, code, data, signed_in
from tests.connectors.acronis import CLIENT, MSP, SECRET
from tests.provisioning.kit import World, ordered, taken_up, waiting
from tests.provisioning.kit import world as made_world

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def world() -> Iterator[World]:
    with made_world() as made:
        yield made


@pytest.fixture
def distributor(world: World) -> Caller:
    return caller(world.made.distributor)


@pytest.fixture
def reseller(world: World) -> Caller:
    return caller(world.made.reseller)


def of(world: World, whom: Any, path: str = "") -> str:
    return f"/vendor-accounts/of/{whom.pk}/{world.instance.pk}{path}"


def said(username: str, **more: Any) -> dict[str, Any]:
    return {"username": username, "email": f"{username}@mail.example", **more}


def test_instances_are_made_changed_and_tested_and_never_give_a_secret(world: World, distributor: Caller) -> None:
    person = signed_in(world.made.distributor)
    body = {"name": "Acronis EU", "values": {"url": world.url, "client_id": CLIENT, "client_secret": SECRET}}
    assert code(distributor.post("/instances", {"kind": "acronis", **body}), 401) == "step_up"
    made = data(person.post("/instances", {"kind": "acronis", "roles": {"partner": ["readonly_admin"]}, **body}), 201)
    row = made["instance"]
    path = f"/instances/{row['id']}"
    assert (row["state"], row["roles"], made["lacking"]) == ("new", {"partner": ["readonly_admin"]}, [])
    assert data(distributor.post(f"{path}/test")) == {
        "ok": True, "code": "", "text": "Acronis: partner tenant Harbour IT.",
    }  # fmt: skip
    changed = {"name": "Acronis Europe", "values": {"url": world.url, "client_id": "x"}, "version": 1, "drift_policy": "heal"}
    kept = data(person("PUT", path, changed))
    assert (kept["wiped"], kept["lacking"], kept["instance"]["state"]) == (["Client secret"], ["Client secret"], "new")
    assert code(person("PUT", path, changed), 422) == "version"
    assert code(distributor.post(f"{path}/test"), 422) == "lacking"
    assert data(person.post(f"{path}/pause", {"why": "audit"}))["paused_code"] == "person"
    whole = distributor.get(path)
    assert SECRET.encode() not in whole.content
    assert data(whole)["drift_policy"] == "heal"
    names = [one["name"] for one in data(distributor.get("/instances"))["rows"]]
    assert names == ["Acronis", "Acronis Europe"]
    assert code(caller(world.made.reseller).get(path), 404) == "missing"


def test_save_and_synchronize_of_a_reseller_and_its_customer(world: World, distributor: Caller, reseller: Caller) -> None:
    customer = world.made.customer
    answer = reseller("PUT", of(world, customer, "/options"), said("amy"))
    error = data(answer, 422)["error"]
    assert (error["code"], world.made.reseller.name in error["text"]) == ("not_synced", True)
    assert (error["organisation"], error["instance"]) == (str(world.made.reseller.pk), str(world.instance.pk))
    assert code(distributor("PUT", of(world, world.made.reseller, "/options"), said("rita", parent="Acme")), 422) == "parent"
    saved = data(distributor("PUT", of(world, world.made.reseller, "/options"), said("rita")))
    assert (saved["provisions"], saved["account"]["role"], saved["account"]["bill_to"]) == (True, "reseller", None)
    assert waiting(saved["account"]["id"]) == 1
    assert code(reseller("PUT", of(world, customer, "/options"), said("taken")), 422) == "login_taken"
    assert code(reseller("PUT", of(world, customer, "/options"), said("rita")), 422) == "login_taken"
    saved = data(reseller("PUT", of(world, customer, "/options"), {"username": "amy@x.example", "email": "amy@x.example"}))
    assert (saved["provisions"], saved["account"]["bill_to_name"]) == (False, "Acme IT")
    assert "the same" in saved["warnings"][0]
    assert waiting(saved["account"]["id"]) == 0


def test_status_says_synced_and_what_is_to_come_for_each_system(world: World, distributor: Caller) -> None:
    world.another("Acronis EU")
    path = f"/vendor-accounts/of/{world.direct.pk}"
    rows = data(distributor.get(path))["rows"]
    assert [(row["instance_name"], row["status"], row["account"]) for row in rows] == [
        ("Acronis", "Not synced", None),
        ("Acronis EU", "Not synced", None),
    ]
    assert code(distributor.get(of(world, world.direct)), 404) == "missing"
    data(distributor("PUT", of(world, world.direct, "/options"), said("bea")))
    first, second = data(distributor.get(path))["rows"]
    assert first["status"] == "Synced; the tenant is created with the first subscription"
    assert second["status"] == "Not synced"
    assert "not as a trial" in first["words"]
    one = data(distributor.get(of(world, world.direct)))
    assert (one["account"]["username"], one["steps"], one["findings"]) == ("bea", [], [])
    listed = data(distributor.get("/vendor-accounts?state.is=prepared"))["rows"]
    assert [row["username"] for row in listed] == ["bea"]
    to_sync = data(distributor.get("/vendor-accounts/to-sync?accounts.max=0"))["rows"]
    assert {row["name"] for row in to_sync} == {"Acme IT", "Alder Dental"}


def test_an_account_says_what_its_subscriptions_wait_for(world: World, distributor: Caller) -> None:
    """Source: acceptance AC-18, AC-30."""
    world.save(world.provider, world.made.reseller, "rita")
    whom = world.made.customer
    account = world.save(world.reseller, whom, "amy").account
    assert data(distributor.get(of(world, whom)))["waiting"] == []
    subscription = ordered(account, {"services": []})
    assert run(tenant=whom.pk, account_id=account.pk, clock=kit.now).state == "prepared"
    (one,) = data(distributor.get(of(world, whom)))["waiting"]
    assert (one["id"], one["offer_name"]) == (str(subscription.pk), "Protect")
    assert one["state_text"] == "The tenant of Acme IT at Acronis has to stand first."


def test_who_is_not_above_finds_nothing(world: World, reseller: Caller) -> None:
    assert code(reseller.get(f"/vendor-accounts/of/{world.direct.pk}"), 404) == "missing"
    assert code(reseller("PUT", of(world, world.direct, "/options"), said("bea")), 404) == "missing"
    assert code(reseller("PUT", of(world, world.made.reseller, "/options"), said("rita")), 422) == "provider"


def row(world: World) -> Account:
    found = world.account(world.made.reseller)
    assert found is not None
    return found


def work(world: World, **later: int) -> str:
    """The worker's part, on the reseller."""
    whom = world.made.reseller.pk
    return run(tenant=whom, account_id=row(world).pk, clock=lambda: kit.now() + timedelta(**later)).state


def test_a_reseller_is_provisioned_mailed_again_and_removed(world: World, distributor: Caller) -> None:
    world.app.control("item", {"tenant": MSP, "name": "notarizations", "status": 0})
    at = of(world, world.made.reseller)
    data(distributor("PUT", f"{at}/options", said("rita")))
    told = data(distributor.get(f"{at}/next-calls"))
    assert [call["method"] for call in told["calls"]][:2] == ["create", "open"]
    assert work(world) == "provisioned"
    shown = data(distributor.get(at))
    assert (shown["status"], shown["account"]["state"]) == ("Provisioned", "provisioned")
    assert [call["stage"] for call in told["calls"]] == [step["what"] for step in reversed(shown["steps"])]
    assert {step["state"] for step in shown["steps"]} == {"done"}
    assert data(distributor.get(f"{at}/next-calls"))["calls"] == []
    assert distributor.post(f"{at}/activation").status_code == 503
    with tenancy.acting_in(world.made.reseller.pk):
        Account.objects.update(mailed_at=kit.now() - timedelta(hours=1))
    assert data(distributor.post(f"{at}/activation"))["state"] == "done"
    taken_up(row(world).pk)
    world.app.control("item", {"tenant": MSP, "name": "notarizations", "status": 1})
    assert data(distributor.post(f"/instances/{world.instance.pk}/push")) == {"count": 1}
    assert (waiting(row(world).pk), work(world)) == (1, "provisioned")
    held = ports.accounts(world.instance).offerings(row(world).remote).items.values()
    assert "notarizations" in {offering.name for offering in held if offering.enabled}
    assert data(distributor.post(f"{at}/retry"))["state"] == "provisioned"
    gone = {"name": "Acme IT", "why": "They left"}
    assert code(distributor.post(f"{at}/remove", gone), 401) == "step_up"
    person = signed_in(world.made.distributor)
    assert code(person.post(f"{at}/remove", {**gone, "name": "Acme"}), 422) == "name"
    assert data(person.post(f"{at}/remove", gone))["state"] == "removing"
    assert work(world) == "removed"


def test_what_is_half_done_is_listed_decided_adopted_and_removed(world: World, distributor: Caller) -> None:
    at = of(world, world.made.reseller)
    data(distributor("PUT", f"{at}/options", said("rita")))
    theirs = "0a305354-6efc-4b81-858d-000000000077"
    world.app.control("tenant", {"id": theirs, "name": "Acme", "kind": "partner", "parent_id": MSP})
    assert code(distributor.post(f"{at}/adopt", {"remote": "0a305354-6efc-4b81-858d-000000000099"}), 422) == "not_found"
    assert data(distributor.post(f"{at}/adopt", {"remote": theirs}))["id"] == str(row(world).pk)
    world.app.control("refuse", {"number": 1026, "method": "PUT", "path": "offering_items", "times": 9})
    assert work(world) == "failed"
    (half,) = data(distributor.get("/vendor-accounts/half-done"))["rows"]
    assert (half["name"], half["what"], half["state"]) == ("Acme IT", "offerings", "refused")
    assert code(distributor.post(f"{at}/decide", {"stage": "mail", "happened": True}), 422) == "state"
    account = row(world)
    with tenancy.acting_in(account.tenant_id):
        Step.objects.create(account=account, partner_id=account.partner_id, distributor_id=account.distributor_id,
                            what="mail", state="asked", first_at=kit.now(), intended_at=kit.now())  # fmt: skip
    decided = data(distributor.post(f"{at}/decide", {"stage": "mail", "happened": False, "note": "Not there"}))
    assert (decided["state"], "Not there" in decided["text"]) == ("busy", True)
    assert code(distributor.post(f"{at}/take-back", {"why": "By mistake"}), 422) == "whole", "it was not made by us"
    gone = {"name": "Acme IT", "why": "By mistake"}
    assert data(signed_in(world.made.distributor).post(f"{at}/remove", gone))["state"] == "removing"
    assert work(world, hours=1) == "removed"
    assert data(distributor.get("/vendor-accounts/half-done"))["rows"] == []


def test_what_somebody_changed_there_is_listed_put_right_or_accepted(world: World, distributor: Caller) -> None:
    data(distributor("PUT", of(world, world.made.reseller, "/options"), said("rita")))
    work(world)
    found = {}
    for name in ("Acme & Sons", "Acme & Daughters"):
        world.app.control("tenant", {"id": row(world).remote, "name": name})
        told = data(distributor.post(f"/instances/{world.instance.pk}/compare"))
        assert (told["accounts"], told["open"], told["text"]) == (1, 1, "")
        assert "Cedar Systems" in [one["name"] for one in told["strangers"]]
        (one,) = data(distributor.get("/vendor-findings?state.is=open"))["rows"]
        found[name] = one["id"]
        assert (one["what"], one["ours"], one["theirs"]) == ("name", "Acme IT", name)
    path = f"/vendor-findings/{world.made.reseller.pk}"
    assert code(distributor.post(f"{path}/{found['Acme & Sons']}/heal"), 404) == "missing"
    assert data(distributor.post(f"{path}/{found['Acme & Daughters']}/heal"))["state"] == "open"
    assert data(distributor.post(f"{path}/{found['Acme & Daughters']}/accept", {"why": "Theirs"}))["state"] == "accepted"
    assert data(distributor.get("/vendor-findings?state.is=open"))["rows"] == []


def test_what_one_may_not_is_refused_by_verb_and_by_the_tree(world: World, reseller: Caller) -> None:
    world.save(world.provider, world.made.reseller, "rita")
    at = of(world, world.made.reseller)
    for path in ("retry", "activation"):
        assert code(reseller.post(f"{at}/{path}"), 404) == "missing", "nobody does it to himself"
    book = caller(world.made.distributor, verbs.BOOKKEEPER)
    assert code(book.post(f"{at}/retry"), 403) == "denied"
    assert code(book("PUT", f"{at}/options", said("x")), 403) == "denied"
    assert code(caller(world.made.customer, verbs.ADMINISTRATOR).get("/vendor-accounts"), 403) == "denied"


def test_a_removal_is_given_up(world: World, distributor: Caller) -> None:
    at = of(world, world.made.reseller)
    data(distributor("PUT", f"{at}/options", said("rita")))
    work(world)
    assert code(distributor.post(f"{at}/give-up", {"why": "They stay"}), 422) == "state"
    inside = signed_in(world.made.distributor)
    data(inside.post(f"{at}/remove", {"name": "Acme IT", "why": "They left"}))
    assert data(distributor.post(f"{at}/give-up", {"why": "They stay"}))["state"] == "provisioned"


def test_sync_options_name_what_is_fixed(world: World, distributor: Caller) -> None:
    def fixed() -> list[str]:
        (one,) = data(distributor.get(f"/vendor-accounts/of/{world.made.reseller.pk}"))["rows"]
        return list(one["fixed"])

    at = of(world, world.made.reseller)
    data(distributor("PUT", f"{at}/options", said("rita")))
    assert fixed() == []
    world.app.control("take_login", {"login": "rita"})
    assert work(world) == "failed"
    assert fixed() == ["parent"]
    data(distributor("PUT", f"{at}/options", said("rita.two", version=row(world).version)))
    assert work(world) == "provisioned"
    assert fixed() == ["email", "parent", "username"]


def test_tenants_that_no_account_has_are_listed_shown_and_ignored(world: World, distributor: Caller) -> None:
    data(distributor("PUT", of(world, world.made.reseller, "/options"), said("rita")))
    told = data(distributor.post(f"/instances/{world.instance.pk}/compare"))
    assert (told["unread"], [one["name"] for one in told["strangers"]]) == ([], ["Cedar Systems"])
    (one,) = data(distributor.get("/vendor-strangers?state.is=open"))["rows"]
    path = f"/vendor-strangers/{told['strangers'][0]['id']}"
    shown = data(distributor.get(path))
    assert (shown["remote"], shown["state"]) == (one["remote"], "open")
    assert data(distributor.post(f"{path}/ignore", {"why": "A test of ours"}))["state"] == "ignored"
    assert code(distributor.post(f"{path}/ignore", {"why": "Again"}), 422) == "state"
    assert data(distributor.post(f"/instances/{world.instance.pk}/compare"))["strangers"] == []
    assert code(caller(world.made.reseller).get(path), 404) == "missing"
