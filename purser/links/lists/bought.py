"""What is bought: subscriptions, linked, unlinked. Source, also of the titles: acceptance ID-45 to ID-52."""

from __future__ import annotations

from collections.abc import Mapping

from purser.links.lists.context import OWN, context_of
from purser.links.models.relations import LinkState
from purser.links.queries import reports
from purser.lists.model import Column, Preset, Sign, Table

LINK_SIGNS: Mapping[str, Sign] = {
    LinkState.PENDING: Sign("Pending", "note"),
    LinkState.IN_STEP: Sign("In step", "good"),
    LinkState.BEHIND: Sign("Behind", "warn"),
    LinkState.FAILED: Sign("Failed", "bad"),
    LinkState.UNSURE: Sign("Unsure", "bad", "help"),
    LinkState.WAITING: Sign("Waits for a person", "warn", "hourglass"),
    LinkState.ENDED: Sign("Ended", "plain"),
}

BOUGHT = (
    Column("status", "Status", "badge", field="subscription__status", shown=False),
    Column("unit", "Unit", shown=False),
    Column("price", "Price", "money", expression=reports.two_decimals("unit_price"), currency="currency", shown=False),
    Column("cost", "Cost", "money", expression=reports.two_decimals("unit_cost"), currency="currency", shown=False),
    Column("renewal", "Renews", "date", field="subscription__renewal_on", shown=False),
    Column("seen", "Read", "datetime", field="seen_at", shown=False),
)

SUBSCRIPTIONS = Table(
    name="subscriptions",
    title="Subscription report",
    lead="All that the marketplace shows for your customers, a row per resource.",
    own=OWN,
    rows=lambda actor, params: reports.subscriptions(context_of(params)),
    order=("resource",),
    columns=(
        Column("account_id", "ODIN Account ID", field="customer__external_id"),
        Column("company", "Company Name", field="customer__name"),
        Column("subscription_id", "Subscription ID", field="subscription__external_id"),
        Column("subscription", "Subscription Name", field="subscription__name"),
        Column("resource_id", "Resource ID"),
        Column("resource", "Resource Name", field="name"),
        Column("count", "Count", "number", expression=reports.count()),
        *BOUGHT,
    ),
    presets=(Preset("Not terminated", "status.in=active&status.in=hold&status.in=pending"),),
)

UNLINKED = Table(
    name="unlinked",
    title="Unlinked",
    lead="Bought, and not billed by Purser: link it, or it may go uninvoiced.",
    own=OWN,
    rows=lambda actor, params: reports.unlinked(context_of(params)),
    order=("resource",),
    columns=(
        Column("account_id", "ODIN Account ID", field="customer__external_id"),
        Column("company", "Company", field="customer__name"),
        Column("subscription_id", "Subscription ID", field="subscription__external_id"),
        Column("subscription", "Subscription", field="subscription__name"),
        Column("resource_id", "Resource ID"),
        Column("resource", "Resource", field="name"),
        Column("count", "Resource Count", "number", expression=reports.count()),
        *BOUGHT,
    ),
    presets=(Preset("With a count", "count.not=0"),),
)

LINKED = Table(
    name="linked",
    title="Linked",
    lead="All of this is kept in step automatically, and nothing else is.",
    own=OWN,
    rows=lambda actor, params: reports.linked(context_of(params)),
    order=("-linked",),
    columns=(
        Column("customer", "PSA Customer Name", field="service__agreement__account__name"),
        Column("agreement", "Agreement Name", field="service__agreement__name"),
        Column("product_id", "Product ID", field="service__product_id"),
        Column("product", "Product Description", field="service__name"),
        Column("company", "ODIN Company", field="resource__customer__name"),
        Column("subscription", "Subscription", field="resource__subscription__name"),
        Column("resource", "Resource", field="resource__name"),
        Column("count", "Count", "number", expression=reports.count("resource__")),
        Column("state", "State", "badge", signs=LINK_SIGNS),
        Column("aside", "Held back because", shown=False),
        Column("ours", "Posted by us", "number", expression=reports.trimmed("expected_units"), shown=False),
        Column("psa", "In the PSA", "number", expression=reports.trimmed("service__final_units"), shown=False),
        Column("confirmed", "Confirmed", "datetime", field="confirmed_at", shown=False),
        Column("linked", "Linked", "datetime", field="made_at", shown=False),
        Column("ends_on", "Agreement Ends", "date", field="service__agreement__ends_on", shown=False),
    ),
    presets=(
        Preset(
            "Not in step",
            "state.in=pending&state.in=behind&state.in=failed&state.in=unsure&state.in=waiting",
        ),
    ),
)
