"""The configuration pages. Source: acceptance ID-1 to ID-5, ID-10; reliability P25, P27."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import override_settings

from purser.access import vault, verbs
from purser.access.vendor_settings import Kinds
from purser.kernel.errors import Refused
from purser.links import kinds
from purser.links.desk import connections as desk_verbs
from purser.links.models import Connection, Sync
from purser.postgres import tenancy
from tests import make
from tests.access import kit
from tests.portal import desk, sample
from tests.portal.desk import Desk

pytestmark = pytest.mark.usefixtures("pages")

PAYLOAD = {
    "account_number": "4711",
    "gateway_secret": "sub-and-gateway-secret",
    "license_customer": "Harbour IT",
    "license_key": "the-license-key",
    "gateway_url": "https://market.example/gateway/us",
    "gateway_user": "gateway",
    "gateway_password": "the-gateway-password",
}
TYPED = {"user": "api@msp.example", "company_id": "", "password": "autotask-secret", "integration_code": "PURSER-SANDBOX"}


@pytest.fixture(autouse=True)
def vendors() -> None:
    from purser.config import wiring

    kinds.use(Kinds(wiring.FIELDS, wiring.check_addresses))


@pytest.fixture
def at() -> Iterator[Desk]:
    with desk.at() as made:
        yield made


def connection(at: Desk, kind: str) -> Connection:
    with tenancy.acting_in(at.tenant):
        found: Connection = Connection.objects.get(kind=kind)
        return found


def secrets(at: Desk, kind: str) -> dict[str, str]:
    held = connection(at, kind)
    with tenancy.acting_in(at.tenant):
        return {name: vault.reveal("links_connection", held.pk, name) for name in vault.kept("links_connection", held.pk)}


def form(at: Desk, **changes: str) -> dict[str, str]:
    held = connection(at, "autotask")
    return {**held.settings, "password": "", "integration_code": "", "version": str(held.version), **changes}


def activated() -> Any:
    """A reseller whose licence was activated a moment ago, and who has no PSA yet."""
    signed = sample.sign_in()
    actor = kit.actor(signed.organisation, signed.person)
    with override_settings(MARKETPLACE_HOSTS=("market.example",)), tenancy.acting_in(signed.organisation.pk):
        desk_verbs.activate(PAYLOAD, actor, kit.now())
    return signed


def test_it_shows_the_marketplace_on_file_with_secrets_as_dots() -> None:
    signed = activated()
    page = signed.client.get(signed.url("configuration/marketplace/"))
    text = kit.text(page)
    labels = [
        "Account Number", "Subscription + Gateway Secret", "License Customer", "License Key", "Gateway URL",
        "Gateway User", "Gateway Password",
    ]  # fmt: skip
    places = [text.index(label) for label in labels]
    assert places == sorted(places)
    assert "4711" in text
    for secret in ("sub-and-gateway-secret", "the-license-key", "the-gateway-password"):
        assert secret not in page.content.decode()
    assert page.content.decode().count("••••••••••••") == 3
    assert 'type="password"' not in page.content.decode()


def test_it_fills_the_marketplace_from_the_licence_only(at: Desk) -> None:
    with tenancy.acting_in(at.tenant), pytest.raises(Refused, match="filled when the licence is activated"):
        desk_verbs.save(
            kit.actor(at.world.organisation, verified_at=make.NOON), kind="marketplace", values={}, version=1, now=make.NOON
        )
    assert at.client.get(f"/t/{at.tenant}/configuration/marketplace/change/").status_code == 404


def test_it_reveals_a_secret_to_a_fresh_proof_only_and_keeps_an_act() -> None:
    signed = activated()
    held = _connection(signed, "marketplace")
    there = signed.url(f"configuration/connections/{held.pk}/secrets/license_key/reveal/")
    asked = {"HX-Request": "true", "HX-Target": "div#secret-license_key"}
    shown = signed.client.post(there, headers=asked)
    assert "the-license-key" in shown.content.decode()
    assert "load delay:30s" in shown.content.decode()
    assert shown.headers["Cache-Control"] == "no-store"
    [act] = kit.acts_of(signed.organisation, "connections.reveal")
    assert act.summary == "Saw the License Key of Marketplace"
    assert "the-license-key" not in str((act.before, act.after, act.summary))
    hidden = signed.client.get(there.removesuffix("reveal/"), headers=asked)
    assert "the-license-key" not in hidden.content.decode()
    kit.age_proofs(signed.client, timedelta(minutes=6))
    late = signed.client.post(there, headers=asked)
    assert "the-license-key" not in late.content.decode()
    assert "reauthenticate" in late.headers["HX-Redirect"]
    assert len(kit.acts_of(signed.organisation, "connections.reveal")) == 1


def _connection(signed: Any, kind: str) -> Connection:
    with tenancy.acting_in(signed.organisation.pk):
        found: Connection = Connection.objects.get(kind=kind)
        return found


def test_it_reveals_nothing_that_is_no_secret_and_nothing_to_a_reader(at: Desk) -> None:
    held = connection(at, "autotask")
    assert at.post("connection_reveal", connection=held.pk, field="user").status_code == 404
    reader = at.as_a(verbs.READER)
    assert reader.post(at.url("connection_reveal", connection=held.pk, field="password")).status_code == 403
    assert "Reveal" not in kit.text(reader.get(at.url("autotask")))


def test_it_sets_up_a_psa_with_company_0_and_pairs_it_with_the_marketplace(at: Desk) -> None:
    with tenancy.acting_in(at.tenant):
        other = Connection.objects.filter(kind="connectwise").exists()
    assert not other
    values = {"site": "https://api-na.myconnectwise.net", "company_id": "harbour", "integrator_user": "key",
              "integrator_password": "private-key", "client_id": "c", "version": "0"}  # fmt: skip
    assert at.post("connectwise_edit", values).status_code == 302
    with tenancy.acting_in(at.tenant):
        assert Sync.objects.filter(target__kind="connectwise", source__kind="marketplace").count() == 1
    assert secrets(at, "connectwise") == {"integrator_password": "private-key"}
    page = at.text("connectwise")
    assert "private-key" not in page
    assert "Not tested" in page
    [act] = [a for a in kit.acts_of(at.world.organisation, "connections.write") if "ConnectWise" in a.summary]
    assert "private-key" not in str(act.after)


def test_it_takes_an_empty_company_id_for_0(at: Desk) -> None:
    assert at.post("autotask_edit", form(at, company_id="")).status_code == 302
    assert connection(at, "autotask").settings["company_id"] == "0"


def test_it_keeps_secrets_that_are_left_empty(at: Desk) -> None:
    before = secrets(at, "autotask")
    assert at.post("autotask_edit", form(at, user="other@msp.example")).status_code == 302
    assert secrets(at, "autotask") == before
    assert connection(at, "autotask").settings["user"] == "other@msp.example"


def test_it_forgets_the_secrets_when_the_address_changes_and_says_so(at: Desk) -> None:
    changed = form(at, zone_lookup_url="https://webservices5.autotask.net/atservicesrest", integration_code="typed-anew")
    assert at.post("autotask_edit", changed).status_code == 302
    assert secrets(at, "autotask") == {"integration_code": "typed-anew"}
    text = at.text("autotask")
    assert "The address changed, so these were forgotten: Account Password." in text
    assert "Missing" in text
    refused = at.post("connection_test", connection=connection(at, "autotask").pk)
    assert refused.status_code == 422
    assert "Account Password is missing" in kit.text(refused)


@pytest.mark.parametrize(
    "address",
    ["http://169.254.169.254/latest", "https://localhost/atservicesrest", "https://webservices2.autotask.net.evil.example/",
     "https://user@webservices2.autotask.net/", "ftp://webservices2.autotask.net/"],
)  # fmt: skip
def test_it_refuses_an_address_it_may_not_call_before_keeping_anything(at: Desk, address: str) -> None:
    before = secrets(at, "autotask")
    answer = at.post("autotask_edit", form(at, zone_lookup_url=address, password="canary-81"))
    assert answer.status_code == 422
    assert "canary-81" not in answer.content.decode()
    assert secrets(at, "autotask") == before


def test_it_refuses_a_form_that_was_open_while_somebody_else_changed_it(at: Desk) -> None:
    old = form(at)
    at.post("autotask_edit", form(at, user="first@msp.example"))
    answer = at.post("autotask_edit", old)
    assert answer.status_code == 422
    assert "meanwhile" in kit.text(answer)
    assert connection(at, "autotask").settings["user"] == "first@msp.example"


@pytest.mark.parametrize("psa", ["autotask", "connectwise"])
def test_it_tests_credentials_and_shows_success(psa: str) -> None:
    with desk.at(psa) as at:
        assert at.post("connection_test", connection=connection(at, psa).pk).status_code == 302
        text = at.text(psa)
        assert "accepts the credentials" in text
        assert "Ready" in text
        assert "purser.read_everything" in [name for name, _ in at.jobs()]


def test_it_shows_the_psas_own_error_and_resumes_after_a_good_test(at: Desk) -> None:
    held = connection(at, "autotask")
    at.post("autotask_edit", form(at, password="wrong"))
    at.post("connection_test", connection=held.pk)
    answer = at.get("autotask")
    text = kit.text(answer)
    assert "The test failed. Autotask answered 401" in text
    assert b'note-title">Autotask<' not in answer.content, "a message takes no title from the page"
    assert "Paused" in text
    assert "Test Credentials and resume" in text
    at.post("autotask_edit", form(at, password="autotask-secret"))
    at.post("connection_test", connection=held.pk)
    assert "Ready" in at.text("autotask")
    assert connection(at, "autotask").state == "ready"


def test_it_tests_a_connection_ten_times_an_hour(at: Desk) -> None:
    held = connection(at, "autotask")
    codes = [at.post("connection_test", connection=held.pk).status_code for _ in range(11)]
    assert codes == [302] * 10 + [503]


def test_it_chooses_what_the_unit_price_means(at: Desk) -> None:
    held = connection(at, "marketplace")
    wanted = {"price_is": "sales", "version": str(held.version)}
    assert at.post("connection_price_is", wanted, connection=held.pk).status_code == 302
    assert connection(at, "marketplace").price_is == "sales"
    assert at.post("connection_price_is", wanted, connection=held.pk).status_code == 422
    wrong = {"price_is": "gift", "version": str(held.version + 1)}
    assert at.post("connection_price_is", wrong, connection=held.pk).status_code == 422


RULES = {"version": "1", "on": "on", "every_seconds": "300", "drift_policy": "psa", "decrease": "today",
         "limit_percent": "10", "limit_least": "3", "limit_down": "50"}  # fmt: skip


def test_it_changes_the_rules_of_the_pair_once_for_each_version(at: Desk) -> None:
    assert at.post("schedule_keep", RULES, sync=at.world.sync.pk).status_code == 302
    with tenancy.acting_in(at.tenant):
        pair = Sync.objects.get(pk=at.world.sync.pk)
    assert (pair.on, pair.every_seconds, pair.drift_policy, pair.decrease, pair.end_to_zero, pair.limit_down) == (
        True, 300, "psa", "today", False, 50,
    )  # fmt: skip
    again = at.post("schedule_keep", RULES, sync=at.world.sync.pk)
    assert again.status_code == 422
    assert "meanwhile" in kit.text(again)


@pytest.mark.parametrize(("name", "value"), [("every_seconds", "5"), ("limit_percent", "0"), ("limit_percent", "101")])
def test_it_refuses_rules_out_of_bounds_with_the_numbers(at: Desk, name: str, value: str) -> None:
    answer = at.post("schedule_keep", {**RULES, name: value}, sync=at.world.sync.pk)
    assert answer.status_code == 422
    assert f"{name} is {value}; it must be from" in kit.text(answer)


def test_it_leads_through_the_set_up() -> None:
    signed = sample.sign_in()
    first = signed.client.get(signed.url("billing/"))
    assert re.search(r"Next\s+Activate the licence", kit.text(first))
    signed = activated()
    assert re.search(r"Next\s+Test the marketplace", kit.text(signed.client.get(signed.url("billing/"))))


def test_it_says_which_word_is_whose(at: Desk) -> None:
    text = at.text("dictionary")
    assert "Contract service or bundle" in text
    assert "Addition" in text
