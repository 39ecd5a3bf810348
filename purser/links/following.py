"""What of billing can be followed: a connection, a pair."""

from __future__ import annotations

from uuid import UUID

from purser.access.actors import Actor
from purser.links import connections
from purser.links.queries import pairs
from purser.notices.following import Followable
from purser.postgres import tenancy


def _connection(actor: Actor, id: UUID) -> str:
    with tenancy.acting_in(actor.tenant):
        return connections.find(id).name


def _pair(actor: Actor, id: UUID) -> str:
    with tenancy.acting_in(actor.tenant):
        pair = pairs.find(id)
        return f"{pair.source.name} and {pair.target.name}"


THINGS = (
    Followable("connection", "Connection", {"reseller": "connections.read"}, _connection),
    Followable("sync", "Pair", {"reseller": "sync.read"}, _pair),
)
