"""The tenant's overview: who it is, what it has, who may act in it, and the window of tenant permissions.

Source: acceptance CS-11, CS-12, CS-20.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts, permit, verbs
from purser.access.actors import Actor
from purser.kernel.errors import Missing
from purser.partners import domain, record
from purser.portal import navigation
from purser.portal.doors import page
from purser.tenants import grants, organisations
from purser.tenants.models import Grant, GrantKind, Kind

LATEST = 5  # acts on behalf


@page("organisation.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    own = organisations.own()
    if own.kind != Kind.CUSTOMER:
        raise Missing("Only a customer's tenant has this overview.")
    now = timezone.now()
    held = domain.held()
    live, asked = _standing(now)
    context: dict[str, Any] = {
        "own": own,
        "live": live,
        "areas": [grants.AREAS.get(name, name) for name in live.scopes] if live else [],
        "asked": asked,
        "figures": _figures(actor, sum(held.values()), domain.stocks(held)),
        "groups": [(name, words, name in own.permissions) for name, words in verbs.GROUPS.items()],
        "latest": acts.on_behalf().order_by("-at", "-id")[:LATEST] if permit.allows(actor, "consent.read") else [],
        "zone": own.zone,
    }
    return TemplateResponse(request, "customer/overview.html", context)


def _standing(now: datetime) -> tuple[Grant | None, Grant | None]:
    """The consent that holds and the question that waits, in one query: there is at most one of each."""
    rows = {record.state(row, now): row for row in Grant.objects.filter(kind=GrantKind.CONSENT, closed_at=None)}
    return rows.get("Holds"), rows.get("Waits")


def _figures(actor: Actor, users: int, stocks: list[domain.Stock]) -> list[tuple[str, Any, str]]:
    def to(name: str, verb: str) -> str:
        return navigation.address(name, actor) if permit.allows(actor, verb) else ""

    return [
        ("users", users, to("people", "people.read")),
        ("licences used", sum(stock.used for stock in stocks), to("domain", "domain.read")),
        ("licences available", sum(stock.available for stock in stocks), to("domain", "domain.read")),
    ]


@require_POST
@page("tenant.permit")
def save_permissions(request: HttpRequest, actor: Actor) -> HttpResponse:
    """SAVE of the window: what is ticked is left to the tenant's own administrators, at once."""
    domain.permit(actor, request.POST.getlist("group"), now=timezone.now())
    messages.success(request, "Saved: the tenant permissions hold from the next click of the tenant's administrators.")
    return HttpResponseRedirect(reverse("overview", kwargs={"tenant": actor.tenant}))
