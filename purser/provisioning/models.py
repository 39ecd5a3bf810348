"""Instances of vendors, the accounts prepared for them, the receipt of each step at the vendor, tasks, and drift.

An instance is a row of its provider, who buys from the vendor by it; an account, of the organisation that gets a tenant there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from purser.postgres.models import TenantModel, Walls, tenant_key
from purser.tenants.models import CHAIN, Sold


class InstanceState(models.TextChoices):
    NEW = "new", "Not tested"
    READY = "ready", "Ready"
    PAUSED = "paused", "Paused"


class DriftPolicy(models.TextChoices):
    """Who wins when somebody changed a tenant in the vendor's own portal."""

    HEAL = "heal", "Purser wins"
    ASK = "ask", "Ask"


class Instance(TenantModel):
    """One account of the provider's at one vendor. Secrets are in the vault, never in `settings`.

    `roles`: by kind of tenant ("partner", "customer") what a new tenant's user may do, each as [id, namespace]; a kind that is
    not named has the connector's own. `paused_*`: why nothing is called until a person acts. Source: acceptance AC-1, AC-2,
    F-9.
    """

    walls: ClassVar[Walls] = Walls(history=True, unkept=("tested_at", "looked_at"))

    kind = models.CharField(max_length=20)
    name = models.CharField(max_length=100)
    settings = models.JSONField(default=dict)
    roles = models.JSONField(default=dict)
    drift_policy = models.CharField(max_length=4, choices=DriftPolicy.choices, default=DriftPolicy.ASK)
    state = models.CharField(max_length=8, choices=InstanceState.choices, default=InstanceState.NEW)
    paused_code = models.CharField(max_length=30, blank=True)
    paused_text = models.CharField(max_length=500, blank=True)
    tested_at = models.DateTimeField(null=True)
    tested_text = models.CharField(max_length=500, blank=True)
    looked_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "name"], name="instance_name_once"),
            models.CheckConstraint(condition=Q(state__in=InstanceState.values), name="instance_state_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What the account is at the vendor. Source: acceptance AC-4, AC-16, AC-26."""

    RESELLER = "reseller", "Reseller"
    USER = "user", "User"


class AccountState(models.TextChoices):
    """`PREPARED`: synchronised, and the tenant comes with the first subscription. Source: acceptance AC-17, AC-18, AC-30."""

    PREPARED = "prepared", "Synced; the tenant is created with the first subscription"
    PROVISIONING = "provisioning", "Being provisioned"
    PROVISIONED = "provisioned", "Provisioned"
    FAILED = "failed", "Half done"
    REMOVING = "removing", "Being removed"
    REMOVED = "removed", "Removed"


# From each state to those it may go to; `accounts.step` refuses the rest and a test walks every pair.
ACCOUNT_STEPS: dict[str, frozenset[str]] = {
    "prepared": frozenset({"provisioning", "removed"}),
    "provisioning": frozenset({"provisioned", "failed", "removing"}),
    "provisioned": frozenset({"provisioning", "removing"}),
    "failed": frozenset({"provisioning", "removing"}),
    "removing": frozenset({"removed", "provisioned", "failed"}),
    "removed": frozenset({"prepared"}),
}


class Account(Sold):
    """An organisation at an instance of a vendor: what was said in Sync Options, and what the vendor has of it.

    `bill_to` is the reseller it stands under at the vendor; None directly under the provider. `remote` is the vendor's id of
    its tenant, `remote_user` that of who signs in; both "" before they exist. What we call it at the vendor is `reference`,
    the same for as long as we know it. `mailed_at`: when the vendor last mailed the activation.
    Source: acceptance AC-1 to AC-7, AC-16 to AC-18, AC-24 to AC-27.
    """

    walls: ClassVar[Walls] = replace(CHAIN, history=True)

    name = models.CharField(max_length=200)
    provider = models.UUIDField()
    instance = models.UUIDField()
    instance_name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20)
    role = models.CharField(max_length=8, choices=Role.choices)
    bill_to = models.UUIDField(null=True)
    bill_to_name = models.CharField(max_length=200, blank=True)
    username = models.CharField(max_length=254)
    email = models.EmailField(max_length=254)
    reference = models.CharField(max_length=100)
    state = models.CharField(max_length=12, choices=AccountState.choices, default=AccountState.PREPARED)
    remote = models.CharField(max_length=100, blank=True)
    remote_user = models.CharField(max_length=100, blank=True)
    suspended = models.BooleanField(default=False)
    synced_at = models.DateTimeField()
    provisioned_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta(Sold.Meta):
        constraints = [
            *Sold.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "instance"], name="account_of_instance_once"),
            models.UniqueConstraint(
                "instance", Lower("username"), condition=~Q(state="removed"), name="account_username_once"
            ),
            models.UniqueConstraint("instance", Lower("email"), condition=~Q(state="removed"), name="account_email_once"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="account_role_known"),
            models.CheckConstraint(condition=Q(state__in=AccountState.values), name="account_state_known"),
            models.CheckConstraint(condition=Q(role="user") | Q(bill_to=None), name="account_reseller_has_no_parent"),
            models.CheckConstraint(condition=~Q(state="provisioned") | ~Q(remote=""), name="account_provisioned_is_there"),
        ]
        indexes = [
            models.Index(fields=["partner", "name", "id"], name="account_of_partner"),
            models.Index(fields=["distributor", "name", "id"], name="account_of_distributor"),
        ]

    def __str__(self) -> str:
        return f"{self.name} at {self.instance_name}"


class StepState(models.TextChoices):
    """What became of one step at the vendor."""

    INTENDED = "intended", "Sent, no answer yet"
    DONE = "done", "Done"
    REFUSED = "refused", "Refused"
    BUSY = "busy", "To be tried again"
    UNSURE = "unsure", "Unknown outcome"
    ASKED = "asked", "Waits for a person"
    DROPPED = "dropped", "No longer needed"


# From each state to those it may go to; `steps.step` refuses the rest and a test walks every pair.
STEP_STEPS: dict[str, frozenset[str]] = {
    "intended": frozenset({"done", "refused", "busy", "unsure", "asked"}),
    "done": frozenset(),
    "refused": frozenset({"intended", "dropped", "done"}),
    "busy": frozenset({"intended", "dropped", "done"}),
    "unsure": frozenset({"intended", "done", "busy", "asked", "dropped"}),
    "asked": frozenset({"intended", "done", "busy", "dropped"}),
    "dropped": frozenset(),
}
OPEN_STEPS = ("intended", "refused", "busy", "unsure", "asked")


class Step(Sold):
    """One change of an account at its vendor: the intention, committed before the call, and the outcome, after it (law 3).

    `what` is the stage: tenant, production, offerings, user, roles, mail, enabled, removal. `before` and `after` are what the
    vendor had and is to have, in words. `looked_at`: when Purser last looked what became of a lost answer. `told`: the fault
    that people were told of last.
    """

    walls: ClassVar[Walls] = replace(CHAIN, history=True)

    account = tenant_key(Account, related_name="steps")
    what = models.CharField(max_length=12)
    before = models.CharField(max_length=500, blank=True)
    after = models.CharField(max_length=500, blank=True)
    state = models.CharField(max_length=8, choices=StepState.choices, default=StepState.INTENDED)
    code = models.CharField(max_length=30, blank=True)
    text = models.CharField(max_length=1000, blank=True)
    hint = models.CharField(max_length=500, blank=True)
    told = models.CharField(max_length=30, blank=True)
    reference = models.CharField(max_length=120, blank=True)
    attempts = models.IntegerField(default=1)
    first_at = models.DateTimeField()
    intended_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    looked_at = models.DateTimeField(null=True)
    retry_at = models.DateTimeField(null=True)

    class Meta(Sold.Meta):
        constraints = [
            *Sold.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "account", "what"], condition=Q(state__in=OPEN_STEPS), name="step_one_open"
            ),
            models.CheckConstraint(condition=Q(state__in=StepState.values), name="step_state_known"),
        ]
        indexes = [
            models.Index(fields=["tenant", "account", "-intended_at"]),
            models.Index(fields=["state", "-intended_at"], name="step_at_the_desk"),
        ]


class TaskState(models.TextChoices):
    OPEN = "open", "To be done"
    DONE = "done", "Done"
    DECLINED = "declined", "Cannot be done"


class Task(TenantModel):
    """What a person does at a vendor that has no interface, and confirms. A row of the provider.

    `key` names the change, so that it is asked for once. `words` say what to do, field by field; `answer` is what the vendor
    gave (its id). Source: issue of vendors' tenants, section 5.
    """

    walls: ClassVar[Walls] = Walls(history=True)

    instance = tenant_key(Instance, related_name="tasks")
    key = models.CharField(max_length=200)
    title = models.CharField(max_length=200)
    words = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=TaskState.choices, default=TaskState.OPEN)
    made_at = models.DateTimeField()
    due_on = models.DateField()
    answer = models.JSONField(default=dict)
    note = models.CharField(max_length=500, blank=True)
    ended_at = models.DateTimeField(null=True)
    ended_by_name = models.CharField(max_length=254, blank=True)
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "instance", "key"], name="task_once"),
            models.CheckConstraint(condition=Q(state__in=TaskState.values), name="task_state_known"),
        ]
        indexes = [models.Index(fields=["tenant", "state", "due_on", "id"], name="task_due")]


class FindingState(models.TextChoices):
    OPEN = "open", "Open"
    HEALED = "healed", "Put right at the vendor"
    ACCEPTED = "accepted", "Accepted as it is"
    GONE = "gone", "In step again"


class Finding(Sold):
    """What somebody changed at the vendor: of one account, what we hold and what the vendor has. Source: issue of vendors'
    tenants, section 4 (drift)."""

    walls: ClassVar[Walls] = replace(CHAIN, history=True)

    account = tenant_key(Account, related_name="findings")
    what = models.CharField(max_length=12)
    ours = models.CharField(max_length=1000)
    theirs = models.CharField(max_length=1000)
    state = models.CharField(max_length=8, choices=FindingState.choices, default=FindingState.OPEN)
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by_name = models.CharField(max_length=254, blank=True)
    why = models.CharField(max_length=500, blank=True)

    class Meta(Sold.Meta):
        constraints = [
            *Sold.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "what"], condition=Q(state="open"), name="finding_one_open"),
            models.CheckConstraint(condition=Q(state__in=FindingState.values), name="finding_state_known"),
        ]


class StrangerState(models.TextChoices):
    OPEN = "open", "Open"
    ADOPTED = "adopted", "Adopted"
    IGNORED = "ignored", "Ignored"
    GONE = "gone", "Not there any more"


class Stranger(TenantModel):
    """A tenant at the vendor, below the provider or one of its resellers, that no account has. A row of the provider.

    `remote` and `parent` are the vendor's ids. Source: issue of vendors' tenants, section 4 (adopt).
    """

    walls: ClassVar[Walls] = Walls(history=True)

    instance = tenant_key(Instance, related_name="strangers")
    remote = models.CharField(max_length=100)
    parent = models.CharField(max_length=100)
    kind = models.CharField(max_length=8)
    name = models.CharField(max_length=300)
    enabled = models.BooleanField()
    state = models.CharField(max_length=8, choices=StrangerState.choices, default=StrangerState.OPEN)
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_by_name = models.CharField(max_length=254, blank=True)
    why = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "instance", "remote"], name="stranger_once"),
            models.CheckConstraint(condition=Q(state__in=StrangerState.values), name="stranger_state_known"),
        ]
