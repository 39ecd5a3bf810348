"""What a PSA bills, seen from the resource it stands for, and the dates both PSAs count in."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random

from sandboxes.msp.book import Context, Resource, Subscription

USAGE_DIVISOR = 10  # so much use is one unit in the PSA
DAY = timedelta(days=1)
# Fewer in the PSA than at the marketplace is the usual mistake: somebody bought and nobody told the bookkeeper.
SLIPS = (-4, -3, -2, -2, -1, -1, -1, -1, 1, 2)
SLIP_SHARE = 0.12
GAP_SHARE = 0.085


@dataclass(frozen=True)
class Billed:
    """A service of the PSA and the resource it bills. `unlinked` says why nobody links them; empty: they are linked."""

    context: Context
    subscription: Subscription
    resource: Resource
    contract: str
    service: str
    units: int
    unlinked: str = ""

    @property
    def key(self) -> str:
        return f"{self.contract}/{self.service}"

    @property
    def metered(self) -> bool:
        return self.resource.product.metered

    @property
    def even(self) -> bool:
        return self.units == units_for(self.resource, self.resource.quantity)


def units_for(resource: Resource, quantity: int) -> int:
    return -(-quantity // USAGE_DIVISOR) if resource.product.metered else quantity


def slipped(rng: Random, units: int) -> int:
    """The units as the PSA has them: mostly right."""
    return max(0, units + rng.choice(SLIPS)) if rng.random() < SLIP_SHARE else units


def why_not(rng: Random, subscription: Subscription, resource: Resource) -> str:
    """The reason that a resource with a service in the PSA is not linked; empty for most."""
    if subscription.status == "terminated":
        return "The subscription is terminated at the marketplace; the service was left on the contract."
    if subscription.customer.company.role == "new":
        return "A new customer that nobody has mapped yet."
    if resource.product.metered and rng.random() < 0.3:
        return "It is billed by use, and nobody has set a rule yet."
    return "Nobody has come to map it yet." if rng.random() < GAP_SHARE else ""


def catalog_price(rng: Random, cost: Decimal) -> Decimal:
    """Between 15 and 35 percent above cost, in whole cents."""
    price = (cost * rng.randint(117, 133) / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return max(price, (cost * Decimal("1.15")).quantize(Decimal("0.01"), ROUND_HALF_UP))


def months_on(day: date, months: int) -> date:
    """The same day so many months later (or earlier), or the last one of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def month_end(day: date) -> date:
    return months_on(day.replace(day=1), 1) - DAY
