"""A notice where it happened, and in the hands of each person who is told."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from purser.access.models import Person
from purser.postgres.models import TenantModel, Walls


class Mail(models.TextChoices):
    """How a notice reaches a person beside the portal."""

    NOW = "now", "At once by mail"
    DIGEST = "digest", "In one mail a day"
    NONE = "none", "Not by mail"


class Notice(TenantModel):
    """Something that happened in the tenant, kept in the transaction in which it did: the outbox.

    `audience` is the organisation whose people are told, null for the operator above the tenant. `page` and `args` name
    where they look (`args` beside the tenant). `about` are the things it tells of, as [what, id], and `to` the ids of
    people who are told beside those whom its kind concerns. `until` is shown in the audience's zone. `delivered_at` is
    empty as long as somebody may still have to be told.
    """

    walls: ClassVar[Walls] = Walls()

    kind = models.CharField(max_length=30)
    at = models.DateTimeField()
    audience = models.UUIDField(null=True)
    subject = models.CharField(max_length=300)
    lines = models.JSONField(default=list)
    until = models.DateTimeField(null=True)
    page = models.CharField(max_length=60)
    args = models.JSONField(default=dict)
    about = models.JSONField(default=list)
    to = models.JSONField(default=list)
    delivered_at = models.DateTimeField(null=True)


class Delivery(TenantModel):
    """A notice in one person's hands. The row is of the organisation as whose member they hear it.

    `notice` is the id of the notice, which may be another organisation's row. A mail is claimed by `mailed_at` before it is
    sent, so that none is sent twice.
    """

    walls: ClassVar[Walls] = Walls()

    notice = models.UUIDField()
    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, related_name="+")
    kind = models.CharField(max_length=30)
    at = models.DateTimeField()
    subject = models.CharField(max_length=300)
    text = models.TextField(max_length=8000)
    path = models.CharField(max_length=500)
    read_at = models.DateTimeField(null=True)
    mail = models.CharField(max_length=6, choices=Mail.choices)
    mailed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "notice", "person"], name="delivery_once"),
            models.CheckConstraint(condition=models.Q(mail__in=Mail.values), name="delivery_mail_known"),
        ]
        indexes = [
            models.Index(fields=["tenant", "person", "-at", "id"], name="delivery_of_person"),
            models.Index(fields=["tenant", "person"], condition=models.Q(read_at=None), name="delivery_unread"),
            models.Index(
                fields=["tenant", "person"], condition=models.Q(mail="digest", mailed_at=None), name="delivery_for_digest"
            ),
        ]


class Choice(TenantModel):
    """How one person wants one kind of notice; without a row it is mailed at once. Until `silent_until` it neither counts
    as unread nor is mailed.
    """

    walls: ClassVar[Walls] = Walls()

    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, related_name="+")
    kind = models.CharField(max_length=30)
    mail = models.CharField(max_length=6, choices=Mail.choices, default=Mail.NOW)
    silent_until = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "person", "kind"], name="choice_once"),
            models.CheckConstraint(condition=models.Q(mail__in=Mail.values), name="choice_mail_known"),
        ]


class Follow(TenantModel):
    """A person wants to hear of a thing whether it concerns them or not. `name` is what it was called then."""

    walls: ClassVar[Walls] = Walls()

    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, related_name="+")
    what = models.CharField(max_length=20)
    about = models.UUIDField()
    name = models.CharField(max_length=200)
    created_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "person", "what", "about"], name="follow_once"),
        ]
        indexes = [models.Index(fields=["tenant", "what", "about"], name="follow_of_thing")]
