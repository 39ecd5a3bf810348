"""Units: where the partner stands today, what comes, and a month of it. Source: acceptance CS-43 to CS-50, CS-53, CS-65."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone

from purser.access.actors import Actor
from purser.billing.usage import named, outlook, statement
from purser.billing.usage.outlook import Standing
from purser.kernel.errors import Missing
from purser.portal.doors import page
from purser.portal.pages.usage import shown
from purser.portal.pages.usage.shown import to
from purser.portal.tables import cells
from purser.postgres import tenancy
from purser.rating.spending import Outlook


@page("usage.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    now = timezone.now()
    context: dict[str, Any] = {"title": "Daily units", "lead": "One licensed user on one day, over all your tenants."}
    try:
        standing = outlook.of(actor.tenant, now=now)
    except Missing:
        return TemplateResponse(request, "usage/outside.html", context | _outside())
    with tenancy.acting_in(actor.tenant):
        months = shown.months(request)
        month = shown.month(request, months)
        rows = statement.of_month(month) if month else []
    ahead = None if standing.ended else outlook.ahead(standing)
    context |= {
        "standing": standing,
        "ahead": ahead,
        "figures": _figures(actor, standing, ahead),
        "purchase": ahead.purchase if ahead else None,
        "zone": standing.zone.key,
        "months": months,
        "month": month,
        "older": months[-1] if months else None,
        "chart": shown.chart_of(actor, month, rows) if month else None,
    }
    return TemplateResponse(request, "usage/home.html", context)


def _figures(actor: Actor, standing: Standing, ahead: Outlook | None) -> list[tuple[str, str, str]]:
    now = to("usage_today", actor)
    found = [
        ("Balance", cells.number(standing.balance), to("usage_entries", actor)),
        ("Licensed users now", cells.number(standing.count), now),
    ]
    if standing.closed:
        last = to("usage_day", actor, on=standing.closed.isoformat())
        found.append((f"Peak at the last close, {standing.closed}", cells.number(sum(standing.peaks.values())), last))
    if ahead is not None:
        day = ahead.days[0].day
        found.append((f"What {day.on} costs as it stands", cells.number(day.units), now))
        if ahead.headroom is not None:
            last_day = standing.true_up - timedelta(days=1)
            found.append((f"More users that cost nothing up to {last_day:%-d %B}", cells.number(ahead.headroom), now))
    if standing.waiting:
        found.append(("Waits to be booked", cells.number(standing.waiting), f"{to('usage_days', actor)}?booked.is=no"))
    return found


@page("usage.read", seat=False)
def today(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Who makes up the count of this moment, by tenant."""
    context: dict[str, Any] = {"title": "Licensed users now", "crumbs": [("Daily units", to("units", actor)), ("Now", "")]}
    try:
        standing = outlook.of(actor.tenant, now=timezone.now())
    except Missing:
        return TemplateResponse(request, "usage/outside.html", context | _outside())
    who = named.of(actor.tenant, {*standing.users, *standing.peaks}, now=timezone.now())
    rows = [(one, standing.users.get(id, 0), standing.peaks.get(id, 0)) for id, one in who.items()]
    rows.sort(key=lambda row: (-row[1], -row[2], row[0].name))
    context |= {"standing": standing, "rows": [row for row in rows if row[1] or row[2]], "zone": standing.zone.key}
    return TemplateResponse(request, "usage/today.html", context)


def _outside() -> dict[str, str]:
    return {"empty_title": shown.OUTSIDE, "empty_text": shown.OUTSIDE_TEXT}
