"""What a version in the making does to live subscriptions: looked at before it is published, and taken along as a file."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.catalog import price_lists
from purser.kernel.errors import Refused
from purser.portal import files_of
from purser.portal.doors import page
from purser.portal.pages.catalog import price_lists as price_pages
from purser.portal.pages.catalog import shown
from purser.portal.pages.partners.shown import to
from purser.subscriptions import simulating
from purser.subscriptions.simulating import Effect, Simulation

SHOWN = 200
HEADS = (
    "Customer", "Subscription", "Item code", "Offer", "Quantity", "Currency", "Price now", "Price then", "From",
    "A month now", "A month then", "Keeps its price",
)  # fmt: skip


def _asked(request: HttpRequest, actor: Actor, selling_list: UUID) -> tuple[dict[UUID, str], Simulation]:
    typed = shown.cells(request.POST, most=price_lists.MOST)
    rows = shown.rows(typed, {})
    from_on = shown.day(request.POST.get("from_on", ""))
    return typed, simulating.price_change(actor, selling_list, rows, from_on=from_on, now=timezone.now())


@require_POST
@page("prices.publish", seat=False)
def show(request: HttpRequest, actor: Actor, selling_list: UUID) -> HttpResponse:
    try:
        typed, found = _asked(request, actor, selling_list)
    except Refused as refusal:
        return price_pages.typed_again(request, actor, selling_list, refusal)
    stands = price_lists.ground(actor, selling_list, from_on=found.from_on, now=timezone.now())
    name, there = stands.price_list.name, {"tenant": actor.tenant, "selling_list": selling_list}
    context = {
        "title": "What it does to live subscriptions",
        "lead": "Before it is published: what each would cost, from which day on, and which keep their price.",
        "list": stands.price_list,
        "found": found,
        "rows": [(one, simulating.KEEPS.get(one.keeps, "")) for one in found.effects[:SHOWN]],
        "more": len(found.effects) - SHOWN,
        "keeping": len(found.effects) - found.following,
        "typed": typed,
        "sent": request.POST,
        "crumbs": [
            ("Catalog", to("catalog", actor)),
            ("Prices", to("selling_lists", actor)),
            (name, reverse("selling_list", kwargs=there)),
            ("Live subscriptions", ""),
        ],
    }
    return TemplateResponse(request, "catalog/simulate.html", context)


@require_POST
@page("prices.publish", seat=False)
def file(request: HttpRequest, actor: Actor, selling_list: UUID) -> Any:
    """All of it as CSV or XLSX."""
    _, found = _asked(request, actor, selling_list)
    rows = (_row(one) for one in found.effects)
    return files_of.answer(
        request, actor, HEADS, rows, title="Live subscriptions", name=f"price-change-{found.from_on:%Y-%m-%d}"
    )


def _row(one: Effect) -> tuple[Any, ...]:
    return (
        one.customer_name, one.number, one.offer_code, one.offer_name, one.quantity, one.currency, one.was, one.becomes,
        one.on, one.month_was.amount if one.month_was else None, one.month_becomes.amount if one.month_becomes else None,
        simulating.KEEPS.get(one.keeps, ""),
    )  # fmt: skip
