"""Enqueue a job in the transaction that causes it: both commit, or neither. Jobs carry ids, not objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from purser.kernel.errors import Busy

TRIES = 5


def defer(task: str, *, lock: str = "", merge: bool = False, at: datetime | None = None, **arguments: Any) -> bool:
    """Ask for `task` (its registered name). `lock`: only one job of that lock runs at a time. `merge`: not again while one
    waits already, which then runs at the earlier of the two times, and not before this transaction is committed: it sees what
    the caller wrote. Returns whether it was added. Raises Busy, which has to end the transaction, where neither can be had."""
    job = app.configure_task(
        task,
        allow_unknown=True,
        lock=lock or None,
        queueing_lock=lock if merge else None,
        schedule_at=at,
    )
    for _ in range(TRIES):  # a worker may take the one that waits just before it is held
        try:
            with transaction.atomic():  # a refused repeat must not end the caller's transaction
                job.defer(**arguments)
            return True
        except AlreadyEnqueued:
            if _held(lock, at):
                return False
    text = f"The job “{lock}” was taken {TRIES} times while it was asked for."
    raise Busy(text, code="queue", hint="Nothing was changed: try again.")


# A job without a time runs at once.
_EARLIER = """
    UPDATE procrastinate_jobs SET scheduled_at = %(at)s
    WHERE queueing_lock = %(lock)s AND status = 'todo'
      AND scheduled_at > coalesce(%(at)s::timestamptz, '-infinity')
"""
# Workers pass over what somebody holds; who merges at the same time does not wait for one another.
_HOLD = "SELECT id FROM procrastinate_jobs WHERE queueing_lock = %(lock)s AND status = 'todo' FOR SHARE"


def _held(lock: str, at: datetime | None) -> bool:
    """Keep the job that waits from being taken until the caller's transaction ends; False where it was taken already."""
    with connection.cursor() as cursor:
        cursor.execute(_EARLIER, {"lock": lock, "at": at})
        if not cursor.rowcount:
            cursor.execute(_HOLD, {"lock": lock})
        return bool(cursor.rowcount)
