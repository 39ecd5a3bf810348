"""Orders and their approval. An order is the customer's row, whoever raised it; the rules of approval are the seller's."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from django.db import models
from django.db.models import Q

from purser.postgres.models import TenantModel, Walls, tenant_key
from purser.subscriptions.models.subscriptions import Subscription
from purser.tenants.models import CHAIN, Sold


class Trigger(models.TextChoices):
    """What of a customer's order stops it until the reseller has approved. Source: acceptance CM-43."""

    PAID = "create_paid", "A new paid subscription"
    TRIAL = "create_trial", "A new trial"
    QUANTITY = "quantity", "A change of quantity"
    ADDON = "addon", "An add-on added or removed"
    ADDON_QUANTITY = "addon_quantity", "A change of an add-on's quantity"
    RENEWAL = "renewal", "A change of the renewal setting"
    ENDING = "ending", "A cancellation"


class ApprovalRule(TenantModel):
    """What of its customers' orders a seller approves: the default (`customer` None), or for one of them instead.

    `over`: only what costs at least this much a cycle and subscription waits, in the currency of its price; 0.00 is
    everything, and what is metered always waits. Source: acceptance CM-42 to CM-44.
    """

    walls: ClassVar[Walls] = Walls(history=True)

    customer = models.UUIDField(null=True)
    on = models.BooleanField(default=True)
    triggers = models.JSONField(default=list)
    over = models.DecimalField(max_digits=14, decimal_places=2, default=0)
    changed_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "customer"], name="approval_rule_once", nulls_distinct=False),
            models.CheckConstraint(condition=Q(over__gte=0), name="approval_rule_not_below_nought"),
        ]


class OrderState(models.TextChoices):
    """Source: acceptance CM-44. An order that needs no approval is approved at once."""

    NEW = "new", "New"
    APPROVED = "approved", "Approved"
    REJECTED = "rejected", "Rejected"
    CANCELLED = "cancelled", "Cancelled"


# From each state to those it may go to; `orders.step` refuses the rest and a test walks every pair.
ORDER_STEPS: dict[str, frozenset[str]] = {
    "new": frozenset({"approved", "rejected", "cancelled"}),
    "approved": frozenset(),
    "rejected": frozenset(),
    "cancelled": frozenset(),
}


class Order(Sold):
    """What a customer asked for, or its seller for it, in lines. `once` is the form's: sent twice it is one order.

    `raised_from` is the organisation of who raised it. `triggers` are those that stopped it. An order that is approved is
    carried out. Source: acceptance CM-42 to CM-45.
    """

    walls: ClassVar[Walls] = replace(CHAIN, history=True)

    customer_name = models.CharField(max_length=200)
    number = models.CharField(max_length=20)
    once = models.CharField(max_length=64)
    state = models.CharField(max_length=9, choices=OrderState.choices, default=OrderState.NEW)
    triggers = models.JSONField(default=list)
    raised_at = models.DateTimeField()
    raised_by = models.UUIDField(null=True)
    raised_by_name = models.CharField(max_length=254)
    raised_from = models.UUIDField()
    note = models.CharField(max_length=500, blank=True)
    decided_at = models.DateTimeField(null=True)
    decided_by = models.UUIDField(null=True)
    decided_by_name = models.CharField(max_length=254, blank=True)
    comment = models.CharField(max_length=500, blank=True)
    version = models.IntegerField(default=1)

    class Meta(Sold.Meta):
        constraints = [
            *Sold.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "number"], name="order_number_once"),
            models.UniqueConstraint(fields=["tenant", "once"], name="order_sent_once"),
            models.CheckConstraint(condition=Q(state__in=OrderState.values), name="order_state_known"),
            models.CheckConstraint(
                condition=~Q(state__in=("approved", "rejected"))
                | Q(decided_by=None)
                | Q(triggers=[])
                | ~Q(decided_by=models.F("raised_by")),
                name="order_not_approved_by_its_raiser",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-raised_at", "-id"], name="order_of_customer"),
            models.Index(fields=["partner", "state", "-raised_at"], name="order_of_partner"),
            models.Index(fields=["distributor", "state", "-raised_at"], name="order_of_distributor"),
        ]


class LineKind(models.TextChoices):
    CREATE = "create", "New subscription"
    ADDON = "addon", "Add-on"
    QUANTITY = "quantity", "Change of quantity"
    CANCEL = "cancel", "Cancellation"
    SUSPEND = "suspend", "Suspension"
    RESUME = "resume", "Lifting of a suspension"
    RENEWAL = "renewal", "Renewal setting"


class OrderLine(Sold):
    """One thing asked for. `subscription` is what it changes, or what came of it once approved; `base` what an add-on is for.

    `price` is what was shown when it was asked, for a unit and cycle, and `terms` what it was shown under (selling.terms_of);
    `before` and `after` the quantities (for a renewal setting 0 or 1). Source: acceptance CM-12, CM-13, CM-45.
    """

    walls: ClassVar[Walls] = replace(CHAIN, history=True)

    order = tenant_key(Order, related_name="lines")
    position = models.IntegerField()
    kind = models.CharField(max_length=8, choices=LineKind.choices)
    subscription = tenant_key(Subscription, null=True, related_name="lines")
    base = tenant_key(Subscription, null=True, related_name="+")
    offer = models.UUIDField()
    offer_code = models.CharField(max_length=60)
    offer_name = models.CharField(max_length=200)
    instance = models.UUIDField(null=True)
    before = models.IntegerField(default=0)
    after = models.IntegerField()
    price = models.DecimalField(max_digits=16, decimal_places=6)
    currency = models.CharField(max_length=3)
    listed = models.CharField(max_length=200, blank=True)
    terms = models.CharField(max_length=300)

    class Meta(Sold.Meta):
        constraints = [
            *Sold.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "order", "position"], name="order_line_position_once"),
            models.CheckConstraint(condition=Q(kind__in=LineKind.values), name="order_line_kind_known"),
            models.CheckConstraint(condition=Q(after__gte=0, before__gte=0, price__gte=0), name="order_line_above_nought"),
        ]
