"""Policies and price lists side by side over one history: each as if it alone had been."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from purser.kernel.money import Money
from purser.rating import charges, packages, policy, simulation, spending
from purser.rating.closes import Close
from purser.rating.policy import DSU, Scope, Terms
from purser.rating.simulation import Month, Scheme
from tests.rating import oracle
from tests.rating.test_charges import NOW

FIRST = date(2025, 1, 1)
SMALL = packages.Package("CPP-DSU-1", 1_000, Money(Decimal("0.043"), "USD"), Money(Decimal(43), "USD"))
LARGE = packages.Package("CPP-DSU-10", 10_000, Money(Decimal("0.040"), "USD"), Money(Decimal(400), "USD"))
EACH = policy.always("each", Terms(31, ratchet=False, true_up=False, carry_over=False, scope=Scope.PARTNER))
# 13 months: 60 users, and 100 from the 10th to the 19th of every month
CLOSES = [{"X": 60, "Y": 40 if 10 <= on.day <= 19 else 0} for on in oracle.dates(FIRST, (date(2026, 2, 1) - FIRST).days)]


def test_two_policies_stand_side_by_side_month_by_month() -> None:
    """By the ratchet January is 9 days at 60 and 16 at 100; by the day's count 21 at 60 and 10 at 100."""
    schemes = [Scheme("ratchet", DSU, SMALL), Scheme("each day", EACH, SMALL)]
    found = simulation.simulate(CLOSES, first=FIRST, schemes=schemes, balance=2_000)
    assert [month.first for month in found["ratchet"]] == [month.first for month in found["each day"]]
    assert len(found["ratchet"]) == 13
    assert found["ratchet"][0] == Month(
        first=FIRST, users=100, peak=100, units=2_140, used=Money(Decimal("92.02"), "USD"),
        bought=1, paid=Money(Decimal(43), "USD"), balance=860,
    )  # fmt: skip
    assert [month.units for month in found["each day"]][:3] == [2_260, 28 * 60 + 400, 2_260]


def test_two_price_lists_differ_in_what_is_paid_and_in_no_unit() -> None:
    found = simulation.simulate(CLOSES, first=FIRST, schemes=[Scheme("small", DSU, SMALL), Scheme("large", DSU, LARGE)])
    small, large = found["small"], found["large"]
    assert [month.units for month in small] == [month.units for month in large]
    assert sum(month.units for month in small) == 13 * 2_140
    assert [sum(month.bought for month in months) for months in (small, large)] == [28, 3]
    assert sum((month.paid.amount for month in large), Decimal(0)) == 1_200
    assert large[-1].balance == 30_000 - 13 * 2_140


def test_a_scheme_alone_is_what_it_is_beside_others_and_what_would_be_charged() -> None:
    apart = policy.always("apart", replace(DSU.on(FIRST), scope=Scope.TENANT))
    schemes = [Scheme("a", DSU, SMALL), Scheme("b", apart, LARGE), Scheme("c", EACH, SMALL)]
    together = simulation.simulate(CLOSES, first=FIRST, schemes=schemes, opening={"X": 70}, balance=500)
    known = [Close("p", on, users, NOW) for on, users in zip(oracle.dates(FIRST, len(CLOSES)), CLOSES, strict=True)]
    for scheme in schemes:
        alone = simulation.simulate(CLOSES, first=FIRST, schemes=[scheme], opening={"X": 70}, balance=500)
        assert alone[scheme.name] == together[scheme.name]
        wanted = charges.wanted(known, policy=scheme.policy, opening={"X": 70})
        assert sum(month.units for month in alone[scheme.name]) == sum(charge.units for charge in wanted)
    assert spending.cost(together["b"][0].units, package=LARGE) == together["b"][0].used


def test_a_history_that_begins_in_mid_month_has_a_part_of_it() -> None:
    found = simulation.simulate(CLOSES[15:40], first=date(2025, 1, 16), schemes=[Scheme("ratchet", DSU, SMALL)])["ratchet"]
    assert [(month.first, month.units) for month in found] == [(FIRST, 10 * 100), (date(2025, 2, 1), 9 * 60)]
