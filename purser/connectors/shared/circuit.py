"""A circuit breaker: a vendor that does not answer is left alone for a while, so that it delays nobody."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from purser.kernel.errors import Busy


class Circuit:
    """Opens after `failures` calls in a row without an answer; after `pause` one trial call decides.

    Thread-safe. Source: P11.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        failures: int = 5,
        pause: timedelta = timedelta(seconds=30),
    ) -> None:
        self._clock = clock
        self._failures = failures
        self._pause = pause
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._open_until: datetime | None = None
        self._on_trial = False

    def enter(self) -> bool:
        """Ask to call; True says that this is the trial. Each enter is followed by one `settle`.

        Raises Busy(code="network") while open.
        """
        with self._lock:
            if self._open_until is None:
                return False
            left = self._open_until - self._clock()
            if left > timedelta(0) or self._on_trial:
                raise Busy(
                    f"Not called: the last {self._in_a_row} calls got no answer. "
                    f"The next one is tried after {self._open_until.astimezone(UTC):%H:%M:%S} UTC.",
                    code="network",
                    retry_after=max(left, timedelta(seconds=1)),
                )
            self._on_trial = True
            return True

    def settle(self, *, trial: bool, answered: bool | None) -> None:
        """How the call went; None when it says nothing about the vendor (it was never made)."""
        with self._lock:
            if trial:
                self._on_trial = False
            if answered:
                self._in_a_row, self._open_until = 0, None
            elif answered is False:
                self._in_a_row += 1
                if self._in_a_row >= self._failures:
                    self._open_until = self._clock() + self._pause
