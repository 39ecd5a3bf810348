"""Mapping and configuration in a real browser: both themes and sizes, and the whole of a relation by hand."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from purser.access.vendor_settings import Kinds
from purser.links import kinds
from tests.portal import desk
from tests.portal.browser import Open, sound
from tests.portal.mapping import card, id_of, open_links, set_company, set_subscription, switch
from tests.portal.test_renewals import renewed

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("pages")]


@pytest.fixture(autouse=True)
def vendors() -> None:
    from purser.config import wiring

    kinds.use(Kinds(wiring.FIELDS, wiring.check_addresses))


def test_it_shows_mapping_and_configuration_soundly_in_both_themes_and_sizes(screen: Open) -> None:
    with desk.at(psa_seed=renewed()) as at:
        link = at.linked()
        switch(at, "metadata", "uninvoiced", "expired", "linked")
        customers = [id_of(at, "customer", one) for one in ("C1", "C2")]
        pages = {
            "mapping": at.url("mapping"),
            "mapping-linked": at.url("mapping_company", customer=customers[0]),
            "mapping-open": at.url("mapping_company", customer=customers[1]),
            "mapping-terms": at.url("mapping_terms", link=link.pk),
            "mapping-exact": at.url("mapping_exact"),
            "mapping-renewals": at.url("mapping_renewals"),
            "mapping-text": at.url("mapping_text"),
            "relations": at.url("relations"),
            "relations-mapped": at.url("relations", "?mapped=1"),
            "marketplace": at.url("marketplace"),
            "autotask": at.url("autotask"),
            "autotask-change": at.url("autotask_edit"),
            "connectwise": at.url("connectwise"),
            "setup": at.url("mapping", "?context=connectwise"),
            "schedule": at.url("schedule"),
            "dictionary": at.url("dictionary"),
        }
        window = screen(at.client)
        faults = []
        for name, address in pages.items():
            window.go(address)
            faults += [f"{name}: {fault}" for fault in sound(window, name)]
            window.faults.clear()
        assert not faults, "\n".join(faults)


def test_it_sets_and_unsets_a_relation_by_hand(screen: Open) -> None:
    with desk.at() as at:
        page = screen(at.client).go(at.url("mapping"))
        page.get_by_role("link", name="Alder Dental").click()
        company = page.locator(f"#company-{id_of(at, 'customer', 'C2')}")
        expect(company.get_by_text("Map the subscription first")).to_be_attached()
        company.get_by_role("button", name="Map", exact=True).first.click()
        expect(company.locator(".note-good")).to_be_focused()
        expect(company.locator(".note-good")).to_have_text("Mapped to Alder Dental.")
        company.get_by_label("Contract of Office 365 E3").select_option(label="Alder Cloud, to 2026-12-31")
        company.get_by_role("button", name="Map", exact=True).click()
        company.get_by_role("button", name="Set Relation of Office 365 E3").click()
        expect(company.get_by_text("All resources are mapped")).to_be_visible()
        company.get_by_role("button", name="Unset Relation of Office 365 E3").click()
        expect(page.get_by_text("You're about to unset a resource. Are you sure you want to continue?")).to_be_visible()
        page.get_by_role("button", name="OK").click()
        expect(company.get_by_text("No resources have been mapped").first).to_be_visible()


def test_it_reads_a_contract_by_itself_when_its_card_opens(screen: Open) -> None:
    from purser.links.models import TargetAgreement
    from purser.postgres import tenancy

    with desk.at() as at:
        set_company(at)
        set_subscription(at)
        with tenancy.acting_in(at.tenant):
            TargetAgreement.objects.filter(external_id="9").update(services_at=None)
        assert "Read them now" in card(at)
        page = screen(at.client).go(at.url("mapping_company", customer=id_of(at, "customer", "C1")))
        expect(page.locator("#work").get_by_text("The contract was read: 1 service.")).to_be_visible()


def test_it_reveals_and_hides_a_secret(screen: Open) -> None:
    with desk.at() as at:
        page = screen(at.client).go(at.url("autotask"))
        page.get_by_role("button", name="Reveal Account Password").click()
        expect(page.get_by_text("autotask-secret")).to_be_visible()
        expect(page.get_by_role("button", name="Copy")).to_be_visible()
        page.get_by_role("button", name="Hide").click()
        expect(page.get_by_text("autotask-secret")).to_have_count(0)


def test_it_asks_before_it_clears_many_also_when_enter_is_pressed_in_a_tick_box(screen: Open) -> None:
    """Source: acceptance ID-54, ID-57."""
    with desk.at() as at:
        at.linked()
        page = screen(at.client).go(at.url("relations", "?mapped=1"))
        box = page.get_by_role("checkbox", name="Select Exchange Online (Plan 1) of Hall Bros. Transportation Co, Inc.")
        box.check()
        box.press("Enter")
        asked = page.get_by_role("dialog", name="Clear Relations")
        expect(asked).to_contain_text("You're about to unset the selected resources. Are you sure you want to continue?")
        asked.get_by_role("button", name="Cancel").click()
        assert open_links(at) == 1
        page.get_by_role("button", name="Clear Relations").click()
        asked.get_by_role("button", name="OK").click()
        expect(page.get_by_role("heading", name="Cleared relations")).to_be_visible()
        assert open_links(at) == 0
