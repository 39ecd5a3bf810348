"""What a person does with plans: ask for a preview, approve exactly what was shown, reject with a reason."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access import acts, errands, permit
from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.links import plans
from purser.links.models import StoredPlan
from purser.links.queries import pairs
from purser.links.queries import plans as stored
from purser.postgres import queue


def preview(actor: Actor, *, sync_id: UUID, now: datetime) -> None:
    """Ask for a dry pass: it plans from fresh readings, posts nothing and leaves a plan to read.

    Raises Denied, Missing. `queries.plans.preview_since(sync_id, since=now)` finds what came of it.
    """
    permit.check(actor, "sync.run")
    pair = pairs.find(sync_id)
    acts.record(
        actor,
        "sync.run",
        summary=f"Asked for a preview of {pair.source.name} and {pair.target.name}",
        of=("sync", sync_id),
        now=now,
    )
    lock, sync = f"sync:{pair.pk}", str(pair.pk)
    queue.defer("purser.preview", lock=lock, tenant=str(actor.tenant), sync=sync, by=errands.by(actor))


def approve(actor: Actor, *, plan_id: UUID, digest: str, now: datetime) -> StoredPlan:
    """Approve the plan that has this digest, and ask for the pass that posts it.

    The approval and its pass are one transaction. The job is never merged with a waiting one: that one would not know
    of the approval. Raises Denied, Missing, and Refused when the plan was decided or is another than the one shown.
    """
    permit.check(actor, "plans.approve")
    by = _person(actor)
    found = stored.one(plan_id)
    acts.record(
        actor,
        "plans.approve",
        summary=f"Approved a plan of {len(found.changes)} changes for {found.sync.target.name}",
        of=("plan", plan_id),
        before={"state": found.state},
        after={"state": "approved", "digest": digest},
        now=now,
    )
    approved = plans.approve(plan_id, digest=digest, by=by, now=now)
    queue.defer(
        "purser.sync",
        lock=f"sync:{approved.sync_id}",
        tenant=str(actor.tenant),
        sync=str(approved.sync_id),
        cause="approved",
        approved=str(plan_id),
    )
    return approved


def reject(actor: Actor, *, plan_id: UUID, reason: str, now: datetime) -> StoredPlan:
    """Post nothing of it, and do not ask about the same plan again. Raises Denied, Missing, Refused."""
    permit.check(actor, "plans.approve")
    by = _person(actor)
    if not reason.strip():
        raise Refused("A rejection needs a reason.", code="reason", hint="Say in a few words why nothing is to be posted.")
    found = stored.one(plan_id)
    acts.record(
        actor,
        "plans.approve",
        summary=f"Rejected a plan of {len(found.changes)} changes for {found.sync.target.name}: {reason.strip()}",
        of=("plan", plan_id),
        before={"state": found.state},
        after={"state": "rejected", "reason": reason.strip()},
        now=now,
    )
    return plans.reject(plan_id, by=by, reason=reason.strip(), now=now)


def _person(actor: Actor) -> UUID:
    if actor.person is None:
        raise Refused("Only a person can decide a plan.", code="person")
    return actor.person
