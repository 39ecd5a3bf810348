"""What metered subscriptions were charged, cycle by cycle, as a list. Source: acceptance AC-37."""

from __future__ import annotations

from django.db.models import CharField, DecimalField, Func
from django.db.models.functions import Cast

from purser.lists.model import Column, Preset, Table
from purser.subscriptions import reach
from purser.subscriptions.models import CycleCharge

USED = Func("quantity", function="TRIM_SCALE", output_field=DecimalField(max_digits=24, decimal_places=9))

CHARGES = Table(
    name="cycle_charges",
    title="Usage charges",
    lead="What metered subscriptions used and cost, cycle by cycle; a correction is billed with a later cycle.",
    seat=reach.seat,
    rows=lambda actor, params: reach.priced(actor, CycleCharge),
    order=("-from_on", "customer"),
    columns=(
        Column("customer", "Customer", field="customer_name"),
        Column("name", "Name", field="offer_name"),
        Column("number", "Number"),
        Column("from_on", "From", "date"),
        Column("to_on", "Up to", "date"),
        Column("quantity", "Used", "number", expression=USED),
        Column("unit", "Unit"),
        Column("price", "Price", "money", currency="currency"),
        Column("amount", "Amount", "money", currency="currency"),
        Column("billed_with", "Billed with the cycle from", "date"),
        Column("listed", "Price from", shown=False),
        Column("readings", "Readings", "number", shown=False),
        Column("reason", "Reason", field="why", shown=False),
        Column("made_at", "Charged", "datetime", shown=False),
        Column("by", "By", field="by_name", shown=False),
        Column("charge", "Charge", expression=Cast("id", CharField()), shown=False),
        Column("corrects", "Corrects the charge", expression=Cast("corrects_id", CharField()), shown=False),
    ),
    presets=(Preset("Last 31 days", "made_at.last=31"),),
)
