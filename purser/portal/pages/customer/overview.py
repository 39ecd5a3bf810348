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
from purser.directory import auto
from purser.kernel.errors import Missing
from purser.partners import domain, record
from purser.portal import navigation
from purser.portal.doors import page
from purser.tenants import grants, organisations
from purser.tenants.models import Grant, GrantKind, Kind, Organisation

LATEST = 5  # acts on behalf


@page("organisation.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    if actor.kind != Kind.CUSTOMER:
        raise Missing("Only a customer's tenant has this overview.")
    own, live, asked = _standing(timezone.now())
    users, stocks = domain.counted()
    context: dict[str, Any] = {
        "own": own,
        "live": live,
        "areas": [grants.AREAS.get(name, name) for name in live.scopes] if live else [],
        "asked": asked,
        "signs": record.STANDINGS,
        "figures": _figures(actor, users, stocks),
        "groups": [(name, words, name in own.permissions) for name, words in verbs.GROUPS.items()],
        "latest": acts.on_behalf().order_by("-at", "-id")[:LATEST] if permit.allows(actor, "consent.read") else [],
        "auto": auto.shown() if permit.allows(actor, "licences.read") else None,
        "zone": own.zone,
    }
    return TemplateResponse(request, "customer/overview.html", context)


def _standing(now: datetime) -> tuple[Organisation, Grant | None, Grant | None]:
    """The tenant, the consent that holds and the question that waits: there is at most one of each. In one query where
    anybody may act from outside; so it is for whoever acts on behalf. Source: issue, "opening a tenant".
    """
    rows = list(Grant.objects.filter(closed_at=None).select_related("tenant").order_by("id"))
    consents = {record.state(row, now): row for row in rows if row.kind == GrantKind.CONSENT}
    own = rows[0].tenant if rows else organisations.own()
    return own, consents.get("given") or consents.get("ending"), consents.get("asked")


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
