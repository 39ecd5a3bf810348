"""Consent, people, roles and the domain through the API: the same verbs, the same refusals, the same record as the portal."""

from __future__ import annotations

import base64
import csv
import io
from datetime import datetime, timedelta

import pytest

from purser.access import people, verbs
from purser.access.models import CustomRole, Membership
from purser.audit import paper
from purser.postgres import ids, tenancy
from purser.tenants.models import PackageStock
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller, caller, code, data, token_of
from tests.partners.kit import ALL, PAID, Chain, chain
from tests.portal.customers import inside

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def now() -> datetime:
    return kit.now()


@pytest.fixture
def made() -> Chain:
    return chain()


def admin_of(made: Chain) -> Caller:
    """With a session, as deciding is sensitive."""
    return Caller(made.customer.pk, made.admin, inside(made.admin))


def agent_in(made: Chain) -> Caller:
    """With a token that was made in the partner's organisation."""
    return Caller(made.customer.pk, made.agent, kit.browser(), token_of(made.reseller, made.agent, verbs.TECHNICIAN))


def test_a_consent_is_read_given_extended_and_ended(made: Chain) -> None:
    admin, agent = admin_of(made), agent_in(made)
    found = data(admin.get("/consent"))
    assert found["partner"]["name"] == made.reseller.name
    assert (found["live"], found["required"]) == (None, False)
    assert list(found["areas"]) == list(ALL)
    assert code(agent.get("/domain"), 404) == "missing"
    given = data(admin.post("/consent", {"scopes": ["users", "domain"], "days": 30, "reason": "contract"}))
    assert (given["state"], given["scopes"]) == ("Ending soon", ["domain", "users"])
    assert data(agent.get("/domain"))["number"] == made.customer.number
    longer = data(admin.post("/consent", {"scopes": ["users"], "reason": "one more year"}))
    assert longer["id"] != given["id"]
    assert code(agent.get("/domain"), 403) == "scope"
    assert data(admin.post("/consent/end", {"why": "over"}))["state"] == "Ended"
    assert code(agent.get("/people"), 404) == "missing"
    states = [row["state"] for row in data(admin.get("/consent/grants"))["rows"]]
    assert states == ["Ended", "Replaced"]
    assert code(admin.post("/consent/end", {}), 404) == "no_consent"


def test_a_request_is_seen_answered_or_refused_once(made: Chain, now: datetime) -> None:
    admin, asked = admin_of(made), made.ask(now, scopes=["users"])
    assert data(admin.get("/consent"))["request"]["id"] == str(asked.pk)
    refused = data(admin.post(f"/consent/requests/{asked.pk}/refuse", {"why": "no"}))
    assert (refused["state"], refused["closed_why"]) == ("Refused", "no")
    assert code(admin.post(f"/consent/requests/{asked.pk}/refuse", {"why": "no"}), 404) == "missing"
    again = made.ask(kit.now())
    given = data(admin.post("/consent", {"scopes": ["users"], "reason": "yes", "request": str(again.pk)}))
    assert (given["id"], given["asked_by"]) == (str(again.pk), str(made.agent))


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"scopes": [], "reason": "x"}, 422),
        ({"scopes": ["users"], "reason": ""}, 422),
        ({"scopes": ["users"], "reason": "  "}, 422),
        ({"scopes": ["money"], "reason": "x"}, 422),
        ({"scopes": ["users"], "reason": "x", "days": 731}, 422),
        ({"scopes": ["users"], "reason": "x", "days": 0}, 422),
        ({"scopes": ["users"], "reason": "x", "request": "00000000-0000-4000-8000-000000000000"}, 404),
        ({"scopes": ["users"], "reason": "x", "until": "2099-01-01"}, 422),
    ],
)
def test_a_consent_that_cannot_be_is_refused(made: Chain, body: dict[str, object], status: int) -> None:
    admin = admin_of(made)
    assert admin.post("/consent", body).status_code == status
    assert data(admin.get("/consent/grants"))["rows"] == []


def test_deciding_needs_the_administrator_and_a_fresh_proof(made: Chain, now: datetime) -> None:
    body = {"scopes": ["users"], "reason": "x"}
    token = Caller(made.customer.pk, made.admin, kit.browser(), token_of(made.customer, made.admin, verbs.ADMINISTRATOR))
    assert code(token.post("/consent", body), 401) == "step_up"
    made.give(now)
    agent = agent_in(made)
    assert code(agent.post("/consent", body), 403) == "scope"
    assert code(agent.post("/consent/end", {}), 403) == "scope"
    reader = caller(made.customer, verbs.READER)
    assert code(reader.post("/consent/end", {}), 403) == "denied"


def test_the_acts_on_behalf_and_the_record_are_the_customers(made: Chain, now: datetime) -> None:
    made.give(now)
    agent = agent_in(made)
    changed = data(agent("PUT", "/domain", {"contact_name": "Ada", "contact_email": "", "zone": "UTC"}))
    assert changed["contact_name"] == "Ada"
    reader = caller(made.customer, verbs.READER)
    [row] = data(reader.get("/consent/acts"))["rows"]
    assert (row["home_name"], row["actor"], row["verb"]) == (made.reseller.name, str(made.agent), "domain.write")
    assert row["after"] == "contact_email: ; contact_name: Ada; zone: UTC"
    as_csv = reader.get("/consent/acts", Accept="text/csv")
    lines = list(csv.DictReader(io.StringIO(b"".join(as_csv.streaming_content).decode("utf-8-sig"))))  # type: ignore[attr-defined]
    assert [line["From"] for line in lines] == [made.reseller.name]
    assert code(agent.get("/consent/acts", Accept="text/csv"), 403) == "scope"
    [deed] = data(reader.get(f"/acts/{row['id']}"))["rows"]
    assert (deed["home_name"], deed["grant"] is not None) == (made.reseller.name, True)
    record = reader.get("/consent/record")
    assert record.headers["Content-Type"] == "application/jsonl"
    verdict = paper.verify(b"".join(record.streaming_content).decode().splitlines())  # type: ignore[attr-defined]
    assert (verdict.problem, verdict.on_behalf) == ("", 2)  # the change, and the file that was denied
    assert code(agent.get("/consent/record"), 403) == "scope"


def test_the_agreement_is_confirmed_with_its_paper(made: Chain) -> None:
    admin, pdf = admin_of(made), b"%PDF-1.7 ours"
    assert "of the customer" in data(admin.get("/consent"))["agreement"]
    body = {"paper_name": "ours.pdf", "paper": base64.b64encode(pdf).decode()}
    kept = data(admin.post("/consent/agreements", body))
    assert (kept["side"], kept["paper_name"], len(kept["paper_digest"])) == ("customer", "ours.pdf", 64)
    assert admin.get("/consent/agreements/customer/paper").content == pdf
    assert code(admin.get("/consent/agreements/partner/paper"), 404) == "missing"
    assert code(admin.post("/consent/agreements", {"paper": "*"}), 422) == "paper"
    assert code(admin.post("/consent/agreements", {"paper": base64.b64encode(b"MZ").decode()}), 422) == "paper"
    assert [row["side"] for row in data(admin.get("/consent/agreements"))["rows"]] == ["customer"]


def test_tenant_permissions_are_the_partners_to_choose(made: Chain, now: datetime) -> None:
    made.give(now)
    agent, admin = agent_in(made), admin_of(made)
    left = data(agent("PUT", "/tenant-permissions", {"groups": ["d"]}))["rows"]
    assert [row["group"] for row in left if row["left"]] == ["d"]
    assert data(admin.get("/tenant-permissions"))["rows"] == left
    assert code(admin("PUT", "/tenant-permissions", {"groups": ["a"]}), 403) == "denied"
    assert code(agent("PUT", "/tenant-permissions", {"groups": ["e"]}), 422) == "invalid"


def test_packages_are_counted_and_given(made: Chain) -> None:
    with tenancy.acting_in(made.customer.pk):
        PackageStock.objects.create(package=PAID, total=1)
        me = Membership.objects.get(person=made.admin).pk
    admin = admin_of(made)
    assert data(admin("PUT", f"/people/{me}/package", {"package": PAID}))["package"] == PAID
    [row] = [row for row in data(admin.get("/packages"))["rows"] if row["total"]]
    assert row == {"name": PAID, "total": 1, "used": 1, "available": 0}
    assert len(data(admin.get("/packages"))["rows"]) == 8
    other = kit.membership(made.customer, kit.member(made.customer, verbs.READER)).pk
    assert code(admin("PUT", f"/people/{other}/package", {"package": PAID}), 422) == "package_used_up"
    assert code(admin("PUT", f"/people/{other}/package", {"package": "Gold"}), 422) == "package"


def test_people_are_read_changed_suspended_and_removed(made: Chain) -> None:
    admin, row = admin_of(made), kit.membership(made.customer, kit.member(made.customer, verbs.READER))
    one = f"/people/{row.pk}"
    assert data(admin.get(one))["role"] == "reader"
    assert data(admin("PUT", f"{one}/role", {"role": "administrator"}))["role"] == "administrator"
    assert data(admin("PUT", f"{one}/suspension", {"suspended": True}))["suspended_at"]
    assert code(admin("PUT", f"{one}/suspension", {"suspended": True}), 422) == "same"
    me = kit.membership(made.customer, made.admin).pk
    assert code(admin("PUT", f"/people/{me}/role", {"role": "reader"}), 422) == "last_owner"
    assert admin("DELETE", one).status_code == 204
    assert code(admin.get(one), 404) == "missing"
    foreign = kit.membership(made.reseller, made.owner).pk
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "/role", {"role": "reader"}),
        ("PUT", "/package", {"package": ""}),
        ("PUT", "/suspension", {"suspended": True}),
        ("DELETE", "", None),
    ):
        assert code(admin(method, f"/people/{foreign}{path}", body), 404) == "missing", (method, path)


def test_partner_administration_is_the_owners_and_only_in_an_enabled_partner() -> None:
    for enabled, status in ((True, 200), (False, 422)):
        made = chain(enabled=enabled)
        owner = Caller(made.reseller.pk, made.owner, inside(made.owner))
        row = kit.membership(made.reseller, made.agent).pk
        path = f"/people/{row}/partner-administration"
        assert owner("PUT", path, {"on": True}).status_code == status
        technician = Caller(made.reseller.pk, made.agent, inside(made.agent))
        assert code(technician("PUT", path, {"on": True}), 403) == "denied"


def test_people_are_invited_three_times_an_hour_at_most(made: Chain) -> None:
    admin, email = admin_of(made), kit.address()
    row = data(admin.post("/invitations", {"email": email, "role": "reader"}))
    assert kit.mailed_link(email).startswith(f"/join/{made.customer.pk}/")
    for _ in range(2):
        data(admin.post(f"/invitations/{row['id']}/again", {}))
    assert code(admin.post(f"/invitations/{row['id']}/again", {}), 429) == "too_many"
    assert [one["email"] for one in data(admin.get("/invitations"))["rows"]] == [email]
    assert admin("DELETE", f"/invitations/{row['id']}").status_code == 204
    assert data(admin.get("/invitations"))["rows"] == []
    assert code(admin.post("/invitations", {"email": "nobody", "role": "reader"}), 422) == "email"
    assert code(admin.post("/invitations", {"email": kit.address(), "role": "owner"}), 422) == "role"


def test_roles_are_listed_made_changed_and_dropped(made: Chain) -> None:
    admin = admin_of(made)
    found = data(admin.get("/roles"))
    assert [role["name"] for role in found["roles"]] == ["administrator", "reader"]
    assert {one["name"] for one in found["permissions"]} == {verb.name for verb in verbs.of_kind("customer")}
    role = data(admin.post("/roles", {"name": "Auditor", "verbs": ["acts.read"]}))
    changed = {"name": "Auditor", "verbs": ["acts.read", "consent.read"], "version": role["version"]}
    assert data(admin("PUT", f"/roles/{role['id']}", changed))["version"] == role["version"] + 1
    assert code(admin("PUT", f"/roles/{role['id']}", changed), 422) == "changed"
    row = kit.membership(made.customer, kit.member(made.customer, verbs.READER)).pk
    member = data(admin("PUT", f"/people/{row}/role", {"role": role["id"]}))
    assert (member["role"], member["own_role"]) == (verbs.CUSTOM, role["id"])
    assert code(admin("DELETE", f"/roles/{role['id']}"), 422) == "held"
    data(admin("PUT", f"/people/{row}/role", {"role": "reader"}))
    assert admin("DELETE", f"/roles/{role['id']}").status_code == 204
    assert code(admin("DELETE", f"/roles/{ids.new()}"), 404) == "missing"
    assert code(admin.post("/roles", {"name": "Seller", "verbs": ["operator.customers.move"]}), 422) == "verb"
    with tenancy.acting_in(made.customer.pk):
        assert not CustomRole.objects.exists()


def test_people_and_roles_of_a_partner_on_behalf_stay_within_the_scope(made: Chain, now: datetime) -> None:
    made.give(now, scopes=["telephony"])
    agent = agent_in(made)
    for path in ("/people", "/roles", "/invitations", "/domain", "/packages"):
        assert code(agent.get(path), 403) == "scope", path
    assert data(agent.get("/consent"))["live"]["scopes"] == ["telephony"]


def test_a_partner_invites_none_of_its_own_people_on_behalf(made: Chain, now: datetime) -> None:
    made.give(now)
    agent = Caller(made.customer.pk, made.agent, inside(made.agent))
    sent = {"email": made.owner.email, "role": verbs.ADMINISTRATOR}
    assert code(agent.post("/invitations", sent), 422) == "own_people"
    assert data(agent.post("/invitations", {**sent, "email": kit.address()}))["role"] == verbs.ADMINISTRATOR


def test_a_partner_gives_none_of_its_own_people_anything_on_behalf(made: Chain, now: datetime) -> None:
    made.give(now)
    insider = kit.member(made.customer, verbs.READER)
    with tenancy.acting_in(made.reseller.pk):
        people.join(person=insider, role=verbs.READER, organisation=made.reseller.name, now=now)
    agent = Caller(made.customer.pk, made.agent, inside(made.agent))
    row, admin = kit.membership(made.customer, insider).pk, kit.membership(made.customer, made.admin).pk
    assert code(agent("PUT", f"/people/{row}/role", {"role": verbs.ADMINISTRATOR}), 422) == "insider"
    assert code(agent("PUT", "/heads", {"members": [str(row), str(admin)]}), 422) == "insider"
    assert data(agent("PUT", f"/people/{row}/suspension", {"suspended": True}))["suspended_at"]
    assert code(agent("PUT", f"/people/{row}/suspension", {"suspended": False}), 422) == "insider"
    assert kit.membership(made.customer, insider).role == verbs.READER


def test_a_partner_makes_nobody_more_than_its_consent_names(made: Chain, now: datetime) -> None:
    role = data(admin_of(made).post("/roles", {"name": "Phones", "verbs": ["telephony.read"]}))["id"]
    made.give(now, scopes=["users", "telephony"])
    agent = Caller(made.customer.pk, made.agent, inside(made.agent))
    for wanted in (verbs.ADMINISTRATOR, verbs.READER):
        assert code(agent.post("/invitations", {"email": kit.address(), "role": wanted}), 422) == "above"
    assert data(agent.post("/invitations", {"email": kit.address(), "role": role}))["own_role"] == role
    who = kit.member(made.customer, verbs.READER)
    row = kit.membership(made.customer, who).pk
    assert code(agent("PUT", f"/people/{row}/role", {"role": verbs.ADMINISTRATOR}), 422) == "above"
    assert data(agent("PUT", f"/people/{row}/role", {"role": role}))["own_role"] == role


def test_an_expired_consent_ends_every_call_to_the_second(made: Chain, now: datetime) -> None:
    import time_machine

    grant = made.give(now, days=1)
    assert grant.ends_at is not None
    agent = agent_in(made)
    with time_machine.travel(grant.ends_at - timedelta(seconds=1), tick=False):
        assert agent.get("/domain").status_code == 200
    with time_machine.travel(grant.ends_at, tick=False):
        assert code(agent.get("/domain"), 404) == "missing"
