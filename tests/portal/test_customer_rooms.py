"""A customer's rooms: open to its administrator and its partner, to nobody else. Rows CS-11, CS-20, UC-1, UC-15, UC-19."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from purser.access import verbs
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain
from tests.portal.customers import GROUPED, ROOMS, agent_in, at, inside, page
from tests.portal.customers import made as made
from tests.portal.customers import now as now

pytestmark = pytest.mark.usefixtures("site")


def test_home_of_a_customer_is_its_overview_with_the_left_navigation_everywhere(made: Chain) -> None:
    client = inside(made.admin)
    assert client.get(at(made, "")).headers["Location"] == at(made, "overview/")
    for room in ("overview", *ROOMS, "collections", "tunnels", "consent", "consent/acts", "roles"):
        shown = page(client, at(made, f"{room}/"))
        sidebar = shown[shown.index('id="sidebar"') : shown.index("<main")]
        for words in ("Overview", "Collections", "Sync Tunnels"):
            assert f"{words}</a>" in sidebar, (room, words)


def test_the_partner_has_exactly_the_administrators_rooms(made: Chain, now: datetime) -> None:
    agent, admin = agent_in(made, now), inside(made.admin)
    for room in (*ROOMS, "overview", "collections", "tunnels", "roles", "acts", "consent"):
        assert agent.get(at(made, f"{room}/")).status_code == admin.get(at(made, f"{room}/")).status_code == 200, room


def test_a_scope_closes_every_room_it_does_not_name(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now, scopes=["telephony"])
    for room, verb in ROOMS.items():
        wanted = 200 if verbs.find(verb).area == "telephony" else 403
        assert agent.get(at(made, f"{room}/")).status_code == wanted, room
    assert [act.verb for act in kit.acts_of(made.customer) if act.outcome == "denied"]


def test_a_room_that_is_not_built_says_what_will_be_here_and_who_may(made: Chain, now: datetime) -> None:
    shown = page(inside(made.admin), at(made, "tunnels/"))
    assert "Not built yet" in shown
    guards = set(re.findall(r'<tr role="row" data-verb="([^"]+)">', shown))
    assert guards == {verb for verb in verbs.VERBS if verb.startswith("tunnels.")} | {
        *("tasks.sync_tenant", "tasks.sync_mailbox", "tasks.purge", "tasks.restore", "tasks.cleanup"),
        "contact_fields.write",
        "schedule.write",
        "reporting.write",
        "service_account.write",
    }
    assert "Not allowed" not in shown


def test_every_grouped_permission_stands_in_a_room(made: Chain) -> None:
    client = inside(made.admin)
    there = set(re.findall(r'data-verb="([^"]+)"', page(client, at(made, "tunnels/"))))
    built = {f"collections.{what}" for what in ("create", "edit", "delete")}
    assert set(GROUPED) - there == built | {"licences.write", "auto_licence.write", "tasks.auto_licence"}


def test_a_customers_pages_are_nobody_elses(made: Chain) -> None:
    owner = inside(made.owner)
    for room in ("overview", "consent"):
        assert owner.get(kit.url(made.reseller, f"{room}/")).status_code in (403, 404), room
    assert owner.get(at(made, "overview/")).status_code == 404


def test_the_overview_asks_the_database_four_things(made: Chain, now: datetime) -> None:
    """Beside session, person and place: consent with tenant, people and packages, Auto-License, the latest acts."""
    client = agent_in(made, now)
    page(client, at(made, "overview/"))
    with CaptureQueriesContext(connection) as seen:
        page(client, at(made, "overview/"))
    asked = [one["sql"] for one in seen.captured_queries]
    last_seat = max(n for n, sql in enumerate(asked) if "set_config" in sql)
    own = [sql for sql in asked[last_seat + 1 :] if sql.lstrip("(").startswith("SELECT")][
        1:
    ]  # the first reads the grant again
    assert len(own) == 4, "\n".join(own)
