"""A distributor that buys from a vendor, a reseller below it, a customer of the reseller, and a direct one; with offers, price
lists and an instance that everybody is synced with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from purser.access.actors import Actor
from purser.access.models import Person
from purser.catalog.models import Offer, Price, PriceList, PriceVersion, Product, Vendor
from purser.postgres import ids, tenancy
from purser.provisioning.models import Account, Instance
from purser.subscriptions import approvals, orders
from purser.subscriptions.models import LineKind, Order, Subscription, SubscriptionState, Trigger
from purser.subscriptions.wanted import Asked
from purser.tenants.models import Organisation
from tests.access import kit
from tests.partners.kit import Chain, chain

# What the sellers pay and what they must never be seen to pay: no other number of these tests has these digits.
COST, BUYS = Decimal("3.141593"), Decimal("5.271829")
SELLS = Decimal("8.50")
LONG_AGO = date(2020, 1, 1)


@dataclass
class Shop:
    """`offers` by code: BASE (licences), ADD (an add-on of it), TRY (a trial), YEAR (yearly, 5 to 50), METER."""

    chain: Chain
    instance: Instance
    offers: dict[str, Offer] = field(default_factory=dict)
    lists: dict[tuple[UUID, UUID | None, str], PriceList] = field(default_factory=dict)

    @property
    def customer(self) -> Organisation:
        return self.chain.customer

    @property
    def reseller(self) -> Organisation:
        return self.chain.reseller

    def owner(self) -> Actor:
        """Of the reseller."""
        return kit.actor(self.reseller, self.chain.owner)

    def admin(self, who: Person | None = None) -> Actor:
        """Of the customer."""
        return self.chain.as_admin(who)

    def publish(self, seller: Organisation, prices: dict[str, Decimal], **at: Any) -> PriceVersion:
        """A version of one of a seller's lists, with these prices and no others."""
        return publish(self, seller, prices, **at)

    def place(self, actor: Actor, *lines: Asked, customer: Organisation | None = None, **more: Any) -> Order:
        wanted = {"once": ids.new().hex, "now": kit.now(), **more}
        return orders.place(actor, customer=(customer or self.customer).pk, lines=lines, **wanted)

    def new(self, code: str = "BASE", quantity: int = 3, **more: Any) -> Asked:
        return Asked(LineKind.CREATE, quantity, offer=self.offers[code].pk, **more)

    def subscriptions(self, customer: Organisation | None = None) -> list[Subscription]:
        with tenancy.acting_in((customer or self.customer).pk):
            return list(Subscription.objects.select_related("base").order_by("ordered_at", "id"))

    def live(self, code: str = "BASE", quantity: int = 3) -> Subscription:
        """One that the reseller ordered, and the vendor has."""
        order = self.place(self.owner(), self.new(code, quantity))
        with tenancy.acting_in(self.customer.pk):
            row: Subscription = Subscription.objects.get(lines__order=order)
            row.state, row.started_on = SubscriptionState.ACTIVE, kit.now().date()
            row.save()
        return row

    def sync(self, organisation: Organisation, role: str = "user") -> Account:
        with tenancy.acting_in(organisation.pk):
            made: Account = Account.objects.create(
                partner_id=organisation.parent_id, distributor_id=organisation.distributor_id, name=organisation.name,
                provider=self.instance.tenant_id, instance=self.instance.pk, instance_name=self.instance.name,
                kind=self.instance.kind, role=role, username=f"user-{organisation.pk}",
                email=f"user-{organisation.pk}@example.com", reference=f"purser-{organisation.pk}", synced_at=kit.now(),
            )  # fmt: skip
        return made

    def unsync(self, organisation: Organisation) -> None:
        with tenancy.acting_in(organisation.pk):
            Account.objects.all().delete()


def shop(*, name: str = "Alder Dental") -> Shop:
    return stocked(chain(name=name))


def stocked(made: Chain, instance: Instance | None = None) -> Shop:
    """The same for organisations that are there; synced with an instance of its own unless there is one."""
    provider, synced = made.distributor, instance is None
    if instance is None:
        with tenancy.acting_in(provider.pk):
            instance = Instance.objects.create(kind="acronis", name="Acronis EU", state="ready", created_at=kit.now())
    found = Shop(made, instance)
    with tenancy.acting_in(provider.pk):
        vendor = Vendor.objects.create(kind="acronis", name="Acronis", created_at=kit.now())
        base = _product(vendor, "Cyber Protect", "Backup", "Workloads")
        extra = _product(vendor, "Advanced Security", "Backup", "Add-ons")
        suite = _product(vendor, "Office suite", "Productivity", "Suites")
        found.offers = {
            "BASE": _offer(base, "BASE", "Cyber Protect per workload"),
            "ADD": _offer(extra, "ADD", "Advanced Security pack", addon_of=base),
            "TRY": _offer(base, "TRY", "Cyber Protect trial", trial=True),
            "YEAR": _offer(suite, "YEAR", "Office suite yearly", cycle="yearly", term_months=12, minimum=5, maximum=50),
            "METER": _offer(base, "METER", "Cloud storage", metered=True, meter="storage", unit="GB"),
        }
    publish(found, provider, dict.fromkeys(found.offers, COST), side="cost")
    publish(found, provider, dict.fromkeys(found.offers, BUYS))
    publish(found, made.reseller, dict.fromkeys(found.offers, SELLS), floor=Decimal(20))
    if synced:
        found.sync(made.reseller, "reseller")
        found.sync(made.customer)
    return found


def publish(
    made: Shop,
    seller: Organisation,
    prices: dict[str, Decimal],
    *,
    side: str = "sell",
    buyer: UUID | None = None,
    currency: str = "EUR",
    from_on: date = LONG_AGO,
    floor: Decimal | None = None,
) -> PriceVersion:
    with tenancy.acting_in(seller.pk):
        words = f"{side} {buyer or 'all'} {currency}"
        of, _ = PriceList.objects.get_or_create(
            side=side, buyer=buyer, currency=currency, defaults={"name": words[:100], "created_at": kit.now()}
        )
        if floor is not None:
            of.floor_percent = floor
            of.save()
        number = PriceVersion.objects.filter(price_list=of).count() + 1
        version: PriceVersion = PriceVersion.objects.create(
            price_list=of, number=number, from_on=from_on, published_at=kit.now(), published_by_name="test"
        )
        Price.objects.bulk_create(
            Price(price_version=version, offer=made.offers[code].pk, code=code, amount=amount)
            for code, amount in prices.items()
        )
    return version


def withdraw(made: Shop, code: str) -> None:
    offer = made.offers[code]
    with tenancy.acting_in(offer.tenant_id):
        Offer.objects.filter(pk=offer.pk).update(withdrawn_at=kit.now())


def change(made: Shop, code: str, **terms: Any) -> None:
    """The provider sells an offer under other terms from now on."""
    offer = made.offers[code]
    with tenancy.acting_in(offer.tenant_id):
        Offer.objects.filter(pk=offer.pk).update(**terms)


def approving(made: Shop, triggers: Sequence[str] | None = None, *, over: str = "0.00", on: bool = True) -> None:
    """The reseller approves; all triggers unless told otherwise."""
    chosen = frozenset(Trigger.values if triggers is None else triggers)
    approvals.keep(made.owner(), approvals.Rule(on, chosen, Decimal(over)), [], seen=seen(made), now=kit.now())


def seen(made: Shop) -> dict[UUID | None, int]:
    """The reseller's rules by customer, in the version that they have now."""
    with tenancy.acting_in(made.reseller.pk):
        return {one.customer: one.version for one in approvals.all_of(made.reseller.pk)}


def _product(vendor: Vendor, name: str, category: str, group: str) -> Product:
    made: Product = Product.objects.create(
        vendor=vendor, name=name, category=category, group=group, description=f"What {name} does.", created_at=kit.now()
    )
    return made


def _offer(product: Product, code: str, name: str, **more: Any) -> Offer:
    fields: dict[str, Any] = {"cycle": "monthly", "provides": {"services": ["protection"], "mode": "per_workload"}}
    made: Offer = Offer.objects.create(product=product, code=code, name=name, created_at=kit.now(), **{**fields, **more})
    return made
