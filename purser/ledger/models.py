"""Accounts, entries and their postings. Law 4: entries balance per unit, are append-only, and no cascade reaches them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from purser.postgres.models import TenantModel, Walls, tenant_key


class Account(TenantModel):
    """Something that can be owed or held, in one unit: a currency, or a count (`UNIT`).

    `of` is the id of the thing counted (a link), `name` its part: `psa` and `marketplace` for units billed and bought.
    """

    name = models.CharField(max_length=60)
    of = models.UUIDField(null=True)
    unit = models.CharField(max_length=8)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "name", "of", "unit"], name="account_once", nulls_distinct=False),
        ]


class Entry(TenantModel):
    """One balanced event. `source` names what caused it and is unique, so that a repeat cannot post twice."""

    walls: ClassVar[Walls] = Walls(append_only=True)

    kind = models.CharField(max_length=30)
    on = models.DateField()
    made_at = models.DateTimeField()
    source = models.CharField(max_length=120)
    text = models.CharField(max_length=300, blank=True)
    reverses = tenant_key("ledger.Entry", null=True, related_name="+")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "source"], name="entry_source_once"),
            models.UniqueConstraint(fields=["tenant", "reverses"], name="entry_reversed_once"),
        ]


class Posting(TenantModel):
    walls: ClassVar[Walls] = Walls(append_only=True)

    entry = tenant_key(Entry, related_name="postings")
    account = tenant_key(Account, related_name="postings")
    unit = models.CharField(max_length=8)
    amount = models.DecimalField(max_digits=24, decimal_places=6)

    class Meta(TenantModel.Meta):
        indexes = [models.Index(fields=["tenant", "account"]), models.Index(fields=["tenant", "entry"])]
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(condition=~models.Q(amount=0), name="posting_moves_something"),
        ]
