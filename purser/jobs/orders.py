"""Orders that were approved by a process that died before the sellers' rows were kept."""

from __future__ import annotations

import logging
from uuid import UUID

from django.utils import timezone
from procrastinate import Blueprint

from purser.postgres.queue import defer
from purser.subscriptions import carrying

log = logging.getLogger("purser.jobs")
tasks = Blueprint()


@tasks.periodic(cron="*/5 * * * *")
@tasks.task(name="purser.orders_left", queueing_lock="orders_left")
def left(timestamp: int) -> None:
    """Ask for what is left of each."""
    for customer, order in carrying.left(now=timezone.now()):
        defer("purser.order", lock=f"order:{order}", merge=True, customer=str(customer), order=str(order))


@tasks.task(name="purser.order")
def complete(customer: str, order: str) -> None:
    """Do what is left of one approved order."""
    carrying.complete(UUID(customer), UUID(order), now=timezone.now())
    log.info("order %s of %s is carried out", order, customer)
