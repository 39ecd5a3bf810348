"""The card on file: stored on the provider's page, replaced, removed. Source: decision S-1; acceptance CS-60, CS-63."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.billing.models import VisitState
from purser.billing.paying import automatic, cards, provider, purchases, visits
from purser.flows import ports
from purser.kernel.errors import Missing
from purser.portal.doors import page
from purser.portal.pages.partners.shown import to
from purser.portal.pages.paying import away
from purser.tenants import organisations


@page("billing.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    now, own = timezone.now(), organisations.own()
    card = purchases.card_on_file()
    try:
        standing = automatic.standing(now)
    except Missing:
        standing = None
    left = (cards.last_day(card) - now.date()).days if card else None
    context = {
        "card": card,
        "until": cards.last_day(card) if card else None,
        "ends_soon": left is not None and left <= cards.WARNINGS[0],
        "over": left is not None and left < 0,
        "standing": standing,
        "waiting": purchases.open_one(),
        "zone": own.zone,
    }
    return TemplateResponse(request, "paying/card.html", context)


@require_POST
@page("billing.card", seat=False)
def store(request: HttpRequest, actor: Actor) -> HttpResponse:
    payments = ports.payments(provider.over(actor.tenant))
    found = visits.to_store_a_card(actor, payments, now=timezone.now())
    return away.to(request, found, title="Store a card")


@page("billing.read", seat=False)
def back(request: HttpRequest, actor: Actor, visit: UUID) -> HttpResponse:
    """Where the provider sends the browser afterwards, and whoever reloads it. The provider tells what came of it."""
    ended = visits.look(actor.tenant, visit, ports.payments(provider.over(actor.tenant)), now=timezone.now())
    if ended.state == VisitState.DONE:
        messages.success(request, "The card is on file." if ended.card else "The purchase is paid.")
    elif ended.state == VisitState.EXPIRED:
        messages.warning(request, "That page of the payment provider has expired. Nothing was stored or charged.")
    else:
        messages.info(request, "The payment provider says that this is not finished. Nothing was stored or charged yet.")
    if ended.purchase is not None:
        return HttpResponseRedirect(to("purchase", actor, purchase=ended.purchase))
    return HttpResponseRedirect(to("card", actor))


@require_POST
@page("billing.card")
def remove(request: HttpRequest, actor: Actor) -> HttpResponse:
    card = cards.remove(actor, now=timezone.now())
    messages.success(request, f"The {card.brand} ending in {card.last_four} is no longer on file; automatic purchase is off.")
    return HttpResponseRedirect(to("card", actor))
