"""Enqueue a job in the transaction that causes it: both commit, or neither. Jobs carry ids, not objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


def defer(task: str, *, lock: str = "", merge: bool = False, at: datetime | None = None, **arguments: Any) -> bool:
    """Ask for `task` (its registered name). `lock`: only one job of that lock runs at a time. `merge`: not again while one
    waits already, which then runs at the earlier of the two times; returns whether it was added."""
    job = app.configure_task(
        task,
        allow_unknown=True,
        lock=lock or None,
        queueing_lock=lock if merge else None,
        schedule_at=at,
    )
    try:
        with transaction.atomic():  # a refused repeat must not end the caller's transaction
            job.defer(**arguments)
    except AlreadyEnqueued:
        _not_after(lock, at)
        return False
    return True


# A job without a time runs at once.
_EARLIER = """
    UPDATE procrastinate_jobs SET scheduled_at = %(at)s
    WHERE queueing_lock = %(lock)s AND status = 'todo'
      AND scheduled_at > coalesce(%(at)s::timestamptz, '-infinity')
"""


def _not_after(lock: str, at: datetime | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_EARLIER, {"lock": lock, "at": at})
