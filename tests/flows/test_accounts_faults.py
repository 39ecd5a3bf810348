"""Whatever fails on the way: the account goes on from the failed step, or its desk says what is missing and what to do.

Source: acceptance AC-30, AC-31, CM-65 in its way; issue of vendors' tenants, bad input and faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from purser.postgres import tenancy
from purser.provisioning.models import Instance
from purser.subscriptions import lifecycle
from purser.subscriptions.models import Source
from tests.flows.vendor import BY_GIGABYTE, MSP, Rig, served
from tests.late import landed


@pytest.fixture
def rig() -> Iterator[Rig]:
    with served() as made:
        made.timeout = 0.4
        made.new_port()
        yield made


# Each changing call of a customer's first order, as method and path, with the stage that makes it.
CALLS = [
    ("POST", r"/tenants$", "tenant"),
    ("PUT", r"/pricing$", "production"),
    ("PUT", r"/offering_items$", "offerings"),
    ("POST", r"/users$", "user"),
    ("PUT", r"/access_policies$", "roles"),
    ("POST", r"/send-activation-email$", "mail"),
]
READS = [(r"/offering_items/available_for_child$", "tenant"), (r"/pricing$", "production")]
KINDS: list[dict[str, Any]] = [
    {"kind": "timeout_after", "seconds": 1.0},
    {"kind": "timeout_before", "seconds": 1.0},
    {"kind": "reset"},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 500, "applied": True},
    {"kind": "throttle", "retry_after": "30"},
    {"kind": "body_cut"},
    {"kind": "garbage"},
]
NOTHING_HAPPENED = ("throttle",)


def whole(rig: Rig, account: Any, subscription: Any, *, mails: tuple[int, ...] = (1,)) -> None:
    assert (len(rig.there(account)), len(rig.person(account))) == (1, 1)
    assert rig.there(account)[0]["pricing_mode"] == "production"
    assert [p["role_id"] for p in rig.person(account)[0]["_policies"]] == ["company_admin"]
    assert len(rig.effects("mail")) in mails
    assert rig.state_of(subscription)[0] == "active"


# an answer without a body, as the mail's, cannot be cut
EACH = [(*call, fault) for call in CALLS for fault in KINDS if (call[2], fault["kind"]) != ("mail", "body_cut")]


@pytest.mark.parametrize(
    ("method", "path", "stage", "fault"), EACH, ids=[f"{one[2]}-{one[3]['kind']}{one[3].get('status', '')}" for one in EACH]
)
def test_a_call_that_fails_once_is_made_good(rig: Rig, method: str, path: str, stage: str, fault: dict[str, Any]) -> None:
    """One tenant, one user, one mail in the end; only of a mail whose answer was lost a person is asked."""
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.fail(**fault, method=method, path=path)
    first = rig.run(account)
    assert first.state in ("provisioning", "failed")
    rig.go(minutes=5)
    last = rig.settle(account)
    if stage == "mail" and fault["kind"] not in NOTHING_HAPPENED and rig.again(account).state == "failed":
        assert rig.step(account, "mail").state == "asked"
        assert "Nobody can tell" in last.text
        whole(rig, account, subscription, mails=(0, 1))
        return
    assert last.state == "provisioned"
    whole(rig, account, subscription)


@pytest.mark.parametrize(("path", "stage"), READS)
def test_a_reading_that_fails_is_made_again(rig: Rig, path: str, stage: str) -> None:
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.fail("status", status=503, method="GET", path=path)
    assert rig.run(account).state == "provisioning"
    rig.go(minutes=5)
    assert rig.settle(account).state == "provisioned"
    whole(rig, account, subscription)


def test_a_create_whose_answer_was_lost_is_looked_for_and_not_made_again(rig: Rig) -> None:
    """Source: acceptance AC-31."""
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.fail("timeout_after", seconds=1.0, method="POST", path=r"/tenants$")
    first = rig.run(account)
    assert rig.step(account, "tenant").state == "unsure"
    assert first.retry_at is not None
    rig.asked()
    rig.run(account)
    assert rig.asked() == []  # the lost call may still take effect: nobody looks before its time
    rig.go(minutes=3)
    assert rig.run(account).state == "provisioned"
    assert "POST /tenants" not in rig.asked()
    assert (len(rig.there(account)), rig.step(account, "tenant").text) == (1, "Found at the vendor after the answer was lost.")


def test_a_create_that_takes_effect_late_is_still_one(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.fail("late_apply", seconds=0.9, method="POST", path=r"/tenants$")
    rig.run(account)
    landed()
    rig.go(minutes=3)
    assert rig.settle(account).state == "provisioned"
    whole(rig, account, subscription)


def test_a_list_that_is_cut_lets_nothing_be_created(rig: Rig) -> None:
    """Law 2: what a cut list does not show may be there."""
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.fail("timeout_after", seconds=1.0, method="POST", path=r"/tenants$")
    rig.run(account)
    rig.go(minutes=3)
    rig.tell("set", page_loop=True)
    assert rig.run(account).state == "provisioning"
    assert len(rig.there(account)) == 1
    rig.tell("set", page_loop=False)
    rig.go(minutes=5)
    assert rig.settle(account).state == "provisioned"


@pytest.mark.parametrize(
    ("arm", "stage", "code", "says"),
    [
        ({"number": 1004, "path": r"/tenants$", "method": "POST"}, "tenant", "name_taken", "or adopt the tenant"),
        ({"number": 1012, "path": r"/offering_items$", "method": "PUT"}, "offerings", "locked", "locked"),
        ({"number": 1023, "path": r"/offering_items$", "method": "PUT"}, "offerings", "dependency", "another"),
        ({"number": 1003, "path": r"/users$", "method": "POST"}, "user", "parent_disabled", "Enable the parent"),
        ({"number": 1010, "path": r"/users$", "method": "POST"}, "user", "email_taken", "e-mail"),
        ({"number": 1018, "path": r"/send-activation", "method": "POST"}, "mail", "user_disabled", "Enable the user"),
    ],
)
def test_what_the_vendor_refuses_is_told_and_gone_on_from(
    rig: Rig, arm: dict[str, Any], stage: str, code: str, says: str
) -> None:
    """Source: acceptance AC-30."""
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.tell("refuse", **arm)
    assert rig.run(account).state == "failed"
    row = rig.step(account, stage)
    assert (row.state, row.code) == ("refused", code)
    assert says in f"{row.text} {row.hint}"
    assert rig.state_of(subscription)[0] == ("active" if stage == "mail" else "waiting")
    made = [effect["what"] for effect in rig.app.effects]
    assert rig.run(account).state == "provisioned"
    again = [effect["what"] for effect in rig.app.effects[len(made) :]]
    assert not set(made) & set(again) - {"roles"}
    whole(rig, account, subscription)


def test_a_login_that_was_taken_meanwhile_is_told(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.tell("take_login", login=account.username)
    assert rig.run(account).state == "failed"
    assert rig.step(account, "user").code == "login_taken"
    assert "User" in rig.state_of(subscription)[1]


def test_what_somebody_changed_in_between_is_read_again_and_gone_on(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.tell("refuse", number=1001, path=r"/pricing$", method="PUT")
    assert rig.run(account).state == "provisioned"
    whole(rig, account, subscription)
    assert rig.step(account, "production").attempts == 2


def test_an_offering_that_the_parent_lost_meanwhile_is_left_out(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.tell("refuse", number=1021, path=r"/offering_items$", method="PUT")
    rig.tell("item", tenant=MSP, name="pg_base_mobiles", status=0)
    assert rig.run(account).state == "provisioned"
    whole(rig, account, subscription)


def test_a_service_that_the_parent_may_not_give_is_named(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account, {"services": ["no such service"]})
    assert rig.run(account).state == "failed"
    assert "may not give no such service" in rig.step(account, "offerings").text
    assert rig.state_of(subscription)[0] == "waiting"
    assert rig.effects("tenant") == []


def test_a_tenant_that_was_deleted_at_the_vendor_is_not_made_again(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    rig.ordered(account)
    rig.run(account)
    rig.tell("remove", tenant=rig.again(account).remote)
    rig.ordered(account, BY_GIGABYTE, name="Second")
    assert rig.run(account).state == "failed"
    assert rig.step(account, "tenant").code == "gone"
    assert len(rig.effects("tenant")) == 1


def test_a_sign_in_that_is_refused_pauses_the_instance_and_fails_no_account(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.new_port(secret="another")
    assert rig.run(account).state == "provisioning"
    with tenancy.acting_in(rig.distributor.pk):
        held = Instance.objects.get(pk=rig.instance.pk)
        assert (held.state, held.paused_code) == ("paused", "credentials")
    rig.asked()
    rig.go(minutes=30)
    rig.run(account)
    assert rig.asked() == []
    assert "is paused" in rig.state_of(subscription)[1]
    with tenancy.acting_in(rig.distributor.pk):
        Instance.objects.filter(pk=rig.instance.pk).update(state="ready")
    rig.new_port()
    assert rig.settle(account).state == "provisioned"


def test_a_mail_that_was_refused_keeps_nothing_else_waiting(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    subscription = rig.ordered(account)
    rig.fail("status", status=503, method="POST", path=r"/send-activation-email$", times=2)
    rig.run(account)
    assert rig.state_of(subscription)[0] == "active"


def test_a_lost_create_is_found_by_a_later_order_though_the_first_was_cancelled(rig: Rig) -> None:
    """Source: acceptance AC-29, AC-31."""
    account = rig.synced(rig.direct)
    first = rig.ordered(account)
    rig.fail("timeout_after", seconds=1.0, method="POST", path=r"/tenants$")
    rig.run(account)
    with tenancy.acting_in(rig.direct.pk):
        lifecycle.cancel(first.pk, on=None, by=lifecycle.By("Ada", Source.US), now=rig.at)
    rig.go(minutes=5)
    rig.run(account)
    assert rig.again(account).remote == rig.there(account)[0]["id"]
    second = rig.ordered(account)
    assert rig.run(account).state == "provisioned"
    whole(rig, account, second)


def test_a_create_that_never_was_is_forgotten_with_its_order(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    first = rig.ordered(account)
    rig.fail("timeout_before", seconds=1.0, method="POST", path=r"/tenants$")
    rig.run(account)
    with tenancy.acting_in(rig.direct.pk):
        lifecycle.cancel(first.pk, on=None, by=lifecycle.By("Ada", Source.US), now=rig.at)
    rig.go(minutes=5)
    rig.run(account)
    assert (rig.steps(account), rig.there(account)) == ([("tenant", "dropped")], [])
    rig.asked()
    second = rig.ordered(account)
    assert rig.run(account).state == "provisioned"
    assert "GET /tenants" in rig.asked()  # it was tried before, so it is looked for
    whole(rig, account, second)


def test_an_offer_with_a_mode_that_nobody_knows_waits_and_says_so(rig: Rig) -> None:
    account = rig.synced(rig.direct)
    other = rig.ordered(account, {"services": [], "mode": "per_moon"}, name="Odd")
    good = rig.ordered(account)
    assert rig.run(account).state == "provisioned"
    assert rig.state_of(other) == ("waiting", "Odd names a billing mode that is not known: per_moon.")
    whole(rig, account, good)
