"""Organisations. Each is a tenant: its own row, and everything that carries its id."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from purser.postgres import ids
from purser.postgres.models import AcrossManager, Walls


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


class Organisation(models.Model):
    """A node of the tree. `zone` is the billing time zone: a day is a date there."""

    walls: ClassVar[Walls] = Walls(tenant_column="id", operator_reads=True)

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    kind = models.CharField(max_length=12, choices=Kind.choices)
    name = models.CharField(max_length=200)
    parent = models.ForeignKey("self", null=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
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
        ]

    def __str__(self) -> str:
        return self.name
