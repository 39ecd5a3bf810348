"""Hand edits in the PSA: three counts side by side, who changed what, and who wins. Source: acceptance ID-30."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts
from purser.access.actors import Actor
from purser.links.desk import drift as desk
from purser.links.lists import drift as lists_of
from purser.links.models.connections import Policy
from purser.links.queries import drift as drifts
from purser.links.queries import why
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.logs import back, tell
from purser.portal.tables import listing
from purser.portal.tables.model import Bulk, Empty, dressed
from purser.tenants import organisations

STATE_SIGNS = lists_of.STATE_SIGNS


def _one(row: Any) -> str:
    return reverse("drift_one", kwargs={"tenant": row.tenant_id, "drift": row.pk})


TABLE = dressed(
    lists_of.DRIFT,
    href={"psa": _one},
    bulk=(
        Bulk("Marketplace wins", "drift_marketplace", "drift.decide"),
        Bulk("PSA wins", "drift_psa", "drift.decide"),
    ),
    qualifies=drifts.decidable,
    empty=Empty(
        "Nobody has changed a synced quantity by hand",
        "When the PSA shows other units than those posted, it is noted here before anything is overwritten.",
        step="linked",
        step_words="See what is kept in step",
    ),
    export="drift_export",
)


@page("links.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, TABLE, "drift/index.html", zone=organisations.zone())


export = exports.door(TABLE, "reports.export")


@page("links.read")
def one(request: HttpRequest, actor: Actor, drift: UUID) -> HttpResponse:
    found = drifts.one(drift)
    shown = {
        "drift": found,
        "sign": STATE_SIGNS[found.state],
        "policy": Policy(found.policy).label,
        "events": why.history(found.link_id),
        "open": drifts.decidable(found),
        "acts": acts.of_object("drift", found.pk),
        "zone": organisations.zone(),
        "crumbs": [
            ("Drift", reverse("drift", kwargs={"tenant": actor.tenant})),
            (found.link.resource.name, ""),
        ],
    }
    return TemplateResponse(request, "drift/one.html", shown)


def _decide(request: HttpRequest, actor: Actor, decision: str) -> HttpResponse:
    now = timezone.now()
    chosen = listing.chosen(TABLE, actor, request.POST, now=now, zone=organisations.zone())
    answers = desk.decide(actor, drift_ids=list(chosen.values_list("pk", flat=True)), decision=decision, now=now)
    tell(request, answers, done=f"decided: {Policy(decision).label.lower()}")
    return HttpResponseRedirect(back(request, actor, TABLE))


@require_POST
@page("drift.decide")
def marketplace_wins(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _decide(request, actor, Policy.MARKETPLACE.value)


@require_POST
@page("drift.decide")
def psa_wins(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _decide(request, actor, Policy.PSA.value)
