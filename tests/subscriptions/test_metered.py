"""Metered subscriptions over their customers: what is ordered, what a person says, what the job charges, and who sees what.

Source: acceptance AC-37, CM-2.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from purser.access import verbs
from purser.access.models import Act
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.subscriptions import deciding, metered
from purser.subscriptions.models import CycleCharge, Subscription
from purser.tenants.models import Organisation
from tests.access import kit
from tests.subscriptions import shop as shops
from tests.subscriptions.held import Shop, at, days
from tests.subscriptions.metered_kit import FEBRUARY, MARCH, START, close, read, row, seller, shop

__all__ = ["row", "shop"]


def test_usage_is_not_ordered_to_be_charged_twice() -> None:
    made = shops.shop()
    shops.approving(made, over="1000000.00")
    twice = (made.new("METER", 1), made.new("METER", 1))
    with pytest.raises(Refused, match="Cloud storage is billed by the same usage"):
        made.place(made.owner(), *twice)
    first, second = (made.place(made.admin(), made.new("METER", 1)) for _ in range(2))
    assert (first.state, second.state) == ("new", "new")
    deciding.approve(made.owner(), first.pk, now=kit.now())
    with pytest.raises(Refused, match="would charge it twice") as refused:
        deciding.approve(made.owner(), second.pk, now=kit.now())
    assert refused.value.code == "counted"
    assert [one.offer_code for one in made.subscriptions()] == ["METER"]


# What a person says


def test_its_seller_says_nought_once_with_a_reason(shop: Shop, row: Subscription) -> None:
    actor, now = seller(shop), at(FEBRUARY + days(2))

    def say(**other: Any) -> CycleCharge:
        return metered.say_nought(actor, row.pk, **{"from_on": START, "why": "The vendor was down", "now": now, **other})

    for other, code in (({"now": at(FEBRUARY)}, "open"), ({"why": " "}, "why")):
        with pytest.raises(Refused) as refused:
            say(**other)
        assert refused.value.code == code
    with pytest.raises(Missing):
        say(from_on=START + days(1))
    made = say()
    assert (made.amount, made.quantity, made.why, made.reading) == (0, 0, "The vendor was down", None)
    with pytest.raises(Refused, match="charged already"):
        say()
    for seat in (shop.customer, shop.chain.reseller.pk):
        with tenancy.acting_in(seat):
            summaries = Act.objects.filter(verb="subscriptions.price", of_id=row.pk).values_list("summary", flat=True)
            words = "Charged nothing for Protect GB in the cycle from 2026-01-01"
            assert [one.startswith(words) for one in summaries] == [True]
    read(shop, row, "10", FEBRUARY + days(3), since=datetime(2026, 1, 1, tzinfo=UTC))
    read(shop, row, "1", FEBRUARY + days(4))
    assert close(shop, row, MARCH + days(2)) == [(FEBRUARY, FEBRUARY, "1", "0.08"), (START, FEBRUARY, "10", "0.84")]


def test_nobody_says_nought_of_what_was_read_and_only_its_seller_does(shop: Shop, row: Subscription) -> None:
    above = kit.actor(shop.chain.distributor, kit.member(shop.chain.distributor, factor=False))
    with pytest.raises(Refused, match="decides on it"):
        metered.say_nought(above, row.pk, from_on=START, why="No", now=at(FEBRUARY + days(2)))
    read(shop, row, "10", START + days(4))
    with pytest.raises(Refused, match="10 GB were read"):
        metered.say_nought(seller(shop), row.pk, from_on=START, why="No", now=at(FEBRUARY + days(2)))


# Every day


def test_the_job_charges_what_is_over_late_or_again_and_others_go_on(shop: Shop) -> None:
    rows = [shop.active("GB", 1, on=START) for _ in range(2)]
    for one in rows:
        read(shop, one, "10", START + days(4))
        read(shop, one, "20", FEBRUARY + days(4))

    def charged() -> list[list[date]]:
        with tenancy.acting_in(shop.customer):
            return [
                list(CycleCharge.objects.filter(subscription=one).order_by("from_on").values_list("from_on", flat=True))
                for one in rows
            ]

    failures: list[UUID] = []

    def run(on: date) -> None:
        metered.run(at(on), failed=lambda customer, failure: failures.append(customer))

    run(FEBRUARY + timedelta(days=2))
    assert charged() == [[START], [START]]
    run(FEBRUARY + timedelta(days=2))
    run(MARCH + days(40))
    run(MARCH + days(40))
    assert charged() == [[START, FEBRUARY], [START, FEBRUARY]]
    assert failures == []


def test_each_tier_sees_its_own_part_and_the_customer_none(shop: Shop, row: Subscription) -> None:
    read(shop, row, "1000", START + days(4))
    close(shop, row, FEBRUARY + days(2))

    def part(organisation: Organisation) -> list[tuple[str, str]]:
        actor = kit.actor(organisation, kit.member(organisation, factor=False))
        found = metered.shown(actor, row.pk, now=at(FEBRUARY + days(2)))
        return [(str(one.sells), str(one.buys)) for one in found.parts.values()]

    assert part(shop.chain.reseller) == [("83.70 EUR", "52.30 EUR")]
    assert part(shop.chain.distributor) == [("52.30 EUR", "31.10 EUR")]
    customer = kit.actor(shop.chain.customer, kit.member(shop.chain.customer, verbs.ADMINISTRATOR, factor=False))
    found = metered.shown(customer, row.pk, now=at(FEBRUARY + days(2)))
    assert (found.parts, str(found.cycles[-1].charged)) == ({}, "83.70 EUR")
