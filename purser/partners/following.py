"""Following a tenant: a partner's people a customer of theirs, operations an organisation below."""

from __future__ import annotations

from uuid import UUID

from purser.access.actors import Actor
from purser.notices.following import Followable
from purser.partners import customers
from purser.partners.told import TENANT
from purser.tenants import organisations


def _tenant(actor: Actor, id: UUID) -> str:
    if actor.kind == "operator":
        return organisations.below(actor.tenant, id).name
    return str(customers.own(actor.tenant, id).name)


VERBS = {"distributor": "tenants.read", "reseller": "tenants.read", "operator": "operator.organisations.read"}
THINGS = (Followable(TENANT, "Tenant", VERBS, _tenant),)
