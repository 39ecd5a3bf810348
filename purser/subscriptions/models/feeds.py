"""Addresses from which a person's calendar reads the commitments of their organisation."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from purser.access.models import Person
from purser.postgres.models import TenantModel, Walls


class CalendarFeed(TenantModel):
    """A private address of one person's; what it shows is what the person may see when it is read. Of its secret only a hash
    is kept. Source: issue of vendors' tenants, section 6 (commitment calendar).
    """

    walls: ClassVar[Walls] = Walls(history=True, unkept=("key_hash",))

    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, related_name="+")
    key_hash = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "key_hash"], name="calendar_feed_once"),
        ]
