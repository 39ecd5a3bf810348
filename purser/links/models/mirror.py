"""What both sides looked like when last read. Rows are never deleted: `gone_at` says since when a whole reading lacks them."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.db import models

from purser.links.models.connections import Connection
from purser.postgres.models import TenantModel, Walls, tenant_key


def quantity() -> models.DecimalField[Decimal, Decimal]:
    """A count of units, which may have decimals at some PSAs."""
    return models.DecimalField(max_digits=18, decimal_places=6)


def price() -> models.DecimalField[Decimal | None, Decimal | None]:
    """An exact amount per unit, or nothing; rounding happens at the line."""
    return models.DecimalField(max_digits=18, decimal_places=6, null=True)


class Mirrored(TenantModel):
    """A thing at a vendor, known by the vendor's own id."""

    connection = tenant_key(Connection, related_name="+")
    external_id = models.CharField(max_length=120)
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        abstract = True
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "connection", "external_id"], name="%(app_label)s_%(class)s_once"),
        ]


class SourceCustomer(Mirrored):
    """A customer of the reseller at the marketplace (seed: ODIN account)."""

    name = models.CharField(max_length=300)
    status = models.CharField(max_length=20)
    contact_name = models.CharField(max_length=200, blank=True)
    contact_email = models.CharField(max_length=254, blank=True)

    class Meta(Mirrored.Meta):
        indexes = [models.Index(fields=["tenant", "connection", "name", "id"])]


class SourceSubscription(Mirrored):
    """`detail_of` is the `modified_at` whose detail we hold: a detail is read again only when the list's moved."""

    customer = tenant_key(SourceCustomer, related_name="subscriptions")
    name = models.CharField(max_length=300, blank=True)
    status = models.CharField(max_length=12)
    created_on = models.DateField(null=True)
    renewal_on = models.DateField(null=True)
    modified_at = models.DateTimeField(null=True)
    detail_of = models.DateTimeField(null=True)
    detail_at = models.DateTimeField(null=True)
    billing_period = models.CharField(max_length=20, blank=True)
    auto_renews = models.BooleanField(default=True)

    class Meta(Mirrored.Meta):
        indexes = [models.Index(fields=["tenant", "customer"])]


class SourceResource(Mirrored):
    """One line of a subscription: the unit that is bought and must be billed. `external_id` is `subscription/line`.

    The customer is repeated from the subscription, so that reports walk one index.
    """

    walls: ClassVar[Walls] = Walls(history=True, unkept=("seen_at",))

    customer = tenant_key(SourceCustomer, related_name="resources")
    subscription = tenant_key(SourceSubscription, related_name="resources")
    resource_id = models.CharField(max_length=120)
    mpn = models.CharField(max_length=120)
    name = models.CharField(max_length=300)
    unit = models.CharField(max_length=40, default="unit")
    count = quantity()
    unit_price = price()
    unit_cost = price()
    currency = models.CharField(max_length=3, blank=True)
    usage_based = models.BooleanField(default=False)

    class Meta(Mirrored.Meta):
        indexes = [
            models.Index(fields=["tenant", "subscription"]),
            models.Index(fields=["tenant", "customer"]),
            models.Index(fields=["tenant", "name", "id"]),
        ]


class TargetAccount(Mirrored):
    """A company of the PSA."""

    name = models.CharField(max_length=300)
    contact = models.CharField(max_length=300, blank=True)
    active = models.BooleanField(default=True)
    currency = models.CharField(max_length=3, blank=True)


class TargetAgreement(Mirrored):
    """A contract or agreement of the PSA. `renewed_by` is the successor's external id."""

    account = tenant_key(TargetAccount, related_name="agreements")
    name = models.CharField(max_length=300)
    number = models.CharField(max_length=100, blank=True)
    starts_on = models.DateField(null=True)
    ends_on = models.DateField(null=True)
    active = models.BooleanField(default=True)
    takes_services = models.BooleanField(default=True)
    prorates = models.BooleanField(default=True)
    currency = models.CharField(max_length=3, blank=True)
    billing_period = models.CharField(max_length=10, blank=True)
    invoiced_through = models.DateField(null=True)
    renewed_by = models.CharField(max_length=120, blank=True)
    services_at = models.DateTimeField(null=True)

    class Meta(Mirrored.Meta):
        indexes = [models.Index(fields=["tenant", "account"])]


class TargetService(Mirrored):
    """A service, bundle or product on an agreement. `external_id` is `agreement/service` as the port keys it.

    `segments` are the dated units as last read: [{"starts_on","ends_on","units","invoiced"}, ...], dates as ISO text,
    units as decimal text. `units` are those of the day of the reading, `final_units` those of the latest posted date.
    """

    agreement = tenant_key(TargetAgreement, related_name="services")
    service_id = models.CharField(max_length=120)
    product_id = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=300)
    kind = models.CharField(max_length=10)
    unit = models.CharField(max_length=40, blank=True)
    units = quantity()
    final_units = quantity()
    segments = models.JSONField(default=list)
    unit_price = price()
    unit_cost = price()
    catalog_price = price()
    catalog_cost = price()

    class Meta(Mirrored.Meta):
        indexes = [models.Index(fields=["tenant", "agreement"])]
