"""The Autotask connector tests its credentials, and says what is wrong with them; at the sandbox, over HTTP."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from purser.connectors.autotask import HOSTS, AutotaskConnector, AutotaskSettings
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http
from purser.kernel.errors import Refused
from purser.reconcile.model import Refusal
from sandboxes.kit import Fault, Request
from tests.connectors.autotask import QUICK, SECRETS, House, change, house, opened

__all__ = ["house"]  # the fixture


def test_it_connects_with_company_0(house: House) -> None:
    tested = house.psa.test()
    assert (tested.ok, tested.code) == (True, "")
    assert "Our own company" in tested.text
    assert len(house.app.requests) == 2  # the zone, then one company


@pytest.mark.parametrize("wrong", ["secret", "integration_code", "user"])
def test_it_reports_wrong_credentials_without_showing_them(wrong: str) -> None:
    with opened(secrets=replace(SECRETS, **{wrong: "never-shown-1"})) as house:
        tested = house.psa.test()
        assert (tested.ok, tested.code) == (False, "credentials")
        with pytest.raises(Refused) as e:
            house.psa.accounts()
        assert e.value.code == "credentials"
        for text in (tested.text, str(e.value), e.value.hint, repr(house.psa.__dict__)):
            assert "never-shown-1" not in text
            assert SECRETS.secret not in text


def test_it_passes_the_psas_own_error_on(house: House) -> None:
    house.app.faults.arm(Fault("status", path="Companies", body={"errors": ["The database is being moved."]}))
    tested = house.psa.test()
    assert (tested.ok, tested.text) == (False, "The database is being moved.")


@pytest.mark.parametrize(("given", "code"), [("77", "not_found"), ("zero", "validation"), ("", "validation")])
def test_it_names_a_wrong_company_id(house: House, given: str, code: str) -> None:
    settings = AutotaskSettings(zone_lookup_url=f"{house.url}/atservicesrest", company_id=given)
    psa = AutotaskConnector(http=house.http, settings=settings, secrets=SECRETS, clock=house.app.clock.now)
    tested = psa.test()
    assert (tested.ok, tested.code) == (False, code)


@pytest.mark.parametrize("verb", [{"expire": True}, {"revoke": True}, {"secret": "another"}])
def test_it_sees_credentials_that_ended_after_it_had_connected(house: House, verb: dict[str, Any]) -> None:
    assert house.psa.test().ok
    house.control("credentials", user=SECRETS.user, **verb)
    with pytest.raises(Refused) as e:
        house.psa.agreements()
    assert e.value.code == "credentials"
    outcome = house.psa.adjust(change(1, 8), once="a")
    assert isinstance(outcome, Refusal)
    assert (outcome.code, house.app.effects) == ("credentials", [])


@pytest.mark.parametrize(
    "zone",
    ["http://127.0.0.1:9/ATServicesRest/", "https://webservices5.autotask.net.evil.example/", "nonsense", ""],
)
def test_it_sends_no_secret_to_a_zone_elsewhere(house: House, zone: str) -> None:
    house.app.faults.arm(Fault("mangle", path="zoneInformation", body={"url": zone}))
    with pytest.raises(Refused) as e:
        house.psa.accounts()
    assert e.value.code == "address"
    assert house.paths() == ["zoneInformation"]


def test_it_sends_no_secret_to_a_zone_at_another_admitted_host(house: House) -> None:
    with opened() as other:
        known = frozenset(h.url.removeprefix("http://") for h in (house, other))
        http = Http(hosts=HostRule(patterns=HOSTS, sandbox=known), timeouts=QUICK)
        settings = AutotaskSettings(zone_lookup_url=f"{house.url}/atservicesrest")
        psa = AutotaskConnector(http=http, settings=settings, secrets=SECRETS, clock=house.app.clock.now)
        zone = {"url": f"{other.url}/ATServicesRest/"}
        house.app.faults.arm(Fault("mangle", path="zoneInformation", body=zone))
        with pytest.raises(Refused) as e:
            psa.accounts()
        http.close()
        assert (e.value.code, other.app.requests) == ("address", [])


def test_it_looks_the_zone_up_once_and_shows_it_no_secret(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Request] = []
    original = house.app.handle
    monkeypatch.setattr(house.app, "handle", lambda request: (seen.append(request), original(request))[1])
    house.psa.accounts()
    house.psa.agreements()
    lookups = [r for r in seen if "zoneinformation" in r.path.lower()]
    assert len(lookups) == 1
    assert "secret" not in lookups[0].headers
    assert all(r.headers["secret"] == SECRETS.secret for r in seen if r not in lookups)
