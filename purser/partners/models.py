"""What partners ask of operations, what both sides confirm, and the tenants they invite."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from django.db import models

from purser.postgres.models import TenantModel, Walls, tenant_key
from purser.tenants.models import Organisation


def whose(row: TenantModel) -> UUID:
    """The organisation that a kept row belongs to."""
    assert row.tenant_id is not None
    return row.tenant_id


class EnablingRequest(TenantModel):
    """A partner asks operations to be enabled to administer its customers. The row is the partner's; the operator's
    queue shows it. Source: acceptance UC-6.
    """

    walls: ClassVar[Walls] = Walls(history=True, operator_reads=True)

    partner_name = models.CharField(max_length=200)
    subject = models.CharField(max_length=300)
    body = models.TextField(max_length=4000)
    asked_by = models.UUIDField()
    asked_by_name = models.CharField(max_length=254)
    asked_by_email = models.EmailField(max_length=254)
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    answered_by_name = models.CharField(max_length=254, blank=True)
    approved = models.BooleanField(null=True)
    answer = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], condition=models.Q(answered_at=None), name="enabling_request_one_open"),
        ]
        indexes = [models.Index(fields=["answered_at", "-asked_at"], name="enabling_request_queue")]


class Side(models.TextChoices):
    CUSTOMER = "customer", "Customer"
    PARTNER = "partner", "Partner"


class Agreement(TenantModel):
    """One side's word that a data-processing agreement between customer and partner is closed, with the paper where they
    attach it. The row is the customer's. Source: decision F-14; acceptance UC-20.
    """

    walls: ClassVar[Walls] = Walls(history=True, partner_column="partner_id", unkept=("paper",))

    partner = models.ForeignKey(Organisation, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    side = models.CharField(max_length=8, choices=Side.choices)
    confirmed_by_name = models.CharField(max_length=254)
    confirmed_at = models.DateTimeField()
    paper_name = models.CharField(max_length=200, blank=True)
    paper_digest = models.CharField(max_length=64, blank=True)
    paper = models.BinaryField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "partner", "side"], name="agreement_side_once"),
            models.CheckConstraint(condition=models.Q(side__in=Side.values), name="agreement_side_known"),
        ]


class RegionRule(TenantModel):
    """The operator requires both sides' confirmation of an agreement before a consent in this region is given."""

    walls: ClassVar[Walls] = Walls(history=True)

    region = models.CharField(max_length=2)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "region"], name="region_rule_once"),
        ]


class TenantInvitation(TenantModel):
    """A partner invites a company, by an address there, to let it manage the company's tenant. The row is the partner's.

    Only the token's hash is kept. `customer` and `accepted_by_name` are written when an administrator of that tenant
    accepts. Source: acceptance CS-7 to CS-10; decision S-5.
    """

    walls: ClassVar[Walls] = Walls(history=True, unkept=("token_hash",))

    email = models.EmailField(max_length=254)
    token_hash = models.CharField(max_length=64)
    invited_by = models.UUIDField()
    invited_by_name = models.CharField(max_length=254)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by_name = models.CharField(max_length=254, blank=True)
    customer = models.ForeignKey(Organisation, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "token_hash"], name="tenant_invitation_token_once"),
        ]


class OrderState(models.TextChoices):
    BEGUN = "begun", "Begun"
    DONE = "done", "Done"
    UNDONE = "undone", "Undone"


class OrderTaken(TenantModel):
    """An order that operations takes in, kept before anything is done for it: so one that was cut off is found. The row is
    the operator's. `content` is the order's; `target` its customer, who is there or is founded with this id.

    Source: reliability P19; acceptance UC-3.
    """

    walls: ClassVar[Walls] = Walls(history=True)

    number = models.CharField(max_length=80)
    content = models.JSONField()
    target = models.UUIDField()
    customer_name = models.CharField(max_length=200, blank=True)
    state = models.CharField(max_length=6, choices=OrderState.choices, default=OrderState.BEGUN)
    taken_by_name = models.CharField(max_length=254)
    tried_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "number"], name="order_taken_once"),
            models.CheckConstraint(condition=models.Q(state__in=OrderState.values), name="order_taken_state_known"),
        ]
        indexes = [
            models.Index(fields=["tenant", "tried_at"], condition=models.Q(state="begun"), name="order_taken_half_done")
        ]


class TenantGroup(TenantModel):
    """Customers a partner treats alike: a target of jobs, alerts and price lists. Source: ux 6."""

    walls: ClassVar[Walls] = Walls(history=True)

    name = models.CharField(max_length=80)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "name"], name="tenant_group_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class GroupMember(TenantModel):
    """A customer in a group."""

    group = tenant_key(TenantGroup, related_name="members")
    customer = models.ForeignKey(Organisation, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "group", "customer"], name="group_member_once"),
        ]
