"""The statement and the lists behind it, and why each number is what it is. Source: acceptance CS-68."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Max, Min
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access.actors import Actor
from purser.billing.usage import derivation, statement
from purser.billing.usage import lists as plain
from purser.kernel.period import month_of, plus_months
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.usage import shown
from purser.portal.pages.usage.shown import to
from purser.portal.tables.model import Empty, dressed
from purser.rating.days import DAY
from purser.tenants import organisations

EXPORT = "usage.export"


def _day(part: str = "") -> Any:
    def href(row: Any) -> str:
        on = row.on.isoformat()
        return reverse("usage_day", kwargs={"tenant": row.tenant_id, "on": on}) + (f"#{part}" if part else "")

    return href


EMPTY = Empty("No day is closed yet", "Each day is counted at its close; the first appears here then.", "units", "Daily units")
DAYS = dressed(
    plain.DAYS,
    empty=EMPTY,
    export="usage_days_export",
    href={
        "on": _day(),
        "users": _day("users"),
        "peak": _day("peak"),
        "units": _day("charge"),
        "balance": _day("balance"),
    },
)
CHARGES = dressed(
    plain.CHARGES, empty=EMPTY, export="usage_charges_export", href={"on": _day(), "units": _day("corrections")}
)  # fmt: skip
ENTRIES = dressed(
    plain.ENTRIES,
    empty=Empty("No entries yet", "What is bought, used, or given free appears here.", "units", "Daily units"),
    export="usage_entries_export",
)


@page("usage.read")
def days(request: HttpRequest, actor: Actor) -> HttpResponse:
    """With what the days that match opened and closed with, and the months to choose from."""
    months = shown.months(request)
    here = to("usage_days", actor)
    more = {
        "months": [(month, f"{here}?on.min={month}&on.max={month_of(month).end - DAY}&sort=on") for month in months],
        "older": months[-1] if months else None,
        "newer": plus_months(months[0], statement.MONTHS + 1) if months and request.GET.get("before") else None,
    }
    return lists.show(
        request, actor, DAYS, "usage/days.html", more, follow=_span, below="usage/span.html", zone=organisations.zone()
    )  # fmt: skip


def _span(rows: Any) -> Mapping[str, Any]:
    bounds = rows.order_by().aggregate(first=Min("on"), last=Max("on"))
    return {"span": statement.span(bounds["first"], bounds["last"]) if bounds["first"] else None}


@page("usage.read")
def charges(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, CHARGES, zone=organisations.zone())


@page("usage.read")
def entries(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, ENTRIES, zone=organisations.zone())


days_export = exports.door(DAYS, EXPORT)
charges_export = exports.door(CHARGES, EXPORT)
entries_export = exports.door(ENTRIES, EXPORT)


@page("usage.read", seat=False)
def day(request: HttpRequest, actor: Actor, on: str) -> HttpResponse:
    """Why these numbers?"""
    why = derivation.of_day(actor.tenant, shown.day_of(on), now=timezone.now())
    context = {
        "title": f"Why these numbers? {why.on}",
        "why": why,
        "terms": derivation.described(why.day.terms),
        "set_on": to("usage_day", actor, on=why.day.set_on.isoformat()) if why.day.set_on else "",
        "zone": why.zone,
        "before": (why.on - DAY).isoformat(),
        "after": (why.on + DAY).isoformat(),
        "crumbs": [("Statement", to("usage_days", actor)), (why.on.isoformat(), "")],
    }
    return TemplateResponse(request, "usage/day.html", context)


@page("usage.read", seat=False)
def people(request: HttpRequest, actor: Actor, on: str, organisation: UUID) -> HttpResponse:
    """Who was licensed in a tenant at the close of a day: seen there, as far as its consent goes."""
    day = shown.day_of(on)
    tenant, at, present = derivation.people(actor, day, organisation, now=timezone.now())
    context = {
        "title": f"Licensed in {tenant.name} at the close of {day}",
        "tenant": tenant,
        "at": at,
        "present": present,
        "most": derivation.MOST_PEOPLE,
        "zone": "UTC",
        "crumbs": [(day.isoformat(), to("usage_day", actor, on=day.isoformat())), (tenant.name, "")],
    }
    return TemplateResponse(request, "usage/people.html", context)
