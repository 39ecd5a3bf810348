"""It shows how people sign in, lets those who may change it, and records every change. Source: reliability P21 to P23."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from purser.access import domains, once, people, policy, sign_on, verbs
from purser.access.identity import DirectoryToken, Domain, SecondFactor, SignOn
from purser.kernel.errors import Refused
from purser.postgres import ids, tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.api import kit as api
from tests.identity import kit as identity

pytestmark = pytest.mark.usefixtures("site")
PAGES = (
    "sign-on/",
    "sign-on/provider/",
    "sign-on/policy/",
    "sign-on/domains/",
    "directory/",
    "directory/token/",
    "tokens/make/",
)
PROVIDER = {
    "name": "Entra",
    "issuer": "11111111-2222-3333-4444-555555555555",
    "client_id": "abc",
    "secret": "the client secret of Entra",
    "require_mfa": "on",
    "on": "on",
    "version": "0",
}


def founded(kind: str) -> Organisation:
    return {"reseller": kit.reseller, "customer": kit.customer, "operator": kit.operator}[kind]()


@pytest.mark.parametrize("kind", ["reseller", "customer", "operator"])
@pytest.mark.parametrize("path", PAGES)
def test_it_opens_to_the_head_with_a_fresh_proof_only(kind: str, path: str) -> None:
    """P21: each sensitive page, with a fresh proof, an old one, a weaker role, and nobody."""
    organisation = founded(kind)
    head, weak = verbs.HEAD[kind], list(verbs.ROLES[kind])[-1]
    client = kit.sign_in(kit.member(organisation, head))
    assert client.get(kit.url(organisation, path)).status_code == 200
    kit.age_proofs(client, timedelta(minutes=5, seconds=1))
    asked = client.get(kit.url(organisation, path))
    assert asked.headers["Location"].startswith("/sign-in/reauthenticate/?next=")
    assert kit.sign_in(kit.member(organisation, weak)).get(kit.url(organisation, path)).status_code == 403
    assert kit.browser().get(kit.url(organisation, path)).headers["Location"].startswith("/sign-in/?next=")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/sign-on", None),
        ("PUT", "/sign-on/policy", {"second_factor": "required", "idle_minutes": 20, "version": 0}),
        ("POST", "/sign-on/domains", {"name": "x.example"}),
        ("GET", "/directory/tokens", None),
        ("GET", "/directory/groups", None),
    ],
)
def test_it_gives_no_token_what_wants_a_fresh_proof(method: str, path: str, body: Any) -> None:
    organisation = kit.reseller()
    assert api.code(api.caller(organisation)(method, path, body), 401) == "step_up"
    session = api.signed_in(organisation)
    kit.age_proofs(session.client, timedelta(minutes=6))
    assert api.code(session(method, path, body, **{"X-CSRFToken": _csrf(session.client)}), 401) == "step_up"


def _csrf(client: Client) -> str:
    client.get("/account/")
    return client.cookies["csrftoken"].value


def test_it_sets_up_a_provider_from_entras_directory_id_and_never_shows_the_secret() -> None:
    organisation = kit.customer()
    client = kit.sign_in(kit.member(organisation, verbs.ADMINISTRATOR))
    page = kit.url(organisation, "sign-on/provider/")
    assert client.post(page, PROVIDER).headers["Location"] == kit.url(organisation, "sign-on/")
    with tenancy.acting_in(organisation.pk):
        ready = sign_on.ready()
    assert ready.issuer == "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"
    assert (ready.secret, ready.require_mfa) == ("the client secret of Entra", True)
    shown = client.get(kit.url(organisation, "sign-on/")).content.decode() + client.get(page).content.decode()
    assert f"/sign-in/sso/{organisation.pk}/back/" in shown
    assert "the client secret of Entra" not in shown + kit.everything_stored()
    # an empty secret keeps the one there is; a stale version does not pass
    assert client.post(page, {**PROVIDER, "secret": "", "version": "1", "name": "Other"}).status_code == 302
    stale = client.post(page, {**PROVIDER, "version": "1"})
    assert stale.status_code == 422
    assert "Somebody else changed" in kit.text(stale)
    assert "<title>Error:" in stale.content.decode()
    with tenancy.acting_in(organisation.pk):
        assert (sign_on.ready().name, sign_on.ready().secret) == ("Other", "the client secret of Entra")
    acts = kit.acts_of(organisation, "sign_on.configure")
    assert [act.after["secret changed"] for act in acts] == ["(hidden)", "(hidden)"]
    assert acts[1].before["name"] == "Entra"


def test_it_says_what_is_missing_of_a_provider() -> None:
    organisation = kit.customer()
    client = kit.sign_in(kit.member(organisation, verbs.ADMINISTRATOR))
    for change, words in (
        ({"secret": ""}, "client secret is missing"),
        ({"issuer": "http://login.example.com"}, "over https"),
        ({"issuer": "https://login.example.com/?x=1"}, "without a query"),
    ):
        answer = client.post(kit.url(organisation, "sign-on/provider/"), {**PROVIDER, **change})
        assert answer.status_code == 422
        assert words in kit.text(answer)
    with tenancy.acting_in(organisation.pk):
        assert not SignOn.objects.exists()


def test_it_counts_a_domain_once_its_postmaster_agreed() -> None:
    """P23: opening the link changes nothing, it works once, in time, and for its organisation."""
    organisation, other = kit.customer(), kit.customer()
    name = f"d{ids.new().hex[-12:]}.example"
    client = kit.sign_in(kit.member(organisation, verbs.ADMINISTRATOR))
    assert client.post(kit.url(organisation, "sign-on/domains/"), {"name": name.upper()}).status_code == 302
    link = kit.mailed_link(f"postmaster@{name}")

    def proven() -> bool:
        with tenancy.acting_in(organisation.pk):
            return domains.covers(f"ada@{name}")

    page = kit.browser().get(link)
    assert organisation.name in kit.text(page)
    assert page.headers["Referrer-Policy"] == "strict-origin"
    tried = [link.replace(str(organisation.pk), str(other.pk)), link[:-2] + "x/"]
    told = {(answer.status_code, kit.text(answer)) for answer in (kit.browser().post(path) for path in tried)}
    assert {status for status, _ in told} == {404}
    assert not proven()
    assert kit.browser().post(link).status_code == 200
    assert proven()
    again = kit.browser().post(link)
    assert (again.status_code, kit.text(again)) in told
    assert [act.actor for act in kit.acts_of(organisation, "sign_on.domain")] == [f"postmaster@{name}"]
    with tenancy.acting_in(organisation.pk):
        row = Domain.objects.get(name=name)
    client.post(kit.url(organisation, f"sign-on/domains/{row.pk}/remove/"))
    assert not proven()


def test_it_ends_a_domains_letter_after_three_days_and_with_the_next_one() -> None:
    organisation, now = kit.customer(), kit.now()
    with tenancy.acting_in(organisation.pk):
        actor = kit.actor(organisation, role=verbs.ADMINISTRATOR)
        first = domains.ask(actor, "late.example", now=now)
        domains.look(first.token, now=now + once.LIFETIME - timedelta(seconds=1))
        with pytest.raises(once.Spent):
            domains.look(first.token, now=now + once.LIFETIME)
        second = domains.ask(actor, "late.example", now=now)
        with pytest.raises(once.Spent):
            domains.look(first.token, now=now)
        assert domains.look(second.token, now=now).name == "late.example"
    assert first.token not in kit.everything_stored()


def test_it_keeps_a_homograph_apart_from_the_domain_it_looks_like() -> None:
    organisation = kit.customer()
    identity.prove(organisation, f"paypal{ids.new().hex[-6:]}.example")
    with tenancy.acting_in(organisation.pk):
        (row,) = domains.every()
        assert domains.covers(f"ada@{row.name.upper()}")
        assert not domains.covers("ada@" + row.name.replace("a", "а"))  # Cyrillic


def test_it_lets_a_customer_choose_who_needs_a_second_factor_and_nobody_else() -> None:
    customer = kit.customer()
    admin = kit.member(customer, verbs.ADMINISTRATOR)
    reader = kit.sign_in(kit.member(customer, verbs.READER, factor=False))
    page = kit.url(customer, "people/")
    assert reader.get(page).headers["Location"].startswith("/account/second-factor/")
    client = kit.sign_in(admin)
    chosen = {"second_factor": "partners", "idle_minutes": "60", "version": "0"}
    assert client.post(kit.url(customer, "sign-on/policy/"), chosen).status_code == 302
    assert reader.get(page).status_code == 200  # from the next request
    assert reader.get(f"/api/v1/t/{customer.pk}/people").status_code == 200
    back = {**chosen, "second_factor": "required", "version": "1"}
    assert client.post(kit.url(customer, "sign-on/policy/"), back).status_code == 302
    assert reader.get(page).status_code == 302
    for other in (kit.reseller(), kit.operator()):
        with tenancy.acting_in(other.pk), pytest.raises(Refused, match="always required"):
            policy.save(kit.actor(other), second_factor="partners", idle_minutes=20, version=0, now=kit.now())


@pytest.mark.parametrize(
    ("kind", "minutes", "minute", "signed_in"),
    [
        ("customer", None, 179, True),
        ("customer", None, 180, False),
        ("customer", 20, 19, True),
        ("customer", 20, 20, False),
        ("reseller", None, 29, True),
        ("reseller", None, 30, False),
        ("operator", None, 30, False),
        ("reseller", 10, 10, False),
    ],
)
def test_it_ends_an_idle_session_when_its_organisation_says(
    kind: str, minutes: int | None, minute: int, signed_in: bool
) -> None:
    organisation = founded(kind)
    who = kit.member(organisation, verbs.HEAD[kind])
    if minutes is not None:
        with tenancy.acting_in(organisation.pk):
            actor = kit.actor(organisation, who, role=verbs.HEAD[kind])
            policy.save(actor, second_factor=SecondFactor.REQUIRED, idle_minutes=minutes, version=0, now=kit.now())
    client = kit.sign_in(who)
    kit.age_session(client, idle=timedelta(minutes=minute))
    assert client.get(kit.url(organisation, "people/")).status_code == (200 if signed_in else 302)


def test_it_allows_a_session_the_shortest_of_a_persons_organisations_and_of_one_joined_since() -> None:
    customer, reseller = kit.customer(), kit.reseller()
    who = kit.member(customer, verbs.READER)
    client = kit.sign_in(who)
    with tenancy.acting_in(reseller.pk):
        people.join(person=who, role=verbs.READER, organisation=reseller.name, now=kit.now())
    assert policy.idle_of(who.pk) == timedelta(minutes=30)
    assert client.get(kit.url(reseller, "people/")).status_code == 200
    kit.age_session(client, idle=timedelta(minutes=31))
    assert client.get(kit.url(customer, "people/")).status_code == 302


@pytest.mark.parametrize(("kind", "minutes"), [("reseller", 31), ("customer", 181), ("customer", 4), ("operator", 60)])
def test_it_lets_no_organisation_choose_longer_than_its_kind_may(kind: str, minutes: int) -> None:
    organisation = founded(kind)
    client = kit.sign_in(kit.member(organisation, verbs.HEAD[kind]))
    chosen = {"second_factor": "required", "idle_minutes": str(minutes), "version": "0"}
    answer = client.post(kit.url(organisation, "sign-on/policy/"), chosen)
    assert answer.status_code == 422
    assert f"{minutes} is not" in kit.text(answer)


def test_it_shows_a_directorys_token_once_and_ends_it_at_once() -> None:
    organisation = kit.customer()
    client = kit.sign_in(kit.member(organisation, verbs.ADMINISTRATOR))
    answer = client.post(kit.url(organisation, "directory/token/"), {"name": "Entra", "days": "30"})
    value = answer.content.decode().split('<code id="token"')[1].split(">")[1].split("<")[0]
    where = f"/scim/v2/{organisation.pk}/Users"
    bearer = {"Authorization": f"Bearer {value}"}
    assert kit.browser().get(where, headers=bearer).status_code == 200
    page = client.get(kit.url(organisation, "directory/")).content.decode()
    assert value not in page + kit.everything_stored()
    assert f"…{value[-4:]}" in page
    with tenancy.acting_in(organisation.pk):
        row = DirectoryToken.objects.get()
    client.post(kit.url(organisation, f"directory/tokens/{row.pk}/revoke/"))
    assert kit.browser().get(where, headers=bearer).status_code == 401
    assert [act.summary for act in kit.acts_of(organisation, "directory.configure")] == [
        "Made the directory's token “Entra”",
        "Revoked the directory's token “Entra”",
    ]


def test_it_ends_one_session_or_all_others_and_says_so_in_the_record() -> None:
    """P22, and nobody ends a session of somebody else."""
    organisation = kit.reseller()
    who = kit.member(organisation)
    here, there, third = kit.sign_in(who), kit.sign_in(who), kit.sign_in(who)
    page = kit.url(organisation, "people/")
    rows = here.get("/sign-in/sessions/").context["sessions"]
    other = next(row for row in rows if row.session_key == there.session.session_key)
    stranger = kit.sign_in(kit.member(organisation))
    assert stranger.post(f"/sign-in/sessions/{other.pk}/end/").status_code == 404
    assert there.get(page).status_code == 200
    assert here.post(f"/sign-in/sessions/{other.pk}/end/").status_code == 302
    assert [one.get(page).status_code for one in (here, there, third)] == [200, 302, 200]
    here.post("/sign-in/sessions/")
    assert [one.get(page).status_code for one in (here, there, third)] == [200, 302, 302]
    assert [act.summary for act in kit.acts_of(organisation, "account.sessions")] == ["Ended 1 session"] * 2


def test_it_offers_the_passkey_first() -> None:
    page = kit.browser().get("/sign-in/").content.decode()
    assert page.index("Sign in with a passkey") < page.index('name="password"') < page.index("Sign in with your organisation")
    client = kit.sign_in(kit.person(factor=False))
    page = client.get("/account/second-factor/").content.decode()
    assert page.index("passkey") < page.index("authenticator app")


def test_it_writes_a_postmaster_three_letters_an_hour() -> None:
    organisation = kit.customer()
    client = kit.sign_in(kit.member(organisation, verbs.ADMINISTRATOR))
    name = f"d{ids.new().hex[-12:]}.example"
    told = [client.post(kit.url(organisation, "sign-on/domains/"), {"name": name}).status_code for _ in range(4)]
    assert told == [302] * 3 + [422]
    assert sum(letter.to == [f"postmaster@{name}"] for letter in mail.outbox) == 3
