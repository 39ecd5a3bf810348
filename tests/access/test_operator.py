"""It lets the operator found resellers and issue licences. Source: acceptance ID-2, ID-7; decision F-15."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from purser.access import once, verbs
from purser.access.actors import Actor
from purser.access.models import Membership
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site

pytestmark = pytest.mark.usefixtures("site")

LICENCE = {
    "account_number": "10042",
    "gateway_secret": "canary-gateway-secret",
    "license_customer": "Acme IT",
    "license_key": "canary-license-key",
    "gateway_url": "https://gateway.example.com/api",
    "gateway_user": "acme",
    "gateway_password": "canary-gateway-password",
    "market": "us",
    "version": "1.1",
    "launch_secret": "canary-launch-secret",
}

filled: list[tuple[dict[str, str], Actor]] = []


def fill(payload: dict[str, str], actor: Actor) -> None:
    filled.append((payload, actor))


@pytest.fixture
def operator():
    return kit.operator()


@pytest.fixture
def client(operator):
    return kit.sign_in(kit.member(operator))


def test_it_founds_a_reseller_whose_first_owner_comes_by_invitation(operator, client):
    contact = kit.address()
    fields = {"kind": "reseller", "name": "Blue Managed IT", "zone": "Europe/Vienna", "contact": contact}
    answer = client.post(kit.url(operator, "organisations/found/"), fields)
    assert answer.status_code == 302, kit.text(answer)
    page = client.get(kit.url(operator, "organisations/"))
    assert "Blue Managed IT" in kit.text(page)
    path = kit.mailed_link(contact)
    arrival = kit.browser()
    assert "as owner" in kit.text(arrival.get(path))
    done = arrival.post(path, {"name": "First Owner", "password": "a brand new long sentence"})
    tenant = done.headers["Location"].split("/")[2]
    with tenancy.acting_in(Organisation(id=tenant).id):
        assert [(row.person.email, row.role) for row in Membership.objects.select_related("person")] == [(contact, "owner")]
        assert (Organisation.objects.get().zone, Organisation.objects.get().parent_id) == ("Europe/Vienna", operator.pk)
    assert [act.after["name"] for act in kit.acts_of(operator, "operator.organisations.found")] == ["Blue Managed IT"]


def test_it_refuses_a_reseller_without_a_proper_contact(operator, client):
    fields = {"kind": "reseller", "name": "X", "zone": "UTC", "contact": "nobody"}
    answer = client.post(kit.url(operator, "organisations/found/"), fields)
    assert answer.status_code == 422
    assert "no e-mail address" in kit.text(answer)


def test_it_shows_an_operator_only_the_resellers_under_it(operator, client):
    kit.reseller("Under another")
    kit.reseller("Under this one", under=operator)
    page = kit.text(client.get(kit.url(operator, "organisations/")))
    assert "Under this one" in page
    assert "Under another" not in page


def test_it_is_closed_to_the_owner_of_a_reseller(operator):
    org = kit.reseller(under=operator)
    client = kit.sign_in(kit.member(org))
    for path in ("organisations/", "organisations/found/", f"organisations/{org.pk}/licence/"):
        assert client.get(kit.url(org, path)).status_code == 403
        assert client.get(kit.url(operator, path)).status_code == 404


def test_it_lets_support_look_and_not_touch(operator):
    client = kit.sign_in(kit.member(operator, verbs.SUPPORT))
    assert client.get(kit.url(operator, "organisations/")).status_code == 200
    assert client.get(kit.url(operator, "organisations/found/")).status_code == 403


def issue(operator, client, org, contact=""):
    contact = contact or kit.address()
    answer = client.post(kit.url(operator, f"organisations/{org.pk}/licence/"), {**LICENCE, "contact": contact})
    assert answer.status_code == 302, kit.text(answer)
    return kit.mailed_link(contact)


def test_it_fills_the_connection_once_from_a_licence_link(operator, client):
    org = kit.reseller(under=operator)
    path = issue(operator, client, org)
    owner = kit.member(org)
    theirs = kit.sign_in(owner)
    assert theirs.get(path).status_code == 200
    filled.clear()
    with override_settings(ON_ACTIVATE="tests.access.test_operator.fill"):
        assert theirs.post(path).status_code == 302
        assert theirs.post(path).status_code == 404
    import tests.access.test_operator as here

    ((payload, actor),) = here.filled
    assert payload == LICENCE
    assert (actor.person, actor.tenant) == (owner.pk, org.pk)
    assert theirs.get(path).status_code == 404
    summary = [act.summary for act in kit.acts_of(org, "connections.write")]
    assert "Activated the marketplace licence" in summary[-1]


def test_it_keeps_the_licence_sealed_until_then_and_forgets_it_after(operator, client):
    org = kit.reseller(under=operator)
    path = issue(operator, client, org)
    stored = kit.everything_stored()
    assert "canary-" not in stored
    assert path.split("/")[-2] not in stored
    with tenancy.acting_in(org.pk):
        once.take("licence", path.split("/")[-2], now=kit.now())
        from purser.access.models import Sealed

        assert Sealed.objects.count() == 0


def test_it_keeps_the_link_when_filling_fails(operator, client):
    org = kit.reseller(under=operator)
    path = issue(operator, client, org)
    theirs = kit.sign_in(kit.member(org))
    with override_settings(ON_ACTIVATE="tests.access.test_operator.refuse"):
        assert theirs.post(path).status_code == 422
    with tenancy.acting_in(org.pk):
        assert once.look("licence", path.split("/")[-2], now=kit.now())


def refuse(payload: dict[str, str], actor: Actor) -> None:
    from purser.kernel.errors import Refused

    raise Refused("That address may not be called.", code="address")


def test_it_lets_only_members_who_may_change_connections_activate(operator, client):
    org = kit.reseller(under=operator)
    path = issue(operator, client, org)
    assert kit.browser().get(path).headers["Location"].startswith("/sign-in/?next=%2Factivate%2F")
    assert kit.sign_in(kit.member(kit.reseller())).get(path).status_code == 404
    assert kit.sign_in(kit.member(org, verbs.READER)).get(path).status_code == 403


def test_it_ends_the_earlier_link_when_a_new_licence_is_issued(operator, client):
    org = kit.reseller(under=operator)
    first, second = issue(operator, client, org), issue(operator, client, org)
    theirs = kit.sign_in(kit.member(org))
    assert [theirs.get(path).status_code for path in (first, second)] == [404, 200]


def test_it_gives_a_link_to_one_of_two_at_the_same_time():
    org = kit.reseller()
    for _ in range(5):
        with tenancy.acting_in(org.pk):
            issued = once.issue("trial", {"a": "1"}, made_by=kit.actor(org), now=kit.now())

        def take(token=issued.token) -> Any:
            with tenancy.acting_in(org.pk):
                return once.take("trial", token, now=kit.now())

        results = kit.at_once(take, take)
        assert [one for one in results if one == {"a": "1"}] == [{"a": "1"}]
        assert [one for one in results if isinstance(one, once.Spent)]


def test_it_ends_links_in_time_and_keeps_purposes_apart():
    org = kit.reseller()
    with tenancy.acting_in(org.pk):
        issued = once.issue("trial", {}, made_by=kit.actor(org), now=kit.now())
        for purpose, late in (("other", timedelta(0)), ("trial", timedelta(hours=72))):
            with pytest.raises(once.Spent):
                once.take(purpose, issued.token, now=kit.now() + late)
        assert once.take("trial", issued.token, now=kit.now()) == {}
