"""Vendors, products and offers are rows of whoever buys from the vendor (the provider); price lists, of whoever sells.

A partner below the provider buys by the provider's price lists and sells by its own. A customer's seat sees none of these
rows: what it is asked to pay is resolved for it, and kept with what it ordered. Source: acceptance CM-2, CM-13.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from purser.postgres.models import TenantModel, Walls, tenant_key


class Vendor(TenantModel):
    """Who sells it to us. `kind` is that of the instances by which it is provisioned (config/vendors.py)."""

    walls: ClassVar[Walls] = Walls(history=True)

    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "name"], name="vendor_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Product(TenantModel):
    """`category` and `group` are how people find it: category, then billing cycle, then product group. Source: CM-10."""

    walls: ClassVar[Walls] = Walls(history=True)

    vendor = tenant_key(Vendor, related_name="products")
    name = models.CharField(max_length=200)
    category = models.CharField(max_length=100)
    group = models.CharField(max_length=100)
    description = models.TextField(max_length=4000, blank=True)
    created_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "vendor", "name"], name="product_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Cycle(models.TextChoices):
    MONTHLY = "monthly", "Monthly"
    YEARLY = "yearly", "Yearly"


class Offer(TenantModel):
    """A product under terms: how often it is billed, for how long it binds.

    `code` is the item code. `term_months`: 0 binds for no longer than the cycle. `cancel_days`: after the start or a renewal
    of a term, how long it can still be cancelled. `addon_of`: the product whose subscriptions it can be added to. `metered`:
    what is billed is what `meter` (the vendor's name of a usage) counted, by `unit`; the quantity is 1 then. `provides` is
    what the vendor switches on for it: {"services": [...], "mode": ...}. `maximum` None: no limit. Source: acceptance CM-10
    to CM-18, AC-37.
    """

    walls: ClassVar[Walls] = Walls(history=True)

    product = tenant_key(Product, related_name="offers")
    code = models.CharField(max_length=60)
    name = models.CharField(max_length=200)
    cycle = models.CharField(max_length=8, choices=Cycle.choices)
    term_months = models.IntegerField(default=0)
    cancel_days = models.IntegerField(default=0)
    unit = models.CharField(max_length=40, default="licence")
    minimum = models.IntegerField(default=1)
    maximum = models.IntegerField(null=True)
    addon_of = tenant_key(Product, null=True, related_name="addons")
    trial = models.BooleanField(default=False)
    metered = models.BooleanField(default=False)
    meter = models.CharField(max_length=120, blank=True)
    provides = models.JSONField(default=dict)
    withdrawn_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "code"], name="offer_code_once"),
            models.CheckConstraint(condition=Q(cycle__in=Cycle.values), name="offer_cycle_known"),
            models.CheckConstraint(
                condition=Q(minimum__gte=1, term_months__gte=0, cancel_days__gte=0), name="offer_not_below_nought"
            ),
            models.CheckConstraint(
                condition=Q(maximum=None) | Q(maximum__gte=F("minimum")), name="offer_maximum_above_minimum"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Side(models.TextChoices):
    COST = "cost", "What the vendor asks"
    SELL = "sell", "What we ask"


class PriceList(TenantModel):
    """Prices in one currency: for everybody the seller sells to (`buyer` None), or for one of them.

    `side`: a provider keeps what its vendor asks as a list as well. `floor_percent`: below this margin a price is published,
    and an order taken, only when confirmed. Source: acceptance CM-13, CM-64.
    """

    walls: ClassVar[Walls] = Walls(history=True)

    side = models.CharField(max_length=4, choices=Side.choices, default=Side.SELL)
    buyer = models.UUIDField(null=True)
    buyer_name = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=100)
    currency = models.CharField(max_length=3)
    floor_percent = models.DecimalField(max_digits=5, decimal_places=2, null=True)
    created_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "side", "buyer", "currency"], name="price_list_of_whom_once", nulls_distinct=False
            ),
            models.UniqueConstraint(fields=["tenant", "name"], name="price_list_name_once"),
            models.CheckConstraint(condition=Q(side__in=Side.values), name="price_list_side_known"),
            models.CheckConstraint(condition=Q(side="sell") | Q(buyer=None), name="price_list_cost_is_our_own"),
        ]

    def __str__(self) -> str:
        return self.name


class PriceVersion(TenantModel):
    """All prices of a list from the day `from_on` on, until a later version holds; published whole, never changed.

    Of two with the same day the higher number holds. Source: acceptance CM-13, CM-14.
    """

    walls: ClassVar[Walls] = Walls(append_only=True)

    price_list = tenant_key(PriceList, related_name="versions")
    number = models.IntegerField()
    from_on = models.DateField()
    published_at = models.DateTimeField()
    published_by_name = models.CharField(max_length=254)
    note = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "price_list", "number"], name="price_version_number_once"),
        ]
        indexes = [models.Index(fields=["tenant", "price_list", "-from_on", "-number"], name="price_version_in_force")]


class Price(TenantModel):
    """What one unit of an offer costs for one cycle. The offer is a row of the provider's: it is named, not pointed at."""

    walls: ClassVar[Walls] = Walls(append_only=True)

    price_version = tenant_key(PriceVersion, related_name="prices")
    offer = models.UUIDField()
    code = models.CharField(max_length=60)
    amount = models.DecimalField(max_digits=16, decimal_places=6)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "price_version", "offer"], name="price_once"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="price_not_below_nought"),
        ]
