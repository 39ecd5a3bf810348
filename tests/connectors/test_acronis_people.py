"""Who signs in at Acronis: their logins and roles, and we ourselves.

Source: acceptance AC-5, AC-11, F-9.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import override_settings

from purser.config import wiring
from purser.connectors.ports.accounts import Role
from purser.kernel.errors import Busy, Missing, Refused
from tests.connectors.acronis import (
    CLIENT,
    CUSTOMER,
    MSP,
    NOW,
    OWNER,
    READ_ONLY,
    RESELLER,
    SECRET,
    World,
    new,
    person,
    served,
    world,
)

__all__ = ["served", "world"]  # the fixtures


def test_a_login_is_checked_over_the_whole_vendor(world: World) -> None:
    """Source: acceptance AC-5."""
    acronis = world.connector()
    assert [acronis.login_free(login) for login in ("new.one", "ada", "ADA", "taken", "ümlaut@x.example")] == [
        True, False, False, False, True,
    ]  # fmt: skip
    with pytest.raises(Refused) as e:
        acronis.login_free("two words")
    assert e.value.code == "login"
    assert all(r.startswith("GET") for r in world.asked())


def test_a_login_taken_in_between_is_refused_and_nothing_is_made(world: World) -> None:
    acronis = world.connector()
    assert acronis.login_free("bea.birch")
    world.tell("take_login", login="BEA.birch")
    with pytest.raises(Refused) as e:
        acronis.create_user(person(CUSTOMER))
    assert (e.value.code, world.done("user")) == ("login_taken", [])
    with pytest.raises(Refused) as e:
        acronis.create_user(replace(person(CUSTOMER, "another"), email="nowhere"))
    assert (e.value.code, world.done("user")) == ("validation", [])


def test_the_users_of_a_tenant_are_its_own_with_their_roles(world: World) -> None:
    acronis = world.connector()
    for n in range(120):
        world.tell("user", tenant_id=RESELLER, login=f"u{n}", contact={"email": f"u{n}@x.example"}, roles=["readonly_admin"])
    world.app.requests.clear()
    found = acronis.users(RESELLER)
    assert (len(found.items), found.whole) == (120, True)
    assert {user.roles for user in found.items.values()} == {frozenset({Role("readonly_admin")})}
    assert world.asked() == [f"GET /tenants/{RESELLER}/users", "GET /users", "GET /users"]
    assert [user.login for user in acronis.users(CUSTOMER).items.values()] == ["ada"]
    assert acronis.users(acronis.create(new()).id).items == {}
    world.fail("mangle", path="/users$", skip=1, body={"items": {"tenant_id": RESELLER}})
    another = acronis.users(CUSTOMER)
    assert (another.items, another.cut) == ({}, "1 of 1 users did not come")


def test_roles_replace_all_there_were_and_a_refused_one_changes_none(world: World) -> None:
    """Source: acceptance AC-11, F-9: what the vendor refuses is reported."""
    acronis = world.connector()
    ada = next(iter(acronis.users(CUSTOMER).items.values()))
    assert ada.roles == {Role("company_admin")}
    assert acronis.assign(ada, READ_ONLY) == frozenset(READ_ONLY)
    for refused in ("sync_share_ro_admin", "partner_admin"):
        with pytest.raises(Refused) as e:
            acronis.assign(ada, (*OWNER, Role(refused)))
        assert e.value.code == "role"
        assert refused in e.value.text
    assert acronis.user(ada.id).roles == frozenset(READ_ONLY)
    assert acronis.assign(ada, ()) == frozenset()


def test_a_person_shows_nothing_but_an_id_where_it_is_printed(world: World) -> None:
    acronis = world.connector()
    ada = next(iter(acronis.users(CUSTOMER).items.values()))
    assert repr(ada) == f"User({ada.id})"
    assert "bea" not in repr(person(CUSTOMER)).lower()
    assert "birch.example" not in repr(new())


def test_a_deleted_user_is_missing_and_a_disabled_one_gets_no_mail(world: World) -> None:
    acronis = world.connector()
    ada = next(iter(acronis.users(CUSTOMER).items.values()))
    world.tell("user", id=ada.id, enabled=False)
    with pytest.raises(Refused) as e:
        acronis.mail_activation(ada.id)
    assert (e.value.code, world.done("mail")) == ("user_disabled", [])
    with pytest.raises(Busy):
        acronis.delete_user(ada)
    acronis.delete_user(acronis.user(ada.id))
    for call in (acronis.user, acronis.mail_activation):
        with pytest.raises(Missing):
            call(ada.id)


# Signing in


def test_it_says_whose_the_client_is_and_why_it_does_not_work(world: World) -> None:
    assert world.connector().test().text == "Acronis: partner tenant Harbour IT."
    wrong = world.connector(secret="another-secret").test()
    assert (wrong.ok, wrong.code) == (False, "credentials")
    assert "another-secret" not in wrong.text
    world.tell("client", id=CLIENT, disabled=True)
    assert world.connector().test().code == "credentials"
    world.tell("client", id=CLIENT, disabled=False, tenant=CUSTOMER)
    assert world.connector().test().code == "permission"
    world.tell("client", id=CLIENT, tenant=MSP)
    world.tell("tenant", id=MSP, enabled=False)
    assert world.connector().test().code == "disabled"
    with pytest.raises(Refused) as e:
        world.connector().create(new())
    assert e.value.code == "parent_disabled"


def test_the_token_is_kept_renewed_in_time_and_once_more_when_it_ended_early(world: World) -> None:
    acronis = world.connector()

    def tokens() -> int:
        return sum("token" in r["path"] for r in world.app.requests)

    acronis.tenant(CUSTOMER)
    acronis.tenant(CUSTOMER)
    assert tokens() == 1
    world.at[0] = NOW + timedelta(minutes=104)
    acronis.tenant(CUSTOMER)
    assert tokens() == 1
    world.at[0] = NOW + timedelta(minutes=105)  # 15 minutes are left
    acronis.tenant(CUSTOMER)
    assert tokens() == 2
    world.tell("revoke")
    made = acronis.create(new())
    assert (tokens(), [t["id"] for t in world.done("tenant")]) == (3, [made.id])
    world.tell("client", id=CLIENT, secret="changed")
    world.tell("revoke")
    with pytest.raises(Refused) as e:
        acronis.tenant(CUSTOMER)
    assert e.value.code == "credentials"


def test_the_wiring_makes_one_for_a_data_centre_of_acronis_and_nowhere_else(world: World) -> None:
    with override_settings(SANDBOX_HOSTS=frozenset({world.url.removeprefix("http://")})):
        made = wiring.accounts_at(client_id=CLIENT, client_secret=SECRET, url=world.url)
        assert made.test().ok
        assert wiring.accounts_at(client_id=CLIENT, client_secret=SECRET, url=world.url) is made
    for url in ("https://acronis.com.example", "https://eu2.cloud.acronis.com", "http://us-cloud.acronis.com", world.url):
        with override_settings(SANDBOX_HOSTS=frozenset()), pytest.raises(Refused) as e:
            wiring.accounts_at(client_id=CLIENT, client_secret=SECRET, url=url)
        assert e.value.code == "address"
    assert wiring.accounts_at(client_id=CLIENT, client_secret=SECRET).traits.kinds == {"partner", "customer"}
