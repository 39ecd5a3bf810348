"""Organisations. Each is a tenant: its own row, and everything that carries its id."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, ClassVar

from django.db import models

from purser.postgres import ids
from purser.postgres.models import AcrossManager, TenantModel, Walls
from purser.tenants import numbers


class Kind(models.TextChoices):
    OPERATOR = "operator", "Operator"
    DISTRIBUTOR = "distributor", "Distributor"
    RESELLER = "reseller", "Reseller"
    CUSTOMER = "customer", "Customer"


class OwnManager(models.Manager["Organisation"]):
    """Only the organisation acted in."""

    def get_queryset(self) -> models.QuerySet[Organisation]:
        from purser.postgres import tenancy

        return super().get_queryset().filter(pk=tenancy.tenant())


PARTNERS = (Kind.DISTRIBUTOR, Kind.RESELLER)


class Organisation(models.Model):
    """A node of the tree. `zone` is the billing time zone: a day is a date there.

    `parent` sells to it: the partner of a customer. `distributor` is the one above a reseller or a reseller's customer.
    `number` is the Tenant ID that people quote; `partner_number` the Partner ID of those who sell. `partner_admin_id`
    is filled by operations and then names the own Partner ID: from that moment customers of this partner, present and
    future, can let it administer their tenant. `permissions` are the groups a to d that the tenant's own
    administrators keep. Source: acceptance CS-12, UC-3 to UC-5.
    """

    walls: ClassVar[Walls] = Walls(
        tenant_column="id", operator_reads=True, partner_column="parent_id", distributor_column="distributor_id"
    )

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    distributor = models.ForeignKey("self", null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    number = models.CharField(max_length=12, unique=True, default=numbers.tenant, db_default=numbers.TENANT, editable=False)
    partner_number = models.CharField(max_length=9, blank=True)
    partner_admin_id = models.CharField(max_length=9, blank=True)
    domain = models.CharField(max_length=253, blank=True)
    region = models.CharField(max_length=2, blank=True)
    contact_name = models.CharField(max_length=200, blank=True)
    contact_email = models.EmailField(max_length=254, blank=True)
    permissions = models.CharField(max_length=4, default="abcd", blank=True)
    zone = models.CharField(max_length=60, default="UTC")
    suspended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects: ClassVar[OwnManager] = OwnManager()
    across: ClassVar[AcrossManager[Any]] = AcrossManager()

    class Meta:
        base_manager_name = "objects"
        constraints = [
            models.CheckConstraint(condition=models.Q(kind__in=Kind.values), name="organisation_kind_known"),
            models.CheckConstraint(
                condition=models.Q(kind="operator", parent=None) | (~models.Q(kind="operator") & ~models.Q(parent=None)),
                name="organisation_only_operator_is_root",
            ),
            models.UniqueConstraint(
                fields=["partner_number"], condition=~models.Q(partner_number=""), name="organisation_partner_number_once"
            ),
            models.CheckConstraint(
                condition=models.Q(partner_admin_id="") | models.Q(partner_admin_id=models.F("partner_number")),
                name="organisation_administers_as_itself",
            ),
        ]
        indexes = [
            models.Index(fields=["parent", "name", "id"], name="organisation_of_partner"),
            models.Index(fields=["distributor", "name", "id"], name="organisation_of_distributor"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def sells(self) -> bool:
        return self.kind in PARTNERS

    @property
    def administers(self) -> bool:
        """Whether operations enabled it to administer the tenants of customers who agree."""
        return bool(self.partner_admin_id) and self.suspended_at is None


# Rows that the seller's lists show as well, and those of the ones above it. A table that keeps more of itself replaces these.
CHAIN = Walls(operator_reads=True, partner_column="partner_id", distributor_column="distributor_id")


class Sold(TenantModel):
    """A commercial row of a customer (or of a partner, as the one above sells to it): with the selling chain as it is for open
    rows, and as it was for closed ones. Source: architecture, Tenancy.
    """

    walls: ClassVar[Walls] = CHAIN

    partner = models.ForeignKey(Organisation, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    distributor = models.ForeignKey(
        Organisation, null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+"
    )

    class Meta(TenantModel.Meta):
        abstract = True


class Selling(TenantModel):
    """`partner` sold to the customer from `since` up to `until` (None: still does). The row is the customer's.

    Organisation.parent says who sells now; this, who did at any instant, so that a day counted late is counted where the
    customer was. Source: acceptance CS-9; architecture, Tenancy.
    """

    walls: ClassVar[Walls] = Walls(meter_reads=("tenant_id", "partner_id", "since", "until"))

    partner = models.ForeignKey(Organisation, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], condition=models.Q(until=None), name="selling_one_open"),
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gte=models.F("since")), name="selling_ends_after_it_begins"
            ),
        ]


class GrantKind(models.TextChoices):
    CONSENT = "consent", "Consent"
    BREAK_GLASS = "break_glass", "Break-glass"


class Grant(TenantModel):
    """Leave to act in this tenant from another organisation, asked for, given, and ended. The row is the customer's.

    A consent is given by the customer, to its partner, for at most two years, within `scopes` (areas of its
    administration). Break-glass is given by a second person of the operator to the one who asks, for at most an hour,
    to read. Whether a grant is live is a matter of the clock: no job ends it. Source: decision S-4; acceptance UC-12,
    UC-21; reliability P17, P20.
    """

    walls: ClassVar[Walls] = Walls(history=True, partner_column="partner_id")

    kind = models.CharField(max_length=11, choices=GrantKind.choices, default=GrantKind.CONSENT)
    partner = models.ForeignKey(Organisation, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    partner_name = models.CharField(max_length=200)
    scopes = models.JSONField(default=list)
    reason = models.CharField(max_length=500)
    asked_by = models.UUIDField(null=True)
    asked_by_name = models.CharField(max_length=254, blank=True)
    asked_at = models.DateTimeField()
    lapses_at = models.DateTimeField(null=True)
    approved_by = models.UUIDField(null=True)
    approved_by_name = models.CharField(max_length=254, blank=True)
    approved_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    closed_by_name = models.CharField(max_length=254, blank=True)
    closed_as = models.CharField(max_length=10, blank=True)
    closed_why = models.CharField(max_length=500, blank=True)
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "partner"],
                condition=models.Q(approved_at__isnull=False, closed_at=None),
                name="grant_one_open",
            ),
            models.UniqueConstraint(
                fields=["tenant", "partner"],
                condition=models.Q(approved_at=None, closed_at=None),
                name="grant_one_request",
            ),
            models.CheckConstraint(condition=models.Q(kind__in=GrantKind.values), name="grant_kind_known"),
            models.CheckConstraint(
                condition=models.Q(approved_by=None) | models.Q(asked_by=None) | ~models.Q(approved_by=models.F("asked_by")),
                name="grant_not_approved_by_the_asker",
            ),
            models.CheckConstraint(
                condition=models.Q(approved_at=None) | models.Q(ends_at__isnull=False), name="grant_has_an_end"
            ),
            models.CheckConstraint(
                condition=models.Q(approved_at=None) | models.Q(ends_at__lte=models.F("approved_at") + timedelta(days=731)),
                name="grant_two_years_at_most",
            ),
            models.CheckConstraint(
                condition=models.Q(approved_at=None)
                | ~models.Q(kind=GrantKind.BREAK_GLASS)
                | models.Q(ends_at__lte=models.F("approved_at") + timedelta(minutes=60)),
                name="grant_break_glass_an_hour",
            ),
        ]
        indexes = [models.Index(fields=["partner", "tenant"], name="grant_of_partner")]


class PackageStock(TenantModel):
    """How many licences of a package the tenant has ordered. Source: acceptance UC-17."""

    walls: ClassVar[Walls] = Walls(history=True)

    package = models.CharField(max_length=40)
    total = models.IntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "package"], name="package_stock_once"),
            models.CheckConstraint(condition=models.Q(total__gte=0), name="package_stock_not_negative"),
        ]


class SearchWord(TenantModel):
    """A word by which an organisation is found: of its name, its domain, its numbers. With the selling chain and the name
    repeated, so that a typed search walks one index in order. Comparison by bytes is the one that row policies let use an
    index. Source: reliability R18; ux 1.
    """

    walls: ClassVar[Walls] = Walls(operator_reads=True, partner_column="parent_id", distributor_column="distributor_id")

    parent = models.ForeignKey(
        Organisation, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    distributor = models.ForeignKey(
        Organisation, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    word = models.CharField(max_length=80, db_collation="C")
    label = models.CharField(max_length=200)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "word"], name="search_word_once"),
        ]
        indexes = [
            models.Index(fields=["parent", "word", "label", "tenant"], name="search_word_of_partner"),
            models.Index(fields=["distributor", "word", "label", "tenant"], name="search_word_of_distributor"),
            models.Index(fields=["word", "label", "tenant"], name="search_word_of_all"),
        ]
