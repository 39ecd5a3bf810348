"""Half-done accounts that are taken back, and tenants that are removed.

Source: acceptance AC-30, AC-33.
"""

from __future__ import annotations

from typing import Any

import pytest

from purser.flows.accounts_to_vendor import due, handling
from purser.kernel.errors import Busy, Refused
from purser.postgres import tenancy
from purser.provisioning import desk
from purser.provisioning.models import Account, Instance
from purser.subscriptions import lifecycle
from purser.subscriptions.models import Source
from purser.tenants.models import Organisation
from tests.flows.desk import boss, ids_of, standing, told
from tests.flows.desk import rig as rig
from tests.flows.vendor import Rig, owner


def removing(rig: Rig, account: Account) -> None:
    with tenancy.acting_in(owner(account)):
        for one in lifecycle.live_of(account.pk):
            lifecycle.cancel(one.pk, on=None, by=lifecycle.By("Ada", Source.US), now=rig.at)
    handling.remove(boss(rig), *ids_of(account), name=account.name, why="They left", clock=rig.clock)


def test_what_is_half_done_is_taken_back(rig: Rig) -> None:
    """Source: acceptance AC-30."""
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.tell("take_login", login=account.username)
    assert rig.run(account).state == "failed"
    handling.take_back(boss(rig), *ids_of(account), why="The wrong name", clock=rig.clock)
    assert rig.state_of(subscription)[0] == "ended"
    assert rig.run(account).state == "prepared"
    assert (rig.there(account), [e["what"] for e in rig.app.effects][-2:]) == ([], ["disabled", "deleted"])
    held = rig.again(account)
    assert (held.remote, held.remote_user, held.mailed_at) == ("", "", None)
    assert not [one for one in rig.steps(account) if one[1] not in ("done", "dropped")]
    again = rig.ordered(account)
    rig.app.state["logins"].clear()
    assert rig.run(account).state == "provisioned"
    assert (len(rig.there(account)), rig.state_of(again)[0]) == (1, "active")


def test_cancelling_the_last_subscription_leaves_the_tenant_until_it_is_removed(rig: Rig) -> None:
    """Source: acceptance AC-33."""
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.run(account)
    confirmed: dict[str, Any] = {"name": "Birch Legal", "why": "They left", "clock": rig.clock}
    with pytest.raises(Refused, match="1 live subscriptions"):
        handling.remove(boss(rig), *ids_of(account), **confirmed)
    with tenancy.acting_in(rig.direct.pk):
        lifecycle.cancel(subscription.pk, on=None, by=lifecycle.By("Ada", Source.US), now=rig.at)
    rig.run(account)
    assert rig.there(account)[0]["enabled"]
    with pytest.raises(Refused, match="Type the name"):
        handling.remove(boss(rig), *ids_of(account), name="Birch", why="They left", clock=rig.clock)
    handling.remove(boss(rig), *ids_of(account), **confirmed)
    assert rig.run(account).state == "removed"
    assert rig.there(account) == []
    assert [e["what"] for e in rig.app.effects][-2:] == ["disabled", "deleted"]


@pytest.mark.parametrize("path", [r"/tenants/[^/]+$"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_removal_that_fails_goes_on(rig: Rig, method: str, path: str) -> None:
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.tell("take_login", login=account.username)
    rig.run(account)
    handling.take_back(boss(rig), *ids_of(account), why="The wrong name", clock=rig.clock)
    rig.fail("timeout_after", seconds=1.0, method=method, path=path)
    assert rig.run(account).state == "removing"
    rig.go(minutes=5)
    assert rig.run(account).state == "prepared"
    assert [e["what"] for e in rig.app.effects if e["what"] in ("disabled", "deleted")] == ["disabled", "deleted"]


def test_a_reseller_with_customers_below_is_not_removed(rig: Rig) -> None:
    above = rig.standing_reseller()
    standing(rig, rig.customer)
    with pytest.raises(Refused, match="Alder Dental"):
        handling.remove(boss(rig), *ids_of(above), name="Cedar Systems", why="Gone", clock=rig.clock)


def test_a_removal_that_the_vendor_refuses_waits_for_a_person_and_goes_on(rig: Rig) -> None:
    account = standing(rig)
    removing(rig, account)
    rig.tell("tenant", id=rig.again(account).remote, locked=True)
    assert rig.run(account).state == "removing"
    assert (rig.step(account, "enabled").state, rig.step(account, "enabled").code) == ("refused", "locked")
    assert account.pk not in due.accounts(now=rig.at).get(rig.direct.pk, [])
    rig.tell("tenant", id=rig.again(account).remote, locked=False)
    desk.retry(boss(rig), *ids_of(account), now=rig.at)
    assert rig.run(account).state == "removed"
    assert rig.there(account) == []


def stuck(rig: Rig, organisation: Organisation | None = None) -> Account:
    """A tenant whose removal the vendor refused, once it was disabled."""
    account = rig.standing_reseller() if organisation else standing(rig)
    removing(rig, account)
    rig.tell("refuse", number=1018, path=r"/tenants/[^/]+$", method="DELETE")
    assert rig.run(account).state == "removing"
    assert (rig.step(account, "removal").state, rig.again(account).suspended) == ("refused", True)
    return account


def test_a_removal_is_given_up_and_the_tenant_stays_as_it_is(rig: Rig) -> None:
    """Source: acceptance AC-30, AC-33."""
    account = stuck(rig)
    handling.give_up(boss(rig), *ids_of(account), why="They stay", clock=rig.clock)
    held = rig.again(account)
    assert (held.state, held.suspended, bool(held.remote)) == ("provisioned", True, True)
    assert rig.step(account, "removal").state == "dropped"
    assert account.pk not in due.accounts(now=rig.at).get(rig.direct.pk, [])
    for tenant, text in ((rig.direct.pk, ""), (rig.distributor.pk, ": Birch Legal")):
        assert told(tenant, "accounts.decide") == [f"Gave up the removal at the vendor{text}"]
    again = rig.ordered(account)
    assert rig.run(account).state == "provisioned"
    assert (rig.state_of(again)[0], [row["enabled"] for row in rig.there(account)]) == ("active", [True])
    with pytest.raises(Refused, match="is not being removed"):
        handling.give_up(boss(rig), *ids_of(account), why="Once more", clock=rig.clock)


def test_a_resellers_tenant_that_is_kept_after_all_is_enabled_again(rig: Rig) -> None:
    account = stuck(rig, rig.reseller)
    handling.give_up(boss(rig), *ids_of(account), why="They stay", clock=rig.clock)
    assert rig.run(account).state == "provisioned"
    assert [row["enabled"] for row in rig.there(account)] == [True]


def test_what_never_stood_as_a_whole_is_half_done_again_and_can_be_taken_back_once_more(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.tell("take_login", login=account.username)
    rig.run(account)
    handling.take_back(boss(rig), *ids_of(account), why="The wrong name", clock=rig.clock)
    rig.tell("refuse", number=1018, path=r"/tenants/[^/]+$", method="DELETE")
    assert rig.run(account).state == "removing"
    handling.give_up(boss(rig), *ids_of(account), why="It stays", clock=rig.clock)
    assert (rig.again(account).state, len(rig.there(account))) == ("failed", 1)
    handling.take_back(boss(rig), *ids_of(account), why="It goes", clock=rig.clock)
    assert rig.run(account).state == "prepared"
    assert rig.there(account) == []


def test_a_removal_of_which_nobody_knows_what_became_is_not_given_up(rig: Rig) -> None:
    account = standing(rig)
    removing(rig, account)
    rig.fail("timeout_after", seconds=1.0, method="DELETE", path=r"/tenants/[^/]+$")
    rig.run(account)
    with pytest.raises(Busy, match="Nobody knows yet"):
        handling.give_up(boss(rig), *ids_of(account), why="They stay", clock=rig.clock)
    rig.go(minutes=5)
    assert rig.run(account).state == "removed"


def test_a_reseller_whose_customer_may_have_been_made_a_moment_ago_is_not_removed(rig: Rig) -> None:
    """The vendor took the call and the answer was lost: nobody knows yet that a tenant stands below."""
    above = rig.standing_reseller()
    account = rig.synced(rig.customer)
    rig.ordered(account)
    rig.fail("timeout_after", seconds=1.0, path=r"/tenants$", method="POST")
    rig.run(account)
    with tenancy.acting_in(rig.customer.pk):
        Account.objects.update(state="failed")
    assert (rig.again(account).remote, rig.step(account, "tenant").state) == ("", "unsure")
    with pytest.raises(Refused, match="Alder Dental"):
        handling.remove(boss(rig), *ids_of(above), name="Cedar Systems", why="Gone", clock=rig.clock)


def test_a_customer_is_removed_though_its_resellers_tenant_is_gone(rig: Rig) -> None:
    above = rig.standing_reseller()
    account = standing(rig, rig.customer)
    with tenancy.acting_in(rig.reseller.pk):
        Account.objects.filter(pk=above.pk).update(state="removed", remote="")
    removing(rig, account)
    assert rig.run(account).state == "removed"
    assert rig.there(account) == []


def test_nothing_is_removed_while_the_instance_is_paused(rig: Rig) -> None:
    account = standing(rig)
    removing(rig, account)
    with tenancy.acting_in(rig.distributor.pk):
        Instance.objects.update(state="paused", paused_text="Audit")
    assert rig.run(account).text == "Acronis EU is paused: Audit"
    assert len(rig.there(account)) == 1
