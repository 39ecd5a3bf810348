"""Runs, stored plans, receipts, movements and drift: what was seen, decided and done."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from purser.access.models import Person
from purser.links.models.connections import Sync
from purser.links.models.mirror import SourceResource, price, quantity
from purser.links.models.relations import Link
from purser.postgres.models import TenantModel, Walls, tenant_key


class RunState(models.TextChoices):
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    PARTLY = "partly", "Done with failures"
    WAITING = "waiting", "Waits for a person"
    FAILED = "failed", "Failed"


class Run(TenantModel):
    """One pass over a pair. `numbers`: compared, changes, posted, failed, aside, healed, and calls to each side."""

    sync = tenant_key(Sync, related_name="runs")
    cause = models.CharField(max_length=20)
    state = models.CharField(max_length=8, choices=RunState.choices, default=RunState.RUNNING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    text = models.CharField(max_length=500, blank=True)
    numbers = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "sync", "-started_at"]),
            models.Index(fields=["tenant", "-started_at"]),
        ]


class PlanState(models.TextChoices):
    PREVIEW = "preview", "Preview"
    WAITING = "waiting", "Waits for a person"
    APPROVED = "approved", "Approved"
    DRIVEN = "driven", "Posted"
    REJECTED = "rejected", "Rejected"
    OUTDATED = "outdated", "Outdated"


class StoredPlan(TenantModel):
    """A plan somebody can read: rows of old -> new with their money effect. An approval binds to `digest`."""

    walls: ClassVar[Walls] = Walls(history=True, unkept=("changes",))

    sync = tenant_key(Sync, related_name="plans")
    run = tenant_key(Run, related_name="plans", null=True)
    state = models.CharField(max_length=8, choices=PlanState.choices)
    digest = models.CharField(max_length=64)
    changes = models.JSONField(default=list)
    asides = models.JSONField(default=list)
    doubts = models.JSONField(default=list)
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Person, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(Person, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    reason = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "sync", "state", "-made_at"]),
            models.Index(fields=["tenant", "-made_at"]),
        ]


class ReceiptState(models.TextChoices):
    """What became of one step. Open (nothing else may be posted for the link): intended, accepted, refused, busy, unsure."""

    INTENDED = "intended", "Sent, no answer yet"
    ACCEPTED = "accepted", "Accepted, not yet confirmed"
    DONE = "done", "Posted"
    REFUSED = "refused", "Refused"
    BUSY = "busy", "To be tried again"
    UNSURE = "unsure", "Unknown outcome"
    SETTLED = "settled", "Settled by a later posting"
    DROPPED = "dropped", "No longer needed"


# From each state to those it may go to; `receipts.step` refuses the rest and a test walks every pair.
RECEIPT_STEPS: dict[str, frozenset[str]] = {
    "intended": frozenset({"accepted", "done", "refused", "busy", "unsure"}),
    "accepted": frozenset({"done"}),
    "done": frozenset(),
    "refused": frozenset({"intended", "settled", "dropped"}),
    "busy": frozenset({"intended", "settled", "dropped"}),
    "unsure": frozenset({"done", "busy", "intended"}),
    "settled": frozenset(),
    "dropped": frozenset(),
}
OPEN_RECEIPTS = ("intended", "accepted", "refused", "busy", "unsure")
FAILED_RECEIPTS = ("refused", "busy", "unsure")
POSTED_RECEIPTS = ("accepted", "done")


class Receipt(TenantModel):
    """One step on one service: the intention, committed before the call, and its outcome, committed after it.

    `id` is the `once` sent to the vendor. `looked_at` is when a reading first could not tell what became of a lost answer. The
    names are those of the moment, so the log does not change when a customer is renamed. `seen` keeps the readings that led
    here, for "why this number?".
    """

    walls: ClassVar[Walls] = Walls(history=True)

    link = tenant_key(Link, related_name="receipts")
    run = tenant_key(Run, related_name="receipts", null=True)
    plan = tenant_key(StoredPlan, related_name="receipts", null=True)
    state = models.CharField(max_length=8, choices=ReceiptState.choices, default=ReceiptState.INTENDED)
    effective_on = models.DateField()
    units_before = quantity()
    units_after = quantity()
    amount = quantity()
    unit_price = price()
    unit_cost = price()
    currency = models.CharField(max_length=3, blank=True)
    note = models.CharField(max_length=500, blank=True)
    healing = models.BooleanField(default=False)

    company = models.CharField(max_length=300)
    subscription = models.CharField(max_length=300)
    resource = models.CharField(max_length=300)
    customer = models.CharField(max_length=300)
    agreement = models.CharField(max_length=300)
    product = models.CharField(max_length=300)

    code = models.CharField(max_length=30, blank=True)
    text = models.CharField(max_length=1000, blank=True)
    hint = models.CharField(max_length=500, blank=True)
    reference = models.CharField(max_length=120, blank=True)
    attempts = models.IntegerField(default=1)
    intended_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    first_failed_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)
    settled_by = tenant_key("links.Receipt", null=True, related_name="+")
    seen = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "link"],
                condition=models.Q(state__in=OPEN_RECEIPTS),
                name="receipt_one_open_per_link",
            ),
            models.CheckConstraint(condition=models.Q(state__in=ReceiptState.values), name="receipt_state_known"),
            models.CheckConstraint(
                condition=models.Q(amount=models.F("units_after") - models.F("units_before")),
                name="receipt_amount_adds_up",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "-intended_at", "-id"]),
            models.Index(fields=["tenant", "state", "-intended_at"]),
            models.Index(fields=["tenant", "link", "-intended_at"]),
        ]


class Movement(TenantModel):
    """A change of a resource's count seen at the marketplace. `receipt` is the posting that carried it; `how` says what
    became of it otherwise (netted out, not linked, accepted). Source: acceptance ID-28, ID-29."""

    walls: ClassVar[Walls] = Walls(append_only=False)

    resource = tenant_key(SourceResource, related_name="movements")
    seen_at = models.DateTimeField()
    before = quantity()
    after = quantity()
    receipt = tenant_key(Receipt, null=True, related_name="movements")
    how = models.CharField(max_length=20, blank=True)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "resource", "-seen_at"]),
            models.Index(fields=["tenant", "-seen_at"]),
        ]


class DriftState(models.TextChoices):
    OPEN = "open", "Open"
    HEALED = "healed", "Healed"
    ACCEPTED = "accepted", "Accepted"
    ADOPTED = "adopted", "Already equal"


class Drift(TenantModel):
    """The PSA's units are not the ones we posted: somebody changed them there. Three counts, and what was decided."""

    walls: ClassVar[Walls] = Walls(history=True)

    link = tenant_key(Link, related_name="drifts")
    seen_at = models.DateTimeField()
    marketplace_units = quantity()
    expected_units = quantity()
    psa_units = quantity()
    policy = models.CharField(max_length=12)
    state = models.CharField(max_length=8, choices=DriftState.choices, default=DriftState.OPEN)
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Person, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    decision = models.CharField(max_length=12, blank=True)
    receipt = tenant_key(Receipt, null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "link"], condition=models.Q(state="open"), name="drift_one_open_per_link"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-seen_at"])]


class Acceptance(TenantModel):
    """A count of the check list that a person accepted as it is, for one month. Source: acceptance ID-59."""

    walls: ClassVar[Walls] = Walls(history=True)

    sync = tenant_key(Sync, related_name="+")
    month = models.DateField()
    item = models.CharField(max_length=20)
    count = models.IntegerField()
    accepted_at = models.DateTimeField()
    accepted_by = models.ForeignKey(Person, on_delete=models.DO_NOTHING, related_name="+")
    reason = models.CharField(max_length=500)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "sync", "month", "item"], name="acceptance_once"),
        ]
