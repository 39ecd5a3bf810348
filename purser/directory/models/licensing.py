"""Collections of users, who is licensed since when, and the runs that keep the two in step."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from purser.directory.models.people import Group, User
from purser.postgres.models import TenantModel, Walls, tenant_key


class Collection(TenantModel):
    """Users chosen by name, by group, or all with a mailbox, less those excluded. Source: acceptance CS-21 to CS-24."""

    walls: ClassVar[Walls] = Walls(history=True)

    name = models.CharField(max_length=100)
    all_mailboxes = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint("tenant", Lower("name"), name="collection_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class Item(TenantModel):
    """A user or a group in a collection, or left out of it. A group stays a group: who is in it is asked at each run."""

    walls: ClassVar[Walls] = Walls(history=True)

    collection = tenant_key(Collection, related_name="items")
    user = tenant_key(User, null=True, related_name="+")
    group = tenant_key(Group, null=True, related_name="+")
    excluded = models.BooleanField(default=False)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(condition=Q(user=None) ^ Q(group=None), name="collection_item_one_thing"),
            models.UniqueConstraint(
                fields=["tenant", "collection", "user", "group"], name="collection_item_once", nulls_distinct=False
            ),
        ]


class AutoLicensing(TenantModel):
    """How licences follow the directory in this tenant; one row. Source: acceptance CS-25 to CS-28.

    `take_back`: who has left every chosen collection loses the licence at the next run. `clear_synced`: what we wrote into
    the mailboxes of the unlicensed is removed. `hour` is the hour of day of the scheduled run in the tenant's zone. The
    limits bound what one run may do by itself; beyond, its plan waits for a person (reliability P13).
    """

    walls: ClassVar[Walls] = Walls(history=True, operator_reads=True, unkept=("next_at",))

    on = models.BooleanField(default=False)
    take_back = models.BooleanField(default=False)
    clear_synced = models.BooleanField(default=False)
    hour = models.IntegerField(default=2)
    limit_percent = models.IntegerField(default=20)
    limit_least = models.IntegerField(default=5)
    next_at = models.DateTimeField(null=True)
    version = models.IntegerField(default=1)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant"], name="auto_licensing_once"),
            models.CheckConstraint(condition=Q(hour__gte=0, hour__lte=23), name="auto_licensing_hour"),
        ]


class Chosen(TenantModel):
    """A collection whose members are licensed by themselves."""

    walls: ClassVar[Walls] = Walls(history=True)

    collection = tenant_key(Collection, related_name="chosen")

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "collection"], name="auto_licensing_collection_once"),
        ]


class Cause(models.TextChoices):
    AUTO = "auto", "Auto-License"
    HAND = "hand", "By hand"


class Licence(TenantModel):
    """A user was licensed from `since` up to `until` (None: still is). Rows are opened and ended, never else changed.

    One user has one at a time, so counting rows counts users: the daily close reads tenant and dates, and no person.
    Source: acceptance CS-42; architecture, Tenancy.
    """

    walls: ClassVar[Walls] = Walls(history=True, meter_reads=("tenant_id", "since", "until"))

    user = tenant_key(User, related_name="licences")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    cause = models.CharField(max_length=4, choices=Cause.choices)
    by_name = models.CharField(max_length=254, blank=True)
    ended_by_name = models.CharField(max_length=254, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "user"], condition=Q(until=None), name="licence_one_open"),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gt=F("since")), name="licence_ends_after_it_begins"),
            models.CheckConstraint(condition=Q(cause__in=Cause.values), name="licence_cause_known"),
        ]
        indexes = [models.Index(fields=["tenant", "user", "since"], name="licence_of_user")]


class RunState(models.TextChoices):
    RUNNING = "running", "Running"
    WAITS = "waits", "Waits for a person"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    DROPPED = "dropped", "Set aside"


class LicensingRun(TenantModel):
    """One run of Auto-License, or a preview of one: `dry`. `changes` are the plan that was made, bound by its `digest`."""

    walls: ClassVar[Walls] = Walls(history=True, unkept=("changes",))

    cause = models.CharField(max_length=10)
    dry = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=RunState.choices, default=RunState.RUNNING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    by_name = models.CharField(max_length=254, blank=True)
    changes = models.JSONField(default=list)
    digest = models.CharField(max_length=64, blank=True)
    doubts = models.JSONField(default=list)
    text = models.CharField(max_length=500, blank=True)
    added = models.IntegerField(default=0)
    already = models.IntegerField(default=0)
    removed = models.IntegerField(default=0)
    failed = models.IntegerField(default=0)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="licensing_run_state_known"),
        ]
        indexes = [models.Index(fields=["tenant", "started_at", "id"], name="licensing_run_by_time")]


class StepState(models.TextChoices):
    INTENDED = "intended", "Intended"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class LicensingStep(TenantModel):
    """The receipt of one licence given (`after` true) or taken by a run."""

    run = tenant_key(LicensingRun, related_name="steps")
    user = tenant_key(User, related_name="+")
    after = models.BooleanField()
    state = models.CharField(max_length=8, choices=StepState.choices, default=StepState.INTENDED)
    intended_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    code = models.CharField(max_length=30, blank=True)
    text = models.CharField(max_length=500, blank=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "run", "user"], name="licensing_step_once"),
            models.CheckConstraint(condition=Q(state__in=StepState.values), name="licensing_step_state_known"),
        ]
