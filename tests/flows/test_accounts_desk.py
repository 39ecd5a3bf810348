"""What people do at the desk of half-done accounts: try again, decide, mail again, adopt, push on.

Source: acceptance AC-10, AC-14, AC-30.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict

from purser.flows.accounts_to_vendor import handling
from purser.kernel.errors import Busy, Missing, Refused
from purser.provisioning import desk, lists
from tests.access import kit
from tests.flows.desk import boss, ids_of, standing, told
from tests.flows.desk import rig as rig
from tests.flows.vendor import MSP, Rig

# Retry, decide, mail again


def test_a_failed_step_is_tried_again_and_gone_on_from(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.tell("refuse", number=1004, path=r"/tenants$", method="POST")
    rig.run(account)
    actor = boss(rig)
    with lists.HALF_DONE.reading(actor):
        rows = list(lists.HALF_DONE.rows(actor, QueryDict()).filter(account=account.pk))
    assert [(row.what, row.state, row.code) for row in rows] == [("tenant", "refused", "name_taken")]
    desk.retry(actor, *ids_of(account), now=rig.at)
    assert rig.run(account).state == "provisioned"
    assert told(rig.direct.pk, "accounts.decide") == ["Tried again at Acronis EU"]
    assert told(rig.distributor.pk, "accounts.decide") == ["Tried again at Acronis EU: Birch Legal"]


def test_another_distributor_sees_and_does_nothing(rig: Rig) -> None:
    account = standing(rig)
    other = kit.actor(kit.distributor("Other"))
    with pytest.raises(Missing):
        desk.retry(other, *ids_of(account), now=rig.at)
    with pytest.raises(Missing):
        handling.adopt(other, *ids_of(account), "x", clock=rig.clock)


@pytest.mark.parametrize("happened", [True, False])
def test_a_person_says_whether_a_mail_went_out(rig: Rig, happened: bool) -> None:
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.fail("timeout_after" if happened else "timeout_before", seconds=1.0, path=r"/send-activation", method="POST")
    assert rig.run(account).state == "failed"
    assert (rig.step(account, "mail").state, rig.state_of(subscription)[0]) == ("asked", "active")
    desk.decide(boss(rig), *ids_of(account), "mail", happened=happened, note="She has it", now=rig.at)
    assert rig.run(account).state == "provisioned"
    assert len(rig.effects("mail")) == 1
    with pytest.raises(Refused, match="nobody"):
        desk.decide(boss(rig), *ids_of(account), "mail", happened=True, note="", now=rig.at)


def test_the_activation_is_mailed_again(rig: Rig) -> None:
    """Source: acceptance AC-10."""
    account = rig.standing_reseller()
    with pytest.raises(Busy, match="just now"):
        handling.resend(boss(rig), *ids_of(account), clock=rig.clock)
    rig.go(minutes=2)
    row = handling.resend(boss(rig), *ids_of(account), clock=rig.clock)
    assert (row.state, row.after) == ("done", "mailed 2 times")
    assert [mail["to"] for mail in rig.effects("mail")] == [account.email] * 2
    assert rig.again(account).mailed_at == rig.at


# Adopt


def test_a_tenant_that_is_there_is_adopted(rig: Rig) -> None:
    """Source: acceptance AC-30."""
    there = rig.tell("tenant", name="Birch Legal", kind="customer", parent_id=MSP)
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    assert rig.run(account).state == "failed"
    handling.adopt(boss(rig), *ids_of(account), there["id"], clock=rig.clock)
    assert rig.run(account).state == "provisioned"
    assert rig.again(account).remote == there["id"]
    assert (rig.state_of(subscription)[0], rig.effects("tenant")) == ("active", [])
    assert [user["login"] for user in rig.app.state["users"].values()] == [account.username]


@pytest.mark.parametrize(
    ("kind", "parent", "code"), [("partner", MSP, "kind"), ("customer", "reseller", "not_found"), (None, None, "not_found")]
)
def test_what_is_not_ours_to_adopt_is_refused(rig: Rig, kind: Any, parent: Any, code: str) -> None:
    above = rig.standing_reseller()
    account = rig.synced(rig.direct)
    parent = rig.again(above).remote if parent == "reseller" else parent
    id = rig.tell("tenant", name="Other", kind=kind, parent_id=parent)["id"] if kind else "not-an-id"
    with pytest.raises(Refused) as refused:
        handling.adopt(boss(rig), *ids_of(account), id, clock=rig.clock)
    assert refused.value.code == code
    if code == "not_found":  # nothing is told of what stands elsewhere
        assert refused.value.text == f"The vendor has no tenant {id} under Acronis EU."


def test_the_tenant_of_another_account_is_not_adopted(rig: Rig) -> None:
    first = standing(rig)
    second = rig.synced(kit.customer("Dogwood", under=rig.distributor))
    with pytest.raises(Refused, match="is that of Birch Legal"):
        handling.adopt(boss(rig), *ids_of(second), rig.again(first).remote, clock=rig.clock)


def test_a_tenant_that_a_lost_call_made_comes_before_one_that_is_named(rig: Rig) -> None:
    """Else there were two, of which one is nobody's. Source: acceptance AC-31."""
    there = rig.tell("tenant", name="Birch by hand", kind="customer", parent_id=MSP)
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.fail("timeout_after", seconds=1.0, path=r"/tenants$", method="POST")
    rig.run(account)
    with pytest.raises(Busy, match="may still take effect"):
        handling.adopt(boss(rig), *ids_of(account), there["id"], clock=rig.clock)
    rig.go(minutes=5)
    with pytest.raises(Refused, match="was made for Birch Legal: the answer was lost") as refused:
        handling.adopt(boss(rig), *ids_of(account), there["id"], clock=rig.clock)
    assert refused.value.code == "made"
    (made,) = rig.there(account)
    handling.adopt(boss(rig), *ids_of(account), made["id"], clock=rig.clock)
    assert rig.run(account).state == "provisioned"
    assert (rig.again(account).remote, len(rig.there(account))) == (made["id"], 1)


def test_customers_wait_until_an_adopted_reseller_may_give_them_something(rig: Rig) -> None:
    """Source: acceptance AC-28."""
    there = rig.tell("tenant", name="Cedar at Acronis", kind="partner", parent_id=MSP)
    above, account = rig.synced(rig.reseller), rig.synced(rig.customer)
    subscription = rig.ordered(account)
    handling.adopt(boss(rig), *ids_of(above), there["id"], clock=rig.clock)
    assert rig.run(account).state == "prepared"
    assert rig.state_of(subscription) == ("waiting", "The tenant of Cedar Systems at Acronis EU has to stand first.")
    assert rig.run(above).state == "provisioned"
    assert rig.run(account).state == "provisioned"
    assert rig.there(account)[0]["parent_id"] == there["id"]


# Pushed on


def test_what_the_provider_has_got_since_is_pushed_on(rig: Rig) -> None:
    """Source: acceptance AC-14."""
    rig.tell("item", tenant=MSP, name="notarizations", status=0)
    account = rig.standing_reseller()
    remote = rig.again(account).remote

    def has() -> set[str]:
        return {o.name for o in rig.port.offerings(remote).items.values() if o.enabled}

    assert "notarizations" not in has()
    rig.tell("item", tenant=MSP, name="notarizations", status=1)
    rig.tell("item", tenant=MSP, name="esignatures", locked=True)
    assert desk.push(boss(rig), account.instance, now=rig.at) == 1
    assert rig.run(account).done == 1
    assert "notarizations" in has()
