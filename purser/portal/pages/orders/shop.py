"""Add subscription: category, then billing cycle, then product group; the basket; check your answers; order.

The same pages for a customer in its own tenant and for who sells to it. Source: acceptance CM-2, CM-10 to CM-15, CM-45, CM-64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.catalog import selling
from purser.catalog.models import Cycle
from purser.catalog.selling import Sellable
from purser.flows.accounts_to_vendor import previewing
from purser.kernel.errors import Refused
from purser.portal import requests
from purser.portal.doors import page
from purser.portal.pages.orders import basket
from purser.portal.pages.orders.shown import confirms, crumbs, line_of, sync_link
from purser.portal.pages.partners.shown import sent, to
from purser.subscriptions import asking, buyers, orders, wanted
from purser.subscriptions.wanted import Checked

PART = "shop"
SENT = ("offer", "quantity", "price", "currency", "terms", "base", "instance")  # of each line that is ordered
CYCLES = dict(Cycle.choices)


@dataclass(frozen=True)
class Chosen:
    """What is chosen so far, and what there is to choose from: each step only what the steps before leave."""

    category: str
    cycle: str
    group: str
    categories: tuple[str, ...]
    cycles: tuple[tuple[str, str], ...]
    groups: tuple[str, ...]
    offers: tuple[Sellable, ...]


def choose(goods: Sequence[Sellable], category: str, cycle: str, group: str) -> Chosen:
    """The products shown are exactly those of all three; a step with one way only is taken by itself. Source: CM-10."""
    categories = tuple(sorted({one.category for one in goods}))
    category = _only(categories, category)
    left = [one for one in goods if one.category == category]
    cycles = tuple((value, words) for value, words in CYCLES.items() if value in {one.cycle for one in left})
    cycle = _only(tuple(value for value, _ in cycles), cycle)
    left = [one for one in left if one.cycle == cycle]
    groups = tuple(sorted({one.group for one in left}))
    group = _only(groups, group)
    return Chosen(category, cycle, group, categories, cycles, groups, tuple(one for one in left if one.group == group))


def _only(known: tuple[str, ...], wanted: str) -> str:
    return wanted if wanted in known else known[0] if len(known) == 1 else ""


@page("orders.place", seat=False)
def new(request: HttpRequest, actor: Actor) -> HttpResponse:
    """For whom. Where there is one only, as for a customer itself, nothing is asked."""
    known = buyers.every(actor)
    chosen = request.GET.get("buyer", "") if len(known) != 1 else str(known[0][0])
    if chosen in {str(id) for id, _, _ in known}:
        return HttpResponseRedirect(to("order-shop", actor, buyer=UUID(chosen)))
    context = {"title": "New order", "buyers": known, "crumbs": crumbs(actor, "New order")}
    return TemplateResponse(request, "orders/new.html", context)


@page("orders.place", seat=False)
def index(request: HttpRequest, actor: Actor, buyer: UUID) -> HttpResponse:
    for_whom = buyers.one(actor, buyer, timezone.now())
    goods = selling.shop(buyer=buyer, on=for_whom.today)
    asked = [request.GET.get(name, "")[:200] for name in ("category", "cycle", "group")]
    chosen = choose(goods, *asked)
    context = {
        "title": f"Add subscription: {for_whom.name}",
        "buyer": for_whom,
        "chosen": chosen,
        "offers": [_cost(actor, one, one.minimum) for one in chosen.offers],
        "none": not goods,
        "count": len(basket.read(actor, buyer).lines),
        "crumbs": crumbs(actor, "Add subscription"),
    }
    partial = requests.is_partial(request, PART)
    return TemplateResponse(request, "orders/shop_part.html" if partial else "orders/shop.html", context)


def _cost(actor: Actor, offer: Sellable, quantity: int) -> dict[str, Any]:
    """What a quantity costs as the actor may know it, and for who sells it what it makes of it. Source: acceptance CM-12."""
    seen = offer.seen_by(actor.tenant)
    total = Checked(_asked(offer, quantity), offer=offer, seen=seen, after=quantity).total
    return {"offer": offer, "seen": seen, "total": total, "quantity": quantity}


def _asked(offer: Sellable, quantity: int) -> wanted.Asked:
    return wanted.Asked(wanted.NEW[0], quantity, offer=offer.offer)


@page("orders.place", seat=False)
def price(request: HttpRequest, actor: Actor, buyer: UUID) -> HttpResponse:
    """The part of a product that follows its quantity."""
    for_whom = buyers.one(actor, buyer, timezone.now())
    offer = selling.one(buyer=buyer, offer=UUID(basket.id_of(request.GET.get("offer", ""))), on=for_whom.today)
    context: dict[str, Any] = {"offer": offer}
    try:
        quantity = basket.whole(request.GET.get("quantity", ""))
        asking.check_bounds(offer.name, quantity, offer.minimum, offer.maximum, metered=offer.metered)
        context |= _cost(actor, offer, quantity)
    except Refused as refusal:
        context["wrong"] = refusal.text
    return TemplateResponse(request, "orders/price.html", context)


@require_POST
@page("orders.place", seat=False)
def put(request: HttpRequest, actor: Actor, buyer: UUID) -> HttpResponse:
    """Into the basket (`offer`), another quantity or choice for a `line`, or out of it (`drop`)."""
    buyers.one(actor, buyer, timezone.now())
    held, posted = basket.read(actor, buyer), request.POST
    if "drop" in posted:
        basket.write(actor, buyer, basket.drop(held, basket.whole(posted["drop"])))
    elif "line" in posted:
        changed: dict[str, Any] = {}
        if "quantity" in posted:
            changed["quantity"] = basket.whole(posted["quantity"])
        changed |= {name: basket.id_of(posted[name], optional=True) for name in ("base", "instance") if name in posted}
        basket.write(actor, buyer, basket.set_line(held, basket.whole(posted["line"]), **changed))
    else:
        line = basket.Kept(
            offer=basket.id_of(posted.get("offer", "")),
            quantity=basket.whole(posted.get("quantity", "")),
            price=basket.shown(posted.get("price", "")),
            currency=sent(request, "currency", most=3),
            terms=sent(request, "terms", most=300),
            name=sent(request, "name", most=200),
        )
        basket.write(actor, buyer, basket.put(held, line))
        messages.success(request, "Added to the order. Nothing is ordered yet.")
    return HttpResponseRedirect(to("order-check", actor, buyer=buyer))


@page("orders.place", seat=False)
def check(request: HttpRequest, actor: Actor, buyer: UUID) -> HttpResponse:
    return _checked(request, actor, buyer, basket.read(actor, buyer), timezone.now())


@page("accounts.read", seat=False)
def calls(request: HttpRequest, actor: Actor, buyer: UUID) -> HttpResponse:
    """The part that says what the vendor would be asked: it is read there, and nothing is changed."""
    for_whom, held = buyers.one(actor, buyer, timezone.now()), basket.read(actor, buyer)
    lines = asking.check(actor, for_whom, held.asked()) if held.lines else []
    return TemplateResponse(
        request, "orders/calls.html", {"previews": previewing.of_order(tenant=buyer, lines=lines, clock=timezone.now)}
    )


def _checked(
    request: HttpRequest, actor: Actor, buyer: UUID, held: basket.Basket, now: datetime, refusal: Refused | None = None
) -> HttpResponse:
    """Check your answers: every line with its price now, and what stands against it. Source: acceptance CM-45."""
    for_whom = buyers.one(actor, buyer, now)
    lines = asking.check(actor, for_whom, held.asked()) if held.lines else []
    context = {
        "title": "Check your order",
        "buyer": for_whom,
        "basket": held,
        "lines": [line_of(actor, number, line) for number, line in enumerate(lines)],
        "totals": totals(lines),
        "wrong": any(line.wrong for line in lines),
        "confirms": confirms(lines),
        "moved": any(line.moved for line in lines),
        "refusal": refusal,
        "refusal_link": sync_link(actor, refusal),
        "errors_shown": refusal is not None,
        "crumbs": [(f"Add subscription: {for_whom.name}", to("order-shop", actor, buyer=buyer)), ("Check your order", "")],
    }
    return TemplateResponse(request, "orders/check.html", context, status=422 if refusal else 200)


def totals(lines: Sequence[Checked]) -> list[tuple[Decimal, str, str]]:
    """Amount, currency, cycle."""
    return [(amount, *key.split(" ", 1)) for key, amount in wanted.totals(lines).items()]  # type: ignore[misc]


@require_POST
@page("orders.place", seat=False)
def place(request: HttpRequest, actor: Actor, buyer: UUID) -> HttpResponse:
    """Order what was shown, at the prices and under the terms that were shown."""
    now, posted = timezone.now(), request.POST
    once = sent(request, "once", most=64)
    names = {line.offer: line.name for line in basket.read(actor, buyer).lines}
    lines = [
        wanted.Asked(
            wanted.NEW[0],
            basket.whole(quantity),
            offer=UUID(basket.id_of(offer)),
            base=UUID(base) if (base := basket.id_of(bases, optional=True)) else None,
            instance=UUID(at) if (at := basket.id_of(instance, optional=True)) else None,
            price=basket.amount(amount) if amount else None,
            currency=currency,
            terms=terms,
            name=names.get(offer, ""),
        )
        for offer, quantity, amount, currency, terms, bases, instance in zip(
            *(posted.getlist(one) for one in SENT), strict=False
        )
    ]
    try:
        order = orders.place(
            actor, customer=buyer, lines=lines, once=once, note=sent(request, "note"),
            confirmed=posted.getlist("confirmed"), now=now,
        )  # fmt: skip
    except Refused as refusal:
        return _checked(request, actor, buyer, basket.read(actor, buyer), now, refusal)
    basket.forget(actor, buyer, once)
    words = "waits for approval" if order.triggers else "is approved"
    messages.success(request, f"Order {order.number} {words}.")
    return HttpResponseRedirect(to("order", actor, placed=order.pk))
