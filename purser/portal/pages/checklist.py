"""The check list before invoicing: four steps on one screen, and one plain verdict. Source: acceptance ID-44, ID-59."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.links.desk import checklist as desk
from purser.links.queries import checklist, home, pairs
from purser.portal import navigation
from purser.portal.doors import page
from purser.portal.pages import billing
from purser.portal.pages.reports import context_of
from purser.tenants import organisations


@page("reports.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    now = timezone.now()
    pair = pairs.main(context_of(request.GET))
    if pair is None:
        return TemplateResponse(request, "checklist/index.html", {"found": None})
    today = organisations.today(organisation=organisations.own(), now=now)
    found = checklist.of(pair, today=today, now=now)
    shown = {
        **billing.frame(pair),
        "found": found,
        "steps": [
            (
                step,
                [(item, _page(actor, item, pair.target.kind)) for item in step.items],
            )
            for step in found.steps
        ],
        "health": home.health(pair, now=now),
        "zone": organisations.zone(),
    }
    return TemplateResponse(request, "checklist/index.html", shown)


def _page(actor: Actor, item: checklist.Item, context: str) -> str:
    """The address that shows just what is counted; empty while no such page exists."""
    href = navigation.address(item.page, actor)
    # mapping is always of one pair; any other list shows all of them unless asked
    parts = [item.query, "" if item.name in checklist.EVERYWHERE and item.page != "mapping" else f"context={context}"]
    return f"{href}?{'&'.join(filter(None, parts))}" if href else ""


@require_POST
@page("checklist.accept")
def accept(request: HttpRequest, actor: Actor, sync: UUID, item: str) -> HttpResponse:
    """Accept an item's count as it is, for this month, with a reason."""
    given = request.POST.get("count", "")
    if not (given.isascii() and given.isdecimal()):
        raise Refused("The form does not say which count was shown.", code="count", hint="Reload the check list.")
    accepted = desk.accept(
        actor,
        sync_id=sync,
        item=item,
        count=int(given),
        reason=request.POST.get("reason", ""),
        now=timezone.now(),
    )
    messages.success(request, f"Accepted for {accepted.month:%B %Y}: {accepted.count}.")
    kind = pairs.find(sync).target.kind
    return HttpResponseRedirect(reverse("checklist", kwargs={"tenant": actor.tenant}) + f"?context={kind}")
