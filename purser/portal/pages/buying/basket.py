"""BUY DSU PACKAGES: the price list with "+" and "-", the basket, GET QUOTE and NEXT. Source: acceptance CS-58, CS-59."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.billing.buying import basket, packages, quotes
from purser.kernel.errors import Refused
from purser.portal import requests
from purser.portal.doors import page
from purser.portal.pages.partners.shown import to

PART = "basket"  # the element that "+" and "-" replace


@page("packages.quote")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return _shown(request, actor)


def _shown(request: HttpRequest, actor: Actor) -> HttpResponse:
    now = timezone.now()
    if packages.current(now) is None:
        return TemplateResponse(request, "buying/nothing.html", {"title": "Buy DSU packages"})
    template = "buying/basket_part.html" if requests.is_partial(request, PART) else "buying/basket.html"
    return TemplateResponse(request, template, {"title": "Buy DSU packages", "basket": basket.filled(actor, now)})


@require_POST
@page("packages.quote")
def change(request: HttpRequest, actor: Actor) -> HttpResponse:
    """ "+" and "-" are buttons named `more` and `less` with the package's code; `put` with `count` sets how many."""
    now, sent = timezone.now(), request.POST
    if "put" in sent:
        filled = basket.filled(actor, now)
        basket.put(actor, {**filled.counts, _code(sent["put"]): _count(sent.get("count", ""))}, now)
    else:
        name = "more" if "more" in sent else "less"
        basket.step(actor, _code(sent.get(name, "")), 1 if name == "more" else -1, now)
    if requests.is_partial(request, PART):
        return _shown(request, actor)
    return HttpResponseRedirect(to("packages", actor))


def _code(text: str) -> str:
    """A code as it was sent, without what no text of the database can hold."""
    return text.replace("\x00", "")[:40]


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Refused(f"“{text[:20]}” is no count.", code="count", hint=f"A whole number from 0 to {quotes.MOST}.")
    return int(text)


@require_POST
@page("packages.quote")
def quote(request: HttpRequest, actor: Actor) -> HttpResponse:
    """GET QUOTE, and NEXT (`buy`), which goes on to the purchase of the same quote."""
    now = timezone.now()
    made = quotes.ask(actor, basket.filled(actor, now).counts, now=now)
    return HttpResponseRedirect(to("quote_buy" if "buy" in request.POST else "quote", actor, quote=made.pk))
