"""Groups of a partner's tenants."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import groups as out
from purser.api.schemas.common import Some
from purser.api.schemas.partners import Ask
from purser.partners import groups

routes = Routes("Groups of tenants")
ONE = "/tenant-groups/{uuid:tenant_group}"


@routes.get("/tenant-groups", "tenants.read", answers=Some[out.TenantGroup])
def listed(actor: Actor, now: datetime) -> Some[out.TenantGroup]:
    """The groups, by name"""
    return Some(rows=[out.group(row) for row in groups.listed()])


@routes.post("/tenant-groups", "tenants.group", answers=out.TenantGroup, status=201)
def make(actor: Actor, now: datetime, body: out.Named) -> out.TenantGroup:
    """Make an empty group"""
    row = groups.make(actor, name=body.name, now=now)
    return out.group(groups.listed().get(pk=row.pk))


@routes.put(ONE, "tenants.group", answers=out.TenantGroup)
def rename(actor: Actor, now: datetime, tenant_group: UUID, body: out.Named) -> out.TenantGroup:
    """Rename a group"""
    row = groups.rename(actor, tenant_group, name=body.name, now=now)
    return out.group(groups.listed().get(pk=row.pk))


@routes.delete(ONE, "tenants.group")
def drop(actor: Actor, now: datetime, tenant_group: UUID) -> None:
    """Drop a group; its tenants stay as they are"""
    groups.drop(actor, tenant_group, now=now)


@routes.get(f"{ONE}/tenants", "tenants.read", answers=Some[out.GroupMember], seat=False)
def members(actor: Actor, now: datetime, tenant_group: UUID) -> Some[out.GroupMember]:
    """The tenants in a group, by name"""
    return Some(rows=[out.member(row) for row in groups.members(actor, tenant_group, now)])


@routes.post(f"{ONE}/tenants", "tenants.group", answers=Some[out.GroupMember], seat=False)
def put(actor: Actor, now: datetime, tenant_group: UUID, body: out.Put) -> Some[out.GroupMember]:
    """Put tenants in a group; it answers with all that are in it"""
    groups.put(actor, tenant_group, body.tenants, now=now)
    return Some(rows=[out.member(row) for row in groups.members(actor, tenant_group, now)])


@routes.delete(f"{ONE}/tenants/{{uuid:organisation}}", "tenants.group")
def take_out(actor: Actor, now: datetime, tenant_group: UUID, organisation: UUID) -> None:
    """Take a tenant out of a group"""
    groups.take_out(actor, tenant_group, organisation, now=now)


@routes.post(f"{ONE}/ask", "consent.ask", answers=Some[out.AskedOne], seat=False)
def ask(actor: Actor, now: datetime, tenant_group: UUID, body: Ask) -> Some[out.AskedOne]:
    """Ask every tenant of a group for its consent

    Those that gave it or have a request already are not asked again; the answer says what came of each.
    """
    found = groups.ask_all(
        actor, tenant_group, scopes=body.scopes, days=body.days, reason=body.reason, ticket=body.ticket, now=now
    )
    return Some(rows=[out.asked(one) for one in found])
