"""The frame around a page on behalf: who acts for whom stands on every page. Rows CS-20, UC-16; ux 2, 34."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from purser.access import verbs
from purser.partners import break_glass, consent
from purser.tenants import grants
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain
from tests.portal.customers import ROOMS, agent_in, at, inside, page
from tests.portal.customers import made as made
from tests.portal.customers import now as now

pytestmark = pytest.mark.usefixtures("site")


def test_the_bar_names_both_and_leads_away_on_every_page(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    for room in ("overview", *ROOMS, "collections", "tunnels", "consent", "consent/acts", "roles", "acts", "report-issue"):
        shown = page(agent, at(made, f"{room}/"))
        bar = shown[shown.index('id="on-behalf"') : shown.index("</aside>")]
        for words in (str(made.agent), made.reseller.name, made.customer.name, made.customer.number):
            assert words in bar, (room, words)
        assert f"/t/{made.reseller.pk}/" in bar
        title = re.search("<title>(.*?)</title>", shown, re.S)
        assert title
        assert made.customer.name in title[1]
        assert made.customer.number in title[1]
        head = shown[shown.index("<header") : shown.index("</header>")]
        assert f"Tenant ID {made.customer.number}" in head


def test_a_refusal_on_behalf_keeps_the_bar(made: Chain, now: datetime) -> None:
    shown = page(agent_in(made, now, scopes=["telephony"]), at(made, "domain/"), 403)
    assert made.customer.name in shown
    assert "does not let you see the domain" in shown


def test_the_administrator_sees_no_bar(made: Chain) -> None:
    assert 'id="on-behalf"' not in page(inside(made.admin), at(made, "overview/"))


def test_an_emergency_look_has_words_of_its_own(made: Chain, now: datetime) -> None:

    asker, colleague = kit.member(made.operator, verbs.SUPPORT), kit.member(made.operator)
    break_glass.ask(
        kit.actor(made.operator, asker, verbs.SUPPORT), made.customer.pk, reason="Nobody there can sign in", now=now
    )
    break_glass.approve(kit.actor(made.operator, colleague), made.customer.pk, now=now)
    shown = page(inside(asker), at(made, "overview/"))
    bar = shown[shown.index('id="on-behalf"') : shown.index("</aside>")]
    assert "Emergency look" in bar
    assert "to read only" in bar
    assert "on behalf of" not in bar
    assert made.operator.name in bar


def test_two_tabs_on_two_customers_show_each_its_own(made: Chain, now: datetime) -> None:
    other = kit.customer("Birch Law", under=made.reseller)
    boss = kit.member(other, verbs.ADMINISTRATOR, factor=False)
    consent.give(kit.actor(other, boss, verbs.ADMINISTRATOR), scopes=grants.AREAS, days=9, reason="contract", now=now)
    agent = agent_in(made, now)
    for _ in range(2):
        for mine, theirs in ((made.customer, other), (other, made.customer)):
            shown = page(agent, kit.url(mine, "domain/"))
            assert mine.number in shown
            assert theirs.number not in shown
            assert theirs.name not in shown
