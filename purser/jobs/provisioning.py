"""Accounts at vendors: one run each, those whose time has come, and the comparison with what vendors show."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.utils import timezone
from procrastinate import Blueprint

from purser.flows.accounts_to_vendor import comparing, due, states, using
from purser.flows.accounts_to_vendor.run import AGAIN, run
from purser.jobs import apart
from purser.kernel.errors import Busy, Failure
from purser.postgres import tenancy
from purser.postgres.queue import defer

log = logging.getLogger("purser.jobs")
tasks = Blueprint()
DEEP_AT = 2  # o'clock, UTC
LAST = timedelta(hours=2)  # of a vendor's month: what it counted is read once more, as it cannot be asked for that later


@tasks.task(name=states.JOB)
def account(tenant: str, account: str, heal: bool = False) -> None:
    """One run of an account, or the rest of it. What went wrong is kept with its steps, where people see it."""
    id, of = UUID(account), UUID(tenant)
    at = None
    try:
        result = run(tenant=of, account_id=id, clock=timezone.now, heal=heal)
    except Busy as failure:
        log.info("account %s: %s", account, failure.text)
        at = timezone.now() + (failure.retry_after or AGAIN)
    except Failure as failure:
        log.info("account %s: %s", account, failure.text)
        return
    else:
        log.info("account %s: %s, %s done; %s", account, result.state, result.done, result.text)
        at = result.retry_at
    if at is not None:
        with tenancy.acting_in(of):
            states.later(of, id, at=at, heal=heal)


@tasks.periodic(cron="* * * * *")
@tasks.task(name="purser.accounts_due", queueing_lock="accounts_due")
def accounts_due(timestamp: int) -> None:
    """Ask for a run of every account that is to go on: a worker died, a time has come, what was waited for stands."""
    now = timezone.now()

    found = due.accounts(now=now)

    def ask(tenant: UUID) -> None:
        with tenancy.acting_in(tenant):
            for id in found[tenant]:
                states.later(tenant, id)

    apart.each(found, ask, what="Asking for the accounts at vendors", now=now)


@tasks.periodic(cron="23 * * * *")
@tasks.task(name="purser.compare_vendors", queueing_lock="compare_vendors")
def compare_vendors(timestamp: int) -> None:
    """Ask for a comparison of every instance that somebody has a tenant at; once a day, and at a month's end, a deep one."""
    now = timezone.now()
    deep = is_deep(now)
    found = comparing.due()

    def ask(provider: UUID) -> None:
        with tenancy.acting_in(provider):
            for instance in found[provider]:
                defer(
                    "purser.compare",
                    lock=f"instance:{instance}",
                    merge=True,
                    provider=str(provider),
                    instance=str(instance),
                    deep=deep,
                )

    apart.each(found, ask, what="Asking for the comparison of vendors", now=now)


def is_deep(now: datetime) -> bool:
    """By vendors' time, in UTC."""
    here = now.astimezone(UTC)
    return here.hour == DEEP_AT or (here + LAST).month != here.month


@tasks.task(name="purser.compare")
def compare(provider: str, instance: str, deep: bool = False) -> None:
    """Compare what a vendor shows with what we hold; with a deep look also how much is in use."""
    of = {"provider": UUID(provider), "instance_id": UUID(instance)}
    try:
        found = comparing.compare(**of, clock=timezone.now, deep=deep)
        used = using.read(**of, clock=timezone.now) if deep else 0
    except Failure as failure:
        log.info("instance %s: %s", instance, failure.text)
        return
    log.info(
        "instance %s: %s accounts, %s differences, %s used otherwise; %s",
        instance, found.accounts, found.open, used, "; ".join(filter(None, (found.text, *found.unread))),
    )  # fmt: skip
