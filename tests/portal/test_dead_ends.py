"""No page of commerce offers its reader a link that the reader may not follow, with much in it and with nothing.

As every role of who sells, as the operator, and as a customer's people. Source: issue 5; ux 23.
"""

from __future__ import annotations

import re
from collections import deque
from html import unescape

import pytest
from django.test import Client
from django.urls import resolve

from purser.access import verbs
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain, chain
from tests.subscriptions import shop as shops

pytestmark = pytest.mark.usefixtures("site")

ROOMS = (
    "services",
    "my-services",
    "sales-orders",
    "catalog",
    "vendor-accounts",
    "instances",
    "vendor-tasks",
    "vendor-findings",
)
WHO = {
    "operator": ("operator", verbs.OWNER),
    "distributor": ("distributor", verbs.OWNER),
    "its reader": ("distributor", verbs.READER),
    "owner": ("reseller", verbs.OWNER),
    "technician": ("reseller", verbs.TECHNICIAN),
    "bookkeeper": ("reseller", verbs.BOOKKEEPER),
    "reader": ("reseller", verbs.READER),
    "administrator": ("customer", verbs.ADMINISTRATOR),
    "looker": ("customer", verbs.READER),
}
HREF = re.compile(r'href="(/t/[^"#]+)')


def followed(client: Client, at: Organisation) -> dict[str, int]:
    """What each address of the rooms answered, from home on; of the same page with other ids the first is opened."""
    here = f"/t/{at.pk}/"
    todo, seen, answers = deque([here, f"{here}overview/"]), set(), {}
    while todo:
        address = todo.popleft()
        path, _, asked = address.partition("?")
        key = (resolve(path).url_name, asked if asked.startswith("kind=") else "")
        if key in seen or path.endswith(("/export/", "/file/")):
            continue
        seen.add(key)
        answer = client.get(address)
        answers[address.removeprefix(here)] = answer.status_code
        if answer.status_code == 200 and not answer.streaming:
            links = (unescape(link) for link in HREF.findall(answer.content.decode()))
            todo.extend(link for link in links if link.removeprefix(here).split("/")[0] in ROOMS)
    return answers


def opened(who: str, made: Chain) -> None:
    name, role = WHO[who]
    at = getattr(made, name)
    answers = followed(kit.sign_in(kit.member(at, role)), at)
    start = {"", "overview/"}
    assert {path: code for path, code in answers.items() if code not in {200, 302} and path not in start} == {}
    assert len(answers) > 5, "the rooms were entered"


@pytest.mark.parametrize("who", WHO)
def test_every_link_opens(who: str) -> None:
    made = shops.shop()
    made.live()
    made.live("YEAR", 5)
    shops.approving(made)
    made.place(made.admin(), made.new("BASE", 4))
    opened(who, made.chain)


@pytest.mark.parametrize("who", ["technician", "bookkeeper", "reader"])
def test_no_empty_list_leads_to_a_closed_door(who: str) -> None:
    opened(who, chain())


def test_my_services_is_a_customers_page_and_who_sells_gets_its_list() -> None:
    made = shops.shop()
    owner = kit.sign_in(kit.member(made.reseller))
    answer = owner.get(kit.url(made.reseller, "my-services/"))
    assert (answer.status_code, answer.headers["Location"]) == (302, kit.url(made.reseller, "services/"))
