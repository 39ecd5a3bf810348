"""What metered subscriptions used, as their vendors tell it, and what each billing cycle of them costs the customer.

Rows are the customer's, are never changed, and bear no cost. Source: acceptance AC-37, CM-2.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from purser.postgres.models import Walls, tenant_key
from purser.subscriptions.models.subscriptions import Subscription
from purser.tenants.models import CHAIN, Sold


class Counts(models.TextChoices):
    """How a vendor counts. `LEVEL`: what stands there, whatever the month. `SUM`: what was used since its month began.
    `AVERAGE`: of the days since its month began.
    """

    LEVEL = "level", "A level"
    SUM = "sum", "A sum since the month began"
    AVERAGE = "average", "An average since the month began"


class MeterReading(Sold):
    """What the vendor's counter showed, in the subscription's unit: since `since` (the start of the vendor's month; None where
    it does not say) up to the day `on` in UTC, which is the day it was read, or the last of that month, or of the
    subscription, where it was read later.

    `before`: what of it was counted before this subscription began, or before who sells it now, within the same month.
    """

    walls: ClassVar[Walls] = replace(CHAIN, append_only=True)

    subscription = tenant_key(Subscription, related_name="readings")
    on = models.DateField()
    value = models.DecimalField(max_digits=24, decimal_places=9)
    counts = models.CharField(max_length=7, choices=Counts.choices)
    before = models.DecimalField(max_digits=24, decimal_places=9)
    since = models.DateTimeField(null=True)
    read_at = models.DateTimeField()

    class Meta(Sold.Meta):
        constraints = [
            *Sold.Meta.constraints,
            models.CheckConstraint(condition=Q(value__gte=0, before__gte=0), name="meter_reading_not_below_nought"),
            models.CheckConstraint(condition=Q(counts__in=Counts.values), name="meter_reading_counts_known"),
        ]
        indexes = [models.Index(fields=["tenant", "subscription", "on", "read_at"], name="meter_reading_of_subscription")]


class CycleCharge(Sold):
    """What a cycle from `from_on` up to but not including `to_on` costs the customer: `quantity` at `price`, as `reading`
    told, which decides among `readings` (cycles.Cycle); or nought, as somebody said, `why`. It is a row of who sold it then.

    A correction (`corrects`) is billed with the later cycle that begins on `billed_with`. It says quantity and price of its
    cycle anew; its amount is what was missing, or too much. Source: acceptance AC-37, CM-20.
    """

    walls: ClassVar[Walls] = replace(CHAIN, append_only=True)

    subscription = tenant_key(Subscription, related_name="charges")
    customer_name = models.CharField(max_length=200)
    number = models.CharField(max_length=20)
    offer_name = models.CharField(max_length=200)
    unit = models.CharField(max_length=40)
    from_on = models.DateField()
    to_on = models.DateField()
    billed_with = models.DateField()
    corrects = tenant_key("subscriptions.CycleCharge", null=True, related_name="corrections")
    quantity = models.DecimalField(max_digits=24, decimal_places=9)
    price = models.DecimalField(max_digits=16, decimal_places=6)
    amount = models.DecimalField(max_digits=24, decimal_places=6)
    currency = models.CharField(max_length=3)
    listed = models.CharField(max_length=200)
    reading = tenant_key(MeterReading, null=True, related_name="+")
    readings = models.IntegerField()
    why = models.CharField(max_length=500, blank=True)
    made_at = models.DateTimeField()
    by_name = models.CharField(max_length=254)

    class Meta(Sold.Meta):
        constraints = [
            *Sold.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "subscription", "from_on", "billed_with"], name="cycle_charged_once"),
            models.CheckConstraint(condition=Q(to_on__gt=F("from_on")), name="cycle_ends_after_it_begins"),
            models.CheckConstraint(condition=Q(quantity__gte=0, price__gte=0), name="cycle_charge_not_below_nought"),
            models.CheckConstraint(
                condition=Q(corrects=None, billed_with=F("from_on"))
                | Q(corrects__isnull=False) & ~Q(billed_with=F("from_on")),
                name="cycle_correction_is_billed_with_another",
            ),
            models.CheckConstraint(
                condition=Q(reading__isnull=False) | Q(quantity=0) & ~Q(why=""), name="cycle_charge_has_a_reading_or_a_reason"
            ),
        ]
        indexes = [
            models.Index(fields=["partner", "-from_on", "-id"], name="cycle_charge_of_partner"),
            models.Index(fields=["distributor", "-from_on", "-id"], name="cycle_charge_of_distributor"),
        ]
