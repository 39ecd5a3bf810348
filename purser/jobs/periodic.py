"""The rhythm: which passes are due, and what a dead worker left behind."""

from __future__ import annotations

import logging

from django.conf import settings
from django.utils import timezone
from procrastinate import Blueprint
from procrastinate.contrib.django import app

from purser.audit import rhythm
from purser.flows.marketplace_to_contracts import reading
from purser.postgres.queue import defer

log = logging.getLogger("purser.jobs")
tasks = Blueprint()
KEEP_JOBS_HOURS = 72


@tasks.periodic(cron="* * * * * */10")
@tasks.task(name="purser.due", queueing_lock="due")
def due(timestamp: int) -> None:
    """Ask for a pass over every pair whose time has come. A pair that waits already is not asked for twice."""
    for tenant, sync in reading.due(now=timezone.now()):
        defer("purser.sync", lock=f"sync:{sync}", merge=True, tenant=str(tenant), sync=str(sync))


@tasks.periodic(cron="* * * * *")
@tasks.task(name="purser.revive", queueing_lock="revive")
async def revive(timestamp: int) -> None:
    """Jobs whose worker died go back into the queue, locks and all; every job of ours may be run again."""
    for job in await app.job_manager.get_stalled_jobs():
        log.warning("job %s (%s) had lost its worker; it is run again", job.id, job.task_name)
        if job.id is not None:
            await app.job_manager.retry_job_by_id_async(job.id, timezone.now())


@tasks.periodic(cron="7 * * * *")
@tasks.task(name="purser.seal", queueing_lock="seal")
def seal(timestamp: int) -> None:
    """Seal the hour's acts into the chains of their tenants, and anchor the heads outside the database."""
    rhythm.every_tenant(settings.ANCHORS, now=timezone.now())


@tasks.periodic(cron="17 3 * * *")
@tasks.task(name="purser.sweep", queueing_lock="sweep")
async def sweep(timestamp: int) -> None:
    """Forget finished jobs."""
    await app.job_manager.delete_old_jobs(nb_hours=KEEP_JOBS_HOURS, include_failed=True, include_cancelled=True)
