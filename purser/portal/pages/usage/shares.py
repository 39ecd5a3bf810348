"""What each tenant has of a month, on screen and as a file for bills of the partner's own. Source: acceptance CS-69."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone

from purser.access.actors import Actor
from purser.billing.usage import sharing
from purser.kernel.errors import Refused
from purser.portal import files_of
from purser.portal.doors import page
from purser.portal.pages.usage import shown
from purser.portal.pages.usage.shown import to
from purser.postgres import tenancy

PAGE = 100


@page("usage.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    with tenancy.acting_in(actor.tenant):
        months = shown.months(request)
    month = shown.month(request, months)
    context: dict[str, Any] = {
        "title": "Shares",
        "lead": "What each tenant has of your daily units, for bills of your own. The shares sum to your charge, every day.",
        "months": months,
        "month": month,
        "older": months[-1] if months else None,
        "here": to("usage_shares", actor),
    }
    if month is None:
        empty = {"empty_title": "No day is closed yet", "empty_text": "Shares follow from the first charge on."}
        return TemplateResponse(request, "usage/outside.html", context | empty)
    found = sharing.of_month(actor.tenant, month, now=timezone.now())
    context |= {
        "shares": found,
        "part": Paginator(found.totals, PAGE).get_page(request.GET.get("page")),
        "files": [("month", "Per tenant"), ("day", "Per tenant and day")],
        "export": to("usage_shares_export", actor) + f"?month={month:%Y-%m}",
    }
    return TemplateResponse(request, "usage/shares.html", context)


@page("usage.export", seat=False)
def export(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """`month`, `per` (day or month), `format`."""
    per, month = request.GET.get("per", "month"), shown.month_of(request.GET.get("month", ""))
    if per not in sharing.FILES:
        raise Refused(f"{per!r} is neither day nor month.", code="per")
    found = sharing.of_month(actor.tenant, month, now=timezone.now())
    heads, rows = sharing.FILES[per](found)
    name = f"shares-{month:%Y-%m}-per-{per}"
    return files_of.answer(request, actor, heads, rows, title=f"Shares {month:%Y-%m}", name=name)
