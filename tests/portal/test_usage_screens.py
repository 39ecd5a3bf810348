"""Daily units in a real browser: home and chart, statement, why, shares, adviser, simulator; both themes and widths."""

from __future__ import annotations

from datetime import date, timedelta
from types import SimpleNamespace

import pytest
from playwright.sync_api import expect

from tests.access import kit as people
from tests.billing.reading import kit
from tests.billing.reading.kit import Desk
from tests.billing.usage import kit as engine
from tests.portal.browser import Open, assets, browser, live, screen, sound

pytestmark = [pytest.mark.browser]
__all__ = ["assets", "browser", "live", "screen"]

FIRST = date(2026, 9, 1)
NOW = engine.at(date(2026, 10, 22))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> Desk:
    """September and October to the 21st, with a peak; Alder agreed and has idle licences, Birch did not and has one."""
    for name in ("home", "adviser", "statement", "shares", "simulator"):
        monkeypatch.setattr(f"purser.portal.pages.usage.{name}.timezone", SimpleNamespace(now=lambda: NOW))
    made = kit.desk()
    made.begin(FIRST, zone="Europe/Berlin")
    counts = [
        {made.alder.pk: 30 + (day > 4) * 20 - (day > 14) * 25, made.birch.pk: 12} for _ in range(2) for day in range(1, 31)
    ]
    made.closed(FIRST, counts[:51], zone="Europe/Berlin")
    for n in range(20):
        kit.user(made.alder, f"Person {n:02}", enabled=n % 5 > 0, mailbox="user" if n % 7 else "")
    for n in range(12):
        kit.user(made.birch, f"Clerk {n:02}", enabled=n > 0)
    made.agrees(NOW - timedelta(days=1))
    return made


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("", "Daily units"),
        ("now/", "Licensed users now"),
        ("statement/?on.min=2026-10-01&on.max=2026-10-31&sort=on", "Statement"),
        ("days/2026-10-20/", "Why these numbers?"),
        ("shares/?month=2026-09", "Shares"),
        ("adviser/", "True-up adviser"),
        ("simulator/", "Simulator"),
    ],
)
def test_it_shows_the_pages_of_units_soundly(desk: Desk, screen: Open, path: str, heading: str) -> None:
    window = screen(desk.client(desk.made.agent))
    page = window.go(people.url(desk.made.reseller, f"usage/{path}"))
    expect(page.get_by_role("heading", name=heading, level=1)).to_be_visible()
    assert sound(window, f"usage-{path.partition('/')[0] or 'home'}") == []


def test_a_plan_is_made_done_and_undone_with_the_keyboard(desk: Desk, screen: Open) -> None:
    window = screen(desk.client(desk.made.agent))
    page = window.go(people.url(desk.made.reseller, "usage/adviser/"))
    page.get_by_role("button", name="Look now").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Licences to take back")
    expect(page.get_by_role("checkbox")).to_have_count(6)
    assert sound(window, "usage-advice") == []
    page.get_by_role("checkbox", name="Person 05").uncheck()
    page.get_by_role("button", name="Unlicense those ticked").click()
    expect(page.locator("#messages")).to_contain_text("5 people unlicensed.")
    assert len(kit.licensed(desk.alder)) == 15
    page.get_by_role("button", name="Undo: license 5 again").click()
    expect(page.locator("#messages")).to_contain_text("5 people licensed again.")
    assert len(kit.licensed(desk.alder)) == 20


def test_the_chart_and_its_table_say_the_same(desk: Desk, screen: Open) -> None:
    page = screen(desk.client(desk.made.agent)).go(people.url(desk.made.reseller, "usage/?month=2026-09"))
    expect(page.locator("data-chart canvas")).to_be_visible()
    page.get_by_role("button", name="Show as table").click()
    row = page.get_by_role("row", name="2026-09-20")
    expect(row).to_contain_text("37")
    expect(row).to_contain_text("62")
    row.get_by_role("link").click()
    expect(page.locator("main")).to_contain_text("Set by 2026-09-05, which counted 62.")
