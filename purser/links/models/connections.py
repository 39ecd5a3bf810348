"""Connections to vendors, and the pairs of them that are kept in step."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from purser.postgres.models import TenantModel, Walls, tenant_key


class ConnectionKind(models.TextChoices):
    MARKETPLACE = "marketplace", "Marketplace"
    AUTOTASK = "autotask", "Autotask"
    CONNECTWISE = "connectwise", "ConnectWise"


PSA_KINDS = (ConnectionKind.AUTOTASK, ConnectionKind.CONNECTWISE)


class ConnectionState(models.TextChoices):
    NEW = "new", "Not tested"
    READY = "ready", "Ready"
    PAUSED = "paused", "Paused"


class Connection(TenantModel):
    """One account at one vendor. `settings` holds addresses and choices; secrets are in the vault, never here.

    `price_is` says what the marketplace's unit price means for this account (1.1 servers do not say).
    `paused_*` name why nothing is called until a person acts. `read_at`, `whole`, `cut` describe the latest reading.
    """

    walls: ClassVar[Walls] = Walls(history=True, operator_reads=True, unkept=("read_at", "tested_at"))

    kind = models.CharField(max_length=12, choices=ConnectionKind.choices)
    name = models.CharField(max_length=100)
    settings = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=ConnectionState.choices, default=ConnectionState.NEW)
    price_is = models.CharField(max_length=5, choices=[("cost", "Cost"), ("sales", "Sales price")], default="cost")
    paused_at = models.DateTimeField(null=True)
    paused_code = models.CharField(max_length=30, blank=True)
    paused_text = models.CharField(max_length=500, blank=True)
    tested_at = models.DateTimeField(null=True)
    tested_text = models.CharField(max_length=500, blank=True)
    read_at = models.DateTimeField(null=True)
    whole = models.BooleanField(default=False)
    cut = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "kind"], name="connection_kind_once"),
            models.CheckConstraint(condition=models.Q(kind__in=ConnectionKind.values), name="connection_kind_known"),
            models.CheckConstraint(condition=models.Q(state__in=ConnectionState.values), name="connection_state_known"),
        ]

    def __str__(self) -> str:
        return self.name


class Alarm(TenantModel):
    """One standing trouble of a connection: raised once, cleared once, however many calls met it."""

    connection = tenant_key(Connection, related_name="alarms")
    code = models.CharField(max_length=30)
    text = models.CharField(max_length=500)
    hint = models.CharField(max_length=500, blank=True)
    raised_at = models.DateTimeField()
    seen = models.IntegerField(default=1)
    cleared_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(
                fields=["tenant", "connection", "code"],
                condition=models.Q(cleared_at=None),
                name="alarm_once_while_open",
            ),
        ]


class Policy(models.TextChoices):
    """Who wins when a person changed units in the PSA by hand."""

    MARKETPLACE = "marketplace", "Marketplace wins"
    PSA = "psa", "PSA wins"
    ASK = "ask", "Ask"


class Decrease(models.TextChoices):
    """When a decrease takes effect. Source: decision F-10."""

    NEXT_PERIOD = "next_period_start", "At the start of the next period"
    TODAY = "today", "Today"


class Sync(TenantModel):
    """A marketplace and a PSA kept in step: the rules of the pair and its rhythm.

    `limit_percent` and `limit_least` bound how many links one automatic run may change, `limit_down` how many units it
    may take away; beyond, the plan waits for a person. Source: reliability P13.
    """

    walls: ClassVar[Walls] = Walls(history=True, operator_reads=True, unkept=("next_at",))

    source = tenant_key(Connection, related_name="+")
    target = tenant_key(Connection, related_name="+")
    on = models.BooleanField(default=True)
    every_seconds = models.IntegerField(default=120)
    drift_policy = models.CharField(max_length=12, choices=Policy.choices, default=Policy.ASK)
    decrease = models.CharField(max_length=20, choices=Decrease.choices, default=Decrease.NEXT_PERIOD)
    end_to_zero = models.BooleanField(default=True)
    limit_percent = models.IntegerField(default=20)
    limit_least = models.IntegerField(default=5)
    limit_down = models.IntegerField(default=200)
    next_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "source", "target"], name="sync_pair_once"),
            models.CheckConstraint(condition=models.Q(every_seconds__gte=10), name="sync_not_too_often"),
        ]
