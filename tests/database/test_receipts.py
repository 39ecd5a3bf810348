"""Receipts: the states they may go to, and what the database keeps although the code forgets. Source: reliability P9."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.db import DatabaseError
from hypothesis import given
from hypothesis import strategies as st

from purser.kernel.errors import Refused
from purser.links import receipts
from purser.links.models import Receipt
from purser.links.models.runs import OPEN_RECEIPTS, RECEIPT_STEPS, ReceiptState
from purser.postgres import ids, tenancy
from purser.reconcile.model import Delay
from tests import make

LINK = ids.new()  # one link is enough; rows are written in transactions that do not commit


class Undone(Exception):
    """Ends a transaction without keeping anything."""


def receipt(state: str, **more: object) -> Receipt:
    given: dict[str, object] = {
        "link_id": LINK,
        "state": state,
        "effective_on": date(2026, 7, 11),
        "units_before": 1,
        "units_after": 8,
        "amount": 7,
        "intended_at": make.NOON,
    }
    return Receipt(**{**given, **more})


def test_every_state_is_in_the_table_and_every_open_one_leads_on() -> None:
    assert set(RECEIPT_STEPS) == set(ReceiptState.values)
    assert {state for state, onward in RECEIPT_STEPS.items() if onward} == set(OPEN_RECEIPTS)


@pytest.mark.parametrize("one", ReceiptState.values)
@pytest.mark.parametrize("other", ReceiptState.values)
def test_a_receipt_takes_only_the_steps_of_the_table(one: str, other: str) -> None:
    held = receipt(one)
    if other in RECEIPT_STEPS[one]:
        receipts.step(held, other)
        assert held.state == other
    else:
        with pytest.raises(Refused, match=f"is {one} cannot become {other}"):
            receipts.step(held, other)
        assert held.state == one


BROKEN: dict[str, Callable[[], Receipt]] = {
    "receipt_amount_adds_up": lambda: receipt("done", amount=6),
    "receipt_state_known": lambda: receipt("lost"),
}


@pytest.mark.parametrize("check", BROKEN)
def test_the_database_refuses_what_is_no_receipt(check: str) -> None:
    with pytest.raises(DatabaseError, match=check), tenancy.acting_in(make.reseller().pk):
        BROKEN[check]().save(force_insert=True)


def test_a_link_has_one_open_receipt() -> None:
    from tests.flows import rig

    with rig.world("autotask") as world:
        link = world.link("S1/EXO1", rig.SERVICES["autotask"])
        for first in OPEN_RECEIPTS:
            for second in OPEN_RECEIPTS:
                with pytest.raises(DatabaseError, match="receipt_one_open_per_link"), tenancy.acting_in(world.tenant):  # noqa: PT012 - or the commit at its end
                    receipt(first, link_id=link.pk).save(force_insert=True)
                    receipt(second, link_id=link.pk).save(force_insert=True)
        with pytest.raises(Undone), tenancy.acting_in(world.tenant):  # noqa: PT012 - or the commit at its end
            for state in ReceiptState.values:
                if state not in OPEN_RECEIPTS:
                    receipt(state, link_id=link.pk).save(force_insert=True)
            raise Undone


def test_a_receipt_of_another_tenants_link_is_refused() -> None:
    from tests.flows import rig

    with rig.world("autotask") as world:
        link = world.link("S1/EXO1", rig.SERVICES["autotask"])
        with pytest.raises(DatabaseError, match="tenant_fk"), tenancy.acting_in(make.reseller().pk):
            receipt("done", link_id=link.pk).save(force_insert=True)


@given(attempts=st.integers(1, 10_000), asked=st.none() | st.integers(0, 7200))
def test_a_failure_is_due_again_within_the_promise_unless_the_vendor_asks_for_longer(attempts: int, asked: int | None) -> None:
    """With a pass every two minutes a cause that is gone is noticed within five. Source: ID-41."""
    wait = timedelta(seconds=asked) if asked is not None else None
    due = receipts.due_in(attempts, Delay("later", retry_after=wait))
    assert due >= (wait or timedelta(0))
    assert due <= max(timedelta(minutes=3), wait or timedelta(0))
    assert due > timedelta(0)
