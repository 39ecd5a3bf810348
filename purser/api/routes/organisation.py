"""The organisation acted in, its people, and what was done here."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access import acts, people
from purser.access.actors import Actor
from purser.access.models import Act
from purser.api.doors import Routes
from purser.api.schemas import organisation as out
from purser.api.schemas.common import Some
from purser.kernel.errors import Missing
from purser.tenants import organisations

routes = Routes("Organisation")


@routes.get("/organisation", "organisation.read", answers=out.Organisation)
def own(actor: Actor, now: datetime) -> out.Organisation:
    """The organisation, and your role in it"""
    return out.organisation(organisations.own(), actor.role)


@routes.get("/people", "people.read", answers=Some[out.Member])
def members(actor: Actor, now: datetime) -> Some[out.Member]:
    """Everybody who works here"""
    return Some(rows=[out.member(row) for row in people.members()])


@routes.get("/acts/{uuid:act}", "acts.read", answers=Some[out.Deed])
def deed(actor: Actor, now: datetime, act: UUID) -> Some[out.Deed]:
    """One act, with everything that was done in the same request"""
    found = Act.objects.filter(pk=act).first()
    if found is None:
        raise Missing("There is no such act.")
    return Some(rows=[out.deed(row) for row in acts.together(found)])
