"""Purchases of a partner: placed from a quote, followed until they are paid, and what was said to each attempt.

Source: acceptance CS-61, CS-62, CS-66; reliability P8.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts
from purser.access.actors import Actor
from purser.billing.buying import quotes
from purser.billing.models import Document, Purchase, PurchaseState
from purser.billing.paying import lists as plain
from purser.billing.paying import provider, purchases, states, visits
from purser.flows import ports
from purser.kernel.errors import Refused
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.partners.shown import sent, to
from purser.portal.pages.paying import away
from purser.portal.tables.model import Empty, dressed
from purser.tenants import organisations


def _page_of(row: Any) -> str:
    return reverse("purchase", kwargs={"tenant": row.tenant_id, "purchase": row.pk})


PURCHASES = dressed(
    plain.PURCHASES,
    empty=Empty("No purchases yet", "Packages are bought from a quote, or automatically when the balance is below 0."),
    export="purchases_export",
    href={"number": _page_of},
)


@page("billing.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, PURCHASES, zone=organisations.zone())


export = exports.door(PURCHASES, "billing.read")


@require_POST
@page("packages.buy", seat=False)
def place(request: HttpRequest, actor: Actor) -> HttpResponse:
    """PURCHASE: of the quote and nothing else that is sent along. Pressed twice it is one."""
    try:
        row = purchases.place(actor, _id(request, "quote"), key=_id(request, "key"), now=timezone.now())
    except purchases.Stale as stale:
        messages.warning(request, stale.text)
        return HttpResponseRedirect(to("quote", actor, quote=stale.quote.pk) if stale.quote else to("packages", actor))
    return HttpResponseRedirect(to("purchase", actor, purchase=row.pk))


def _id(request: HttpRequest, name: str) -> UUID:
    try:
        return UUID(sent(request, name, most=40))
    except ValueError:
        raise Refused("The form is not whole.", code="form", hint="Open the quote again, and press PURCHASE.") from None


@page("billing.read")
def one(request: HttpRequest, actor: Actor, purchase: UUID) -> HttpResponse:
    row = purchases.one(purchase)
    papers = Document.objects.filter(of__in=[row.pk, *(one.pk for one in purchases.refunds_of(row))])
    context = {
        **_standing(row),
        "attempts": purchases.attempts_of(row),
        "visits": purchases.visits_of(row),
        "refunds": [(one, states.REFUND_SIGNS[one.state]) for one in purchases.refunds_of(row)],
        "lines": [(line, line.count * line.price) for line in quotes.lines_of(row.quote)],
        "papers": [(one, to("document", actor, document=one.pk)) for one in papers.order_by("made_at").defer("file")],
        "done": acts.of_object("purchase", row.pk),
        "crumbs": [("Purchases", to("purchases", actor)), (row.number, "")],
    }
    return TemplateResponse(request, "paying/purchase.html", context)


@page("billing.read")
def progress(request: HttpRequest, actor: Actor, purchase: UUID) -> HttpResponse:
    """The part that is asked for again while the card is being charged; at the end the whole page comes."""
    row = purchases.one(purchase)
    answer = TemplateResponse(request, "paying/standing.html", _standing(row))
    if row.state not in _POLLED:
        answer["HX-Refresh"] = "true"
    return answer


_POLLED = (PurchaseState.BEGUN, PurchaseState.CHARGING, PurchaseState.UNSURE)


def _standing(row: Purchase) -> dict[str, Any]:
    return {
        "row": row,
        "sign": states.SIGNS[row.state],
        "under_way": row.state in _POLLED,
        "balance": purchases.balance(),
        "zone": organisations.zone(),
        "can_cancel": row.state in states.OPEN and row.state not in states.UNDER_WAY,
    }


@require_POST
@page("packages.buy")
def retry(request: HttpRequest, actor: Actor, purchase: UUID) -> HttpResponse:
    purchases.retry(actor, purchase, now=timezone.now())
    messages.success(request, "The card is asked again.")
    return HttpResponseRedirect(to("purchase", actor, purchase=purchase))


@require_POST
@page("packages.buy", seat=False)
def cancel(request: HttpRequest, actor: Actor, purchase: UUID) -> HttpResponse:
    row = visits.give_up(actor, purchase, lambda: ports.payments(provider.over(actor.tenant)), now=timezone.now())
    messages.success(request, f"{row.number} is cancelled; nothing was charged.")
    return HttpResponseRedirect(to("purchase", actor, purchase=purchase))


@require_POST
@page("packages.buy", seat=False)
def pay(request: HttpRequest, actor: Actor, purchase: UUID) -> HttpResponse:
    payments, now = ports.payments(provider.over(actor.tenant)), timezone.now()
    return away.to(request, visits.to_pay(actor, payments, purchase=purchase, now=now), title="Pay")
