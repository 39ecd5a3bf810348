"""A circuit breaker: a vendor that does not answer is left alone for a while, so that it delays nobody."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from purser.kernel.errors import Busy


@dataclass
class _Place:
    in_a_row: int = 0
    open_until: datetime | None = None
    on_trial: bool = False


class Circuit:
    """Opens for a host after `failures` calls in a row without an answer; after `pause` one trial call decides.

    One for a whole process: a host that hangs for one tenant is not waited for by each of the others, which would take
    every worker's time. Thread-safe. Source: P11.
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
        self._places: defaultdict[str, _Place] = defaultdict(_Place)

    def enter(self, host: str = "") -> bool:
        """Ask to call; True says that this is the trial. Each enter is followed by one `settle`.

        Raises Busy(code="network") while open.
        """
        with self._lock:
            place = self._places[host]
            if place.open_until is None:
                return False
            left = place.open_until - self._clock()
            if left > timedelta(0) or place.on_trial:
                raise Busy(
                    f"Not called: the last {place.in_a_row} calls got no answer. "
                    f"The next one is tried after {place.open_until.astimezone(UTC):%H:%M:%S} UTC.",
                    code="network",
                    retry_after=max(left, timedelta(seconds=1)),
                )
            place.on_trial = True
            return True

    def settle(self, host: str = "", *, trial: bool, answered: bool | None) -> None:
        """How the call went; None when it says nothing about the vendor (it was never made)."""
        with self._lock:
            place = self._places[host]
            if trial:
                place.on_trial = False
            if answered:
                place.in_a_row, place.open_until = 0, None
            elif answered is False:
                place.in_a_row += 1
                if place.in_a_row >= self._failures:
                    place.open_until = self._clock() + self._pause
