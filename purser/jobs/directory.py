"""Readings of tenants' directories: each on its own rhythm, one at a time for a tenant."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial
from uuid import UUID

from django.utils import timezone
from procrastinate import Blueprint

from purser.access import errands
from purser.directory import sources
from purser.flows import ports
from purser.flows.vendor_to_mirror import read, upload
from purser.jobs import apart
from purser.kernel.errors import Busy, Failure
from purser.postgres import tenancy
from purser.postgres.queue import defer
from purser.tenants import organisations

log = logging.getLogger("purser.jobs")
tasks = Blueprint()
AGAIN = timedelta(minutes=1)
AGAIN_FOR_A_PERSON = "again"


@tasks.periodic(cron="*/15 * * * *")
@tasks.task(name="purser.read_directories", queueing_lock="read_directories")
def read_directories(timestamp: int) -> None:
    """Ask for a reading of every directory whose time has come. One that waits already is not asked for twice."""
    now = timezone.now()

    def ask(tenant: UUID) -> None:
        with tenancy.acting_in(tenant):
            if sources.due(now=now):
                sources.ask(by=None, cause="rhythm")

    apart.each(read.customers(), ask, what="Asking for users", now=now)


@tasks.periodic(cron="37 4 * * *")
@tasks.task(name="purser.forget_uploads", queueing_lock="forget_uploads")
def forget_uploads(timestamp: int) -> None:
    """Forget files of users that wait too long."""
    now = timezone.now()
    forget = partial(upload.forget_old, now=now)
    apart.each(organisations.ids_of_all(), forget, what="Forgetting a file of users", now=now)


@tasks.task(name="purser.read_directory")
def read_directory(tenant: str, cause: str = "rhythm", by: str | None = None) -> None:
    """Read a tenant's directory into the mirror. What went wrong is kept at the source, where people see it."""
    try:
        errands.check(by, tenant=UUID(tenant), verb="users.refresh", now=timezone.now())
        result = read.run(tenant=UUID(tenant), port_of=ports.directory, clock=timezone.now, cause=cause)
    except Failure as failure:
        log.info("directory of %s: %s", tenant, failure.text)
        if isinstance(failure, Busy) and cause == "person":  # somebody waits; the rhythm comes round by itself
            at = timezone.now() + (failure.retry_after or AGAIN)
            lock = f"directory:{tenant}"
            defer("purser.read_directory", lock=lock, merge=True, at=at, tenant=tenant, cause=AGAIN_FOR_A_PERSON, by=by)
        return
    if result is not None:
        log.info("directory of %s: %s new, %s changed, %s gone", tenant, result.new, result.changed, result.gone)
