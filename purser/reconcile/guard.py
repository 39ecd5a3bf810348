"""Doubts that stop a plan until a person has read it. Source: reliability P13; architecture, How it runs."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from decimal import Decimal

from purser.reconcile.model import Change, Key, Plan, Reading, V


@dataclass(frozen=True)
class Limits:
    """A plan that changes more than `percent` of all compared lanes *and* at least `least` of them waits; so does one that
    brings all sizes together down by more than `down`."""

    percent: int = 20
    least: int = 5
    down: Decimal = Decimal(200)


@dataclass(frozen=True)
class Doubt:
    code: str
    text: str


def doubts(
    plan: Plan[V],
    *,
    wanted: Reading[V],
    held: Reading[V],
    limits: Limits,
    size: Callable[[V], Decimal],
    expected: Collection[Key] = frozenset(),
    posted_before: Collection[str] = frozenset(),
    mark: Callable[[Change[V]], str] | None = None,
    lane: Callable[[Key], str] = lambda key: key,
) -> tuple[Doubt, ...]:
    """Why this plan should not run by itself; empty when it may.

    `expected` are keys whose change a person has just asked for: they do not count against the limits. `posted_before`
    holds the marks of postings already made; a change with the same mark is a repeat. `lane` is that of the plan.
    """
    found: list[Doubt] = []
    counted = [c for c in plan.changes if c.key not in expected]
    moved = len({lane(c.key) for c in counted})
    if moved >= limits.least and moved * 100 > limits.percent * plan.compared:
        found.append(
            Doubt(
                "too_many",
                f"{moved} of {plan.compared} would change; without a person at most {limits.percent} % may, "
                f"from {limits.least} on.",
            )
        )
    fall = sum((max(Decimal(0), _size(c.before, size) - _size(c.after, size)) for c in counted), Decimal(0))
    if fall > limits.down:
        found.append(
            Doubt(
                "too_far_down",
                f"{fall:f} would be taken away; without a person at most {limits.down:f} may be.",
            )
        )
    if fall and not wanted.whole:
        found.append(Doubt("source_cut", f"Some would be taken away after a reading that is not whole: {wanted.cut}"))
    if plan.changes and not held.whole:
        found.append(Doubt("target_cut", f"The target was not read as a whole: {held.cut}"))
    if mark is not None:
        again = [c.key for c in plan.changes if mark(c) in posted_before]
        if again:
            found.append(Doubt("repeat", f"{len(again)} would repeat a posting that was made already, first {again[0]}."))
    return tuple(found)


def _size(value: V | None, size: Callable[[V], Decimal]) -> Decimal:
    return Decimal(0) if value is None else size(value)
