"""How "from this day on, so many more" becomes additions: a pure plan of the calls that are still to be made.

ConnectWise keeps no dated counts, only additions with a first and a last day. A dated change therefore ends
the addition that runs and adds another with the new total; where the addition begins on that very day, or
nothing is prorated, its quantity is overwritten. Additions that follow later shift by the same difference.
Source: acceptance ID-27.

Each addition we touch gets our mark as its serial number, in the same call. So the plan can be drawn up again
from what is there after any call that was or was not made, and what is done is not planned twice. The new
addition is made before the old one is ended: the call that may be refused comes while nothing has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import TypeAlias

from purser.connectors.connectwise.client import CONFLICT
from purser.connectors.connectwise.wire import Addition
from purser.connectors.ports.psa import Adjustment
from purser.kernel.errors import Refused

_OURS = "purser:"


@dataclass(frozen=True)
class Add:
    """A new addition like `like`, from the adjustment's day up to `ends_on`."""

    like: Addition
    quantity: Decimal
    less_included: Decimal
    ends_on: date | None


@dataclass(frozen=True)
class Set:
    """Write `quantity`; with `priced`, the adjustment's prices and text too. Leaves the mark where it may."""

    addition: Addition
    quantity: Decimal
    priced: bool = False


@dataclass(frozen=True)
class End:
    """The addition counts up to, not including, `on`. Leaves the mark where it may."""

    addition: Addition
    on: date


@dataclass(frozen=True)
class Delete:
    """An addition of ours that came twice: a lost call that arrived after it had been repeated."""

    addition: Addition


Step: TypeAlias = Add | Set | End | Delete


@dataclass(frozen=True)
class Course:
    """The steps still to take. `begun` when some addition carries the mark; `reference` is the id of the one
    that carries the new count."""

    begun: bool
    steps: tuple[Step, ...]
    reference: str = ""


def mark(once: str) -> str:
    """The serial number that an addition touched by `once` gets; 50 characters are allowed."""
    if not once or len(once) > 40:
        raise ValueError(f"an attempt's id has 1 to 40 characters, not {len(once)}")
    return _OURS + once


def may_mark(addition: Addition) -> bool:
    """A serial number that somebody else gave stays."""
    return not addition.serial or addition.serial.startswith(_OURS)


def course(additions: Iterable[Addition], adjustment: Adjustment, *, once: str, dated: bool) -> Course:
    """What is still to be done. `additions` are all of the product on the agreement, ended ones too.

    `dated` is false where the change may be written into an addition that began earlier. Raises Refused:
    code "conflict" when the units are neither those before nor those after, or cannot be taken from the
    additions there are; "not_found" when the product was never on the agreement.
    """
    ours = mark(once)
    known = sorted((a for a in additions if a.live or a.serial == ours), key=lambda a: a.id)
    running = [a for a in known if a.runs_on(adjustment.effective_on)]
    total = sum((a.quantity for a in running), Decimal(0))
    touched = [a for a in known if a.serial == ours]
    if touched:
        return _rest(known, running, touched, adjustment)
    if total == adjustment.units_after:
        return Course(begun=False, steps=())
    if total != adjustment.units_before:
        raise _conflict(adjustment, f"there are {total:f} now, not {adjustment.units_before:f}")
    return Course(begun=False, steps=_fresh(list(additions), known, running, adjustment, dated=dated))


def _fresh(
    every: Sequence[Addition],
    known: Sequence[Addition],
    running: Sequence[Addition],
    adjustment: Adjustment,
    *,
    dated: bool,
) -> tuple[Step, ...]:
    on, delta = adjustment.effective_on, adjustment.delta
    if not running and delta > 0:
        like = max(every, key=lambda a: (a.ends_on or date.max, a.id), default=None)
        if like is None:
            text = f"{adjustment.service_id} is not on agreement {adjustment.agreement_id}."
            raise Refused(text, code="not_found", hint="Add it there, or link another service.")
        return (Add(like, adjustment.units_after, like.less_included, None),)
    carriers = _carriers(running, adjustment)
    first = carriers[0]
    left = sum((a.quantity for a in carriers), delta)
    shifts = _shifts(known, first.ends_on, adjustment)
    ends = tuple(End(a, on) for a in carriers)
    if left == 0:
        return _unambiguous((*shifts, *reversed(ends)), adjustment)
    if len(carriers) == 1 and (first.starts_on == on or not dated):
        return _unambiguous((Set(first, left, priced=True), *shifts), adjustment)
    less = sum((a.less_included for a in carriers), Decimal(0))
    return (Add(first, left, less, first.ends_on), *ends, *_unambiguous(shifts, adjustment, alone=False))


def _rest(
    known: Sequence[Addition],
    running: Sequence[Addition],
    touched: Sequence[Addition],
    adjustment: Adjustment,
) -> Course:
    """What an attempt that stopped half way left to do."""
    placed = [a for a in running if a in touched]
    twins = tuple(Delete(a) for a in placed[1:] if a.starts_on == adjustment.effective_on)
    others = [a for a in running if a not in placed]
    total = sum((a.quantity for a in [*others, *placed[:1]]), Decimal(0))
    like = placed[0] if placed else min(touched, key=lambda a: (a.starts_on, a.id))
    ended = _summing(others, total - adjustment.units_after, like, adjustment)
    after = placed[0].ends_on if placed else next((a.ends_on for a in ended), None)
    shifts = _shifts(known, after, adjustment, done=touched)
    ends = tuple(End(a, adjustment.effective_on) for a in ended)
    # Without a new addition the first old one is ended last: its last day is what the later ones are found by.
    steps = (*twins, *ends, *shifts) if placed else (*shifts, *reversed(ends))
    return Course(begun=True, steps=steps, reference=str(like.id))


def _carriers(running: Sequence[Addition], adjustment: Adjustment) -> list[Addition]:
    """The additions to change: one that is large enough, else some of equal terms, else all."""
    order, delta = _in_order(running), adjustment.delta
    single = next((a for a in order if a.quantity + delta >= 0), None)
    if single is not None:
        return [single]
    for _, group in groupby(sorted(order, key=lambda a: repr(_terms(a))), key=_terms):
        chosen: list[Addition] = []
        for addition in group:
            chosen.append(addition)
            if sum((a.quantity for a in chosen), delta) >= 0:
                return chosen
    if order and adjustment.units_after == 0:
        return order
    raise _conflict(adjustment, f"no addition, nor any with equal terms, holds the {-delta:f} units to take away")


def _summing(others: Sequence[Addition], excess: Decimal, like: Addition, adjustment: Adjustment) -> list[Addition]:
    """Of the additions that run beside ours, those that are still to be ended: together `excess` units."""
    if excess == 0:
        return []
    # The new addition may have been given another price than the one it replaces.
    first = 0 if adjustment.unit_price is None and adjustment.unit_cost is None else 2
    alike = [a for a in others if _terms(a)[first:4] == _terms(like)[first:4]]
    for pool in (_in_order(alike), _in_order(others)):
        single = next((a for a in pool if a.quantity == excess), None)
        if single is not None:
            return [single]
        chosen: list[Addition] = []
        for addition in pool:
            chosen.append(addition)
            if sum((a.quantity for a in chosen), Decimal(0)) == excess:
                return chosen
    raise _conflict(adjustment, f"{excess:f} units too many, which are no whole addition")


def _shifts(
    known: Sequence[Addition], after: date | None, adjustment: Adjustment, *, done: Sequence[Addition] = ()
) -> tuple[Set | End, ...]:
    """The additions that follow one another once the carrier has ended, each by the same difference."""
    found: list[Set | End] = []
    later = sorted((a for a in known if a.starts_on > adjustment.effective_on), key=lambda a: (a.starts_on, a.id))
    for addition in later:
        if after is None or addition.starts_on < after:
            continue
        after = addition.ends_on
        if addition in done:
            continue
        quantity = addition.quantity + adjustment.delta
        if quantity < 0:
            raise _conflict(adjustment, f"addition {addition.id} would fall to {quantity:f}")
        found.append(Set(addition, quantity) if quantity else End(addition, addition.starts_on))
    return tuple(found)


def _terms(a: Addition) -> tuple[object, ...]:
    return (a.unit_price, a.unit_cost, a.billing, a.taxable, a.ends_on)


def _in_order(additions: Iterable[Addition]) -> list[Addition]:
    """Billed ones first, and of those the ones that last longest."""
    return sorted(additions, key=lambda a: (a.billing != "Billable", -(a.ends_on or date.max).toordinal(), a.id))


def _unambiguous(steps: tuple[Set | End, ...], adjustment: Adjustment, *, alone: bool = True) -> tuple[Set | End, ...]:
    """One step can be told by its number; of several each needs the mark, or a repeat could not tell which
    were taken."""
    foreign = [s.addition.id for s in steps if not may_mark(s.addition)]
    if foreign and (len(steps) > 1 or not alone):
        raise _conflict(adjustment, f"addition {foreign[0]} carries a serial number of somebody else's")
    return steps


def _conflict(adjustment: Adjustment, why: str) -> Refused:
    text = (
        f"{adjustment.service_id} on agreement {adjustment.agreement_id} cannot go from "
        f"{adjustment.units_before:f} to {adjustment.units_after:f} on {adjustment.effective_on}: {why}."
    )
    return Refused(text, code="conflict", hint=CONFLICT)
