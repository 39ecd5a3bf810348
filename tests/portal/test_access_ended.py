"""After an access ended nothing is shown, and whoever had it is told how it ended. Row UC-19; ux 34."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from purser.access import verbs
from purser.access.models import Membership
from purser.partners import break_glass, orders
from purser.postgres import ids, tenancy
from purser.tenants import tree
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain, chain
from tests.portal.customers import agent_in, at, inside, page
from tests.portal.customers import made as made
from tests.portal.customers import now as now

pytestmark = pytest.mark.usefixtures("site")


def test_after_the_end_an_open_page_gets_nothing_on_its_next_request(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    path = at(made, "consent/acts/")
    page(agent, path)
    made.end(kit.now())
    for headers in ({}, {"HX-Request": "true", "HX-Target": "on_behalf"}):
        answer = agent.get(path, headers=headers)
        assert answer.status_code == 404
        assert made.admin.email not in answer.content.decode()
        assert f"Your access to {made.customer.name} has ended" in kit.text(answer)
        assert f"The consent of {made.customer.name} was ended on" in kit.text(answer)
        assert "<form" not in answer.content.decode().partition("<main")[2].partition("</main>")[0]
    posted = agent.post(at(made, "domain/settings/"), {"contact_name": "x", "zone": "UTC"}, headers={"HX-Request": "true"})
    assert (posted.status_code, posted.headers["HX-Retarget"]) == (404, "#messages")
    with tenancy.acting_in(made.customer.pk):
        assert Organisation.objects.get().contact_name != "x"


def test_an_open_page_goes_as_a_whole_when_its_consent_is_over(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    made.end(kit.now())
    here = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{at(made, 'domain/')}?x=1"}
    answer = agent.get(at(made, "consent/acts/"), headers=here)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (404, f"{at(made, 'domain/')}?x=1")
    elsewhere = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{kit.url(made.reseller, 'people/')}"}
    assert "HX-Redirect" not in agent.get(at(made, "consent/acts/"), headers=elsewhere).headers


def ending(made: Chain, how: str) -> None:
    if how == "it was ended":
        made.end(kit.now())
    elif how == "the tenant was suspended":
        with tenancy.acting_in(made.customer.pk):
            tree.suspend(now=kit.now())
    elif how == "no package":
        with tenancy.acting_in(made.reseller.pk):
            Membership.objects.filter(person=made.agent).update(package="")


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("its time", "ran until"),
        ("it was ended", "was ended on"),
        ("the tenant was suspended", "is suspended"),
        ("no package", "your own organisation or package no longer allows it"),
    ],
)
def test_it_says_how_the_access_ended(made: Chain, how: str, words: str) -> None:
    given = kit.now() - timedelta(days=2)
    agent = agent_in(made, given, days=1 if how == "its time" else 9)
    ending(made, how)
    shown = page(agent, at(made, "overview/"), 404)
    assert "Your access to Alder Dental has ended" in shown
    assert words in shown


def test_an_emergency_look_that_ended_says_so_to_whom_it_was_for(made: Chain) -> None:
    asker, colleague = kit.member(made.operator, verbs.SUPPORT), kit.member(made.operator, verbs.OWNER)
    asking = kit.actor(made.operator, asker, verbs.SUPPORT)
    break_glass.ask(asking, made.reseller.pk, reason="They cannot sign in and asked for help", now=kit.now())
    break_glass.approve(kit.actor(made.operator, colleague), made.reseller.pk, now=kit.now())
    client, where = kit.sign_in(asker), kit.url(made.reseller, "people/")
    page(client, where)
    break_glass.end(asking, made.reseller.pk, now=kit.now())
    shown = page(client, where, 404)
    assert f"Your access to {made.reseller.name} has ended" in shown
    assert "The emergency look was ended on" in shown
    assert kit.url(made.operator, "break-glass/") in shown
    assert "has ended" not in page(kit.sign_in(colleague), where, 404)


def test_whoever_had_no_access_is_told_nothing_of_its_end(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    made.end(kit.now())
    absent = inside(made.owner).get(f"/t/{ids.new()}/overview/")
    for stranger in (made.owner, chain().agent, chain().admin):
        answer = inside(stranger).get(at(made, "overview/"))
        assert answer.status_code == 404
        assert main(answer) == main(absent)
    other = chain(operator=made.operator)
    orders.move(kit.actor(made.operator), made.customer.pk, other.reseller.partner_number, now=kit.now())
    assert main(agent.get(at(made, "overview/"))) == main(absent)  # nobody's customer of theirs any more


def main(answer: Any) -> str:
    """What the page says, without the number that is to be quoted."""
    return re.sub(r"[0-9a-f]{32}", "", answer.content.decode().partition("<main")[2].partition("</main>")[0])
