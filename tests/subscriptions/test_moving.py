"""A customer moves to another partner: what is open goes along, what is closed stays."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID

import pytest
import time_machine

from purser.kernel.errors import Missing
from purser.partners import orders as taken
from purser.postgres import tenancy
from purser.subscriptions import history, lifecycle, moving, planned, reading, tiers
from purser.subscriptions.models import Order, Subscription, TierPrice
from purser.tenants.models import Organisation
from tests.access import kit
from tests.subscriptions.held import US, Shop, at, days

TODAY = kit.now().date()


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """It stays the same day, also where a run of the tests passes midnight."""
    with time_machine.travel(at(TODAY, 12)):
        yield


@pytest.fixture
def shop() -> Shop:
    made = Shop(start=TODAY - days(40))
    made.offer("CP")
    return made


@pytest.fixture
def other(shop: Shop) -> Organisation:
    """Another reseller of the same distributor, which sells the same for more."""
    made = kit.reseller("Birch IT", under=shop.chain.distributor)
    shop.publish(made.pk, "CP", "14", on=shop.start)
    return made


def move(shop: Shop, to: Organisation) -> None:
    desk = kit.actor(shop.chain.operator, kit.member(shop.chain.operator))
    taken.move(desk, shop.customer, to.partner_number, now=kit.now())


def listed(organisation: Organisation) -> list[UUID]:
    with tenancy.listing_customers_of(organisation.pk):
        return list(Subscription.across.filter(partner_id=organisation.pk).values_list("pk", flat=True))


def test_what_is_open_goes_along_and_what_is_closed_stays(shop: Shop, other: Organisation) -> None:
    since = TODAY - days(40)
    live, over, waits = shop.active("CP", 4, on=since), shop.active("CP", 2, on=since), shop.order("CP", 1, on=TODAY)
    with tenancy.acting_in(shop.customer):
        lifecycle.cancel(over.pk, on=None, by=US, now=at(TODAY))
        planned.plan(live.pk, what="quantity", value="9", on=TODAY + days(9), by=US, now=kit.now())
        Order.objects.filter(lines__subscription=None).exclude(raised_at__lt=at(TODAY)).update(state="new")
    move(shop, other)
    assert set(listed(other)) == {live.pk, waits.pk}
    assert listed(shop.chain.reseller) == [over.pk]
    with tenancy.acting_in(shop.customer):
        by_state = dict(Order.objects.values_list("state", "partner_id"))
    assert by_state == {"new": other.pk, "approved": shop.chain.reseller.pk}


def test_the_new_partner_reads_what_holds_and_the_customer_all(shop: Shop, other: Organisation) -> None:
    row = shop.active("CP", 4, on=TODAY - days(40))
    with tenancy.acting_in(shop.customer):
        lifecycle.set_quantity(row.pk, 6, on=TODAY - days(9), by=US, now=at(TODAY - days(9)))
        planned.plan(row.pk, what="end", value="", on=TODAY + days(9), by=US, now=kit.now())
    move(shop, other)
    seen = reading.one(kit.actor(other), row.pk)
    assert seen.seller
    assert [(one.since, one.value) for one in history.quantities(seen.events)] == [(TODAY, "6")]
    assert [(one.from_on, int(one.price)) for one in seen.prices] == [(TODAY, 10)]
    assert [one.what for one in seen.plans] == ["end"]
    own = reading.one(kit.actor(shop.chain.customer, role="administrator"), row.pk)
    assert [(one.since, one.value) for one in history.quantities(own.events)] == [
        (TODAY - days(40), "4"), (TODAY - days(9), "6"),
    ]  # fmt: skip
    assert "Birch IT" in [one.new for one in own.events]
    with pytest.raises(Missing):
        reading.one(kit.actor(shop.chain.reseller), row.pk)


def test_the_new_sellers_parts_begin_at_the_price_the_customer_has(shop: Shop, other: Organisation) -> None:
    row = shop.active("CP", 4, on=TODAY - days(40))
    move(shop, other)
    for _ in range(2):
        moving.begin_tiers(shop.customer, now=kit.now())

    def held(organisation: Organisation) -> list[tuple[date, Any, Any, UUID]]:
        with tenancy.acting_in(organisation.pk):
            return list(TierPrice.objects.order_by("from_on").values_list("from_on", "sell", "cost", "buyer"))

    assert held(other) == [(TODAY, 10, 8, shop.customer)]
    assert held(shop.chain.distributor)[-1] == (TODAY, 8, 6, other.pk)
    assert [one.rows[0].name for one in tiers.waterfall(kit.actor(other), on=TODAY)] == ["Alder Dental"]
    assert tiers.waterfall(kit.actor(shop.chain.reseller), on=TODAY) == []
    assert row.pk in listed(other)


def test_the_move_asks_for_the_job_that_begins_them(shop: Shop, other: Organisation) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    shop.active("CP", 4, on=TODAY - days(40))
    move(shop, other)
    jobs = ProcrastinateJob.objects.filter(task_name="purser.tiers", args={"tenant": str(shop.customer)})
    assert jobs.count() == 1
