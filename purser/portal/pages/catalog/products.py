"""Vendors and products of a provider."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone

from purser.access import permit
from purser.access.actors import Actor
from purser.catalog import lists as plain
from purser.catalog import products
from purser.kernel.errors import Refused
from purser.portal import exports, lists
from purser.portal.doors import page
from purser.portal.pages.catalog.forms import ProductForm, RenameForm, VendorForm, product_initial
from purser.portal.pages.partners.shown import form_page, refuse, to
from purser.portal.tables.model import Empty, dressed
from purser.provisioning import kinds


def _trail(actor: Actor, *more: tuple[str, str]) -> list[tuple[str, str]]:
    return [("Catalog", to("catalog", actor)), *more]


def _one(row: Any) -> str:
    return reverse("catalog_product", kwargs={"tenant": row.tenant_id, "product": row.pk})


EMPTY = Empty("No products yet", "Add the vendor first, then what it makes.", "catalog_vendors", "Vendors")
PRODUCTS = dressed(plain.PRODUCTS, empty=EMPTY, export="catalog_products_export")
CHANGED = dressed(plain.PRODUCTS, empty=EMPTY, export="catalog_products_export", href={"name": _one})


@page("catalog.read")
def index(request: HttpRequest, actor: Actor) -> HttpResponse:
    table = CHANGED if permit.allows(actor, "catalog.write") else PRODUCTS
    return lists.show(request, actor, table, "catalog/products.html", {"crumbs": _trail(actor, ("Products", ""))})


export = exports.door(PRODUCTS, "catalog.read")


@page("catalog.read")
def vendors(request: HttpRequest, actor: Actor) -> HttpResponse:
    held = dict(_kinds())
    rows = [(row, held.get(row.kind, row.kind)) for row in products.vendors()]
    context = {
        "title": "Vendors",
        "lead": "From whom you buy. Their instances say how it is provisioned.",
        "rows": rows,
        "crumbs": _trail(actor, ("Vendors", "")),
    }
    return TemplateResponse(request, "catalog/vendors.html", context)


def _kinds() -> list[tuple[str, str]]:
    return list(kinds.names().items())


@page("catalog.write")
def make_vendor(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = VendorForm(request.POST or None, kinds=_kinds())
    if request.method == "POST" and form.is_valid():
        try:
            row = products.make_vendor(actor, **form.cleaned_data, now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{row.name} is a vendor of yours. Add what it makes.")
            return HttpResponseRedirect(to("catalog_vendors", actor))
    back = to("catalog_vendors", actor)
    return form_page(
        request, actor, form, title="Add a vendor", submit="Add it", back=back, crumbs=_trail(actor, ("Vendors", back))
    )


@page("catalog.write")
def rename_vendor(request: HttpRequest, actor: Actor, vendor: UUID) -> HttpResponse:
    row = products.vendor(vendor)
    form = RenameForm(request.POST or None, initial={"name": row.name, "version": row.version})
    if request.method == "POST" and form.is_valid():
        try:
            products.rename_vendor(actor, vendor, **form.cleaned_data, now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, "The vendor has its new name.")
            return HttpResponseRedirect(to("catalog_vendors", actor))
    back = to("catalog_vendors", actor)
    return form_page(
        request, actor, form, title=f"Rename {row.name}", submit="Save", back=back, crumbs=_trail(actor, ("Vendors", back))
    )


def _vendors() -> list[tuple[str, str]]:
    return [(str(row.pk), row.name) for row in products.vendors()]


@page("catalog.write")
def make(request: HttpRequest, actor: Actor) -> HttpResponse:
    form = ProductForm(request.POST or None, vendors=_vendors())
    if request.method == "POST" and form.is_valid():
        try:
            row = products.make_product(actor, UUID(form.cleaned_data["vendor"]), form.described(), now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, f"{row.name} is in the catalog. Add an offer of it, so that it can be sold.")
            return HttpResponseRedirect(to("catalog_products", actor))
    back = to("catalog_products", actor)
    return form_page(
        request, actor, form, title="Add a product", submit="Add it", back=back, crumbs=_trail(actor, ("Products", back))
    )


@page("catalog.write")
def change(request: HttpRequest, actor: Actor, product: UUID) -> HttpResponse:
    row = products.product(product)
    form = ProductForm(request.POST or None, initial=product_initial(row), vendors=[(str(row.vendor_id), row.vendor.name)])
    if request.method == "POST" and form.is_valid():
        try:
            seen = form.cleaned_data["version"] or 0
            products.change_product(actor, product, form.described(), version=seen, now=timezone.now())
        except Refused as refusal:
            refuse(form, refusal)
        else:
            messages.success(request, "The product is changed.")
            return HttpResponseRedirect(to("catalog_products", actor))
    back = to("catalog_products", actor)
    return form_page(request, actor, form, title=row.name, submit="Save", back=back, crumbs=_trail(actor, ("Products", back)))
