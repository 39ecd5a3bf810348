"""Lists of purchases: a partner's own, and for the operator those of all its partners, with what was given back.

Source: acceptance CS-62; ux 14, 15.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import DecimalField, OuterRef, Subquery, Sum, UUIDField, Value
from django.db.models.functions import Coalesce

from purser.access.actors import Actor
from purser.billing.models import Purchase, Refund, RefundState
from purser.billing.paying import states
from purser.lists.model import Column, Preset, Sign, Table
from purser.postgres import tenancy
from purser.tenants import organisations

CAUSES = {"hand": Sign("By hand", "plain", "user"), "auto": Sign("Automatic", "plain", "refresh")}
_MONEY = DecimalField(max_digits=16, decimal_places=2)


def _returned(rows: Any) -> Any:
    """`rows` are the refunds that the seat may read; one that failed gave nothing back."""
    given = rows.filter(purchase=OuterRef("pk")).exclude(state=RefundState.FAILED).order_by()
    sums = given.values("purchase").annotate(total=Sum("money")).values("total")
    return Coalesce(Subquery(sums, output_field=_MONEY), Decimal(0), output_field=_MONEY)


def _columns(*first: Column) -> tuple[Column, ...]:
    return (
        *first,
        Column("number", "Purchase"),
        Column("made", "Made", "datetime", field="made_at"),
        Column("state", "State", "badge", signs=states.SIGNS),
        Column("units", "Units", "number"),
        Column("total", "Amount", "money", currency="currency"),
        Column("returned", "Given back", "money", currency="currency"),
        Column("cause", "Cause", "badge", signs=CAUSES),
        Column("by", "By", field="made_by_name", shown=False),
        Column("paid", "Paid", "datetime", field="paid_at"),
        Column("tries", "Attempts", "number", shown=False),
        Column("reason", "Last answer", field="text", shown=False),
        Column("quote", "Quote", field="quote__number", shown=False),
    )


PRESETS = (
    Preset("Not finished", "state.in=begun&state.in=charging&state.in=unsure&state.in=waits&state.in=declined"),
    Preset("Paid", "state.is=paid"),
    Preset("Automatic", "cause.is=auto"),
)

PURCHASES = Table(
    name="purchases",
    title="Purchases",
    lead="What was bought, how it was paid, and what was given back.",
    rows=lambda actor, params: Purchase.objects.select_related("quote").annotate(returned=_returned(Refund.objects.all())),
    order=("-made",),
    columns=_columns(),
    presets=PRESETS,
)


def _of_partners(actor: Actor, params: Any) -> Any:
    below = organisations.of_operator(actor.tenant).values("pk")
    rows = Purchase.across.filter(tenant_id__in=below).select_related("quote", "tenant")
    # whose list it is, so that a row's page has its address
    return rows.annotate(returned=_returned(Refund.across.all()), operator=Value(actor.tenant, output_field=UUIDField()))


PARTNERS_PURCHASES = Table(
    name="partners_purchases",
    title="Payments",
    lead="The purchases of all partners.",
    seat=lambda actor: tenancy.listing_all(),
    rows=_of_partners,
    order=("-made",),
    columns=_columns(Column("partner", "Partner", field="tenant__name")),
    presets=PRESETS,
)
