"""What can be asked of a subscription: each is an order of one line, so that approval holds for a customer's and not for
that of who sells to it. Source: acceptance CM-17 to CM-23, CM-42, CM-43, AC-34, AC-35.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.utils import timezone

from purser.access.actors import Actor
from purser.catalog import selling
from purser.catalog.selling import UNSEEN, Seen, Sellable
from purser.flows.accounts_to_vendor import previewing
from purser.kernel.errors import Missing, Refused
from purser.portal import requests
from purser.portal.doors import page
from purser.portal.pages.orders import basket
from purser.portal.pages.orders.shown import CONFIRMS, crumbs
from purser.portal.pages.partners.shown import sent, to
from purser.postgres import ids
from purser.subscriptions import asking, buyers, dates, keeping, orders, reach, tiers
from purser.subscriptions.models import LineKind
from purser.subscriptions.wanted import Asked, cost

PART = "cost"
TURNS = (LineKind.SUSPEND, LineKind.RESUME)


@dataclass(frozen=True)
class Ask:
    """`quantity`: the form has a field for it. `says`: what happens, in a sentence."""

    title: str
    submit: str
    says: str
    quantity: bool = False
    danger: bool = False


ASKS: dict[str, Ask] = {
    "quantity": Ask("Change quantity", "Update", "The new quantity holds at once; 0 removes the subscription.", quantity=True),
    "addon": Ask("Add an add-on", "Add", "An add-on is available at once, and ends with what it is added to.", quantity=True),
    "cancel": Ask(
        "Cancel subscription", "Cancel the subscription",
        "It ends at the earliest day that its term allows. The tenant at the vendor stays.", danger=True,
    ),
    "suspend": Ask(
        "Suspend subscription", "Suspend",
        "It can be lifted again. The vendor closes the tenant once all that it has there is suspended.", danger=True,
    ),
    "resume": Ask("Lift the suspension", "Lift", "It can be used again at once."),
    "renewal": Ask("Renewal setting", "Change", "Whether it renews at the end of its term."),
}  # fmt: skip
BACK = Ask("Take the cancellation back", "Take it back", "It goes on beyond the day on which it would have ended.")


def _ask(row: Any, kind: str) -> Ask:
    """Lifting is asked of what is suspended, and of what is cancelled."""
    return BACK if kind == "resume" and row.state == "cancelled" else ASKS[kind]


@page("orders.place", seat=False)
def change(request: HttpRequest, actor: Actor, held: UUID) -> HttpResponse:
    kind = request.GET.get("kind", "")
    if kind not in ASKS:
        raise Missing("There is no such change of a subscription.")
    now, row = timezone.now(), reach.one(actor, held)
    if requests.is_partial(request, PART):
        return _cost(request, actor, row, kind, now)
    if request.method != "POST":
        return _form(request, actor, row, kind, now)
    try:
        order = orders.place(
            actor, customer=row.tenant_id, lines=[_asked(request.POST, row, kind)], once=sent(request, "once", most=64),
            note=sent(request, "note"), confirmed=request.POST.getlist("confirmed"), now=now,
        )  # fmt: skip
    except Refused as refusal:
        return _form(request, actor, row, kind, now, refusal)
    words = "waits for approval" if order.triggers else "is carried out"
    messages.success(request, f"{_ask(row, kind).title}: order {order.number} {words}.")
    return HttpResponseRedirect(to("order", actor, placed=order.pk))


@page("accounts.read", seat=False)
def calls(request: HttpRequest, actor: Actor, held: UUID) -> HttpResponse:
    """The part that says what the vendor would be asked if it were suspended, or lifted."""
    kind, now, row = request.GET.get("kind", ""), timezone.now(), reach.one(actor, held)
    if kind not in TURNS:
        raise Missing("There is no such change of a subscription.")
    lines = asking.check(actor, buyers.one(actor, row.tenant_id, now), [Asked(LineKind(kind), subscription=row.pk)])
    found = previewing.of_order(tenant=row.tenant_id, lines=lines, clock=timezone.now)
    return TemplateResponse(request, "orders/calls.html", {"previews": found})


def _seen(actor: Actor, row: Any, now: datetime) -> Seen:
    """Its price as the actor may know it."""
    return tiers.seen(actor, [row], keeping.day_of(row.tenant_id, now)).get(row.pk, UNSEEN)


def _asked(posted: QueryDict, row: Any, kind: str) -> Asked:
    quantity = basket.whole(posted.get("quantity", "")) if ASKS[kind].quantity else 0
    if kind == "addon":
        offer, price, currency, terms = [*posted.get("offer", "").split(" ", 3), "", "", ""][:4]
        id, amount = UUID(basket.id_of(offer)), basket.amount(price) if price else None
        return Asked(LineKind.ADDON, quantity, offer=id, base=row.pk, price=amount, currency=currency, terms=terms)
    if kind == "renewal":
        quantity = 1 if posted.get("renews") == "1" else 0
    shown = basket.amount(posted.get("price", "")) if "price" in posted else None
    return Asked(LineKind(kind), quantity, subscription=row.pk, price=shown, currency=posted.get("currency", "")[:3])


def _form(
    request: HttpRequest, actor: Actor, row: Any, kind: str, now: datetime, refusal: Refused | None = None
) -> HttpResponse:
    ask, seen = _ask(row, kind), _seen(actor, row, now)
    asked = {*request.POST.getlist("confirmed"), refusal.code if refusal else ""}
    context = {
        "title": ask.title,
        "ask": ask,
        "kind": kind,
        "row": row,
        "seen": seen,
        "quantity": request.POST.get("quantity", "1" if kind == "addon" else row.quantity),
        "once": request.POST.get("once") or ids.new().hex,
        "total": cost(seen, row.quantity, metered=row.metered),
        "total_new": cost(seen, _typed(request, row.quantity), metered=row.metered),
        "ends": dates.earliest_end(row, keeping.day_of(row.tenant_id, now)) if kind == "cancel" else None,
        "chosen": refusal and request.POST.get("offer", "").split(" ")[0],
        "turns": kind in TURNS,
        "addons": _addons(actor, row, now) if kind == "addon" else [],
        "confirms": [(code, words) for code, words in CONFIRMS.items() if code in asked],
        "refusal": refusal,
        "errors_shown": refusal is not None,
        "back": to("held", actor, held=row.pk),
        "crumbs": crumbs(actor, row.offer_name, ask.title),
    }
    return TemplateResponse(request, "orders/change.html", context, status=422 if refusal else 200)


def _addons(actor: Actor, row: Any, now: datetime) -> list[tuple[Sellable, Seen]]:
    """Only those valid for it. Source: acceptance CM-18."""
    buyer = buyers.one(actor, row.tenant_id, now)
    found = selling.shop(buyer=buyer.id, on=buyer.today)
    return [(one, one.seen_by(actor.tenant)) for one in found if one.addon_of == row.product]


def _cost(request: HttpRequest, actor: Actor, row: Any, kind: str, now: datetime) -> HttpResponse:
    """What it would cost, or what stands against it, before anything is ordered. Source: acceptance CM-12, CM-18, CM-19."""
    context: dict[str, Any] = {"row": row, "addon": kind == "addon"}
    try:
        asked = _asked(request.GET, row, kind)
        [line] = asking.check(actor, buyers.one(actor, row.tenant_id, now), [asked])
    except Refused as refusal:
        context["wrong"] = refusal.text
    else:
        against = line.wrong if line.wrong and line.wrong.code != "same" else None
        context |= {"wrong": against.text if against else "", "total": line.total, "seen": line.seen, "cycle": line.cycle}
    return TemplateResponse(request, "orders/cost.html", context)


def _typed(request: HttpRequest, held: int) -> int:
    """The quantity that stands in the form: what it is now, until another is typed."""
    text = request.POST.get("quantity", "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 9 else held
