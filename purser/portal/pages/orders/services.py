"""My Services: what a customer has, and what it ordered, without cost or margin; who sells has lists of both.

Source: acceptance CM-2, CM-10, CM-16.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from purser.access import permit
from purser.access.actors import Actor
from purser.portal import lists, requests
from purser.portal.doors import page
from purser.portal.pages.orders.listed import ORDERS
from purser.portal.pages.partners.shown import to
from purser.portal.pages.subscriptions import shown
from purser.subscriptions import reach
from purser.subscriptions.models import LIVE
from purser.tenants import organisations
from purser.tenants.models import Kind

SHOWN = 100


@page("subscriptions.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    if actor.kind != Kind.CUSTOMER:
        return HttpResponseRedirect(to("held_list", actor))
    zone = organisations.zone_of(actor.tenant)
    listing, context = lists.read(request, actor, ORDERS, zone=zone)
    if requests.is_partial(request, listing.id):
        return TemplateResponse(request, "parts/list.html", context)
    with reach.seat(actor):
        found = reach.named(actor).filter(state__in=LIVE).order_by("offer_name", "id")
        rows = list(found[: SHOWN + 1])
    places = permit.allows(actor, "orders.place")
    more = {
        "rows": [(row, str(row.get_state_display()), shown.actions(actor, row)) for row in rows[:SHOWN]],
        "many": len(rows) > SHOWN,
        "action_href": to("order-shop", actor, buyer=actor.tenant) if places else "",
    }
    return TemplateResponse(request, "orders/services.html", {**context, **more, "title": "My Services"})
