"""A partner's person in a customer's tenant, for a step there of work that began at the partner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from purser.access import actors, permit
from purser.access.actors import Actor
from purser.access.models import Person
from purser.kernel.errors import Missing
from purser.postgres import tenancy


@contextmanager
def entering(actor: Actor, *, customer: UUID, verb: str, now: datetime) -> Iterator[Actor]:
    """Take the customer's seat as this actor on behalf of it. Outside any seat.

    Raises Missing where no live consent lets this person in, and Denied where it does not cover the verb. Acts there name
    the person, the partner, the consent, and the request that began it. Source: acceptance UC-13, UC-18.
    """
    assert tenancy.seat() is None
    person = Person.objects.filter(pk=actor.person, is_active=True).first() if actor.person else None
    if person is None:
        raise Missing("There is no such organisation, or you do not belong to it.")
    request = actors.nowhere(person)
    with actors.entering(person, tenant=customer, request=request, now=now, via=actor.tenant) as there:
        mine = replace(there, request_id=actor.request_id, address=actor.address, verified_at=actor.verified_at)
        permit.check(mine, verb, clock=lambda: now)
        yield mine
