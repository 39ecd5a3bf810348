"""From a count to dated steps: when a difference takes effect. Pure.

Increases take effect today, but first cancel what a pending decrease would take away, at that decrease's date; decreases
follow the link's rule. A period already invoiced is never posted into, and dates stay inside the agreement.
Source: acceptance ID-25, ID-28, ID-32, ID-40 and decision F-10.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from purser.connectors.ports.psa import Agreement, Segment
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
    """The rules of one link. `decrease` is a links.models.Decrease value; `one_change_a_day` and `whole_units` are the PSA's."""

    decrease: str
    one_change_a_day: bool
    whole_units: bool
    largest: int


def final_units(segments: Sequence[Segment]) -> Decimal:
    """Units on the latest date anything was posted for: those of the last segment, 0 without one."""
    return segments[-1].units if segments else Decimal(0)


def units_on(segments: Sequence[Segment], day: date) -> Decimal:
    for s in segments:
        if s.starts_on <= day and (s.ends_on is None or day < s.ends_on):
            return s.units
    return Decimal(0)


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
    """The steps that make the final units `wanted`, in the order they must be posted; none when they already are.

    `taken` are dates on which a change of this service was posted already. Raises Refused for a count the PSA cannot hold.
    """
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
    difference = wanted - final_units(segments)
    if not difference:
        return []
    if difference < 0:
        return [_decrease(difference, segments, agreement, terms, today, taken)]
    steps = []
    for day, drop in reversed(_drops(segments, today)):
        back = min(difference, drop)
        if not back:
            break
        at, note = _dated(day, segments, agreement, terms, taken)
        before = units_on(segments, at)
        steps.append(Step(at, before, before + back, _join("cancels a pending decrease", note)))
        difference -= back
    if difference:
        at, note = _dated(today, segments, agreement, terms, taken)
        before = units_on(segments, at)
        steps.append(Step(at, before, before + difference, note))
    return steps


def _decrease(
    difference: Decimal,
    segments: Sequence[Segment],
    agreement: Agreement,
    terms: Terms,
    today: date,
    taken: Collection[date],
) -> Step:
    day = today
    if terms.decrease == "next_period_start" and agreement.billing_period and agreement.starts_on:
        day = period.next_start(today, first=agreement.starts_on, every=agreement.billing_period)
        if agreement.ends_on is not None and day > agreement.ends_on:
            day = today  # there is no next period on this agreement
    at, note = _dated(day, segments, agreement, terms, taken)
    before = units_on(segments, at)
    lowest = min([before, *(s.units for s in segments if s.ends_on is None or s.ends_on > at)])
    if lowest + difference < 0:
        # A later decrease is pending already: the rest can only be taken where the units still stand.
        at, note = _dated(max(s.starts_on for s in segments), segments, agreement, terms, taken)
        before = units_on(segments, at)
    return Step(at, before, before + difference, note)


def _drops(segments: Sequence[Segment], today: date) -> list[tuple[date, Decimal]]:
    """Decreases that are posted but not yet in effect, as (date, how many fewer), in order of date."""
    found = []
    for earlier, later in zip(segments, segments[1:], strict=False):
        if later.starts_on > today and later.units < earlier.units:
            found.append((later.starts_on, earlier.units - later.units))
    return found


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
    return day, note


def _join(*notes: str) -> str:
    return "; ".join(n for n in notes if n)
