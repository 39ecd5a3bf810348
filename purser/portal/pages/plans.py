"""Plans: what is about to be posted, row by row with its money, and the decision that binds to exactly that."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_POST

from purser.access import acts
from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.links.desk import plans as desk
from purser.links.lists import passes
from purser.links.models import StoredPlan
from purser.links.models.runs import PlanState
from purser.links.queries import pairs, plans
from purser.portal import lists
from purser.portal.doors import page
from purser.portal.pages.reports import context_of
from purser.portal.tables import cells
from purser.portal.tables.model import Empty, dressed
from purser.tenants import organisations

PLAN_SIGNS = passes.PLAN_SIGNS
ROWS = 200  # changes on one page of a plan


def href_of(plan: StoredPlan) -> str:
    return reverse("plan", kwargs={"tenant": plan.tenant_id, "plan": plan.pk})


TABLE = dressed(
    passes.PLANS,
    href={"made": href_of},
    empty=Empty(
        "No plan was made yet",
        "Each pass that finds a difference leaves a plan: what it posted, or what waits for you.",
        step="runs",
        step_words="See the passes",
    ),
)


@page("plans.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    context = context_of(request.GET)
    more = {"waiting": plans.waiting(context), "pair": pairs.main(context), "zone": organisations.zone()}
    return lists.show(request, actor, TABLE, "plans/index.html", more, zone=organisations.zone())


@page("plans.read")
def one(request: HttpRequest, actor: Actor, plan: UUID) -> HttpResponse:
    """The plan to read, `?format=json` for the same as data, `?page=` for further rows of a long one."""
    found = plans.one(plan)
    if request.GET.get("format") == "json":
        return _json(found)
    number = int(asked) if (asked := request.GET.get("page", "1")).isascii() and asked.isdecimal() else 1
    first = max(0, number - 1) * ROWS
    shown: dict[str, Any] = {
        "plan": found,
        "sign": PLAN_SIGNS[found.state],
        "changes": [_priced(row) for row in found.changes[first : first + ROWS]],
        "first": first + 1,
        "last": min(first + ROWS, len(found.changes)),
        "next": number + 1 if first + ROWS < len(found.changes) else 0,
        "previous": number - 1,
        "totals": plans.totals(found.changes),
        "moved": plans.moved(found) if any(d["code"] == "moved" for d in found.doubts) else [],
        "open": found.state in (PlanState.WAITING, PlanState.PREVIEW),
        "progress": plans.progress(found) if found.state in (PlanState.APPROVED, PlanState.DRIVEN) else None,
        "acts": acts.of_object("plan", found.pk),
        "zone": organisations.zone(),
        "crumbs": [("Plans", reverse("plans", kwargs={"tenant": actor.tenant})), (f"Plan {found.digest[:8]}", "")],
    }
    return TemplateResponse(request, "plans/one.html", shown)


@page("plans.read")
def progress(request: HttpRequest, actor: Actor, plan: UUID) -> HttpResponse:
    """The posting of an approved plan, asked for every few seconds until it is over."""
    found = plans.one(plan)
    shown = {"plan": found, "progress": plans.progress(found), "sign": PLAN_SIGNS[found.state]}
    return TemplateResponse(request, "plans/progress.html", shown)


@require_POST
@page("plans.approve")
def approve(request: HttpRequest, actor: Actor, plan: UUID) -> HttpResponse:
    """Approve what was shown: the form carries the digest of the plan that the person has read."""
    desk.approve(actor, plan_id=plan, digest=request.POST.get("digest", ""), now=timezone.now())
    messages.success(request, "Approved. It is posted now if it still fits; else a new plan waits here.")
    return HttpResponseRedirect(reverse("plan", kwargs={"tenant": actor.tenant, "plan": plan}))


@require_POST
@page("plans.approve")
def reject(request: HttpRequest, actor: Actor, plan: UUID) -> HttpResponse:
    desk.reject(actor, plan_id=plan, reason=request.POST.get("reason", ""), now=timezone.now())
    messages.success(request, "Rejected: nothing of it is posted, and you are not asked about the same plan again.")
    return HttpResponseRedirect(reverse("plan", kwargs={"tenant": actor.tenant, "plan": plan}))


@require_POST
@page("sync.run")
def preview(request: HttpRequest, actor: Actor, sync: UUID) -> HttpResponse:
    """Ask for a dry pass and go to the page that waits for it."""
    now = timezone.now()
    desk.preview(actor, sync_id=sync, now=now)
    href = reverse("plan_preview", kwargs={"tenant": actor.tenant, "sync": sync})
    return HttpResponseRedirect(f"{href}?{urlencode({'since': now.isoformat()})}")


@page("plans.read")
def preview_result(request: HttpRequest, actor: Actor, sync: UUID) -> HttpResponse:
    """The dry pass since `?since=`: under way, nothing to post, failed, or the plan itself."""
    pair = pairs.find(sync)
    run, plan = plans.preview_since(sync, since=_since(request))
    if plan is not None:
        href = href_of(plan)
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(status=200, headers={"HX-Redirect": href})
        return HttpResponseRedirect(href)
    partial = request.headers.get("HX-Request") == "true"
    index = reverse("plans", kwargs={"tenant": actor.tenant})
    shown = {
        "pair": pair,
        "run": run,
        "over": run is not None and run.ended_at is not None,
        "crumbs": [("Plans", index), ("Preview", "")],
    }
    return TemplateResponse(request, "plans/preview_part.html" if partial else "plans/preview.html", shown)


def _priced(row: dict[str, Any]) -> dict[str, Any]:
    """A change with its money as words; "" where there is no price."""
    words = {
        name: cells.money(Decimal(row[name]), row["currency"]) if row[name] else "" for name in ("prorated", "per_period")
    }
    return {**row, **words}


def _since(request: HttpRequest) -> datetime:
    try:
        given = parse_datetime(request.GET.get("since", ""))
    except ValueError:
        given = None
    if given is None or given.tzinfo is None:
        raise Refused("The address does not say since when.", code="address", hint="Ask for a new preview.")
    return given


def _json(found: StoredPlan) -> JsonResponse:
    body = {
        "id": str(found.pk),
        "state": found.state,
        "digest": found.digest,
        "made_at": found.made_at.isoformat(),
        "doubts": found.doubts,
        "changes": found.changes,
        "asides": found.asides,
    }
    return JsonResponse(body, headers={"Content-Disposition": f'attachment; filename="plan-{found.digest[:8]}.json"'})
