"""Orders: the list, the approval desk with its bulk approval, one order, and what can be done with it.

Source: acceptance CM-42 to CM-45.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import acts, permit
from purser.access.actors import Actor
from purser.flows.accounts_to_vendor import previewing
from purser.kernel.errors import Missing, Refused
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.orders.shown import confirms, home, line_of
from purser.portal.pages.partners.shown import sent, to
from purser.portal.tables import listing
from purser.portal.tables.model import Bulk, Empty, Table, dressed
from purser.postgres import tenancy
from purser.subscriptions import deciding, lists_orders, orders, wanted
from purser.subscriptions.models import LineKind, OrderState, Trigger
from purser.tenants import organisations


def _open(row: Any) -> str:
    """In the organisation of who reads the list, which is not that of the row."""
    return reverse("order", kwargs={"tenant": row.reader, "placed": row.pk})


ORDERS = dressed(
    lists_orders.ORDERS,
    href={"number": _open},
    empty=Empty("No orders yet", "What is ordered is kept here, with who ordered it and what became of it."),
    export="order-list-export",
)
WAITING = dressed(
    lists_orders.WAITING,
    href={"number": _open},
    bulk=(Bulk("Approve", "order-approve-many", "orders.decide"),),
    empty=Empty(
        "Nothing waits", "Orders of your customers come here where a rule of yours says so.", "order-rules", "Approval rules"
    ),
    export="order-desk-export",
)


def _list(request: HttpRequest, actor: Actor, table: Table) -> HttpResponse:
    more: dict[str, Any] = {}
    if permit.allows(actor, "orders.place"):
        more = {"action_href": to("order-new", actor), "action_words": "New order", "action_icon": "plus"}
    return lists.show(request, actor, table, more=more, zone=organisations.zone_of(actor.tenant))


@page("subscriptions.read", seat=False)
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _list(request, actor, ORDERS)


@page("orders.decide", seat=False)
def desk(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _list(request, actor, WAITING)


export = exports.door(ORDERS, "subscriptions.export")
desk_export = exports.door(WAITING, "orders.decide")


@page("subscriptions.read", seat=False)
def one(request: HttpRequest, actor: Actor, placed: UUID) -> HttpResponse:
    return _shown(request, actor, placed)


def _shown(request: HttpRequest, actor: Actor, placed: UUID, refusal: Refused | None = None) -> HttpResponse:
    now = timezone.now()
    opened = orders.one(actor, placed)
    order = opened.order
    decides = order.state == OrderState.NEW and order.partner_id == actor.tenant and permit.allows(actor, "orders.decide")
    lines = deciding.looked_at(actor, opened, now=now) if decides else []
    with tenancy.acting_in(actor.tenant):
        zone = organisations.zone()
        history = acts.of_object("order", order.pk) if permit.allows(actor, "acts.read") else None
    words, there = home(actor)
    context = {
        "title": f"Order {order.number}",
        "order": order,
        "sign": lists_orders.STATES[order.state],
        "why": [str(Trigger(one).label) for one in order.triggers],
        "lines": [_row(line) for line in opened.lines],
        "decides": decides and actor.person != order.raised_by,
        "own": decides and actor.person == order.raised_by,
        "cancels": order.state == OrderState.NEW and actor.person == order.raised_by and permit.allows(actor, "orders.place"),
        "now": [line_of(actor, number, line) for number, line in enumerate(lines)],
        "moved": deciding.differences(opened.lines, lines) if lines else [],
        "against": [line.wrong for line in lines if line.wrong],
        "low": [line.low for line in lines if line.low],
        "enables": [line.enables for line in lines if line.enables],
        "confirms": confirms(lines),
        "expect": wanted.facts(lines) if lines else "",
        "refusal": refusal,
        "errors_shown": refusal is not None,
        "zone": zone,
        "acts": history,
        "crumbs": [(words, there), (order.number, "")],
    }
    return TemplateResponse(request, "orders/one.html", context, status=422 if refusal else 200)


@page("accounts.read", seat=False)
def calls(request: HttpRequest, actor: Actor, placed: UUID) -> HttpResponse:
    """The part that says what the vendor would be asked if it were approved."""
    customer, lines = deciding.to_come(actor, placed, now=timezone.now())
    found = previewing.of_order(tenant=customer, lines=lines, clock=timezone.now)
    return TemplateResponse(request, "orders/calls.html", {"previews": found})


def _row(line: Any) -> dict[str, Any]:
    new = line.kind in wanted.NEW
    return {
        "kind": LineKind(line.kind).label,
        "name": line.offer_name,
        "code": line.offer_code,
        "before": line.before,
        "after": line.after,
        "new": new,
        "counts": new or line.kind == LineKind.QUANTITY,
        "price": line.price,
        "currency": line.currency,
        "listed": line.listed,
        "terms": line.terms,
        "subscription": line.subscription,
    }


@require_POST
@page("orders.decide", seat=False)
def approve(request: HttpRequest, actor: Actor, placed: UUID) -> HttpResponse:
    try:
        order = deciding.approve(
            actor, placed, comment=sent(request, "comment"), expect=sent(request, "expect", most=64),
            confirmed=request.POST.getlist("confirmed"), now=timezone.now(),
        )  # fmt: skip
    except Refused as refusal:
        return _shown(request, actor, placed, refusal)
    messages.success(request, f"Order {order.number} is approved and carried out.")
    return HttpResponseRedirect(to("order-desk", actor))


@require_POST
@page("orders.decide", seat=False)
def reject(request: HttpRequest, actor: Actor, placed: UUID) -> HttpResponse:
    try:
        order = deciding.reject(actor, placed, comment=sent(request, "comment"), now=timezone.now())
    except Refused as refusal:
        return _shown(request, actor, placed, refusal)
    messages.success(request, f"Order {order.number} is rejected; {order.raised_by_name} is told.")
    return HttpResponseRedirect(to("order-desk", actor))


@require_POST
@page("orders.place", seat=False)
def cancel(request: HttpRequest, actor: Actor, placed: UUID) -> HttpResponse:
    try:
        order = orders.cancel(actor, placed, now=timezone.now())
    except Refused as refusal:
        return _shown(request, actor, placed, refusal)
    messages.success(request, f"Order {order.number} is cancelled.")
    return HttpResponseRedirect(home(actor)[1])


@require_POST
@page("orders.decide", seat=False)
def approve_many(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Each by itself: one that needs a look of its own is named and waits, the others go through."""
    now = timezone.now()
    with WAITING.reading(actor):
        chosen = listing.chosen(WAITING, actor, request.POST, now=now, zone="UTC")
        ids = list(chosen.values_list("pk", flat=True)[: deciding.MANY])
    done, kept = deciding.approve_many(actor, ids, now=now)
    if done:
        messages.success(request, f"{len(done)} approved and carried out.")
    for number, refusal in kept:
        messages.warning(request, f"{number} waits: {refusal.text}")
    if not ids:
        raise Missing("There is no such order.")
    return HttpResponseRedirect(to("order-desk", actor))
