"""It signs people in. Source: acceptance ID-6; reliability P21, P22, P24."""

from __future__ import annotations

from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import override_settings

from purser.access import verbs
from tests.access import kit
from tests.access.kit import site as site

pytestmark = pytest.mark.usefixtures("site")


def test_it_asks_for_the_second_factor_after_the_password():
    org = kit.reseller()
    who = kit.member(org)
    client = kit.browser()
    answer = client.post("/sign-in/", {"login": who.email, "password": kit.PASSWORD})
    assert answer.headers["Location"] == "/sign-in/2fa/authenticate/"
    assert client.get(kit.url(org, "people/")).status_code == 302  # not in yet
    assert client.post("/sign-in/2fa/authenticate/", {"code": "000000"}).status_code == 200
    kit.sign_in(who, client=client)
    assert client.get(kit.url(org, "people/")).status_code == 200


def test_it_leads_to_the_only_organisation_and_keeps_a_deep_link():
    org = kit.reseller()
    who = kit.member(org)
    deep = kit.url(org, "acts/?outcome.is=done")
    client = kit.browser()
    asked = client.get(deep)
    assert asked.headers["Location"].startswith("/sign-in/?next=")
    client.post(asked.headers["Location"], {"login": who.email, "password": kit.PASSWORD, "next": deep})
    kit.forget_code(who)
    answer = client.post("/sign-in/2fa/authenticate/", {"code": kit.code()})
    assert answer.headers["Location"] == deep
    assert str(org.pk) in client.get("/").headers["Location"]


def test_it_offers_a_choice_of_several_organisations_and_says_when_there_is_none():
    one, two = kit.reseller("Alpha"), kit.reseller("Beta")
    who = kit.member(one)
    nobody = kit.person()
    from purser.access import people
    from purser.postgres import tenancy

    with tenancy.acting_in(two.pk):
        people.join(person=who, role=verbs.READER, organisation=two.name, now=kit.now())
    page = kit.text(kit.sign_in(who).get("/"))
    assert "Alpha" in page
    assert "Beta" in page
    assert "You belong to no organisation yet" in kit.text(kit.sign_in(nobody).get("/"))


def test_it_answers_the_same_for_a_wrong_password_and_an_unknown_address():
    who = kit.member(kit.reseller())
    unknown = kit.address()
    told = []
    for email in (who.email, unknown):
        answer = kit.browser().post("/sign-in/", {"login": email, "password": "not the password at all"})
        told.append((answer.status_code, kit.text(answer).replace(email, "")))
    assert told[0][0] == 200
    assert told[0] == told[1]
    assert "This did not work. The e-mail address or the password is not right." in told[0][1]


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36",
            "Chrome on Linux",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile Safari/604.1", "Safari on iPhone"),
        ("curl/8.5.0", "curl/8.5.0"),
    ],
)
def test_it_says_where_one_is_signed_in_as_a_person_would(agent: str, words: str):
    client = kit.browser()
    client.defaults["HTTP_USER_AGENT"] = agent
    kit.sign_in(kit.member(kit.reseller()), client=client)
    assert f"{words} This one" in kit.text(client.get("/sign-in/sessions/"))


def test_it_answers_the_same_to_a_forgotten_password_of_a_known_and_an_unknown_address():
    who = kit.member(kit.reseller())
    unknown = kit.address()
    answers = [kit.browser().post("/sign-in/password/reset/", {"email": email}) for email in (who.email, unknown)]
    assert [(one.status_code, one.headers["Location"]) for one in answers] == [(302, "/sign-in/password/reset/done/")] * 2
    assert "/password/reset/key/" in kit.mailed_link(who.email)
    assert [one.subject for one in mail.outbox if one.to == [unknown]] == ["Purser: No account for this address"]


def test_it_sets_a_new_password_by_the_mailed_link_once_and_still_asks_for_the_factor():
    org = kit.reseller()
    who = kit.member(org)
    elsewhere = kit.sign_in(who)
    client = kit.browser()
    client.post("/sign-in/password/reset/", {"email": who.email})
    link = kit.mailed_link(who.email)
    form = client.get(link).headers["Location"]
    new = "quite another long sentence"
    answer = client.post(form, {"password1": new, "password2": new})
    assert answer.headers["Location"] == "/sign-in/password/reset/key/done/"
    assert "This link does not work" in kit.text(kit.browser().get(link, follow=True))
    assert elsewhere.get(kit.url(org, "people/")).status_code == 302  # its session ended
    back = kit.browser().post("/sign-in/", {"login": who.email, "password": new})
    assert back.headers["Location"] == "/sign-in/2fa/authenticate/"
    assert [act.actor for act in kit.acts_of(org, "account.password")] == [str(who)]


def test_it_refuses_a_code_that_was_used():
    who = kit.member(kit.reseller())
    kit.sign_in(who)
    again = kit.browser()
    again.post("/sign-in/", {"login": who.email, "password": kit.PASSWORD})
    answer = again.post("/sign-in/2fa/authenticate/", {"code": kit.code()})
    assert answer.status_code == 200
    assert "Incorrect code" in kit.text(answer)


def test_it_leads_a_member_without_a_factor_to_set_one_up_and_then_on():
    org = kit.reseller()
    who = kit.member(org, factor=False)
    client = kit.sign_in(who)
    deep = kit.url(org, "people/")
    asked = client.get(deep)
    assert asked.status_code == 302
    assert asked.headers["Location"].startswith("/account/second-factor/?next=")
    assert "Set up a second factor" in kit.text(client.get(asked.headers["Location"]))
    form = client.get("/sign-in/2fa/totp/activate/")
    assert form.status_code == 200  # the sign-in a moment ago is proof enough
    secret = client.session["mfa.totp.secret"]
    done = client.post("/sign-in/2fa/totp/activate/", {"code": kit.code(secret=secret)})
    assert done.headers["Location"] == "/sign-in/2fa/recovery-codes/"
    codes = client.get(done.headers["Location"])
    assert "Continue" in kit.text(codes)
    assert client.get(deep).status_code == 200
    row = Authenticator.objects.get(user=who, type=Authenticator.Type.TOTP)
    assert secret not in str(row.data)


def test_it_opens_pages_without_a_factor_where_the_installation_does_not_require_one():
    org = kit.reseller()
    client = kit.sign_in(kit.member(org, factor=False))
    with override_settings(REQUIRE_SECOND_FACTOR=False):
        assert client.get(kit.url(org, "people/")).status_code == 200


def test_it_asks_again_before_a_sensitive_page_when_the_proof_is_older_than_five_minutes():
    org = kit.reseller()
    who = kit.member(org)
    client = kit.sign_in(who)
    page = kit.url(org, "people/invite/")
    assert client.get(page).status_code == 200
    kit.age_proofs(client, timedelta(minutes=6))
    asked = client.get(page)
    assert asked.status_code == 302
    assert asked.headers["Location"].startswith("/sign-in/reauthenticate/?next=")
    assert client.get(kit.url(org, "people/")).status_code == 200  # what is not sensitive goes on
    answer = client.post(asked.headers["Location"], {"password": kit.PASSWORD, "next": page})
    assert answer.headers["Location"] == page
    assert client.get(page).status_code == 200


@pytest.mark.parametrize("name", [name for name, verb in verbs.VERBS.items() if verb.sensitive])
def test_it_asks_for_a_fresh_proof_for_every_sensitive_verb(name):
    from purser.access import permit

    verb = verbs.find(name)
    kind = next(kind for kind in ("reseller", "operator", "customer", "distributor") if verb.roles(kind))
    org = getattr(kit, kind)()
    who = kit.actor(org, kit.person(factor=False), role=min(verb.roles(kind)))
    permit.check(who, name)
    stale = kit.actor(org, role=who.role, verified_at=kit.now() - timedelta(minutes=6))
    never = kit.actor(org, role=who.role, verified_at=None)
    for one in (stale, never):
        with pytest.raises(permit.StepUp):
            permit.check(one, name)


def test_it_gives_a_new_session_at_sign_in():
    who = kit.member(kit.reseller())
    client = kit.browser()
    client.get("/sign-in/")
    client.post("/sign-in/", {"login": who.email, "password": kit.PASSWORD})
    before = client.session.session_key
    kit.sign_in(who, client=client)
    assert client.session.session_key != before


def test_it_ends_the_other_sessions_when_the_password_changes():
    org = kit.reseller()
    who = kit.member(org)
    one, two = kit.sign_in(who), kit.sign_in(who)
    new = "quite another long sentence"
    fields = {"oldpassword": kit.PASSWORD, "password1": new, "password2": new}
    assert one.post("/sign-in/password/change/", fields).status_code == 302
    assert two.get(kit.url(org, "people/")).headers["Location"].startswith("/sign-in/")


def test_it_ends_the_other_sessions_when_a_factor_is_removed():
    org = kit.reseller()
    who = kit.member(org)
    one, two = kit.sign_in(who), kit.sign_in(who)
    assert one.post("/sign-in/2fa/totp/deactivate/").status_code == 302
    assert two.get(kit.url(org, "people/")).headers["Location"].startswith("/sign-in/")
    assert one.get(kit.url(org, "people/")).headers["Location"].startswith("/account/second-factor/")
    assert [act.actor for act in kit.acts_of(org, "account.factors")]


def test_it_lists_sessions_and_ends_the_others():
    org = kit.reseller()
    who = kit.member(org)
    one, two = kit.sign_in(who), kit.sign_in(who)
    assert "This one" in kit.text(one.get("/sign-in/sessions/"))
    one.post("/sign-in/sessions/")
    assert two.get(kit.url(org, "people/")).status_code == 302
    assert one.get(kit.url(org, "people/")).status_code == 200


def test_it_slows_guessing_but_lets_the_person_in_from_elsewhere():
    org = kit.reseller()
    who = kit.member(org)
    attacker = kit.browser()
    for _ in range(6):
        last = attacker.post("/sign-in/", {"login": who.email, "password": "guess guess guess"})
    assert "Too many wrong passwords. Wait a minute" in kit.text(last)
    right = attacker.post("/sign-in/", {"login": who.email, "password": kit.PASSWORD})
    assert right.status_code == 200  # the limit comes before the password is looked at
    assert kit.sign_in(who).get(kit.url(org, "people/")).status_code == 200


def test_it_offers_no_sign_up_and_no_change_of_address():
    client = kit.browser()
    for path in ("/sign-in/signup/", "/sign-in/email/", "/sign-in/password/set/"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/account/",
        "/account/second-factor/",
        "/sign-in/password/change/",
        "/sign-in/2fa/",
        "/sign-in/2fa/webauthn/",
        "/sign-in/2fa/webauthn/add/",
        "/sign-in/2fa/totp/activate/",
        "/sign-in/sessions/",
        "/sign-in/logout/",
        "/sign-in/reauthenticate/",
    ],
)
def test_it_shows_every_page_of_an_account_in_our_frame(path):
    client = kit.sign_in(kit.person(factor=False))
    answer = client.get(path)
    assert answer.status_code == 200
    assert 'id="work"' in answer.content.decode()


@pytest.mark.parametrize(
    ("ages", "signed_in"),
    [
        ({"idle": timedelta(minutes=29)}, True),
        ({"idle": timedelta(minutes=30)}, False),
        ({"whole": timedelta(hours=11, minutes=59)}, True),
        ({"whole": timedelta(hours=12)}, False),
    ],
)
def test_it_ends_a_session_after_half_an_hour_idle_or_twelve_hours_and_keeps_the_deep_link(ages, signed_in):
    org = kit.reseller()
    client = kit.sign_in(kit.member(org))
    kit.age_session(client, **ages)
    answer = client.get(kit.url(org, "people/"))
    assert answer.status_code == (200 if signed_in else 302)
    if not signed_in:
        assert answer.headers["Location"] == f"/sign-in/?next=%2Ft%2F{org.pk}%2Fpeople%2F"


def test_it_signs_out():
    org = kit.reseller()
    client = kit.sign_in(kit.member(org))
    stolen = kit.browser()
    stolen.cookies["sessionid"] = client.cookies["sessionid"].value
    assert stolen.get(kit.url(org, "people/")).status_code == 200
    client.post("/sign-in/logout/")
    for one in (client, stolen):
        assert one.get(kit.url(org, "people/")).status_code == 302


def test_it_spends_one_hash_on_a_known_and_on_an_unknown_address(monkeypatch):
    from purser.access import hashing

    spent = []
    turn = hashing._turn
    monkeypatch.setattr(hashing, "_turn", lambda: (spent.append(1), turn())[1])
    who = kit.member(kit.reseller())
    for email in (who.email, kit.address()):
        spent.clear()
        kit.browser().post("/sign-in/", {"login": email, "password": "not the password at all"})
        assert len(spent) == 1


def test_it_exports_the_acts_that_are_shown():
    org = kit.reseller()
    client = kit.sign_in(kit.member(org))
    answer = client.get(kit.url(org, "acts/export/?verb.is=account.sign_in"))
    assert answer.status_code == 200
    body = b"".join(answer.streaming_content).decode("utf-8-sig") if answer.streaming else answer.content.decode("utf-8-sig")
    assert "Signed in" in body


def test_it_leads_a_part_of_a_page_to_the_second_factor_as_a_whole_page():
    org = kit.reseller()
    client = kit.sign_in(kit.member(org, factor=False))
    answer = client.get(kit.url(org, "acts/"), headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"].startswith("/account/second-factor/?next=")


def test_it_lets_a_recovery_code_stand_in_for_the_factor_once():
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    org = kit.reseller()
    who = kit.member(org)
    first = RecoveryCodes.activate(who).get_unused_codes()[0]
    for told in (302, 200):
        client = kit.browser()
        client.post("/sign-in/", {"login": who.email, "password": kit.PASSWORD})
        assert client.post("/sign-in/2fa/authenticate/", {"code": first}).status_code == told


def test_it_takes_a_closed_account_out_at_once():
    org = kit.reseller()
    who = kit.member(org)
    client = kit.sign_in(who)
    type(who).objects.filter(pk=who.pk).update(is_active=False)
    assert client.get(kit.url(org, "people/")).headers["Location"].startswith("/sign-in/")
    again = kit.browser()
    again.post("/sign-in/", {"login": who.email, "password": kit.PASSWORD})
    assert again.get(kit.url(org, "people/")).headers["Location"].startswith("/sign-in/")


def test_it_names_the_error_in_the_title_of_the_sign_in_page():
    answer = kit.browser().post("/sign-in/", {"login": kit.address(), "password": "not the password at all"})
    assert "<title>Error: Sign in" in answer.content.decode()
