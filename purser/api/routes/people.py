"""People one by one, their invitations, and the roles they can have."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access import invitations, people, roles
from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import organisation
from purser.api.schemas import people as out
from purser.api.schemas.common import Some
from purser.postgres import tenancy

routes = Routes("People")


@routes.get("/people/{uuid:membership}", "people.read", answers=organisation.Member)
def one(actor: Actor, now: datetime, membership: UUID) -> organisation.Member:
    """One of the people who work here"""
    return organisation.member(people.one(membership))


@routes.put("/people/{uuid:membership}/role", "people.change_role", answers=organisation.Member, seat=False)
def change_role(actor: Actor, now: datetime, membership: UUID, body: out.RoleChoice) -> organisation.Member:
    """Give somebody another role; it counts from their next request

    A sensitive call: only within five minutes after the password was entered, so not with a token.
    """
    people.change_role(actor, membership, body.role, now=now)
    return _member(actor, membership)


def _member(actor: Actor, membership: UUID) -> organisation.Member:
    with tenancy.acting_in(actor.tenant):
        return organisation.member(people.one(membership))


@routes.put("/people/{uuid:membership}/package", "people.package", answers=organisation.Member)
def set_package(actor: Actor, now: datetime, membership: UUID, body: out.PackageChoice) -> organisation.Member:
    """Give somebody a package, or take it"""
    people.set_package(actor, membership, body.package, now=now)
    return organisation.member(people.one(membership))


@routes.put("/people/{uuid:membership}/suspension", "people.suspend", answers=organisation.Member, seat=False)
def suspend(actor: Actor, now: datetime, membership: UUID, body: out.Suspension) -> organisation.Member:
    """Keep somebody out from their next request, or let them in again"""
    people.suspend(actor, membership, suspended=body.suspended, now=now)
    return _member(actor, membership)


@routes.put("/people/{uuid:membership}/partner-administration", "people.partner_administrator", answers=organisation.Member)
def partner_administration(
    actor: Actor, now: datetime, membership: UUID, body: out.PartnerAdministration
) -> organisation.Member:
    """Let somebody act in the tenants of customers who agreed, or no longer

    Only in a partner that operations enabled, and for somebody with a paid package. A sensitive call, as above.
    """
    people.set_partner_administrator(actor, membership, on=body.on, now=now)
    return organisation.member(people.one(membership))


@routes.delete("/people/{uuid:membership}", "people.remove")
def remove(actor: Actor, now: datetime, membership: UUID) -> None:
    """Take somebody out, and revoke their API tokens here"""
    people.remove(actor, membership, now=now)


@routes.get("/invitations", "people.read", answers=Some[out.Invitation])
def invited(actor: Actor, now: datetime) -> Some[out.Invitation]:
    """Invitations neither accepted nor withdrawn, newest first"""
    return Some(rows=[out.invitation(row, now) for row in invitations.unanswered()])


@routes.post("/invitations", "people.invite", answers=out.Invitation, seat=False)
def invite(actor: Actor, now: datetime, body: out.Invite) -> out.Invitation:
    """Invite an address by mail; at most three times an hour

    As one of the roles of `/roles` that you may give: by its name, or by the id of one of the organisation's own. The link
    works while you may give it. A sensitive call, as above.
    """
    issued = invitations.invite(actor, email=body.email, role=body.role, kind=actor.kind, now=now)
    invitations.send(issued, tenant=actor.tenant, inviter=actor.name)
    return out.invitation(issued.invitation, now)


@routes.post("/invitations/{uuid:invitation}/again", "people.invite", answers=out.Invitation, seat=False)
def invite_again(actor: Actor, now: datetime, invitation: UUID) -> out.Invitation:
    """Mail a new link; the former one ends, and from now on it is you who invites

    A sensitive call, as above.
    """
    issued = invitations.send_again(actor, invitation, now=now)
    invitations.send(issued, tenant=actor.tenant, inviter=actor.name)
    return out.invitation(issued.invitation, now)


@routes.delete("/invitations/{uuid:invitation}", "people.invite")
def withdraw(actor: Actor, now: datetime, invitation: UUID) -> None:
    """Withdraw an invitation; its link no longer works"""
    invitations.revoke(actor, invitation, now=now)


@routes.get("/roles", "roles.read", answers=out.Roles)
def every_role(actor: Actor, now: datetime) -> out.Roles:
    """The roles people can have here, what each allows, and every permission there is"""
    shown = [*out.built_in(actor.kind), *(out.own_role(row) for row in roles.own())]
    return out.Roles(roles=shown, permissions=out.permissions(actor.kind))


@routes.post("/roles", "roles.write", answers=out.Role)
def make_role(actor: Actor, now: datetime, body: out.MakeRole) -> out.Role:
    """Make a role of the organisation's own, of permissions that you have

    A sensitive call, as above.
    """
    return out.own_role(roles.make(actor, name=body.name, sentence=body.sentence, allowed=body.verbs, now=now))


@routes.put("/roles/{uuid:role}", "roles.write", answers=out.Role, seat=False)
def change_own_role(actor: Actor, now: datetime, role: UUID, body: out.ChangeRole) -> out.Role:
    """Change a role of the organisation's own; it counts from the next request of everybody who has it

    A sensitive call, as above.
    """
    row = roles.change(actor, role, name=body.name, sentence=body.sentence, allowed=body.verbs, version=body.version, now=now)
    return out.own_role(row)


@routes.delete("/roles/{uuid:role}", "roles.write")
def drop_role(actor: Actor, now: datetime, role: UUID) -> None:
    """Delete a role that nobody has

    A sensitive call, as above.
    """
    roles.drop(actor, role, now=now)
