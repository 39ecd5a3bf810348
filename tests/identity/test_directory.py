"""It lets an organisation's directory keep its people, and nobody else's. Source: reliability P14, P22, P23."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from purser.access import people, tokens, verbs
from purser.access.directory import keys, placing
from purser.access.identity import DirectoryGroup, DirectoryUser
from purser.access.models import Membership, Person
from purser.postgres import ids, tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.identity import kit as identity
from tests.identity.kit import Directory, said

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def directory() -> Directory:
    return identity.directory()


def held(directory: Directory, name: str) -> Membership | None:
    with tenancy.acting_in(directory.organisation.pk):
        row: Membership | None = Membership.objects.filter(person__email=directory.email(name)).first()
        return row


def give(directory: Directory, group: dict[str, Any], role: str) -> None:
    with tenancy.acting_in(directory.organisation.pk):
        head = verbs.HEAD[directory.organisation.kind]
        actor = kit.actor(directory.organisation, directory.admin, role=head)
        placing.give(actor, group["id"], role, now=kit.now())


def role(directory: Directory, name: str) -> str:
    row = held(directory, name)
    assert row is not None
    return str(row.role)


def test_it_lets_a_new_person_in_as_a_reader_without_a_password(directory: Directory) -> None:
    directory.add("ada", displayName="Ada Byron", password="a password that nobody uses")
    person = directory.person("ada")
    assert (person.name, person.has_usable_password()) == ("Ada Byron", False)
    assert role(directory, "ada") == verbs.READER
    acts = kit.acts_of(directory.organisation)
    assert {(act.actor, act.verb) for act in acts[-2:]} == {
        ("Directory (Entra)", "directory.write"),
        ("Directory (Entra)", "people.join"),
    }
    assert "a password that nobody uses" not in kit.everything_stored()


def test_it_keeps_out_who_has_an_address_in_no_proven_domain_and_lets_them_in_once_it_is(directory: Directory) -> None:
    domain = f"late{ids.new().hex[-12:]}.example"
    user = directory.add("x", userName=f"bob@{domain}")
    assert not Person.objects.filter(email=f"bob@{domain}").exists()
    client = kit.sign_in(kit.member(directory.organisation, verbs.ADMINISTRATOR))
    assert f"bob@{domain}" in kit.text(client.get(kit.url(directory.organisation, "directory/")))
    client.post(kit.url(directory.organisation, "sign-on/domains/"), {"name": domain})
    link = kit.mailed_link(f"postmaster@{domain}")
    for method, proven in (("get", False), ("post", True)):
        assert getattr(kit.browser(), method)(link).status_code == 200
        assert Person.objects.filter(email=f"bob@{domain}").exists() == proven
    with tenancy.acting_in(directory.organisation.pk):
        assert DirectoryUser.objects.get(pk=user["id"]).person is not None
    assert kit.browser().post(link).status_code == 404  # the link worked once


def test_it_joins_a_person_who_exists_and_never_renames_or_moves_them(directory: Directory) -> None:
    elsewhere = kit.reseller()
    ada = kit.member(elsewhere, email=directory.email("ada"), factor=False)
    before = (ada.email, ada.name, ada.password)
    user = directory.add("ada", displayName="Somebody Else", emails=[{"value": directory.email("ada"), "primary": True}])
    changed = {"userName": directory.email("other"), "emails": [{"value": directory.email("other"), "primary": True}]}
    said(directory("PUT", f"/Users/{user['id']}", {"schemas": [identity.USER], "displayName": "Again", **changed}))
    ada.refresh_from_db()
    assert (ada.email, ada.name, ada.password) == before
    assert role(directory, "ada") == verbs.READER
    assert directory("DELETE", f"/Users/{user['id']}").status_code == 204
    assert held(directory, "ada") is None
    assert kit.membership(elsewhere, ada).role == verbs.OWNER  # what is elsewhere is not the directory's


def test_it_leaves_the_role_of_who_was_invited_before(directory: Directory) -> None:
    who = kit.member(directory.organisation, verbs.ADMINISTRATOR, email=directory.email("eve"), factor=False)
    user = directory.add("eve")
    assert kit.membership(directory.organisation, who).role == verbs.ADMINISTRATOR
    group = directory.group("Watchers", user["id"])
    give(directory, group, verbs.READER)
    assert role(directory, "eve") == verbs.READER
    give(directory, group, "")
    assert role(directory, "eve") == verbs.ADMINISTRATOR


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "active", "value": False},
        {"op": "Replace", "path": "active", "value": "False"},
        {"op": "Replace", "value": {"active": "False"}},
    ],
    ids=["standard", "entra", "entra without a path"],
)
def test_it_ends_session_and_token_with_the_next_request_when_the_directory_says_inactive(
    directory: Directory, operation: dict[str, Any]
) -> None:
    """P22, and Entra's habits: capitalised operations, booleans as text."""
    user = directory.add("ada")
    person = directory.person("ada")
    with tenancy.acting_in(directory.organisation.pk):
        actor = kit.actor(directory.organisation, person, role=verbs.ADMINISTRATOR)
        value = tokens.make(actor, name="t", expires_at=kit.now() + timedelta(days=1), now=kit.now()).value
    from allauth.mfa.totp.internal import auth as totp

    totp.TOTP.activate(person, kit.SECRET)
    client = identity.sign_in_as(person)
    page, call = kit.url(directory.organisation, "people/"), f"/api/v1/t/{directory.organisation.pk}/people"

    def seen() -> tuple[int, int]:
        bearer = {"Authorization": f"Bearer {value}"}
        return client.get(page).status_code, kit.browser().get(call, headers=bearer).status_code

    assert seen() == (200, 200)
    changed = directory.change(f"/Users/{user['id']}", operation)
    assert changed["active"] is False
    assert seen() == (404, 401)
    on = {"op": "Replace", "path": "active", "value": "True"}
    assert directory.change(f"/Users/{user['id']}", on)["active"] is True
    assert seen() == (200, 200)


def test_it_leaves_who_was_suspended_by_hand(directory: Directory) -> None:
    user = directory.add("ada")
    row = held(directory, "ada")
    assert row is not None
    with tenancy.acting_in(directory.organisation.pk):
        actor = kit.actor(directory.organisation, directory.admin, role=verbs.ADMINISTRATOR)
        people.suspend(actor, row.pk, suspended=True, now=kit.now())
    directory.change(f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": "Countess"})
    row = held(directory, "ada")
    assert row is not None
    assert row.suspended_at is not None


def test_it_gives_the_role_of_a_group_from_the_next_request_and_takes_it_back(directory: Directory) -> None:
    user = directory.add("ada")
    client = _signed_in(directory, "ada")
    page = kit.url(directory.organisation, "people/invite/")
    assert client.get(page).status_code == 403
    group = directory.group("Admins")
    give(directory, group, verbs.ADMINISTRATOR)
    directory.change(f"/Groups/{group['id']}", {"op": "Add", "path": "members", "value": [{"value": user["id"]}]})
    assert client.get(page).status_code == 200
    gone = {"op": "Remove", "path": f'members[value eq "{user["id"]}"]'}
    directory.change(f"/Groups/{group['id']}", gone)
    assert client.get(page).status_code == 403
    assert role(directory, "ada") == verbs.READER


def test_it_gives_the_strongest_of_several_groups(directory: Directory) -> None:
    user = directory.add("ada")
    weak, strong = directory.group("Readers", user["id"]), directory.group("Admins", user["id"])
    give(directory, weak, verbs.READER)
    give(directory, strong, verbs.ADMINISTRATOR)
    assert role(directory, "ada") == verbs.ADMINISTRATOR
    assert directory("DELETE", f"/Groups/{strong['id']}").status_code == 204
    assert role(directory, "ada") == verbs.READER
    shown = said(directory("GET", f"/Users/{user['id']}"))
    assert [one["display"] for one in shown["groups"]] == ["Readers"]


def test_it_keeps_the_last_head_whatever_the_directory_says(directory: Directory) -> None:
    """An organisation locked out by its own directory would have nobody left to mend it."""
    user = directory.add("ada")
    group = directory.group("Admins", user["id"])
    give(directory, group, verbs.ADMINISTRATOR)
    with tenancy.acting_in(directory.organisation.pk):
        actor = kit.actor(directory.organisation, directory.admin, role=verbs.ADMINISTRATOR)
        people.remove(actor, kit.membership(directory.organisation, directory.admin).pk, now=kit.now())
    before = said(directory("GET", f"/Users/{user['id']}"))
    tried = [
        directory.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False}),
        directory("DELETE", f"/Users/{user['id']}"),
        directory("DELETE", f"/Groups/{group['id']}"),
        directory.patch(f"/Groups/{group['id']}", {"op": "remove", "path": "members"}),
    ]
    for answer in tried:
        assert "is the only administrator" in said(answer, 409)["detail"]
    assert role(directory, "ada") == verbs.ADMINISTRATOR
    assert said(directory("GET", f"/Users/{user['id']}")) == before  # a refused request leaves nothing behind


def test_it_adds_an_address_of_a_type_that_the_user_has_not_as_entra_does(directory: Directory) -> None:
    user = directory.add("ada")
    shown = directory.change(
        f"/Users/{user['id']}",
        {"op": "Add", "path": 'emails[type eq "work"].value', "value": directory.email("ada")},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+1 201 555 0123"},
    )
    assert shown["emails"] == [{"type": "work", "value": directory.email("ada")}]
    assert shown["phoneNumbers"] == [{"type": "mobile", "value": "+1 201 555 0123"}]


@pytest.mark.parametrize("name", ["ADA", "Ada", "ada"])
def test_it_finds_and_refuses_a_user_name_in_any_case(directory: Directory, name: str) -> None:
    directory.add("ada", externalId="A-1")
    email = f"{name}@{directory.domain}"
    assert said(directory("GET", f'/Users?filter=userName eq "{email}"'))["totalResults"] == 1
    assert said(directory("GET", '/Users?filter=externalId eq "A-1"'))["totalResults"] == 1
    assert said(directory("GET", '/Users?filter=externalId eq "a-1"'))["totalResults"] == 0
    again = directory("POST", "/Users", {"schemas": [identity.USER], "userName": email})
    assert said(again, 409)["scimType"] == "uniqueness"
    assert said(identity.directory()("GET", f'/Users?filter=userName eq "{email}"'))["totalResults"] == 0


def test_it_takes_one_entry_a_person(directory: Directory) -> None:
    directory.add("ada")
    twin = {"userName": "another name", "emails": [{"value": directory.email("ada").upper()}]}
    assert directory("POST", "/Users", {"schemas": [identity.USER], **twin}).status_code == 409


@pytest.mark.parametrize("kind", ["Users", "Groups"])
def test_it_answers_a_foreign_id_like_an_absent_one(directory: Directory, kind: str) -> None:
    """P14: in the path, and as a member of a group."""
    other = identity.directory()
    theirs = other.add("eve")["id"] if kind == "Users" else other.group("Admins")["id"]
    before = said(other("GET", f"/{kind}/{theirs}"))
    own = directory.group("Own")
    for method, body in (("GET", None), ("PUT", {"schemas": [], "userName": "x", "displayName": "x"}), ("DELETE", None)):
        told = []
        for id in (theirs, str(ids.new())):
            answer = directory(method, f"/{kind}/{id}", body)
            told.append((answer.status_code, answer.content.decode().replace(id, "")))
        assert told[0] == told[1]
        assert told[0][0] in (404, 400)
    told = []
    for id in (theirs, str(ids.new())):
        answer = directory.patch(f"/Groups/{own['id']}", {"op": "add", "path": "members", "value": [{"value": id}]})
        told.append((answer.status_code, answer.content.decode().replace(id, "")))
    assert told[0] == told[1]
    assert told[0][0] == 400
    assert said(other("GET", f"/{kind}/{theirs}")) == before


def test_it_says_the_same_to_every_token_that_does_not_work(directory: Directory) -> None:
    """P23: malformed, foreign, of an API, revoked, expired, or for an organisation that is not there."""
    other, row_and_value = identity.directory(), identity.token(directory.organisation)
    revoked, value = row_and_value
    with tenancy.acting_in(directory.organisation.pk):
        keys.revoke(kit.actor(directory.organisation), revoked.pk, now=kit.now())
    forged = f"prd_{directory.organisation.pk.hex}_{'x' * 43}"
    told = set()
    for bearer in ("nothing", other.bearer, directory.bearer[:-1], directory.bearer.replace("prd", "prs"), value, forged):
        answer = directory("GET", "/Users", bearer=bearer)
        told.add((answer.status_code, answer.content))
    answer = directory.client.get(f"/scim/v2/{ids.new()}/Users", headers={"Authorization": f"Bearer {directory.bearer}"})
    told.add((answer.status_code, answer.content))
    with time_machine.travel(kit.now() + timedelta(days=31)):
        answer = directory("GET", "/Users")
        told.add((answer.status_code, answer.content))
    assert len(told) == 1
    assert next(iter(told))[0] == 401
    assert directory("GET", "/Users").status_code == 200


def test_it_stops_with_a_suspended_organisation(directory: Directory) -> None:
    with tenancy.acting_in(directory.organisation.pk):
        Organisation.objects.update(suspended_at=kit.now())
    assert directory("GET", "/Users").status_code == 401


def test_it_keeps_no_usable_token(directory: Directory) -> None:
    stored = kit.everything_stored()
    assert directory.bearer not in stored
    assert directory.bearer.split("_", 2)[2] not in stored


def test_it_takes_no_cookie_for_a_token(directory: Directory) -> None:
    client = kit.sign_in(kit.member(directory.organisation, verbs.ADMINISTRATOR))
    assert client.get(f"/scim/v2/{directory.organisation.pk}/Users").status_code == 401


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        ("[]", 400),
        ('{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"]}', 400),
        ('{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "' + "x" * 300 + '"}', 400),
        ('{"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "a\\u0000b"}', 400),
    ],
)
def test_it_answers_bad_input_in_the_words_of_the_standard(directory: Directory, body: str, status: int) -> None:
    where = f"/scim/v2/{directory.organisation.pk}/Users"
    headers = {"Authorization": f"Bearer {directory.bearer}"}
    answer: Any = directory.client.generic("POST", where, body, content_type="application/scim+json", headers=headers)
    assert said(answer, status)["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    with tenancy.acting_in(directory.organisation.pk):
        assert not DirectoryUser.objects.exists()
        assert not DirectoryGroup.objects.exists()


def test_it_lets_of_two_writers_of_one_entry_the_second_know(directory: Directory) -> None:
    user = directory.add("ada")
    stale = {"If-Match": user["meta"]["version"]}
    change = {"schemas": [identity.USER], "userName": directory.email("ada"), "title": "one"}
    assert directory("PUT", f"/Users/{user['id']}", change, **stale).status_code == 200
    assert directory("PUT", f"/Users/{user['id']}", {**change, "title": "two"}, **stale).status_code == 412


def test_it_makes_one_person_of_many_requests_at_once(directory: Directory) -> None:
    body = {"schemas": [identity.USER], "userName": directory.email("ada")}

    def add() -> int:
        return int(replace(directory, client=kit.browser())("POST", "/Users", body).status_code)

    assert sorted(kit.at_once(*[add] * 4)) == [201, 409, 409, 409]
    assert Person.objects.filter(email=directory.email("ada")).count() == 1


def _signed_in(directory: Directory, name: str) -> Any:
    from allauth.mfa.totp.internal import auth as totp

    person = directory.person(name)
    totp.TOTP.activate(person, kit.SECRET)
    return identity.sign_in_as(person)
