"""Tasks of people at vendors: who is told of what is overdue."""

from __future__ import annotations

from functools import partial

from django.utils import timezone
from procrastinate import Blueprint

from purser.jobs import apart
from purser.provisioning import tasks as kept

tasks = Blueprint()


@tasks.periodic(cron="52 5 * * 1-5")
@tasks.task(name="purser.overdue_tasks", queueing_lock="overdue_tasks")
def overdue_tasks(timestamp: int) -> None:
    """Tell every provider's people, on working days."""
    now = timezone.now()
    apart.each(kept.providers(), partial(kept.remind, now=now), what="Telling of overdue tasks", now=now)
