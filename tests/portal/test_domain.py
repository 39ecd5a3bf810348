"""A customer's domain: packages, facts, settings. Rows UC-17, UC-18."""

from __future__ import annotations

import re
from datetime import datetime

import pytest

from purser.access.models import Membership
from purser.postgres import tenancy
from purser.tenants.models import PackageStock
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain
from tests.portal.customers import agent_in, at, inside, page
from tests.portal.customers import made as made
from tests.portal.customers import now as now

pytestmark = pytest.mark.usefixtures("site")


def test_the_domain_shows_the_eight_packages_the_facts_and_the_partner_ids(made: Chain) -> None:
    with tenancy.acting_in(made.customer.pk):
        PackageStock.objects.create(package="UnifyTeam", total=40)
        Membership.objects.update(package="UnifyTeam")
    shown = page(inside(made.admin), at(made, "domain/"))
    cards = re.findall(r"<h3>(\w+)</h3>\s*<p class=\"figure\">(\d+).*?</p>\s*<p>(\d+) used of (\d+)", shown, re.S)
    assert [name for name, *_ in cards] == [
        *("UnifyEnterprise", "UnifyEnterpriseV", "UnifyProfessional", "UnifyProfessionalV"),
        *("UnifyTeam", "UnifyTeamV", "UnifyEssentialV", "UnifyFree"),
    ]
    assert ("UnifyTeam", "39", "1", "40") in cards
    for words in (made.customer.number, "alder.example", made.reseller.partner_number, made.distributor.partner_number):
        assert words in shown


def test_the_settings_of_the_domain_are_changed_on_behalf_with_before_and_after(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    form = {"contact_name": "Ada Adler", "contact_email": "ADA@alder.example", "zone": "Europe/Berlin"}
    assert agent.post(at(made, "domain/settings/"), form).status_code == 302
    [act] = kit.acts_of(made.customer, "domain.write")
    assert act.before == {"contact_name": "", "contact_email": "", "zone": "UTC"}
    assert act.after == {"contact_name": "Ada Adler", "contact_email": "ada@alder.example", "zone": "Europe/Berlin"}
    assert (act.person_id, act.home) == (made.agent.pk, made.reseller.pk)
    wrong = agent.post(at(made, "domain/settings/"), {**form, "contact_email": "no address"})
    assert wrong.status_code == 422
    assert "Ada Adler" in wrong.content.decode()
