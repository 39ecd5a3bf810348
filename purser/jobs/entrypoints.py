"""Jobs: each loads by id and makes one call. All may be run again at any time."""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from django.utils import timezone
from procrastinate import Blueprint

from purser.access import errands, permit
from purser.flows import ports
from purser.flows.marketplace_to_contracts import reading
from purser.flows.marketplace_to_contracts.run import run
from purser.kernel.errors import Busy, Missing
from purser.notices import mailing, outbox
from purser.postgres.queue import defer

log = logging.getLogger("purser.jobs")
tasks = Blueprint()
AGAIN = timedelta(seconds=10)


@tasks.task(name="purser.sync")
def sync(tenant: str, sync: str, cause: str = "monitor", approved: str | None = None, by: str | None = None) -> None:
    """One pass over a pair. `by`: the person for whom it is done."""
    try:
        errands.check(by, tenant=UUID(tenant), verb="sync.run", now=timezone.now())
        result = run(
            tenant=UUID(tenant),
            sync_id=UUID(sync),
            ports=ports.current(),
            clock=timezone.now,
            cause=cause,
            approved=UUID(approved) if approved else None,
        )
    except Busy as failure:
        log.info("sync %s: %s", sync, failure.text)
        if cause != "monitor":  # somebody waits for this one; the rhythm comes round again by itself
            defer(
                "purser.sync",
                lock=f"sync:{sync}",
                at=timezone.now() + (failure.retry_after or AGAIN),
                tenant=tenant,
                sync=sync,
                cause=cause,
                approved=approved,
                by=by,
            )
        return
    except (Missing, permit.Denied) as failure:
        log.info("sync %s: %s", sync, failure.text)
        return
    log.info("sync %s: %s posted, %s failed", sync, result.posted, result.failed)


@tasks.task(name="purser.preview")
def preview(tenant: str, sync: str, by: str | None = None) -> None:
    """A pass that posts nothing and leaves a plan to read."""
    try:
        errands.check(by, tenant=UUID(tenant), verb="sync.run", now=timezone.now())
        run(
            tenant=UUID(tenant),
            sync_id=UUID(sync),
            ports=ports.current(),
            clock=timezone.now,
            cause="preview",
            dry=True,
        )
    except (Busy, Missing, permit.Denied) as failure:
        log.info("preview %s: %s", sync, failure.text)


@tasks.task(name="purser.read_everything")
def read_everything(tenant: str, sync: str) -> None:
    """Read all of both sides, so that there is something to map."""
    try:
        reading.everything(tenant=UUID(tenant), sync_id=UUID(sync), ports=ports.current(), clock=timezone.now)
    except (Busy, Missing) as failure:
        log.info("reading %s: %s", sync, failure.text)


@tasks.task(name="purser.deliver")
def deliver(origin: str, notice: str) -> None:
    """Tell of what happened in `origin` whoever was not told yet: the process that did it may have died."""
    outbox.deliver(UUID(origin), UUID(notice), now=timezone.now())


@tasks.task(name="purser.digest")
def digest(organisation: str) -> None:
    """One mail to each person of an organisation who has notices waiting for it."""
    log.info("digest %s: %s sent", organisation, mailing.digest(UUID(organisation), now=timezone.now()))
