"""The API's page in a browser: it renders under our content policy and asks no other host."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.portal.browser import assets as assets
from tests.portal.browser import browser as browser
from tests.portal.browser import live as live


@pytest.mark.browser
def test_the_page_shows_the_calls_and_breaks_no_policy(browser: Browser, live: str) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("request", lambda request: hosts.add(request.url.split("/")[2]) if "://" in request.url else None)
    page.goto(f"{live}/api/v1/docs")
    page.get_by_text("Subscription report").wait_for(timeout=20_000)
    page.screenshot(path="test-results/api-docs.png")
    page.close()
    assert complaints == []
    assert hosts == {live.split("/")[2]}
