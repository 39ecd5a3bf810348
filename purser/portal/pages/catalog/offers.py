"""Offers: those of a provider's own catalog, and what is on sale to a partner from above."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from purser.access.actors import Actor
from purser.catalog import goods, offers, products, selling, sheets, shelves
from purser.catalog import lists as plain
from purser.catalog.models import Cycle
from purser.flows import ports
from purser.kernel.errors import Missing, Refused
from purser.lists import files
from purser.portal import exports, files_of, lists
from purser.portal.doors import page
from purser.portal.pages.catalog import shown
from purser.portal.pages.catalog.forms import FileForm, OfferForm, offer_initial
from purser.portal.pages.partners.shown import form_page, refuse, to
from purser.portal.tables.model import Empty, dressed
from purser.postgres import tenancy
from purser.tenants.models import Kind


def _one(row: Any) -> str:
    return reverse("catalog_offer", kwargs={"tenant": row.tenant_id, "offer": row.pk})


OFFERS = dressed(
    plain.OFFERS,
    empty=Empty(
        "You buy from no vendor yet", "Add a vendor, its products and their offers; or sell on what is on sale to you.",
        "catalog_vendors", "Vendors",
    ),
    href={"name": _one},
    export="catalog_export",
)  # fmt: skip


@page("catalog.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    return lists.show(request, actor, OFFERS, "catalog/offers.html", {"buys": actor.kind != Kind.OPERATOR})


export = exports.door(OFFERS, "catalog.read")


@page("catalog.read", seat=False)
def on_sale(request: HttpRequest, actor: Actor) -> HttpResponse:
    """What those above sell to us, by category, billing cycle and product group. Source: acceptance CM-10."""
    on = shown.today(actor)
    every = selling.shop(buyer=actor.tenant, on=on)
    asked = {name: request.GET.get(name, "") for name in ("category", "cycle", "group")}
    found, choices = every, []
    for name, label in (("category", "Category"), ("cycle", "Billing cycle"), ("group", "Product group")):
        values = sorted({getattr(one, name) for one in found})
        choices.append((name, label, asked[name], [(value, _words(name, value)) for value in values]))
        if asked[name]:
            found = [one for one in found if getattr(one, name) == asked[name]]
    context = {
        "title": "On sale to us",
        "lead": "What you can sell on, and what it costs you. Put your own prices on it in your price lists.",
        "rows": [one.public for one in found],
        "choices": choices,
        "some": bool(every),
        "cycles": dict(Cycle.choices),
        "crumbs": [("Catalog", to("catalog", actor)), ("On sale to us", "")],
    }
    return TemplateResponse(request, "catalog/on_sale.html", context)


def _words(name: str, value: str) -> str:
    return str(dict(Cycle.choices).get(value, value)) if name == "cycle" else value


@page("catalog.read", seat=False)
def one(request: HttpRequest, actor: Actor, offer: UUID) -> HttpResponse:
    """Details with item code and subscription period, and who is asked what. Source: acceptance CM-11."""
    on = shown.today(actor)
    with tenancy.acting_in(actor.tenant):
        try:
            own = offers.one(offer)
        except Missing:
            own = None
    if own is not None:
        base = own.addon_of.name if own.addon_of else ""
        facts = _facts(own, own.product.vendor.name, own.product.name, own.product.category, own.product.group, base)
        description = own.product.description
    else:
        sold = selling.one(buyer=actor.tenant, offer=offer, on=on).public
        facts = _facts(sold, sold.vendor_name, sold.product_name, sold.category, sold.group, "")
        description = sold.description
    good = goods.of(actor.tenant, on)[offer]
    held = shelves.of(actor.tenant, buyer=actor.tenant, on=on, offers=[offer])
    asks = held.ordered(offer, bought_in=set(good.costs))
    context = {
        "title": good.name,
        "lead": "",
        "good": good,
        "own": own,
        "facts": facts,
        "description": description,
        "costs": sorted(good.costs.items()),
        "asks": [(one, good.costs.get(one.currency), _margin(one, good)) for one in asks],
        "buyers": goods.buyers(actor.tenant, actor.kind),
        "crumbs": [("Catalog", to("catalog", actor)), (good.name, "")],
    }
    return TemplateResponse(request, "catalog/offer.html", context)


def _margin(asked: shelves.Asked, good: goods.Good) -> Any:
    return selling.margin_percent(sell=asked.amount, cost=good.costs.get(asked.currency))


def _facts(one: Any, vendor: str, product: str, category: str, group: str, base: str) -> list[tuple[str, str]]:
    period = f"{one.term_months} months" if one.term_months else f"no longer than the cycle ({Cycle(one.cycle).label.lower()})"
    bounds = f"from {one.minimum:,}" + (f" to {one.maximum:,}" if one.maximum is not None else ", no limit")
    term = "to the end of its period" if one.term_months else "at any time"
    return [
        ("Item code", one.code),
        ("Subscription period", period),
        ("Billing cycle", str(Cycle(one.cycle).label)),
        ("Can be cancelled", f"within {one.cancel_days} days, then {term}" if one.cancel_days and one.term_months else term),
        ("Quantity", f"by usage ({one.meter})" if one.metered else bounds),
        ("Counted in", one.unit),
        ("Vendor", vendor),
        ("Product", product),
        ("Category", category),
        ("Product group", group),
        *([("Add-on of", base)] if base else []),
        *([("Trial", "yes")] if one.trial else []),
    ]


def _products() -> list[tuple[str, str]]:
    return [(str(row.pk), f"{row.vendor.name}: {row.name}") for row in products.products()]


@page("catalog.write")
def make(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = OfferForm(request.POST or None, products=_products())
    if request.method == "POST" and form.is_valid():
        try:
            row = offers.make(actor, UUID(form.cleaned_data["product"]), form.terms(), now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{row.name} is in the catalog. It is on sale once a price list has a price for it.")
            return HttpResponseRedirect(_one(row))
    back = to("catalog", actor)
    return form_page(request, actor, form, title="Add an offer", submit="Add it", back=back, crumbs=[("Catalog", back)])


@page("catalog.write")
def change(request: HttpRequest, actor: Actor, offer: UUID) -> HttpResponse:
    row = offers.one(offer)
    before = offers.of_row(row)
    form = OfferForm(request.POST or None, initial=offer_initial(row, before), products=_products())
    form.fields["product"].disabled = True  # an offer stays with its product
    if request.method == "POST" and form.is_valid():
        try:
            seen = form.cleaned_data["version"] or 0
            offers.change(actor, offer, form.terms(before), version=seen, now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, "The offer is changed. What runs already keeps the terms it was bought under.")
            return HttpResponseRedirect(_one(row))
    trail = [("Catalog", to("catalog", actor)), (row.name, _one(row))]
    return form_page(request, actor, form, title=f"Change {row.name}", submit="Save", back=_one(row), crumbs=trail)


@require_POST
@page("catalog.write")
def withdraw(request: HttpRequest, actor: Actor, offer: UUID) -> HttpResponse:
    seen = shown.whole(request.POST.get("version", ""), "version of the offer")
    row = offers.withdraw(actor, offer, version=seen, now=timezone.now())
    messages.success(request, f"{row.name} is no longer on sale. What runs goes on.")
    return HttpResponseRedirect(_one(row))


@require_POST
@page("catalog.write")
def restore(request: HttpRequest, actor: Actor, offer: UUID) -> HttpResponse:
    seen = shown.whole(request.POST.get("version", ""), "version of the offer")
    row = offers.restore(actor, offer, version=seen, now=timezone.now())
    messages.success(request, f"{row.name} is on sale again.")
    return HttpResponseRedirect(_one(row))


@page("catalog.write")
def bring(request: HttpRequest, actor: Actor) -> HttpResponse:
    """Offers from a file. `do` is "apply" for what was shown; else the file is looked through."""
    sent, wrong, found, text = request.POST, None, None, ""
    try:
        if sent.get("do") == "apply":
            text = sent.get("table", "")
            wanted = sheets.read(ports.rows(text.encode()))
            found = sheets.preview(wanted)
            done = sheets.apply(actor, wanted, digest=sent.get("digest", ""), now=timezone.now())
            messages.success(request, f"Loaded: {done.new} offers new, {done.changed} changed.")
            return HttpResponseRedirect(to("catalog", actor))
        if request.method == "POST":
            table = shown.file_of(request)
            if table is None:
                raise Refused("Choose a file first.", code="table")
            found, text = sheets.preview(sheets.read(table)), files.text_of(table.heads, (cells for _, cells in table.rows))
    except Refused as refusal:
        wrong = refusal
    context = {
        "title": "Load offers from a file",
        "lead": "What the file changes is shown first; nothing is written before you say so.",
        "form": FileForm(),
        "wrong": wrong,
        "errors_shown": wrong is not None,
        "found": found,
        "changes": [one for one in found.changes if one.what != "same"] if found else [],
        "table": text,
        "needed": sheets.NEEDED,
        "more": sheets.MORE,
        "crumbs": [("Catalog", to("catalog", actor)), ("Load a file", "")],
    }
    return TemplateResponse(request, "catalog/bring.html", context, status=422 if wrong else 200)


@page("catalog.read", seat=False)
def sheet(request: HttpRequest, actor: Actor) -> HttpResponseBase:
    """The offers on sale as CSV or XLSX, which `bring` takes back."""
    with tenancy.acting_in(actor.tenant):
        rows = sheets.written()
    return files_of.answer(request, actor, sheets.COLUMNS, rows, title="Offers", name="offers")
