"""Run now: a pass over a pair as soon as a worker is free."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access import acts, errands, permit
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
    return ask(pair, tenant=actor.tenant, cause="person", by=errands.by(actor))


def ask(pair: Sync, *, tenant: UUID, cause: str, by: str | None = None) -> bool:
    """Enqueue a pass with the caller's transaction. A waiting one is enough: it will see what was written here. `by` is the
    person for whom it is done, and who must still be allowed to ask for it then.
    """
    lock, sync = f"sync:{pair.pk}", str(pair.pk)
    return queue.defer("purser.sync", lock=lock, merge=True, tenant=str(tenant), sync=sync, cause=cause, by=by)
