"""The chain over a tenant's acts."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from purser.access.models import Act
from purser.postgres.models import TenantModel, Walls, tenant_key


class Seal(TenantModel):
    """One link of the chain: the n-th act of the tenant, and a digest over it and the link before."""

    walls: ClassVar[Walls] = Walls(append_only=True)

    number = models.BigIntegerField()
    act = tenant_key(Act, related_name="+")
    digest = models.CharField(max_length=64)
    sealed_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "number"], name="seal_number_once"),
            models.UniqueConstraint(fields=["tenant", "act"], name="seal_act_once"),
            models.CheckConstraint(condition=models.Q(number__gte=1), name="seal_number_from_1"),
        ]
