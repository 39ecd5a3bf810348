"""It signs people on through their organisation's own provider, a process of its own. Source: reliability P21."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings
from django.test import Client, override_settings

from purser.access import domains, people, policy, sign_on, verbs
from purser.access.identity import SecondFactor, SignOnSubject
from purser.access.models import Person
from purser.kernel.errors import Refused
from purser.postgres import ids, tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.identity import kit as identity
from tests.identity import provider as providers
from tests.identity.provider import Provider

pytestmark = pytest.mark.usefixtures("site")
MFA = {"amr": ["pwd", "mfa"]}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with providers.running(tmp_path_factory.mktemp("provider")) as found:
        yield found


@dataclass
class Stage:
    """A customer with a proven domain that signs on with the provider; `who` is its reader, known to both by the address."""

    provider: Provider
    organisation: Organisation
    domain: str
    who: Person
    name: str

    def start(self, client: Client, query: str = "") -> str:
        """Where the browser is sent."""
        answer = client.get(f"/sign-in/sso/{self.organisation.pk}/go/{query}")
        assert answer.status_code == 302, kit.text(answer)
        return str(answer.headers["Location"])

    def back(self, client: Client, query: str = "", name: str = "") -> Any:
        """The whole way there and back: what the browser gets at last."""
        return client.get(self.returned(client, query, name))

    def returned(self, client: Client, query: str = "", name: str = "") -> str:
        there = self.provider.authorised(self.start(client, query), name or self.name)
        assert there.startswith(settings.SITE_URL + f"/sign-in/sso/{self.organisation.pk}/back/?")
        return there.removeprefix(settings.SITE_URL)

    def tell(self, **told: Any) -> None:
        self.provider.act("set", **told)

    def url(self, path: str) -> str:
        return kit.url(self.organisation, path)


@pytest.fixture
def stage(provider: Provider) -> Iterator[Stage]:
    with override_settings(SANDBOX_HOSTS=frozenset({provider.host})):
        yield make(provider, kit.customer())


def make(provider: Provider, organisation: Organisation, **more: Any) -> Stage:
    domain = identity.prove(organisation)
    name = f"ada{ids.new().hex[-12:]}"
    who = kit.member(organisation, verbs.READER, email=f"{name}@{domain}", factor=False)
    provider.act("set", claims=MFA)
    provider.person(name, who.email)
    back = f"{settings.SITE_URL}/sign-in/sso/{organisation.pk}/back/"
    provider.act("client", id=f"client-{organisation.pk}", secret="a secret of the client", redirects=[back])
    set_up(organisation, provider.issuer, **more)
    return Stage(provider, organisation, domain, who, name)


def set_up(organisation: Organisation, issuer: str, **more: Any) -> None:
    given = {"name": "Entra", "client_id": f"client-{organisation.pk}", "secret": "a secret of the client"}
    given |= {"require_mfa": True, "on": True, "version": 0, "sandbox": settings.SANDBOX_HOSTS, "now": kit.now()}
    with tenancy.acting_in(organisation.pk):
        sign_on.save(kit.actor(organisation), issuer=issuer, **{**given, **more})


def signed_in(stage: Stage, client: Client) -> bool:
    return client.get(stage.url("people/")).status_code == 200


def test_it_signs_a_member_on_and_leads_where_they_were_going(stage: Stage) -> None:
    client = kit.browser()
    answer = stage.back(client, f"?next={stage.url('people/')}")
    assert answer.headers["Location"] == stage.url("people/")
    assert signed_in(stage, client)
    assert [act.actor for act in kit.acts_of(stage.organisation, "account.sign_in")] == [str(stage.who)]


def test_it_finds_the_organisation_by_the_domain_of_the_address_and_knows_of_no_people(stage: Stage) -> None:
    client = kit.browser()
    told = []
    for email in (stage.who.email, f"nobody@{stage.domain}"):
        answer = client.post("/sign-in/sso/", {"email": email, "next": "/account/"})
        told.append(answer.headers["Location"].replace(email.replace("@", "%40"), ""))
    assert told[0] == told[1]
    page = client.get(told[0])
    assert "127.0.0.1" in kit.text(page)
    assert f"/sign-in/sso/{stage.organisation.pk}/go/?next=%2Faccount%2F" in page.content.decode()


def test_it_answers_the_same_for_every_domain_without_a_sign_on(stage: Stage) -> None:
    idle = kit.customer()
    known = identity.prove(idle)  # proven, but it signs on with nothing
    unproven = f"d{ids.new().hex[-12:]}.example"
    with tenancy.acting_in(stage.organisation.pk):
        domains.ask(kit.actor(stage.organisation), unproven, now=kit.now())
    told = set()
    for domain in (known, unproven, "nowhere.example", "gmail.com"):
        answer = kit.browser().post("/sign-in/sso/", {"email": f"ada@{domain}"})
        told.add((answer.status_code, kit.text(answer).replace(domain, "")))
    assert len(told) == 1
    assert next(iter(told))[0] == 422


def test_it_is_absent_for_an_organisation_without_one_as_for_no_organisation(stage: Stage) -> None:
    told = set()
    for tenant in (kit.customer().pk, ids.new()):
        answer = kit.browser().get(f"/sign-in/sso/{tenant}/go/")
        told.add((answer.status_code, kit.text(answer)))
    assert len(told) == 1
    assert next(iter(told))[0] == 404


AN_HOUR = 3600
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another issuer in the token": ({"claims": {**MFA, "iss": "https://evil.example"}}, "issued by somebody else"),
    "another issuer published": ({"claims": MFA, "issuer": "https://evil.example"}, "calls itself"),
    "a foreign nonce": ({"claims": {**MFA, "nonce": "of another sign-in"}}, "belongs to another sign-in"),
    "no nonce": ({"claims": {**MFA, "nonce": None}}, "belongs to another sign-in"),
    "another audience": ({"claims": {**MFA, "aud": "somebody-else"}}, "issued for another application"),
    "another party among audiences": ({"claims": {**MFA, "azp": "somebody-else"}}, "issued for another application"),
    "an expired token": ({"claims": {**MFA, "exp": int(time.time()) - AN_HOUR}}, "It ended at"),
    "an old token": ({"claims": {**MFA, "iat": int(time.time()) - AN_HOUR}}, "too long ago"),
    "a token of the future": ({"claims": {**MFA, "iat": int(time.time()) + AN_HOUR}}, "in the future"),
    "a token without an end": ({"claims": {**MFA, "exp": None}}, "does not say from when until when"),
    "an unpublished key": ({"claims": MFA, "key": "other"}, "a key that the provider does not publish"),
    "an unverified address": ({"claims": {**MFA, "email_verified": False}}, "does not vouch for"),
    "a foreign domain": ({"claims": {**MFA, "email": "ada@elsewhere.example"}}, "in none of the proven domains"),
    "an address of nobody": ({"claims": {**MFA, "email": "nobody@{domain}"}}, "do not belong to"),
    "no word of a second factor": ({"claims": {"amr": ["pwd"]}}, "did not say that a second factor was used"),
    "nothing about factors": ({"claims": {}}, "did not say that a second factor was used"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_it_refuses(stage: Stage, case: str) -> None:
    """The same way lets the person in once the provider says what it should."""
    told, words = REFUSED[case]
    claims = {n: v.format(domain=stage.domain) if isinstance(v, str) else v for n, v in told["claims"].items()}
    client = kit.browser()
    there = stage.returned(client)
    again = stage.start(client)
    stage.tell(**{**told, "claims": claims})
    if "issuer" in told:
        answer = client.get(there)
    else:
        answer = client.get(stage.provider.authorised(again, stage.name).removeprefix(settings.SITE_URL))
    assert answer.status_code == 422
    assert words in kit.text(answer)
    assert not signed_in(stage, client)
    stage.tell(claims=MFA)
    assert stage.back(client).status_code == 302
    assert signed_in(stage, client)


def test_it_takes_an_answer_once_in_the_browser_that_asked(stage: Stage) -> None:
    client, thief = kit.browser(), kit.browser()
    there = stage.returned(client)
    for browser, path in (
        (thief, there),
        (client, there.replace("state=", "state=x")),
        (client, there + "&iss=https://evil.example"),
    ):
        assert browser.get(path).status_code == 422
        assert not signed_in(stage, browser)
    # the last of them spent the state: even the right answer is now a replay
    replayed = client.get(there)
    assert replayed.status_code == 422
    assert "belongs to no sign-in of this browser" in kit.text(replayed)
    there = stage.returned(client)
    assert client.get(there).status_code == 302
    client.post("/sign-in/logout/")
    assert client.get(there).status_code == 422
    assert not signed_in(stage, client)


def test_it_takes_an_answer_for_the_organisation_that_asked_and_within_ten_minutes(stage: Stage) -> None:
    other = make(stage.provider, kit.customer())
    client = kit.browser()
    there = stage.returned(client)
    assert client.get(there.replace(str(stage.organisation.pk), str(other.organisation.pk))).status_code == 422
    there = stage.returned(client)
    session = client.session
    session["sso_under_way"] = {state: {**kept, "at": kept["at"] - 601} for state, kept in session["sso_under_way"].items()}
    session.save()
    assert client.get(there).status_code == 422


def test_it_makes_nobody_and_lets_no_stranger_in(stage: Stage) -> None:
    before = Person.objects.count()
    name = f"new{ids.new().hex[-12:]}"
    stage.provider.person(name, f"{name}@{stage.domain}")
    assert stage.back(kit.browser(), name=name).status_code == 422
    assert Person.objects.count() == before


@pytest.mark.parametrize("end", ["suspended", "removed", "inactive", "switched off"])
def test_it_lets_nobody_in_who_may_not(stage: Stage, end: str) -> None:
    client = kit.browser()
    assert stage.back(client).status_code == 302
    admin = kit.actor(stage.organisation, kit.member(stage.organisation, verbs.ADMINISTRATOR, factor=False))
    row = kit.membership(stage.organisation, stage.who)
    with tenancy.acting_in(stage.organisation.pk):
        if end == "suspended":
            people.suspend(admin, row.pk, suspended=True, now=kit.now())
        elif end == "removed":
            people.remove(admin, row.pk, now=kit.now())
        elif end == "inactive":
            Person.objects.filter(pk=stage.who.pk).update(is_active=False)
        else:
            sign_on.SignOn.objects.update(on=False)
    again = kit.browser()
    if end == "switched off":
        assert again.get(f"/sign-in/sso/{stage.organisation.pk}/go/").status_code == 404
    else:
        assert not signed_in(stage, client)  # the session of before ended with the next request
        assert stage.back(again).status_code == 422
    assert not signed_in(stage, again)


def test_it_knows_a_person_by_the_subject_once_bound_whatever_the_address_becomes(stage: Stage) -> None:
    assert stage.back(kit.browser()).status_code == 302
    stage.tell(claims={**MFA, "email": "ada@married.example", "email_verified": False})
    client = kit.browser()
    assert stage.back(client).status_code == 302
    assert signed_in(stage, client)
    # the address given to somebody new does not make them the person of before
    heir = f"heir{ids.new().hex[-12:]}"
    stage.provider.person(heir, f"{heir}@{stage.domain}")
    stage.tell(claims={**MFA, "email": stage.who.email})
    answer = stage.back(kit.browser(), name=heir)
    assert answer.status_code == 422
    assert "signed on as somebody else before" in kit.text(answer)
    with tenancy.acting_in(stage.organisation.pk):
        assert sign_on.forget(kit.actor(stage.organisation), now=kit.now()) == 1
        assert not SignOnSubject.objects.exists()


def test_it_knows_a_person_by_the_directorys_id(stage: Stage) -> None:
    directory = identity.Directory(stage.organisation, stage.domain, stage.who, identity.token(stage.organisation)[1])
    directory.add("eve", externalId="11111111-2222-3333-4444-555555555555")
    eve = f"eve{ids.new().hex[-12:]}"
    stage.provider.person(eve, "eve@unverified.example", verified=False)
    stage.tell(claims={**MFA, "oid": "11111111-2222-3333-4444-555555555555"})
    client = kit.browser()
    assert stage.back(client, name=eve).status_code == 302
    assert client.get("/account/").status_code == 200
    assert directory.email("eve") in kit.text(client.get(stage.url("people/")))


def test_it_asks_for_a_factor_of_ones_own_where_the_provider_vouches_for_none(provider: Provider) -> None:
    """P21: a session signed on without amr opens no tenant that takes a second factor."""
    with override_settings(SANDBOX_HOSTS=frozenset({provider.host})):
        stage = make(provider, kit.customer(), require_mfa=False)
        stage.tell(claims={"amr": ["pwd"]})
        client = kit.browser()
        assert stage.back(client).status_code == 302
        assert client.get(stage.url("people/")).headers["Location"].startswith("/account/second-factor/")
        with tenancy.acting_in(stage.organisation.pk):
            rule = SecondFactor.PARTNERS
            actor = kit.actor(stage.organisation)
            policy.save(actor, second_factor=rule, idle_minutes=60, version=0, now=kit.now())
        assert signed_in(stage, client)  # the customer lets its own people in without


def test_it_asks_a_member_with_a_factor_for_it_where_the_provider_vouches_for_none(provider: Provider) -> None:
    with override_settings(SANDBOX_HOSTS=frozenset({provider.host})):
        stage = make(provider, kit.reseller(), require_mfa=False)
        from allauth.mfa.totp.internal import auth as totp

        totp.TOTP.activate(stage.who, kit.SECRET)
        stage.tell(claims={})
        client = kit.browser()
        answer = stage.back(client)
        assert answer.headers["Location"] == "/sign-in/2fa/authenticate/"
        assert not signed_in(stage, client)
        kit.forget_code(stage.who)
        assert client.post(answer.headers["Location"], {"code": kit.code()}).status_code == 302
        assert signed_in(stage, client)


def test_it_opens_no_other_organisation_with_the_word_of_one(stage: Stage) -> None:
    """Who runs a provider could else enter wherever one of its people works too."""
    other = kit.reseller()
    with tenancy.acting_in(other.pk):
        people.join(person=stage.who, role=verbs.OWNER, organisation=other.name, now=kit.now())
    client = kit.browser()
    assert stage.back(client).status_code == 302
    assert signed_in(stage, client)
    assert client.get(kit.url(other, "people/")).status_code == 404
    assert client.get(f"/api/v1/t/{other.pk}/people").status_code == 404
    assert client.get(f"/api/v1/t/{stage.organisation.pk}/people").status_code == 200
    assert client.get("/").headers["Location"] == stage.url("")


def test_it_does_not_change_a_persons_own_factors_on_the_word_of_an_organisation(stage: Stage) -> None:
    from allauth.mfa.totp.internal import auth as totp

    totp.TOTP.activate(stage.who, kit.SECRET)
    client = kit.browser()
    stage.back(client)
    for path in ("/sign-in/2fa/webauthn/add/", "/sign-in/2fa/totp/deactivate/", "/sign-in/2fa/recovery-codes/generate/"):
        assert client.get(path).headers["Location"].startswith("/sign-in/reauthenticate/"), path


def test_it_wants_a_sensitive_act_proven_anew_at_the_provider(provider: Provider) -> None:
    with override_settings(SANDBOX_HOSTS=frozenset({provider.host})):
        stage = make(provider, kit.customer())
        admin = f"root{ids.new().hex[-12:]}"
        email = f"{admin}@{stage.domain}"
        kit.member(stage.organisation, verbs.ADMINISTRATOR, email=email, factor=False)
        provider.person(admin, email)
        client = kit.browser()
        page = stage.url("directory/")
        # the provider does not say when they proved it, so it was not now
        stage.back(client, name=admin)
        asked = client.get(page)
        assert asked.headers["Location"].startswith(f"/sign-in/sso/{stage.organisation.pk}/?")
        assert "again=1" in asked.headers["Location"]
        there = parse_qs(urlsplit(stage.start(client, f"?again=1&next={page}")).query)
        assert (there["prompt"], there["max_age"]) == (["login"], ["0"])
        # an old proof is none, a new one is
        stage.tell(claims={**MFA, "auth_time": int(time.time()) - 600})
        stage.back(client, name=admin)
        assert client.get(page).status_code == 302
        stage.tell(claims={**MFA, "auth_time": int(time.time()) - 5})
        stage.back(client, name=admin)
        assert client.get(page).status_code == 200
        kit.age_proofs(client, timedelta(minutes=6))
        assert client.get(page).status_code == 302


@pytest.mark.parametrize(
    "issuer",
    [
        "http://127.0.0.1:9",
        "http://login.example.com",
        "https://127.0.0.1",
        "https://169.254.169.254",
        "https://login.example.com:8443",
        "https://user@login.example.com",
        "https://localhost/#x",
        "file:///etc/passwd",
    ],
)
def test_it_calls_no_address_inside(issuer: str) -> None:
    with pytest.raises(Refused) as refusal:
        set_up(kit.customer(), issuer)
    assert refusal.value.code == "address"


def test_it_calls_no_address_inside_that_a_name_resolves_to() -> None:
    """A public name may mean an inner address when it is asked: the address is checked where the call is made."""
    organisation = kit.customer()
    set_up(organisation, "https://localhost")
    answer = kit.browser().get(f"/sign-in/sso/{organisation.pk}/go/")
    assert answer.status_code == 422
    assert "where no vendor can be" in kit.text(answer)


def test_it_keeps_the_client_secret_sealed(stage: Stage) -> None:
    stage.back(kit.browser())
    assert "a secret of the client" not in kit.everything_stored()
    assert "a secret of the client" not in str([act.after for act in kit.acts_of(stage.organisation)])
