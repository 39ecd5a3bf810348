"""The organisation acted in, its people, and what was done here."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access import acts, invitations, people, tokens
from purser.access.actors import Actor
from purser.access.models import Act
from purser.api.doors import Routes
from purser.api.schemas import organisation as out
from purser.api.schemas import people as who
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


@routes.delete("/people/{uuid:membership}", "people.remove")
def remove(actor: Actor, now: datetime, membership: UUID) -> None:
    """Remove a person, and revoke their API tokens here

    `membership` is the `id` of the person's row. The last owner stays.
    """
    people.remove(actor, membership, now=now)


@routes.get("/invitations", "people.read", answers=Some[who.Invitation])
def invited(actor: Actor, now: datetime) -> Some[who.Invitation]:
    """Invitations that were neither accepted nor withdrawn, the newest first"""
    return Some(rows=[who.invitation(row, now) for row in invitations.unanswered()])


@routes.delete("/invitations/{uuid:invitation}", "people.invite")
def withdraw(actor: Actor, now: datetime, invitation: UUID) -> None:
    """Withdraw an invitation; its link no longer works

    A sensitive call: only within five minutes after the password was entered, so not with a token.
    """
    invitations.revoke(actor, invitation, now=now)


@routes.get("/tokens", "tokens.read", answers=Some[who.Token])
def tokens_made(actor: Actor, now: datetime) -> Some[who.Token]:
    """The organisation's API tokens without their values, the newest first; ended ones too"""
    return Some(rows=[who.token(row, now) for row in tokens.own()])


@routes.delete("/tokens/{uuid:token}", "tokens.revoke")
def revoke(actor: Actor, now: datetime, token: UUID) -> None:
    """Revoke an API token; its next call fails"""
    tokens.revoke(actor, token, now=now)


@routes.get("/acts/{uuid:act}", "acts.read", answers=Some[out.Deed])
def deed(actor: Actor, now: datetime, act: UUID) -> Some[out.Deed]:
    """One act, with everything that was done in the same request"""
    found = Act.objects.filter(pk=act).first()
    if found is None:
        raise Missing("There is no such act.")
    return Some(rows=[out.deed(row) for row in acts.together(found)])
