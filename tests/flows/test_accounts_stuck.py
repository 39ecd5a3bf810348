"""A step that is stuck holds up nothing that does not need it: neither customers below, nor a suspension, nor what stands.

Source: acceptance AC-28, AC-30, AC-33, AC-34.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from purser.flows.accounts_to_vendor import comparing, due, handling
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.provisioning import desk, findings
from purser.provisioning.models import Account, Finding, Step
from purser.subscriptions import lifecycle
from purser.subscriptions.models import Source, Subscription
from purser.tenants.models import Organisation
from tests.flows import crashing
from tests.flows.desk import boss, ids_of, standing
from tests.flows.desk import rig as rig
from tests.flows.test_accounts_crash import work
from tests.flows.vendor import PROTECTION, SYNC_SHARE, Rig, owner
from tests.provisioning.kit import taken_up, waiting

MAIL_REFUSED: dict[str, Any] = {"number": 1018, "path": r"/send-activation", "method": "POST"}
US = lifecycle.By("Ada", Source.US)


def turned(rig: Rig, subscription: Subscription, how: Any) -> None:
    with tenancy.acting_in(subscription.tenant_id):
        how(subscription.pk, by=US, now=rig.at)


def stopped(rig: Rig, organisation: Organisation, at: datetime | None) -> None:
    with tenancy.acting_in(organisation.pk):
        Organisation.objects.filter(pk=organisation.pk).update(suspended_at=at)


def is_due(rig: Rig, account: Account) -> bool:
    return account.pk in due.accounts(now=rig.at).get(owner(account), [])


def on(rig: Rig, account: Account) -> bool:
    return bool(rig.there(account)[0]["enabled"])


def half_served(rig: Rig) -> tuple[Account, Subscription, Subscription]:
    """One subscription is active, and a second one waits, as the provider may not give its service."""
    account = rig.synced(rig.direct)
    first = rig.ordered(account, {"services": [SYNC_SHARE]}, name="Seats")
    assert rig.run(account).state == "provisioned"
    rig.go(minutes=5)
    second = rig.ordered(account, {"services": ["no such service"]}, name="More")
    assert rig.run(account).state == "failed"
    assert (rig.state_of(first)[0], rig.state_of(second)[0]) == ("active", "waiting")
    rig.go(minutes=5)
    return account, first, second


# Only the mail is open


@pytest.mark.parametrize("state", ["failed", "provisioning"])
def test_a_tenant_in_use_is_not_taken_back_though_its_mail_is_stuck(rig: Rig, state: str) -> None:
    """It goes only by its own action, which asks for the name. Source: acceptance AC-30, AC-33."""
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    if state == "failed":
        rig.tell("refuse", **MAIL_REFUSED)
    else:
        rig.fail("throttle", retry_after="90", method="POST", path=r"/send-activation")
    assert rig.run(account).state == state
    assert (rig.state_of(subscription)[0], rig.again(account).provisioned_at) == ("active", rig.at)
    with pytest.raises(Refused, match="stands as a whole"):
        handling.take_back(boss(rig), *ids_of(account), why="The mail is stuck", clock=rig.clock)
    rig.settle(account)
    assert (len(rig.there(account)), rig.state_of(subscription)[0]) == (1, "active")


@pytest.mark.parametrize("lost", [False, True])
def test_a_resellers_stuck_mail_keeps_no_customer_waiting(rig: Rig, lost: bool) -> None:
    """Source: acceptance AC-28."""
    account = rig.synced(rig.customer)
    first = rig.ordered(account)
    rig.run(account)
    above = rig.synced(rig.reseller)
    if lost:
        rig.fail("timeout_after", seconds=1.0, method="POST", path=r"/send-activation")
    else:
        rig.tell("refuse", **MAIL_REFUSED)
    assert rig.run(above).state == "failed"
    assert rig.run(account).state == "provisioned"
    assert rig.there(account)[0]["parent_id"] == rig.there(above)[0]["id"]
    assert rig.state_of(first)[0] == "active"


def test_customers_that_were_refused_while_the_resellers_tenant_was_disabled_go_on_when_it_is_enabled(rig: Rig) -> None:
    above = rig.standing_reseller()
    stopped(rig, rig.reseller, rig.at)
    rig.run(above)
    account = rig.synced(rig.customer)
    first = rig.ordered(account)
    assert rig.run(account).state == "failed"
    with tenancy.acting_in(owner(account)):
        assert [row.code for row in Step.objects.filter(account=account.pk, state="refused")] == ["parent_disabled"]
    stopped(rig, rig.reseller, None)
    taken_up(account.pk)
    assert rig.run(above).state == "provisioned"
    assert waiting(account.pk) == 1
    rig.run(account)
    assert rig.state_of(first)[0] == "active"


# What is not paid for is not in use


def test_what_is_suspended_is_disabled_though_another_subscription_waits_for_its_service(rig: Rig) -> None:
    """Source: acceptance AC-34."""
    account, first, second = half_served(rig)
    turned(rig, first, lifecycle.suspend)
    rig.run(account)
    assert not on(rig, account)
    assert rig.state_of(second)[0] == "waiting"
    assert (rig.step(account, "offerings").state, rig.again(account).state) == ("refused", "failed")
    turned(rig, first, lifecycle.resume)
    rig.run(account)
    assert on(rig, account)


def test_a_disabling_that_is_killed_at_any_instant_is_made_good_and_leaves_what_was_refused(rig: Rig) -> None:
    account, first, second = half_served(rig)
    instants, survived = 0, False
    while not survived:
        instants += 1
        turned(rig, first, lifecycle.suspend)
        survived = not crashing.run_until(instants, lambda: rig.run(account)).ended
        rig.go(minutes=5)
        work(rig, account)
        assert (on(rig, account), rig.again(account).suspended) == (False, True), instants
        assert (rig.step(account, "offerings").state, rig.state_of(second)[0]) == ("refused", "waiting"), instants
        turned(rig, first, lifecycle.resume)
        work(rig, account)
        assert on(rig, account), instants
    assert instants > 20


def test_an_order_placed_after_the_suspension_still_enables_it_when_it_is_refused(rig: Rig) -> None:
    """What it lifts was confirmed when it was ordered: one refusal does not take that back."""
    account = rig.synced(rig.direct)
    first = rig.ordered(account, {"services": [SYNC_SHARE]}, name="Seats")
    rig.run(account)
    turned(rig, first, lifecycle.suspend)
    rig.run(account)
    assert not on(rig, account)
    rig.go(minutes=5)
    second = rig.ordered(account, {"services": [PROTECTION], "mode": "per_gigabyte"})
    rig.tell("refuse", number=1012, path=r"/offering_items$", method="PUT")
    assert rig.run(account).state == "failed"
    assert on(rig, account)
    desk.retry(boss(rig), *ids_of(account), now=rig.at)
    assert rig.run(account).state == "provisioned"
    assert (on(rig, account), rig.state_of(second)[0]) == (True, "active")


@pytest.mark.parametrize("stuck", ["offerings", "mail"])
def test_a_suspended_organisation_is_disabled_by_the_rhythm_though_a_step_is_refused(rig: Rig, stuck: str) -> None:
    """Source: acceptance AC-34."""
    if stuck == "offerings":
        account, _, _ = half_served(rig)
    else:
        account = rig.synced(rig.direct)
        rig.ordered(account)
        rig.tell("refuse", **MAIL_REFUSED)
        rig.run(account)
        rig.tell("refuse", **MAIL_REFUSED)  # it stays so
    assert not is_due(rig, account)
    stopped(rig, rig.direct, rig.at)
    assert is_due(rig, account)
    rig.run(account)
    assert (on(rig, account), rig.step(account, stuck).state) == (False, "refused")
    assert not is_due(rig, account)
    stopped(rig, rig.direct, None)
    assert is_due(rig, account)
    rig.run(account)
    assert (on(rig, account), is_due(rig, account)) == (True, False)


def test_a_disabling_that_the_vendor_refuses_waits_for_a_person(rig: Rig) -> None:
    account, _, _ = half_served(rig)
    rig.tell("tenant", id=rig.again(account).remote, locked=True)
    stopped(rig, rig.direct, rig.at)
    rig.run(account)
    assert (rig.step(account, "enabled").state, is_due(rig, account)) == ("refused", False)
    rig.tell("tenant", id=rig.again(account).remote, locked=False)
    rig.run(account)
    assert not on(rig, account)


def test_a_suspension_of_which_no_run_came_is_made_up_for_by_the_rhythm(rig: Rig) -> None:
    """The instance was paused when it was suspended, say. Source: acceptance AC-34."""
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.run(account)
    assert not is_due(rig, account)
    turned(rig, subscription, lifecycle.suspend)
    assert is_due(rig, account)
    rig.run(account)
    assert (on(rig, account), is_due(rig, account)) == (False, False)


# What somebody set at the vendor


def unsaid(rig: Rig, account: Account) -> None:
    """Somebody switches an offering off there, and limits another."""
    remote = rig.again(account).remote
    rig.tell("item", tenant=remote, name="pg_base_servers", status=0)
    rig.tell("item", tenant=remote, name="fc_seats", quota={"value": 5, "overage": 0})


def items(rig: Rig, account: Account) -> dict[str, Any]:
    held = rig.port.offerings(rig.again(account).remote).items.values()
    return {o.name: (o.enabled, o.quota.soft) for o in held if o.name in ("pg_base_servers", "fc_seats")}


@pytest.mark.parametrize("accepted", [False, True])
def test_an_ordinary_run_leaves_offerings_as_somebody_set_them(rig: Rig, accepted: bool) -> None:
    """They are told by the comparison, and put right by the instance's policy or a person."""
    account = standing(rig)
    before = items(rig, account)
    unsaid(rig, account)
    set_there = items(rig, account)
    assert set_there != before
    if accepted:
        at = {"provider": rig.distributor.pk, "instance_id": rig.instance.pk, "clock": rig.clock}
        assert comparing.compare(**at, deep=True).open == 1
        with tenancy.acting_in(owner(account)):
            row = Finding.objects.get(what="offerings", state="open")
        findings.accept(boss(rig), owner(account), row.pk, why="They asked for it", now=rig.at)
    rig.run(account)
    rig.run(account)
    assert items(rig, account) == set_there
    rig.run(account, heal=True)
    assert items(rig, account) == (set_there if accepted else before)


def test_an_order_has_what_it_is_for_whatever_somebody_set(rig: Rig) -> None:
    account = standing(rig)
    before = items(rig, account)
    unsaid(rig, account)
    second = rig.ordered(account, {"services": [PROTECTION], "mode": "per_gigabyte"}, name="Once more")
    assert rig.run(account).state == "provisioned"
    assert (items(rig, account), rig.state_of(second)[0]) == (before, "active")
