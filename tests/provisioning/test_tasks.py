"""A vendor without an interface: changes become tasks of people, and go on when these are confirmed. Row AC-36."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from purser.access.models import Act
from purser.connectors.ports.tasks import Ask
from purser.flows import ports
from purser.flows.accounts_to_vendor import handling
from purser.kernel.errors import Missing, Refused
from purser.notices.models import Notice
from purser.postgres import tenancy
from purser.provisioning import confirming, instances, tasks
from purser.provisioning.models import Account, TaskState
from tests.access import kit
from tests.provisioning.kit import waiting
from tests.provisioning.shop import Shop
from tests.provisioning.shop import shop as made_shop


@pytest.fixture
def shop() -> Iterator[Shop]:
    with made_shop() as made:
        yield made


def refused(call: Any) -> str:
    with pytest.raises(Refused) as caught:
        call()
    return caught.value.code


def standing(shop: Shop, *, reseller: bool = False) -> Account:
    """The direct customer, or the reseller, provisioned by hand."""
    account = shop.saved(shop.made.reseller if reseller else shop.direct, shop.byhand, "bea")
    if not reseller:
        shop.ordered(account)
    for answers in ({"id": "FX-100"}, {}, {}):
        shop.run(account)
        (task,) = shop.tasks()
        shop.confirm(task, **answers)
    assert shop.run(account).state == "provisioned"
    return account


def test_an_order_becomes_tasks_one_after_the_other_and_then_the_tenant_stands(shop: Shop) -> None:
    account = shop.saved(shop.direct, shop.byhand, "bea")
    first = shop.ordered(account)
    assert shop.run(account).state == "provisioning"
    (task,) = shop.tasks()
    assert (task.title, task.instance.name, task.answer) == ("Make Birch Law", "Faxnet", {"id": ""})
    assert ("Name", "Birch Law") in tasks.facts(task)
    step = shop.step(account, "tenant")
    assert (step.state, step.code) == ("busy", "task")
    assert str(task.due_on) in step.text
    shop.run(account)
    shop.run(account)
    assert len(shop.tasks()) == 1, "asked for once"
    before = waiting(account.pk)
    shop.confirm(task, id="FX-100")
    assert (before, waiting(account.pk)) == (0, 1), "the account goes on by itself"
    assert shop.run(account).state == "provisioning"
    assert shop.again(account).remote == "FX-100"
    (task,) = shop.tasks()
    assert dict(tasks.facts(task))["To be on"] == "backup"
    shop.confirm(task)
    shop.run(account)
    (task,) = shop.tasks()
    assert (dict(tasks.facts(task))["User name"], task.answer) == ("bea", {})
    shop.confirm(task)
    assert shop.run(account).state == "provisioned"
    assert shop.subscription(first)[0] == "active"
    assert shop.tasks() == []
    assert len(shop.tasks("done")) == 3
    port = ports.accounts(shop.byhand)
    assert [t.name for t in port.tenants().items.values()] == ["Birch Law"]


def test_what_cannot_be_done_is_said_where_the_account_is_and_can_be_opened_again(shop: Shop) -> None:
    account = shop.saved(shop.direct, shop.byhand, "bea")
    shop.ordered(account)
    shop.run(account)
    (task,) = shop.tasks()
    assert refused(lambda: confirming.decline(shop.provider, task.pk, note=" ", version=1, now=kit.now())) == "note"
    confirming.decline(shop.provider, task.pk, note="They take no new customers", version=1, now=kit.now())
    result = shop.run(account)
    assert result.state == "failed"
    step = shop.step(account, "tenant")
    assert (step.state, step.code) == ("refused", "declined")
    assert "They take no new customers" in step.text
    (task,) = shop.tasks("declined")
    confirming.reopen(shop.provider, task.pk, version=task.version, now=kit.now())
    (task,) = shop.tasks()
    shop.confirm(task, id="FX-7")
    shop.run(account)
    assert shop.again(account).remote == "FX-7"


def test_what_is_confirmed_fits_what_was_asked_and_is_confirmed_once(shop: Shop) -> None:
    account = shop.saved(shop.direct, shop.byhand, "bea")
    shop.ordered(account)
    shop.run(account)
    (task,) = shop.tasks()
    assert refused(lambda: shop.confirm(task)) == "answer"
    assert refused(lambda: shop.confirm(task, id="x" * 101)) == "answer"
    assert refused(lambda: shop.confirm(task, id="FX-1", colour="red")) == "answer"
    assert refused(lambda: shop.confirm(task, id="own")) == "id_taken"
    shop.confirm(task, id="FX-1")
    with pytest.raises(confirming.Changed):
        shop.confirm(task, id="FX-2")
    (done,) = shop.tasks("done")
    assert refused(lambda: shop.confirm(done, id="FX-2")) == "state"
    assert (done.answer, done.ended_by_name) == ({"id": "FX-1"}, shop.provider.name)
    other = shop.saved(shop.made.reseller, shop.byhand, "rita")
    shop.run(other)
    (task,) = shop.tasks()
    assert refused(lambda: shop.confirm(task, id="FX-1")) == "id_taken"
    with tenancy.acting_in(shop.made.distributor.pk):
        assert Act.objects.filter(verb="tasks.confirm").count() == 1
    stranger = kit.actor(shop.made.reseller, shop.made.owner)
    with pytest.raises(Missing):
        confirming.confirm(stranger, task.pk, answers={"id": "FX-2"}, version=task.version, now=kit.now())


def test_two_that_ask_at_the_same_moment_make_one_task(shop: Shop) -> None:
    account = shop.saved(shop.direct, shop.byhand, "bea")
    shop.ordered(account)
    shop.run(account)
    desk = tasks.Desk(shop.byhand, days=3, clock=shop.clock)
    ask = Ask("user:FX-1:0", "Make a user", {"do": "user"})
    told = kit.at_once(*(lambda: desk.ask(ask) for _ in range(4)))
    assert {one.key for one in told} == {ask.key}
    assert sum(row.key == ask.key for row in shop.tasks()) == 1
    desk.ask(Ask(ask.key, "Make another user", {"do": "user", "login": "cy"}))
    (row,) = [row for row in shop.tasks() if row.key == ask.key]
    assert (row.title, row.words["login"], row.version) == ("Make another user", "cy", 2)


def test_the_task_of_an_account_that_is_taken_back_is_withdrawn_and_comes_again_with_the_next_order(shop: Shop) -> None:
    account = shop.saved(shop.direct, shop.byhand, "bea")
    shop.ordered(account)
    shop.run(account)
    handling.take_back(shop.provider, shop.owner(account), shop.byhand.pk, why="Too early", clock=shop.clock)
    assert shop.run(account).state == "prepared"
    (task,) = shop.tasks("declined")
    assert (task.ended_by_name, task.note) == ("Purser", "Birch Law is being removed: it is not needed any more.")
    assert (shop.tasks(), shop.step(account, "tenant").state) == ([], "dropped")
    again = shop.ordered(account)
    assert shop.run(account).state == "provisioning"
    (task,) = shop.tasks()
    assert (task.title, task.ended_by_name) == ("Make Birch Law", "")
    assert shop.subscription(again)[0] != "active"


@pytest.mark.parametrize(
    ("today", "days", "due"),
    [
        ("2026-07-06", 1, "2026-07-07"),
        ("2026-07-10", 1, "2026-07-13"),
        ("2026-07-11", 2, "2026-07-14"),
        ("2026-07-06", 10, "2026-07-20"),
    ],
)
def test_a_task_is_due_after_working_days(today: str, days: int, due: str) -> None:
    assert tasks.due_on(date.fromisoformat(today), days) == date.fromisoformat(due)


def test_people_are_told_of_what_is_overdue(shop: Shop) -> None:
    account = shop.saved(shop.direct, shop.byhand, "bea")
    shop.ordered(account)
    shop.run(account)
    provider = shop.made.distributor.pk
    assert provider in tasks.providers()
    assert tasks.remind(provider, now=kit.now()) == 0
    assert tasks.remind(provider, now=kit.now() + timedelta(days=10)) == 1
    with tenancy.acting_in(provider):
        notice = Notice.objects.get(kind="task_overdue")
    assert notice.subject == "1 task at a vendor is overdue"
    assert "Make Birch Law" in notice.lines[0]


def test_it_is_suspended_and_removed_by_hand_as_well(shop: Shop) -> None:
    account = standing(shop, reseller=True)
    port, whom = ports.accounts(shop.byhand), shop.made.reseller
    assert {o.service for o in port.offerings("FX-100").items.values()} == {"backup", "phones"}
    handling.remove(shop.provider, whom.pk, shop.byhand.pk, name=whom.name, why="They left", clock=shop.clock)
    shop.run(account)
    for title in (f"Suspend {whom.name}", f"Delete {whom.name} with everything in it"):
        (task,) = shop.tasks()
        assert task.title == title
        shop.confirm(task)
        result = shop.run(account)
    assert result.state == "removed"
    assert port.tenants().items == {}


def test_a_removal_by_hand_that_is_given_up_is_done_by_nobody_and_comes_again_when_it_is_wanted(shop: Shop) -> None:
    account = standing(shop, reseller=True)
    whom = (shop.owner(account), account.instance)
    gone = {"name": account.name, "why": "They left", "clock": shop.clock}
    handling.remove(shop.provider, *whom, **gone)
    shop.run(account)
    assert [row.words["do"] for row in shop.tasks()] == ["suspend"]
    handling.give_up(shop.provider, *whom, why="They stay", clock=shop.clock)
    assert (shop.tasks(), shop.again(account).state) == ([], "provisioned")
    (task,) = shop.tasks("declined")
    assert (task.note, task.ended_by_name) == (f"{account.name} is kept: it is not needed any more.", "Purser")
    handling.remove(shop.provider, *whom, **gone)
    shop.run(account)
    assert [row.words["do"] for row in shop.tasks()] == ["suspend"]


def test_used_amounts_are_told_by_people_and_read_as_any_vendors(shop: Shop) -> None:
    """Source: acceptance AC-37."""
    standing(shop)
    port = ports.accounts(shop.byhand)
    read = port.usages(["FX-100"])
    assert not read.whole
    (task,) = shop.tasks()
    assert tasks.asked(task) == [("backup", "Used of backup")]
    assert refused(lambda: shop.confirm(task, backup="many")) == "answer"
    shop.confirm(task, backup="12.5")
    read = port.usages(["FX-100"])
    assert read.whole
    assert [(u.service, str(u.value)) for u in read.items.values()] == [("backup", "12.5")]


def test_an_instance_by_hand_needs_products_and_days_that_can_be(shop: Shop) -> None:
    def make(**values: str) -> None:
        with tenancy.acting_in(shop.made.distributor.pk):
            wanted = instances.Wanted(name="Other", values=values, roles={})
            instances.make(shop.provider, "byhand", wanted, now=kit.now())

    assert refused(lambda: make(products="one: One\none: Two")) == "products"
    assert refused(lambda: make(products="!!")) == "products"
    assert refused(lambda: make(products="one: One", due_days="0")) == "due_days"
    assert refused(lambda: make(products="one: One", due_days="soon")) == "due_days"
    assert refused(lambda: make()) == "empty"


def test_an_offer_may_name_a_product_as_people_do_and_not_one_that_is_not_sold(shop: Shop) -> None:
    account = shop.saved(shop.direct, shop.byhand, "bea")
    shop.ordered(account, {"services": ["BACKUP"]})
    shop.run(account)
    shop.confirm(shop.tasks()[0], id="FX-1")
    shop.run(account)
    assert shop.tasks()[0].words["on"] == "backup"
    other = shop.saved(shop.made.reseller, shop.byhand, "rita")
    shop.run(other)
    shop.confirm(next(row for row in shop.tasks() if row.words["do"] == "create"), id="FX-2")
    port = ports.accounts(shop.byhand)
    assert refused(lambda: port.start("FX-2", "fax")) == "unavailable"


def test_the_steps_of_a_task_are_a_table(shop: Shop) -> None:
    assert set(confirming.TASK_STEPS) == set(TaskState.values)
    assert all(to in confirming.TASK_STEPS for targets in confirming.TASK_STEPS.values() for to in targets)


def test_the_same_flow_serves_the_second_vendor(shop: Shop) -> None:
    """Bucketry: no login check, no production, no modes; a tenant that is made by and by."""
    reseller = shop.saved(shop.made.reseller, shop.storage, "rita")
    assert shop.run(reseller).state == "provisioned"
    account = shop.saved(shop.made.customer, shop.storage, "amy")
    row = shop.ordered(account, {"services": ["hot"]}, "Hot storage")
    result = shop.run(account)
    assert (result.state, shop.subscription(row)[0]) == ("provisioned", "active")
    port = ports.accounts(shop.storage)
    above, tenant = port.tenant(shop.again(reseller).remote), port.tenant(shop.again(account).remote)
    assert (above.kind, tenant.kind, tenant.parent) == ("partner", "customer", above.id)
    assert {o.service for o in port.offerings(tenant.id).items.values()} == {"hot"}
    (user,) = port.users(tenant.id).items.values()
    assert [role.id for role in user.roles] == ["owner"]
    assert len([e for e in shop.app.effects if e["what"] == "mail"]) == 2
    shop.app.control("use", {"account": int(tenant.id), "bucket": "b", "product": "hot", "region": "eu-1", "bytes": 9})
    assert [u.total for u in port.usages([tenant.id]).items.values()] == [9]


def test_a_slow_vendor_is_looked_at_again_and_has_one_tenant(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    port = ports.accounts(shop.storage)
    monkeypatch.setattr(port, "_pause", lambda seconds: None)
    shop.app.control("set", {"create_seconds": 200})
    account = shop.saved(shop.direct, shop.storage, "bea")
    shop.ordered(account, {"services": ["hot"]})
    result = shop.run(account)
    assert (result.state, shop.step(account, "tenant").code) == ("provisioning", "under_way")
    shop.app.clock.advance(timedelta(seconds=201))
    assert shop.run(account).state == "provisioning", "not before its time"
    shop.ahead = port.traits.lag + timedelta(seconds=1)
    assert shop.run(account).state == "provisioned"
    assert len([e for e in shop.app.effects if e["what"] == "account"]) == 1
