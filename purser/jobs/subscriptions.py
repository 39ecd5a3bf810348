"""Subscriptions whose day has come."""

from __future__ import annotations

import logging
from uuid import UUID

from django.utils import timezone
from procrastinate import Blueprint

from purser.jobs import apart
from purser.kernel.errors import Busy
from purser.subscriptions import daily, moving

log = logging.getLogger("purser.jobs")
tasks = Blueprint()


@tasks.periodic(cron="*/15 * * * *")
@tasks.task(name="purser.subscriptions", queueing_lock="subscriptions")
def carry_out(timestamp: int) -> None:
    """Renewals, ends, planned changes and prices of the days that have come, each in its partner's zone. What was missed while
    nobody ran, or failed, is made up for.
    """
    now = timezone.now()

    def failed(customer: UUID, failure: Exception) -> None:
        if isinstance(failure, Busy):
            log.info("subscriptions of %s: %s", customer, failure.text)
        else:
            apart.tell(f"Subscriptions of {customer}", failure, tenant=customer, now=now)

    log.info("subscriptions: %s days came", daily.run(now, failed=failed))


@tasks.task(name="purser.tiers")
def begin_tiers(tenant: str) -> None:
    """What the new sellers of a customer that moved make of its subscriptions."""
    moving.begin_tiers(UUID(tenant), now=timezone.now())
