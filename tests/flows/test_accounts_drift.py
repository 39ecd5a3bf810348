"""What somebody changed at the vendor: told, put right, accepted; and tenants that nobody has.

Source: acceptance AC-34; issue of vendors' tenants, section 4.
"""

from __future__ import annotations

from typing import Any

import pytest

from purser.flows.accounts_to_vendor import comparing
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.provisioning import findings
from purser.provisioning.models import Account, Finding, Instance
from tests.access import kit
from tests.flows.desk import boss, standing
from tests.flows.desk import rig as rig
from tests.flows.vendor import Rig, owner


def compare(rig: Rig, **more: Any) -> comparing.Compared:
    return comparing.compare(provider=rig.distributor.pk, instance_id=rig.instance.pk, clock=rig.clock, **more)


def found(rig: Rig, account: Account) -> dict[str, Finding]:
    with tenancy.acting_in(owner(account)):
        return {row.what: row for row in Finding.objects.filter(account=account.pk, state="open")}


def policy(rig: Rig, name: str) -> None:
    with tenancy.acting_in(rig.distributor.pk):
        Instance.objects.filter(pk=rig.instance.pk).update(drift_policy=name)


def change_by_hand(rig: Rig, account: Account) -> None:
    held = rig.again(account)
    rig.tell("tenant", id=held.remote, name="Renamed", enabled=False)
    rig.tell("item", tenant=held.remote, name="pg_base_servers", status=0)
    rig.tell("user", id=held.remote_user, tenant_id=held.remote, login=account.username, roles=["readonly_admin"])


def test_what_somebody_changed_is_told_once_and_healed_when_a_person_says_so(rig: Rig) -> None:
    account = standing(rig)
    assert compare(rig, deep=True).open == 0
    change_by_hand(rig, account)
    assert compare(rig, deep=True).open == 4
    assert compare(rig, deep=True).open == 4
    shown = {what: (row.ours, row.theirs) for what, row in found(rig, account).items()}
    assert shown.keys() == {"name", "enabled", "offerings", "roles"}
    assert shown["name"] == ("Birch Legal", "Renamed")
    assert shown["enabled"] == ("enabled", "disabled")
    assert shown["offerings"][1] == "lacks pg_base_servers"
    assert shown["roles"] == ("company_admin", "lacks company_admin; has readonly_admin as well")
    findings.heal(boss(rig), owner(account), found(rig, account)["name"].pk, now=rig.at)
    assert rig.run(account, heal=True).state == "provisioned"
    assert (found(rig, account), compare(rig, deep=True).open) == ({}, 0)
    assert (rig.there(account)[0]["name"], rig.there(account)[0]["enabled"]) == ("Birch Legal", True)


def test_what_was_accepted_stays_and_is_not_told_again(rig: Rig) -> None:
    account = standing(rig)
    change_by_hand(rig, account)
    compare(rig, deep=True)
    findings.accept(boss(rig), owner(account), found(rig, account)["name"].pk, why="They like it", now=rig.at)
    assert compare(rig, deep=True).open == 3
    rig.run(account, heal=True)
    assert (rig.there(account)[0]["name"], rig.there(account)[0]["enabled"]) == ("Renamed", True)
    rig.tell("tenant", id=rig.again(account).remote, name="Renamed once more")
    assert compare(rig).whats[account.pk] == ["name"]


def test_an_ordinary_run_leaves_to_people_what_somebody_switched(rig: Rig) -> None:
    account = standing(rig)
    rig.tell("tenant", id=rig.again(account).remote, enabled=False, name="Renamed")
    rig.run(account)
    assert (rig.there(account)[0]["enabled"], rig.there(account)[0]["name"]) == (False, "Renamed")


def test_where_purser_wins_it_is_healed_by_itself(rig: Rig) -> None:
    policy(rig, "heal")
    account = standing(rig)
    change_by_hand(rig, account)
    assert compare(rig, deep=True).healing == 1
    rig.run(account, heal=True)
    assert compare(rig, deep=True).open == 0


def test_a_tenant_that_is_gone_is_told_and_never_made_again_by_itself(rig: Rig) -> None:
    policy(rig, "heal")
    account = standing(rig)
    rig.tell("remove", tenant=rig.again(account).remote)
    assert (compare(rig, deep=True).open, compare(rig, deep=True).healing) == (1, 0)
    with pytest.raises(Refused):
        findings.heal(boss(rig), owner(account), found(rig, account)["gone"].pk, now=rig.at)


def test_a_cut_list_says_of_nobody_that_it_is_gone(rig: Rig) -> None:
    """Law 2."""
    account = standing(rig)
    rig.tell("remove", tenant=rig.again(account).remote)
    rig.tell("set", page_loop=True)
    shown = compare(rig)
    assert (shown.open, bool(shown.text)) == (0, True)


@pytest.mark.parametrize("deep", [False, True])
def test_one_that_cannot_be_read_is_told_and_keeps_no_other_from_being_compared(rig: Rig, deep: bool) -> None:
    first, second = standing(rig), standing(rig, kit.customer("Dogwood", under=rig.distributor))
    remote = rig.again(first).remote
    if not deep:
        rig.tell("remove", tenant=remote)
    rig.tell("tenant", id=rig.again(second).remote, name="Renamed")
    rig.fail("status", status=503, path=rf"/tenants/{remote}" + ("/offering_items$" if deep else "$"), times=9)
    shown = compare(rig, deep=deep)
    assert (shown.whats[second.pk], found(rig, first)) == (["name"], {})
    assert [one.partition(":")[0] for one in shown.unread] == ["Birch Legal"]


def test_a_sign_in_that_the_vendor_refuses_ends_the_comparison(rig: Rig) -> None:
    first, second = standing(rig), standing(rig, kit.customer("Dogwood", under=rig.distributor))
    rig.tell("remove", tenant=rig.again(first).remote)
    rig.fail("status", status=403, path=rf"/tenants/{rig.again(first).remote}$", times=9)
    shown = compare(rig)
    assert len(shown.unread) == 1
    assert second.pk not in shown.whats
    with tenancy.acting_in(rig.distributor.pk):
        assert Instance.objects.get(pk=rig.instance.pk).state == "paused"


def test_what_was_accepted_and_changed_once_more_is_put_right(rig: Rig) -> None:
    account = standing(rig)
    remote = rig.again(account).remote
    rig.tell("tenant", id=remote, name="Renamed")
    compare(rig)
    findings.accept(boss(rig), owner(account), found(rig, account)["name"].pk, why="They like it", now=rig.at)
    rig.tell("tenant", id=remote, name="Renamed once more")
    compare(rig)
    findings.heal(boss(rig), owner(account), found(rig, account)["name"].pk, now=rig.at)
    rig.run(account, heal=True)
    assert rig.there(account)[0]["name"] == "Birch Legal"


# What somebody switched on there in addition


def switched_on(rig: Rig, account: Account, **used: int) -> None:
    """Notary, which no subscription has; and a second place for what Protection stores."""
    remote = rig.again(account).remote
    rig.tell("item", tenant=remote, name="notarizations", status=1)
    for name, value in used.items():
        rig.tell("use", tenant=remote, name=name, value=value)


def on(rig: Rig, account: Account) -> set[str]:
    return {o.name for o in rig.port.offerings(rig.again(account).remote).items.values() if o.enabled}


def test_a_service_that_nobody_sold_and_nobody_uses_is_told_and_switched_off_where_purser_wins(rig: Rig) -> None:
    account = standing(rig)
    switched_on(rig, account)
    assert (compare(rig).open, compare(rig, deep=True).open) == (0, 1)
    row = found(rig, account)["unsold"]
    assert (row.ours, row.theirs) == ("No subscription asks for it.", "has notarizations as well")
    rig.run(account)
    assert "notarizations" in on(rig, account), "an ordinary run leaves it to people"
    policy(rig, "heal")
    assert compare(rig, deep=True).healing == 1
    assert rig.run(account, heal=True).state == "provisioned"
    assert "notarizations" not in on(rig, account)
    assert (found(rig, account), compare(rig, deep=True).open) == ({}, 0)
    assert rig.step(account, "unsold").state == "done"


def test_or_where_a_person_says_so(rig: Rig) -> None:
    account = standing(rig)
    switched_on(rig, account)
    compare(rig, deep=True)
    findings.heal(boss(rig), owner(account), found(rig, account)["unsold"].pk, now=rig.at)
    rig.run(account, heal=True)
    assert "notarizations" not in on(rig, account)


def test_one_that_is_in_use_is_never_switched_off_by_itself(rig: Rig) -> None:
    policy(rig, "heal")
    account = standing(rig)
    switched_on(rig, account, notarizations=3)
    shown = compare(rig, deep=True)
    assert (shown.whats[account.pk], shown.healing) == (["more"], 0)
    rig.run(account, heal=True)
    assert "notarizations" in on(rig, account)
    with pytest.raises(Refused, match="not put right by itself") as refused:
        findings.heal(boss(rig), owner(account), found(rig, account)["more"].pk, now=rig.at)
    assert refused.value.hint == "Sell it, switch it off in the vendor's portal, or accept it."
    findings.accept(boss(rig), owner(account), found(rig, account)["more"].pk, why="A gift", now=rig.at)
    assert compare(rig, deep=True).open == 0


def test_what_comes_with_a_service_that_is_sold_is_left_to_a_person(rig: Rig) -> None:
    policy(rig, "heal")
    account = standing(rig)
    rig.tell("item", tenant=rig.again(account).remote, name="pw_base_servers", status=1)
    shown = compare(rig, deep=True)
    assert (shown.whats[account.pk], shown.healing) == (["more"], 0)


def test_once_it_is_sold_it_differs_no_more(rig: Rig) -> None:
    account = standing(rig)
    switched_on(rig, account, notarizations=3)
    compare(rig, deep=True)
    rig.ordered(account, {"services": ["Notary"]}, name="Notary")
    rig.run(account)
    assert (compare(rig, deep=True).open, found(rig, account)) == (0, {})


def test_a_reseller_that_stands_has_nothing_in_addition(rig: Rig) -> None:
    rig.standing_reseller()
    assert compare(rig, deep=True).open == 0
