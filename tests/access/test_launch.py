"""It opens the portal from the marketplace's control panel. Source: acceptance ID-8, decision F-15."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from purser.access import launch, vault, verbs
from purser.postgres import ids, tenancy
from sandboxes.marketplace import panel
from tests.access import kit
from tests.access.kit import site as site

pytestmark = pytest.mark.usefixtures("site")

SECRET = "launch-secret-of-a-connection"


@pytest.fixture
def org():
    org = kit.reseller()
    with tenancy.acting_in(org.pk):
        vault.keep(launch.SECRET_OF, ids.new(), launch.SECRET_FIELD, SECRET, kit.now())
    return org


def mint(email, *, secret=SECRET, at=None):
    return panel.mint(account="10042", email=email, secret=secret, now=at or kit.now())


def post(org, token, client=None):
    return (client or kit.browser()).post(f"/launch/{org.pk}/", {"token": token})


def test_it_signs_the_named_member_in_and_still_asks_for_the_factor(org):
    who = kit.member(org, verbs.TECHNICIAN)
    client = kit.browser()
    answer = post(org, mint(who.email), client)
    assert answer.headers["Location"] == "/sign-in/2fa/authenticate/"
    assert client.get(kit.url(org, "people/")).status_code == 302
    kit.forget_code(who)
    done = client.post("/sign-in/2fa/authenticate/", {"code": kit.code()})
    assert str(org.pk) in done.headers["Location"]
    assert client.get(kit.url(org, "people/")).status_code == 200
    (act,) = kit.acts_of(org, "account.launch")
    assert act.actor == str(who)


def test_it_leads_a_member_without_a_factor_to_set_one_up_with_the_password(org):
    who = kit.member(org, factor=False)
    client = kit.browser()
    post(org, mint(who.email), client)
    assert client.get(kit.url(org, "people/")).headers["Location"].startswith("/account/second-factor/")
    # being launched is no proof of the password: whoever stole the launch must not add a factor of theirs
    assert client.get("/sign-in/2fa/totp/activate/").headers["Location"].startswith("/sign-in/reauthenticate/")


def test_it_goes_straight_on_for_the_person_who_is_signed_in(org):
    who = kit.member(org)
    client = kit.sign_in(who)
    assert str(org.pk) in post(org, mint(who.email), client).headers["Location"]
    assert client.get(kit.url(org, "people/")).status_code == 200


def test_it_works_once_also_for_two_at_the_same_time(org):
    who = kit.member(org, factor=False)
    claims = launch.opened(mint(who.email), secrets=[SECRET], now=kit.now())

    def take():
        with tenancy.acting_in(org.pk):
            return launch.take(claims, now=kit.now())

    results = kit.at_once(take, take)
    assert [one for one in results if one == who] == [who]
    assert [one.code for one in results if isinstance(one, launch.NotLaunched)] == ["used"]
    token = mint(who.email)
    assert post(org, token).status_code == 302
    again = post(org, token)
    assert again.status_code == 403
    assert "used already" in kit.text(again)


def _tampered(token):
    head, _, tail = token.partition(".")
    claims = json.loads(base64.urlsafe_b64decode(head + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**claims, "email": "owner@example.com"}).encode()).rstrip(b"=").decode()
    return f"{forged}.{tail}"


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda email: mint(email, at=kit.now() - timedelta(seconds=61)), "good for 60 seconds"),
        (lambda email: mint(email, at=kit.now() + timedelta(seconds=90)), "good for 60 seconds"),
        (lambda email: mint(email, secret="another"), "not signed by your marketplace"),
        (lambda email: _tampered(mint(email)), "not signed by your marketplace"),
        (lambda email: mint(email).partition(".")[0], "not signed by your marketplace"),
        (lambda email: mint(email)[:-2], "not signed by your marketplace"),
        (lambda email: "", "not signed by your marketplace"),
        (lambda email: "a" * 5000 + "." + "b" * 5000, "not signed by your marketplace"),
        (lambda email: mint("somebody.else@example.com"), "does not belong to this organisation"),
    ],
)
def test_it_refuses_an_expired_tampered_or_foreign_launch_and_says_what_to_do(org, spoil, told):
    who = kit.member(org, factor=False)
    client = kit.browser()
    answer = post(org, spoil(who.email), client)
    assert answer.status_code == 403
    assert told in kit.text(answer)
    assert "Launch again" in kit.text(answer) or "Ask an owner" in kit.text(answer)
    assert "_auth_user_id" not in client.session


def test_it_refuses_signed_nonsense(org):
    import hashlib
    import hmac

    for claims in ({}, [], {"iss": 1, "jti": "x", "exp": "soon", "account": "", "email": ""}, {"exp": 10**30}):
        head = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        tail = base64.urlsafe_b64encode(hmac.digest(SECRET.encode(), head.encode(), hashlib.sha256)).rstrip(b"=").decode()
        assert post(org, f"{head}.{tail}").status_code == 403


def test_it_knows_only_the_secrets_of_its_own_tenant(org):
    other = kit.reseller()
    who = kit.member(other, factor=False)
    assert post(other, mint(who.email)).status_code == 403
