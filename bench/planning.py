"""What the engine's comparison costs beside the plainest one there is."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256

from bench.figures import Figure, ratio
from purser.reconcile.model import Reading
from purser.reconcile.plan import plan

MANY = 1_000_000
ONE_IN = 300  # so often a key differs, another is only wanted and a third only held: 1 % in all
AT = datetime(2026, 7, 11, tzinfo=UTC)


def figures() -> Iterator[Figure]:
    wanted, held = sides(MANY)
    readings = Reading(wanted, AT), Reading(held, AT)
    planned = plan(wanted=readings[0], held=readings[1])
    if sorted(c.key for c in planned.changes) != sorted(plain(wanted, held)):
        raise RuntimeError("plan() and the plain loop do not find the same differences")
    cost = ratio(
        lambda: plan(wanted=readings[0], held=readings[1]),
        lambda: plain(wanted, held),
        rounds=7,
    )
    yield Figure("plan_vs_dicts", cost, 2.0)
    few = peak(*sides(MANY // 4))
    yield Figure("plan_memory_ratio", peak(wanted, held) / (4 * few), 1.2)


def sides(count: int) -> tuple[dict[str, str], dict[str, str]]:
    """Digests by key, of `count` keys in all; equal texts are made twice, as two readings make them."""
    wanted: dict[str, str] = {}
    held: dict[str, str] = {}
    for n in range(count):
        odd = n % ONE_IN
        if odd != 1:
            wanted[f"thing/{n:08}"] = _digest(n)
        if odd != 2:
            held[f"thing/{n:08}"] = _digest(n if odd else -n - 1)
    return wanted, held


def plain(wanted: dict[str, str], held: dict[str, str]) -> list[str]:
    """Keys that differ, looked for in both directions."""
    found = []
    find = held.get
    for key, value in wanted.items():
        if find(key) != value:
            found.append(key)
    for key in held:
        if key not in wanted:
            found.append(key)
    return found


def peak(wanted: dict[str, str], held: dict[str, str]) -> int:
    """Most bytes that plan() holds at a time beside the readings."""
    gc.collect()
    tracemalloc.start()
    try:
        plan(wanted=Reading(wanted, AT), held=Reading(held, AT))
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def _digest(n: int) -> str:
    return sha256(str(n).encode()).hexdigest()
