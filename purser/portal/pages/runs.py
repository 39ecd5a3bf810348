"""Passes: when each ran, why, what it found and did; and one to ask for now."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.links.desk import runs as desk
from purser.links.lists import passes as lists_of
from purser.links.models import Run
from purser.links.queries import pairs
from purser.links.queries import runs as passes
from purser.portal import exports, failures, lists
from purser.portal.doors import page
from purser.portal.pages.logs import RECEIPT_SIGNS
from purser.portal.pages.plans import PLAN_SIGNS
from purser.portal.pages.reports import context_of
from purser.portal.tables.model import Empty, Sign, dressed
from purser.tenants import organisations

RUN_SIGNS, CAUSES = lists_of.RUN_SIGNS, lists_of.CAUSES


def _one(row: Run) -> str:
    return reverse("run", kwargs={"tenant": row.tenant_id, "run": row.pk})


TABLE = dressed(
    lists_of.RUNS,
    href={"started": _one},
    empty=Empty(
        "No pass has run yet",
        "A pass reads both sides, compares them, and posts the differences of what is linked.",
        step="schedule",
        step_words="See the schedule",
    ),
    export="runs_export",
)
export = exports.door(TABLE, "reports.export")


@page("sync.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    more = {"pairs": pairs.of(context_of(request.GET))}
    return lists.show(request, actor, TABLE, "runs/index.html", more, zone=organisations.zone())


@page("sync.read")
def one(request: HttpRequest, actor: Actor, run: UUID) -> HttpResponse:
    found = passes.one(run)
    receipts = passes.receipts(found)
    shown = {
        "run": found,
        "took": passes.took(found),
        "sign": RUN_SIGNS[found.state],
        "cause": CAUSES.get(found.cause, Sign(found.cause)).words,
        "numbers": [(words, found.numbers.get(name, 0), "") for name, words in lists_of.NUMBERS.items()],
        "receipts": [(receipt, RECEIPT_SIGNS[receipt.state]) for receipt in receipts],
        "asides": passes.asides(found),
        "plans": [(plan, PLAN_SIGNS[plan.state]) for plan in passes.plans(found)],
        "most": passes.MOST,
        "zone": organisations.zone(),
        "crumbs": [
            ("Passes", reverse("runs", kwargs={"tenant": actor.tenant})),
            (f"{found.started_at.astimezone(ZoneInfo(organisations.zone())):%Y-%m-%d %H:%M}", ""),
        ],
    }
    return TemplateResponse(request, "runs/one.html", shown)


@require_POST
@page("sync.run")
def run_now(request: HttpRequest, actor: Actor, sync: UUID) -> HttpResponse:
    """Ask for a pass; goes back to where the button was."""
    if desk.run_now(actor, sync_id=sync, now=timezone.now()):
        messages.success(request, "A pass is asked for; it starts as soon as a worker is free.")
    else:
        messages.info(request, "A pass is waiting already; it will do.")
    back = reverse("runs", kwargs={"tenant": actor.tenant})
    return HttpResponseRedirect(failures.own_path(request, request.POST.get("next", back)))
