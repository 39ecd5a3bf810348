"""Price lists on their way to partners, and papers: drawn once, mailed once. All may be run again at any time."""

from __future__ import annotations

import logging
from uuid import UUID

from django.utils import timezone
from procrastinate import Blueprint

from purser.billing.buying import packages, papers
from purser.billing.buying import sending as mails
from purser.kernel.errors import Missing, Refused
from purser.postgres.queue import defer

log = logging.getLogger("purser.jobs")
tasks = Blueprint()


@tasks.task(name="purser.prices")
def prices(operator: str) -> None:
    """Copy an operator's price lists to its partners, one by one."""
    log.info("prices of %s: %s lists copied", operator, packages.copy_to_all(UUID(operator), timezone.now()))


@tasks.task(name="purser.papers")
def issue(tenant: str, of: str, id: str) -> None:
    """A receipt, a credit note or a debit note; `of` is "purchase", "refund" or "undone"."""
    try:
        row = papers.issue(UUID(tenant), of, UUID(id), now=timezone.now())
    except (Missing, Refused) as failure:
        log.info("paper of %s %s: %s", of, id, failure.text)
        return
    log.info("paper of %s %s: %s", of, id, row.number)


@tasks.task(name="purser.send_paper")
def send(tenant: str, sending: str) -> None:
    """Mail a paper to whom it is for."""
    sent = mails.send(UUID(tenant), UUID(sending), now=timezone.now())
    log.info("mail %s: %s", sending, "sent" if sent else "nothing to send")


@tasks.periodic(cron="23 * * * *")
@tasks.task(name="purser.papers_due", queueing_lock="papers_due")
def due(timestamp: int) -> None:
    """Ask again for what a dead worker left undone: price lists not copied, papers not drawn."""
    for operator in packages.behind():
        defer("purser.prices", lock=f"prices:{operator}", merge=True, operator=str(operator))
    for tenant, of, id in papers.missing(timezone.now()):
        defer("purser.papers", lock=f"paper:{id}", merge=True, tenant=str(tenant), of=of, id=str(id))
