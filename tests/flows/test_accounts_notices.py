"""Who hears by themselves that an account at a vendor stands still, or an instance: the provider's people, once a fault.

Source: acceptance AC-30; reliability P27.
"""

from __future__ import annotations

from uuid import UUID

from purser.flows.accounts_to_vendor import handling
from purser.notices import outbox
from purser.notices.models import Delivery, Notice
from purser.postgres import tenancy
from purser.provisioning import desk
from tests.access import kit
from tests.flows.desk import boss, ids_of, standing
from tests.flows.desk import rig as rig
from tests.flows.vendor import Rig


def posted(rig: Rig, where: UUID, kind: str) -> list[Notice]:
    with tenancy.acting_in(where):
        return list(Notice.objects.filter(kind=kind).order_by("at", "id"))


def heard(rig: Rig, where: UUID, kind: str) -> list[tuple[str, str, str]]:
    """By whom of the distributor's, once the worker has delivered them: subject, text, where to look."""
    for notice in posted(rig, where, kind):
        outbox.deliver(where, notice.pk, now=rig.at)
    with tenancy.acting_in(rig.distributor.pk):
        return list(Delivery.objects.filter(kind=kind).order_by("at", "id").values_list("subject", "text", "path"))


def test_a_half_done_account_is_told_once_however_often_it_is_tried_again(rig: Rig) -> None:
    actor = boss(rig)
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.tell("take_login", login=account.username)
    for _ in range(3):
        assert rig.run(account).state == "failed"
        desk.retry(actor, *ids_of(account), now=rig.at)
    ((subject, text, path),) = heard(rig, rig.direct.pk, "account_half_done")
    assert subject == "Birch Legal is half done at Acronis EU"
    assert text.startswith("User: ")
    assert path == kit.url(rig.distributor, f"vendor-accounts/of/{rig.direct.pk}/{rig.instance.pk}/")


def test_another_fault_of_it_is_told_as_well(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.tell("refuse", number=1004, path=r"/tenants$", method="POST")
    rig.run(account)
    rig.app.state["armed"].clear()
    rig.tell("take_login", login=account.username)
    rig.run(account)
    notices = posted(rig, rig.direct.pk, "account_half_done")
    assert [notice.lines[0].partition(":")[0] for notice in notices] == ["Tenant", "User"]


def test_what_goes_on_by_itself_is_told_to_nobody(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.fail("status", status=503, path=r"/tenants$", method="POST")
    rig.run(account)
    rig.go(minutes=5)
    assert rig.run(account).state == "provisioned"
    assert posted(rig, rig.direct.pk, "account_half_done") == []


def test_a_removal_that_the_vendor_refuses_is_told(rig: Rig) -> None:
    above = rig.standing_reseller()
    handling.remove(boss(rig), *ids_of(above), name="Cedar Systems", why="Gone", clock=rig.clock)
    rig.tell("refuse", number=1018, path=r"/tenants/[^/]+$", method="DELETE", times=9)
    for _ in range(2):
        rig.run(above)
    assert [one.subject for one in posted(rig, rig.reseller.pk, "account_half_done")] == [
        "Cedar Systems is not removed yet at Acronis EU"
    ]


def test_a_paused_instance_is_told_once_to_those_who_can_test_it(rig: Rig) -> None:
    boss(rig)
    first, second = standing(rig), rig.synced(kit.customer("Dogwood", under=rig.distributor))
    rig.ordered(first, name="Second")
    rig.ordered(second)
    rig.new_port(secret="another secret")
    for account in (first, second):
        rig.run(account)
    ((subject, text, path),) = heard(rig, rig.distributor.pk, "instance_paused")
    assert subject == "Acronis EU is paused"
    assert "Nothing is called until a test succeeds" in text
    assert path == kit.url(rig.distributor, f"instances/{rig.instance.pk}/")
    assert posted(rig, second.tenant_id, "account_half_done") == [], "it is no account's fault"
