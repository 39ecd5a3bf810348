"""Price lists of whoever sells: their versions, and the next one in the making. Source: acceptance CM-13, CM-14, CM-64."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access.actors import Actor
from purser.catalog import goods, price_lists, sheets
from purser.catalog import lists as plain
from purser.catalog.models import PriceList, Side
from purser.catalog.price_lists import Ground, Row
from purser.kernel import digest
from purser.kernel.errors import Refused
from purser.portal import exports, files_of, lists
from purser.portal.doors import page
from purser.portal.pages.catalog import shown
from purser.portal.pages.catalog.forms import ListChangeForm, ListForm
from purser.portal.pages.partners.shown import form_page, refuse, to
from purser.portal.tables.model import Empty, dressed
from purser.postgres import tenancy
from purser.tenants import organisations


def _one(row: Any) -> str:
    return reverse("selling_list", kwargs={"tenant": row.tenant_id, "selling_list": row.pk})


LISTS = dressed(
    plain.SELLING_LISTS,
    href={"name": _one},
    empty=Empty("No price list yet", "Nothing is on sale without one.", "selling_list_make", "Make a price list"),
    export="selling_lists_export",
)


@page("catalog.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    crumbs = [("Catalog", to("catalog", actor)), ("Prices", "")]
    return lists.show(request, actor, LISTS, "catalog/lists.html", {"crumbs": crumbs})


export = exports.door(LISTS, "catalog.read")


@page("prices.publish", seat=False)
def make(request: HttpRequest, actor: Actor) -> HttpResponse:
    buyers = [(str(row.pk), row.name) for row in goods.buyers(actor.tenant, actor.kind)]
    form = ListForm(request.POST or None, buyers=buyers, initial={"side": Side.SELL})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        whom = UUID(said["buyer"]) if said["buyer"] else None
        try:
            row = price_lists.make(actor, **{**said, "buyer": whom}, now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{row.name} is made. Publish its first version, so that its prices hold.")
            return HttpResponseRedirect(_one(row))
    back = to("selling_lists", actor)
    return form_page(request, actor, form, title="Make a price list", submit="Make it", back=back, crumbs=_trail(actor))


def _trail(actor: Actor, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Catalog", to("catalog", actor)), ("Prices", to("selling_lists", actor)), *more]


@page("prices.publish")
def change(request: HttpRequest, actor: Actor, selling_list: UUID) -> HttpResponse:
    row = price_lists.one(selling_list)
    initial = {"name": row.name, "floor_percent": row.floor_percent, "version": row.version}
    form = ListChangeForm(request.POST or None, initial=initial)
    if row.side == Side.COST:
        del form.fields["floor_percent"]
    if request.method == "POST" and form.is_valid():
        said = {"floor_percent": None, **form.cleaned_data}
        try:
            price_lists.change(actor, selling_list, **said, now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, "The price list is changed; its prices are as they were.")
            return HttpResponseRedirect(_one(row))
    trail = _trail(actor, (row.name, _one(row)))
    return form_page(request, actor, form, title=f"Change {row.name}", submit="Save", back=_one(row), crumbs=trail)


@page("catalog.read", seat=False)
def one(request: HttpRequest, actor: Actor, selling_list: UUID) -> HttpResponse:
    """The prices in force on a day (`on`, today without it), with cost and margin; and all versions."""
    on = shown.day(request.GET.get("on", "")) or shown.today(actor)
    known = goods.of(actor.tenant, on)
    with tenancy.acting_in(actor.tenant):
        row = price_lists.one(selling_list)
        held = price_lists.held(selling_list, on)
        before = {price.offer: price.amount for price in price_lists.prices(held)} if held else {}
        codes = {price.offer: price.code for price in price_lists.prices(held)} if held else {}
        every = price_lists.versions(selling_list)
        zone = organisations.zone()
    prices = [Row(offer, amount) for offer, amount in before.items()]
    context = {
        "title": row.name,
        "list": row,
        "whose": _whose(actor, row),
        "held": held,
        "on": on,
        "rows": price_lists.differences(row, known, before, prices),
        "gone": [(codes[offer], amount) for offer, amount in before.items() if offer not in known],
        "versions": every,
        "zone": zone,
        "crumbs": _trail(actor, (row.name, "")),
    }
    return TemplateResponse(request, "catalog/list.html", context)


def _whose(actor: Actor, row: PriceList) -> str:
    if row.side == Side.COST:
        return "What your vendors ask of you"
    if row.buyer is None:
        return "Everybody you sell to"
    still = any(one.pk == row.buyer for one in goods.buyers(actor.tenant, actor.kind))
    return row.buyer_name if still else f"{row.buyer_name}, to whom you sell no longer"


@page("catalog.read", seat=False)
def version(request: HttpRequest, actor: Actor, selling_list: UUID, price_version: UUID) -> HttpResponse:
    """A version with what it changed: its prices beside those that held before it on its first day."""
    known = goods.of(actor.tenant, shown.today(actor))
    with tenancy.acting_in(actor.tenant):
        of = price_lists.version(selling_list, price_version)
        every = price_lists.versions(selling_list)
        earlier = [one for one in every if one.number < of.number and one.from_on <= of.from_on]
        was = max(earlier, key=lambda one: (one.from_on, one.number), default=None)
        old = {price.offer: price for price in price_lists.prices(was)} if was else {}
        new = {price.offer: price for price in price_lists.prices(of)}
        zone = organisations.zone()
    rows = [
        (one.code, known[offer].name if offer in known else "", _amount(old.get(offer)), _amount(new.get(offer)))
        for offer, one in {**old, **new}.items()
    ]
    context = {
        "title": f"{of.price_list.name}, version {of.number}",
        "list": of.price_list,
        "version": of,
        "was": was,
        "rows": sorted(rows, key=lambda row: row[0]),
        "zone": zone,
        "crumbs": _trail(actor, (of.price_list.name, _one(of.price_list)), (f"Version {of.number}", "")),
    }
    return TemplateResponse(request, "catalog/version.html", context)


def _amount(price: Any) -> Any:
    return price.amount if price is not None else None


@page("catalog.read", seat=False)
def file(request: HttpRequest, actor: Actor, selling_list: UUID) -> Any:
    """The prices of today as CSV or XLSX, which can be brought back as the next version."""
    on = shown.today(actor)
    known = goods.of(actor.tenant, on)
    with tenancy.acting_in(actor.tenant):
        row = price_lists.one(selling_list)
        held = price_lists.held(selling_list, on)
        prices = price_lists.prices(held) if held else []
    rows = [(price.code, known[price.offer].name if price.offer in known else "", _plain(price.amount)) for price in prices]
    heads = (sheets.CODE, "Offer", sheets.PRICE)
    return files_of.answer(request, actor, heads, rows, title=row.name, name=f"prices-{on:%Y-%m-%d}")


def _plain(amount: Any) -> Any:
    return amount.normalize() if amount != amount.to_integral_value() else amount.quantize(1)


@page("prices.publish", seat=False)
def publish(request: HttpRequest, actor: Actor, selling_list: UUID) -> HttpResponse:
    """The table to edit. `do` is "read" (a file into the table), "preview" or "publish"."""
    now, sent = timezone.now(), request.POST
    stands = price_lists.ground(actor, selling_list, from_on=None, now=now)
    of = stands.price_list
    more: dict[str, Any] = {}
    held = {offer: digest.units(amount) for offer, amount in stands.before.items()}
    cells = shown.cells(sent, most=price_lists.MOST) if sent else held
    try:
        match sent.get("do", ""):
            case "read":
                table = shown.file_of(request)
                if table is None:
                    raise Refused("Choose a file first.", code="table")
                read = sheets.prices(table, stands.known)
                stands.check(read)
                cells = {row.offer: digest.units(row.amount) for row in read}
            case "preview":
                stands = price_lists.ground(actor, selling_list, from_on=shown.day(sent.get("from_on", "")), now=now)
                more = {"preview": [one for one in stands.check(shown.rows(cells, stands.known)) if one.changes or one.low]}
            case "publish":
                made = price_lists.publish(
                    actor, selling_list, shown.rows(cells, stands.known), from_on=shown.day(sent.get("from_on", "")),
                    after=shown.whole(sent.get("after", ""), "number of the last version"), note=sent.get("note", ""),
                    confirmed=sent.get("confirmed") == "1", now=now,
                )  # fmt: skip
                messages.success(request, f"Version {made.number} is published; it holds from {made.from_on:%Y-%m-%d} on.")
                return HttpResponseRedirect(_one(of))
    except Refused as refusal:
        return _table(request, actor, stands, cells, wrong=refusal)
    return _table(request, actor, stands, cells, **more)


def typed_again(request: HttpRequest, actor: Actor, selling_list: UUID, refusal: Refused) -> HttpResponse:
    """The table as it was typed, with what stands against it."""
    stands = price_lists.ground(actor, selling_list, from_on=None, now=timezone.now())
    return _table(request, actor, stands, shown.cells(request.POST, most=price_lists.MOST), wrong=refusal)


def _table(
    request: HttpRequest, actor: Actor, stands: Ground, cells: dict[UUID, str], wrong: Refused | None = None, **more: Any
) -> HttpResponse:
    of, sent = stands.price_list, request.POST
    context = {
        "title": f"Publish {of.name}",
        "list": of,
        "whose": _whose(actor, of),
        "lines": _lines(stands, cells),
        "gone": sum(offer not in stands.known for offer in stands.before),
        "from_on": sent.get("from_on", ""),
        "from_then": stands.from_on,
        "note": sent.get("note", ""),
        "after": sent.get("after", str(stands.last)),
        "crumbs": _trail(actor, (of.name, _one(of)), ("Publish", "")),
        "wrong": wrong,
        "errors_shown": wrong is not None,
        "confirm": wrong is not None and wrong.code == "floor",
        **more,
    }
    return TemplateResponse(request, "catalog/publish.html", context, status=422 if wrong else 200)


def _lines(stands: Ground, cells: dict[UUID, str]) -> Sequence[tuple[Any, Any, Any, str]]:
    """The offer, what it costs, its price until then, and what is typed."""
    currency = stands.price_list.currency
    return [
        (good, good.costs.get(currency), stands.before.get(offer), cells.get(offer, ""))
        for offer, good in stands.known.items()
        if not good.withdrawn or offer in stands.before or offer in cells
    ]
