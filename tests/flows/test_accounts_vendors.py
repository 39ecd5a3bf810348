"""The same flow at a vendor that differs in all that vendors differ in, and at one where people do the work.

Source: acceptance AC-36; issue of vendors' tenants, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from purser.access.actors import Actor
from purser.config import wiring
from purser.flows import ports
from purser.postgres import tenancy
from purser.provisioning import confirming, tasks
from purser.provisioning.models import Instance, Task
from tests.access import kit
from tests.connectors import bucketry
from tests.flows.vendor import Recorder, Rig, served


@pytest.fixture
def rig() -> Iterator[Rig]:
    with served() as made:
        yield made


@pytest.fixture
def storage(rig: Rig) -> Iterator[bucketry.World]:
    with bucketry.served() as (app, url), bucketry.fresh(app, url) as world:
        rig.port = Recorder(world.connector())
        yield world


def go(rig: Rig, storage: bucketry.World) -> None:
    rig.go(minutes=10)
    storage.go(minutes=10)


def test_object_storage_is_provisioned_by_the_same_flow(rig: Rig, storage: bucketry.World) -> None:
    above, below = rig.synced(rig.reseller, name="Cedar West"), rig.synced(rig.customer)
    product = next(iter(rig.port.services().items))
    subscription = rig.ordered(below, {"services": [product]})
    rig.run(below)
    assert rig.state_of(subscription)[0] == "waiting"
    assert rig.run(above).state == "provisioned"
    assert rig.run(below).state == "provisioned"
    assert rig.state_of(subscription)[0] == "active"
    tenant = rig.port.tenant(rig.again(below).remote)
    assert (tenant.kind, tenant.parent, tenant.reference) == ("customer", rig.again(above).remote, below.reference)
    assert {o.service for o in rig.port.offerings(tenant.id).items.values() if o.enabled} == {product}
    (user,) = rig.port.users(tenant.id).items.values()
    assert (user.login, [role.id for role in user.roles]) == (below.username, ["owner"])


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_an_answer_that_is_lost_there_doubles_nothing(rig: Rig, storage: bucketry.World, method: str) -> None:
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account, {"services": []})
    storage.fail("timeout_after", seconds=6.0, method=method, path=r"/accounts|/allocations")
    rig.run(account)
    for _ in range(4):
        go(rig, storage)
        rig.run(account)
    assert rig.again(account).state == "provisioned"
    ours = [tenant for tenant in rig.port.tenants().items.values() if tenant.reference == account.reference]
    assert (len(ours), len(rig.port.users(ours[0].id).items)) == (1, 1)
    assert rig.state_of(subscription)[0] == "active"


def confirmed(rig: Rig, actor: Actor, id: str) -> list[str]:
    """Whatever is to be done is done, with this id where one is asked for; the titles."""
    with tenancy.acting_in(rig.distributor.pk):
        found = list(Task.objects.filter(instance=rig.instance.pk, state="open").order_by("made_at", "id"))
    for row in found:
        answers = {name: id for name, _ in tasks.asked(row)}
        confirming.confirm(actor, row.pk, answers=answers, version=row.version, now=rig.at)
    return [row.title for row in found]


def test_where_people_do_the_work_the_subscription_waits_for_them(rig: Rig) -> None:
    ports.use(wiring.vendors)
    with tenancy.acting_in(rig.distributor.pk):
        Instance.objects.filter(pk=rig.instance.pk).update(kind="byhand", settings={"products": "fax: Fax lines"}, version=9)
    actor = kit.actor(rig.distributor, kit.member(rig.distributor, factor=False))
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account, {"services": ["fax"]})
    assert rig.run(account).state == "provisioning"
    state, text = rig.state_of(subscription)
    assert state == "waiting"
    assert text.startswith("Tenant: ")
    titles: list[str] = []
    for n in range(6):
        titles += confirmed(rig, actor, f"their-{n}")
        rig.go(minutes=1)
        if rig.run(account).state == "provisioned":
            break
    assert rig.state_of(subscription)[0] == "active"
    assert titles == ["Make Birch Legal", "Set what Birch Legal may use", f"Make the user {account.username}"]
    assert rig.again(account).remote == "their-0"
