"""The bell, the list behind it, how notices reach somebody, and the button that follows. Source: ux 37."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from purser.access import verbs
from tests import make
from tests.access import kit
from tests.access.kit import site as site
from tests.notices.kit import kinds, letters, made, now, told
from tests.partners.kit import Chain, chain
from tests.portal.browser import Open, assets, browser, live, look, screen, sound
from tests.portal.customers import inside

__all__ = ["assets", "browser", "live", "made", "now", "screen"]
pytestmark = pytest.mark.usefixtures("site")


def url(made: Chain, path: str = "") -> str:
    return kit.url(made.reseller, f"notices/{path}")


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, answer.content.decode()[:1000]
    return answer.content.decode()


def bell(text: str) -> str:
    """What the bell says, "" where there is none."""
    found = re.search(r'<a class="head-button" id="bell".*?</a>', text, re.S)
    return re.sub(r"\s+", " ", re.sub("<[^>]+>", "", found.group())).strip() if found else ""


def rows(text: str) -> list[str]:
    return re.findall(r'data-label="What"[^>]*>\s*<a[^>]*>(.*?)</a>', text)


def form(who: str = "now", **more: Any) -> dict[str, Any]:
    """The settings as the page sends them, with `kind-field` values of one's own."""
    kinds_ = ("consent_given", "consent_refused", "consent_ended", "enabling_sent", "enabling_answered", "look_ended")
    billing = ("connection_paused", "plan_waits", "hand_edit_waits")
    units = ("purchase_paid", "purchase_declined", "purchase_waits", "auto_capped", "card_expires", "refund_made")
    others = (
        "tenant_licensing",
        "order_waits",
        "change_refused",
        "margin_low",
        "task_overdue",
        "instance_paused",
        "account_half_done",
        "card_gone",
    )
    return {f"{kind}-mail": who for kind in (*kinds_, *billing, *units, *others)} | more


GIVEN, ENDED = "Alder Dental gave its consent", "Alder Dental ended its consent"


def test_the_bell_says_on_every_page_how_many_are_unread(made: Chain) -> None:
    client = inside(made.owner)
    for path in ("", "people/", "tenants/", "notices/", "settings/"):
        assert bell(page(client, kit.url(made.reseller, path))) == "Notices, 2 unread", path
    other = inside(kit.member(made.reseller))
    assert bell(page(other, kit.url(made.reseller, ""))) == "Notices"


def test_it_lists_them_newest_first_and_the_unread_alone(made: Chain) -> None:
    client = inside(made.owner)
    assert rows(page(client, url(made))) == [ENDED, GIVEN]
    first = told(made.reseller, made.owner)[0]
    assert client.post(url(made, "read/"), {"row": [str(first.pk)]}).status_code == 302
    text = page(client, url(made, "?state.is=unread"))
    assert rows(text) == [ENDED]
    assert bell(text) == "Notices, 1 unread"
    assert rows(page(client, url(made, "?size=25&page=2"))) == []


def test_it_says_why_it_is_empty_and_where_to_go(made: Chain) -> None:
    text = page(inside(kit.member(made.reseller)), url(made))
    assert "No notices yet" in text
    assert url(made, "settings/") in text
    assert "Mark all as read" not in text


def test_to_open_one_changes_nothing_and_to_have_seen_it_does(made: Chain) -> None:
    client = inside(made.owner)
    row = told(made.reseller, made.owner)[1]
    text = page(client, url(made, f"{row.pk}/"))
    assert ENDED in text
    assert "Reason: We parted" in text
    assert f'href="/t/{made.reseller.pk}/tenants/{made.customer.pk}/"' in text
    assert told(made.reseller, made.owner)[1].read_at is None
    headers = {"HX-Request": "true", "HX-Target": "a#bell"}
    answer = client.post(url(made, "read/"), {"row": str(row.pk)}, headers=headers)
    assert bell(answer.content.decode()) == "Notices, 1 unread"
    assert "<html" not in answer.content.decode()
    assert told(made.reseller, made.owner)[1].read_at is not None
    assert "hx-post" not in page(client, url(made, f"{row.pk}/"))


def test_all_are_read_that_were_there_when_the_list_was_shown(made: Chain, now: datetime) -> None:
    client = inside(made.owner)
    shown = re.search(r'name="until" value="([^"]+)"', page(client, url(made)))
    assert shown
    made.give(kit.now() + timedelta(seconds=5))
    client.post(url(made, "read-all/"), {"until": shown.group(1)})
    assert rows(page(client, url(made, "?state.is=unread"))) == [GIVEN]
    for odd in ("yesterday", "2026-03-03T10:00", ""):
        assert client.post(url(made, "read-all/"), {"until": odd}).status_code == 302


def test_nobody_sees_or_settles_anothers(made: Chain) -> None:
    row = told(made.reseller, made.owner)[0]
    other = inside(kit.member(made.reseller))
    page(other, url(made, f"{row.pk}/"), 404)
    other.post(url(made, "read/"), {"row": str(row.pk)})
    other.post(url(made, "read-all/"))
    assert [one.read_at for one in told(made.reseller, made.owner)] == [None, None]


def test_somebody_who_acts_on_behalf_has_no_bell_there(made: Chain, now: datetime) -> None:
    made.give(now)
    client = inside(made.agent)
    assert bell(page(client, kit.url(made.customer, "overview/"))) == ""
    page(client, kit.url(made.customer, "notices/"), 403)


# How they come


def test_it_keeps_how_each_kind_comes(made: Chain, now: datetime) -> None:
    client = inside(made.owner)
    text = page(client, url(made, "settings/"))
    assert "A customer ended its consent" in text
    assert "Your partner asks for consent" not in text, "that reaches customers"
    assert "Always at once: nobody looks in unseen." in text
    later = (now.date() + timedelta(days=3)).isoformat()
    sent = form(**{"consent_given-mail": "none", "consent_ended-silent_until": later, "look_in-mail": "none"})
    assert client.post(url(made, "settings/"), sent).status_code == 302
    text = page(client, url(made, "settings/"))
    assert f'value="{later}"' in text
    assert bell(text) == "Notices, 1 unread"
    made.give(now)
    made.end(now)
    assert letters(made.owner) == []
    assert letters(made.agent) == [GIVEN, ENDED]


def test_it_keeps_all_choices_or_none_and_says_which_is_wrong(made: Chain, now: datetime) -> None:
    client = inside(made.owner)
    for bad in (now.date().isoformat(), "someday", "2099-01-01"):
        sent = form(**{"consent_given-mail": "none", "consent_ended-silent_until": bad})
        answer = client.post(url(made, "settings/"), sent)
        assert answer.status_code == 422
        assert "<title>Error:" in answer.content.decode()
    assert client.post(url(made, "settings/"), form("pigeon")).status_code == 422
    made.give(now)
    assert letters(made.owner) == [GIVEN], "nothing of it was kept"


# Following


def test_the_button_follows_a_tenant_and_lets_go(made: Chain, now: datetime) -> None:
    who = kit.member(made.reseller, verbs.READER)
    client, there = inside(who), kit.url(made.reseller, f"tenants/{made.customer.pk}/")
    asked = url(made, f"follow/?what=tenant&about={made.customer.pk}")
    assert asked.replace("&", "&amp;") in page(client, there)
    part = client.get(f"{asked}&next={there}", headers={"HX-Request": "true", "HX-Target": "a#follow"}).content.decode()
    assert "Follow<" in part
    assert "<html" not in part
    answer = client.post(url(made, "follow/"), {"what": "tenant", "about": str(made.customer.pk), "next": there})
    assert answer.headers["Location"] == there
    made.give(now)
    assert kinds(made.reseller, who) == ["consent_given"]
    drop = re.search(r'action="(/t/[^"]+/drop/)"', page(client, asked))
    assert drop
    assert "Alder Dental" in page(client, url(made, "settings/"))
    answer = client.post(drop.group(1), {"next": "https://elsewhere.example/"})
    assert answer.headers["Location"] == "/", "never to another site"
    made.end(now)
    assert kinds(made.reseller, who) == ["consent_given"]


def test_it_follows_nothing_foreign_and_nothing_odd(made: Chain) -> None:
    other, client = chain(), inside(made.owner)
    for query in (f"what=tenant&about={other.customer.pk}", f"what=sync&about={other.customer.pk}", "what=tenant&about=x", ""):
        page(client, url(made, f"follow/?{query}"), 404)
    page(client, url(made, f"follow/?what=person&about={made.owner.pk}"), 422)


def test_a_connection_and_a_pair_can_be_followed_where_they_are_shown() -> None:
    with make.world("autotask") as world:
        client = inside(kit.member(world.organisation))
        for path, what, about in (
            ("configuration/autotask/", "connection", world.sync.target_id),
            ("configuration/schedule/", "sync", world.sync.pk),
        ):
            text = page(client, kit.url(world.organisation, path))
            asked = kit.url(world.organisation, f"notices/follow/?what={what}&amp;about={about}")
            assert asked in text, path
            assert "Follow" in page(client, asked.replace("&amp;", "&"))


# In a browser


@pytest.mark.browser
@pytest.mark.parametrize("path", ["", "settings/", "one", "follow"])
def test_its_pages_are_sound(screen: Open, made: Chain, path: str) -> None:
    one = told(made.reseller, made.owner)[1]
    address = {"one": f"{one.pk}/", "follow": f"follow/?what=tenant&about={made.customer.pk}"}.get(path, path)
    window = screen(inside(made.owner))
    window.go(url(made, address))
    assert sound(window, f"notices-{path.strip('/') or 'list'}") == []


@pytest.mark.browser
def test_the_bell_counts_down_as_one_looks_and_follows_by_a_click(screen: Open, made: Chain, now: datetime) -> None:
    window = screen(inside(made.owner))
    shown = window.go(kit.url(made.reseller, ""))
    assert shown.locator("#bell .count-badge").inner_text().startswith("2")
    shown.locator("#bell").click()
    shown.get_by_role("link", name=ENDED).click()
    shown.locator("#bell .count-badge", has_text="1").wait_for()
    look(shown, "notices-seen")
    window.go(url(made))
    shown.get_by_role("button", name="Mark all as read").click()
    shown.get_by_text("Marked as read: 1.").wait_for()
    assert shown.locator("#bell .count-badge").count() == 0
    window.go(kit.url(made.reseller, f"tenants/{made.customer.pk}/"))
    shown.get_by_role("button", name="Follow Alder Dental").click()
    shown.get_by_role("button", name="Unfollow Alder Dental").wait_for()
    assert window.faults == []
