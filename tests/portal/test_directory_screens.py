"""Users, groups and their source in a real browser: both themes, both widths, sound for a screen reader."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import expect

from purser.directory.models import Source
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain, chain
from tests.portal.browser import Open, assets, browser, live, screen, sound
from tests.portal.customers import at, inside
from tests.portal.directory import STAFF, file, group, loaded, people, posted, url

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]
__all__ = ["assets", "browser", "live", "screen"]

PAGES = (
    "users/",
    "users/?state.is=left",
    "users/{ada}/",
    "users/groups/",
    "users/groups/{staff}/",
    "users/groups/{sellers}/",
    "users/groups/{sellers}/change/",
    "users/source/",
    "users/source/graph/",
    "users/source/ldap/",
    "users/source/file/load/",
)


@pytest.fixture
def made() -> Chain:
    made = chain(region="DE", domain="alder.example")
    client = inside(made.admin)
    loaded(client, made)
    posted(client, url(made, "groups/new/"), {"name": "Sellers", "expression": 'department = "Sales" and enabled = true'})
    posted(
        client,
        url(made, "source/file/load/"),
        {"file": file(STAFF.replace("Bonn", "Köln").replace("Ben Moss,ben@", "Ben Moss,no ben@"))},
    )
    return made


@pytest.mark.parametrize("path", PAGES)
def test_it_shows_every_page_soundly(made: Chain, screen: Open, path: str) -> None:
    with_ids = path.format(ada=people(made)["Ada Stone"].pk, staff=group(made, "Staff").pk, sellers=group(made, "Sellers").pk)
    window = screen(inside(made.admin))
    window.go(at(made, with_ids))
    name = path.strip("/").replace("/", "-").replace("{", "").replace("}", "").replace("?", "-").replace("=", "-")
    assert sound(window, f"directory-{name}") == []


@pytest.mark.parametrize("state", ["paused", "reading", "cut", "nothing"])
def test_it_shows_the_states_of_a_source_soundly(made: Chain, screen: Open, state: str) -> None:
    fields = {
        "paused": {"state": "paused", "paused_at": kit.now(), "paused_code": "credentials", "paused_text": "Invalid secret."},
        "reading": {"state": "ready", "stage": "Members of 12 groups", "stage_at": kit.now()},
        "cut": {"state": "ready", "read_at": kit.now() - timedelta(hours=1), "whole": False, "cut": "Page 2 of users: 503."},
    }
    with tenancy.acting_in(made.customer.pk):
        if state == "nothing":
            Source.objects.all().delete()
        else:
            Source.objects.update(kind="graph", settings={"tenant": "alder.example", "client_id": "app"}, **fields[state])
    window = screen(inside(made.admin))
    window.go(at(made, "users/source/"))
    assert sound(window, f"directory-source-{state}") == []


def test_typing_an_expression_shows_who_matches_and_where_it_is_wrong(made: Chain, screen: Open) -> None:
    page = screen(inside(made.admin)).go(at(made, "users/groups/new/"))
    field = page.get_by_label("Who is in it")
    field.fill('city = "Bremen"')
    expect(page.locator("#matches")).to_contain_text("2 of 3 users.")
    expect(page.locator("#matches")).to_contain_text("Ada Stone")
    field.fill("city = Bremen")
    expect(page.locator("#matches")).to_contain_text("Column 8: expected a text in double quotes")
