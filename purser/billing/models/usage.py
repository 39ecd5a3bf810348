"""A partner in the programme, the facts of its days, and what each day costs. Every row is the partner's."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from purser.postgres.models import TenantModel, Walls
from purser.rating.policy import Scope


class Programme(TenantModel):
    """A partner's part in the programme of daily units; one row, from the first day on.

    `auto_on`: an exhausted balance buys `default_package` by the card on file, for at most `cap` (money, of `currency`) a
    day; None is no purchase at all. Source: decisions F-2, F-3, F-7; acceptance CS-57.
    """

    walls: ClassVar[Walls] = Walls(history=True, operator_reads=True, meter_reads=("tenant_id",))

    currency = models.CharField(max_length=3, default="USD")
    default_package = models.CharField(max_length=40, blank=True)
    auto_on = models.BooleanField(default=False)
    cap = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    created_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], name="programme_once"),
            models.CheckConstraint(condition=Q(cap=None) | Q(cap__gt=0), name="programme_cap_above_nought"),
        ]


class Stint(TenantModel):
    """From `from_on` on the partner's days are counted, up to before `until_on` (None: still are). Who leaves and comes back
    has two. `zone` is the billing time zone that its days close in.
    """

    walls: ClassVar[Walls] = Walls(history=True, operator_reads=True, meter_reads=("tenant_id", "from_on", "until_on", "zone"))

    from_on = models.DateField()
    until_on = models.DateField(null=True)
    zone = models.CharField(max_length=60)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "from_on"], name="stint_day_once"),
            models.UniqueConstraint(fields=["tenant"], condition=Q(until_on=None), name="stint_one_open"),
            models.CheckConstraint(condition=Q(until_on=None) | Q(until_on__gte=F("from_on")), name="stint_not_backwards"),
        ]


class Terms(TenantModel):
    """How a month of counts becomes units, from a first of a month on: rating.policy.Terms as data. The operator's own rows
    are what a partner starts with. Source: acceptance CS-43 to CS-48.
    """

    walls: ClassVar[Walls] = Walls(
        history=True,
        operator_reads=True,
        meter_reads=("tenant_id", "from_on", "billable_days", "ratchet", "true_up", "carry_over", "scope"),
    )

    from_on = models.DateField()
    billable_days = models.IntegerField()
    ratchet = models.BooleanField()
    true_up = models.BooleanField()
    carry_over = models.BooleanField()
    scope = models.CharField(max_length=7, choices=[(scope.value, scope.name.title()) for scope in Scope])

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "from_on"], name="terms_once"),
            models.CheckConstraint(condition=Q(billable_days__gte=1, billable_days__lte=31), name="terms_billable_days"),
            models.CheckConstraint(condition=Q(scope__in=[scope.value for scope in Scope]), name="terms_scope_known"),
        ]


class Close(TenantModel):
    """What a partner had at the end of the day `on`: a fact, whole in one row, and never edited.

    `tenants` and `counts` are its customers with licensed users, each with how many; `users` their sum. What is learned later
    is the next `version`, with the reason in `text`. `closes_at` is the instant that was counted at.
    Source: acceptance CS-42, CS-43, CS-48; decision F-5.
    """

    walls: ClassVar[Walls] = Walls(append_only=True, operator_reads=True, meter_writes=True)

    on = models.DateField()
    version = models.IntegerField(default=1)
    closes_at = models.DateTimeField()
    known_at = models.DateTimeField()
    users = models.IntegerField()
    tenants = ArrayField(models.UUIDField(), default=list)
    counts = ArrayField(models.IntegerField(), default=list)
    text = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "on", "version"], name="close_version_once"),
            models.CheckConstraint(condition=Q(users__gte=0), name="close_users_not_negative"),
            models.CheckConstraint(condition=Q(version__gte=1), name="close_version_from_one"),
            models.CheckConstraint(condition=Q(version=1) | ~Q(text=""), name="close_corrected_with_reason"),
            models.CheckConstraint(condition=Q(tenants__len=F("counts__len")), name="close_counts_each_tenant"),
        ]


class Charge(TenantModel):
    """What the day `on` costs, as rated from its close and those before it. The highest version stands.

    In the books it is the entry of source "day:<on>:<version>" (usage/charging.py). Source: acceptance CS-44 to CS-47.
    """

    walls: ClassVar[Walls] = Walls(append_only=True, operator_reads=True, meter_writes=True)

    on = models.DateField()
    version = models.IntegerField(default=1)
    close_version = models.IntegerField()
    users = models.IntegerField()
    peak = models.IntegerField()
    units = models.IntegerField()
    made_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "on", "version"], name="charge_version_once"),
            models.CheckConstraint(condition=Q(users__gte=0, peak__gte=0, units__gte=0), name="charge_not_negative"),
            models.CheckConstraint(condition=Q(units__lte=F("peak")), name="charge_at_most_peak"),
        ]
