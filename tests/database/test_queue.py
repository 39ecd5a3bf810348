"""Asking for a job: one that waits is not asked for twice, and does not begin before everybody who asked has committed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import pytest
from django.db import connection, transaction

from purser.postgres import ids, queue

T = TypeVar("T")
LATER = datetime(2099, 1, 1, tzinfo=UTC)


@pytest.fixture
def lock() -> str:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM procrastinate_jobs WHERE status = 'todo'")
    return f"test:{ids.new()}"


def ask(lock: str, at: datetime | None = None) -> bool:
    return queue.defer("purser.test", lock=lock, merge=True, at=at)


def elsewhere(call: Callable[[], T]) -> T:
    """By another connection."""

    def closing() -> T:
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(closing).result(timeout=20)


def take() -> str | None:
    """The next job, as a worker takes it: its lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT queueing_lock FROM procrastinate_fetch_job_v2(NULL, NULL)")
        found: str | None = cursor.fetchone()[0]
    return found


def waiting(lock: str) -> list[datetime | None]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT scheduled_at FROM procrastinate_jobs WHERE queueing_lock = %s AND status = 'todo'", [lock])
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize("at", [None, LATER])
def test_a_job_that_waits_is_not_taken_before_who_asked_for_it_again_has_committed(lock: str, at: datetime | None) -> None:
    """Else it would run with what stood before, and nothing would run afterwards."""
    assert ask(lock, at)
    with transaction.atomic():
        assert not ask(lock)
        assert elsewhere(take) is None
    assert take() == lock
    assert waiting(lock) == []


def test_one_that_a_worker_took_meanwhile_is_asked_for_anew(lock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ask(lock)
    held = queue._held
    taken: list[str | None] = []

    def late(lock: str, at: datetime | None) -> bool:
        if not taken:
            taken.append(elsewhere(take))
        return held(lock, at)

    monkeypatch.setattr(queue, "_held", late)
    with transaction.atomic():
        assert ask(lock)
    assert (taken, waiting(lock)) == ([lock], [None])


def test_two_who_ask_at_once_do_not_wait_for_each_other(lock: str) -> None:
    assert ask(lock)
    with transaction.atomic():
        assert not ask(lock)
        assert elsewhere(lambda: ask(lock)) is False


def test_what_waits_runs_at_the_earlier_of_the_two_times(lock: str) -> None:
    ask(lock, LATER)
    ask(lock, LATER + timedelta(days=1))
    assert waiting(lock) == [LATER]
    ask(lock, LATER - timedelta(days=1))
    assert waiting(lock) == [LATER - timedelta(days=1)]
    ask(lock)
    assert waiting(lock) == [None]


def test_an_asking_that_is_undone_leaves_the_job_as_it_was(lock: str) -> None:
    ask(lock, LATER)
    with transaction.atomic():
        ask(lock)
        transaction.set_rollback(True)
    assert waiting(lock) == [LATER]
    assert take() is None
