"""Makers for the tests of subscriptions: offers with prices of each tier, and subscriptions that are held."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from purser.catalog import selling
from purser.catalog.models import Offer, Price, PriceList, PriceVersion, Product, Vendor
from purser.postgres import ids, tenancy
from purser.subscriptions import beginning, lifecycle, tiers
from purser.subscriptions.keeping import By
from purser.subscriptions.models import LineKind, Order, OrderLine, OrderState, Source, Subscription
from tests.partners.kit import Chain, chain

US = By("Ada of Acme", Source.US)
START = date(2026, 1, 31)


def at(day: date, hour: int = 9) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=UTC)


@dataclass
class Shop:
    """A chain with a product of the distributor's, which it sells to the reseller and that to the customer."""

    chain: Chain = field(default_factory=chain)
    offers: dict[str, UUID] = field(default_factory=dict)
    product: UUID = field(default_factory=ids.new)
    start: date = START

    def __post_init__(self) -> None:
        with tenancy.acting_in(self.provider):
            vendor = Vendor.objects.create(kind="acronis", name="Acronis", created_at=at(START))
            made = Product.objects.create(
                vendor=vendor, name="Cyber Protect", category="Backup", group="Protection", created_at=at(START)
            )
        self.product = made.pk

    @property
    def provider(self) -> UUID:
        return self.chain.distributor.pk

    @property
    def customer(self) -> UUID:
        return self.chain.customer.pk

    def offer(self, code: str = "CP", *, prices: tuple[str, str, str] = ("6", "8", "10"), **more: Any) -> UUID:
        """What the vendor asks the distributor, this the reseller, and that the customer, from `start` on."""
        given: dict[str, Any] = {"name": f"Protect {code}", "cycle": "monthly", "maximum": 500, **more}
        with tenancy.acting_in(self.provider):
            made = Offer.objects.create(product_id=self.product, code=code, created_at=at(START), **given)
        self.offers[code] = made.pk
        self.publish(self.provider, code, prices[0], side="cost", on=self.start)
        self.publish(self.provider, code, prices[1], on=self.start)
        self.publish(self.chain.reseller.pk, code, prices[2], on=self.start)
        return made.pk

    def publish(self, seller: UUID, code: str, amount: str, *, on: date = START, side: str = "sell") -> None:
        """The list of this seller as it was, with this price, from a day on."""
        with tenancy.acting_in(seller):
            held, _ = PriceList.objects.get_or_create(
                side=side, buyer=None, currency="EUR", defaults={"name": f"List {side}", "created_at": at(on)}
            )
            last = PriceVersion.objects.filter(price_list=held).order_by("-number").first()
            made = PriceVersion.objects.create(
                price_list=held, number=last.number + 1 if last else 1, from_on=on, published_at=at(on),
                published_by_name="Ada",
            )  # fmt: skip
            prices = {one.offer: one for one in Price.objects.filter(price_version=last)} if last else {}
            for offer, one in prices.items():
                if offer != self.offers[code]:
                    Price.objects.create(price_version=made, offer=offer, code=one.code, amount=one.amount)
            Price.objects.create(price_version=made, offer=self.offers[code], code=code, amount=Decimal(amount))

    def order(
        self, code: str = "CP", quantity: int = 5, *, on: date = START, base: Subscription | None = None, by: By = US
    ) -> Subscription:
        """Ordered, with what each tier makes of it kept."""
        offer = selling.one(buyer=self.customer, offer=self.offers[code], on=on)
        with tenancy.acting_in(self.customer):
            head = Order.objects.create(
                partner_id=self.chain.reseller.pk, distributor_id=self.provider, customer_name=self.chain.customer.name,
                number=f"O-{ids.new().hex[-8:]}", once=ids.new().hex, state=OrderState.APPROVED, raised_at=at(on),
                raised_by_name="Ada", raised_from=self.chain.reseller.pk,
            )  # fmt: skip
            line = OrderLine.objects.create(
                partner_id=self.chain.reseller.pk, distributor_id=self.provider, order=head, position=1, base=base,
                kind=LineKind.ADDON if base else LineKind.CREATE, offer=offer.offer, offer_code=offer.code,
                offer_name=offer.name, instance=ids.new(), after=quantity, price=offer.price, currency=offer.currency,
            )  # fmt: skip
            made = beginning.begin(id=ids.new(), line=line, offer=offer, account=None, instance=ids.new(), by=by, now=at(on))
        tiers.keep(made.pk, self.customer, offer.tiers, from_on=on, now=at(on))
        return made

    def active(self, code: str = "CP", quantity: int = 5, *, on: date = START, **more: Any) -> Subscription:
        made = self.order(code, quantity, on=on, **more)
        with tenancy.acting_in(self.customer):
            for state in ("provisioning", "active"):
                lifecycle.step(made, state, by=US, now=at(on))
        return made

    def read(self, made: Subscription) -> Subscription:
        with tenancy.acting_in(self.customer):
            return lifecycle.of(made.pk)


def days(count: int) -> timedelta:
    return timedelta(days=count)
