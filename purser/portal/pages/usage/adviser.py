"""The true-up adviser: what comes, whom to unlicense before the month's last midnight, and the plan that does it.

Source: issue 4, section 6.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.billing.models import AdviceState
from purser.billing.usage import advising, outlook, taking
from purser.billing.usage.taking import Outcome
from purser.kernel.errors import Missing, Refused
from purser.lists.model import Sign
from purser.portal.doors import page
from purser.portal.pages.usage import shown
from purser.portal.pages.usage.shown import to
from purser.postgres import tenancy
from purser.rating import advice as rules

STATES = {
    AdviceState.OFFERED: Sign("Offered", "note"),
    AdviceState.INTENDED: Sign("Under way", "warn"),
    AdviceState.TAKEN: Sign("Unlicensed", "good"),
    AdviceState.REFUSED: Sign("Not done", "warn"),
    AdviceState.RETURNED: Sign("Licensed again", "plain"),
}
KEPT = 24  # plans shown


@page("usage.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The outlook all month; from the 20th on the way to a plan."""
    context: dict[str, Any] = {
        "title": "True-up adviser",
        "lead": "What comes, and which licences to take back before it is carried into the next month.",
    }
    try:
        standing = outlook.of(actor.tenant, now=timezone.now())
    except Missing:
        empty = {"empty_title": shown.OUTSIDE, "empty_text": shown.OUTSIDE_TEXT}
        return TemplateResponse(request, "usage/outside.html", context | empty)
    with tenancy.acting_in(actor.tenant):
        plans = list(advising.plans()[:KEPT])
    ahead = None if standing.ended else outlook.ahead(standing)
    context |= {
        "standing": standing,
        "zone": standing.zone.key,
        "opens": standing.today.replace(day=rules.OPENS),
        "ahead": ahead,
        "purchase": ahead.purchase if ahead else None,
        "plans": plans,
    }
    return TemplateResponse(request, "usage/adviser.html", context)


@require_POST
@page(advising.VERB, seat=False)
def look(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Go through the customers and make a plan."""
    plan = advising.look(actor, now=timezone.now())
    return HttpResponseRedirect(to("usage_advice", actor, advice=plan.pk))


@page("usage.read", seat=False)
def one(request: HttpRequest, actor: Actor, advice: UUID) -> HttpResponse:
    now = timezone.now()
    found = advising.one(actor, advice, now=now)
    zone = outlook.of(actor.tenant, now=now).zone.key
    context = {
        "title": f"Licences to take back, {found.plan.on}",
        "found": found,
        "rows": [(row, STATES[AdviceState(row.step.state)]) for row in found.rows],
        "open": now < found.plan.before,
        "offered": found.count(AdviceState.OFFERED, AdviceState.INTENDED),
        "taken": found.count(AdviceState.TAKEN),
        "zone": zone,
        "crumbs": [("True-up adviser", to("usage_adviser", actor)), (found.plan.on.isoformat(), "")],
    }
    return TemplateResponse(request, "usage/advice.html", context)


@require_POST
@page(advising.VERB, seat=False)
def take(request: HttpRequest, actor: Actor, advice: UUID) -> HttpResponse:
    """Unlicense the people ticked."""
    done = taking.take(actor, advice, _ticked(request), now=timezone.now())
    _said(request, done, "unlicensed")
    return HttpResponseRedirect(to("usage_advice", actor, advice=advice))


@require_POST
@page(advising.VERB, seat=False)
def undo(request: HttpRequest, actor: Actor, advice: UUID) -> HttpResponse:
    """License again whom this plan took."""
    done = taking.give_back(actor, advice, now=timezone.now())
    _said(request, done, "licensed again")
    return HttpResponseRedirect(to("usage_advice", actor, advice=advice))


def _ticked(request: HttpRequest) -> list[UUID]:
    try:
        found = [UUID(text) for text in request.POST.getlist("step")]
    except ValueError:
        raise Refused("The form names a step that is none.", code="steps", hint="Open the plan again.") from None
    if not found:
        raise Refused("Nobody was ticked.", code="steps", hint="Tick whose licence is to be taken back.")
    return found


def _said(request: HttpRequest, done: Outcome, words: str) -> None:
    if done.done:
        messages.success(request, f"{done.done} {'person' if done.done == 1 else 'people'} {words}.")
    if done.refused:
        messages.warning(request, f"{done.refused} not done; each says why.")
