"""A partner's purchase as the operator may see it: commercial rows, read in the seat that lists over tenants."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from purser.billing.models import Purchase, QuoteLine, Refund, RefundState
from purser.kernel.errors import Missing
from purser.postgres import tenancy
from purser.tenants import organisations


@dataclass(frozen=True)
class Found:
    """`units_left` and `money_left` were not given back yet."""

    row: Purchase
    partner: str
    lines: tuple[QuoteLine, ...]
    refunds: tuple[Refund, ...]
    units_left: int
    money_left: Decimal


def of_partner(operator: UUID, partner: UUID, id: UUID) -> Found:
    """Takes the seat that lists over tenants. Raises Missing for one that is not below this operator."""
    with tenancy.listing_all():
        below = organisations.of_operator(operator).filter(pk=partner).values("pk")
        row = Purchase.across.filter(pk=id, tenant_id__in=below).select_related("quote", "tenant").first()
        if row is None:
            raise Missing("There is no such purchase.")
        lines = tuple(QuoteLine.across.filter(quote_id=row.quote_id).order_by("place"))
        refunds = tuple(Refund.across.filter(purchase_id=row.pk).order_by("made_at", "id"))
        name = row.tenant.name
    stand = [one for one in refunds if one.state != RefundState.FAILED]
    units, money = row.units - sum(one.units for one in stand), row.total - sum((one.money for one in stand), Decimal(0))
    return Found(row, name, lines, refunds, units, money)
