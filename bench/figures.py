"""A figure we promise: what was measured, beside the most it may be."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`bound` None: told for information."""

    name: str
    value: float
    bound: float | None = None

    @property
    def ok(self) -> bool:
        return self.bound is None or self.value <= self.bound

    def line(self) -> str:
        bound = "-" if self.bound is None else f"{self.bound:g}"
        return f"{self.name} {self.value:.3g} {bound} {'ok' if self.ok else 'over'}"


def seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def ratio(one: Callable[[], object], other: Callable[[], object], *, rounds: int) -> float:
    """How much longer `one` takes than `other`: medians of rounds in which both run, so that a busy machine slows both."""
    times = [(seconds(one), seconds(other)) for _ in range(rounds)]
    return statistics.median(t for t, _ in times) / statistics.median(t for _, t in times)


def percentile(values: list[float], share: float) -> float:
    """The value that `share` of all do not exceed."""
    return sorted(values)[max(0, -(-len(values) * round(share * 100) // 100) - 1)]
