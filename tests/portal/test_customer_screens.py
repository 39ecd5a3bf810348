"""A customer's administration in a real browser: as its administrator, and as the partner with two customers in two tabs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Page, Route, expect

from purser.access import verbs
from purser.partners import consent
from purser.postgres import tenancy
from purser.tenants import grants
from purser.tenants.models import PackageStock
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain, chain
from tests.portal.browser import PHONE, WIDE, Open, assets, browser, live, screen, sound
from tests.portal.customers import at, inside

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]
__all__ = ["WIDE", "assets", "browser", "live", "screen"]

ADMINS = ("domain/", "consent/", "people/{one}/", "roles/make/")
AGENTS = ("overview/", "tunnels/", "consent/acts/", "people/")


@pytest.fixture
def made() -> Chain:
    made = chain(region="DE", domain="alder.example")
    with tenancy.acting_in(made.customer.pk):
        PackageStock.objects.create(package="UnifyTeam", total=40)
    return made


@pytest.mark.parametrize("path", ADMINS)
def test_it_shows_the_administrators_pages_soundly(made: Chain, screen: Open, path: str) -> None:
    made.ask(kit.now() - timedelta(hours=1))
    window = screen(inside(made.admin))
    window.go(at(made, path.format(one=kit.membership(made.customer, made.admin).pk)))
    assert sound(window, f"customer-{path.partition('/')[0]}") == []


@pytest.mark.parametrize("path", AGENTS)
def test_it_shows_the_bar_and_the_pages_under_it_soundly(made: Chain, screen: Open, path: str) -> None:
    made.give(kit.now())
    agent = inside(made.agent)
    agent.post(at(made, "domain/settings/"), {"contact_name": "Ada", "contact_email": "", "zone": "UTC"})
    window = screen(agent)
    window.go(at(made, path))
    assert sound(window, f"on-behalf-{path.strip('/').replace('/', '-')}") == []
    for size in (WIDE, PHONE):
        window.page.set_viewport_size({"width": size[0], "height": size[1]})
        window.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        expect(window.page.get_by_role("complementary", name="Acting on behalf")).to_be_in_viewport()


def test_two_tabs_on_two_customers_never_mix(made: Chain, screen: Open) -> None:
    now = kit.now()
    other = kit.customer("Birch Law", under=made.reseller)
    boss = kit.member(other, verbs.ADMINISTRATOR, factor=False)
    consent.give(kit.actor(other, boss, verbs.ADMINISTRATOR), scopes=grants.AREAS, days=9, reason="contract", now=now)
    made.give(now)
    window = screen(inside(made.agent))
    first, second = window.page, window.page.context.new_page()
    first.goto(window.address + at(made, "overview/"))
    second.goto(window.address + kit.url(other, "overview/"))
    for tab, mine in ((first, made.customer), (second, other), (first, made.customer), (second, other)):
        tab.get_by_role("link", name="Domain", exact=True).click()
        expect(tab.get_by_role("complementary", name="Acting on behalf")).to_contain_text(mine.number)
        tab.get_by_role("link", name="Change settings").click()
        tab.get_by_label("Main contact (optional)", exact=True).fill(f"Of {mine.name}")
        tab.get_by_role("button", name="Save").click()
        expect(tab.locator("#work .facts")).to_contain_text(f"Of {mine.name}")
        expect(tab).to_have_title(f"Domain · {mine.name} · {mine.number} · Purser")
        tab.get_by_role("link", name="Overview", exact=True).click()
    assert {act.after["contact_name"] for act in kit.acts_of(made.customer, "domain.write")} == {"Of Alder Dental"}
    assert {act.after["contact_name"] for act in kit.acts_of(other, "domain.write")} == {"Of Birch Law"}


def test_an_open_page_loses_access_when_the_consent_ends_and_one_click_leaves(made: Chain, screen: Open) -> None:
    made.give(kit.now())
    agent = inside(made.agent)
    agent.post(at(made, "domain/settings/"), {"contact_name": "Ada", "contact_email": "", "zone": "UTC"})
    window = screen(agent)
    page = window.go(at(made, "consent/acts/"))
    page.get_by_role("link", name="When").click()
    page.wait_for_url("**/consent/acts/?sort=*")  # a part of the page was renewed
    made.end(kit.now())
    page.get_by_role("link", name="Who", exact=True).click()
    over(page, made)
    page.get_by_role("link", name="What you know of Alder Dental").click()
    expect(page).to_have_url(f"{window.address}/t/{made.reseller.pk}/tenants/{made.customer.pk}/")


def over(page: Page, made: Chain) -> None:
    """The whole page says that the access has ended; nothing of the tenant is left on it."""
    expect(page.get_by_role("heading", name="Your access to Alder Dental has ended")).to_be_visible()
    expect(page.locator("main")).to_contain_text("The consent of Alder Dental was ended on")
    expect(page.locator("#on-behalf, #sidebar, form[action*='/t/']")).to_have_count(0)
    expect(page.locator("input[name=login]")).to_have_count(0)


def test_a_form_of_an_open_page_changes_nothing_after_the_end_and_says_so(made: Chain, screen: Open) -> None:
    made.give(kit.now())
    page = screen(inside(made.agent)).go(at(made, "overview/"))
    page.get_by_role("button", name="Tenant Permissions").click()
    page.get_by_role("checkbox").nth(1).click()
    made.end(kit.now())
    page.get_by_role("button", name="SAVE").click()
    over(page, made)
    expect(page.locator("main")).to_contain_text("Nothing was changed")
    with tenancy.acting_in(made.customer.pk):
        assert type(made.customer).objects.get().permissions == "abcd"


def test_a_poll_of_an_open_page_ends_with_the_consent(made: Chain, screen: Open) -> None:
    """Of the part that long work is shown by, put on a page of the tenant."""
    made.give(kit.now())
    window, asked = screen(inside(made.agent)), at(made, "consent/acts/") + "?polled=1"
    part = {"id": "run", "label": "Reading", "done": 3, "total": 9, "state": "Running", "poll_href": asked}
    poll = render_to_string("parts/progress.html", part).replace("every 3s", "every 500ms").replace("outerHTML", "none")

    def with_poll(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("</main>", f"{poll}</main>"))

    polls: list[str] = []
    window.page.on("request", lambda one: polls.append(one.url) if "polled=1" in one.url else None)
    window.page.route(f"**{at(made, 'domain/')}", with_poll, times=1)
    page = window.go(at(made, "domain/"))
    expect(page.locator("#run")).to_be_visible()
    page.wait_for_timeout(1200)
    assert len(polls) >= 2
    made.end(kit.now())
    over(page, made)
    count = len(polls)
    page.wait_for_timeout(1500)
    assert len(polls) == count


def test_save_in_the_window_of_tenant_permissions_works_with_the_keyboard(made: Chain, screen: Open) -> None:
    made.give(kit.now())
    page = screen(inside(made.agent)).go(at(made, "overview/"))
    page.get_by_role("button", name="Tenant Permissions").focus()
    page.keyboard.press("Enter")
    window = page.get_by_role("dialog", name="Tenant Permissions")
    expect(window.get_by_role("checkbox")).to_have_count(4)
    window.get_by_role("checkbox").nth(1).focus()
    page.keyboard.press("Space")
    window.get_by_role("button", name="SAVE").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#messages")).to_contain_text("Saved")
    expect(page.get_by_text("Kept by the partner")).to_have_count(1)
    with tenancy.acting_in(made.customer.pk):
        assert type(made.customer).objects.get().permissions == "acd"


def test_the_ticked_boxes_say_what_a_role_will_allow_before_it_is_saved(made: Chain, screen: Open) -> None:
    page = screen(inside(made.admin)).go(at(made, "roles/make/"))
    expect(page.locator("#allows")).to_contain_text("Nothing yet")
    page.get_by_label("See telephony", exact=True).check()
    expect(page.locator("#allows")).to_contain_text("1 permission.")
    expect(page.locator("#allows")).to_contain_text("see telephony")
