"""Quotes: the list, one, its PDF, mailing it, and the step before the purchase. Source: acceptance CS-59, CS-61, CS-62."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access import permit
from purser.access.actors import Actor
from purser.billing.buying import lists as plain
from purser.billing.buying import papers, profile, quotes, sending
from purser.billing.models import Quote
from purser.billing.paying import purchases
from purser.portal import exports, lists, navigation
from purser.portal.doors import page
from purser.portal.pages.buying.documents import download
from purser.portal.pages.partners.shown import to
from purser.portal.tables.model import Empty, dressed
from purser.postgres import ids, tenancy
from purser.tenants import organisations


def _one(row: Any) -> str:
    return reverse("quote", kwargs={"tenant": row.tenant_id, "quote": row.pk})


QUOTES = dressed(
    plain.QUOTES,
    href={"number": _one},
    empty=Empty("No quotes yet", "Put packages together and get a price.", step="packages", step_words="Buy DSU packages"),
    export="quotes_export",
)


class MailForm(forms.Form):
    email = forms.EmailField(label="E-mail address", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))


@page("billing.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, QUOTES, "buying/quotes.html", zone=organisations.zone())


export = exports.door(QUOTES, "billing.read")


def _shown(actor: Actor, row: Quote) -> dict[str, Any]:
    return {
        "quote": row,
        "lines": [(line, line.count * line.price) for line in quotes.lines_of(row)],
        "billed": [(words, row.billed_to.get(name, "")) for name, (words, _) in profile.FIELDS.items()],
        "refusal": quotes.still_good(row, timezone.now()),
        "zone": organisations.zone(),
        "crumbs": [("Quotes", to("quotes", actor)), (row.number, "")],
    }


@page("billing.read")
def one(request: HttpRequest, actor: Actor, quote: UUID) -> HttpResponse:
    row = quotes.of(quote)
    bill = profile.own()
    form = MailForm(initial={"email": bill.contact_email if bill else ""})
    return TemplateResponse(request, "buying/quote.html", {**_shown(actor, row), "title": f"Quote {row.number}", "form": form})


@page("billing.read", seat=False)
def pdf(request: HttpRequest, actor: Actor, quote: UUID) -> HttpResponse:
    return download(papers.quote(actor.tenant, quote, now=timezone.now()))


@require_POST
@page("packages.quote", seat=False)
def mail(request: HttpRequest, actor: Actor, quote: UUID) -> HttpResponse:
    form = MailForm(request.POST)
    if form.is_valid():
        paper = papers.quote(actor.tenant, quote, now=timezone.now())
        with tenancy.acting_in(actor.tenant):
            sending.to_address(actor, paper, email=form.cleaned_data["email"], now=timezone.now())
        messages.success(request, f"The quote is on its way to {form.cleaned_data['email']}.")
    else:
        messages.error(request, " ".join(f"{error}" for errors in form.errors.values() for error in errors))
    return HttpResponseRedirect(to("quote", actor, quote=quote))


@require_POST
@page("packages.quote")
def again(request: HttpRequest, actor: Actor, quote: UUID) -> HttpResponse:
    """The same packages at today's prices, for whom is billed today."""
    made = quotes.ask(actor, quotes.counts_of(quotes.of(quote)), now=timezone.now())
    return HttpResponseRedirect(to("quote_buy" if permit.allows(actor, "packages.buy") else "quote", actor, quote=made.pk))


@page("packages.buy")
def buy(request: HttpRequest, actor: Actor, quote: UUID) -> HttpResponse:
    """The step before the purchase: the amount, which is the quote's, the billing address and the card on file."""
    row = quotes.of(quote)
    shown = _shown(actor, row)
    bill, card = profile.own(), purchases.card_on_file()
    moved = row.billed_to != profile.snapshot()
    place = navigation.address("purchase_place", actor)
    context = {
        **shown,
        "title": "Buy DSU packages",
        "moved": moved,
        "bill": bill,
        "card": card,
        "card_href": navigation.address("card", actor),
        "place": place if bill and card and not moved and shown["refusal"] is None else "",
        "key": ids.new(),
        "crumbs": [("Buy DSU packages", to("packages", actor)), (f"Quote {row.number}", "")],
    }
    return TemplateResponse(request, "buying/buy.html", context)
