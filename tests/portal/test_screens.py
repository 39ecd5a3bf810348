"""The shell and a list in a real browser: light and dark, 1440 and 390 wide, with the keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.access import kit
from tests.portal import sample
from tests.portal.browser import PHONE, WIDE, Open, axe, look, sound
from tests.portal.sample import Signed

pytestmark = pytest.mark.browser


def heads(page: Page) -> list[str]:
    return [
        text.strip()
        for text in page.locator("#list-sample .list-scroll thead th:not(.tick)").all_inner_texts()
        if text.strip()
    ]


def test_it_shows_a_list_soundly_in_both_themes_and_sizes(signed: Signed, screen: Open) -> None:
    sample.many(signed.organisation, 120)
    window = screen(signed.client)
    window.go(signed.url("sample/?company.in=Alder+Dental&company.in=Repair+and+Wear&count.min=1"))
    faults = sound(window, "list")
    assert not faults, "\n".join(faults)


def test_it_shows_every_part_soundly_in_both_themes_and_sizes(signed: Signed, screen: Open) -> None:
    window = screen(signed.client)
    window.go(signed.url("gallery/"))
    faults = sound(window, "gallery")
    look(window.page, "gallery-whole", whole=True)
    assert not faults, "\n".join(faults)


def test_it_shows_sign_in_and_failures_soundly(signed: Signed, screen: Open) -> None:
    stranger = screen()
    stranger.go("/sign-in/")
    faults = sound(stranger, "sign-in")
    window = screen(signed.client)
    window.go(signed.url("nothing-here/"))
    faults += [fault for fault in sound(window, "missing") if "status of 404" not in fault]
    assert not faults, "\n".join(faults)


def test_it_refreshes_only_the_list_and_goes_back(signed: Signed, screen: Open) -> None:
    sample.many(signed.organisation, 60)
    window = screen(signed.client)
    page = window.go(signed.url("sample/"))
    page.evaluate("window.stayed = true")
    page.get_by_role("main").get_by_role("link", name="Units", exact=True).click()
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("Units")
    page.locator("td a.by-value", has_text="Alder Dental").first.click()
    expect(page.locator(".chip")).to_have_count(1)
    expect(page.locator(".list-count").first).to_have_text("12 rows")
    expect(page.locator("#status")).to_have_text("12 found.")
    assert page.evaluate("window.stayed") is True, "the page was not loaded anew"
    assert "company.is=Alder" in page.url
    page.get_by_role("link", name=re.compile("Remove the filter")).click()
    expect(page.locator(".list-count").first).to_have_text("60 rows")
    page.go_back()
    expect(page.locator(".list-count").first).to_have_text("12 rows")
    page.reload()
    expect(page.locator(".list-count").first).to_have_text("12 rows")
    expect(page.locator("data-chart canvas")).to_have_count(1)
    assert window.faults == []


def test_it_filters_and_chooses_columns_with_the_keyboard_alone(signed: Signed, screen: Open) -> None:
    sample.many(signed.organisation, 60)
    page = screen(signed.client).go(signed.url("sample/"))
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to the content")
    page.keyboard.press("Enter")
    expect(page.locator(":focus")).to_have_id("work")
    page.get_by_role("button", name="Filter").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Column", exact=True).select_option("count")
    offered = page.locator("#list-sample-o option:not([disabled])").all_inner_texts()
    assert offered == ["is", "is not", "from", "to", "is empty"]
    page.get_by_label("Rule").select_option("min")
    look(page, "filter-dialog")
    assert axe(page) == []
    page.get_by_label("Value").fill("50")
    page.keyboard.press("Enter")
    expect(page.locator(".chip").first).to_contain_text("Units from 50")
    expect(page.locator(".list-count").first).to_have_text("7 rows")

    page.get_by_role("button", name="Columns", exact=True).focus()
    page.keyboard.press("Enter")
    look(page, "columns-dialog")
    page.get_by_role("button", name="Move Price up").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("Price is now column 1 of 8.")
    page.get_by_role("checkbox", name="Written").uncheck()
    page.get_by_role("button", name="Keep as mine").click()
    expect(page.locator("#messages")).to_contain_text("this list opens like this for you")
    assert heads(page) == ["Price", "Company", "Units", "Adjusted", "State"]


def test_it_selects_rows_with_a_count_in_sight(signed: Signed, screen: Open) -> None:
    sample.many(signed.organisation, 60)
    page = screen(signed.client).go(signed.url("sample/?size=25"))
    rows = page.get_by_role("checkbox", name=re.compile("Select row"))
    rows.nth(0).check()
    rows.nth(1).check()
    expect(page.locator("[data-bulk-count]")).to_have_text("2 selected")
    page.get_by_role("checkbox", name="Select this page").check()
    expect(page.locator("[data-bulk-count]")).to_have_text("25 selected")
    page.get_by_role("button", name="Select all 60 that match").click()
    expect(page.locator("[data-bulk-count]")).to_have_text("All 60 selected")
    look(page, "bulk")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("summary", has_text="Actions").click()
    page.get_by_role("button", name="Copy this page").click()
    expect(page.locator("#status")).to_have_text("Copied.")
    copied = page.evaluate("navigator.clipboard.readText()").splitlines()
    assert copied[:2] == [
        "Company\tUnits\tPrice\tAdjusted\tWritten\tState",
        "Hall Bros. Transportation\t(3)\t(9.60) USD\t2026-07-11\t2026-07-11 12:00 UTC\tRefused",
    ]
    assert len(copied) == 26
    page.get_by_role("button", name="Try again").click()
    expect(page.locator("body")).to_have_text("60 rows")


def test_it_says_value_and_share_on_hover_and_beside_the_chart(signed: Signed, screen: Open) -> None:
    page = screen(signed.client).go(signed.url("gallery/"))
    chart = page.locator("data-chart").first
    box = chart.bounding_box()
    assert box
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2 + box["height"] * 0.29, box["y"] + box["height"] * 0.44)
    expect(page.locator(".chart-tip").first).to_have_text("Repair and Wear319 licenses (47.3%)")
    look(page, "chart-hover")
    page.get_by_role("button", name="Show as table").first.click()
    row = page.locator("#donut-table tr", has_text="Repair and Wear")
    expect(row).to_contain_text("319")
    expect(row).to_contain_text("47.3%")


def test_it_finds_a_choice_by_typing(signed: Signed, screen: Open) -> None:
    window = screen(signed.client)
    page = window.go(signed.url("gallery/"))
    box = page.get_by_role("combobox", name="Contract")
    box.click()
    box.press_sequentially("287")
    expect(page.locator(".ts-dropdown").get_by_role("option")).to_have_text(["Contract 287"])
    look(page, "find")
    assert axe(page) == []
    box.press("Enter")
    assert page.locator("#found").input_value() == "288"
    assert window.faults == []


def test_it_asks_before_it_removes_and_names_what_is_affected(signed: Signed, screen: Open) -> None:
    page = screen(signed.client).go(signed.url("gallery/"))
    page.get_by_role("button", name="Remove the relation").click()
    dialog = page.get_by_role("dialog", name="Remove the relation")
    expect(dialog).to_contain_text("Alder Dental")
    expect(dialog).to_contain_text("2 affected")
    expect(page.locator(":focus")).to_have_text("Cancel")
    look(page, "confirm")
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator(":focus")).to_have_text("Remove the relation")


def test_it_leads_to_the_first_error_and_keeps_what_was_typed(signed: Signed, screen: Open) -> None:
    window = screen(signed.client)
    page = window.go(signed.url("gallery/"))
    page.get_by_label("Name", exact=True).evaluate("field => field.removeAttribute('maxlength')")
    page.get_by_label("Name", exact=True).fill("much too long")
    page.get_by_role("button", name="Save").click()
    expect(page).to_have_title("Error: Gallery · Harbour IT · Purser")
    expect(page.locator(":focus")).to_contain_text("This was not saved. What you typed is still here.")
    expect(page.get_by_label("Name", exact=True)).to_have_value("much too long")
    expect(page.get_by_label("Name", exact=True)).to_have_attribute("aria-describedby", "id_name_hint id_name_wrong")
    look(page, "errors")
    assert axe(page) == []
    page.get_by_role("link", name=re.compile("Name:")).click()
    expect(page.locator(":focus")).to_have_id("id_name")


def test_it_opens_and_leaves_its_menus_on_a_phone(signed: Signed, screen: Open) -> None:
    page = screen(signed.client, PHONE).go(signed.url("people/"))
    page.get_by_role("button", name="Menu").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    look(page, "phone-menu")
    assert axe(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    page.locator("details.menu", has_text="account menu").locator("summary").click()
    look(page, "phone-person")
    assert axe(page) == []
    page.get_by_role("button", name="Sign out").click()
    page.goto(page.url.split("/t/")[0] + signed.url("people/"))
    assert "/sign-in/" in page.url


def test_it_never_hides_the_focus_behind_its_header(signed: Signed, screen: Open) -> None:
    sample.many(signed.organisation, 60)
    page = screen(signed.client, (WIDE[0], 500)).go(signed.url("sample/"))
    page.locator("td a.by-value").last.focus()
    for _ in range(60):
        page.keyboard.press("Shift+Tab")
        covered = page.evaluate(
            """() => {
                const at = document.activeElement.getBoundingClientRect();
                const top = document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2);
                return !top || !(document.activeElement.contains(top) || top.contains(document.activeElement)
                    || top.closest("label")?.contains(document.activeElement));
            }"""
        )
        assert not covered, page.evaluate("document.activeElement.outerHTML")


def test_it_keeps_two_windows_of_one_person_on_their_own_organisations(signed: Signed, screen: Open) -> None:
    other = kit.reseller("Birch MSP")
    with kit.tenancy.acting_in(other.pk):
        kit.people.join(person=signed.person, role="owner", organisation=other.name, now=kit.now())
    sample.many(signed.organisation, 30)
    first, second = screen(signed.client), screen(signed.client)
    first.go(signed.url("sample/"))
    second.go(f"/t/{other.pk}/sample/")
    first.page.get_by_role("main").get_by_role("link", name="Units", exact=True).click()
    expect(first.page.locator("th[aria-sort=ascending]")).to_have_text("Units")
    expect(first.page.locator(".where strong")).to_have_text("Harbour IT")
    second.page.reload()
    expect(second.page.locator(".where strong")).to_have_text("Birch MSP")
    expect(second.page.locator("#list-sample")).to_contain_text("No adjustments yet")
