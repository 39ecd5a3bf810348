"""A tenant that is adopted, made a second time, left behind by what ended, or shown otherwise than it was made.

Source: acceptance AC-10, AC-28, AC-30, AC-33.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from purser.access.actors import Actor
from purser.flows.accounts_to_vendor import due, handling, previewing, using
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.provisioning.models import Account, Instance, InstanceState
from purser.subscriptions import lifecycle
from purser.subscriptions.models import Source, Subscription
from tests.access import kit
from tests.flows.test_accounts import items
from tests.flows.vendor import BY_GIGABYTE, MSP, PROTECTION, SYNC_SHARE, Rig, owner, served


@pytest.fixture
def rig() -> Iterator[Rig]:
    with served() as made:
        made.timeout = 0.4
        made.new_port()
        yield made


def boss(rig: Rig) -> Actor:
    return kit.actor(rig.distributor, kit.member(rig.distributor, factor=False))


def cancelled(rig: Rig, *subscriptions: Subscription) -> None:
    for one in subscriptions:
        with tenancy.acting_in(one.tenant_id):
            lifecycle.cancel(one.pk, on=None, by=lifecycle.By("Ada", Source.US), now=rig.at)


def adopted(rig: Rig, account: Account, **tenant: Any) -> str:
    there = rig.tell("tenant", **{"name": account.name, "kind": "customer", "parent_id": MSP, **tenant})
    handling.adopt(boss(rig), owner(account), account.instance, there["id"], clock=rig.clock)
    return str(there["id"])


# Adopted


def test_what_was_adopted_is_not_taken_back_and_goes_only_by_its_name(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.tell("take_login", login=account.username)
    remote = adopted(rig, account)
    assert rig.run(account).state == "failed"
    at = (boss(rig), owner(account), account.instance)
    with pytest.raises(Refused, match="stands as a whole"):
        handling.take_back(*at, why="The wrong name", clock=rig.clock)
    rig.settle(account)
    assert rig.app.state["tenants"][remote]["deleted_at"] is None
    cancelled(rig, subscription)
    handling.remove(*at, name="Birch Legal", why="They left", clock=rig.clock)
    rig.go(minutes=5)
    assert rig.run(account).state == "removed"
    assert rig.app.state["tenants"][remote]["deleted_at"]


def test_a_tenant_that_was_deleted_is_replaced_by_an_adopted_one_with_its_user_roles_and_mail(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.run(account)
    rig.tell("remove", tenant=rig.again(account).remote)
    rig.go(hours=1)
    rig.ordered(account, {"services": [SYNC_SHARE]}, name="More")
    assert rig.run(account).state == "failed"
    assert "Adopt another tenant" in rig.step(account, "tenant").hint
    remote = adopted(rig, account, name="Birch Legal 2")
    assert rig.run(account).state == "provisioned"
    (user,) = [user for user in rig.app.state["users"].values() if user["tenant_id"] == remote]
    assert [policy["role_id"] for policy in user["_policies"]] == ["company_admin"]
    assert len(rig.effects("mail")) == 2
    assert rig.state_of(subscription)[0] == "active"


def test_the_user_that_an_adopted_tenant_has_already_is_known_from_then_on(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    rig.ordered(account)
    there = rig.tell("tenant", name="Birch Legal", kind="customer", parent_id=MSP)
    rig.tell("user", tenant_id=there["id"], login=account.username, email=account.email)
    handling.adopt(boss(rig), owner(account), account.instance, there["id"], clock=rig.clock)
    assert rig.run(account).state == "provisioned"
    (user,) = [user for user in rig.app.state["users"].values() if user["tenant_id"] == there["id"]]
    assert (rig.again(account).remote_user, rig.effects("user")) == (user["id"], [])
    assert [policy["role_id"] for policy in user["_policies"]] == ["company_admin"]
    rig.port.calls.clear()
    rig.run(account)
    assert rig.port.calls == []


# Made a second time


@pytest.mark.parametrize("dies", [False, True])
def test_a_tenant_made_a_second_time_has_a_user_with_roles(rig: Rig, monkeypatch: pytest.MonkeyPatch, dies: bool) -> None:
    account = rig.synced(rig.direct)
    first = rig.ordered(account)
    rig.run(account)
    cancelled(rig, first)
    handling.remove(boss(rig), owner(account), account.instance, name="Birch Legal", why="They left", clock=rig.clock)
    assert rig.run(account).state == "removed"
    rig.go(hours=1)
    with tenancy.acting_in(owner(account)):  # as Sync Options leave it
        Account.objects.filter(pk=account.pk).update(state="prepared", provisioned_at=None)
    rig.ordered(account)
    if dies:  # between the user and its roles
        with monkeypatch.context() as patch:
            patch.setattr(rig.port._port, "assign", died)
            with pytest.raises(ZeroDivisionError):
                rig.run(account)
        with tenancy.acting_in(owner(account)):  # not even the intention was kept
            rig.step(account, "roles").delete()
    assert rig.settle(account).state == "provisioned"
    (user,) = rig.person(account)
    assert [policy["role_id"] for policy in user["_policies"]] == ["company_admin"]


def died(*_: Any) -> None:
    raise ZeroDivisionError


# What ended


def test_a_service_that_an_ended_subscription_named_by_its_name_is_switched_off(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    ended = rig.ordered(account, {"services": ["File Sync & Share"]}, name="Seats")
    rig.ordered(account, {"services": [PROTECTION], "mode": "per_gigabyte"})
    rig.run(account)
    remote = rig.again(account).remote
    assert {item.service for item in items(rig, remote).values()} == {PROTECTION, SYNC_SHARE}
    cancelled(rig, ended)
    assert rig.run(account).state == "provisioned"
    assert {item.service for item in items(rig, remote).values()} == {PROTECTION}


def test_a_service_that_stays_is_moved_to_the_billing_mode_of_what_is_ordered_next(rig: Rig) -> None:
    rig.tell("set", one_mode=True)
    account = rig.synced(rig.direct)
    ended = rig.ordered(account, BY_GIGABYTE)
    rig.run(account)
    cancelled(rig, ended)
    rig.run(account)
    order = {"services": [PROTECTION, SYNC_SHARE], "mode": "per_workload"}
    shown = previewing.preview(
        tenant=rig.direct.pk, instance=rig.instance.pk, adding=[("By workload", order)], clock=rig.clock
    )
    assert [call.method for call in shown.calls] == ["change_mode", "switch"]
    subscription = rig.ordered(account, order, name="By workload")
    rig.port.calls.clear()
    assert rig.run(account).state == "provisioned"
    assert rig.port.calls == [call.method for call in shown.calls]
    assert {item.mode for item in items(rig, rig.again(account).remote).values()} == {"per_workload", None}
    assert rig.state_of(subscription)[0] == "active"


# Shown otherwise


class Forgetful:
    """A vendor that takes offerings and does not show them."""

    def __init__(self, rig: Rig) -> None:
        self._rig, self.forgets = rig, True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rig.port, name)

    def switch(self, tenant: str, offerings: Any) -> Any:
        return self._rig.port.switch(tenant, () if self.forgets else offerings)


def test_what_the_vendor_takes_and_does_not_show_is_not_taken_for_done() -> None:
    made: list[Forgetful] = []

    def wrap(rig: Rig) -> Any:
        made[:] = made or [Forgetful(rig)]
        return made[0]

    with served(wrap) as rig:
        account = rig.synced(rig.direct)
        subscription = rig.ordered(account)
        result = rig.run(account)
        assert (result.state, rig.state_of(subscription)[0]) == ("provisioning", "provisioning")
        assert (rig.step(account, "offerings").state, rig.step(account, "offerings").code) == ("busy", "not_shown")
        assert account.pk not in due.accounts(now=rig.at).get(rig.direct.pk, [])
        assert rig.effects("user") == []
        made[0].forgets = False
        rig.go(minutes=16)
        assert rig.run(account).state == "provisioned"
        assert rig.state_of(subscription)[0] == "active"


def test_a_tenant_that_somebody_changes_while_it_is_removed_is_not_taken_for_removed(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = rig.synced(rig.direct)
    first = rig.ordered(account)
    rig.run(account)
    cancelled(rig, first)
    handling.remove(boss(rig), owner(account), account.instance, name="Birch Legal", why="They left", clock=rig.clock)
    with monkeypatch.context() as patch:
        patch.setattr(rig.port._port, "suspend", lambda tenant: tenant)
        assert rig.run(account).state == "removing"
    assert rig.there(account)
    rig.go(minutes=16)
    assert rig.run(account).state == "removed"
    assert rig.there(account) == []


# What is in use


def test_of_a_cut_reading_no_use_is_kept(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    servers = rig.ordered(account, meter="servers", name="Servers")
    rig.run(account)
    rig.tell("use", tenant=rig.again(account).remote, name="pg_base_servers", value=2)

    def read() -> int | None:
        using.read(provider=rig.distributor.pk, instance_id=rig.instance.pk, clock=rig.clock)
        with tenancy.acting_in(rig.direct.pk):
            found: int | None = Subscription.objects.get(pk=servers.pk).consumed
        return found

    whole = rig.port._port.usages
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rig.port._port, "usages", lambda some: replace(whole(some), whole=False, cut="One row is unreadable."))
        assert read() is None
    assert read() == 2


# Mails


def test_a_lost_mail_does_not_hold_up_a_removal(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    account = rig.synced(rig.direct)
    first = rig.ordered(account)
    with monkeypatch.context() as patch:
        patch.setattr(rig.port._port, "mail_activation", died)
        with pytest.raises(ZeroDivisionError):
            rig.run(account)
    assert rig.step(account, "mail").state == "intended"
    handling.take_back(boss(rig), owner(account), account.instance, why="The wrong name", clock=rig.clock)
    rig.go(minutes=5)
    assert rig.run(account).state == "prepared"
    assert (rig.there(account), rig.step(account, "mail").state) == ([], "dropped")
    assert rig.state_of(first)[0] == "ended"


@pytest.mark.parametrize("state", [InstanceState.PAUSED, InstanceState.NEW])
def test_nothing_is_mailed_by_an_instance_that_is_not_ready(rig: Rig, state: str) -> None:
    account = rig.standing_reseller()
    rig.go(minutes=2)
    with tenancy.acting_in(rig.distributor.pk):
        Instance.objects.filter(pk=rig.instance.pk).update(state=state)
    rig.asked()
    with pytest.raises(Refused) as refused:
        handling.resend(boss(rig), owner(account), account.instance, clock=rig.clock)
    assert (refused.value.code, rig.asked(), len(rig.effects("mail"))) == ("waits", [], 1)


def test_a_refused_sign_in_while_mailing_again_pauses_the_instance(rig: Rig) -> None:
    account = rig.standing_reseller()
    rig.go(minutes=2)
    rig.new_port(secret="another")
    handling.resend(boss(rig), owner(account), account.instance, clock=rig.clock)
    with tenancy.acting_in(rig.distributor.pk):
        assert Instance.objects.get(pk=rig.instance.pk).state == InstanceState.PAUSED
