"""What people do at the desk of half-done accounts, the comparison with what the vendor shows, and the preview of its calls.

Source: acceptance AC-10, AC-14, AC-30, AC-33, AC-34; issue of vendors' tenants, sections 4 and 6.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.http import QueryDict

from purser.access.actors import Actor
from purser.access.models import Act
from purser.flows.accounts_to_vendor import comparing, due, handling, previewing, using
from purser.kernel.errors import Busy, Missing, Refused
from purser.postgres import tenancy
from purser.provisioning import desk, findings, lists
from purser.provisioning.models import Account, Finding, Instance
from purser.subscriptions import lifecycle
from purser.subscriptions.models import Source, Subscription
from purser.tenants.models import Organisation
from tests.access import kit
from tests.flows.vendor import BY_GIGABYTE, BY_WORKLOAD, MSP, SYNC_SHARE, Rig, owner, served


@pytest.fixture
def rig() -> Iterator[Rig]:
    with served() as made:
        made.timeout = 0.4
        made.new_port()
        yield made


def boss(rig: Rig) -> Actor:
    return kit.actor(rig.distributor, kit.member(rig.distributor, factor=False))


def standing(rig: Rig, organisation: Organisation | None = None) -> Account:
    account = rig.synced(organisation or rig.direct)
    rig.ordered(account)
    assert rig.run(account).state == "provisioned"
    return account


def ids_of(account: Account) -> tuple[UUID, UUID]:
    return owner(account), account.instance


def told(tenant: UUID, verb: str) -> list[str]:
    with tenancy.acting_in(tenant):
        return list(Act.objects.filter(verb=verb).order_by("at", "id").values_list("summary", flat=True))


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


# Take back, remove


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


# What somebody changed at the vendor


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


def test_tenants_that_nobody_has_are_listed_for_adoption(rig: Rig) -> None:
    above, direct = rig.standing_reseller(), standing(rig)
    rig.tell("tenant", name="Unknown", kind="customer", parent_id=MSP)
    rig.tell("tenant", name="Below", kind="customer", parent_id=rig.again(above).remote)
    rig.tell("tenant", name="Unit", kind="unit", parent_id=rig.again(direct).remote)
    assert [tenant.name for tenant in compare(rig).strangers] == ["Below", "Unknown"]
    shown = comparing.unknown(provider=rig.distributor.pk, instance_id=rig.instance.pk)
    assert [tenant.name for tenant in shown] == ["Below", "Unknown"]


# The preview


def calls(preview: previewing.Preview) -> list[str]:
    return [call.method for call in preview.calls]


def test_the_preview_names_the_calls_that_are_then_made(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    shown = previewing.preview(
        tenant=rig.direct.pk, instance=rig.instance.pk, adding=[("Protect", BY_GIGABYTE)], clock=rig.clock
    )
    assert calls(shown) == ["create", "open", "switch", "create_user", "assign", "mail_activation"]
    assert (rig.port.calls, rig.app.effects) == ([], [])
    rig.ordered(account)
    rig.run(account)
    assert rig.port.calls == calls(shown)
    assert [rig.step(account, call.stage).after for call in shown.calls] == [call.after for call in shown.calls]


@pytest.mark.parametrize("seed", range(12))
def test_whatever_was_before_the_preview_is_what_is_done(rig: Rig, seed: int) -> None:
    """Accounts in any state: new, served, half done, changed by hand, suspended."""
    chance = random.Random(seed)
    account = rig.synced(rig.direct)
    for _ in range(chance.randrange(3)):
        rig.ordered(account, chance.choice([BY_GIGABYTE, {"services": [SYNC_SHARE]}]))
        if chance.random() < 0.5:
            number, path = chance.choice([(1012, r"/offering_items$"), (1003, r"/users$"), (1018, r"/send-act")])
            rig.tell("refuse", number=number, path=path)
        rig.run(account)
        rig.go(minutes=5)
    rig.app.state["armed"].clear()
    held = rig.again(account)
    if held.remote and chance.random() < 0.5:
        rig.tell("item", tenant=held.remote, name="fc_seats", status=0)
    several: list[dict[str, Any]] = [BY_GIGABYTE, {"services": [SYNC_SHARE], "mode": "per_gigabyte"}, {"services": ["Notary"]}]
    adding = chance.choice(several)
    shown = previewing.preview(tenant=rig.direct.pk, instance=rig.instance.pk, adding=[("More", adding)], clock=rig.clock)
    rig.port.calls.clear()
    rig.ordered(account, adding, name="More")
    assert rig.run(account).state == "provisioned"
    assert rig.port.calls == calls(shown)
    assert [rig.step(account, call.stage).after for call in shown.calls] == [call.after for call in shown.calls]


def test_the_preview_refuses_a_second_billing_mode_and_names_what_is_waited_for(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    rig.ordered(account, name="By gigabyte")
    with pytest.raises(Refused, match="By gigabyte is billed per gigabyte, and More would be billed per workload"):
        previewing.preview(tenant=rig.direct.pk, instance=rig.instance.pk, adding=[("More", BY_WORKLOAD)], clock=rig.clock)
    rig.synced(rig.customer)
    shown = previewing.preview(tenant=rig.customer.pk, instance=rig.instance.pk, adding=[("A", BY_GIGABYTE)], clock=rig.clock)
    assert (shown.calls, shown.waits) == ((), "The tenant of Cedar Systems at Acronis EU has to stand first.")


def test_a_removal_that_the_vendor_refuses_waits_for_a_person_and_goes_on(rig: Rig) -> None:
    account = standing(rig)
    with tenancy.acting_in(rig.direct.pk):
        for one in lifecycle.live_of(account.pk):
            lifecycle.cancel(one.pk, on=None, by=lifecycle.By("Ada", Source.US), now=rig.at)
    handling.remove(boss(rig), *ids_of(account), name="Birch Legal", why="They left", clock=rig.clock)
    rig.tell("tenant", id=rig.again(account).remote, locked=True)
    assert rig.run(account).state == "removing"
    assert (rig.step(account, "enabled").state, rig.step(account, "enabled").code) == ("refused", "locked")
    assert account.pk not in due.accounts(now=rig.at).get(rig.direct.pk, [])
    rig.tell("tenant", id=rig.again(account).remote, locked=False)
    desk.retry(boss(rig), *ids_of(account), now=rig.at)
    assert rig.run(account).state == "removed"
    assert rig.there(account) == []


# What is in use


def test_what_is_in_use_is_kept_with_the_subscription_that_names_its_meter(rig: Rig) -> None:
    """Source: acceptance CM-16, AC-37."""
    account = rig.synced(rig.direct)
    servers = rig.ordered(account, meter="servers", name="Servers")
    storage = rig.ordered(account, meter="storage", name="Storage", metered=True, quantity=1)
    silent = rig.ordered(account, meter="no such meter", name="Silent")
    rig.run(account)
    remote = rig.again(account).remote

    def read() -> int:
        return using.read(provider=rig.distributor.pk, instance_id=rig.instance.pk, clock=rig.clock)

    def consumed() -> list[int | None]:
        with tenancy.acting_in(rig.direct.pk):
            return [Subscription.objects.get(pk=row.pk).consumed for row in (servers, storage, silent)]

    rig.tell("use", tenant=remote, name="pg_base_servers", value=2)
    rig.tell("use", tenant=remote, name="pg_base_storage", value=3 * 1024**3 + 1)
    assert (read(), consumed()) == (2, [2, 4, None])
    assert read() == 0
    rig.fail("status", status=503, path=r"/usages$")
    assert (read(), consumed()) == (0, [2, 4, None])
