"""From a count to dated steps: when a difference takes effect. Pure.

Increases take effect today, but first cancel what a pending decrease would take away, at that decrease's date; decreases
follow the link's rule. A period already invoiced is never posted into, and dates stay inside the agreement.
Source: acceptance ID-25, ID-28, ID-32, ID-40 and decision F-10.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise, zip_longest

from purser.connectors.ports.psa import Agreement, Segment, final_units
from purser.kernel import period
from purser.kernel.digest import units as text
from purser.kernel.errors import Refused


@dataclass(frozen=True)
class Step:
    """From `effective_on` on, units go from `before` to `after` (as they stand on that date, earlier steps done)."""

    effective_on: date
    before: Decimal
    after: Decimal
    note: str = ""


@dataclass(frozen=True)
class Terms:
    """The rules of one link. `decrease` is a links.models.Decrease value; the others are the PSA's."""

    decrease: str
    one_change_a_day: bool
    whole_units: bool
    largest: int


# From each date on so many units, in order of date; nought before the first.
Levels = Sequence[tuple[date, Decimal]]


def levels(segments: Sequence[Segment], agreement: Agreement) -> Levels:
    """Where the units change: segments that go on with the same count are one, and where none holds, nought does."""
    found: list[tuple[date, Decimal]] = []
    for segment, following in zip_longest(segments, segments[1:]):
        found.append((segment.starts_on, segment.units))
        if segment.ends_on is None:
            continue
        if following is None:
            found.append((segment.ends_on, final_units(segments, ends_on=agreement.ends_on)))
        elif segment.ends_on < following.starts_on:
            found.append((segment.ends_on, Decimal(0)))
    return [(day, units) for n, (day, units) in enumerate(found) if not n or units != found[n - 1][1]]


def units_on(at: Levels, day: date) -> Decimal:
    return next((units for starts_on, units in reversed(at) if starts_on <= day), Decimal(0))


def open_from(segments: Sequence[Segment], agreement: Agreement) -> date | None:
    """The first day that no invoice covers yet; None when nothing was invoiced."""
    last = [s.ends_on for s in segments if s.invoiced and s.ends_on is not None]
    if agreement.invoiced_through is not None:
        last.append(agreement.invoiced_through + timedelta(days=1))
    return max(last, default=None)


def decide(
    *,
    wanted: Decimal,
    segments: Sequence[Segment],
    agreement: Agreement,
    terms: Terms,
    today: date,
    taken: Collection[date] = frozenset(),
) -> list[Step]:
    """The steps that make the final units `wanted`, latest date first, as they must be posted; none when they already are.

    `taken` are dates on which a change of this service was posted already. Raises Refused for a count the PSA cannot hold
    and for a date after the agreement.
    """
    _check(wanted, terms)
    held = levels(segments, agreement)
    difference = wanted - (held[-1][1] if held else Decimal(0))
    if not difference:
        return []
    if difference < 0:
        moves = [(_decrease_on(held, agreement, terms, today), difference, "")]
    else:
        moves = list(_increase(difference, held, today))
    merged: dict[date, tuple[Decimal, str]] = {}
    for day, change, why in moves:
        at, note = _dated(day, segments, agreement, terms, taken)
        if change < 0 and _lowest_from(held, at) + change < wanted:
            # An increase is pending, or a decrease that leaves too little: it fits where the last units stand.
            at, note = _dated(held[-1][0], segments, agreement, terms, taken)
        before = merged.get(at, (Decimal(0), ""))
        merged[at] = (before[0] + change, _join(before[1], why, note))
    return [
        Step(at, units_on(held, at), units_on(held, at) + change, note)
        for at, (change, note) in sorted(merged.items(), reverse=True)
    ]


def _check(wanted: Decimal, terms: Terms) -> None:
    if wanted < 0:
        raise Refused(f"The count would fall to {text(wanted)}, below zero.", code="below_zero")
    if terms.whole_units and wanted != wanted.to_integral_value():
        raise Refused(
            f"The count is {text(wanted)}; this PSA holds whole units only.",
            code="whole_units",
            hint="Set a rule that rounds it, or bill it elsewhere.",
        )
    if wanted > terms.largest:
        raise Refused(f"The count {text(wanted)} is above {terms.largest}, the most this PSA holds.", code="limit")


def _increase(difference: Decimal, held: Levels, today: date) -> Iterator[tuple[date, Decimal, str]]:
    """Give back what pending decreases would take in all, the latest first; the rest is new today."""
    coming = [units_on(held, today), *(units for day, units in held if day > today)]
    pending = min(difference, max(coming) - coming[-1])
    rest = difference - pending
    for (_, earlier), (day, later) in reversed(list(pairwise(held))):
        if day > today and later < earlier and pending:
            back = min(pending, earlier - later)
            yield day, back, "cancels a pending decrease"
            pending -= back
    if rest:
        yield today, rest, ""


def _decrease_on(held: Levels, agreement: Agreement, terms: Terms, today: date) -> date:
    if terms.decrease == "next_period_start" and agreement.billing_period and agreement.starts_on:
        day = period.next_start(today, first=agreement.starts_on, every=agreement.billing_period)
        if agreement.ends_on is None or day <= agreement.ends_on:
            return day
        # there is no next period on this agreement
    return today


def _lowest_from(held: Levels, day: date) -> Decimal:
    return min([units_on(held, day), *(units for starts_on, units in held if starts_on > day)])


def _dated(
    day: date, segments: Sequence[Segment], agreement: Agreement, terms: Terms, taken: Collection[date]
) -> tuple[date, str]:
    """The day moved to where it may be posted, and what to tell a person if it was."""
    note = ""
    if agreement.starts_on is not None and day < agreement.starts_on:
        day, note = agreement.starts_on, f"the agreement starts on {agreement.starts_on}"
    opens = open_from(segments, agreement)
    if opens is not None and day < opens:
        day, note = opens, f"invoiced through {opens - timedelta(days=1)}: moved to the next open period"
    if terms.one_change_a_day and day in taken:
        while day in taken:
            day += timedelta(days=1)
        note = _join(note, f"merged: the PSA takes one change of a service a day, so it takes effect on {day}")
    if agreement.ends_on is not None and day > agreement.ends_on:
        raise Refused(
            f"The change would take effect on {day}, and the agreement runs from {agreement.starts_on} to "
            f"{agreement.ends_on}" + (f" ({note})." if note else "."),
            code="date_outside_agreement",
            hint="Extend the agreement's end date in the PSA, or link the resource to its successor.",
        )
    return day, note


def _join(*notes: str) -> str:
    return "; ".join(n for n in notes if n)
