"""One's own notices: which there are, how many are unread, and having read them.

What a person may not read any more is neither shown nor counted, also where they were told of it once.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, QuerySet
from django.db.models.functions import Now

from purser.access.actors import Actor
from purser.kernel.errors import Missing
from purser.lists.saved import person_of
from purser.notices import kinds
from purser.notices.models import Choice, Delivery

MOST = 100  # unread ones that are counted


def visible(actor: Actor) -> QuerySet[Delivery]:
    """All that the actor was told as a member here and may still read."""
    return Delivery.objects.filter(person_id=person_of(actor), kind__in=[kind.name for kind in kinds.for_actor(actor)])


def one(actor: Actor, id: UUID) -> Delivery:
    """Raises Missing, the same for anybody else's."""
    row: Delivery | None = visible(actor).filter(pk=id).first()
    if row is None:
        raise Missing("There is no such notice.")
    return row


def unread_kinds() -> Any:
    """For the query that loads a member: the kinds of what they have not read, as often as there are notices, without those
    that are silent now. So the count on every page costs no query of its own.
    """
    silent = Choice.objects.filter(person_id=OuterRef("person_id"), silent_until__gt=Now())
    rows = Delivery.objects.filter(person_id=OuterRef("person_id"), read_at=None).exclude(kind__in=silent.values("kind"))
    return ArraySubquery(rows.order_by().values("kind")[:MOST])


def unread(actor: Actor) -> int:
    """How many notices the actor, as loaded for this request, has not read; MOST for that many and more."""
    shown = {kind.name for kind in kinds.for_actor(actor)}
    return sum(kind in shown for kind in actor.unread)


def read(actor: Actor, ids: Iterable[UUID], *, now: datetime) -> int:
    """Mark these as read; how many were not yet. Anybody else's are passed over."""
    return visible(actor).filter(pk__in=list(ids), read_at=None).update(read_at=now)


def read_all(actor: Actor, *, until: datetime, now: datetime) -> int:
    """Mark everything up to a moment as read: what the person had before their eyes, not what came since."""
    return visible(actor).filter(read_at=None, at__lte=until).update(read_at=now)
