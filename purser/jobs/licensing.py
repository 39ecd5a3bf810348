"""Jobs of Auto-License: a run, and which tenants' time has come."""

from __future__ import annotations

import logging
from uuid import UUID

from django.utils import timezone
from procrastinate import Blueprint

from purser.access import errands, permit
from purser.directory import auto, licensing_runs
from purser.flows.directory_to_licences import run as flow
from purser.jobs import apart
from purser.kernel.errors import Busy, Missing
from purser.postgres import tenancy
from purser.postgres.queue import defer

log = logging.getLogger("purser.jobs")
tasks = Blueprint()


@tasks.task(name=licensing_runs.TASK)
def licensing(tenant: str, run: str, by: str | None = None) -> None:
    """One run, or the rest of it. `by`: the person for whom it is done."""
    id = UUID(tenant)
    try:
        errands.check(by, tenant=id, verb="tasks.auto_licence", now=timezone.now())
        done = flow.run(tenant=id, run_id=UUID(run), clock=timezone.now)
    except Busy as failure:
        log.info("licensing %s: %s", run, failure.text)
        at = timezone.now() + (failure.retry_after or flow.AGAIN)
        defer(licensing_runs.TASK, lock=f"licensing:{tenant}", at=at, tenant=tenant, run=run, by=by)
    except permit.Denied as failure:
        log.info("licensing %s: %s", run, failure.text)
        flow.failed(tenant=id, run_id=UUID(run), text=failure.text, now=timezone.now())
    except Missing as failure:  # the person no longer belongs here, or the consent is over: nobody else does it for them
        log.info("licensing %s: %s", run, failure.text)
        flow.failed(tenant=id, run_id=UUID(run), text="Who asked for it no longer acts here.", now=timezone.now())
    except Exception:
        flow.failed(tenant=id, run_id=UUID(run), text="A fault of ours stopped it; run it again.", now=timezone.now())
        raise
    else:
        log.info("licensing %s: %s, %s added, %s taken back", run, done.state, done.added, done.removed)


@tasks.periodic(cron="* * * * *")
@tasks.task(name="purser.licensing_due", queueing_lock="licensing_due")
def licensing_due(timestamp: int) -> None:
    """Begin the scheduled run of every tenant whose time has come; each in a transaction of its own."""
    now = timezone.now()

    def begin(tenant: UUID) -> None:
        with tenancy.acting_in(tenant):
            if auto.take_turn(now=now):
                licensing_runs.begin_scheduled(now=now)

    apart.each(auto.due(now=now), begin, what="Beginning Auto-License", now=now)
