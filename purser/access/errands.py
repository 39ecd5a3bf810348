"""Work that a person asks for and a worker does later: whether they may is asked again when it is done.

Between the two they may have left, lost the role, or the customer may have ended its consent. Source: acceptance UC-13;
reliability P17, P22.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access import actors, acts, permit, verbs
from purser.access.actors import Actor
from purser.access.models import Person
from purser.kernel.errors import Missing
from purser.postgres import tenancy


def by(actor: Actor) -> str | None:
    """What a job bears of who asked: the person's id; None where Purser itself did."""
    return str(actor.person) if actor.person else None


def check(person: str | None, *, tenant: UUID, verb: str, now: datetime) -> None:
    """Outside any seat, before the work. Raises Denied or Missing, and keeps an act that it was not done."""
    if person is None:
        return
    who = Person.objects.filter(pk=person, is_active=True).first()
    try:
        if who is None:
            raise Missing("The person who asked has no account any more.")
        with actors.entering(who, tenant=tenant, request=actors.nowhere(who), now=now) as actor:
            if not permit.allows(actor, verb):
                raise permit.Denied(f"{who} may not {verbs.find(verb).sentence} any more.", code="denied")
    except (Missing, permit.Denied) as refusal:
        with tenancy.acting_in(tenant):
            worker = actors.system("worker", tenant=tenant, organisation="")
            name = str(who) if who else "somebody who is gone"
            summary = f"Not done for {name}: {refusal.text}"
            acts.record(worker, verb, summary=summary, of=("person", person), outcome="refused", now=now)
        raise
