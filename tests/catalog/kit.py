"""Makers for the tests of the catalog: a provider with a vendor's offers, sellers below it, and prices at each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from purser.access.actors import Actor
from purser.catalog import offers, price_lists, products
from purser.catalog.models import Offer, PriceList, PriceVersion, Product, Vendor
from purser.catalog.offers import Terms
from purser.catalog.price_lists import Row
from purser.catalog.products import Described
from purser.postgres import ids, tenancy
from purser.tenants.models import Organisation
from tests.access import kit

NOW = datetime(2026, 7, 11, 12, 0, tzinfo=UTC)
TODAY = date(2026, 7, 11)


@dataclass
class Shop:
    """A distributor that provides, its reseller, a customer of the reseller and one of its own. Prices are in EUR."""

    operator: Organisation
    distributor: Organisation
    reseller: Organisation
    customer: Organisation
    direct: Organisation
    now: datetime = NOW
    products: dict[str, Product] = field(default_factory=dict)

    def actor(self, organisation: Organisation) -> Actor:
        return kit.actor(organisation)

    def vendor(self, name: str = "Acronis", kind: str = "acronis", *, of: Organisation | None = None) -> Vendor:
        of = of or self.distributor
        with tenancy.acting_in(of.pk):
            found = Vendor.objects.filter(name=name).first()
            return found or products.make_vendor(self.actor(of), name=name, kind=kind, now=self.now)

    def product(self, name: str = "Cyber Protect", *, of: Organisation | None = None, **more: Any) -> Product:
        of = of or self.distributor
        vendor = self.vendor(of=of)
        with tenancy.acting_in(of.pk):
            found = Product.objects.filter(name=name).first()
            said = Described(name, **{"category": "Backup", "group": "Workloads", **more})
            return found or products.make_product(self.actor(of), vendor.pk, said, now=self.now)

    def offer(self, code: str = "", *, of: Organisation | None = None, product: str = "Cyber Protect", **more: Any) -> Offer:
        of = of or self.distributor
        made = self.product(product, of=of)
        code = code or f"I-{ids.new().hex[-12:]}"
        terms = Terms(**{"code": code, "name": f"Offer {code}", "cycle": "monthly", **more})
        with tenancy.acting_in(of.pk):
            return offers.make(self.actor(of), made.pk, terms, now=self.now)

    def price_list(
        self, of: Organisation, *, side: str = "sell", buyer: Organisation | None = None, currency: str = "EUR", **more: Any
    ) -> PriceList:
        whom = buyer.pk if buyer else None
        with tenancy.acting_in(of.pk):
            held = PriceList.objects.filter(side=side, buyer=whom, currency=currency).first()
        name = more.pop("name", f"{side} {buyer.name if buyer else 'everybody'} {currency}")
        return held or price_lists.make(
            self.actor(of), name=name, side=side, currency=currency, buyer=whom, now=self.now, **more
        )

    def publish(
        self,
        of: Organisation,
        prices: Mapping[UUID, str],
        *,
        from_on: date | None = None,
        after: int | None = None,
        confirmed: bool = False,
        now: datetime | None = None,
        **which: Any,
    ) -> PriceVersion:
        """Publish a version of the list that `which` names, made where it is not there."""
        row = self.price_list(of, **which)
        with tenancy.acting_in(of.pk):
            last = price_lists.last(row.pk)
        rows = [Row(offer, Decimal(amount)) for offer, amount in prices.items()]
        return price_lists.publish(
            self.actor(of), row.pk, rows, from_on=from_on, after=last if after is None else after, confirmed=confirmed,
            now=now or self.now,
        )  # fmt: skip


def shop(now: datetime = NOW) -> Shop:
    operator = kit.operator()
    distributor = kit.distributor(under=operator)
    reseller = kit.reseller(under=distributor)
    return Shop(
        operator,
        distributor,
        reseller,
        kit.customer("Alder Dental", under=reseller),
        kit.customer("Birch Law", under=distributor),
        now,
    )


def stocked(now: datetime = NOW) -> tuple[Shop, Offer]:
    """One offer on sale all the way down: it costs the distributor 5, the reseller 8, the customer 12, the direct one 10."""
    made = shop(now)
    offer = made.offer("P-100")
    made.publish(made.distributor, {offer.pk: "5"}, side="cost")
    made.publish(made.distributor, {offer.pk: "10"})
    made.publish(made.distributor, {offer.pk: "8"}, buyer=made.reseller)
    made.publish(made.reseller, {offer.pk: "12"})
    return made, offer
