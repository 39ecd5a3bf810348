"""The pages of those who sell, and of the operator above them.

Rows CS-1 to CS-11, CS-18, UC-5 to UC-8, UC-14, UC-20; reliability P18, P20, P23.
"""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from purser.access import policy, verbs
from purser.partners import consent, enabling, joining
from purser.postgres import tenancy
from purser.tenants.models import Grant, Organisation, PackageStock
from tests.access import kit
from tests.access.kit import site as site
from tests.partners.kit import PAID, Chain, chain

ASK = {"scopes": ["users", "domain"], "days": "30", "reason": "Managed service contract 7", "ticket": ""}


@pytest.fixture
def made() -> Chain:
    return chain()


def open_as(organisation: Organisation, role: str = verbs.OWNER) -> Client:
    return kit.sign_in(kit.member(organisation, role))


def said(answer: Any) -> str:
    return html.unescape(kit.text(answer))


def issued(made: Chain, email: str) -> str:
    with tenancy.acting_in(made.reseller.pk):
        found = joining.invite(kit.actor(made.reseller, made.owner), email=email, now=kit.now())
    return f"/tenants/accept/{made.reseller.pk}/{found.token}/"


def grants_of(made: Chain) -> list[Grant]:
    with tenancy.acting_in(made.customer.pk):
        return list(Grant.objects.all())


# Management of tenants


def test_it_shows_all_own_customers_and_opens_only_those_who_agreed(made: Chain) -> None:
    kit.customer("Birch Law", under=made.reseller, contact_name="Bea Birch", domain="birch.example")
    made.give(kit.now())
    page = kit.sign_in(made.agent).get(kit.url(made.reseller, "tenants/"))
    words, text = said(page), page.content.decode()
    assert [head for head in ("Tenant name", "Tenant ID", "Main contact", "Domain", "Until") if head not in words] == []
    assert "Bea Birch" in words
    assert f'href="/t/{made.customer.pk}/' in text
    with tenancy.listing_customers_of(made.reseller.pk):
        birch = Organisation.across.get(name="Birch Law", parent_id=made.reseller.pk).pk
    assert f'href="/t/{birch}/' not in text
    assert f"/tenants/{birch}/" in text


def test_it_sorts_and_searches_the_tenants(made: Chain) -> None:
    for name in ("Birch Law", "Cedar Foods"):
        kit.customer(name, under=made.reseller)
    client = kit.sign_in(made.agent)

    def names(query: str) -> list[str]:
        text = client.get(kit.url(made.reseller, f"tenants/?{query}")).content.decode()
        return re.findall(">(Alder Dental|Birch Law|Cedar Foods)<", text)

    assert names("sort=-name") == ["Cedar Foods", "Birch Law", "Alder Dental"]
    assert names("q=cedar") == ["Cedar Foods"]
    assert names(f"number.is={made.customer.number}") == ["Alder Dental"]


def test_its_views_and_its_file_work_like_those_of_any_list(made: Chain) -> None:
    client = kit.sign_in(made.agent)
    saved = {"name": "Mine", "query": "sort=-number&q=alder"}
    assert client.post(kit.url(made.reseller, "lists/tenants/views/"), saved).status_code == 302
    assert "Alder Dental" in said(client.get(kit.url(made.reseller, "tenants/?view=mine")))
    file = client.get(kit.url(made.reseller, "tenants/export/?view=mine&format=csv"))
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert [line.split(",")[0] for line in lines] == ["Tenant name", "Alder Dental"]


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


# Accepting


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


# One tenant


def test_it_asks_for_consent_and_takes_it_back(made: Chain) -> None:
    client, one = kit.sign_in(made.agent), f"tenants/{made.customer.pk}/"
    assert "has not agreed" in said(client.get(kit.url(made.reseller, one)))
    assert client.post(kit.url(made.reseller, one + "ask/"), ASK).status_code == 302
    (grant,) = grants_of(made)
    assert (set(grant.scopes), grant.approved_at) == ({"domain", "users"}, None)
    page = client.get(kit.url(made.reseller, one))
    assert "Withdraw the request" in said(page)
    assert client.post(kit.url(made.reseller, one + "take-back/")).status_code == 302
    assert grants_of(made)[0].closed_as == "withdrawn"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"scopes": []}, "required"),
        ({"days": "731"}, "730"),
        ({"reason": " "}, "required"),
        ({"scopes": ["kitchen"]}, "kitchen"),
    ],
)
def test_a_wrong_question_says_why_and_is_not_asked(made: Chain, more: dict[str, Any], words: str) -> None:
    answer = kit.sign_in(made.agent).post(kit.url(made.reseller, f"tenants/{made.customer.pk}/ask/"), {**ASK, **more})
    assert answer.status_code == 422
    assert words in said(answer)
    assert grants_of(made) == []


def test_the_partner_confirms_the_agreement_with_its_paper(made: Chain) -> None:
    owner, one = kit.sign_in(made.owner), f"tenants/{made.customer.pk}/agreement/"
    wrong = SimpleUploadedFile("x.pdf", b"MZ not a pdf")
    assert owner.post(kit.url(made.reseller, one), {"paper": wrong}).status_code == 422
    paper = SimpleUploadedFile("../our agreement.pdf", b"%PDF-1.7 agreed")
    assert owner.post(kit.url(made.reseller, one), {"paper": paper}).status_code == 302
    assert "Confirmed" in said(owner.get(kit.url(made.reseller, f"tenants/{made.customer.pk}/")))
    file = owner.get(kit.url(made.reseller, one + "partner/"))
    assert b"".join(file.streaming_content) == b"%PDF-1.7 agreed"  # type: ignore[attr-defined]
    assert file.headers["Content-Type"] == "application/pdf"
    assert owner.get(kit.url(made.reseller, one + "customer/")).status_code == 404
    assert kit.sign_in(made.agent).post(kit.url(made.reseller, one)).status_code == 403


def test_a_distributor_reads_its_resellers_customers_and_opens_none(made: Chain) -> None:
    made.give(kit.now())
    owner = open_as(made.distributor)
    page = owner.get(kit.url(made.distributor, "tenants/below/"))
    assert made.customer.name in said(page)
    assert made.reseller.name in said(page)
    assert f"/t/{made.customer.pk}/" not in page.content.decode()
    assert made.customer.name not in said(owner.get(kit.url(made.distributor, "tenants/")))
    assert owner.get(kit.url(made.distributor, f"tenants/{made.customer.pk}/")).status_code == 404
    assert owner.get(f"/t/{made.customer.pk}/").status_code == 404


# Partner administration and operations' queue


def test_the_request_is_shown_sent_answered_and_both_sides_hear_of_it() -> None:
    made = chain(enabled=False)
    operations = kit.member(made.operator)
    owner, desk = kit.sign_in(made.owner), kit.sign_in(operations)
    page = said(owner.get(kit.url(made.reseller, "administration/request/")))
    subject, body = enabling.message(made.reseller, made.owner.name)
    for line in filter(None, [subject, *body.splitlines()]):
        assert line in page
    assert owner.post(kit.url(made.reseller, "administration/request/"), {"signature": "Olive Owner"}).status_code == 302
    assert "Requested" in said(owner.get(kit.url(made.reseller, "administration/")))
    told = {to for one in mail.outbox for to in one.to if "Please enable" in one.subject}
    assert {operations.email, made.owner.email} <= told
    queue = desk.get(kit.url(made.operator, "requests/")).content.decode()
    (answer,) = re.findall(r'href="(\S+/requests/[0-9a-f-]{36}/)"', queue)
    assert "Olive Owner" in said(desk.get(answer))
    refused = desk.post(answer, {"approve": "yes", "why": "Contract signed"})
    assert "has no commercial subscription" in said(refused)
    assert desk.post(answer, {"approve": "no", "why": ""}).status_code == 422
    with tenancy.acting_in(made.reseller.pk):
        PackageStock.objects.create(package=PAID, total=1)
    assert desk.post(answer, {"approve": "yes", "why": "Contract signed"}).status_code == 302
    assert "Enabled" in said(owner.get(kit.url(made.reseller, "administration/")))
    assert any(one.to == [made.owner.email] and "Contract signed" in str(one.body) for one in mail.outbox)
    assert desk.get(answer).status_code == 404


def test_a_refusal_reaches_the_partner_with_its_reason() -> None:
    made = chain(enabled=False)
    with tenancy.acting_in(made.reseller.pk):
        row = enabling.request(kit.actor(made.reseller, made.owner), signature="", email=made.owner.email, now=kit.now())
    desk = open_as(made.operator)
    path = kit.url(made.operator, f"requests/{row.pk}/")
    assert desk.post(path, {"approve": "no", "why": "No contract yet"}).status_code == 302
    page = said(kit.sign_in(made.owner).get(kit.url(made.reseller, "administration/")))
    assert "No contract yet" in page
    assert "Request enabling" in page


def test_before_operations_agree_there_is_nothing_to_ask_or_invite_with() -> None:
    made = chain(enabled=False)
    owner = kit.sign_in(made.owner)
    page = owner.get(kit.url(made.reseller, "tenants/"))
    assert "not enabled" in said(page)
    assert "tenants/invite/" not in page.content.decode()
    assert f"{made.customer.pk}/ask/" not in owner.get(kit.url(made.reseller, f"tenants/{made.customer.pk}/")).content.decode()
    answer = owner.post(kit.url(made.reseller, f"tenants/{made.customer.pk}/ask/"), ASK)
    assert "not enabled" in said(answer)
    assert "not enabled" in said(owner.post(kit.url(made.reseller, "tenants/invite/"), {"email": made.admin.email}))
    assert grants_of(made) == []


# Settings


def test_settings_has_roles_billing_and_package_at_its_left(made: Chain) -> None:
    owner = kit.sign_in(made.owner)
    for path, words in (
        ("", "Partner Portal"),
        ("billing/", "Credit Card and Billing Address"),
        ("package/", "No packages yet"),
    ):
        page = said(owner.get(kit.url(made.reseller, f"settings/{path}")))
        assert words in page
        for entry in ("Manage Roles", "Billing Info", "Default Package"):
            assert entry in page


def test_owners_are_chosen_from_those_who_have_signed_in(made: Chain) -> None:
    owner, new = kit.sign_in(made.owner), kit.member(made.reseller, verbs.READER)
    members = [str(kit.membership(made.reseller, who).pk) for who in (made.owner, new)]
    page = said(owner.get(kit.url(made.reseller, "heads/")))
    assert "Never signed in" in page
    assert "must do so once" in page
    answer = owner.post(kit.url(made.reseller, "heads/"), {"member": members})
    assert "has never signed in here" in said(answer)
    theirs = kit.sign_in(new)
    assert theirs.get(kit.url(made.reseller, "heads/")).status_code == 403
    assert owner.post(kit.url(made.reseller, "heads/"), {"member": members}).status_code == 302
    assert theirs.get(kit.url(made.reseller, "heads/")).status_code == 200  # at once, in the session they have
    assert new.email in said(owner.get(kit.url(made.reseller, "settings/")))
    assert "Choose at least one owner" in said(owner.post(kit.url(made.reseller, "heads/"), {}))


def test_the_administrators_of_a_tenant_are_chosen_on_its_behalf(made: Chain) -> None:
    client = kit.sign_in(made.agent)
    settings = kit.url(made.reseller, "settings/")
    assert made.customer.number not in said(client.get(settings))
    picked = client.get(f"{settings}tenant/?tenant={made.customer.pk}")
    assert picked.headers["Location"] == settings
    made.give(kit.now())
    assert made.customer.number in said(client.get(settings))
    edit = client.get(f"{settings}tenant/?tenant={made.customer.pk}").headers["Location"]
    assert "Select Admins" in said(client.get(edit))
    readers = [kit.member(made.customer, verbs.READER) for _ in range(2)]
    chosen = [str(kit.membership(made.customer, who).pk) for who in (made.admin, *readers)]
    assert client.post(edit, {"member": chosen}).status_code == 302
    assert {kit.membership(made.customer, who).role for who in (made.admin, *readers)} == {verbs.ADMINISTRATOR}
    made.end(kit.now())
    assert client.get(edit).status_code == 404


# The operator's pages


def test_the_tree_shows_where_an_organisation_stands(made: Chain) -> None:
    page = said(open_as(made.operator, verbs.SUPPORT).get(kit.url(made.operator, f"organisations/{made.customer.pk}/")))
    places = [page.index(one.name) for one in (made.distributor, made.reseller)]
    assert places == sorted(places)
    assert made.reseller.partner_number in page
    assert "Suspend" not in page


def test_an_order_makes_a_customer_from_the_partner_ids_alone(made: Chain) -> None:
    desk = open_as(made.operator)
    order = {
        "number": "SO-10042",
        "reseller": made.reseller.partner_number,
        "distributor": made.distributor.partner_number,
        "name": "Cedar Foods",
        f"package-{PAID}": "5",
    }
    wrong = desk.post(kit.url(made.operator, "orders/"), {**order, "distributor": ""})
    assert "The order names no distributor" in said(wrong)
    assert "no tenant 000000000000" in said(desk.post(kit.url(made.operator, "orders/"), {**order, "customer": "0" * 12}))
    answer = desk.post(kit.url(made.operator, "orders/"), order)
    assert answer.status_code == 302
    assert "Cedar Foods" in said(desk.get(answer.headers["Location"]))
    owner = kit.sign_in(made.owner)
    assert "Cedar Foods" in said(owner.get(kit.url(made.reseller, "tenants/")))
    assert owner.get(kit.url(made.reseller, "orders/")).status_code == 403


def test_it_moves_and_suspends(made: Chain) -> None:
    other = chain(operator=made.operator)
    desk, one = open_as(made.operator), kit.url(made.operator, f"organisations/{made.customer.pk}/")
    made.give(kit.now())
    agent = kit.sign_in(made.agent)
    assert agent.get(f"/t/{made.customer.pk}/people/").status_code == 200
    assert desk.post(f"{one}move/", {"to": "P99999999"}).status_code == 422
    assert desk.post(f"{one}move/", {"to": other.reseller.partner_number.lower()}).status_code == 302
    assert agent.get(f"/t/{made.customer.pk}/people/").status_code == 404
    admin = kit.sign_in(made.admin)
    assert admin.get(f"/t/{made.customer.pk}/people/").status_code == 200
    assert desk.post(f"{one}suspend/", {"why": ""}).status_code == 422
    assert desk.post(f"{one}suspend/", {"why": "Unpaid"}).status_code == 302
    assert admin.get(f"/t/{made.customer.pk}/people/").status_code == 404
    assert "Suspended" in said(desk.get(one))
    assert desk.post(f"{one}resume/", {"why": "Paid"}).status_code == 302
    assert admin.get(f"/t/{made.customer.pk}/people/").status_code == 200


@pytest.mark.parametrize(
    ("path", "name"),
    [("organisations/{}/move/", "to"), ("organisations/{}/suspend/", "why"), ("regions/require/", "region")],
)
def test_what_no_text_is_is_refused(made: Chain, path: str, name: str) -> None:
    answer = open_as(made.operator).post(kit.url(made.operator, path.format(made.customer.pk)), {name: "a\0"})
    assert answer.status_code == 422
    assert "Null characters are not allowed" in said(answer)


def test_what_moves_and_suspends_asks_who_you_are_again(made: Chain) -> None:
    desk, one = open_as(made.operator), kit.url(made.operator, f"organisations/{made.customer.pk}/")
    kit.age_proofs(desk, timedelta(minutes=6))
    for path, body in (("move/", {"to": "P1"}), ("suspend/", {"why": "x"}), ("break-glass/approve/", {})):
        assert "reauthenticate" in desk.post(one + path, body).headers["Location"]


def test_agreements_are_required_by_country_until_they_are_not(made: Chain) -> None:
    desk, path = open_as(made.operator), kit.url(made.operator, "regions/")
    assert desk.post(f"{path}require/", {"region": "de", "on": "yes"}).status_code == 302
    assert "DE" in said(desk.get(path))
    assert desk.post(f"{path}require/", {"region": "DEU", "on": "yes"}).status_code == 422
    assert desk.post(f"{path}require/", {"region": "DE"}).status_code == 302
    assert "Required nowhere" in said(desk.get(path))
    assert open_as(made.operator, verbs.SUPPORT).post(f"{path}require/", {"region": "de"}).status_code == 403


def test_staff_get_in_with_a_colleagues_leave_and_out_again(made: Chain) -> None:
    asker, colleague = open_as(made.operator, verbs.SUPPORT), open_as(made.operator)
    one = kit.url(made.operator, f"organisations/{made.customer.pk}/break-glass/")
    page = kit.url(made.operator, "break-glass/")
    inside = f"/t/{made.customer.pk}/people/"
    assert asker.post(one, {"reason": "short"}).status_code == 422
    assert asker.post(one, {"reason": "They cannot sign in and called us"}).status_code == 302
    assert "Approve" not in said(asker.get(page))
    assert asker.post(f"{one}approve/").status_code == 422
    assert asker.get(inside).status_code == 404
    assert colleague.post(f"{one}approve/").status_code == 302
    assert asker.get(inside).status_code == 200
    assert colleague.get(inside).status_code == 404
    assert asker.post(f"/t/{made.customer.pk}/people/invite/", {"email": kit.address()}).status_code == 403
    assert any(letter.to == [made.admin.email] and "looks into" in letter.subject for letter in mail.outbox)
    assert colleague.post(f"{one}end/").status_code == 302
    assert asker.get(inside).status_code == 404
    assert "Nobody looks in" in said(colleague.get(page))


def test_a_call_of_the_partner_for_anothers_customer_finds_nothing(made: Chain) -> None:
    other = chain(operator=made.operator)
    client = kit.sign_in(made.owner)
    for path in ("", "ask/", "agreement/customer/"):
        assert client.get(kit.url(made.reseller, f"tenants/{other.customer.pk}/{path}")).status_code == 404
    for path in ("ask/", "take-back/", "agreement/"):
        assert client.post(kit.url(made.reseller, f"tenants/{other.customer.pk}/{path}"), ASK).status_code == 404
    assert consent.standing(other.customer.pk, now=kit.now()).request is None
