"""The operator's price lists: those published, and the next one in the making. Source: acceptance CS-55, CS-56; F-1."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from purser.access.actors import Actor
from purser.billing.buying import lists as plain
from purser.billing.buying import offers, packages, profile
from purser.billing.buying.offers import Offer
from purser.kernel import digest
from purser.kernel.errors import Refused
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.partners.shown import to
from purser.portal.tables.model import Empty, dressed
from purser.tenants import organisations

BLANK = 3  # empty rows at the end of the table
FIELDS = ("code", "units", "unit_price", "price")


def _one(row: Any) -> str:
    return reverse("price_list", kwargs={"tenant": row.tenant_id, "price_list": row.pk})


PRICES = dressed(
    plain.PRICE_LISTS,
    href={"number": _one},
    empty=Empty("The standard price list holds", "It is the first one; publish another to take its place."),
    export="prices_export",
)


@page("operator.prices.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    now = timezone.now()
    held = packages.current(now)
    more = {
        "held": held,
        "rows": packages.as_offers(packages.rows_of(held)) if held else packages.standard(),
        "currency": held.currency if held else packages.CURRENCY,
        "seller": profile.own(),
    }
    return lists.show(request, actor, PRICES, "buying/prices.html", more, zone=organisations.zone())


export = exports.door(PRICES, "operator.prices.read")


@page("operator.prices.read")
def one(request: HttpRequest, actor: Actor, price_list: UUID) -> HttpResponse:
    row = packages.of(price_list)
    context = {
        "title": f"Price list {row.number}",
        "list": row,
        "rows": packages.rows_of(row),
        "currency": row.currency,
        "zone": organisations.zone(),
        "crumbs": [("Price lists", to("prices", actor)), (f"{row.number}", "")],
    }
    return TemplateResponse(request, "buying/price_list.html", context)


@page("operator.prices.read")
def file(request: HttpRequest, actor: Actor, price_list: UUID) -> HttpResponse:
    """A list as CSV, which can be pasted back."""
    row = packages.of(price_list)
    headers = {"Content-Disposition": f'attachment; filename="price-list-{row.number}.csv"'}
    text = offers.written(packages.as_offers(packages.rows_of(row)))
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


@page("operator.prices.publish")
def publish(request: HttpRequest, actor: Actor) -> HttpResponse:
    """The table to edit. `do` is "read" (what was pasted into the table), "preview" or "publish"."""
    now, sent = timezone.now(), request.POST
    zone = organisations.zone()
    held = packages.current(now)
    before = packages.as_offers(packages.rows_of(held)) if held else packages.standard()
    shown: dict[str, Any] = {
        "title": "Publish a price list",
        "cells": _cells(sent) if sent else [_texts(one) for one in before],
        "currency": sent.get("currency", held.currency if held else packages.CURRENCY).strip().upper(),
        "from_at": sent.get("from_at", ""),
        "after": sent.get("after", str(packages.last())),
        "zone": zone,
        "crumbs": [("Price lists", to("prices", actor)), ("Publish", "")],
    }
    try:
        match sent.get("do", ""):
            case "read":
                shown["cells"] = [_texts(one) for one in offers.read(sent.get("text", ""))]
            case "preview":
                rows = offers.check(_rows(shown["cells"]), shown["currency"])
                shown |= {"preview": _differences(before, rows), "from_then": _from(sent.get("from_at", ""), zone, now)}
            case "publish":
                wanted = _rows(shown["cells"])
                at, after = _from(shown["from_at"], zone, now), _number(shown["after"])
                made = packages.publish(actor, wanted, currency=shown["currency"], from_at=at, after=after, now=now)
                messages.success(request, f"Price list {made.number} is published; it reaches the partners now.")
                return HttpResponseRedirect(to("prices", actor))
    except Refused as refusal:
        shown |= {"wrong": refusal, "errors_shown": True}
    shown["cells"] = [*shown["cells"], *([("", "", "", "")] * BLANK)][: offers.MOST]
    return TemplateResponse(request, "buying/publish.html", shown, status=422 if "wrong" in shown else 200)


def _texts(one: Offer) -> tuple[str, ...]:
    return (one.code, str(one.units), digest.units(one.unit_price), digest.units(one.price))


def _cells(sent: QueryDict) -> list[tuple[str, ...]]:
    """The rows of the table as they were sent, without those that are empty."""
    columns = [sent.getlist(name)[: offers.MOST + BLANK] for name in FIELDS]
    rows = zip(*columns, strict=False)
    return [row for row in (tuple(cell.strip() for cell in cells) for cells in rows) if any(row)]


def _rows(cells: list[tuple[str, ...]]) -> list[Offer]:
    return [offers.row_of(row, f"Row {number}") for number, row in enumerate(cells, start=1)]


def _number(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Refused("The number of the last list is missing.", code="changed", hint="Reload the page.")
    return int(text)


def _from(text: str, zone: str, now: datetime) -> datetime:
    """A time of the operator's zone; now where none is given."""
    if not text:
        return now
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise Refused(f"“{text[:40]}” is no time.", code="from", hint="Leave it empty for now.")
    return at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))


def _differences(before: tuple[Offer, ...], after: tuple[Offer, ...]) -> list[tuple[str, str, str]]:
    """Code, what it was and what it becomes, for each package that changes."""
    old, new = ({one.code: _told(one) for one in rows} for rows in (before, after))
    every: Mapping[str, None] = dict.fromkeys([*old, *new])
    return [(code, old.get(code, ""), new.get(code, "")) for code in every if old.get(code) != new.get(code)]


def _told(one: Offer) -> str:
    return f"{one.units} x {digest.units(one.unit_price)} = {digest.units(one.price)}"
