"""The tenant's overview: who it is, what it has, who may act in it, and the window of tenant permissions.

Source: acceptance CS-11, CS-12, CS-20.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts, permit, verbs
from purser.access.actors import Actor
from purser.access.models import Membership
from purser.kernel.errors import Missing
from purser.partners import domain
from purser.portal import navigation
from purser.portal.doors import page
from purser.tenants import grants, organisations
from purser.tenants.models import GrantKind, Kind

LATEST = 5  # acts on behalf


@page("organisation.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    own = organisations.own()
    if own.kind != Kind.CUSTOMER:
        raise Missing("Only a customer's tenant has this overview.")
    now = timezone.now()
    stocks = domain.stocks()
    live = grants.live(now).filter(kind=GrantKind.CONSENT).first()
    context: dict[str, Any] = {
        "own": own,
        "live": live,
        "areas": [grants.AREAS.get(name, name) for name in live.scopes] if live else [],
        "asked": grants.open_requests(now).filter(kind=GrantKind.CONSENT).first(),
        "figures": _figures(actor, stocks),
        "groups": [(name, words, name in own.permissions) for name, words in verbs.GROUPS.items()],
        "latest": acts.on_behalf().order_by("-at", "-id")[:LATEST] if permit.allows(actor, "consent.read") else [],
        "zone": own.zone,
    }
    return TemplateResponse(request, "customer/overview.html", context)


def _figures(actor: Actor, stocks: list[domain.Stock]) -> list[tuple[str, Any, str]]:
    def to(name: str, verb: str) -> str:
        return navigation.address(name, actor) if permit.allows(actor, verb) else ""

    return [
        ("users", Membership.objects.count(), to("people", "people.read")),
        ("licences used", sum(stock.used for stock in stocks), to("domain", "domain.read")),
        ("licences available", sum(stock.available for stock in stocks), to("domain", "domain.read")),
        ("acts on behalf", acts.on_behalf().count(), to("consent_acts", "consent.read")),
    ]


@require_POST
@page("tenant.permit")
def save_permissions(request: HttpRequest, actor: Actor) -> HttpResponse:
    """SAVE of the window: what is ticked is left to the tenant's own administrators, at once."""
    domain.permit(actor, request.POST.getlist("group"), now=timezone.now())
    messages.success(request, "Saved: the tenant permissions hold from the next click of the tenant's administrators.")
    return HttpResponseRedirect(reverse("overview", kwargs={"tenant": actor.tenant}))
