"""Organisations become tenants at the vendor: resellers at once, customers with their first subscription.

Source: acceptance AC-8 to AC-14, AC-19 to AC-23, AC-25, AC-28, AC-29, AC-34, F-9.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from purser.access.models import Act
from purser.connectors.ports.accounts import Role
from purser.flows.accounts_to_vendor import due
from purser.jobs import provisioning as jobs
from purser.postgres import tenancy
from purser.provisioning.models import Instance
from purser.subscriptions import lifecycle
from purser.subscriptions.models import Source
from purser.tenants.models import Organisation
from sandboxes.kit import Request
from tests.flows.test_accounts_metering import NOTARY
from tests.flows.vendor import BY_WORKLOAD, MSP, PROTECTION, SYNC_SHARE, Rig, served


@pytest.fixture
def rig() -> Iterator[Rig]:
    with served() as made:
        yield made


def items(rig: Rig, tenant: str) -> dict[str, Any]:
    return {item.name: item for item in rig.port.offerings(tenant).items.values() if item.enabled}


def test_a_reseller_is_a_partner_under_the_provider_at_once(rig: Rig) -> None:
    """Source: acceptance AC-8, AC-9, AC-10, AC-11, AC-13."""
    account = rig.synced(rig.reseller)
    result = rig.run(account)
    assert (result.state, result.done, result.text) == ("provisioned", 6, "")
    (tenant,), (user,) = rig.there(account), rig.person(account)
    assert (tenant["kind"], tenant["parent_id"], tenant["name"]) == ("partner", MSP, "Cedar Systems")
    assert [policy["role_id"] for policy in user["_policies"]] == ["protection_ro_admin", "readonly_admin"]
    assert [mail["to"] for mail in rig.effects("mail")] == [account.email]
    held = rig.again(account)
    assert (held.remote, held.remote_user, held.mailed_at, held.provisioned_at) == (tenant["id"], user["id"], rig.at, rig.at)
    available = {o.name for o in rig.port.available(MSP, "partner").items.values()}
    assert items(rig, tenant["id"]).keys() == available
    assert rig.steps(account) == [(what, "done") for what in ("tenant", "production", "offerings", "user", "roles", "mail")]


def test_the_username_is_the_login_and_the_email_is_where_it_is_activated(rig: Rig) -> None:
    """Source: acceptance AC-5, AC-7; docs/decisions/0012."""
    account = rig.synced(rig.direct, username="birch-admin", email="ada@birch.example")
    rig.ordered(account)
    assert rig.run(account).state == "provisioned"
    (user,), (tenant,) = rig.person(account), rig.there(account)
    assert (user["login"], user["contact"]["email"]) == ("birch-admin", "ada@birch.example")
    assert tenant["contact"]["email"] == "ada@birch.example"
    assert [mail["to"] for mail in rig.effects("mail")] == ["ada@birch.example"]
    rig.tell("activate", user=user["id"], password="long enough")

    def signs_in(name: str) -> bool:
        pair = base64.b64encode(f"{name}:long enough".encode()).decode()
        asked = Request("GET", f"/api/2/tenants/{tenant['id']}", {}, {"authorization": f"Basic {pair}"}, b"")
        return rig.app.handle(asked).status == 200

    assert (signs_in("birch-admin"), signs_in("ada@birch.example")) == (True, False)


def test_what_the_provider_lacks_or_has_locked_is_not_given_to_a_reseller(rig: Rig) -> None:
    """Source: acceptance AC-13, AC-14."""
    rig.tell("item", tenant=MSP, name="pg_base_mobiles", locked=True)
    rig.tell("item", tenant=MSP, name="notarizations", status=0)
    account = rig.standing_reseller()
    held = items(rig, rig.again(account).remote)
    msps = {o.name: o for o in rig.port.offerings(MSP).items.values() if o.enabled and not o.locked}
    assert held.keys() == msps.keys()
    assert not {"pg_base_mobiles", "notarizations"} & held.keys()
    assert {item.mode for item in held.values()} == {"per_workload", "per_gigabyte", None}
    assert all((item.quota.soft, item.quota.over) == (None, None) for item in held.values())


def test_a_customer_without_a_subscription_is_left_alone(rig: Rig) -> None:
    """Source: acceptance AC-17, AC-19, AC-27."""
    account = rig.synced(rig.direct)
    assert rig.run(account).state == "prepared"
    assert (rig.asked(), rig.app.effects) == ([], [])


def test_the_first_subscription_makes_the_tenant_in_production_with_its_administrator(rig: Rig) -> None:
    """Source: acceptance AC-19 to AC-23."""
    account = rig.synced(rig.direct)
    first = rig.ordered(account)
    assert rig.run(account).state == "provisioned"
    (tenant,), (user,) = rig.there(account), rig.person(account)
    assert (tenant["kind"], tenant["parent_id"], tenant["pricing_mode"]) == ("customer", MSP, "production")
    assert [policy["role_id"] for policy in user["_policies"]] == ["company_admin"]
    held = items(rig, tenant["id"])
    assert {item.service for item in held.values()} == {PROTECTION, SYNC_SHARE}
    assert {item.mode for item in held.values()} == {"per_gigabyte", None}
    assert all((item.quota.soft, item.quota.over) == (None, None) for item in held.values())
    assert rig.state_of(first) == ("active", "")


def test_nothing_is_asked_twice_of_the_vendor(rig: Rig) -> None:
    """What the vendor answered is kept for the run: the calls are the ones of its own tutorial, and no more."""
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.port.root()
    rig.asked()
    rig.run(account)
    tenant, user = rig.there(account)[0]["id"], rig.person(account)[0]["id"]
    assert rig.asked() == [
        f"GET /tenants/{MSP}/offering_items/available_for_child", "POST /tenants", f"GET /tenants/{tenant}/pricing",
        f"PUT /tenants/{tenant}/pricing", f"PUT /tenants/{tenant}/offering_items", "POST /users",
        f"PUT /users/{user}/access_policies", f"POST /users/{user}/send-activation-email",
    ]  # fmt: skip


def test_a_customer_waits_for_its_reseller_and_then_stands_below_it(rig: Rig) -> None:
    """Source: acceptance AC-25, AC-28."""
    account = rig.synced(rig.customer)
    first = rig.ordered(account)
    assert rig.run(account).state == "prepared"
    assert rig.state_of(first) == ("waiting", "The tenant of Cedar Systems at Acronis EU has to stand first.")
    assert rig.asked() == []
    above = rig.standing_reseller()
    assert rig.run(account).state == "provisioned"
    assert rig.there(account)[0]["parent_id"] == rig.there(above)[0]["id"]
    assert rig.state_of(first) == ("active", "")


def test_later_subscriptions_use_the_tenant_and_add_what_they_are_for(rig: Rig) -> None:
    """Source: acceptance AC-29."""
    account = rig.synced(rig.direct)
    rig.ordered(account, {"services": [SYNC_SHARE]})
    rig.run(account)
    assert {item.service for item in items(rig, rig.there(account)[0]["id"]).values()} == {SYNC_SHARE}
    second = rig.ordered(account, {"services": ["Cyber Protection"], "mode": "per_workload"}, name="By its name")
    assert rig.run(account).state == "provisioned"
    assert len(rig.there(account)) == len(rig.person(account)) == len(rig.effects("mail")) == 1
    assert {item.service for item in items(rig, rig.there(account)[0]["id"]).values()} == {SYNC_SHARE, PROTECTION}
    assert rig.state_of(second) == ("active", "")


def test_a_second_billing_mode_waits_and_names_both(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    first, second = rig.ordered(account, name="By gigabyte"), rig.ordered(account, BY_WORKLOAD, name="By workload")
    assert rig.run(account).state == "provisioned"
    state, text = rig.state_of(second)
    assert (rig.state_of(first)[0], state) == ("active", "waiting")
    assert "By gigabyte is billed per gigabyte" in text
    assert "By workload would be billed per workload" in text
    assert {item.mode for item in items(rig, rig.there(account)[0]["id"]).values()} == {"per_gigabyte", None}
    rig.asked()
    rig.run(account)
    assert not [call for call in rig.asked() if not call.startswith("GET")]


def test_roles_are_the_instances_and_what_the_vendor_refuses_is_told(rig: Rig) -> None:
    """Source: acceptance AC-11; decision F-9."""
    with tenancy.acting_in(rig.distributor.pk):
        roles = {"partner": [["readonly_admin"], ["sync_share_read_only"], ["protection_ro_admin", "backup"]]}
        Instance.objects.filter(pk=rig.instance.pk).update(roles=roles)
    account = rig.synced(rig.reseller)
    assert rig.run(account).state == "provisioned"
    assert [p["role_id"] for p in rig.person(account)[0]["_policies"]] == ["protection_ro_admin", "readonly_admin"]
    assert "does not give sync_share_read_only" in rig.step(account, "roles").text
    rig.port.calls.clear()
    rig.run(account)
    assert rig.port.calls == []


def test_a_suspended_customer_is_disabled_and_resumed(rig: Rig) -> None:
    """Source: acceptance AC-34."""
    account = rig.synced(rig.direct)
    first, second = rig.ordered(account), rig.ordered(account, {"services": [SYNC_SHARE]}, name="Seats")
    rig.run(account)
    by = lifecycle.By("Ada", Source.US)

    def turn(how: Any, subscription: Any) -> bool:
        with tenancy.acting_in(rig.direct.pk):
            how(subscription.pk, by=by, now=rig.at)
        rig.run(account)
        return bool(rig.there(account)[0]["enabled"])

    assert turn(lifecycle.suspend, first)
    assert not turn(lifecycle.suspend, second)
    assert turn(lifecycle.resume, first)
    assert rig.again(account).state == "provisioned"


NAMES = ["Ärzte & Söhne «Zahn» GmbH", "株式会社さくら", 'O\'Neil "Q" <b>', "é" * 200, "עברית", "🦷 Dental"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_kind_of_letter_arrive_as_they_are(rig: Rig, name: str) -> None:
    account = rig.synced(rig.direct, name=name)
    rig.ordered(account)
    assert rig.run(account).state == "provisioned"
    assert rig.there(account)[0]["name"] == name


def test_with_the_resellers_user_nothing_is_added_and_nothing_switched(rig: Rig) -> None:
    """Source: acceptance AC-12, tried at the vendor as the person."""
    account = rig.standing_reseller()
    rig.tell("activate", user=rig.again(account).remote_user, password="long enough")
    remote = rig.again(account).remote
    pair = base64.b64encode(f"{account.username}:long enough".encode()).decode()

    def as_user(method: str, path: str, body: Any = None) -> int:
        content = json.dumps(body).encode() if body is not None else b""
        return rig.app.handle(Request(method, f"/api/2{path}", {}, {"authorization": f"Basic {pair}"}, content)).status

    assert as_user("GET", f"/tenants/{remote}") == 200
    assert as_user("POST", "/tenants", {"name": "Sneaky", "parent_id": remote, "kind": "customer"}) == 403
    rig.tell("item", tenant=remote, name="notarizations", status=0)
    before = items(rig, remote)
    for name, service, status in (("pg_base_servers", PROTECTION, 0), ("notarizations", NOTARY, 1)):
        entry = {"application_id": service, "name": name, "status": status}
        assert as_user("PUT", f"/tenants/{remote}/offering_items", {"offering_items": [entry]}) == 403
    assert items(rig, remote) == before
    rig.port.assign(rig.port.user(rig.again(account).remote_user), (Role("partner_admin"),))
    assert as_user("PUT", f"/tenants/{remote}/offering_items", {"offering_items": [entry]}) == 200, "one with the right may"


def test_a_suspended_organisation_is_disabled_by_the_rhythm_and_enabled_again(rig: Rig) -> None:
    """Source: acceptance AC-34."""
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.run(account)
    for at, enabled in ((rig.at, False), (None, True)):
        with tenancy.acting_in(rig.direct.pk):
            Organisation.objects.filter(pk=rig.direct.pk).update(suspended_at=at)
        assert account.pk in due.accounts(now=rig.at).get(rig.direct.pk, [])
        rig.run(account)
        assert rig.there(account)[0]["enabled"] is enabled
        assert account.pk not in due.accounts(now=rig.at).get(rig.direct.pk, [])


def test_the_rhythm_goes_on_with_what_is_half_done_when_its_time_has_come(rig: Rig) -> None:
    """Source: acceptance AC-25, AC-30."""
    waiting = rig.synced(rig.customer)
    rig.ordered(waiting)
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.fail("throttle", retry_after="90", method="POST", path=r"/users$")
    rig.run(account)

    def has(one: Any) -> bool:
        return one.pk in due.accounts(now=rig.at).get(one.tenant_id, [])

    assert (has(account), has(waiting)) == (False, True)
    rig.go(minutes=2)
    assert has(account)
    jobs.account(str(rig.direct.pk), str(account.pk))
    assert rig.again(account).state == "provisioned"
    assert not has(account)
    with tenancy.acting_in(rig.direct.pk):
        told = list(Act.objects.filter(of_kind="account", of_id=str(account.pk)).order_by("at", "id"))
    assert [act.summary for act in told] == [
        "At Acronis EU: Tenant, Production, Offerings",
        "At Acronis EU: User, Roles, Activation mail",
    ]


def test_what_ended_is_switched_off_and_the_rest_stays(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    first = rig.ordered(account, {"services": [SYNC_SHARE]}, name="Seats")
    rig.ordered(account, {"services": [PROTECTION], "mode": "per_gigabyte"})
    rig.run(account)
    with tenancy.acting_in(rig.direct.pk):
        lifecycle.cancel(first.pk, on=None, by=lifecycle.By("Ada", Source.US), now=rig.at)
    assert rig.run(account).state == "provisioned"
    assert {item.service for item in items(rig, rig.there(account)[0]["id"]).values()} == {PROTECTION}
    rig.port.calls.clear()
    rig.run(account)
    assert rig.port.calls == []
