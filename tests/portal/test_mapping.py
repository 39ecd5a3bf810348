"""Mapping companies, subscriptions and resources, at the page. Source: acceptance ID-11 to ID-18, ID-53 to ID-55, ID-67."""

from __future__ import annotations

import re

import pytest

from purser.access import verbs
from purser.links.models import (
    CompanyLink,
    SourceCustomer,
    SourceResource,
    SourceSubscription,
    TargetAgreement,
    TargetService,
)
from purser.postgres import tenancy
from tests import make
from tests.access import kit
from tests.portal import desk
from tests.portal.desk import Desk
from tests.portal.mapping import (
    at,
    card,
    id_of,
    open_links,
    seeded,
    set_company,
    set_resource,
    set_subscription,
    switch,
    vendors,
)

pytestmark = pytest.mark.usefixtures("pages")

__all__ = ["at", "vendors"]  # fixtures


def test_it_lists_every_company_with_its_contact_and_how_far_it_is(at: Desk) -> None:
    text = at.text("mapping")
    assert "Hall Bros. Transportation Co, Inc." in text
    assert "Alder Dental" in text
    assert "Please select a company/account to map..." in text
    assert "Contact not provided" in text
    assert text.count("No resources have been mapped") == 2


def test_it_shows_unit_and_count_of_each_resource(at: Desk) -> None:
    text = card(at)
    assert "UNIT: UNIT" in text
    assert "COUNT: 8" in text


def test_it_suggests_the_only_equal_name_and_ranks_a_likely_one(at: Desk) -> None:
    page = at.get("mapping").content.decode()
    alder = page[page.index("Alder Dental") :]
    assert f'<option value="{id_of(at, "account", "102")}" selected>Alder Dental</option>' in alder
    assert re.search(r"Suggested: Hall Brothers Transportation \(\d+% alike\)", at.text("mapping"))


def test_it_sets_three_levels_and_the_badge_goes_and_one_pass_is_asked_for(at: Desk) -> None:
    assert set_company(at).status_code == 302
    assert set_subscription(at).status_code == 302
    assert "No resources have been mapped" in card(at)
    assert set_resource(at).status_code == 302
    assert "No resources have been mapped" not in card(at)
    assert [name for name, args in at.jobs() if args.get("cause") == "link"] == ["purser.sync"]
    assert at.pass_over(cause="link").posted == 1
    assert "In step" in card(at)
    acts = kit.acts_of(at.world.organisation, "links.write")
    assert sorted(act.summary for act in acts) == [
        "Linked Exchange Online (Plan 1) to Exchange Online (Plan 1)",
        "Mapped Exchange Online (Plan 1) to 2026 Cloud Services",
        "Mapped Hall Bros. Transportation Co, Inc. to Hall Brothers Transportation",
    ]


def test_it_disables_a_lower_level_until_its_upper_is_set_and_the_server_refuses_as_well(at: Desk) -> None:
    assert "Map the company first" in card(at)
    assert "Map the subscription first" in card(at)
    early = set_subscription(at)
    assert early.status_code == 422
    assert "Map the company first." in kit.text(early)
    set_company(at)
    early = set_resource(at)
    assert early.status_code == 422
    assert "Map the subscription first." in kit.text(early)
    assert open_links(at) == 0


def test_it_refuses_nothing_chosen_and_what_is_not_there(at: Desk) -> None:
    customer = id_of(at, "customer", "C1")
    assert at.post("mapping_set_company", {"account": ""}, customer=customer).status_code == 422
    assert at.post("mapping_set_company", {"account": str(at.tenant)}, customer=customer).status_code == 404
    assert at.client.get(at.url("mapping_company", customer=at.tenant)).status_code == 404


def test_it_asks_before_unsetting_and_leaves_the_quantity_in_the_psa(at: Desk) -> None:
    link = at.linked()
    page, written = card(at), len(at.world.psa("effects"))
    assert "You're about to unset a resource. Are you sure you want to continue?" in page.replace("&#x27;", "'")
    assert at.post("mapping_unset_resource", link=link.pk).status_code == 302
    assert open_links(at) == 0
    assert at.pass_over().posted == 0
    assert len(at.world.psa("effects")) == written
    assert "No resources have been mapped" in card(at)


def test_it_links_again_after_a_gap_and_posts_the_difference_once(at: Desk) -> None:
    at.post("mapping_unset_resource", link=at.linked().pk)
    at.world.marketplace("quantity", subscription="S1", mpn="EXO1", quantity=10)
    at.go(days=1)  # Autotask takes one change of a service a day
    at.pass_over()
    assert set_resource(at).status_code == 302
    assert at.pass_over(cause="link").posted == 1
    assert "In step" in card(at)
    receipt = at.receipt()
    assert (receipt.units_before, receipt.units_after) == (8, 10)
    assert at.pass_over().posted == 0


def test_it_answers_htmx_with_the_company_only(at: Desk) -> None:
    customer = id_of(at, "customer", "C1")
    asked = {"HX-Request": "true", "HX-Target": f"section#company-{customer}"}
    answer = at.client.post(
        at.url("mapping_set_company", customer=customer), {"account": str(id_of(at, "account", "101"))}, headers=asked
    )
    body = answer.content.decode()
    assert answer.status_code == 200
    assert body.lstrip().startswith(f'<section class="card mb-2" id="company-{customer}"')
    assert "Mapped to Hall Brothers Transportation." in body


def test_it_hides_completed_mappings_when_told_and_remembers_it_for_the_person(at: Desk) -> None:
    at.linked()
    assert "Hall Bros." in at.text("mapping")
    switch(at, "hide_completed", "uninvoiced")
    assert "Hall Bros." not in at.text("mapping")
    assert "Alder Dental" in at.text("mapping")
    at.client = kit.sign_in(at.person)  # another browser, the same person
    assert "Hall Bros." not in at.text("mapping")
    other = at.as_a(verbs.READER)
    assert "Hall Bros." in kit.text(other.get(at.url("mapping")))


def test_it_shows_expired_and_linked_contracts_only_when_told() -> None:
    contracts = [
        *make.AUTOTASK_SEED["Contracts"],
        {"id": 8, "companyID": 101, "contractName": "2025 Old Services", "startDate": "2025-01-01",
         "endDate": "2025-12-31", **make.RECURRING},
    ]  # fmt: skip
    with desk.at(psa_seed=seeded(Contracts=contracts)) as at:
        set_company(at)
        assert "2025 Old Services" not in card(at)
        assert "1 more is hidden" in card(at)
        switch(at, "expired", "uninvoiced")
        assert "2025 Old Services" in card(at)
        with tenancy.acting_in(at.tenant):
            old = TargetAgreement.objects.get(external_id="8")
            second = SourceSubscription.objects.create(
                connection=at.world.sync.source,
                external_id="S9",
                seen_at=make.NOON,
                customer=SourceCustomer.objects.get(external_id="C1"),
                name="Second",
                status="active",
            )
        at.post("mapping_set_subscription", {"agreement": str(old.pk)}, subscription=second.pk)
        options = card_options(at, "S1")
        assert "2026 Cloud Services" in options
        assert "2025 Old Services" not in options
        switch(at, "expired", "uninvoiced", "linked")
        assert "2025 Old Services" in card_options(at, "S1")


def card_options(at: Desk, subscription: str) -> str:
    page = at.get("mapping_company", customer=id_of(at, "customer", "C1")).content.decode()
    start = page.index(f'id="agreement-{id_of(at, "subscription", subscription)}"')
    return page[start : page.index("</select>", start)]


def test_it_shows_inactive_subscriptions_uninvoiced_resources_and_badges_only_when_told(at: Desk) -> None:
    with tenancy.acting_in(at.tenant):
        SourceSubscription.objects.filter(external_id="S1").update(status="terminated")
        SourceResource.objects.filter(external_id="S2/E3").update(count=0)
    switch(at, "uninvoiced")
    assert "COUNT: 8" not in card(at)
    assert "COUNT: 0" in card(at, "C2")
    switch(at, "inactive", "metadata")
    assert "COUNT: 8" in card(at)
    assert "COUNT: 0" not in card(at, "C2")
    assert "S1/EXO1" in card(at)
    switch(at, "inactive")
    assert "S1/EXO1" not in card(at)


def test_it_accepts_all_exact_matches_after_showing_them(at: Desk) -> None:
    shown = at.get("mapping_exact").content.decode()
    assert "Alder Dental" in shown
    assert "Hall Bros." not in shown
    ticked = re.findall(r'name="customer" value="([^"]+)" checked', shown)
    assert len(ticked) == 1
    assert at.post("mapping_exact", {"customer": [*ticked, f"{at.tenant}:{at.tenant}"]}).status_code == 302
    assert open_links(at, CompanyLink) == 1
    assert "1 was left: it changed" in at.text("mapping")


def test_it_offers_accounts_for_what_is_typed(at: Desk) -> None:
    found = at.client.get(at.url("mapping_accounts", "?q=brothers")).json()
    assert [one["text"] for one in found] == ["Hall Brothers Transportation"]


def test_it_counts_what_is_mapped_and_what_the_rest_costs(at: Desk) -> None:
    at.linked()
    text = at.text("mapping_coverage")
    assert "50% of the resources are mapped" in text
    assert "92.00 USD a month is bought and not mapped" in text


def test_it_tells_the_cost_of_the_rest_for_a_month_also_where_it_is_billed_by_the_year(at: Desk) -> None:
    at.linked()
    with tenancy.acting_in(at.tenant):
        assert SourceSubscription.objects.exclude(external_id="S1").update(billing_period="year") == 1
    assert "7.67 USD a month is bought and not mapped" in at.text("mapping_coverage")


def test_it_reads_a_contract_on_demand(at: Desk) -> None:
    set_company(at)
    set_subscription(at)
    agreement = id_of(at, "agreement", "9")
    with tenancy.acting_in(at.tenant):
        TargetService.objects.filter(agreement_id=agreement).update(gone_at=make.NOON)
        TargetAgreement.objects.filter(pk=agreement).update(services_at=None)
    assert "Reading the services of 2026 Cloud Services" in card(at)
    customer = str(id_of(at, "customer", "C1"))
    answer = at.post("mapping_read_contract", {"customer": customer}, agreement=agreement)
    assert answer.status_code == 302
    text = card(at)
    assert "The contract was read: 1 service." in text
    assert "Reading the services" not in text


def test_it_says_what_the_psa_said_when_a_contract_cannot_be_read(at: Desk) -> None:
    at.world.psa("faults", kind="status", status=500, times=50, path=".*")
    customer = str(id_of(at, "customer", "C1"))
    answer = at.post("mapping_read_contract", {"customer": customer}, agreement=id_of(at, "agreement", "9"))
    assert answer.status_code == 422
    assert "was not read" in kit.text(answer)


def test_it_lets_a_reader_look_and_not_change(at: Desk) -> None:
    client = at.as_a(verbs.READER)
    page = kit.text(client.get(at.url("mapping_company", customer=id_of(at, "customer", "C1"))))
    assert "Exchange Online (Plan 1)" in page
    assert "Set Relation" not in page
    answer = client.post(
        at.url("mapping_set_company", customer=id_of(at, "customer", "C1")),
        {"account": str(id_of(at, "account", "101"))},
    )
    assert answer.status_code == 403


def test_it_shows_nothing_of_another_reseller(at: Desk) -> None:
    stranger = kit.sign_in(kit.member(kit.reseller("Somebody Else")))
    for name in ("mapping", "relations", "mapping_text_export"):
        assert stranger.get(at.url(name)).status_code == 404
