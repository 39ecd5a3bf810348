"""A user's page, its check boxes, packages and suspension; roles of the organisation's own, and the matrix.

Rows UC-9, UC-10, UC-17; issue "Partners, customers and consent", 5; ux 35.
"""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from django.core import mail

from purser.access import people, roles, verbs
from purser.access.models import Act, Person
from purser.postgres import tenancy
from purser.tenants.models import PackageStock
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain, chain
from tests.portal.customers import agent_in, at, inside, page

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made() -> Chain:
    return chain(domain="alder.example", region="US")


def test_a_users_page_shows_what_the_figure_shows(made: Chain) -> None:
    row = kit.membership(made.customer, made.admin)
    shown = page(inside(made.admin), at(made, f"people/{row.pk}/"))
    for words in ("User ID", "Last login", "Data usage", "Package", "Connector", "Phone number", "Caller ID", "Administrator"):
        assert words in shown, words
    assert str(made.admin.pk) in shown
    assert "Partner administrator" not in shown
    assert inside(made.admin).get(kit.url(made.reseller, f"people/{row.pk}/")).status_code == 404


def test_the_box_partner_administrator_is_only_in_enabled_partners_and_for_owners() -> None:
    for enabled in (False, True):
        made = chain(enabled=enabled)
        row = kit.membership(made.reseller, made.agent)
        shown = page(inside(made.owner), kit.url(made.reseller, f"people/{row.pk}/"))
        assert ("Partner administrator" in shown) == enabled
        seen = page(inside(made.agent), kit.url(made.reseller, f"people/{row.pk}/"))
        assert "people_partner" not in seen
        assert f"people/{row.pk}/partner/" not in seen


def test_taking_the_box_away_ends_the_live_sessions_on_behalf(made: Chain, now: datetime) -> None:
    agent, owner = agent_in(made, now), inside(made.owner)
    row = kit.membership(made.reseller, made.agent)
    page(agent, at(made, "overview/"))
    assert owner.post(kit.url(made.reseller, f"people/{row.pk}/partner/"), {}).status_code == 302
    page(agent, at(made, "overview/"), 404)
    assert owner.post(kit.url(made.reseller, f"people/{row.pk}/partner/"), {"on": "1"}).status_code == 302
    page(agent, at(made, "overview/"))
    assert [act.after for act in kit.acts_of(made.reseller, "people.partner_administrator")] == [
        {"partner_administrator": False},
        {"partner_administrator": True},
    ]


def test_administrator_and_partner_administrator_are_independent(made: Chain) -> None:
    owner = inside(made.owner)
    row = kit.membership(made.reseller, made.agent)
    base = f"people/{row.pk}/"
    assert owner.post(kit.url(made.reseller, f"{base}role/"), {"administrator": "1", "role": "reader"}).status_code == 302
    row = kit.membership(made.reseller, made.agent)
    assert (row.role, row.partner_administrator) == (verbs.OWNER, True)
    assert owner.post(kit.url(made.reseller, f"{base}role/"), {"role": "reader"}).status_code == 302
    row = kit.membership(made.reseller, made.agent)
    assert (row.role, row.partner_administrator) == (verbs.READER, True)


def test_the_partner_gives_packages_suspends_and_lets_in_again_on_behalf(made: Chain, now: datetime) -> None:
    with tenancy.acting_in(made.customer.pk):
        PackageStock.objects.create(package="UnifyTeam", total=1)
    user = kit.member(made.customer, verbs.READER, factor=False)
    row = kit.membership(made.customer, user)
    agent, base = agent_in(made, now), f"people/{row.pk}/"
    assert agent.post(at(made, f"{base}package/"), {"package": "UnifyTeam"}).status_code == 302
    full = kit.membership(made.customer, made.admin)
    assert agent.post(at(made, f"people/{full.pk}/package/"), {"package": "UnifyTeam"}).status_code == 422
    assert agent.post(at(made, f"{base}suspend/"), {"suspended": "1"}).status_code == 302
    assert kit.membership(made.customer, user).suspended_at is not None
    assert agent.post(at(made, f"{base}suspend/"), {"suspended": "0"}).status_code == 302
    assert kit.membership(made.customer, user).suspended_at is None
    with tenancy.acting_in(made.customer.pk):
        kept = Act.objects.filter(grant_id__isnull=False, outcome="done").values_list("verb", flat=True)
        assert sorted(kept) == ["people.package", "people.suspend", "people.suspend"]


def test_the_partner_invites_none_of_its_own_people_on_behalf(made: Chain, now: datetime) -> None:
    agent = agent_in(made, now)
    for who in (made.agent, made.owner):
        answer = agent.post(at(made, "people/invite/"), {"email": who.email.upper(), "role": verbs.ADMINISTRATOR})
        assert answer.status_code == 422
        assert f"belongs to {made.reseller.name}" in kit.text(answer)
    assert agent.post(at(made, "people/invite/"), {"email": kit.address(), "role": verbs.READER}).status_code == 302
    assert (
        inside(made.admin).post(at(made, "people/invite/"), {"email": made.owner.email, "role": verbs.READER}).status_code
        == 302
    ), "the customer itself may"


def test_the_partner_changes_no_role_of_its_own_people_on_behalf(made: Chain, now: datetime) -> None:
    insider = kit.member(made.customer, verbs.READER, factor=False)
    with tenancy.acting_in(made.reseller.pk):
        people.join(person=insider, role=verbs.READER, organisation=made.reseller.name, now=now)
    agent, row = agent_in(made, now), kit.membership(made.customer, insider)
    for fields in ({"administrator": "1"}, {"role": verbs.READER}):
        answer = agent.post(at(made, f"people/{row.pk}/role/"), fields)
        assert answer.status_code == 422
        assert f"works for {made.reseller.name}" in kit.text(answer)
    admin = kit.membership(made.customer, made.admin)
    chosen = agent.post(at(made, "heads/"), {"member": [str(row.pk), str(admin.pk)]})
    assert chosen.status_code == 422
    assert f"works for {made.reseller.name}" in kit.text(chosen)
    assert kit.membership(made.customer, insider).role == verbs.READER
    assert inside(made.admin).post(at(made, f"people/{row.pk}/role/"), {"administrator": "1"}).status_code == 302


def test_somebody_is_invited_with_a_role_of_ones_own_and_joins_with_it(now: datetime) -> None:
    place = kit.reseller()
    owner = kit.member(place)
    client, email = kit.sign_in(owner), kit.address()
    with tenancy.acting_in(place.pk):
        role = roles.make(
            kit.actor(place, owner), name="Auditor", sentence="Reads what was done.", allowed=["acts.read"], now=now
        )
    shown = page(client, kit.url(place, "people/invite/"))
    assert "Auditor (own role)" in shown
    told = shown[shown.index("What will this allow?") :]
    assert verbs.find("acts.read").sentence in told[told.index("Auditor (own role)") :]
    assert client.post(kit.url(place, "people/invite/"), {"email": email, "role": str(role.pk)}).status_code == 302
    assert "as Auditor" in str(mail.outbox[-1].body)
    assert "Reads what was done." in str(mail.outbox[-1].body)
    assert re.search(rf"{email}</td>\s*<td[^>]*>Auditor</td>", page(client, kit.url(place, "people/")))
    arrival, path = kit.browser(), kit.mailed_link(email)
    words = kit.text(arrival.get(path))
    assert "is invited as Auditor . Reads what was done." in words
    assert verbs.find("acts.read").sentence in words
    assert verbs.find("people.read").sentence not in words
    assert arrival.post(path, {"name": "Ada", "password": "a brand new long sentence"}).status_code == 302
    row = kit.membership(place, Person.objects.get(email=email))
    assert (row.role, row.own_role_id) == (verbs.CUSTOM, role.pk)


def test_an_invitation_with_a_role_that_is_gone_says_whom_to_ask(now: datetime) -> None:
    place = kit.reseller()
    client, email = kit.sign_in(kit.member(place)), kit.address()
    with tenancy.acting_in(place.pk):
        role = roles.make(kit.actor(place), name="Auditor", allowed=["acts.read"], now=now)
    client.post(kit.url(place, "people/invite/"), {"email": email, "role": str(role.pk)})
    assert client.post(kit.url(place, f"roles/{role.pk}/drop/")).status_code == 302
    path, arrival = kit.mailed_link(email), kit.browser()
    for answer in (arrival.get(path), arrival.post(path, {"name": "Ada", "password": "a brand new long sentence"})):
        assert answer.status_code == 422
        assert "The role Auditor of this invitation is there no more" in kit.text(answer)
        assert f"Ask an owner of {place.name}" in kit.text(answer)
        assert 'name="password"' not in answer.content.decode()
    assert not Person.objects.filter(email=email).exists()


def test_a_clerk_is_offered_only_the_roles_within_their_own(now: datetime) -> None:
    place = kit.reseller()
    who = kit.member(place, verbs.READER)
    with tenancy.acting_in(place.pk):
        allowed = ["people.read", "people.invite", "links.read"]
        clerk = roles.make(kit.actor(place), name="Clerk", allowed=allowed, now=now)
        roles.make(kit.actor(place), name="Looker", allowed=["links.read"], now=now)
        roles.make(kit.actor(place), name="Payer", allowed=["plans.approve"], now=now)
    people.change_role(kit.actor(place), kit.membership(place, who).pk, str(clerk.pk), now=now)
    shown = page(kit.sign_in(who), kit.url(place, "people/invite/"))
    offered = re.findall(r'form-check-label">([^<]+)<', shown)
    assert [words.partition(" (")[0] for words in offered] == ["Clerk", "Looker"]


def test_a_role_of_ones_own_is_made_previewed_given_and_dropped() -> None:
    place = kit.reseller()
    owner, user = kit.member(place), kit.member(place, verbs.READER)
    client, base = kit.sign_in(owner), kit.url(place, "roles/")
    told = kit.text(client.post(f"{base}preview/", {"verb": ["acts.read", "links.read"]}))
    assert "2 permissions" in told
    assert verbs.find("acts.read").sentence in told
    assert (
        client.post(f"{base}make/", {"name": "Auditor", "verb": ["acts.read", "people.read", "roles.read"]}).status_code == 302
    )
    shown = page(client, base)
    role = re.search(rf"{base}([0-9a-f-]{{36}})/", shown)
    assert role
    row = kit.membership(place, user)
    assert client.post(kit.url(place, f"people/{row.pk}/role/"), {"role": role[1]}).status_code == 302
    assert kit.membership(place, user).role == verbs.CUSTOM
    seen = kit.sign_in(user)
    page(seen, base)
    page(seen, kit.url(place, "billing/"), 403)
    assert client.post(f"{base}{role[1]}/drop/").status_code == 422
    client.post(kit.url(place, f"people/{row.pk}/role/"), {"role": "reader"})
    assert client.post(f"{base}{role[1]}/drop/").status_code == 302
    assert role[1] not in page(client, base)
    assert client.get(f"{base}{role[1]}/").status_code == 404


def test_a_role_without_permissions_or_with_a_taken_name_is_refused_and_keeps_what_was_typed() -> None:
    place = kit.reseller()
    client, base = kit.sign_in(kit.member(place)), kit.url(place, "roles/make/")
    empty = client.post(base, {"name": "Empty"})
    assert empty.status_code == 422
    assert 'value="Empty"' in empty.content.decode()
    taken = client.post(base, {"name": "Owner", "verb": ["acts.read"]})
    assert taken.status_code == 422
    assert re.search(r'value="acts.read" checked', taken.content.decode())


def test_the_matrix_of_a_customer_says_what_the_table_says(made: Chain) -> None:
    shown = page(inside(made.admin), at(made, "roles/"))
    rows = dict(re.findall(r'<tr data-verb="([^"]+)">(.*?)</tr>', shown, re.S))
    assert list(rows) == [verb.name for verb in verbs.of_kind("customer")]
    for name, cells in rows.items():
        told = [">yes<" in cell for cell in re.findall(r"<td>(.*?)</td>", cells, re.S)]
        assert told == [role in verbs.find(name).customer for role in verbs.ROLES["customer"]], name
