"""How much of a vendor's allowance one credential may use: calls at a time, and calls in an hour.

Vendors count per credential, not per connection of ours, so budgets are shared in the process by a
fingerprint of the credential (a digest: the credential itself is never kept here).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from purser.kernel.errors import Busy

HOUR = 3600.0


class Budget:
    """At most `threads` calls at a time and `per_hour` in any 60 minutes (None: no such limit). Thread-safe.

    `wait` is how many seconds a call may stand in line for a thread; `now` gives seconds that never go back.
    """

    def __init__(
        self,
        threads: int,
        per_hour: int | None,
        *,
        wait: float = 30.0,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        if threads < 1 or (per_hour is not None and per_hour < 1):
            raise ValueError(f"a budget needs at least 1 of each, not threads={threads}, per_hour={per_hour}")
        self.threads = threads
        self.per_hour = per_hour
        self._wait = wait
        self._now = now
        self._slots = threading.BoundedSemaphore(threads)
        self._lock = threading.Lock()
        self._spent: deque[float] = deque()
        self._closed_until = 0.0

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Spend one call and hold a thread for the time of the block.

        Raises Busy(code="throttled", retry_after): at once when the hour is used up or the vendor asked for
        a pause, after `wait` seconds when no thread came free.
        """
        if not self._slots.acquire(timeout=self._wait):
            raise Busy(
                f"This credential may make {self.threads} calls at a time; none ended in {self._wait:g} s.",
                code="throttled",
                retry_after=timedelta(seconds=max(self._wait, 1.0)),
            )
        try:
            self._spend()
            yield
        finally:
            self._slots.release()

    def pause(self, span: timedelta) -> None:
        """The vendor asked this credential to wait: no call until then, by any thread."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._now() + span.total_seconds())

    def _spend(self) -> None:
        with self._lock:
            now = self._now()
            if now < self._closed_until:
                raise _throttled("The vendor asked this credential to wait.", self._closed_until - now)
            while self._spent and self._spent[0] <= now - HOUR:
                self._spent.popleft()
            if self.per_hour is None:
                return
            if len(self._spent) >= self.per_hour:
                text = f"The {self.per_hour} calls an hour of this credential are used up."
                raise _throttled(text, self._spent[0] + HOUR - now)
            self._spent.append(now)


_shared: dict[str, Budget] = {}
_shared_lock = threading.Lock()


def shared(fingerprint: str, *, threads: int, per_hour: int | None) -> Budget:
    """The budget of a credential in this process, made at its first use. `fingerprint` is a digest.

    Limits that changed since (a person edited the connection) start a new budget.
    """
    with _shared_lock:
        budget = _shared.get(fingerprint)
        if budget is None or (budget.threads, budget.per_hour) != (threads, per_hour):
            budget = _shared[fingerprint] = Budget(threads, per_hour)
        return budget


def _throttled(text: str, seconds: float) -> Busy:
    text = f"{text} Next call in {seconds:.0f} s."
    return Busy(text, code="throttled", retry_after=timedelta(seconds=seconds))
