"""A metered offer and a subscription of it, read and charged on days."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from purser.access.actors import Actor
from purser.postgres import tenancy
from purser.subscriptions import metering
from purser.subscriptions.models import MeterReading, Subscription
from tests.access import kit
from tests.subscriptions.held import Shop, at

START, FEBRUARY, MARCH, APRIL = (date(2026, month, 1) for month in (1, 2, 3, 4))
SINCE = date(2026, 1, 17)


@pytest.fixture(scope="module")
def shop() -> Shop:
    made = Shop(start=START)
    made.offer("GB", prices=("0.0311", "0.0523", "0.0837"), metered=True, meter="storage", unit="GB")
    return made


@pytest.fixture
def row(shop: Shop) -> Subscription:
    return shop.active("GB", 1, on=START)


def read(
    shop: Shop, row: Subscription, value: str, on: date, *, since: datetime | None = None, counts: str = "level"
) -> MeterReading | None:
    with tenancy.acting_in(shop.customer):
        return metering.keep(row.pk, value=Decimal(value), since=since, counts=counts, now=at(on))


def close(shop: Shop, row: Subscription, on: date) -> list[tuple[date, date, str, str]]:
    """What is charged on a day: cycle, with which it is billed, quantity and amount."""
    with tenancy.acting_in(shop.customer):
        made = metering.close(row.pk, today=on, now=at(on))
        return [(one.from_on, one.billed_with, f"{one.quantity.normalize():f}", f"{one.amount}") for one in made]


def seller(shop: Shop) -> Actor:
    return kit.actor(shop.chain.reseller, kit.member(shop.chain.reseller, factor=False))
