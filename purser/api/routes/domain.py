"""A customer's domain: facts, packages, settings, and the tenant permissions."""

from __future__ import annotations

from datetime import datetime

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import domain as out
from purser.api.schemas.common import Some
from purser.partners import domain
from purser.postgres import tenancy
from purser.tenants import organisations

routes = Routes("Domain")


@routes.get("/domain", "domain.read", answers=out.Domain, seat=False)
def facts(actor: Actor, now: datetime) -> out.Domain:
    """The domain, and who sells to it with their Partner IDs"""
    with tenancy.acting_in(actor.tenant):
        row = organisations.own()
    return out.of(row, domain.chain(row))


@routes.put("/domain", "domain.write", answers=out.Domain, seat=False)
def change(actor: Actor, now: datetime, body: out.ChangeDomain) -> out.Domain:
    """Change the main contact and the time zone"""
    with tenancy.acting_in(actor.tenant):
        row = domain.change(actor, contact_name=body.contact_name, contact_email=body.contact_email, zone=body.zone, now=now)
    return out.of(row, domain.chain(row))


@routes.get("/packages", "domain.read", answers=Some[out.Package])
def packages(actor: Actor, now: datetime) -> Some[out.Package]:
    """Every package, with the licences that are ordered, used and available"""
    return Some(rows=[out.package(row) for row in domain.stocks()])


@routes.get("/tenant-permissions", "organisation.read", answers=Some[out.TenantPermission])
def permissions(actor: Actor, now: datetime) -> Some[out.TenantPermission]:
    """Which of the groups a to d the partner leaves to the tenant's own administrators"""
    row = organisations.own()
    return Some(rows=out.permissions(row) if actor.kind == "customer" else [])


@routes.put("/tenant-permissions", "tenant.permit", answers=Some[out.TenantPermission])
def permit(actor: Actor, now: datetime, body: out.Permit) -> Some[out.TenantPermission]:
    """Choose which of the groups a to d the tenant's own administrators keep, at once

    For the partner's administrators, on behalf of the customer.
    """
    return Some(rows=out.permissions(domain.permit(actor, body.groups, now=now)))
