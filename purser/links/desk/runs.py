"""Run now: a pass over a pair as soon as a worker is free."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access import acts, permit
from purser.access.actors import Actor
from purser.links.models import Sync
from purser.links.queries import pairs
from purser.postgres import queue


def run_now(actor: Actor, *, sync_id: UUID, now: datetime) -> bool:
    """Ask for a pass over the pair; False when one waits in the queue already. Raises Denied, Missing."""
    permit.check(actor, "sync.run")
    pair = pairs.find(sync_id)
    acts.record(
        actor,
        "sync.run",
        summary=f"Asked for a pass over {pair.source.name} and {pair.target.name}",
        of=("sync", sync_id),
        now=now,
    )
    return ask(pair, tenant=actor.tenant, cause="person")


def ask(pair: Sync, *, tenant: UUID, cause: str) -> bool:
    """Enqueue a pass with the caller's transaction. A waiting one is enough: it will see what was written here."""
    return queue.defer("purser.sync", lock=f"sync:{pair.pk}", merge=True, tenant=str(tenant), sync=str(pair.pk), cause=cause)
