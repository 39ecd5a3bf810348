"""What a seller can put a price on: its own offers, and what those above it sell to it, with what each costs it.

Source: acceptance CM-2, CM-13.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from purser.catalog import selling, shelves
from purser.catalog.models import Offer, Price, Side
from purser.kernel.errors import Missing
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Kind, Organisation


@dataclass(frozen=True)
class Good:
    """`costs` by currency: what the vendor asks for an own offer, else the one price that the seller above asks. `asked_by`
    is that seller's name, "" for an own offer; `withdrawn` an own offer that is no longer on sale.
    """

    offer: UUID
    code: str
    name: str
    product_name: str
    vendor_name: str
    category: str
    group: str
    cycle: str
    costs: Mapping[str, Decimal]
    asked_by: str = ""
    listed: str = ""
    withdrawn: bool = False


def of(seller: UUID, on: date) -> dict[UUID, Good]:
    """By offer, in the order of the shop, its own first. Takes its seats itself."""
    from_above = selling.shop(buyer=seller, on=on)
    with tenancy.acting_in(seller):
        rows = list(Offer.objects.select_related("product", "product__vendor"))
        costs = _costs(on)
    rows.sort(key=lambda one: (one.product.category, one.product.group, one.name, one.code))
    found = {row.pk: _own(row, costs.get(row.pk, {})) for row in rows}
    return found | {one.offer: _bought(one) for one in from_above}


def _costs(on: date) -> dict[UUID, dict[str, Decimal]]:
    versions = {one.pk: one.price_list for one in shelves.in_force(on, None) if one.price_list.side == Side.COST}
    found: dict[UUID, dict[str, Decimal]] = {}
    for price in Price.objects.filter(price_version__in=versions):
        found.setdefault(price.offer, {})[versions[price.price_version_id].currency] = price.amount
    return found


def _own(row: Offer, costs: Mapping[str, Decimal]) -> Good:
    product = row.product
    return Good(
        row.pk, row.code, row.name, product.name, product.vendor.name, product.category, product.group, row.cycle, costs,
        withdrawn=row.withdrawn_at is not None,
    )  # fmt: skip


def _bought(one: selling.Sellable) -> Good:
    return Good(
        one.offer, one.code, one.name, one.product_name, one.vendor_name, one.category, one.group, one.cycle,
        {one.currency: one.price}, asked_by=one.tiers[-1].seller_name, listed=one.listed,
    )  # fmt: skip


def buyers(seller: UUID, kind: str) -> list[Organisation]:
    """Whom it sells to: those right under it in the tree, by name. Takes the seat that lists them."""
    seat = tenancy.listing_all() if kind == Kind.OPERATOR else tenancy.listing_customers_of(seller)
    with seat:
        return organisations.under(seller)


def buyer(seller: UUID, kind: str, id: UUID) -> Organisation:
    """One of them. Raises Missing, the same for another's and for none."""
    found = next((one for one in buyers(seller, kind) if one.pk == id), None)
    if found is None:
        raise Missing("There is no such customer.")
    return found
