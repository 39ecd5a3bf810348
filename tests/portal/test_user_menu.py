"""The user menu, and the pages that it leads to. Row UC-11."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.test import Client

from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain
from tests.portal.customers import agent_in, at, inside, page
from tests.portal.customers import made as made
from tests.portal.customers import now as now

pytestmark = pytest.mark.usefixtures("site")


def test_the_user_menu_holds_what_the_figure_shows(made: Chain, now: datetime) -> None:
    words = ["My profile", "Settings", "Report Issue", "Help", "About", "Sign out"]

    def menu(client: Client, path: str) -> list[str]:
        shown = page(client, path)
        part = shown[shown.index("account menu") : shown.index("</details>", shown.index("account menu"))]
        return [entry for entry in [*words, "Partner administration"] if f"{entry}</" in part]

    assert menu(inside(made.admin), at(made, "overview/")) == words
    assert menu(inside(made.owner), kit.url(made.reseller, "people/")) == words
    agent = agent_in(made, now)
    assert menu(agent, kit.url(made.reseller, "people/")) == [*words, "Partner administration"]
    assert menu(agent, at(made, "overview/")) == [*words, "Partner administration"]


def test_the_pages_of_the_user_menu_open(made: Chain) -> None:
    client = inside(made.admin)
    for path in ("/account/", "/account/settings/", "/help/", "/about/"):
        page(client, path)
    assert "named none" in page(client, at(made, "report-issue/"))
    with tenancy.acting_in(made.operator.pk):
        Organisation.objects.update(contact_email="desk@operator.example")
    shown = page(client, at(made, "report-issue/"))
    assert "mailto:desk%40operator.example" in shown
    assert made.customer.number in shown
    for path in ("/account/settings/", "/help/", "/about/"):
        assert kit.browser().get(path).headers["Location"].startswith("/sign-in/")
