"""The preview names the calls that a run then makes. Source: issue of vendors' tenants, section 6."""

from __future__ import annotations

import random
from typing import Any

import pytest

from purser.flows.accounts_to_vendor import previewing
from purser.kernel.errors import Refused
from tests.flows.desk import rig as rig
from tests.flows.vendor import BY_GIGABYTE, BY_WORKLOAD, SYNC_SHARE, Rig


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
