"""Carry out a plan, one receipt at a time. The only place that calls a target's `apply`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic

from purser.kernel import errors, points
from purser.reconcile.model import Change, Delay, Done, Doubtful, Key, Outcome, Refusal, V
from purser.reconcile.ports import Journal, R, Target

# After these nothing else can succeed on the same connection: the rest of the plan waits. Source: acceptance ID-39.
HALTS = frozenset({"credentials", "address"})


@dataclass(frozen=True)
class Step(Generic[V]):
    """What came of one change. `outcome` is None when the target had moved and nothing was sent."""

    change: Change[V]
    outcome: Outcome | None
    confirmed: bool = False


def drive(
    changes: Iterable[Change[V]],
    *,
    target: Target[V],
    journal: Journal[V, R],
    lane: Callable[[Key], str] = lambda key: key,
    halts: Collection[str] = HALTS,
) -> Iterator[Step[V]]:
    """For each change: look, and if the target is still as planned, intend, apply, settle, and look again.

    Changes of one lane keep their order: after one that is not done, the lane's later ones are not sent. An outcome whose
    code is in `halts` ends the run; when already the look meets it, that is the connection's trouble and not the step's.
    """
    blocked: set[str] = set()
    for change in changes:
        if lane(change.key) in blocked:
            continue
        step = _one(change, target, journal, halts)
        if not isinstance(step.outcome, Done) or not step.confirmed:
            blocked.add(lane(change.key))
        yield step
        if isinstance(step.outcome, Refusal | Delay) and step.outcome.code in halts:
            return


def again(change: Change[V], receipt: R, *, target: Target[V], journal: Journal[V, R]) -> Step[V]:
    """Send an unsettled step once more under its own id. Only for targets that cannot apply one id twice."""
    return _send(change, receipt, target, journal)


def _one(change: Change[V], target: Target[V], journal: Journal[V, R], halts: Collection[str]) -> Step[V]:
    try:
        seen = target.look(change.key)
    except errors.Failure as failure:
        outcome = outcome_of(failure, sent=False)
        if isinstance(outcome, Refusal | Delay) and outcome.code not in halts:
            journal.unread(change, outcome)
        return Step(change, outcome)
    if seen != change.before:
        journal.moved(change, seen)
        return Step(change, None)
    points.reach("drive:before-intend")
    receipt = journal.intend(change)
    return _send(change, receipt, target, journal)


def _send(change: Change[V], receipt: R, target: Target[V], journal: Journal[V, R]) -> Step[V]:
    points.reach("drive:intended")
    outcome = target.apply(change, once=journal.once(receipt))
    points.reach("drive:applied")
    journal.settle(receipt, outcome)
    points.reach("drive:settled")
    confirmed = False
    if isinstance(outcome, Done):
        try:
            confirmed = target.look(change.key) == change.after
        except errors.Failure:
            pass  # the next reading will tell
        if confirmed:
            journal.confirm(receipt)
            points.reach("drive:confirmed")
    return Step(change, outcome, confirmed)


def outcome_of(failure: errors.Failure, *, sent: bool) -> Outcome:
    """The outcome that a failure means for a step; `sent` says whether something may have left before it."""
    if isinstance(failure, errors.Busy):
        return Delay(failure.text, failure.code or "network", failure.retry_after, failure.hint)
    if isinstance(failure, errors.Unsure):
        if sent:
            return Doubtful(failure.text, failure.code or "unsure", failure.hint)
        return Delay(failure.text, failure.code or "network", None, failure.hint)
    return Refusal(failure.text, failure.code or "validation", failure.hint)
