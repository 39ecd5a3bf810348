"""Half-done orders at both doors: listed, completed, undone. Source: reliability P19; acceptance UC-3."""

from __future__ import annotations

from datetime import datetime

import pytest
from playwright.sync_api import expect

from purser.access import verbs
from purser.partners import orders
from purser.partners.models import OrderTaken
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller
from tests.api.kit import code as refused
from tests.api.kit import data as answered
from tests.partners.kit import PAID, Chain, chain
from tests.partners.test_orders_and_enabling import broken_off, order, packages_of
from tests.portal.browser import Open, assets, browser, live, screen, sound

pytestmark = pytest.mark.usefixtures("site")
__all__ = ["assets", "browser", "live", "screen"]


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made() -> Chain:
    return chain(enabled=False)


def old(made: Chain, number: str, at: str, now: datetime) -> OrderTaken:
    """An order that was cut off long enough ago to be undone."""
    return broken_off(made, order(made, number=number), at, now - 2 * orders.UNDER_WAY)


def desk_of(made: Chain, role: str = verbs.OWNER) -> Caller:
    person = kit.member(made.operator, role)
    return Caller(made.operator.pk, person, kit.sign_in(person))


def test_the_page_lists_them_with_what_was_taken_over_and_completes_them(made: Chain, now: datetime) -> None:
    row = old(made, "SO-1", "_done", now)
    client, page = desk_of(made).client, kit.url(made.operator, "orders/half-done/")
    shown = kit.text(client.get(page))
    assert "SO-1" in shown
    assert f"Cedar Foods, through {made.reseller.partner_number}" in shown
    assert "Taken over by the customer; our record is missing" in shown
    assert 'data-dialog="undo"' not in client.get(page).content.decode()
    done = client.post(kit.url(made.operator, f"orders/{row.pk}/complete/"), follow=True)
    assert "The order is completed" in kit.text(done)
    assert "SO-1" not in kit.text(client.get(page)).partition("main")[0]
    assert packages_of(row.target) == {PAID: 5}
    assert client.post(kit.url(made.operator, f"orders/{row.pk}/complete/")).status_code == 404


def test_the_api_does_the_same(made: Chain, now: datetime) -> None:
    caller, row = desk_of(made), old(made, "SO-1", "_given", now)
    (seen,) = answered(caller.get("/orders/half-done"))["rows"]
    assert (seen["id"], seen["number"], seen["packages"]) == (str(row.pk), "SO-1", {PAID: 5})
    assert (seen["given_at"], seen["undoable"]) == (None, True)
    assert caller.post(f"/orders/{row.pk}/undo", {"why": "Cancelled"}).status_code == 204
    assert answered(caller.get("/orders/half-done"))["rows"] == []
    second = old(made, "SO-2", "_done", now)
    assert refused(caller.post(f"/orders/{second.pk}/undo", {"why": "Cancelled"}), 422) == "taken_over"
    assert answered(caller.post(f"/orders/{second.pk}/complete"))["id"] == str(second.target)
    fresh = broken_off(made, order(made, number="SO-3"), "_given", now)
    assert refused(caller.post(f"/orders/{fresh.pk}/undo", {"why": "Cancelled"}), 422) == "under_way"


def test_support_reads_them_and_changes_nothing(made: Chain, now: datetime) -> None:
    support, row = desk_of(made, verbs.SUPPORT), old(made, "SO-1", "_given", now)
    assert "SO-1" in kit.text(support.client.get(kit.url(made.operator, "orders/half-done/")))
    for act in ("complete", "undo"):
        assert support.client.post(kit.url(made.operator, f"orders/{row.pk}/{act}/"), {"why": "x"}).status_code == 403
        assert support.post(f"/orders/{row.pk}/{act}", {"why": "x"} if act == "undo" else None).status_code == 403
    assert len(orders.half_done(made.operator.pk, now=now)) == 1


@pytest.mark.browser
def test_it_is_undone_in_a_window_that_names_it_and_asks_why(made: Chain, now: datetime, screen: Open) -> None:
    old(made, "SO-1", "_given", now)
    window = screen(desk_of(made).client)
    page = window.go(kit.url(made.operator, "orders/half-done/"))
    assert sound(window, "half-done-orders") == []
    page.get_by_role("button", name="Undo SO-1").click()
    dialog = page.get_by_role("dialog", name="Undo the order SO-1?")
    dialog.get_by_label("Reason").fill("Cancelled by the shop")
    dialog.get_by_role("button", name="Undo").click()
    expect(page.locator("#messages")).to_contain_text("The order SO-1 is undone")
    expect(page.get_by_text("Every order that was taken has its record on both sides.")).to_be_visible()
    (act,) = kit.acts_of(made.operator, orders.VERB)
    assert act.after == {"why": "Cancelled by the shop"}
