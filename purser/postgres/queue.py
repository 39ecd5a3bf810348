"""Enqueue a job in the transaction that causes it: both commit, or neither. Jobs carry ids, not objects."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued


def defer(task: str, *, lock: str = "", merge: bool = False, at: datetime | None = None, **arguments: Any) -> bool:
    """Ask for `task` (its registered name). `lock`: only one job of that lock runs at a time. `merge`: not again while one
    waits already; returns whether it was added."""
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
        return False
    return True
