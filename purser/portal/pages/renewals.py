"""Renewed contracts: which mapped contract is followed by which, and moving the links there. Source: acceptance ID-60."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.links.desk import renewals as desk
from purser.links.queries import pairs, proposals
from purser.portal import context
from purser.portal.doors import page
from purser.portal.pages import billing


@page("links.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    pair = pairs.main(context.chosen(request))
    if pair is None:
        return billing.start(request, actor, "Renewed contracts")
    back = reverse("mapping", kwargs={"tenant": actor.tenant}) + f"?context={pair.target.kind}"
    made = {
        **billing.frame(pair),
        "renewals": proposals.renewals(pair),
        "crumbs": [("Mapping", back), ("Renewed contracts", "")],
        "back": back,
    }
    return TemplateResponse(request, "billing/renewals.html", made)


@require_POST
@page("links.write")
def accept(request: HttpRequest, actor: Actor, relation: UUID) -> HttpResponse:
    pair = billing.pair_of(request)
    successor = billing.chosen(request.POST, "successor", "the contract that follows")
    moved = desk.accept(actor, sync=pair, relation_id=relation, successor_id=successor, now=timezone.now())
    words = "1 link" if len(moved) == 1 else f"{len(moved)} links"
    messages.success(request, f"{words} moved; the next pass brings the new contract to the marketplace's count.")
    there = reverse("mapping_renewals", kwargs={"tenant": actor.tenant})
    return HttpResponseRedirect(there + f"?context={pair.target.kind}")
