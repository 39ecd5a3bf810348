"""Cycles of metered subscriptions that are over."""

from __future__ import annotations

import logging
from uuid import UUID

from django.utils import timezone
from procrastinate import Blueprint

from purser.jobs import apart
from purser.kernel.errors import Busy
from purser.subscriptions import metered

log = logging.getLogger("purser.jobs")
tasks = Blueprint()


@tasks.periodic(cron="41 * * * *")
@tasks.task(name="purser.metered_cycles", queueing_lock="metered_cycles")
def close_cycles(timestamp: int) -> None:
    """Charge the cycles that are over by the day of who sells them, in every zone soon after midnight; what was missed is made
    up for."""
    now = timezone.now()

    def failed(customer: UUID, failure: Exception) -> None:
        if isinstance(failure, Busy):
            log.info("metered cycles of %s: %s", customer, failure.text)
        else:
            apart.tell(f"Charging the usage of {customer}", failure, tenant=customer, now=now)

    log.info("metered cycles: %s charges", metered.run(now, failed=failed))
