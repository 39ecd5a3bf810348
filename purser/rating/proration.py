"""The part of a period's price that a change in its middle costs. Source: acceptance ID-26."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from purser.kernel.money import Money
from purser.kernel.period import Period


def part(*, units: Decimal, unit_price: Money, effective_on: date, period: Period) -> Money:
    """What `units` more (or fewer) cost from `effective_on`, that day included, to the end of the period; rounded.

    +7 at 4.00 effective 11 Jul in July: 7 * 4.00 * 21 / 31 = 18.97.
    """
    return unit_price.times(units * period.left_from(effective_on) / Decimal(period.days)).rounded()
