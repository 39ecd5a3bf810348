"""What the door remembers between two calls: answers that may be asked for again, and how often somebody called."""

from __future__ import annotations

from django.db import models

from purser.access.models import Person
from purser.postgres.models import TenantModel


class Answered(TenantModel):
    """The answer to a POST that bore a key. `digest` tells whether a second call with the key asks for the same."""

    person = models.ForeignKey(Person, on_delete=models.DO_NOTHING, related_name="+")
    key = models.CharField(max_length=200)
    digest = models.CharField(max_length=64)
    status = models.IntegerField()
    body = models.TextField()
    at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "person", "key"], name="answered_once"),
        ]
        indexes = [models.Index(fields=["tenant", "at"])]


class Calls(TenantModel):
    """How many calls somebody made in one minute. `of` is a digest of the token, the person, or the tenant as a whole."""

    of = models.CharField(max_length=64)
    minute = models.DateTimeField()
    count = models.IntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "of"], name="calls_once"),
        ]
