"""The steps of steps.py for vendors, products, offers and price lists."""

from __future__ import annotations

from typing import Any

from purser.catalog import offers, price_lists, products, sheets
from purser.catalog.models import Offer
from purser.catalog.offers import Terms
from purser.catalog.products import Described
from purser.flows import ports
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.matrix.walk import Find, Ground, Said, Step, new, sent

SAID = {"category": "Backup", "group": "Workloads"}
TERMS = {"cycle": "monthly", "term_months": 0, "cancel_days": 0, "minimum": 1, "unit": "licence"}
FILE = "Vendor,Product,Category,Product group,Item code,Offer,Billing cycle\n{0},Storage,Backup,Storage,{1},Storage,monthly\n"


def _vendor(g: Ground, who: str) -> Any:
    with tenancy.acting_in(g.made.reseller.pk):
        return products.make_vendor(g.actor(who), name=ids.new().hex, kind="acronis", now=kit.now())


def vendor(body: dict[str, Any]) -> Find:
    def find(g: Ground, who: str) -> Said:
        row = _vendor(g, who)
        return sent({**body, "version": row.version, "name": ids.new().hex}, vendor=row.pk)

    return find


def of_vendor(body: dict[str, Any]) -> Find:
    return lambda g, who: sent({**body, "name": ids.new().hex, "vendor": str(_vendor(g, who).pk)})


def _product(g: Ground, who: str) -> Any:
    of = _vendor(g, who)
    with tenancy.acting_in(g.made.reseller.pk):
        return products.make_product(g.actor(who), of.pk, Described("Storage", **SAID), now=kit.now())


def product(g: Ground, who: str) -> Said:
    row = _product(g, who)
    name = ids.new().hex
    return sent({**SAID, "name": name, "vendor": str(row.vendor_id), "version": row.version}, product=row.pk)


def product_put(g: Ground, who: str) -> Said:
    at, body = product(g, who)
    return at, {name: value for name, value in body.items() if name != "vendor"}


def of_product(body: dict[str, Any]) -> Find:
    return lambda g, who: sent({**body, "name": "x", "code": ids.new().hex, "product": str(_product(g, who).pk)})


def _offer(g: Ground, who: str) -> Offer:
    of = _product(g, who)
    with tenancy.acting_in(g.made.reseller.pk):
        return offers.make(g.actor(who), of.pk, Terms(ids.new().hex, "x", "monthly"), now=kit.now())


def offer(body: dict[str, Any], *, withdrawn: bool = False) -> Find:
    def find(g: Ground, who: str) -> Said:
        row = _offer(g, who)
        if withdrawn:
            with tenancy.acting_in(g.made.reseller.pk):
                row = offers.withdraw(g.actor(who), row.pk, version=1, now=kit.now())
        more = {"code": row.code, "name": "y"} if "cycle" in body else {}
        return sent({**body, **more, "version": row.version}, offer=row.pk)

    return find


def offers_file(g: Ground, who: str) -> Said:
    text = FILE.format(_vendor(g, who).name, ids.new().hex)
    with tenancy.acting_in(g.made.reseller.pk):
        shown = sheets.preview(sheets.read(ports.rows(text.encode())))
    return sent({"do": "apply", "table": text, "digest": shown.digest})


def offers_table(g: Ground, who: str) -> Said:
    at, body = offers_file(g, who)
    return at, {name: value for name, value in body.items() if name != "do"}


def currency() -> str:
    """One that no list has yet."""
    return "".join(chr(65 + byte % 26) for byte in ids.new().bytes[-3:])


def unlisted(g: Ground, who: str) -> Said:
    return sent({"name": ids.new().hex, "side": "sell", "currency": currency()})


def selling_list(body: dict[str, Any], *, priced: str = "") -> Find:
    """A list without prices; `priced` says where its first one is sent, as a page's form or as the API's rows."""

    def find(g: Ground, who: str) -> Said:
        row = price_lists.make(g.actor(who), name=ids.new().hex, side="sell", currency=currency(), now=kit.now())
        said = {**body, **({} if priced else {"name": ids.new().hex, "version": row.version})}
        if priced:
            of = str(_offer(g, who).pk)
            said |= {"offer": of, "price": "3"} if priced == "page" else {"prices": [{"offer": of, "amount": "3"}]}
        return sent(said, selling_list=row.pk)

    return find


STEPS: list[Step] = [
    ("owner", "catalog/vendors/make/", new("name", {"kind": "acronis"})),
    ("owner", "POST catalog/vendors", new("name", {"kind": "acronis"})),
    ("owner", "catalog/vendors/<vendor>/", vendor({})),
    ("owner", "PUT catalog/vendors/<vendor>", vendor({})),
    ("owner", "catalog/products/make/", of_vendor(SAID)),
    ("owner", "POST catalog/products", of_vendor(SAID)),
    ("owner", "catalog/products/<product>/", product),
    ("owner", "PUT catalog/products/<product>", product_put),
    ("owner", "catalog/offers/make/", of_product(TERMS)),
    ("owner", "POST catalog/offers", of_product(TERMS)),
    ("owner", "catalog/offers/<offer>/change/", offer(TERMS)),
    ("owner", "PUT catalog/offers/<offer>", offer(TERMS)),
    ("owner", "catalog/offers/<offer>/withdraw/", offer({})),
    ("owner", "POST catalog/offers/<offer>/withdraw", offer({})),
    ("owner", "catalog/offers/<offer>/restore/", offer({}, withdrawn=True)),
    ("owner", "POST catalog/offers/<offer>/restore", offer({}, withdrawn=True)),
    ("owner", "catalog/offers/file/", offers_file),
    ("owner", "POST catalog/offers/file", offers_table),
    ("owner", "catalog/prices/make/", unlisted),
    ("owner", "POST catalog/price-lists", unlisted),
    ("owner", "catalog/prices/<selling_list>/change/", selling_list({})),
    ("owner", "PUT catalog/price-lists/<selling_list>", selling_list({})),
    ("owner", "catalog/prices/<selling_list>/publish/", selling_list({"after": "0", "do": "publish"}, priced="page")),
    ("owner", "POST catalog/price-lists/<selling_list>/versions", selling_list({"after": 0}, priced="api")),
]
QUIET = {
    "POST catalog/price-lists/<selling_list>/preview": "looks only; nothing is written",
    "POST catalog/price-lists/<selling_list>/simulation": "looks only; nothing is written",
    "catalog/prices/<selling_list>/simulate/": "looks only; nothing is written",
    "catalog/prices/<selling_list>/simulate/file/": "looks only; nothing is written",
}
