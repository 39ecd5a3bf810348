"""Collections, licences and Auto-License in a real browser, as the tenant's administrator."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.access.kit import site as site
from tests.directory.licensing import Here
from tests.partners.kit import Chain, chain
from tests.portal.browser import Open, assets, browser, live, screen, sound
from tests.portal.customers import at, inside

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site")]
__all__ = ["assets", "browser", "live", "screen"]

PAGES = {
    "overview": "overview/",
    "collections": "collections/",
    "collection": "collections/{collection}/",
    "dashboard": "collections/{collection}/edit/",
    "licences": "licences/",
    "history": "licences/history/",
    "of-user": "licences/users/{user}/",
    "auto": "auto-license/",
    "auto-collections": "auto-license/?tab=collections",
    "runs": "auto-license/runs/",
    "run-waits": "auto-license/runs/{waits}/",
    "run-done": "auto-license/runs/{done}/",
    "changes": "auto-license/changes/",
}


@pytest.fixture
def made() -> Chain:
    return chain(region="DE", domain="alder.example")


@pytest.fixture
def ids(made: Chain) -> dict[str, str]:
    """A tenant with everything to show."""
    here = Here(made.customer)
    everybody = [here.user(f"Person {n:02} of Alder", department="Front desk") for n in range(1, 25)]
    group = here.group("Front desk, Bielefeld and Halle", everybody[:12])
    here.user("Gone Already", gone_at=here.at)
    collection = here.collection("Front desk", groups=[group], users=everybody[20:22], no_users=everybody[:1])
    here.collection("All less one", all_mailboxes=True, no_users=everybody[:1])
    here.follow(collection, on=True, take_back=True)
    done = here.run()
    for user in everybody[12:20]:
        here.join(group, user)
    waits = here.scheduled()
    assert (done.state, waits.state) == ("done", "waits")
    return {"collection": str(collection), "user": str(everybody[1].pk), "done": str(done.pk), "waits": str(waits.pk)}


@pytest.mark.parametrize("name", PAGES)
def test_it_shows_its_pages_soundly(made: Chain, ids: dict[str, str], screen: Open, name: str) -> None:
    window = screen(inside(made.admin))
    window.go(at(made, PAGES[name].format(**ids)))
    assert sound(window, f"licensing-{name}") == []


def test_a_collection_is_made_with_the_keyboard_and_followed_from_the_overview(
    made: Chain, ids: dict[str, str], screen: Open
) -> None:
    page = screen(inside(made.admin)).go(at(made, "collections/"))
    page.get_by_role("link", name="New collection").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name", exact=True).fill("Night shift")
    row = page.get_by_role("listitem").filter(has_text="Person 03 of Alder")
    row.hover()
    plus = row.get_by_role("button", name="Add Person 03 of Alder")
    assert plus.evaluate("one => getComputedStyle(one).color") == plus.evaluate(
        "one => { const p = document.createElement('p'); p.style.color = 'var(--good)'; one.append(p); "
        "const c = getComputedStyle(p).color; p.remove(); return c }"
    )
    plus.click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("Night shift")
    page.get_by_role("button", name="SEARCH", exact=True).click()
    page.get_by_role("searchbox", name="Name or address of a user or group").fill("bielefeld")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Add Front desk, Bielefeld and Halle").click()
    expect(page.get_by_role("status").filter(has_text="in it now")).to_contain_text("20 users in it now")
    page.get_by_label("Name", exact=True).focus()
    page.get_by_role("button", name="SAVE").click()
    expect(page.get_by_role("heading", name="Night shift")).to_be_visible()
    page.get_by_role("link", name="Overview", exact=True).click()
    page.get_by_role("link", name="EDIT", exact=True).click()
    page.get_by_role("button", name="COLLECTIONS", exact=True).click()
    page.get_by_role("checkbox", name="Night shift").check()
    page.get_by_role("button", name="SAVE").click()
    expect(page.get_by_role("heading", name="Auto-License")).to_be_visible()
    expect(page.locator("main")).to_contain_text("Members of Front desk, Night shift are licensed")
    page.get_by_role("button", name="RUN", exact=True).click()
    expect(page.get_by_role("progressbar")).to_be_visible()
