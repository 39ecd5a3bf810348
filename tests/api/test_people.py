"""People, invitations and API tokens over the API: the rights of the portal, and never a token in an answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse

from purser.access import invitations, verbs
from purser.access.models import ApiToken
from purser.access.single_use import Invitation
from purser.postgres import ids, tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller, caller, code, data, signed_in
from tests.partners.kit import chain
from tests.portal.customers import inside

pytestmark = pytest.mark.usefixtures("site")


def invited(organisation: Organisation, email: str) -> str:
    """The id of an invitation as a reader; the token it was sent with is dropped."""
    with tenancy.acting_in(organisation.pk):
        owner = kit.actor(organisation)
        issued = invitations.invite(owner, email=email, role=verbs.READER, kind=owner.kind, now=kit.now())
        return str(issued.invitation.pk)


def test_a_person_is_removed_with_their_tokens_and_the_last_owner_is_not() -> None:
    organisation = kit.reseller()
    owner, gone = caller(organisation), caller(organisation, verbs.TECHNICIAN)
    rows = {row["email"]: row["id"] for row in data(owner.get("/people"))["rows"]}
    assert code(gone("DELETE", f"/people/{rows[owner.person.email]}"), 403) == "denied"
    assert code(owner("DELETE", f"/people/{rows[owner.person.email]}"), 422) == "last_owner"
    path = f"/people/{rows[gone.person.email]}"
    assert owner("DELETE", path).status_code == 204
    assert gone.get("/organisation").status_code == 401
    assert code(owner("DELETE", path), 404) == "missing"
    assert [row["email"] for row in data(owner.get("/people"))["rows"]] == [owner.person.email]
    assert [act.summary for act in kit.acts_of(organisation, "people.remove")][-1] == f"Removed {gone.person}"


def test_tokens_are_listed_without_their_values_and_revoked() -> None:
    organisation = kit.reseller()
    owner, other = caller(organisation), caller(organisation, verbs.BOOKKEEPER)
    with tenancy.acting_in(organisation.pk):
        hashes = list(ApiToken.objects.values_list("token_hash", flat=True))
    answer = owner.get("/tokens")
    rows = {row["person"]: row for row in data(answer)["rows"]}
    mine, theirs = rows[str(owner.person.pk)], rows[str(other.person.pk)]
    assert (mine["state"], mine["hint"], mine["name"]) == ("in_use", owner.bearer[-4:], "test")
    assert mine["last_used_at"] is not None
    assert theirs["last_used_at"] is None
    for secret in (owner.bearer, other.bearer, *hashes):
        assert secret.encode() not in answer.content
    path = f"/tokens/{theirs['id']}"
    assert code(other("DELETE", path), 403) == "denied"
    assert owner("DELETE", path).status_code == 204
    assert other.get("/organisation").status_code == 401
    assert code(owner("DELETE", path), 404) == "missing"
    with tenancy.acting_in(organisation.pk):
        ApiToken.objects.filter(pk=mine["id"]).update(created_at=kit.now() + timedelta(minutes=1))
    assert [row["state"] for row in data(owner.get("/tokens"))["rows"]] == ["in_use", "revoked"]
    reader = caller(organisation, verbs.READER)
    assert code(reader.get("/tokens"), 403) == "denied"


def test_a_token_that_has_ended_says_so() -> None:
    organisation = kit.reseller()
    owner, other = caller(organisation), caller(organisation)
    with tenancy.acting_in(organisation.pk):
        ApiToken.objects.filter(person=other.person).update(expires_at=kit.now() - timedelta(seconds=1))
    states = {row["person"]: row["state"] for row in data(owner.get("/tokens"))["rows"]}
    assert states == {str(owner.person.pk): "in_use", str(other.person.pk): "expired"}


def test_invitations_are_listed_and_withdrawn_by_somebody_who_confirmed() -> None:
    organisation = kit.reseller()
    first, second = invited(organisation, "ada@example.com"), invited(organisation, "bo@example.com")
    with tenancy.acting_in(organisation.pk):
        Invitation.objects.filter(pk=first).update(expires_at=kit.now() - timedelta(seconds=1))
    reader, person = caller(organisation, verbs.READER), signed_in(organisation)
    answer = reader.get("/invitations")
    rows = data(answer)["rows"]
    assert [(row["id"], row["email"], row["role"], row["expired"]) for row in rows] == [
        (second, "bo@example.com", "reader", False),
        (first, "ada@example.com", "reader", True),
    ]
    assert b"token" not in answer.content
    page = person.client.get(reverse("people", kwargs={"tenant": person.tenant})).content.decode()
    assert all(row["email"] in page for row in rows)
    path = f"/invitations/{second}"
    assert code(reader("DELETE", path), 403) == "denied"
    assert code(caller(organisation)("DELETE", path), 401) == "step_up", "as in the portal, it is sensitive"
    assert person("DELETE", path).status_code == 204
    assert code(person("DELETE", path), 404) == "missing"
    assert code(person("DELETE", f"/invitations/{ids.new()}"), 404) == "missing"
    assert [row["id"] for row in data(reader.get("/invitations"))["rows"]] == [first]


def test_what_belongs_to_another_organisation_is_as_absent() -> None:
    mine, theirs = kit.reseller(), kit.reseller()
    person, other = signed_in(mine), caller(theirs)
    with tenancy.acting_in(theirs.pk):
        token = ApiToken.objects.get().pk
    for path, foreign in (
        ("people", kit.membership(theirs, other.person).pk),
        ("invitations", invited(theirs, "ada@example.com")),
        ("tokens", token),
    ):
        seen, absent = (person("DELETE", f"/{path}/{id}") for id in (foreign, ids.new()))
        assert (seen.status_code, seen.content) == (404, absent.content), path
    assert (len(data(other.get("/people"))["rows"]), len(data(other.get("/invitations"))["rows"])) == (1, 1)
    assert [row["state"] for row in data(other.get("/tokens"))["rows"]] == ["in_use"]


def test_an_address_is_invited_with_a_role_of_ones_own() -> None:
    organisation = kit.reseller()
    owner, email = signed_in(organisation), kit.address()
    role = data(owner.post("/roles", {"name": "Auditor", "verbs": ["acts.read"]}))
    made = data(owner.post("/invitations", {"email": email, "role": role["id"]}))
    assert (made["role"], made["own_role"], made["role_name"]) == (verbs.CUSTOM, role["id"], "Auditor")
    assert "as Auditor" in str(mail.outbox[-1].body)
    assert code(owner.post("/invitations", {"email": kit.address(), "role": str(ids.new())}), 404) == "missing"
    foreign = data(signed_in(kit.reseller()).post("/roles", {"name": "Auditor", "verbs": ["acts.read"]}))
    assert code(owner.post("/invitations", {"email": kit.address(), "role": foreign["id"]}), 404) == "missing"
    assert owner("DELETE", f"/roles/{role['id']}").status_code == 204
    (row,) = data(owner.get("/invitations"))["rows"]
    assert (row["own_role"], row["role_name"]) == (role["id"], "Auditor")
    assert code(owner.post(f"/invitations/{row['id']}/again"), 422) == "role_gone"


def test_nobody_invites_to_more_than_they_may() -> None:
    organisation = kit.reseller()
    owner = signed_in(organisation)
    clerk = data(owner.post("/roles", {"name": "Clerk", "verbs": ["people.invite", "links.read"]}))
    person = signed_in(organisation, verbs.READER)
    row = kit.membership(organisation, person.person).pk
    data(owner("PUT", f"/people/{row}/role", {"role": clerk["id"]}))
    assert code(person.post("/invitations", {"email": kit.address(), "role": verbs.OWNER}), 422) == "above"
    assert code(person.post("/invitations", {"email": kit.address(), "role": verbs.READER}), 422) == "above"
    assert data(person.post("/invitations", {"email": kit.address(), "role": clerk["id"]}))["role_name"] == "Clerk"


def test_both_doors_count_the_letters_to_an_address_together() -> None:
    organisation = kit.reseller()
    owner, email = signed_in(organisation), kit.address()
    portal, sent = kit.url(organisation, "people/invite/"), {"email": email, "role": "reader"}
    assert owner.client.post(portal, sent).status_code == 302
    row = data(owner.post("/invitations", sent))
    assert owner.client.post(kit.url(organisation, f"people/invitations/{row['id']}/again/")).status_code == 302
    for answer in (owner.post("/invitations", sent), owner.post(f"/invitations/{row['id']}/again")):
        assert code(answer, 429) == "too_many"
        assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    for path, fields in ((portal, sent), (kit.url(organisation, f"people/invitations/{row['id']}/again/"), {})):
        answer = owner.client.post(path, fields)
        assert answer.status_code == 422
        assert "three times within the hour" in kit.text(answer)
    assert len([one for one in mail.outbox if one.to == [email]]) == 3


def test_both_doors_count_the_letters_to_a_postmaster_and_to_a_tenant_together() -> None:
    made = chain()
    owner = Caller(made.reseller.pk, made.owner, inside(made.owner))
    domain, email = f"d{ids.new().hex[-12:]}.example", kit.address()
    for path, call, fields in (
        ("sign-on/domains/", "/sign-on/domains", {"name": domain}),
        ("tenants/invite/", "/tenants/invitations", {"email": email}),
    ):
        for _ in range(2):
            assert owner.client.post(kit.url(made.reseller, path), fields).status_code == 302
        data(owner.post(call, fields))
        assert code(owner.post(call, fields), 429) == "too_many"
        assert owner.client.post(kit.url(made.reseller, path), fields).status_code == 422
    for to in (f"postmaster@{domain}", email):
        assert len([one for one in mail.outbox if one.to == [to]]) == 3
