"""A company that is not here yet comes by its partner's invitation, once Microsoft Entra says that whoever accepts administers
its directory; a provider of its own plays Entra. Rows CS-7, CS-8, CS-10; decision S-5; reliability P23.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.test import Client, override_settings

from purser.access import id_token, people, sign_on, verbs
from purser.access.models import Membership, Person
from purser.kernel.errors import Refused
from purser.partners import joining
from purser.postgres import ids, tenancy
from purser.tenants.models import Grant, Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.identity import provider as providers
from tests.identity.provider import Provider
from tests.partners.kit import Chain, chain, enters

pytestmark = pytest.mark.usefixtures("site")
CLIENT = "client-of-the-installation"
COMPANY = {"company": "Birch Law", "zone": "Europe/Berlin", "name": "Bea Birch", "password": "a brand new long sentence"}


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with providers.running(tmp_path_factory.mktemp("provider")) as found:
        back = f"{settings.SITE_URL}/tenants/accept/brought/"
        found.act("client", id=CLIENT, secret="a secret of the installation", redirects=[back])
        yield found


@dataclass
class Stage:
    """A partner that invites somebody of a company whose directory is `tid`, with an account there and none here."""

    provider: Provider
    made: Chain
    tid: UUID
    name: str
    email: str
    path: str

    def says(self, **claims: Any) -> None:
        """What the directory says from now on, beside who it is."""
        said = {"iss": f"{self.provider.issuer}/{self.tid}/v2.0", "tid": str(self.tid), **claims}
        self.provider.act("set", claims=said, issuer=f"{self.provider.issuer}/{{tenantid}}/v2.0")

    def administers(self, **claims: Any) -> None:
        self.says(wids=["b79fbf4d-3ef9-4689-8143-76b194e85509", joining.GLOBAL_ADMINISTRATOR], **claims)

    def returned(self, client: Client, path: str = "") -> str:
        """To Microsoft and back: the address that the browser comes back to."""
        gone = client.get(f"{path or self.path}microsoft/")
        assert gone.status_code == 302, kit.text(gone)
        there = self.provider.authorised(str(gone.headers["Location"]), self.name)
        assert there.startswith(f"{settings.SITE_URL}/tenants/accept/brought/?")
        return there.removeprefix(settings.SITE_URL)

    def page(self, client: Client, path: str = "") -> Any:
        """The invitation's page after the way there and back."""
        answer = client.get(self.returned(client, path))
        assert answer.status_code == 302, kit.text(answer)
        assert answer.headers["Location"] == (path or self.path)
        return client.get(answer.headers["Location"])

    def exists(self) -> bool:
        with tenancy.acting_in(self.tid):
            return Organisation.objects.exists()


@pytest.fixture
def stage(provider: Provider) -> Iterator[Stage]:
    name = f"bea{ids.new().hex[-12:]}"
    email = f"{name}@birch.example"
    provider.person(name, email)
    made = chain()
    issuer = f"{provider.issuer}/{{tenantid}}/v2.0"
    needs = {"ENTRA_ISSUER": issuer, "ENTRA_CLIENT_ID": CLIENT, "ENTRA_CLIENT_SECRET": "a secret of the installation"}
    with override_settings(SANDBOX_HOSTS=frozenset({provider.host}), **needs):
        found = Stage(provider, made, uuid4(), name, email, invited(made, email))
        found.administers()
        yield found


def invited(made: Chain, email: str) -> str:
    with tenancy.acting_in(made.reseller.pk):
        issued = joining.invite(kit.actor(made.reseller, made.owner), email=email, now=kit.now())
    return f"/tenants/accept/{made.reseller.pk}/{issued.token}/"


def test_the_directorys_administrator_brings_the_tenant_and_accepts_for_it(stage: Stage) -> None:
    made, client = stage.made, kit.browser()
    assert "Sign in with Microsoft" in kit.text(client.get(stage.path))
    page = stage.page(client)
    assert str(stage.tid) in kit.text(page)
    assert not stage.exists(), "opening the page changes nothing"
    brought = client.post(stage.path, COMPANY)
    assert (brought.status_code, brought.headers["Location"]) == (302, stage.path)
    with tenancy.acting_in(stage.tid):
        tenant, member = Organisation.objects.get(), Membership.objects.select_related("person").get()
        assert not Grant.objects.exists(), "whether the partner may is the next question"
    assert (tenant.pk, tenant.parent_id, tenant.kind, tenant.zone) == (
        stage.tid, made.reseller.pk, "customer", "Europe/Berlin",
    )  # fmt: skip
    assert (member.role, member.person.email, member.person.name) == (verbs.ADMINISTRATOR, stage.email, "Bea Birch")

    asked = client.get(stage.path)
    assert f"Let {made.reseller.name} administer it" in kit.text(asked)
    assert "Microsoft" not in kit.text(asked), "one invitation brings one tenant"
    led = client.post(stage.path, {"tenant": str(stage.tid)})
    assert led.headers["Location"].startswith("/account/second-factor/")
    from allauth.mfa.totp.internal import auth as totp

    totp.TOTP.activate(member.person, kit.SECRET)
    Person.objects.filter(pk=member.person_id).update(password=made.admin.password)
    client = kit.sign_in(member.person)
    done = client.post(stage.path, {"tenant": str(stage.tid)})
    assert done.headers["Location"] == f"/t/{stage.tid}/"
    with tenancy.acting_in(stage.tid):
        grant = Grant.objects.get()
    assert (grant.approved_by, grant.asked_by) == (member.person_id, made.owner.pk)
    assert enters(made.agent, tenant, kit.now()).grant == grant.pk
    assert client.get(stage.path).status_code == 404
    told = [act.summary for act in kit.acts_of(made.reseller, "tenants.accept")]
    assert told == ["Birch Law comes here by an invitation", "Birch Law accepted the invitation"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no directory role": ({}, "the role Global Administrator"),
    "another directory role": ({"wids": ["fe930be7-5e62-47db-91af-98c3a49a38b1"]}, "the role Global Administrator"),
    "the role as a word and no list": ({"wids": joining.GLOBAL_ADMINISTRATOR}, "the role Global Administrator"),
    "an unverified address": ({"email_verified": False}, "does not vouch for"),
    "another address": ({"email": "mallory@birch.example"}, "This invitation is for"),
}


@pytest.mark.parametrize("case", list(REFUSED))
def test_anybody_else_is_told_what_is_missing_and_nothing_is_made(stage: Stage, case: str) -> None:
    """The same way founds it once the directory says what it should."""
    claims, words = REFUSED[case]
    stage.says(**({"wids": [joining.GLOBAL_ADMINISTRATOR]} if "role" not in case else {}) | claims)
    client = kit.browser()
    page = stage.page(client)
    assert page.status_code == 422
    assert words in kit.text(page)
    assert "Sign in with Microsoft again" in kit.text(page)
    assert client.post(stage.path, COMPANY).status_code == 422
    assert not stage.exists()
    assert not Person.objects.filter(email=stage.email).exists()
    stage.administers()
    assert stage.page(client).status_code == 200
    assert client.post(stage.path, COMPANY).status_code == 302
    assert stage.exists()


def test_the_role_counts_in_the_claim_roles_too(stage: Stage) -> None:
    stage.says(roles=[joining.GLOBAL_ADMINISTRATOR])
    client = kit.browser()
    assert stage.page(client).status_code == 200
    assert client.post(stage.path, COMPANY).status_code == 302
    assert stage.exists()


@pytest.mark.parametrize(
    ("claims", "words"),
    [
        ({"tid": "9188040d-6c67-4c5b-b112-36a304b66dad"}, "names no organisation"),
        ({"tid": None}, "names no organisation"),
        ({"tid": "../../admin"}, "names no organisation"),
        ({"tid": str(uuid4())}, "issued by somebody else"),
        ({"iss": "https://evil.example/v2.0"}, "issued by somebody else"),
        ({"nonce": "of another sign-in"}, "belongs to another sign-in"),
    ],
)
def test_a_token_that_is_not_of_the_directory_it_names_proves_nothing(
    stage: Stage, claims: dict[str, Any], words: str
) -> None:
    stage.administers(**claims)
    client = kit.browser()
    answer = client.get(stage.returned(client))
    assert answer.status_code == 422
    assert words in kit.text(answer)
    assert "You administer this tenant" not in kit.text(client.get(stage.path))


def test_a_directory_is_founded_once_whoever_invites(stage: Stage) -> None:
    client = kit.browser()
    stage.page(client)
    assert client.post(stage.path, COMPANY).status_code == 302
    other = chain()
    again = invited(other, stage.email)
    colleague = f"col{ids.new().hex[-12:]}"
    stage.provider.person(colleague, f"{colleague}@birch.example")
    for path, name in ((again, stage.name), (invited(other, f"{colleague}@birch.example"), colleague)):
        stage.name = name
        page = stage.page(kit.browser(), path)
        assert page.status_code == 422
        assert f"The tenant {stage.tid} is here already" in kit.text(page)
    with tenancy.listing_customers_of(other.reseller.pk):
        assert list(Organisation.across.values_list("pk", flat=True)) == [other.customer.pk]


def test_who_is_told_that_it_is_here_already_accepts_once_they_have_signed_in(stage: Stage) -> None:
    client = kit.browser()
    stage.page(client)
    assert client.post(stage.path, COMPANY).status_code == 302
    client.post("/sign-in/logout/")
    with tenancy.acting_in(stage.tid):
        who = Membership.objects.select_related("person").get().person
    page = stage.page(client)
    assert "is here already" in kit.text(page)
    Person.objects.filter(pk=who.pk).update(password=stage.made.admin.password)
    kit.sign_in(who, client=client)
    assert f"Let {stage.made.reseller.name} administer it" in kit.text(client.get(stage.path))


def test_a_directory_that_an_organisation_signs_on_with_is_here_already(stage: Stage) -> None:
    given = {"name": "Entra", "client_id": "c", "secret": "s", "require_mfa": True, "on": True, "version": 0}
    issuer = f"https://login.microsoftonline.com/{stage.tid}/v2.0"
    with tenancy.acting_in(stage.made.customer.pk):
        sign_on.save(stage.made.as_admin(), issuer=issuer, sandbox=frozenset(), now=kit.now(), **given)
    page = stage.page(kit.browser())
    assert page.status_code == 422
    assert "is here already" in kit.text(page)
    assert not stage.exists()


def test_of_two_at_once_one_founds_it(stage: Stage) -> None:
    clients = [kit.browser(), kit.browser()]
    for client in clients:
        stage.page(client)
    answers = kit.at_once(*[lambda c=client: c.post(stage.path, COMPANY) for client in clients])
    assert sorted(answer.status_code for answer in answers) == [302, 422]
    with tenancy.acting_in(stage.tid):
        assert Membership.objects.count() == 1


def test_one_invitation_brings_one_tenant(stage: Stage) -> None:
    client = kit.browser()
    stage.page(client)
    assert client.post(stage.path, COMPANY).status_code == 302
    stage.tid = uuid4()
    stage.administers()
    page = stage.page(kit.browser())
    assert "Another tenant was brought here" in kit.text(page)
    assert not stage.exists()


def test_an_account_here_is_signed_in_to_first_and_nobody_of_the_partner_brings_one(stage: Stage) -> None:
    known = kit.person(email=stage.email)
    client = kit.browser()
    page = stage.page(client)
    assert f"Sign in as {stage.email}" in kit.text(page)
    assert client.post(stage.path, COMPANY).status_code == 200
    assert not stage.exists(), "the directory's word does not open the account of before"
    kit.sign_in(known, client=client)
    assert "Bring the tenant here" in kit.text(client.get(stage.path))
    with tenancy.acting_in(stage.made.reseller.pk):
        row = people.join(person=known, role=verbs.READER, organisation=stage.made.reseller.name, now=kit.now())
    assert "You work for" in kit.text(client.post(stage.path, COMPANY))
    assert not stage.exists()
    with tenancy.acting_in(stage.made.reseller.pk):
        row.delete()
    assert client.post(stage.path, {"company": "Birch Law", "zone": "UTC"}).status_code == 302
    assert kit.membership(Organisation(pk=stage.tid, kind="customer"), known).role == verbs.ADMINISTRATOR


def test_what_is_wrong_in_the_form_is_said_and_can_be_mended(stage: Stage) -> None:
    client = kit.browser()
    stage.page(client)
    for wrong in ({"password": "short"}, {"company": ""}, {"zone": "Mars/Olympus"}, {"company": "Bir\u200bch"}):
        answer = client.post(stage.path, {**COMPANY, **wrong})
        assert answer.status_code == 422, wrong
        assert "Error:" in kit.text(answer)
    assert not stage.exists()
    assert client.post(stage.path, COMPANY).status_code == 302


def test_the_answer_works_once_in_the_browser_that_asked_and_for_its_invitation(stage: Stage) -> None:
    client, thief = kit.browser(), kit.browser()
    there = stage.returned(client)
    assert thief.get(there).status_code == 422
    assert client.get(there).status_code == 302
    assert client.get(there).status_code == 422, "a replay"
    other = invited(stage.made, stage.email)  # the former ended, and what was proven was proven for it
    assert "You administer this tenant" not in kit.text(client.get(other))
    assert client.get(stage.path).status_code == 404


def test_it_asks_microsoft_for_a_new_proof_and_keeps_no_token_of_the_invitation(stage: Stage) -> None:
    client = kit.browser()
    gone = client.get(f"{stage.path}microsoft/")
    asked = parse_qs(urlsplit(gone.headers["Location"]).query)
    assert (asked["prompt"], asked["max_age"], asked["login_hint"]) == (["login"], ["0"], [stage.email])
    assert gone.cookies["bringing"]["httponly"]
    assert gone.cookies["bringing"]["path"] == "/tenants/accept/brought/"
    token = stage.path.split("/")[-2]
    stage.page(client)
    assert token not in str(dict(client.session))
    assert token not in kit.everything_stored()


def test_without_an_application_of_the_installation_nobody_comes_this_way(stage: Stage) -> None:
    with override_settings(ENTRA_CLIENT_ID=""):
        client = kit.browser()
        assert "Microsoft" not in kit.text(client.get(stage.path))
        assert client.get(f"{stage.path}microsoft/").status_code == 404
    assert kit.browser().get(f"{stage.path}microsoft/").status_code == 302
    wrong = stage.path.replace(stage.path.split("/")[-2], "0" * 43)
    assert kit.browser().get(f"{wrong}microsoft/").status_code == 404


def test_no_organisation_signs_on_with_every_directory() -> None:
    place = kit.customer()
    given = {"name": "Entra", "client_id": "c", "secret": "s", "require_mfa": True, "on": True, "version": 0}
    issuer = f"https://login.microsoftonline.com/{id_token.MANY}/v2.0"
    with tenancy.acting_in(place.pk), pytest.raises(Refused, match="one directory"):
        sign_on.save(kit.actor(place), issuer=issuer, sandbox=frozenset(), now=kit.now(), **given)
