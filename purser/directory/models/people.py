"""Where a customer's people are read from, and what the latest reading said. Private: read only while acting in the tenant."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from purser.postgres.models import TenantModel, Walls, tenant_key


class SourceKind(models.TextChoices):
    GRAPH = "graph", "Microsoft 365"
    LDAP = "ldap", "LDAP"
    FILE = "file", "File (CSV, XLSX)"


class SourceState(models.TextChoices):
    NEW = "new", "Not tested"
    READY = "ready", "Ready"
    PAUSED = "paused", "Paused"


class Source(TenantModel):
    """The directory of a tenant; at most one. `settings` are addresses and choices, secrets are in the vault.

    `tokens` are the directory's own marks of where its changes were read up to, by what was read. `paused_*` name why it is
    not read until a person acts; `read_at`, `whole`, `cut` describe the latest reading. `stage` is what a reading under way
    is at, "" while there is none; a process may have died in it, so it counts only for a while after `stage_at`.
    """

    walls: ClassVar[Walls] = Walls(history=True, unkept=("read_at", "tested_at", "tokens", "next_at", "stage", "stage_at"))

    kind = models.CharField(max_length=8, choices=SourceKind.choices)
    settings = models.JSONField(default=dict)
    tokens = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=SourceState.choices, default=SourceState.NEW)
    paused_at = models.DateTimeField(null=True)
    paused_code = models.CharField(max_length=30, blank=True)
    paused_text = models.CharField(max_length=500, blank=True)
    tested_at = models.DateTimeField(null=True)
    tested_text = models.CharField(max_length=500, blank=True)
    read_at = models.DateTimeField(null=True)
    whole = models.BooleanField(default=False)
    cut = models.CharField(max_length=500, blank=True)
    next_at = models.DateTimeField(null=True)
    stage = models.CharField(max_length=40, blank=True)
    stage_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], name="source_once"),
            models.CheckConstraint(condition=models.Q(kind__in=SourceKind.values), name="source_kind_known"),
            models.CheckConstraint(condition=models.Q(state__in=SourceState.values), name="source_state_known"),
        ]


class Upload(TenantModel):
    """A file of users that was looked through and waits for a person's word; at most one, gone with that word."""

    name = models.CharField(max_length=200)
    content = models.BinaryField()
    by_name = models.CharField(max_length=254)
    made_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], name="upload_once"),
        ]


class User(TenantModel):
    """An account of the directory. `key` is the directory's id, which never changes; `mailbox` the purpose of its mailbox, ""
    for none; `card` all else that the port's User has. One that left keeps its row, with `gone_at`.
    """

    key = models.CharField(max_length=200)
    principal_name = models.CharField(max_length=254)
    display_name = models.CharField(max_length=256)
    mail = models.CharField(max_length=254, blank=True)
    department = models.CharField(max_length=256, blank=True)
    job_title = models.CharField(max_length=256, blank=True)
    enabled = models.BooleanField(default=True)
    guest = models.BooleanField(default=False)
    listed = models.BooleanField(null=True)
    mailbox = models.CharField(max_length=10, blank=True)
    card = models.JSONField(default=dict)
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "key"], name="mirrored_user_key_once"),
        ]
        indexes = [models.Index(fields=["tenant", "display_name", "id"], name="mirrored_user_by_name")]

    def __str__(self) -> str:
        return self.display_name


class Group(TenantModel):
    """A group of the directory, or a dynamic one of ours: with an `expression` over users' attributes and no key.

    `rule` is the vendor's own for its dynamic groups, only shown. `expanded`: whether the members known are all of them.
    `hides_members`: read as empty it may not be.
    """

    key = models.CharField(max_length=200, blank=True)
    name = models.CharField(max_length=256)
    kind = models.CharField(max_length=16)
    mail = models.CharField(max_length=254, blank=True)
    description = models.CharField(max_length=1024, blank=True)
    rule = models.TextField(blank=True)
    expression = models.TextField(blank=True)
    expanded = models.BooleanField(default=False)
    hides_members = models.BooleanField(default=False)
    seen_at = models.DateTimeField()
    gone_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "key"], condition=~models.Q(key=""), name="mirrored_group_key_once"),
            models.UniqueConstraint(fields=["tenant", "name"], condition=models.Q(key=""), name="mirrored_group_of_ours_once"),
            models.CheckConstraint(condition=models.Q(key="") ^ models.Q(expression=""), name="mirrored_group_read_or_ours"),
        ]
        indexes = [models.Index(fields=["tenant", "name", "id"], name="mirrored_group_by_name")]

    def __str__(self) -> str:
        return self.name


class Member(TenantModel):
    """A user in a group of the directory, directly or through groups in it. Those of our own groups are found at each run."""

    group = tenant_key(Group, related_name="members")
    user = tenant_key(User, related_name="groups")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "group", "user"], name="mirrored_member_once"),
        ]
        indexes = [models.Index(fields=["tenant", "user"], name="mirrored_member_of")]
