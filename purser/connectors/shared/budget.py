"""How much of a vendor's allowance one credential may use: calls at a time, in a minute, and in an hour.

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

HOUR, MINUTE = 3600.0, 60.0


class Budget:
    """At most `threads` calls at a time, `per_minute` in any 60 seconds and `per_hour` in any 60 minutes (None: no such
    limit). Thread-safe.

    A full minute only slows its calls down: a long reading that stopped there would begin anew each time and never reach
    its end. A full hour stops them. `wait` is how many seconds a call may stand in line for a thread; `now` gives seconds
    that never go back.
    """

    def __init__(
        self,
        threads: int,
        per_hour: int | None,
        *,
        per_minute: int | None = None,
        wait: float = 30.0,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if any(limit is not None and limit < 1 for limit in (threads, per_minute, per_hour)):
            raise ValueError(f"a budget needs at least 1 of each, not {threads=}, {per_minute=}, {per_hour=}")
        self.threads = threads
        self.per_minute = per_minute
        self.per_hour = per_hour
        self._wait = wait
        self._now = now
        self._sleep = sleep
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
            while left := self._spend():
                self._sleep(left)
            yield
        finally:
            self._slots.release()

    def pause(self, span: timedelta) -> None:
        """The vendor asked this credential to wait: no call until then, by any thread."""
        with self._lock:
            self._closed_until = max(self._closed_until, self._now() + span.total_seconds())

    def _spend(self) -> float:
        """Spend a call; or the seconds until the minute has room again, with nothing spent."""
        with self._lock:
            now = self._now()
            if now < self._closed_until:
                raise _throttled("The vendor asked this credential to wait.", self._closed_until - now)
            kept = HOUR if self.per_hour is not None else MINUTE
            while self._spent and self._spent[0] <= now - kept:
                self._spent.popleft()
            if self.per_hour is not None and len(self._spent) >= self.per_hour:
                text = f"The {self.per_hour} calls an hour of this credential are used up."
                raise _throttled(text, self._spent[0] + HOUR - now)
            if self.per_minute is not None and len(self._spent) >= self.per_minute:
                left = self._spent[-self.per_minute] + MINUTE - now
                if left > 0:
                    return left
            if self.per_minute is not None or self.per_hour is not None:
                self._spent.append(now)
            return 0.0


_shared: dict[str, Budget] = {}
_shared_lock = threading.Lock()


def shared(fingerprint: str, *, threads: int, per_hour: int | None = None, per_minute: int | None = None) -> Budget:
    """The budget of a credential in this process, made at its first use. `fingerprint` is a digest.

    Limits that changed since (a person edited the connection) start a new budget.
    """
    with _shared_lock:
        budget = _shared.get(fingerprint)
        if budget is None or (budget.threads, budget.per_minute, budget.per_hour) != (threads, per_minute, per_hour):
            budget = _shared[fingerprint] = Budget(threads, per_hour, per_minute=per_minute)
        return budget


def _throttled(text: str, seconds: float) -> Busy:
    text = f"{text} Next call in {seconds:.0f} s."
    return Busy(text, code="throttled", retry_after=timedelta(seconds=seconds))
