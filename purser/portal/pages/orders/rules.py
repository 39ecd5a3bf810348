"""Which orders of customers need approval: the default, what holds for some instead, and many customers at once.

Source: acceptance CM-43, CM-44.
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
from purser.kernel.errors import Refused
from purser.portal.doors import page
from purser.portal.pages.orders import basket
from purser.portal.pages.orders.shown import crumbs
from purser.portal.pages.partners.shown import to
from purser.postgres import tenancy
from purser.subscriptions import approvals
from purser.subscriptions.models import Trigger
from purser.tenants import organisations
from purser.tenants.models import Kind


@page("orders.configure", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    refusal = None
    if request.method == "POST":
        try:
            rule, customers, seen = _sent(request)
            every = request.POST.get("whom") == "every"
            kept = approvals.keep(actor, rule, customers, seen=seen, everywhere=every, now=timezone.now())
        except Refused as wrong:
            refusal = wrong
        else:
            words = f"For {len(kept)} customer{'s' if len(kept) > 1 else ''}" if customers else "By default"
            words = "For everybody" if every else words
            messages.success(request, f"{words} this holds from the next order on.")
            return HttpResponseRedirect(to("order-rules", actor))
    with tenancy.listing_customers_of(actor.tenant):
        known = {row.pk: row.name for row in organisations.under(actor.tenant) if row.kind == Kind.CUSTOMER}
    with tenancy.acting_in(actor.tenant):
        default, *others = held = approvals.all_of(actor.tenant)
    rows = [(known.get(one.customer, ""), one, _words(one)) for one in others if one.customer in known]
    context = {
        "title": "Approval rules",
        "default": default,
        "default_words": _words(default),
        "rows": sorted(rows, key=lambda row: row[0]),
        "seen": [f"{one.customer or ''}:{one.version}" for one in held],
        "form": _typed(request) if refusal else _form(default),
        "triggers": Trigger.choices,
        "customers": known.items(),
        "refusal": refusal,
        "errors_shown": refusal is not None,
        "crumbs": crumbs(actor, "Approval rules"),
    }
    return TemplateResponse(request, "orders/rules.html", context, status=422 if refusal else 200)


def _sent(request: HttpRequest) -> tuple[approvals.Rule, list[UUID], dict[UUID | None, int]]:
    posted = request.POST
    customers = [UUID(basket.id_of(one)) for one in posted.getlist("customer") if one]
    if posted.get("whom") == "some" and not customers:
        raise Refused("No customer is chosen.", code="selection", hint="Choose at least one, or change the default.")
    over = basket.amount(posted.get("over", "").strip() or "0")
    rule = approvals.Rule(posted.get("on") == "1", frozenset(posted.getlist("trigger")), over)
    parts = [one.partition(":") for one in posted.getlist("seen")]
    seen = {UUID(basket.id_of(id)) if id else None: basket.whole(version) for id, _, version in parts}
    return rule, customers if posted.get("whom") == "some" else [], seen


def _form(default: approvals.Rule) -> dict[str, Any]:
    """What the form begins with: the default, or for who has none everything."""
    fresh = not default.version
    chosen = Trigger.values if fresh else default.triggers
    return {"whom": "all", "on": default.on or fresh, "triggers": chosen, "over": default.over}


def _typed(request: HttpRequest) -> dict[str, Any]:
    posted = request.POST
    return {
        "on": posted.get("on") == "1", "triggers": posted.getlist("trigger"), "over": posted.get("over", ""),
        "whom": posted.get("whom", "all"), "customers": posted.getlist("customer"),
    }  # fmt: skip


def _words(rule: approvals.Rule) -> str:
    if not rule.on or not rule.triggers:
        return "Nothing needs approval"
    names = ", ".join(str(Trigger(one).label) for one in Trigger.values if one in rule.triggers)
    return names if rule.over == 0 else f"{names}; from {rule.over:,} a cycle on"


@require_POST
@page("orders.configure")
def drop(request: HttpRequest, actor: Actor, organisation: UUID) -> HttpResponse:
    approvals.drop(actor, organisation, now=timezone.now())
    messages.success(request, "The default holds for this customer again.")
    return HttpResponseRedirect(to("order-rules", actor))
