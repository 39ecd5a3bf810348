"""Subscriptions: the list of all that an actor may see, and one with its timeline. Source: acceptance CM-16, CM-17, CM-21."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access import permit
from purser.access.actors import Actor
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.subscriptions import shown
from purser.portal.tables.model import Empty, dressed
from purser.subscriptions import dates, history, planned, pricing, reading, tiers
from purser.subscriptions import lists as plain
from purser.tenants import organisations


def table(tenant: Any) -> Any:
    def href(row: Any) -> str:
        return reverse("held", kwargs={"tenant": tenant, "held": row.pk})

    return dressed(
        plain.SUBSCRIPTIONS,
        empty=Empty("No subscriptions yet", "They appear here the moment they are ordered."),
        export="held_export",
        href={"name": href, "number": href},
        actions="subscriptions/actions.html",
    )


@page("subscriptions.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    more: dict[str, Any] = {}
    if permit.allows(actor, "orders.place"):
        more = {"action_href": shown.to("order-new", actor), "action_words": "New order", "action_icon": "plus"}
    return lists.show(request, actor, table(actor.tenant), more=more, zone=organisations.zone_of(actor.tenant))


export = exports.door(dressed(plain.SUBSCRIPTIONS, empty=Empty()), "subscriptions.export")


@page("subscriptions.read", seat=False)
def one(request: HttpRequest, actor: Actor, held: UUID) -> HttpResponse:
    now = timezone.now()
    opened = reading.one(actor, held)
    row, zone = opened.row, organisations.zone_of(actor.tenant)
    today = now.astimezone(ZoneInfo(zone)).date()
    seen = permit.allows(actor, "catalog.read")
    closes = dates.window_closes(row)
    context = {
        "title": row.offer_name,
        "lead": f"{row.customer_name}, {row.product_name} by {row.vendor_name}",
        "row": row,
        "sign": plain.STATES[row.state],
        "actions": [*shown.actions(actor, row), *shown.ordered(actor, row)],
        "facts": _facts(opened),
        "closes": closes if closes and closes > today and row.state in ("active", "suspended") else None,
        "account_href": _account_href(actor, row),
        "part": tiers.part(actor, row, today) if seen and row.state != "ended" else None,
        "quantities": history.quantities(opened.events),
        "prices": [(one, one is pricing.in_force(opened.prices, today)) for one in reversed(opened.prices)],
        "plans": [(one, planned.said(one)) for one in opened.plans],
        "plans_here": opened.seller and row.ends_on is None and permit.allows(actor, "orders.place"),
        "addons": [(one, plain.STATES[one.state]) for one in opened.addons],
        "history": history.lines(opened.events),
        "zone": zone,
        "crumbs": [("Subscriptions", shown.to("held_list", actor)), (row.number, "")],
    }
    return TemplateResponse(request, "subscriptions/one.html", context)


def _facts(opened: reading.Opened) -> list[tuple[str, Any]]:
    row = opened.row
    term = f"{row.term_months} months" if row.term_months else "None; it can end any day"
    return [
        ("Number", row.number),
        ("Offer ID", row.offer_code),
        ("Purchased", f"By usage, counted in {row.unit}" if row.metered else f"{row.quantity:,} (unit: {row.unit})"),
        ("Consumed", row.consumed if row.consumed is not None else "The vendor does not say"),
        ("Billed", plain.CYCLES[row.cycle].words),
        ("Term", term),
        ("Since", _day(row.started_on)),
        *([("Renewal date", _day(row.term_ends_on)), ("Renews", "Yes" if row.renews else "No")] if row.term_months else []),
        *([("Ends on", _day(row.ends_on))] if row.ends_on else []),
        ("At the vendor", _account(row)),
    ]


def _day(on: date | None) -> str:
    return on.isoformat() if on is not None else ""


def _account_href(actor: Actor, row: Any) -> str:
    """To its account at the vendor, for who sells it or has the instance; "" for others."""
    if row.account is None or actor.tenant not in (row.partner_id, row.account.provider):
        return ""
    if not permit.allows(actor, "accounts.read"):
        return ""
    return shown.to("vendor_account", actor, organisation=row.tenant_id, instance=row.account.instance)


def _account(row: Any) -> str:
    if row.account is None:
        return "No account yet"
    return f"{row.account.get_state_display()}, at {row.account.instance_name}"
