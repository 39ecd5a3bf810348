"""The three levels of a relation: company, subscription, resource. Source: acceptance ID-12."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from purser.access.models import Person
from purser.links.models.connections import Decrease, Policy, Sync
from purser.links.models.mirror import (
    SourceCustomer,
    SourceResource,
    SourceSubscription,
    TargetAccount,
    TargetAgreement,
    TargetService,
    price,
)
from purser.postgres.models import TenantModel, Walls, tenant_key

OPEN = models.Q(cleared_at=None)


class Relation(TenantModel):
    """A relation is cleared, never deleted, so that it can be looked up and brought back."""

    walls: ClassVar[Walls] = Walls(history=True)

    sync = tenant_key(Sync, related_name="+")
    made_at = models.DateTimeField()
    made_by = models.ForeignKey(Person, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    cleared_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = True


class CompanyLink(Relation):
    customer = tenant_key(SourceCustomer, related_name="links")
    account = tenant_key(TargetAccount, related_name="links")

    class Meta(Relation.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "sync", "customer"], condition=OPEN, name="company_link_once"),
        ]


class SubscriptionLink(Relation):
    company_link = tenant_key(CompanyLink, related_name="subscription_links")
    subscription = tenant_key(SourceSubscription, related_name="links")
    agreement = tenant_key(TargetAgreement, related_name="links")

    class Meta(Relation.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "sync", "subscription"], condition=OPEN, name="subscription_link_once"),
        ]
        indexes = [models.Index(fields=["tenant", "company_link"])]


class LinkState(models.TextChoices):
    """Where a linked resource stands. `in_step` is only said when a reading of the PSA has confirmed it."""

    PENDING = "pending", "Pending"
    IN_STEP = "in_step", "In step"
    BEHIND = "behind", "Behind"
    FAILED = "failed", "Failed"
    UNSURE = "unsure", "Unsure"
    WAITING = "waiting", "Waits for a person"
    ENDED = "ended", "Ended"


class PriceSource(models.TextChoices):
    CATALOG = "catalog", "Catalog"
    AGREEMENT = "agreement", "Agreement"
    CUSTOM = "custom", "Custom"


class Link(Relation):
    """A resource and the service that bills it.

    Three counts make drift visible: the marketplace's (on the resource), ours (`expected_units`: what the PSA must show on
    the latest date we posted for) and the PSA's (on the service). `baseline_units` is what the PSA showed when the link
    was made, so baseline + confirmed adjustments + accepted hand edits = expected, always. `offset` is the difference a
    person accepted under "PSA wins". `aside` is why the last pass left the link alone, "" where nothing held it back.
    """

    walls: ClassVar[Walls] = Walls(history=True, unkept=("confirmed_at", "aside"))

    subscription_link = tenant_key(SubscriptionLink, related_name="resource_links")
    resource = tenant_key(SourceResource, related_name="links")
    service = tenant_key(TargetService, related_name="links")
    state = models.CharField(max_length=8, choices=LinkState.choices, default=LinkState.PENDING)
    decrease = models.CharField(max_length=20, choices=Decrease.choices, blank=True)
    drift_policy = models.CharField(max_length=12, choices=Policy.choices, blank=True)
    price_source = models.CharField(max_length=10, choices=PriceSource.choices, default=PriceSource.AGREEMENT)
    custom_price = price()
    usage_divisor = price()
    baseline_units = price()
    expected_units = price()
    offset = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    confirmed_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    aside = models.CharField(max_length=500, blank=True)
    version = models.IntegerField(default=1)

    class Meta(Relation.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "sync", "resource"], condition=OPEN, name="link_resource_once"),
            models.UniqueConstraint(fields=["tenant", "sync", "service"], condition=OPEN, name="link_service_once"),
            models.CheckConstraint(condition=models.Q(state__in=LinkState.values), name="link_state_known"),
            models.CheckConstraint(
                condition=~models.Q(price_source="custom") | models.Q(custom_price__isnull=False),
                name="link_custom_price_given",
            ),
            models.CheckConstraint(
                condition=models.Q(usage_divisor=None) | models.Q(usage_divisor__gt=0),
                name="link_usage_divisor_positive",
            ),
        ]
        indexes = [
            models.Index(fields=["tenant", "subscription_link"]),
            models.Index(fields=["tenant", "-made_at"], condition=OPEN, name="link_newest_open"),
        ]
