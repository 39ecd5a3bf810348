"""The catalog's lists, for both doors."""

from __future__ import annotations

from django.db.models import Case, Count, F, Max, Q, Value, When

from purser.catalog.models import Cycle, Offer, PriceList, Product, Side
from purser.lists.model import Column, Preset, Sign, Table

CYCLES = {one.value: Sign(str(one.label)) for one in Cycle}
SALE = {"sold": Sign("On sale", "good"), "withdrawn": Sign("Withdrawn", "plain")}
SIDES = {one.value: Sign(str(one.label)) for one in Side}
WHOSE = {"everybody": Sign("Everybody"), "one": Sign("One customer", "note"), "vendor": Sign("Vendors", "plain")}
YES = {True: Sign("Yes", "note"), False: Sign("No")}

_sale = Case(When(withdrawn_at=None, then=Value("sold")), default=Value("withdrawn"))
_whose = Case(When(side=Side.COST, then=Value("vendor")), When(buyer=None, then=Value("everybody")), default=Value("one"))

OFFERS = Table(
    name="catalog_offers",
    title="Catalog",
    lead="What you buy from vendors and sell on: products under terms.",
    rows=lambda actor, params: Offer.objects.select_related("product", "product__vendor", "addon_of"),
    order=("category", "group", "name"),
    columns=(
        Column("name", "Offer"),
        Column("code", "Item code"),
        Column("category", "Category", field="product__category"),
        Column("cycle", "Billing cycle", "badge", signs=CYCLES),
        Column("group", "Product group", field="product__group"),
        Column("vendor", "Vendor", field="product__vendor__name"),
        Column("product", "Product", field="product__name", shown=False),
        Column("term_months", "Term in months", "number"),
        Column("minimum", "Minimum", "number", shown=False),
        Column("maximum", "Maximum", "number", shown=False),
        Column("addon_of", "Add-on of", field="addon_of__name", shown=False),
        Column("state", "State", "badge", expression=_sale, signs=SALE),
    ),
    presets=(Preset("On sale", "state.is=sold"), Preset("Monthly", "cycle.is=monthly"), Preset("Yearly", "cycle.is=yearly")),
)
PRODUCTS = Table(
    name="catalog_products",
    title="Products",
    lead="What vendors make; its offers say under which terms it is sold.",
    rows=lambda actor, params: Product.objects.select_related("vendor").annotate(
        sold=Count("offers", filter=Q(offers__withdrawn_at=None))
    ),
    order=("category", "group", "name"),
    columns=(
        Column("name", "Product"),
        Column("category", "Category"),
        Column("group", "Product group"),
        Column("vendor", "Vendor", field="vendor__name"),
        Column("sold", "Offers on sale", "number", expression=F("sold")),
    ),
)
SELLING_LISTS = Table(
    name="selling_lists",
    title="Price lists of the catalog",
    lead="What you ask, of everybody or of one customer, and what your vendors ask of you. A version that was published stays "
    "as it is; the next one takes its place on its day.",
    rows=lambda actor, params: PriceList.objects.annotate(newest=Max("versions__number"), last_from=Max("versions__from_on")),
    order=("side", "name"),
    columns=(
        Column("name", "Name"),
        Column("side", "Says", "badge", signs=SIDES),
        Column("whose", "For", "badge", expression=_whose, signs=WHOSE),
        Column("buyer", "Customer", field="buyer_name"),
        Column("currency", "Currency"),
        Column("floor_percent", "Floor, %", "number"),
        Column("newest", "Newest version", "number", expression=F("newest")),
        Column("last_from", "Last from", "date", expression=F("last_from")),
    ),
    presets=(
        Preset("What we ask", "side.is=sell"),
        Preset("For one customer", "whose.is=one"),
        Preset("What vendors ask", "side.is=cost"),
    ),
)
