"""A tenant is invited to be managed, and its administrator accepts. Rows CS-7 to CS-10; reliability P23."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from purser.access import policy, verbs
from purser.postgres import tenancy
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import Chain, chain
from tests.portal.partners import grants_of, issued, said
from tests.portal.partners import made as made


def test_the_dashboards_pane_invites_and_leads_into_a_tenant(made: Chain) -> None:
    made.give(kit.now())
    owner = kit.sign_in(made.owner)
    assert "tenants/pane/" in owner.get(reverse("home", kwargs={"tenant": made.reseller.pk})).content.decode()
    pane = owner.get(kit.url(made.reseller, "tenants/pane/"))
    assert f"Open {made.customer.name}" in said(pane)
    assert "tenants/invite/" in pane.content.decode()
    email = made.admin.email
    assert owner.post(kit.url(made.reseller, "tenants/invite/"), {"email": email}).status_code == 302
    assert f"{email} Pending" in said(owner.get(kit.url(made.reseller, "tenants/pane/")))
    assert kit.mailed_link(email).startswith(f"/tenants/accept/{made.reseller.pk}/")


def test_an_invitation_is_sent_again_and_withdrawn(made: Chain) -> None:
    owner, email = kit.sign_in(made.owner), made.admin.email
    owner.post(kit.url(made.reseller, "tenants/invite/"), {"email": email})
    first = kit.mailed_link(email)
    page = owner.get(kit.url(made.reseller, "tenants/")).content.decode()
    again, withdraw = re.findall(r'action="(\S+/invitations/\S+/(?:again|withdraw)/)"', page)
    assert owner.post(again).status_code == 302
    second = kit.mailed_link(email)
    guest = kit.sign_in(made.admin)
    assert (guest.get(first).status_code, guest.get(second).status_code) == (404, 200)
    assert owner.post(withdraw).status_code == 302
    assert guest.get(second).status_code == 404
    assert owner.post(withdraw).status_code == 404


def test_only_an_owner_invites(made: Chain) -> None:
    client = kit.sign_in(made.agent)
    assert client.get(kit.url(made.reseller, "tenants/")).status_code == 200
    for path in ("tenants/invite/", f"tenants/invitations/{made.customer.pk}/again/"):
        assert client.post(kit.url(made.reseller, path), {"email": made.admin.email}).status_code == 403
    assert [one for one in mail.outbox if one.to == [made.admin.email] and "manage your tenant" in one.subject] == []


def test_an_administrator_of_the_tenant_accepts(made: Chain) -> None:
    path, client = issued(made, made.admin.email), kit.sign_in(made.admin)
    page = client.get(path)
    assert made.reseller.name in said(page)
    assert made.customer.name in said(page)
    assert grants_of(made) == []
    assert page.headers["Referrer-Policy"] == "strict-origin"
    assert client.post(path, {"tenant": str(made.customer.pk)}).status_code == 302
    (grant,) = grants_of(made)
    assert (grant.approved_by, grant.asked_by) == (made.admin.pk, made.owner.pk)
    assert client.post(path, {"tenant": str(made.customer.pk)}).status_code == 404


@pytest.mark.usefixtures("site")
def test_accepting_takes_the_second_factor_that_the_tenant_asks_for(made: Chain) -> None:
    with tenancy.acting_in(made.customer.pk):
        policy.save(made.as_admin(), second_factor="required", idle_minutes=30, version=0, now=kit.now())
    answer = kit.sign_in(made.admin).post(issued(made, made.admin.email), {"tenant": str(made.customer.pk)})
    assert answer.headers["Location"].startswith("/account/second-factor/?next=")
    assert grants_of(made) == []


def test_accepting_asks_who_you_are_again(made: Chain) -> None:
    path, client = issued(made, made.admin.email), kit.sign_in(made.admin)
    kit.age_proofs(client, timedelta(minutes=6))
    assert "reauthenticate" in client.post(path, {"tenant": str(made.customer.pk)}).headers["Location"]
    assert grants_of(made) == []


def test_anybody_else_is_told_why_not_and_nothing_is_made(made: Chain) -> None:
    reader = kit.member(made.customer, verbs.READER)
    path = issued(made, reader.email)
    answer = kit.sign_in(reader).post(path, {"tenant": str(made.customer.pk)})
    assert answer.status_code == 422
    assert "only a Tenant Admin of the tenant can accept" in said(answer)
    stranger = kit.person()
    path = issued(made, stranger.email)
    assert "You belong to no tenant here" in said(kit.sign_in(stranger).get(path))
    other = issued(made, made.admin.email)
    assert f"You are signed in as {reader.email}" in said(kit.sign_in(reader).get(other))
    assert "Sign in as" in said(kit.browser().get(other))
    assert grants_of(made) == []


def test_a_tenant_of_another_partner_is_refused(made: Chain) -> None:
    other = chain(operator=made.operator)
    path = issued(made, other.admin.email)
    answer = kit.sign_in(other.admin).post(path, {"tenant": str(other.customer.pk)})
    assert "is served by another partner" in said(answer)
    assert grants_of(other) == []


def test_whatever_is_wrong_with_a_link_the_page_is_the_same(made: Chain) -> None:
    other = chain(operator=made.operator)
    client, good = kit.sign_in(made.admin), issued(made, made.admin.email)
    token = good.split("/")[-2]
    wrong = [f"/tenants/accept/{made.reseller.pk}/{'0' * 43}/", f"/tenants/accept/{other.reseller.pk}/{token}/"]
    wrong += [f"/tenants/accept/{made.customer.pk}/{token}/"]
    found = {(answer.status_code, said(answer)) for answer in map(client.get, wrong)}
    assert [status for status, _ in found] == [404]
