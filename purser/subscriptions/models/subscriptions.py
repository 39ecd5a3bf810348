"""Subscriptions: what a customer has, for how much from when on, what is planned, and every change there was.

Rows are the customer's and carry the selling chain. What it costs each seller is a row of that seller (TierPrice), which no
other seat reads. Source: acceptance CM-2, CM-16 to CM-23.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from purser.postgres.models import TenantModel, Walls, tenant_key
from purser.tenants.models import CHAIN, Sold


class SubscriptionState(models.TextChoices):
    """`ORDERED`: approved, and nothing began. `WAITING`: for something else first (a parent, a task of a person)."""

    ORDERED = "ordered", "Ordered"
    WAITING = "waiting", "Waiting"
    PROVISIONING = "provisioning", "Being provisioned"
    ACTIVE = "active", "Active"
    SUSPENDED = "suspended", "Suspended"
    CANCELLED = "cancelled", "Cancelled"
    ENDED = "ended", "Ended"


# From each state to those it may go to; `lifecycle.step` refuses the rest and a test walks every pair. Cancelled: it will end
# on a day that is known, and can be suspended until then; ended: it has.
SUBSCRIPTION_STEPS: dict[str, frozenset[str]] = {
    "ordered": frozenset({"waiting", "provisioning", "ended"}),
    "waiting": frozenset({"provisioning", "ended"}),
    "provisioning": frozenset({"waiting", "active", "ended"}),
    "active": frozenset({"suspended", "cancelled", "ended"}),
    "suspended": frozenset({"active", "cancelled", "ended"}),
    "cancelled": frozenset({"active", "suspended", "ended"}),
    "ended": frozenset(),
}
LISTED = {("partner", "customer_name"), ("partner", "term_ends_on"), ("distributor", "customer_name")}  # named below
LIVE = ("ordered", "waiting", "provisioning", "active", "suspended", "cancelled")


class Subscription(Sold):
    """An offer that a customer has. Offer, list and instance are rows of others: named, and kept as they were when bought.

    `price` is what the customer is asked for a unit and cycle now; `term_ends_on` the renewal date (the price lock's end),
    None without a term. `base` is what an add-on was added to, and ends with. `quantity` 0 only where it ended. `consumed`:
    what of it is in use, None where the vendor does not say. `due_on`: the next day on which something becomes of it by
    itself. Source: acceptance CM-16 to CM-19.
    """

    walls: ClassVar[Walls] = replace(CHAIN, history=True)

    customer_name = models.CharField(max_length=200)
    number = models.CharField(max_length=20)
    account = tenant_key("provisioning.Account", null=True, related_name="subscriptions")
    base = tenant_key("subscriptions.Subscription", null=True, related_name="addons")
    provider = models.UUIDField()
    instance = models.UUIDField()
    offer = models.UUIDField()
    offer_code = models.CharField(max_length=60)
    offer_name = models.CharField(max_length=200)
    product = models.UUIDField()
    product_name = models.CharField(max_length=200)
    vendor_name = models.CharField(max_length=100)
    cycle = models.CharField(max_length=8)
    term_months = models.IntegerField(default=0)
    cancel_days = models.IntegerField(default=0)
    unit = models.CharField(max_length=40)
    minimum = models.IntegerField(default=1)
    maximum = models.IntegerField(null=True)
    trial = models.BooleanField(default=False)
    metered = models.BooleanField(default=False)
    meter = models.CharField(max_length=120, blank=True)
    provides = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=SubscriptionState.choices, default=SubscriptionState.ORDERED)
    state_text = models.CharField(max_length=500, blank=True)
    quantity = models.IntegerField()
    consumed = models.IntegerField(null=True)
    price = models.DecimalField(max_digits=16, decimal_places=6)
    currency = models.CharField(max_length=3)
    renews = models.BooleanField(default=True)
    ordered_at = models.DateTimeField()
    started_on = models.DateField(null=True)
    term_ends_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    due_on = models.DateField(null=True)
    version = models.IntegerField(default=1)

    class Meta(Sold.Meta):
        constraints = [
            *Sold.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "number"], name="subscription_number_once"),
            models.CheckConstraint(condition=Q(state__in=SubscriptionState.values), name="subscription_state_known"),
            models.CheckConstraint(
                condition=Q(quantity__gte=1) | Q(quantity=0, state="ended"), name="subscription_without_quantity_has_ended"
            ),
            models.CheckConstraint(condition=Q(price__gte=0), name="subscription_price_not_below_nought"),
            models.CheckConstraint(
                condition=~Q(state="cancelled") | Q(ends_on__isnull=False), name="subscription_cancelled_to_a_day"
            ),
            models.CheckConstraint(condition=~Q(base=F("id")), name="subscription_base_is_another"),
        ]
        indexes = [
            models.Index(fields=["tenant", "state", "offer_name", "id"], name="subscription_of_customer"),
            models.Index(fields=["partner", "customer_name", "id"], name="subscription_of_partner"),
            models.Index(fields=["partner", "term_ends_on", "id"], name="subscription_renewals"),
            models.Index(fields=["distributor", "customer_name", "id"], name="subscription_of_distributor"),
            models.Index(fields=["tenant", "base"], name="subscription_addons"),
            models.Index(fields=["due_on"], name="subscription_due"),
            # lists over tenants walk one of these in order, whatever seat they are read from
            *(
                models.Index(fields=[*seat, column, "id"], name=f"sold_{'_'.join([*seat, column])}")
                for seat in (["partner"], ["distributor"], [])
                for column in ("customer_name", "offer_name", "price", "quantity", "term_ends_on")
                if (*seat, column) not in LISTED
            ),
        ]

    def __str__(self) -> str:
        return f"{self.offer_name} of {self.customer_name}"


class Source(models.TextChoices):
    """Who changed it. Source: acceptance CM-21."""

    US = "us", "Partner"
    CUSTOMER = "customer", "Customer"
    VENDOR = "vendor", "Vendor"
    SYSTEM = "system", "Purser"


class Event(Sold):
    """A change of a subscription: who, when, old, new, and by whom. The quantity's timeline is its events of "quantity".

    `what`: state, quantity, price, renews, renewed, ends_on. `on` is the day from which it holds. Source: acceptance CM-21.
    """

    walls: ClassVar[Walls] = replace(CHAIN, append_only=True)

    subscription = tenant_key(Subscription, related_name="events")
    at = models.DateTimeField()
    on = models.DateField()
    what = models.CharField(max_length=12)
    old = models.CharField(max_length=300, blank=True)
    new = models.CharField(max_length=300, blank=True)
    source = models.CharField(max_length=8, choices=Source.choices)
    by_name = models.CharField(max_length=254)
    why = models.CharField(max_length=500, blank=True)

    class Meta(Sold.Meta):
        constraints = [
            *Sold.Meta.constraints,
            models.CheckConstraint(condition=Q(source__in=Source.values), name="event_source_known"),
        ]
        indexes = [models.Index(fields=["tenant", "subscription", "-at", "-id"], name="event_of_subscription")]


class SubscriptionPrice(Sold):
    """What the customer is asked for a unit and cycle from `from_on` on. Of two for one day the later made holds.

    `listed` says where it comes from: a price list with its version, or by hand. Source: acceptance CM-13, CM-14, CM-20.
    """

    walls: ClassVar[Walls] = replace(CHAIN, append_only=True)

    subscription = tenant_key(Subscription, related_name="prices")
    from_on = models.DateField()
    price = models.DecimalField(max_digits=16, decimal_places=6)
    currency = models.CharField(max_length=3)
    listed = models.CharField(max_length=200)
    made_at = models.DateTimeField()
    by_name = models.CharField(max_length=254)

    class Meta(Sold.Meta):
        constraints = [
            *Sold.Meta.constraints,
            models.CheckConstraint(condition=Q(price__gte=0), name="subscription_price_above"),
        ]
        indexes = [models.Index(fields=["tenant", "subscription", "-from_on", "-made_at"], name="price_of_subscription")]


class TierPrice(TenantModel):
    """What one seller buys and sells a unit of a customer's subscription for, from `from_on` on. A row of that seller.

    `buyer` is who it sells to: the customer, or the partner below. `cost` None where nobody has said what it costs.
    Source: acceptance CM-2; issue of vendors' tenants, section 6 (margin across tiers).
    """

    walls: ClassVar[Walls] = Walls(append_only=True)

    subscription = models.UUIDField()
    customer = models.UUIDField()
    buyer = models.UUIDField()
    from_on = models.DateField()
    sell = models.DecimalField(max_digits=16, decimal_places=6)
    cost = models.DecimalField(max_digits=16, decimal_places=6, null=True)
    currency = models.CharField(max_length=3)
    listed = models.CharField(max_length=200)
    made_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(condition=Q(sell__gte=0) & (Q(cost=None) | Q(cost__gte=0)), name="tier_price_above"),
        ]
        indexes = [models.Index(fields=["tenant", "subscription", "-from_on", "-made_at"], name="tier_price_of_subscription")]


class PlannedState(models.TextChoices):
    PLANNED = "planned", "Planned"
    DONE = "done", "Done"
    CANCELLED = "cancelled", "Cancelled"
    REFUSED = "refused", "Could not be done"


class PlannedChange(Sold):
    """A change of a subscription that takes effect on a day to come: a quantity, its end, whether it renews."""

    walls: ClassVar[Walls] = replace(CHAIN, history=True)

    subscription = tenant_key(Subscription, related_name="planned")
    on = models.DateField()
    what = models.CharField(max_length=12)
    value = models.CharField(max_length=100)
    state = models.CharField(max_length=9, choices=PlannedState.choices, default=PlannedState.PLANNED)
    text = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField()
    by_name = models.CharField(max_length=254)
    source = models.CharField(max_length=8, choices=Source.choices)
    ended_at = models.DateTimeField(null=True)

    class Meta(Sold.Meta):
        constraints = [
            *Sold.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "subscription", "what"], condition=Q(state="planned"), name="planned_one_open"
            ),
            models.CheckConstraint(condition=Q(state__in=PlannedState.values), name="planned_state_known"),
        ]
        indexes = [models.Index(fields=["tenant", "state", "on"], name="planned_due")]
