"""Why one of ours is asked this price: the list that holds, and what a quantity comes to. Source: acceptance CM-12, CM-13."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from purser.access.actors import Actor
from purser.catalog import why
from purser.kernel.errors import Refused
from purser.kernel.money import Money
from purser.portal.doors import page
from purser.portal.pages.catalog import shown
from purser.portal.pages.partners.shown import to


@page("catalog.read", seat=False)
def price(request: HttpRequest, actor: Actor) -> HttpResponse:
    offer = shown.id_of(request.GET.get("offer", ""), "offer")
    buyer = shown.id_of(request.GET.get("buyer", ""), "customer")
    on = shown.day(request.GET.get("on", "")) or shown.today(actor)
    quantity = _quantity(request.GET.get("quantity", "1"))
    found = why.price(seller=actor.tenant, kind=actor.kind, buyer=buyer, offer=offer, on=on)
    tier, held = found.tier, found.held
    context = {
        "title": f"{found.good.name} for {found.buyer_name}",
        "lead": "Which list holds, since when, and what would hold without it.",
        "found": found,
        "on": on,
        "quantity": quantity,
        "cost": found.good.costs.get(held.currency) if held else None,
        "total": Money(held.amount, held.currency).times(quantity).rounded() if held else None,
        "total_cost": Money(tier.cost, tier.currency).times(quantity).rounded() if tier and tier.cost is not None else None,
        "crumbs": [
            ("Catalog", to("catalog", actor)),
            (found.good.name, to("catalog_offer", actor, offer=offer)),
            ("Why this price", ""),
        ],
    }
    return TemplateResponse(request, "catalog/why.html", context)


def _quantity(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) >= 1):
        raise Refused(f"“{text[:40]}” is no quantity.", code="quantity", hint="A whole number from 1.")
    return int(text)
