"""Subscriptions as a list: over all customers for who sells, its own for a customer. Source: acceptance CM-16."""

from __future__ import annotations

from purser.lists.model import Column, Preset, Sign, Table
from purser.subscriptions import reach
from purser.subscriptions.models import SubscriptionState

STATES = {
    "ordered": Sign("Ordered", "note", "hourglass"),
    "waiting": Sign("Waiting", "warn", "hourglass"),
    "provisioning": Sign("Being provisioned", "note", "refresh"),
    "active": Sign("Active", "good"),
    "suspended": Sign("Suspended", "warn", "player-pause"),
    "cancelled": Sign("Cancelled", "plain", "ban"),
    "ended": Sign("Ended", "plain"),
}
assert set(STATES) == set(SubscriptionState.values)
CYCLES = {"monthly": Sign("Monthly"), "yearly": Sign("Yearly")}

SUBSCRIPTIONS = Table(
    name="held_subscriptions",
    title="Subscriptions",
    lead="What was bought, for how much, and until when its price holds.",
    seat=reach.seat,
    rows=lambda actor, params: reach.named(actor),
    order=("customer",),
    columns=(
        Column("customer", "Customer", field="customer_name"),
        Column("name", "Name", field="offer_name"),
        Column("offer_id", "Offer ID", field="offer_code"),
        Column("price", "Price charged", "money", field="charged", currency="currency"),
        Column("cycle", "Billed", "badge", signs=CYCLES),
        Column("quantity", "Purchased", "number"),
        Column("consumed", "Consumed", "number"),
        Column("renewal", "Renewal date", "date", field="term_ends_on"),
        Column("state", "Status", "badge", signs=STATES),
        Column("number", "Number", shown=False),
        Column("product", "Product", field="product_name", shown=False),
        Column("vendor", "Vendor", field="vendor_name", shown=False),
        Column("reseller", "Reseller", field="seller", shown=False),
        Column("started_on", "Since", "date", shown=False),
        Column("ends_on", "Ends", "date", shown=False),
        Column("ordered_at", "Ordered", "datetime", shown=False),
    ),
    presets=(
        Preset("Active", "state.is=active"),
        Preset("Suspended", "state.is=suspended"),
        Preset("On their way", "state.in=ordered&state.in=waiting&state.in=provisioning"),
        Preset("Over", "state.in=cancelled&state.in=ended"),
    ),
)
