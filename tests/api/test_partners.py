"""The partner's and the operator's side as calls: the same verbs as the portal's, with an act in each organisation.

Rows CS-1, CS-4 to CS-10, UC-3 to UC-8, UC-14, UC-20; reliability P18 to P20.
"""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core import mail

from purser.access import verbs
from purser.access.models import Membership, Person
from purser.partners import agreements, joining
from purser.postgres import ids, tenancy
from purser.tenants.models import Organisation, PackageStock
from tests.access import kit
from tests.api.kit import Caller, code, data, signed_in, token_of
from tests.partners.kit import PAID, Chain, chain


@pytest.fixture
def made() -> Chain:
    return chain()


def by(organisation: Organisation, person: Person, role: str = verbs.OWNER) -> Caller:
    """A member of the chain, with a token."""
    return Caller(organisation.pk, person, kit.browser(), token_of(organisation, person, role))


def session(organisation: Organisation, person: Person) -> Caller:
    """With the portal's session, which sensitive calls need."""
    return Caller(organisation.pk, person, kit.sign_in(person))


def agent(made: Chain) -> Caller:
    return by(made.reseller, made.agent, verbs.TECHNICIAN)


def desk(made: Chain, role: str = verbs.OWNER) -> Caller:
    return signed_in(made.operator, role)


def state(made: Chain) -> dict[str, Any]:
    (row,) = data(agent(made).get("/tenants"))["rows"]
    return dict(row)


def test_it_lists_all_own_customers_with_how_they_stand(made: Chain) -> None:
    chain(operator=made.operator, name="Of another reseller")
    row = state(made)
    assert (row["name"], row["number"], row["consent"], row["until"]) == (
        made.customer.name,
        made.customer.number,
        "none",
        None,
    )
    made.ask(kit.now())
    assert state(made)["consent"] == "asked"
    given = made.give(kit.now())
    assert given.ends_at is not None
    assert (state(made)["consent"], state(made)["until"][:19]) == ("given", given.ends_at.isoformat()[:19])
    made.end(kit.now())
    assert state(made)["consent"] == "ended"


def test_the_list_of_tenants_searches_sorts_and_filters(made: Chain) -> None:
    for name in ("Birch Law", "Cedar Foods"):
        kit.customer(name, under=made.reseller, domain=f"{name.split()[0].lower()}.example", contact_name=f"Zed of {name}")
    caller = agent(made)

    def names(query: str) -> list[str]:
        return [row["name"] for row in data(caller.get(f"/tenants?{query}"))["rows"]]

    assert names("sort=-name") == ["Cedar Foods", "Birch Law", "Alder Dental"]
    assert names("sort=contact_name,name&q=zed") == ["Birch Law", "Cedar Foods"]
    assert names("number.is=" + made.customer.number) == ["Alder Dental"]
    assert names("consent.is=given") == []
    made.give(kit.now())
    assert names("consent.is=given") == ["Alder Dental"]
    assert code(caller.get("/tenants?colour=red"), 422) == "address"
    file = caller.get("/tenants", Accept="text/csv")
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert [line.split(",")[0] for line in lines] == ["Tenant name", "Alder Dental", "Birch Law", "Cedar Foods"]


def test_a_distributor_sees_its_resellers_customers_and_can_ask_none_of_them(made: Chain) -> None:
    kit.customer("Sold directly", under=made.distributor)
    owner = by(made.distributor, kit.member(made.distributor))
    assert [row["name"] for row in data(owner.get("/tenants/below"))["rows"]] == [made.customer.name]
    assert [row["reseller"] for row in data(owner.get("/tenants/below"))["rows"]] == [made.reseller.name]
    assert [row["name"] for row in data(owner.get("/tenants"))["rows"]] == ["Sold directly"]
    with tenancy.acting_in(made.distributor.pk):
        Organisation.objects.update(partner_admin_id=made.distributor.partner_number)
    ask = {"scopes": ["users"], "reason": "Contract"}
    assert owner.get(f"/tenants/{made.customer.pk}").status_code == 404
    assert owner.post(f"/tenants/{made.customer.pk}/ask", ask).status_code == 404
    with tenancy.listing_customers_of(made.distributor.pk):
        direct = Organisation.across.get(parent_id=made.distributor.pk, kind="customer").pk
    assert data(owner.post(f"/tenants/{direct}/ask", ask))["scopes"] == ["users"]


def test_it_asks_for_consent_and_takes_the_question_back(made: Chain) -> None:
    caller, one = agent(made), f"/tenants/{made.customer.pk}"
    asked = data(caller.post(f"{one}/ask", {"scopes": ["users"], "days": 30, "reason": "Contract 7", "ticket": "T-1"}))
    assert (asked["scopes"], asked["reason"], asked["approved_at"]) == (["users"], "Contract 7 T-1", None)
    assert code(caller.post(f"{one}/ask", {"scopes": ["users"], "reason": "Again"}), 422) == "asked"
    seen = data(caller.get(one))
    assert (seen["asked"], seen["open"], [row["state"] for row in seen["grants"]]) == (True, False, ["Asked"])
    assert caller.post(f"{one}/withdraw").status_code == 204
    assert caller.post(f"{one}/withdraw").status_code == 404
    assert [row["state"] for row in data(caller.get(one))["grants"]] == ["Withdrawn"]
    assert len(kit.acts_of(made.customer, "consent.ask")) == len(kit.acts_of(made.reseller, "consent.ask")) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"scopes": [], "reason": "x"},
        {"scopes": ["users"], "reason": ""},
        {"scopes": ["users"], "reason": "x", "days": 731},
        {"scopes": ["users"], "reason": "x", "days": 0},
        {"scopes": ["kitchen"], "reason": "x"},
    ],
)
def test_a_wrong_question_is_refused_and_nothing_is_kept(made: Chain, body: dict[str, Any]) -> None:
    answer = agent(made).post(f"/tenants/{made.customer.pk}/ask", body)
    assert answer.status_code == 422
    assert state(made)["consent"] == "none"


def test_anothers_customer_and_none_are_the_same_answer(made: Chain) -> None:
    caller, foreign = agent(made), chain(operator=made.operator).customer.pk
    ask = {"scopes": ["users"], "reason": "Contract"}
    for method, path, body in (
        ("GET", "/tenants/{}", None),
        ("POST", "/tenants/{}/ask", ask),
        ("POST", "/tenants/{}/withdraw", {}),
        ("GET", "/tenants/{}/agreement/customer/paper", None),
    ):
        one, none = (caller(method, path.format(id), body) for id in (foreign, ids.new()))
        assert (one.status_code, one.content) == (none.status_code, none.content) == (404, one.content)


def test_it_invites_a_tenant_again_and_withdraws(made: Chain) -> None:
    owner, email = by(made.reseller, made.owner), made.admin.email
    invited = data(owner.post("/tenants/invitations", {"email": f" {email.upper()} "}))
    assert (invited["email"], invited["expired"]) == (email, False)
    first = kit.mailed_link(email)
    assert made.reseller.name in mail.outbox[-1].subject
    data(owner.post(f"/tenants/invitations/{invited['id']}/again"))
    assert kit.mailed_link(email) != first
    assert [row["id"] for row in data(owner.get("/tenants/invitations"))["rows"]] == [invited["id"]]
    assert owner("DELETE", f"/tenants/invitations/{invited['id']}").status_code == 204
    assert data(owner.get("/tenants/invitations"))["rows"] == []
    assert owner("DELETE", f"/tenants/invitations/{invited['id']}").status_code == 404


def test_nobodys_mailbox_is_filled_with_invitations(made: Chain) -> None:
    owner, email = by(made.reseller, made.owner), kit.address()
    found = [owner.post("/tenants/invitations", {"email": email}).status_code for _ in range(4)]
    assert found == [200, 200, 200, 429]
    assert len([one for one in mail.outbox if one.to == [email]]) == 3


def test_the_invited_administrator_accepts_for_the_tenant(made: Chain) -> None:
    with tenancy.acting_in(made.reseller.pk):
        issued = joining.invite(kit.actor(made.reseller, made.owner), email=made.admin.email, now=kit.now())
    body = {"partner": str(made.reseller.pk), "token": issued.token}
    assert code(by(made.customer, made.admin, verbs.ADMINISTRATOR).post("/tenants/accept", body), 401) == "step_up"
    caller = session(made.customer, made.admin)
    assert data(caller.post("/tenants/accept", body))["partner"] == str(made.reseller.pk)
    assert state(made)["consent"] == "given"
    assert code(caller.post("/tenants/accept", body), 422) == "link"


def test_operations_answers_and_both_sides_hear_of_it() -> None:
    made = chain(enabled=False)
    owner, operations = by(made.reseller, made.owner), desk(made)
    own = data(owner.get("/administration"))
    assert (own["enabled"], own["request"]) == (False, None)
    assert own["subject"] == "Please enable the Partner Administration on behalf for Reseller Acme IT"
    asked = data(owner.post("/administration/request", {"signature": "Olive Owner"}))
    assert asked["body"].endswith("Olive Owner")
    told = {address for one in mail.outbox for address in one.to if one.subject.endswith(asked["subject"])}
    assert {operations.person.email, made.owner.email} <= told
    assert [row["id"] for row in data(operations.get("/requests"))["rows"]] == [asked["id"]]
    answer = {"approve": True, "why": "Contract signed"}
    assert code(operations.post(f"/requests/{asked['id']}/answer", answer), 422) == "no_subscription"
    with tenancy.acting_in(made.reseller.pk):
        PackageStock.objects.create(package=PAID, total=1)
    done = data(operations.post(f"/requests/{asked['id']}/answer", answer))
    assert (done["approved"], done["answer"]) == (True, "Contract signed")
    assert data(owner.get("/administration"))["enabled"] is True
    letters = [one for one in mail.outbox if one.to == [made.owner.email] and "enabled" in one.subject]
    assert "Contract signed" in str(letters[-1].body)
    assert operations.post(f"/requests/{asked['id']}/answer", answer).status_code == 404


def test_another_operators_queue_has_none_of_it() -> None:
    made, other = chain(enabled=False), chain(enabled=False)
    asked = data(by(made.reseller, made.owner).post("/administration/request"))
    theirs = desk(other)
    assert data(theirs.get("/requests"))["rows"] == []
    assert theirs.post(f"/requests/{asked['id']}/answer", {"approve": False, "why": "No"}).status_code == 404
    assert theirs.get(f"/organisations/{made.customer.pk}").status_code == 404
    calls: tuple[tuple[str, Any], ...] = (
        ("suspend", {"why": "Unpaid"}),
        ("move", {"to": other.reseller.partner_number}),
        ("break-glass", {"reason": "They called us about it"}),
        ("break-glass/approve", None),
        ("break-glass/end", None),
    )
    for path, body in calls:
        answer = theirs.post(f"/organisations/{made.customer.pk}/{path}", body)
        assert answer.status_code == 404, (path, answer.content)
    assert [row["name"] for row in data(theirs.get("/organisations?kind.is=customer"))["rows"]] == [other.customer.name]


def test_it_founds_partners_whose_first_owner_comes_by_invitation(made: Chain) -> None:
    operations, contact = desk(made), kit.address()
    body = {
        "kind": "reseller",
        "name": "Tide Networks",
        "contact": contact,
        "zone": "Europe/London",
        "region": "gb",
        "distributor": made.distributor.partner_number,
    }
    founded = data(operations.post("/partners", body), 201)
    assert (founded["distributor"], founded["region"]) == (str(made.distributor.pk), "GB")
    path, arrival = kit.mailed_link(contact), kit.browser()
    arrival.post(path, {"name": "First Owner", "password": "a brand new long sentence"})
    with tenancy.acting_in(UUID(founded["id"])):
        assert list(Membership.objects.values_list("role", "person__email")) == [(verbs.OWNER, contact)]
    assert arrival.get(path).status_code == 404
    assert code(operations.post("/partners", {**body, "distributor": "P0"}), 422) == "partner_id"
    assert code(operations.post("/partners", {**body, "contact": "nobody"}), 422) == "email"
    assert code(operations.post("/partners", {**body, "zone": "Moon/Base"}), 422) == "zone"


def test_an_order_writes_the_chain_and_a_partner_cannot_send_one(made: Chain) -> None:
    body = {
        "reseller": made.reseller.partner_number,
        "distributor": made.distributor.partner_number,
        "name": "Cedar Foods",
        "domain": "cedar.example",
        "packages": {PAID: 5},
    }
    ordered = data(desk(made).post("/orders", body), 201)
    assert (ordered["under"], ordered["distributor"]) == (str(made.reseller.pk), str(made.distributor.pk))
    assert by(made.reseller, made.owner).post("/orders", body).status_code == 403
    assert by(made.distributor, kit.member(made.distributor)).post("/orders", body).status_code == 403
    assert code(desk(made).post("/orders", {**body, "packages": {PAID: 0}}), 422) == "count"
    (act,) = kit.acts_of(Organisation(pk=UUID(ordered["id"])), "operator.customers.order")
    assert act.after == {"reseller": body["reseller"], "distributor": body["distributor"], "packages": {PAID: 5}}


def test_a_moved_customer_is_gone_from_the_former_partner_at_once(made: Chain) -> None:
    other = chain(operator=made.operator)
    made.give(kit.now())
    caller = agent(made)
    assert caller.get(f"/tenants/{made.customer.pk}").status_code == 200
    moved = data(desk(made).post(f"/organisations/{made.customer.pk}/move", {"to": other.reseller.partner_number}))
    assert moved["under"] == str(other.reseller.pk)
    assert caller.get(f"/tenants/{made.customer.pk}").status_code == 404
    assert data(caller.get("/tenants"))["rows"] == []
    names = [row["name"] for row in data(agent(other).get("/tenants"))["rows"]]
    assert names == [made.customer.name, other.customer.name]
    assert [row["consent"] for row in data(agent(other).get("/tenants"))["rows"]] == ["none", "none"]


def test_a_suspended_organisation_lets_nobody_in_from_the_next_call_on(made: Chain) -> None:
    made.give(kit.now())
    operations, caller, admin = desk(made), agent(made), by(made.customer, made.admin, verbs.ADMINISTRATOR)
    on_behalf = Caller(made.customer.pk, made.agent, kit.sign_in(made.agent))
    assert caller.get("/tenants").status_code == on_behalf.get("/organisation").status_code == 200
    one = f"/organisations/{made.reseller.pk}"
    assert code(operations.post(f"{one}/suspend", {"why": " "}), 422) == "reason"
    assert data(operations.post(f"{one}/suspend", {"why": "Unpaid"}))["suspended_at"] is not None
    assert caller.get("/tenants").status_code in (401, 404)
    assert on_behalf.get("/organisation").status_code == 404
    assert admin.get("/organisation").status_code == 200
    assert code(operations.post(f"{one}/suspend", {"why": "Again"}), 422) == "suspended"
    assert data(operations.post(f"{one}/resume", {"why": "Paid"}))["suspended_at"] is None
    assert caller.get("/tenants").status_code == on_behalf.get("/organisation").status_code == 200
    assert [act.after for act in kit.acts_of(made.reseller, "operator.organisations.suspend")] == [
        {"why": "Unpaid"},
        {"why": "Paid"},
    ]


def test_the_operator_requires_agreements_by_country_and_both_sides_confirm() -> None:
    made = chain(region="de")
    operations, partner = desk(made), by(made.reseller, made.owner)
    assert data(operations("PUT", "/regions", {"region": "de", "required": True})) == {"regions": ["DE"]}
    paper = base64.b64encode(b"%PDF-1.7 agreed").decode()
    one = f"/tenants/{made.customer.pk}/agreement"
    assert code(partner.post(one, {"paper_name": "x.pdf", "paper": "%%%"}), 422) == "paper"
    assert code(partner.post(one, {"paper_name": "x.exe", "paper": base64.b64encode(b"MZ").decode()}), 422) == "paper"
    assert data(partner.post(one, {"paper_name": "dpa.pdf", "paper": paper}))["side"] == "partner"
    assert partner.get(f"{one}/partner/paper").content == b"%PDF-1.7 agreed"
    assert partner.get(f"{one}/customer/paper").status_code == 404
    with tenancy.acting_in(made.customer.pk):
        assert agreements.missing(made.reseller.pk) == "The confirmation of the customer is missing."
    (act,) = kit.acts_of(made.customer, "agreements.confirm")
    assert made.reseller.name in act.actor
    assert len(kit.acts_of(made.reseller, "agreements.confirm")) == 1
    assert data(operations("PUT", "/regions", {"region": "DE", "required": False})) == {"regions": []}


def test_staff_look_in_only_with_a_colleagues_leave_and_the_heads_are_told(made: Chain) -> None:
    asker, colleague = desk(made, verbs.SUPPORT), desk(made)
    inside = Caller(made.customer.pk, asker.person, asker.client)
    one = f"/organisations/{made.customer.pk}/break-glass"
    assert inside.get("/organisation").status_code == 404
    assert code(asker.post(one, {"reason": "too short"}), 422) != ""
    waits = data(asker.post(one, {"reason": "They cannot sign in and called us"}))
    assert waits["approved_at"] is None
    assert code(asker.post(f"{one}/approve"), 422) == "own_request"
    assert inside.get("/organisation").status_code == 404
    holds = data(colleague.post(f"{one}/approve"))
    assert holds["ends_at"] is not None
    assert inside.get("/organisation").status_code == 200
    assert inside.post("/heads", {}).status_code in (404, 405)
    assert inside("PUT", "/heads", {"members": [str(ids.new())]}).status_code == 403
    letters = [one for one in mail.outbox if one.to == [made.admin.email] and "looks into" in one.subject]
    assert "They cannot sign in and called us" in str(letters[-1].body)
    assert [row["organisation"] for row in data(colleague.get("/break-glass"))["rows"]] == [str(made.customer.pk)]
    data(colleague.post(f"{one}/end"))
    assert inside.get("/organisation").status_code == 404
    assert data(colleague.get("/break-glass"))["rows"] == []


def test_chosen_accounts_are_owners_at_once_if_they_have_signed_in(made: Chain) -> None:
    caller = session(made.reseller, made.owner)
    new = kit.member(made.reseller, verbs.READER)
    rows = {row["email"]: row for row in data(caller.get("/heads"))["rows"]}
    assert (rows[new.email]["choosable"], rows[made.owner.email]["heads"]) == (False, True)
    both = {"members": [rows[made.owner.email]["id"], rows[new.email]["id"]]}
    assert code(caller("PUT", "/heads", both), 422) == "never_signed_in"
    theirs = session(made.reseller, new)
    assert theirs("PUT", "/heads", both).status_code == 403
    assert {row["email"] for row in data(caller("PUT", "/heads", both))["rows"] if row["heads"]} == {
        made.owner.email,
        new.email,
    }
    only = {"members": [rows[new.email]["id"]]}
    assert {row["email"] for row in data(theirs("PUT", "/heads", only))["rows"] if row["heads"]} == {new.email}
    assert caller("PUT", "/heads", both).status_code == 403
    assert theirs("PUT", "/heads", {"members": []}).status_code == 422


def test_two_owners_who_leave_each_other_out_leave_one(made: Chain) -> None:
    other = kit.member(made.reseller)
    callers = [session(made.reseller, who) for who in (made.owner, other)]
    rows = {row["email"]: row["id"] for row in data(callers[0].get("/heads"))["rows"]}
    for_self = [{"members": [rows[who.email]]} for who in (made.owner, other)]
    kit.at_once(*[lambda c=c, b=b: c("PUT", "/heads", b).status_code for c, b in zip(callers, for_self, strict=True)])  # type: ignore[misc]
    with tenancy.acting_in(made.reseller.pk):
        assert Membership.objects.filter(role=verbs.OWNER).count() >= 1


def test_the_partner_chooses_a_tenants_administrators_on_its_behalf(made: Chain) -> None:
    made.give(kit.now())
    reader = kit.member(made.customer, verbs.READER)
    caller = Caller(made.customer.pk, made.agent, kit.sign_in(made.agent))
    rows = {row["email"]: row["id"] for row in data(caller.get("/heads"))["rows"]}
    both = {"members": [rows[made.admin.email], rows[reader.email]]}
    assert {row["role"] for row in data(caller("PUT", "/heads", both))["rows"]} == {verbs.ADMINISTRATOR}
    (act,) = kit.acts_of(made.customer, "people.change_role")
    assert (act.person_id, act.home, act.grant_id is not None) == (made.agent.pk, made.reseller.pk, True)
    foreign = kit.membership(made.reseller, made.owner).pk
    assert caller("PUT", "/heads", {"members": [str(foreign)]}).status_code == 404


def test_a_consent_that_is_over_closes_the_list_without_a_job(made: Chain) -> None:
    made.give(kit.now() - timedelta(days=2), days=1)
    assert state(made)["consent"] == "expired"
