"""The port to a marketplace: what each customer of the reseller has, how many, at what price."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal, Protocol

from purser.connectors.ports.tested import Tested
from purser.reconcile.model import Reading

SubscriptionStatus = Literal["pending", "active", "hold", "terminated", "removed"]


@dataclass(frozen=True)
class Customer:
    id: str
    name: str
    status: str
    external_id: str = ""
    contact_name: str = ""
    contact_email: str = ""


@dataclass(frozen=True)
class Line:
    """One resource of a subscription: how many units, at what price per unit and billing period.

    `resource_id` is the product's mpn on a 1.1 server and the line's own id where a 21.x server
    gives one (then `mpn` still names the product). Amounts are exact decimals as the vendor wrote
    them. `unit_price` is whatever the vendor calls so; the connection says whether that is cost or
    sales price. `unit_cost` is only given by 21.x servers.
    """

    resource_id: str
    mpn: str
    quantity: Decimal
    unit_price: Decimal | None
    currency: str
    name: str = ""
    unit_cost: Decimal | None = None


@dataclass(frozen=True)
class Subscription:
    """List rows carry no lines (`lines` is None) on servers that give them only in the detail."""

    id: str
    customer_id: str
    status: SubscriptionStatus
    created_on: date | None
    renewal_on: date | None
    modified_at: datetime | None
    auto_renews: bool
    name: str = ""
    billing_period: str = ""
    lines: tuple[Line, ...] | None = None


@dataclass(frozen=True)
class Product:
    """`usage_based` is true when the product is charged by what was used (it has an overuse price and no
    recurring one): its count is not a number of seats."""

    mpn: str
    name: str
    service_name: str = ""
    usage_based: bool = False
    unit: str = ""


class Marketplace(Protocol):
    """Reads page to the end; a page that fails after the first gives a reading with whole=False and the
    reason in `cut`. The first call failing raises Refused(code="credentials"), Busy(...) etc.
    A malformed row is left out, and makes the reading not whole; its id and fault are named in `cut`."""

    def test(self) -> Tested: ...

    def customers(self) -> Reading[Customer]: ...

    def subscriptions(self) -> Reading[Subscription]: ...

    def subscription(self, id: str) -> Subscription:
        """The detail, with lines. Raises Missing when the marketplace does not know it."""
        ...

    def products(self) -> Reading[Product]: ...
