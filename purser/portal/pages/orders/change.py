"""What can be asked of a subscription: each is an order of one line, so that approval holds for a customer's and not for
that of who sells to it. Source: acceptance CM-17 to CM-23, CM-42, CM-43, AC-34, AC-35.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone

from purser.access.actors import Actor
from purser.catalog import selling
from purser.kernel.errors import Missing, Refused
from purser.kernel.money import Money
from purser.portal import requests
from purser.portal.doors import page
from purser.portal.pages.orders import basket
from purser.portal.pages.orders.shown import crumbs
from purser.portal.pages.partners.shown import sent, to
from purser.postgres import ids
from purser.subscriptions import buyers, orders, reach
from purser.subscriptions.models import LineKind
from purser.subscriptions.wanted import Asked

PART = "cost"


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
    "suspend": Ask("Suspend subscription", "Suspend", "Nobody can use it until the suspension is lifted.", danger=True),
    "resume": Ask("Lift the suspension", "Lift", "It can be used again at once."),
    "renewal": Ask("Renewal setting", "Change", "Whether it renews at the end of its term."),
}  # fmt: skip


@page("orders.place", seat=False)
def change(request: HttpRequest, actor: Actor, held: UUID) -> HttpResponse:
    kind = request.GET.get("kind", "")
    if kind not in ASKS:
        raise Missing("There is no such change of a subscription.")
    now, row = timezone.now(), _read(actor, held)
    if requests.is_partial(request, PART):
        return _cost(request, row)
    if request.method != "POST":
        return _form(request, actor, row, kind, now)
    try:
        order = orders.place(
            actor, customer=row.tenant_id, lines=[_asked(request, row, kind)], once=sent(request, "once", most=64),
            note=sent(request, "note"), confirmed=request.POST.getlist("confirmed"), now=now,
        )  # fmt: skip
    except Refused as refusal:
        return _form(request, actor, row, kind, now, refusal)
    words = "waits for approval" if order.triggers else "is carried out"
    messages.success(request, f"{ASKS[kind].title}: order {order.number} {words}.")
    return HttpResponseRedirect(to("order", actor, placed=order.pk))


def _read(actor: Actor, held: UUID) -> Any:
    """A row to read. Takes its seat itself. Raises Missing."""
    with reach.seat(actor):
        row = reach.rows(actor).filter(pk=held).first()
    if row is None:
        raise Missing("There is no such subscription.")
    if not reach.sees_price(actor, row):
        row.price = None
    return row


def _asked(request: HttpRequest, row: Any, kind: str) -> Asked:
    posted = request.POST
    quantity = basket.whole(posted.get("quantity", "")) if ASKS[kind].quantity else 0
    if kind == "addon":
        offer, price, currency = [*posted.get("offer", "").split(" "), "", ""][:3]
        id, amount = UUID(basket.id_of(offer)), basket.amount(price)
        return Asked(LineKind.ADDON, quantity, offer=id, base=row.pk, price=amount, currency=currency)
    if kind == "renewal":
        quantity = 1 if posted.get("renews") == "1" else 0
    shown = basket.amount(posted["price"]) if "price" in posted else None
    return Asked(LineKind(kind), quantity, subscription=row.pk, price=shown)


def _form(
    request: HttpRequest, actor: Actor, row: Any, kind: str, now: datetime, refusal: Refused | None = None
) -> HttpResponse:
    ask = ASKS[kind]
    context = {
        "title": ask.title,
        "ask": ask,
        "kind": kind,
        "row": row,
        "quantity": request.POST.get("quantity", "1" if kind == "addon" else row.quantity),
        "once": request.POST.get("once") or ids.new().hex,
        "total": _total(row, row.quantity),
        "chosen": refusal and request.POST.get("offer", "").split(" ")[0],
        "addons": _addons(actor, row, now) if kind == "addon" else [],
        "refusal": refusal,
        "errors_shown": refusal is not None,
        "back": to("held", actor, held=row.pk),
        "crumbs": crumbs(actor, row.offer_name, ask.title),
    }
    return TemplateResponse(request, "orders/change.html", context, status=422 if refusal else 200)


def _addons(actor: Actor, row: Any, now: datetime) -> list[selling.Sellable]:
    """Only those valid for it. Source: acceptance CM-18."""
    buyer = buyers.one(actor, row.tenant_id, now)
    return [one.public for one in selling.shop(buyer=buyer.id, on=buyer.today) if one.addon_of == row.product]


def _cost(request: HttpRequest, row: Any) -> HttpResponse:
    """The new cost, shown before it is updated. Source: acceptance CM-19."""
    context: dict[str, Any] = {"row": row}
    try:
        context["total"] = _total(row, basket.whole(request.GET.get("quantity", "")))
    except Refused as refusal:
        context["wrong"] = refusal.text
    return TemplateResponse(request, "orders/cost.html", context)


def _total(row: Any, quantity: int) -> Decimal | None:
    if row.price is None:
        return None
    return Money(row.price, row.currency).times(max(quantity, 0)).rounded().amount
