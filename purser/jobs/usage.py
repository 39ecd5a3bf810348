"""Daily units: days that are over are closed, charged, and the months in the books closed behind them."""

from __future__ import annotations

import logging
from datetime import date, timedelta
from uuid import UUID

from django.utils import timezone
from procrastinate import Blueprint

from purser.billing.usage import charging, closing, terms
from purser.jobs import apart
from purser.kernel.errors import Busy
from purser.postgres.queue import defer

log = logging.getLogger("purser.jobs")
tasks = Blueprint()
AGAIN = timedelta(seconds=30)


@tasks.periodic(cron="*/5 * * * *")
@tasks.task(name="purser.close_days", queueing_lock="close_days")
def close_days(timestamp: int) -> None:
    """Close the days that are over, wherever they are. What was missed while nobody ran, or failed, is made up for."""
    now = timezone.now()

    def failed(zone: str, partner: UUID | None, failure: Exception) -> None:
        if isinstance(failure, Busy):
            log.info("%s: %s", zone, failure.text)
        else:
            apart.tell("Closing days" if partner else f"Closing days of {zone}", failure, tenant=partner, now=now)

    for day in closing.close_due(now, failed=failed):
        log.info("%s: %s closed for %s partners", day.zone, day.on, day.partners)


@tasks.task(name="purser.post_days")
def post_days(zone: str, on: str) -> None:
    """Ask for the charges of a day to be posted, for each partner of a zone."""
    for partner in closing.partners_on(zone, date.fromisoformat(on)):
        defer("purser.charge", lock=f"books:{partner}", merge=True, tenant=str(partner))


@tasks.task(name="purser.charge")
def charge(tenant: str) -> None:
    """Post what is missing in one partner's books, and close its last month when that is settled."""
    now = timezone.now()
    try:
        done = charging.post(UUID(tenant), now=now)
        closed = charging.assert_month(UUID(tenant), now=now)
    except Busy as failure:
        log.info("charge %s: %s", tenant, failure.text)
        defer("purser.charge", lock=f"books:{tenant}", merge=True, at=now + (failure.retry_after or AGAIN), tenant=tenant)
        return
    log.info("charge %s: %s posted, %s reversed, month closed: %s", tenant, done.posted, done.reversed, closed)


@tasks.task(name="purser.terms")
def spread_terms(operator: str) -> None:
    """Give an operator's partners the terms that it published."""
    now = timezone.now()

    def failed(partner: UUID, failure: Exception) -> None:
        apart.tell("Giving terms of daily units", failure, tenant=partner, now=now)

    log.info("terms of %s: %s partners", operator, terms.spread(UUID(operator), now=now, failed=failed))


@tasks.periodic(cron="33 * * * *")
@tasks.task(name="purser.terms_due", queueing_lock="terms_due")
def terms_due(timestamp: int) -> None:
    """Ask again for terms that did not reach every partner."""
    for operator in terms.behind(now=timezone.now()):
        defer("purser.terms", lock=f"terms:{operator}", merge=True, operator=str(operator))
