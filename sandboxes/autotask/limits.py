"""How much one may call: a rolling hour for the whole database, three threads for each endpoint."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sandboxes.kit import error

THRESHOLD = 10_000
TIMEFRAME = timedelta(minutes=60)
THREADS = 3


class Limits:
    """`others` and `busy_elsewhere` are what others seem to use; `base` is latency set by hand."""

    def __init__(self) -> None:
        self.base = 0.0
        self.others = 0
        self.busy_elsewhere = 0
        self._calls: deque[datetime] = deque()
        self._running: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def count(self) -> int:
        return len(self._calls) + self.others

    @property
    def latency(self) -> float:
        """Seconds before each answer: Autotask adds some from half of the threshold on."""
        used = self.count / THRESHOLD
        return self.base + (0.0 if used < 0.5 else 0.5 if used < 0.75 else 1.0)

    def spend(self, now: datetime) -> None:
        """Count one call. Raises 429 when the hour is used up."""
        while self._calls and self._calls[0] <= now - TIMEFRAME:
            self._calls.popleft()
        if self.count >= THRESHOLD:
            text = f"The threshold of {THRESHOLD} requests in 60 minutes is exceeded."
            raise error(429, {"errors": [text]}, {"Retry-After": "60"})
        self._calls.append(now)

    @contextmanager
    def thread(self, endpoint: str) -> Iterator[bool]:
        """Hold a thread of an endpoint; gives whether there was one."""
        with self._lock:
            self._running[endpoint] += 1
            free = self._running[endpoint] + self.busy_elsewhere <= THREADS
        try:
            yield free
        finally:
            with self._lock:
                self._running[endpoint] -= 1
