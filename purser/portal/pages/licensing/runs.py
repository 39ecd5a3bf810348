"""Runs of Auto-License: what each gave and took back, how far one has come, and the decision about one that waits."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts
from purser.access.actors import Actor
from purser.directory import licensing_runs, licensing_steps, lists_licensing
from purser.directory.models import LicensingRun, RunState
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.tables.model import Empty, dressed
from purser.tenants import organisations

SHOWN = 500  # changes on the page of a run; the list of changes has all


def _href(row: Any) -> str:
    return reverse("licensing_run", kwargs={"tenant": row.tenant_id, "licensing_run": getattr(row, "run_id", row.pk)})


TABLE = dressed(
    lists_licensing.LICENSING_RUNS,
    href={"started_at": _href},
    empty=Empty(
        "Auto-License has not run yet",
        "Choose collections under Auto-License on the overview, then run it there.",
        step="overview",
        step_words="To the overview",
    ),
    export="licensing_runs_export",
)
STEPS = dressed(
    lists_licensing.LICENSING_STEPS,
    href={"at": _href},
    empty=Empty("Nothing was changed yet", "Each licence that a run gives or takes back leaves its receipt here."),
    export="licensing_steps_export",
)


@page("licences.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, TABLE, zone=organisations.zone())


@page("licences.read")
def steps(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, STEPS, zone=organisations.zone())


export = exports.door(TABLE, "licences.read")
steps_export = exports.door(STEPS, "licences.read")


@page("licences.read")
def one(request: HttpRequest, actor: Actor, licensing_run: UUID) -> HttpResponse:
    row = licensing_runs.one(licensing_run)
    at = f"{row.started_at.astimezone(ZoneInfo(organisations.zone())):%Y-%m-%d %H:%M}"
    context = {
        **_shown(row),
        "acts": acts.of_object("licensing_run", row.pk),
        "crumbs": [("Runs of Auto-License", reverse("licensing_runs", kwargs={"tenant": actor.tenant})), (at, "")],
    }
    return TemplateResponse(request, "licensing/run.html", context)


@page("licences.read")
def progress(request: HttpRequest, actor: Actor, licensing_run: UUID) -> HttpResponse:
    """The run as it stands, asked for every few seconds until it is over."""
    return TemplateResponse(request, "licensing/run_part.html", _shown(licensing_runs.one(licensing_run)))


def _shown(row: LicensingRun) -> dict[str, Any]:
    done, total = licensing_steps.progress(row)
    sign = lists_licensing.RUN_SIGNS[row.state]
    receipts = [] if row.dry else licensing_steps.steps(row, most=SHOWN)
    planned = [] if receipts else sorted(row.changes, key=lambda one: (not one["after"], one["name"], one["user"]))[:SHOWN]
    return {
        "run": row,
        "sign": sign,
        "cause": lists_licensing.RUN_CAUSES[row.cause].words if row.cause in lists_licensing.RUN_CAUSES else row.cause,
        "figures": [
            ("added", row.added, ""),
            ("already licensed", row.already, ""),
            ("taken back", row.removed, ""),
            ("failed", row.failed, ""),
        ],
        "words": licensing_runs.words(row.changes),
        "steps": [(step, lists_licensing.STEP_SIGNS[step.state]) for step in receipts],
        "planned": planned,
        "more": max(0, len(row.changes) - SHOWN),
        "done": done,
        "total": total,
        "under_way": row.state == RunState.RUNNING,
        "open": licensing_runs.waiting(row),
        "zone": organisations.zone(),
    }


@require_POST
@page("tasks.auto_licence")
def approve(request: HttpRequest, actor: Actor, licensing_run: UUID) -> HttpResponse:
    """Approve what was shown: the form carries the digest of the plan that the person has read."""
    licensing_runs.approve(actor, licensing_run, digest=request.POST.get("digest", ""), now=timezone.now())
    messages.success(request, "Approved. It is done now if it still fits; else the new plan waits.")
    return _to(actor, licensing_run)


@require_POST
@page("tasks.auto_licence")
def set_aside(request: HttpRequest, actor: Actor, licensing_run: UUID) -> HttpResponse:
    licensing_runs.set_aside(actor, licensing_run, reason=request.POST.get("reason", ""), now=timezone.now())
    messages.success(request, "Set aside: nothing of it is done, and the schedule does not ask about the same plan again.")
    return _to(actor, licensing_run)


def _to(actor: Actor, run: UUID) -> HttpResponse:
    return HttpResponseRedirect(reverse("licensing_run", kwargs={"tenant": actor.tenant, "licensing_run": run}))
