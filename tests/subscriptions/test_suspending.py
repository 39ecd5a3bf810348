"""Suspending and lifting, whatever else became of a subscription and its add-ons before. Source: acceptance CM-17, CM-18,
CM-22, CM-23, AC-34.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.subscriptions import daily, dates, history, lifecycle, metering, pricing, tiers
from purser.subscriptions.models import SUBSCRIPTION_STEPS, Subscription
from tests.subscriptions.held import START, US, Shop, at, days

END = date(2027, 1, 31)
OPERATIONS = ("suspend", "resume", "cancel")


@pytest.fixture(scope="module")
def shop() -> Shop:
    made = Shop()
    made.offer("YEAR", term_months=12, cancel_days=7)
    made.offer("EXTRA", term_months=12, cancel_days=7, addon_of_id=made.product)
    made.offer("MONTHLY")
    made.offer("GB", metered=True, meter="storage", unit="GB")
    return made


def stand(shop: Shop, rows: list[Subscription]) -> list[tuple[str, date | None]]:
    return [(one.state, one.ends_on) for one in map(shop.read, rows)]


def test_what_is_cancelled_is_suspended_and_lifted_until_its_day(shop: Shop) -> None:
    """A customer that stops paying in the notice period: no service, and the day it ends stays."""
    row = shop.active("YEAR")
    later = at(START + days(20))
    with tenancy.acting_in(shop.customer):
        lifecycle.cancel(row.pk, on=None, by=US, now=later)
        held = lifecycle.suspend(row.pk, by=US, now=later + timedelta(hours=1))
        assert (held.state, held.ends_on, held.due_on) == ("suspended", END, END)
        with pytest.raises(Refused, match="suspended"):
            lifecycle.suspend(row.pk, by=US, now=later + timedelta(hours=2))
        back = lifecycle.resume(row.pk, by=US, now=later + timedelta(hours=3))
        assert (back.state, back.ends_on) == ("cancelled", END)
        lifecycle.suspend(row.pk, by=US, now=later + timedelta(hours=4))
    daily.carry_out(shop.customer, shop.chain.reseller.pk, now=at(END))
    assert stand(shop, [row]) == [("ended", END)]
    with tenancy.acting_in(shop.customer):
        said = [(one.old, one.new) for one in history.events(row.pk) if one.what == "ends_on"]
    assert said == [("", str(END))], "suspending said nothing new of its day"


def test_an_addon_of_a_cancelled_base_is_lifted_by_itself(shop: Shop) -> None:
    base = shop.active("YEAR")
    addon = shop.active("EXTRA", base=base)
    later = at(START + days(20))
    with tenancy.acting_in(shop.customer):
        lifecycle.suspend(addon.pk, by=US, now=later)
        lifecycle.cancel(base.pk, on=None, by=US, now=later + timedelta(hours=1))
        assert lifecycle.resume(addon.pk, by=US, now=later + timedelta(hours=2)).state == "cancelled"
        lifecycle.resume(base.pk, by=US, now=later + timedelta(hours=3))
    assert stand(shop, [base, addon]) == [("active", None), ("active", None)]


def test_an_addon_cancelled_by_itself_stays_cancelled_when_its_base_comes_back(shop: Shop) -> None:
    """To the same day as its base, which says nothing of why."""
    base = shop.active("YEAR")
    addon = shop.active("EXTRA", base=base)
    later = at(START + days(20))
    with tenancy.acting_in(shop.customer):
        for hours, (call, id) in enumerate([
            (lambda id, **at: lifecycle.cancel(id, on=None, **at), addon.pk),
            (lambda id, **at: lifecycle.cancel(id, on=None, **at), base.pk),
            (lifecycle.suspend, base.pk), (lifecycle.resume, base.pk), (lifecycle.resume, base.pk),
        ]):  # fmt: skip
            call(id, by=US, now=later + timedelta(hours=hours))
    assert stand(shop, [base, addon]) == [("active", None), ("cancelled", END)]


def billed(shop: Shop, row: Subscription) -> dict[str, Any]:
    """All of a subscription that a bill is made of, over its first months, and what its seller makes of it."""
    nights = [START + days(count) for count in (1, 28, 29, 59, 89)]
    with tenancy.acting_in(shop.customer):
        if row.metered:
            for day, value in zip(nights, ("3", "8", "5", "13", "21"), strict=True):
                metering.keep(row.pk, value=Decimal(value), since=None, counts="level", now=at(day))
        charged = [metering.close(row.pk, today=day, now=at(day)) if row.metered else [] for day in nights]
    for day in nights:
        daily.carry_out(shop.customer, shop.chain.reseller.pk, now=at(day))
    with tenancy.acting_in(shop.customer):
        now = lifecycle.of(row.pk)
        prices, quantities = pricing.timeline(row.pk), pricing.quantity_events(row.pk)
        cycles = [found for day in nights if (found := dates.cycle(now, day)) is not None]
        kept = ("state", "started_on", "term_ends_on", "ends_on", "due_on", "renews", "price", "quantity")
        found = {
            "kept": [getattr(now, name) for name in kept],
            "costs": [pricing.cost(now, one, prices, quantities) for one in cycles],
            "prices": [(one.from_on, one.price, one.listed) for one in prices],
            "quantities": [(one.on, one.old, one.new) for one in quantities],
            "charges": [(one.from_on, one.to_on, one.quantity, one.amount) for several in charged for one in several],
        }
    parts = tiers.timeline(shop.chain.reseller.pk, row.pk)
    return {**found, "tiers": [(one.from_on, one.sell, one.cost) for one in parts]}


@pytest.mark.parametrize("code", ["YEAR", "MONTHLY", "GB"])
def test_ten_suspensions_of_a_day_leave_the_bill_as_of_one_never_suspended(shop: Shop, code: str) -> None:
    """Beside a twin that nobody touched. Source: acceptance CM-23."""
    quantity = 1 if code == "GB" else 5
    row, twin = shop.active(code, quantity), shop.active(code, quantity)
    now = at(START + days(20))
    for number in range(10):
        with tenancy.acting_in(shop.customer):
            lifecycle.suspend(row.pk, by=US, now=now + timedelta(minutes=2 * number))
            lifecycle.resume(row.pk, by=US, now=now + timedelta(minutes=2 * number + 1))
    found = billed(shop, row)
    assert found == billed(shop, twin)
    assert found["costs"][0].amount > 0
    assert len(found["charges"]) == (2 if code == "GB" else 0)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 2)), max_size=8))
def test_a_suspension_lifted_leaves_everything_as_it_stood(shop: Shop, before: list[tuple[str, int]]) -> None:
    """After any changes of a base and its two add-ons: all moves are of the table, nothing that was added runs on while its
    base is suspended, and lifting brings back what was.
    """
    base = shop.active("YEAR")
    rows = [base, shop.active("EXTRA", base=base), shop.active("EXTRA", base=base)]
    now = at(START + days(20))

    def act(name: str, row: Subscription) -> bool:
        nonlocal now
        now += timedelta(minutes=1)
        more = {"on": None} if name == "cancel" else {}
        with tenancy.acting_in(shop.customer), suppress(Refused):
            getattr(lifecycle, name)(row.pk, by=US, now=now, **more)
            return True
        return False

    for name, which in before:
        act(name, rows[which])
        found = stand(shop, rows)
        assert not (found[0][0] == "suspended" and {"active", "cancelled"} & {state for state, _ in found[1:]}), found
        assert all(ends == END for state, ends in found if state == "cancelled")
    stood = stand(shop, rows)
    if act("suspend", base):
        assert [state for state, _ in stand(shop, rows)] == ["suspended"] * 3
        assert act("resume", base)
        assert stand(shop, rows) == stood
    with tenancy.acting_in(shop.customer):
        for row in rows:
            moves = [(one.old, one.new) for one in history.events(row.pk) if one.what == "state" and one.old]
            assert all(new in SUBSCRIPTION_STEPS[old] for old, new in moves)
