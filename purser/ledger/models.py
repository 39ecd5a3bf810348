"""Accounts, entries and their postings. Law 4: entries balance per unit, are append-only, and no cascade reaches them.

What the database keeps by itself is in migrations/0004 and 0005: who comes past this module meets it too.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q

from purser.postgres import tenancy
from purser.postgres.models import TenantModel, Walls, tenant_key


def _tenant_of_its_account() -> models.ForeignKey[Any, Any]:
    """No key of its own to the organisation: a posting's account has one, of the same tenant, and an entry has a posting."""
    return models.ForeignKey(
        "tenants.Organisation",
        on_delete=models.DO_NOTHING,
        default=tenancy.tenant_of_new_row,
        related_name="+",
        db_index=False,
        db_constraint=False,
        editable=False,
    )


class Account(TenantModel):
    """Something that can be owed or held in the books of its tenant, in one unit: a currency, or a count.

    `name` is its kind (chart.py); `of` the id of the thing it is about, a link or a payment, None for the tenant itself.
    """

    walls: ClassVar[Walls] = Walls(append_only=True)

    name = models.CharField(max_length=60)
    of = models.UUIDField(null=True)
    unit = models.CharField(max_length=8)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "name", "of", "unit"], name="account_once", nulls_distinct=False),
        ]


class Entry(TenantModel):
    """One balanced event. `source` names what caused it and is unique, so that a repeat cannot post twice.

    `lines`: how many postings it has; none can be added later. `digest`: of all that it says (seal.py). `at_once`: its
    postings came in its own statement, which checked them all as a set; one without is checked at commit, by itself.
    """

    walls: ClassVar[Walls] = Walls(append_only=True)

    tenant = _tenant_of_its_account()
    kind = models.CharField(max_length=30)
    on = models.DateField()
    made_at = models.DateTimeField()
    source = models.CharField(max_length=120)
    text = models.CharField(max_length=300, blank=True)
    reverses = tenant_key("ledger.Entry", null=True, related_name="+")
    lines = models.IntegerField()
    digest = models.CharField(max_length=64)
    at_once = models.BooleanField(default=False, db_default=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "source"], name="entry_source_once"),
            models.UniqueConstraint(fields=["tenant", "reverses"], name="entry_reversed_once"),
            models.CheckConstraint(
                condition=(Q(kind="reversal") & Q(reverses__isnull=False) & ~Q(text=""))
                | (~Q(kind="reversal") & Q(reverses__isnull=True)),
                name="entry_reversed_with_reason",
            ),
            models.CheckConstraint(condition=~Q(reverses=F("id")), name="entry_reverses_another"),
        ]


class Posting(TenantModel):
    """`on` is the entry's: so that a balance as of a date, and a statement, walk one index."""

    walls: ClassVar[Walls] = Walls(append_only=True)

    tenant = _tenant_of_its_account()
    entry = tenant_key(Entry, related_name="postings")
    account = tenant_key(Account, related_name="postings")
    on = models.DateField()
    unit = models.CharField(max_length=8)
    amount = models.DecimalField(max_digits=24, decimal_places=6)

    class Meta(TenantModel.Meta):
        indexes = [
            models.Index(fields=["tenant", "account", "on", "id"], include=["amount"], name="ledger_posting_statement"),
            models.Index(fields=["tenant", "entry"]),
        ]
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(condition=~models.Q(amount=0), name="posting_moves_something"),
        ]


class Assertion(TenantModel):
    """At the end of `on` the account held `amount`; it stays true, as nothing is posted up to `on` from then on."""

    walls: ClassVar[Walls] = Walls(append_only=True)

    account = tenant_key(Account, related_name="assertions")
    on = models.DateField()
    amount = models.DecimalField(max_digits=24, decimal_places=6)
    made_at = models.DateTimeField()
    text = models.CharField(max_length=300, blank=True)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "on"], name="ledger_assertion_on")]
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "account", "on"], name="assertion_once"),
        ]
