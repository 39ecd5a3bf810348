"""The base of every tenant-owned table, and what a table may say about its walls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from django.db import models

from purser.postgres import ids, tenancy

M = TypeVar("M", bound=models.Model)


@dataclass(frozen=True)
class Walls:
    """How a table is guarded; read by walls.py and by the catalogue test.

    `tenant_column` holds the tenant. `partner_column` and `distributor_column` hold the selling chain: whose lists over
    tenants may show the row. `append_only`: no seat may change or delete a row, and a trigger refuses it to
    everybody. `operator_reads`: the operator's lists over tenants may show it (commercial rows only, never people).
    `person_column`: a signed-in person may see the rows that name them. `history`: changes are kept, with before and
    after, except the columns in `unkept`. `meter_reads`: the columns that the daily close may read over all tenants;
    `meter_writes`: it reads the rows and adds to them.
    """

    tenant_column: str = "tenant_id"
    append_only: bool = False
    operator_reads: bool = False
    partner_column: str = ""
    distributor_column: str = ""
    person_column: str = ""
    history: bool = False
    unkept: tuple[str, ...] = ()
    meter_reads: tuple[str, ...] = ()
    meter_writes: bool = False


class TenantManager(models.Manager[M]):
    """The first wall: only rows of the tenant acted in; raises NoSeat when nobody acts."""

    def get_queryset(self) -> models.QuerySet[M]:
        return super().get_queryset().filter(tenant_id=tenancy.tenant())


class AcrossManager(models.Manager[M]):
    """Rows over tenants, for a seat that may list them; the policies decide which."""

    def get_queryset(self) -> models.QuerySet[M]:
        seat = tenancy.seat()
        if seat is None or seat.name == "customer":
            raise tenancy.NoSeat("A list over tenants needs the seat of a partner, a distributor, the operator or a person.")
        return super().get_queryset()


class TenantModel(models.Model):
    """A row that belongs to one tenant. `(tenant, id)` is unique, so that foreign keys can carry the tenant."""

    walls: ClassVar[Walls] = Walls()

    id = models.UUIDField(primary_key=True, default=ids.new, editable=False)
    tenant = models.ForeignKey(
        "tenants.Organisation",
        on_delete=models.DO_NOTHING,
        default=tenancy.tenant_of_new_row,
        related_name="+",
        db_index=False,
        editable=False,
    )

    objects = TenantManager()
    across = AcrossManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
        constraints = [models.UniqueConstraint(fields=["tenant", "id"], name="%(app_label)s_%(class)s_key")]


def tenant_key(to: type[models.Model] | str, **options: Any) -> models.ForeignKey[Any, Any]:
    """A foreign key to another row of the same tenant.

    The constraint itself, `(tenant, id)`, is laid by walls.py: PostgreSQL's foreign keys ignore row policies, so a plain
    one would let a row of one tenant point at another's. Source: reliability R10.
    """
    options.setdefault("on_delete", models.DO_NOTHING)
    options.setdefault("db_index", False)
    return models.ForeignKey(to, db_constraint=False, **options)
