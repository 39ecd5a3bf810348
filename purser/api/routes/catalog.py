"""Vendors, products, offers, price lists, and what is on sale. Source: acceptance CM-10 to CM-14, CM-64."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import catalog as out
from purser.api.schemas import selling as shapes
from purser.api.schemas.common import Some
from purser.catalog import offers, price_lists, products, selling, sheets, why
from purser.catalog.price_lists import Row
from purser.flows import ports
from purser.lists import files
from purser.postgres import tenancy
from purser.subscriptions import simulating
from purser.tenants import organisations

LIST = "/catalog/price-lists/{uuid:selling_list}"
routes = Routes("Catalog")


def _today(actor: Actor, now: datetime) -> date:
    with tenancy.acting_in(actor.tenant):
        return organisations.today(organisation=organisations.own(), now=now)


@routes.get("/catalog/vendors", "catalog.read", answers=Some[out.CatalogVendor])
def vendors(actor: Actor, now: datetime) -> Some[out.CatalogVendor]:
    """From whom you buy"""
    return Some(rows=[out.vendor(row) for row in products.vendors()])


@routes.post("/catalog/vendors", "catalog.write", answers=out.CatalogVendor, status=201)
def make_vendor(actor: Actor, now: datetime, body: out.VendorMake) -> out.CatalogVendor:
    """Add a vendor"""
    return out.vendor(products.make_vendor(actor, name=body.name, kind=body.kind, now=now))


@routes.put("/catalog/vendors/{uuid:vendor}", "catalog.write", answers=out.CatalogVendor)
def rename_vendor(actor: Actor, now: datetime, vendor: UUID, body: out.VendorRename) -> out.CatalogVendor:
    """Rename a vendor"""
    return out.vendor(products.rename_vendor(actor, vendor, name=body.name, version=body.version, now=now))


@routes.get("/catalog/products/{uuid:product}", "catalog.read", answers=out.CatalogProduct)
def one_product(actor: Actor, now: datetime, product: UUID) -> out.CatalogProduct:
    """One product"""
    return out.product(products.product(product))


@routes.post("/catalog/products", "catalog.write", answers=out.CatalogProduct, status=201)
def make_product(actor: Actor, now: datetime, body: out.ProductMake) -> out.CatalogProduct:
    """Add a product of a vendor"""
    return out.product(products.make_product(actor, body.vendor, body.described(), now=now))


@routes.put("/catalog/products/{uuid:product}", "catalog.write", answers=out.CatalogProduct)
def change_product(actor: Actor, now: datetime, product: UUID, body: out.ProductChange) -> out.CatalogProduct:
    """Change what a product says of itself"""
    products.change_product(actor, product, body.described(), version=body.version, now=now)
    return out.product(products.product(product))


@routes.get("/catalog/offers/{uuid:offer}", "catalog.read", answers=out.CatalogOffer)
def one_offer(actor: Actor, now: datetime, offer: UUID) -> out.CatalogOffer:
    """One offer of your own, with item code and subscription period"""
    return out.offer(offers.one(offer))


@routes.post("/catalog/offers", "catalog.write", answers=out.CatalogOffer, status=201)
def make_offer(actor: Actor, now: datetime, body: out.OfferMake) -> out.CatalogOffer:
    """Add an offer of a product; it is on sale once a price list has a price for it"""
    return out.offer(offers.one(offers.make(actor, body.product, body.terms(), now=now).pk))


@routes.put("/catalog/offers/{uuid:offer}", "catalog.write", answers=out.CatalogOffer)
def change_offer(actor: Actor, now: datetime, offer: UUID, body: out.OfferChange) -> out.CatalogOffer:
    """Change the terms of an offer; what runs keeps those it was bought under"""
    before = offers.of_row(offers.one(offer))
    offers.change(actor, offer, body.terms(before), version=body.version, now=now)
    return out.offer(offers.one(offer))


@routes.post("/catalog/offers/{uuid:offer}/withdraw", "catalog.write", answers=out.CatalogOffer)
def withdraw_offer(actor: Actor, now: datetime, offer: UUID, body: out.OfferSeen) -> out.CatalogOffer:
    """Take an offer off sale; what runs goes on"""
    offers.withdraw(actor, offer, version=body.version, now=now)
    return out.offer(offers.one(offer))


@routes.post("/catalog/offers/{uuid:offer}/restore", "catalog.write", answers=out.CatalogOffer)
def restore_offer(actor: Actor, now: datetime, offer: UUID, body: out.OfferSeen) -> out.CatalogOffer:
    """Put an offer back on sale"""
    offers.restore(actor, offer, version=body.version, now=now)
    return out.offer(offers.one(offer))


@routes.get("/catalog/offers/file", "catalog.read", answers=out.OffersTable)
def offers_file(actor: Actor, now: datetime) -> out.OffersTable:
    """The offers on sale as the file that can be loaded again"""
    rows = sheets.written()
    return out.OffersTable(table=files.text_of(sheets.COLUMNS, rows), offers=len(rows))


@routes.post("/catalog/offers/file", "catalog.write", answers=out.OffersRead)
def bring_offers(actor: Actor, now: datetime, body: out.OffersFile) -> out.OffersRead:
    """Look through a file of offers, or write what was shown

    All of it is written or nothing; an offer that the file does not name stays as it is.
    """
    wanted = sheets.read(ports.rows(body.table.encode()))
    if not body.digest:
        return out.read(sheets.preview(wanted), applied=False)
    return out.read(sheets.apply(actor, wanted, digest=body.digest, now=now), applied=True)


@routes.get("/catalog/on-sale", "catalog.read", answers=Some[out.OnSale], seat=False)
def on_sale(actor: Actor, now: datetime, on: date | None = None) -> Some[out.OnSale]:
    """What those above you sell to you, and what it costs you"""
    found = selling.shop(buyer=actor.tenant, on=on or _today(actor, now))
    return Some(rows=[out.on_sale(one) for one in found])


@routes.get("/catalog/why", "catalog.read", answers=shapes.WhyPrice, seat=False)
def why_price(actor: Actor, now: datetime, offer: UUID, buyer: UUID, on: date | None = None) -> shapes.WhyPrice:
    """Why one of those you sell to is asked this price"""
    day = on or _today(actor, now)
    return shapes.why(why.price(seller=actor.tenant, kind=actor.kind, buyer=buyer, offer=offer, on=day))


@routes.post("/catalog/price-lists", "prices.publish", answers=shapes.SellingList, status=201, seat=False)
def make_list(actor: Actor, now: datetime, body: shapes.SellingListMake) -> shapes.SellingList:
    """Make a price list, without prices yet

    It takes no Idempotency-Key: there is one list of a side, buyer and currency.
    """
    row = price_lists.make(
        actor, name=body.name, side=body.side, currency=body.currency, buyer=body.buyer, floor_percent=body.floor_percent,
        now=now,
    )  # fmt: skip
    return shapes.selling_list(row, 0)


@routes.get(LIST, "catalog.read", answers=shapes.SellingList)
def one_list(actor: Actor, now: datetime, selling_list: UUID) -> shapes.SellingList:
    """One price list"""
    return shapes.selling_list(price_lists.one(selling_list), price_lists.last(selling_list))


@routes.put(LIST, "prices.publish", answers=shapes.SellingList)
def change_list(actor: Actor, now: datetime, selling_list: UUID, body: shapes.SellingListChange) -> shapes.SellingList:
    """Change the name or the floor of a price list"""
    row = price_lists.change(
        actor, selling_list, name=body.name, floor_percent=body.floor_percent, version=body.version, now=now
    )
    return shapes.selling_list(row, price_lists.last(selling_list))


@routes.get(f"{LIST}/prices", "catalog.read", answers=shapes.PricesInForce)
def prices(actor: Actor, now: datetime, selling_list: UUID, on: date | None = None) -> shapes.PricesInForce:
    """The prices in force on a day, today without one"""
    row, day = price_lists.one(selling_list), on or _today(actor, now)
    held = price_lists.held(selling_list, day)
    found = price_lists.prices(held) if held else []
    return shapes.PricesInForce(
        on=day, currency=row.currency, version=shapes.version(held) if held else None,
        prices=[shapes.ListedPrice(offer=one.offer, code=one.code, amount=one.amount) for one in found],
    )  # fmt: skip


@routes.get(f"{LIST}/versions", "catalog.read", answers=Some[shapes.SellingVersion])
def versions(actor: Actor, now: datetime, selling_list: UUID) -> Some[shapes.SellingVersion]:
    """The versions of a list, the newest first"""
    price_lists.one(selling_list)
    return Some(rows=[shapes.version(row) for row in price_lists.versions(selling_list)])


@routes.get(LIST + "/versions/{uuid:price_version}", "catalog.read", answers=Some[shapes.ListedPrice])
def one_version(actor: Actor, now: datetime, selling_list: UUID, price_version: UUID) -> Some[shapes.ListedPrice]:
    """The prices of a version"""
    found = price_lists.prices(price_lists.version(selling_list, price_version))
    return Some(rows=[shapes.ListedPrice(offer=one.offer, code=one.code, amount=one.amount) for one in found])


@routes.post(f"{LIST}/preview", "prices.publish", answers=shapes.PriceDifferences, seat=False)
def preview(actor: Actor, now: datetime, selling_list: UUID, body: shapes.VersionPreview) -> shapes.PriceDifferences:
    """What a version would change, with costs and margins; nothing is published

    It takes no Idempotency-Key: looking changes nothing.
    """
    stands = price_lists.ground(actor, selling_list, from_on=body.from_on, now=now)
    return shapes.differences(stands, stands.check(body.rows()))


@routes.post(f"{LIST}/simulation", "prices.publish", answers=shapes.PriceSimulation, seat=False)
def simulate(actor: Actor, now: datetime, selling_list: UUID, body: shapes.VersionPreview) -> shapes.PriceSimulation:
    """What a version would do to live subscriptions: what each would cost, from which day on, and which keep their price

    It takes no Idempotency-Key: looking changes nothing.
    """
    found = simulating.price_change(actor, selling_list, body.rows(), from_on=body.from_on, now=now)
    return shapes.simulation(found)


@routes.post(f"{LIST}/versions", "prices.publish", answers=shapes.SellingVersion, status=201, seat=False)
def publish(actor: Actor, now: datetime, selling_list: UUID, body: shapes.VersionPublish) -> shapes.SellingVersion:
    """Publish the next version: all prices of the list from a day on, and no others

    It takes no Idempotency-Key: `after` names the version before it, so a second call finds another.
    """
    rows: list[Row] = body.rows()
    made = price_lists.publish(
        actor, selling_list, rows, from_on=body.from_on, after=body.after, note=body.note, confirmed=body.confirmed, now=now
    )
    return shapes.version(made)
