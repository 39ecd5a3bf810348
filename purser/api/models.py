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
    """How many calls there were since the window began. `of` says whose or what: a token's digest, a person, the tenant."""

    of = models.CharField(max_length=64)
    since = models.DateTimeField()
    count = models.IntegerField()

    class Meta(TenantModel.Meta):
        constraints = [
            *TenantModel.Meta.constraints,
            models.UniqueConstraint(fields=["tenant", "of"], name="calls_once"),
        ]
