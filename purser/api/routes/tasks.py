"""Tasks at vendors that have no interface: one, confirmed, declined, opened again. The list is with the other lists."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import tasks as out
from purser.provisioning import confirming, tasks

routes = Routes("Vendors")
ONE = "/vendor-tasks/{uuid:task}"


@routes.get(ONE, tasks.READ, answers=out.VendorTask)
def task(actor: Actor, now: datetime, task: UUID) -> out.VendorTask:
    """What a person is to do at a vendor"""
    return out.task(tasks.find(task))


@routes.post(f"{ONE}/confirm", tasks.VERB, answers=out.VendorTask, seat=False)
def confirm(actor: Actor, now: datetime, task: UUID, body: out.ConfirmTask) -> out.VendorTask:
    """It is done at the vendor; what waits for it goes on"""
    return out.task(confirming.confirm(actor, task, **body.model_dump(), now=now))


@routes.post(f"{ONE}/decline", tasks.VERB, answers=out.VendorTask, seat=False)
def decline(actor: Actor, now: datetime, task: UUID, body: out.DeclineTask) -> out.VendorTask:
    """It cannot be done; what waits for it is half done then, and says so"""
    return out.task(confirming.decline(actor, task, **body.model_dump(), now=now))


@routes.post(f"{ONE}/reopen", tasks.VERB, answers=out.VendorTask, seat=False)
def reopen(actor: Actor, now: datetime, task: UUID, body: out.ReopenTask) -> out.VendorTask:
    """One that was declined is to be done after all"""
    return out.task(confirming.reopen(actor, task, **body.model_dump(), now=now))
