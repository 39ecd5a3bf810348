"""Mapping over the API: what the portal's mapping and relation pages show stands in the answers too.

Source: acceptance ID-14 to ID-16, ID-42, ID-56, ID-60, ID-62, ID-67.
"""

from __future__ import annotations

import html
import re
from datetime import date
from typing import Any

import pytest
from django.urls import reverse

from purser.access import verbs
from purser.links.models import Link, Run, SourceCustomer, SourceResource, TargetAccount, TargetAgreement, TargetService
from purser.postgres import ids, tenancy
from tests import make
from tests.access.kit import site as site
from tests.api.kit import Caller, Place, code, data, signed_in
from tests.api.kit import place as place
from tests.portal import desk

pytestmark = pytest.mark.usefixtures("site")
LATER = {
    **make.AUTOTASK_SEED,
    "Contracts": [
        *make.AUTOTASK_SEED["Contracts"],
        {"id": 19, "companyID": 101, "contractName": "2027 Cloud Services", "startDate": "2027-01-01",
         "endDate": "2027-12-31", **make.RECURRING},
    ],
}  # fmt: skip


def mapped(place: Place) -> dict[str, Any]:
    """Hall and its subscription are mapped, nothing is linked; the address of the company's card, and the contract's id."""
    resource = place.only(f"{place.pair}/resources", external_id="S1/EXO1")
    contract = place.only(f"{place.pair}/agreements", external_id="9")
    body = {"customer": resource["customer"], "account": contract["account"]}
    data(place.owner.post(f"{place.pair}/company-relations", body))
    body = {"subscription": resource["subscription"], "agreement": contract["id"]}
    data(place.owner.post(f"{place.pair}/subscription-relations", body))
    return {"card": f"{place.pair}/companies/{resource['customer']}", "contract": contract["id"]}


def test_a_company_tells_its_contacts_on_both_sides(place: Place) -> None:
    card = mapped(place)["card"]
    with tenancy.acting_in(place.owner.tenant):
        SourceCustomer.objects.filter(external_id="C1").update(contact_name="Ida Hall", contact_email="ida@hall.example")
        TargetAccount.objects.filter(external_id="101").update(contact="Accounts at Hall")
    for company in (
        place.only(f"{place.pair}/companies", name="Hall Bros. Transportation Co, Inc."),
        data(place.owner.get(card))["company"],
    ):
        told = company["contact_name"], company["contact_email"], company["account_contact"]
        assert told == ("Ida Hall", "ida@hall.example", "Accounts at Hall")
    alder = place.only(f"{place.pair}/companies", name="Alder Dental")
    assert (alder["contact_name"], alder["contact_email"], alder["account_contact"]) == ("", "", "")


def test_the_services_of_a_contract_are_read_now(place: Place) -> None:
    at = mapped(place)
    path = f"{place.pair}/agreements/{at['contract']}/readings"
    with tenancy.acting_in(place.owner.tenant):
        TargetService.objects.filter(agreement_id=at["contract"]).delete()
        TargetAgreement.objects.filter(pk=at["contract"]).update(services_at=None)
    (before,) = data(place.owner.get(at["card"]))["subscriptions"]
    assert (before["unread"], before["resources"][0]["choices"]) == (True, [])
    assert data(place.owner.post(path)) == {"services": 1}
    (after,) = data(place.owner.get(at["card"]))["subscriptions"]
    assert (after["unread"], [one["name"] for one in after["resources"][0]["choices"]]) == (
        False,
        ["Exchange Online (Plan 1)"],
    )


def test_a_contract_that_cannot_be_read_is_refused_with_the_words_of_the_psa(place: Place) -> None:
    at = mapped(place)
    path = f"{place.pair}/agreements/{at['contract']}/readings"
    assert code(place.owner.post(f"{place.pair}/agreements/{ids.new()}/readings"), 404) == "missing"
    place.world.psa("faults", kind="status", status=401, times=10)
    refused = place.owner.post(path)
    assert code(refused, 422) == "read"
    assert "2026 Cloud Services was not read: " in data(refused, 422)["error"]["text"]
    reader = signed_in(place.world.organisation, verbs.READER)
    assert code(reader.post(path), 403) == "denied"


def test_a_card_tells_what_a_program_must_know_before_it_links(place: Place) -> None:
    at = mapped(place)
    with tenancy.acting_in(place.owner.tenant):
        SourceResource.objects.filter(external_id="S1/EXO1").update(usage_based=True)
        old = TargetAgreement.objects.get(external_id="9")
        old.pk, old.external_id, old.ends_on = ids.new(), "8", date(2025, 12, 31)
        old.save(force_insert=True)
    (subscription,) = data(place.owner.get(at["card"]))["subscriptions"]
    (resource,) = subscription["resources"]
    assert (subscription["hidden"], len(subscription["choices"])) == (1, 1)
    shown = data(place.owner.get(f"{at['card']}?expired=true"))["subscriptions"][0]
    assert (shown["hidden"], len(shown["choices"])) == (0, 2)
    assert [one["kind"] for one in resource["choices"]] == ["service"]
    assert (resource["usage_based"], resource["unit_price"], resource["currency"]) == (True, "3.2", "USD")
    assert (resource["link"], resource["state"]) == (None, "")
    wish = {"resource": resource["id"], "service": resource["choices"][0]["id"]}
    assert code(place.owner.post(f"{place.pair}/relations", wish), 422) == "usage_rule"
    link = data(place.owner.post(f"{place.pair}/relations", {**wish, "usage_divisor": "2"}))
    resource = data(place.owner.get(at["card"]))["subscriptions"][0]["resources"][0]
    assert (resource["link"], resource["state"], resource["aside"]) == (link["id"], "pending", "")


def test_a_sure_proposal_is_the_one_that_the_portal_has_chosen_and_can_be_set(place: Place) -> None:
    path = f"{place.pair}/proposals"
    owner = signed_in(place.world.organisation)
    hall = place.only(path, company="Hall Bros. Transportation Co, Inc.")
    assert (hall["account"], hall["mapped"], hall["service"], hall["reason"], hall["choices"]) == (None, False, None, "", [])
    alder = place.only(f"{path}?search=alder")
    page = owner.client.get(reverse("relations", kwargs={"tenant": owner.tenant})).content.decode()
    assert re.findall(r'<option value="([^"]+)" selected>', page) == [alder["service"]]
    assert (alder["account_name"], alder["mapped"], alder["name"]) == ("Alder Dental", False, "Office 365 E3")
    assert [(one["id"], one["agreement"]) for one in alder["choices"]] == [(alder["service"], alder["agreement"])]
    assert alder["reason"]
    pages = [data(place.owner.get(f"{path}?size=1&page={number}")) for number in (1, 2)]
    assert [(page["rows"][0]["company"], page["more"]) for page in pages] == [
        ("Alder Dental", True),
        ("Hall Bros. Transportation Co, Inc.", False),
    ]
    wish = {"relations": [{"resource": alder["resource"], "service": alder["service"]}]}
    assert [row["ok"] for row in data(place.owner.post(f"{place.pair}/relations/bulk", wish))["rows"]] == [True]
    assert place.only(path)["company"] == "Hall Bros. Transportation Co, Inc."
    assert data(place.owner.get(f"{path}?search=alder"))["rows"] == []


def test_a_renewal_names_its_company() -> None:
    with desk.at(psa_seed=LATER) as here:
        link = here.linked()
        owner = Caller(here.tenant, here.person, here.client)
        (row,) = data(owner.get(f"/pairs/{here.world.sync.pk}/renewals"))["rows"]
        with tenancy.acting_in(here.tenant):
            customer = Link.objects.get(pk=link.pk).resource.customer_id
        assert (row["company"], row["customer"]) == ("Hall Bros. Transportation Co, Inc.", str(customer))
        assert row["successor_name"] == "2027 Cloud Services"


def test_what_a_pass_left_alone_and_why_is_told_wherever_the_relation_is() -> None:
    with desk.at() as here:
        link, other = here.linked(), here.world.link("S2/E3", desk.OTHER)
        here.go(minutes=2)
        here.pass_over(cause="link")
        with tenancy.acting_in(here.tenant):
            before = Run.objects.latest("started_at")
        here.go(minutes=2)
        here.world.psa("access", entity="ContractServices", level=2, hide=[12])
        here.world.marketplace("quantity", subscription="S2", mpn="E3", quantity=6)
        assert here.pass_over().aside == 1
        owner = Caller(here.tenant, here.person, here.client)
        with tenancy.acting_in(here.tenant):
            run, customer = Run.objects.latest("started_at"), Link.objects.get(pk=link.pk).resource.customer_id
        reason = "Exchange Online (Plan 1) is not on the agreement any more, or was not read."

        (aside,) = data(owner.get(f"/runs/{run.pk}"))["asides"]
        assert aside == {
            "link": str(link.pk),
            "company": "Hall Bros. Transportation Co, Inc.",
            "resource": "Exchange Online (Plan 1)",
            "reason": reason,
        }
        assert data(owner.get(f"/runs/{before.pk}"))["asides"] == []
        assert data(owner.get(f"/relations/{link.pk}"))["aside"] == reason
        assert data(owner.get(f"/relations/{other.pk}"))["aside"] == ""
        assert data(owner.get(f"/relations/{link.pk}/why"))["relation"]["aside"] == reason
        card = data(owner.get(f"/pairs/{here.world.sync.pk}/companies/{customer}"))
        assert card["subscriptions"][0]["resources"][0]["aside"] == reason
        rows = data(owner.get("/reports/linked?columns=aside&sort=company"))["rows"]
        assert [row["aside"] for row in rows] == ["", reason]

        plan = here.plan(run=run)
        told = data(owner.get(f"/plans/{plan.pk}"))
        assert (told["psa"], told["cause"]) == ("Autotask", "monitor")
        assert told["asides"] == here.get("plan", "?format=json", plan=plan.pk).json()["asides"]
        assert [(one["link"], one["reason"]) for one in told["asides"]] == [(str(link.pk), reason)]
        assert reason in html.unescape(here.get("plan", plan=plan.pk).content.decode())

        assert owner("DELETE", f"/relations/{link.pk}").status_code == 204
        assert data(owner.get(f"/relations/{link.pk}"))["aside"] == "", "what was cleared is held back by nothing"
