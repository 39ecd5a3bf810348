"""What the adviser found to take back, and what became of it. The rows are the partner's and bear no name of anybody: who a
person is stays in the customer's tenant, and is read there by whoever may.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from purser.postgres.models import TenantModel, Walls, tenant_key


class AdvicePlan(TenantModel):
    """People to unlicense before `before`: `units` less to the end of next month, `late` less a moment later.

    `money` is what the units cost at the price for one of the package `package`. `carry`, `carry_then`: the peak that next
    month opens with, without and with the plan. `others`: how many more there are in customers that did not agree, by id.
    """

    walls: ClassVar[Walls] = Walls(history=True)

    on = models.DateField()
    before = models.DateTimeField()
    units = models.IntegerField()
    late = models.IntegerField()
    carry = models.IntegerField()
    carry_then = models.IntegerField()
    money = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3)
    package = models.CharField(max_length=40)
    others = models.JSONField(default=dict)
    made_at = models.DateTimeField()
    made_by_name = models.CharField(max_length=254)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(condition=Q(units__gte=0, late__gte=0), name="advice_saves_nothing_below_nought"),
        ]
        indexes = [models.Index(fields=["tenant", "made_at", "id"], name="advice_plan_by_time")]


class Reason(models.TextChoices):
    GONE = "gone", "Left the directory"
    DISABLED = "disabled", "The account is disabled"
    NO_MAILBOX = "no_mailbox", "Has no mailbox"
    OUTSIDE = "outside", "In no collection chosen for Auto-License"


class AdviceState(models.TextChoices):
    OFFERED = "offered", "Offered"
    INTENDED = "intended", "Under way"
    TAKEN = "taken", "Unlicensed"
    REFUSED = "refused", "Not done"
    RETURNED = "returned", "Licensed again"


class AdviceStep(TenantModel):
    """One person of a customer: `licence` is what the plan would end.

    From when on and by whom it is taken is kept before the licence is ended, so that a step cut off in between is known again.
    """

    walls: ClassVar[Walls] = Walls(history=True)

    plan = tenant_key(AdvicePlan, related_name="steps")
    customer = models.UUIDField()
    user = models.UUIDField()
    licence = models.UUIDField()
    reason = models.CharField(max_length=10, choices=Reason.choices)
    state = models.CharField(max_length=8, choices=AdviceState.choices, default=AdviceState.OFFERED)
    taken_at = models.DateTimeField(null=True)
    taken_by_name = models.CharField(max_length=254, blank=True)
    text = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "plan", "customer", "user"], name="advice_step_once"),
            models.CheckConstraint(condition=Q(reason__in=Reason.values), name="advice_reason_known"),
            models.CheckConstraint(condition=Q(state__in=AdviceState.values), name="advice_state_known"),
        ]
