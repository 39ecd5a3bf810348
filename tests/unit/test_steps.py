"""From a count to dated steps, against the rules as they are written and not as they are coded.

Source: acceptance ID-25, ID-28, ID-32, ID-40, decision F-10.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from purser.connectors.ports.psa import Agreement, Segment
from purser.flows.marketplace_to_contracts import steps
from purser.flows.marketplace_to_contracts.steps import Step, Terms
from purser.kernel.errors import Refused

TODAY = date(2026, 7, 11)
AUGUST = date(2026, 8, 1)
DAY = timedelta(days=1)


def agreement(**more: object) -> Agreement:
    terms: dict[str, object] = {
        "starts_on": date(2026, 1, 1),
        "ends_on": None,
        "billing_period": "month",
        **more,
    }
    return Agreement(id="9", account_id="1", name="Cloud", active=True, **terms)  # type: ignore[arg-type]


def terms(decrease: str = "next_period_start", *, one_change_a_day: bool = False, whole_units: bool = True) -> Terms:
    return Terms(decrease=decrease, one_change_a_day=one_change_a_day, whole_units=whole_units, largest=2_147_483_647)


def staircase(*levels: tuple[date, int], until: date | None = None) -> tuple[Segment, ...]:
    """Segments that hold from each date to the next; the last one up to `until`."""
    ends = [*(day for day, _ in levels[1:]), until]
    return tuple(Segment(day, end, Decimal(n)) for (day, n), end in zip(levels, ends, strict=True))


def decide(wanted: int, segments: tuple[Segment, ...], *, taken: set[date] | None = None, **more: object) -> list[Step]:
    return steps.decide(
        wanted=Decimal(wanted),
        segments=segments,
        agreement=more.pop("agreement", agreement()),  # type: ignore[arg-type]
        terms=more.pop("terms", terms()),  # type: ignore[arg-type]
        today=TODAY,
        taken=taken or set(),
    )


def brief(found: list[Step]) -> list[tuple[date, int, int]]:
    return [(s.effective_on, int(s.before), int(s.after)) for s in found]


EIGHT = staircase((date(2026, 1, 1), 8))


def test_equal_counts_need_nothing() -> None:
    assert decide(8, EIGHT) == []


def test_an_increase_takes_effect_today() -> None:
    assert brief(decide(15, EIGHT)) == [(TODAY, 8, 15)]


def test_a_decrease_waits_for_the_next_period() -> None:
    assert brief(decide(5, EIGHT)) == [(AUGUST, 8, 5)]


def test_a_decrease_may_take_effect_today() -> None:
    assert brief(decide(5, EIGHT, terms=terms("today"))) == [(TODAY, 8, 5)]


def test_a_decrease_takes_effect_today_where_the_agreement_has_no_next_period() -> None:
    assert brief(decide(5, EIGHT, agreement=agreement(ends_on=date(2026, 7, 31)))) == [(TODAY, 8, 5)]


def test_an_increase_first_cancels_the_pending_decrease_at_its_date() -> None:
    held = staircase((date(2026, 1, 1), 8), (AUGUST, 5))
    assert brief(decide(7, held)) == [(AUGUST, 5, 7)]
    assert brief(decide(8, held)) == [(AUGUST, 5, 8)]
    assert brief(decide(10, held)) == [(AUGUST, 5, 8), (TODAY, 8, 10)]


def test_of_several_pending_decreases_the_latest_is_cancelled_first() -> None:
    held = staircase((date(2026, 1, 1), 10), (AUGUST, 7), (date(2026, 9, 1), 5))
    assert brief(decide(8, held)) == [(date(2026, 9, 1), 5, 7), (AUGUST, 7, 8)]


def test_what_was_given_back_already_is_not_given_back_again() -> None:
    held = staircase((date(2026, 1, 1), 8), (AUGUST, 5), (AUGUST + DAY, 7))
    assert brief(decide(10, held)) == [(AUGUST, 5, 6), (TODAY, 8, 10)]


def test_a_pending_decrease_to_nought_is_seen_although_no_segment_says_so() -> None:
    held = staircase((date(2026, 1, 1), 8), until=AUGUST)
    assert decide(0, held) == []
    assert brief(decide(3, held)) == [(AUGUST, 0, 3)]


def test_a_hole_between_segments_is_nought() -> None:
    held = (*staircase((date(2026, 1, 1), 8), until=date(2026, 7, 1)), Segment(AUGUST, None, Decimal(4)))
    assert brief(decide(6, held)) == [(TODAY, 0, 2)]


def test_units_that_reach_the_agreements_end_are_not_a_pending_decrease() -> None:
    ends = agreement(ends_on=date(2026, 12, 31))
    held = staircase((date(2026, 1, 1), 8), until=date(2027, 1, 1))
    assert decide(8, held, agreement=ends) == []
    assert brief(decide(9, held, agreement=ends)) == [(TODAY, 8, 9)]


def test_nothing_is_posted_into_an_invoiced_period() -> None:
    through = agreement(invoiced_through=date(2026, 7, 31))
    for found in (decide(15, EIGHT, agreement=through), decide(5, EIGHT, agreement=through, terms=terms("today"))):
        assert [s.effective_on for s in found] == [AUGUST]
        assert "invoiced through 2026-07-31" in found[0].note


def test_an_invoiced_segment_closes_its_days_too() -> None:
    held = (Segment(date(2026, 7, 1), AUGUST, Decimal(8), invoiced=True), Segment(AUGUST, None, Decimal(8)))
    assert brief(decide(9, held)) == [(AUGUST, 8, 9)]


def test_steps_that_an_invoice_moves_to_one_day_become_one() -> None:
    held = staircase((date(2026, 1, 1), 10), (date(2026, 7, 20), 7))
    found = decide(12, held, agreement=agreement(invoiced_through=date(2026, 7, 31)))
    assert brief(found) == [(AUGUST, 7, 12)]


def test_nothing_is_posted_before_the_agreement_starts() -> None:
    later = agreement(starts_on=date(2026, 7, 20))
    found = decide(3, (), agreement=later)
    assert brief(found) == [(date(2026, 7, 20), 0, 3)]
    assert "starts on 2026-07-20" in found[0].note


def test_a_second_change_of_a_day_is_merged_into_tomorrow_where_the_psa_takes_one() -> None:
    held = staircase((date(2026, 1, 1), 8), (TODAY, 11))
    one = terms(one_change_a_day=True)
    found = decide(13, held, taken={TODAY}, terms=one)
    assert brief(found) == [(TODAY + DAY, 11, 13)]
    assert "takes effect on 2026-07-12" in found[0].note
    assert brief(decide(13, held, taken={TODAY, TODAY + DAY}, terms=one)) == [(TODAY + 2 * DAY, 11, 13)]
    assert brief(decide(13, held, taken={TODAY})) == [(TODAY, 11, 13)]


def test_a_decrease_under_a_pending_increase_never_dips_below_what_is_wanted() -> None:
    held = staircase((date(2026, 1, 1), 8), (TODAY + DAY, 11))
    assert brief(decide(8, held, terms=terms("today"))) == [(TODAY + DAY, 11, 8)]


def test_periods_that_go_on_with_the_same_count_are_no_changes() -> None:
    """Autotask lays a row for each month."""
    months = [(date(2026, n, 1), 11) for n in range(8, 13)]
    held = staircase((date(2026, 7, 1), 8), (TODAY + DAY, 11), *months)
    assert brief(decide(8, held, terms=terms("today"))) == [(TODAY + DAY, 11, 8)]


def test_a_date_beyond_the_agreement_is_refused_with_what_the_agreement_covers() -> None:
    ends, one = agreement(ends_on=TODAY), terms(one_change_a_day=True)
    held = staircase((date(2026, 1, 1), 8), until=TODAY + DAY)
    assert brief(decide(9, held, agreement=ends, terms=one)) == [(TODAY, 8, 9)]
    with pytest.raises(Refused, match="runs from 2026-01-01 to 2026-07-11") as refused:
        decide(9, held, agreement=ends, terms=one, taken={TODAY})
    assert refused.value.code == "date_outside_agreement"


@pytest.mark.parametrize(
    ("wanted", "code"), [(Decimal(-1), "below_zero"), (Decimal("1.5"), "whole_units"), (Decimal(2**31), "limit")]
)
def test_a_count_the_psa_cannot_hold_is_refused(wanted: Decimal, code: str) -> None:
    with pytest.raises(Refused) as refused:
        steps.decide(wanted=wanted, segments=EIGHT, agreement=agreement(), terms=terms(), today=TODAY)
    assert refused.value.code == code


# Properties

Levels = list[tuple[date, int]]
days = st.integers(-200, 200).map(lambda n: TODAY + n * DAY)


@st.composite
def held(draw: st.DrawFn) -> tuple[Segment, ...]:
    """A staircase with holes, its last segment open or not; lengths from 1 day to half a year."""
    start = draw(st.integers(-200, 30).map(lambda n: TODAY + n * DAY))
    found = []
    for _ in range(draw(st.integers(0, 5))):
        length = draw(st.integers(1, 180))
        found.append(Segment(start, start + length * DAY, Decimal(draw(st.integers(1, 40)))))
        start += (length + draw(st.sampled_from([0, 0, 0, 10]))) * DAY
    if found and draw(st.sampled_from([True, False])):
        last = found[-1]
        found[-1] = Segment(last.starts_on, None, last.units)
    return tuple(found)


def run_of_days(first: date, count: int) -> list[date]:
    return [first + n * DAY for n in range(count)]


def shown(segments: tuple[Segment, ...], made: list[Step], day: date) -> Decimal:
    """What the PSA shows on a day: an adjustment changes every day from its date on."""
    units = sum((s.units for s in segments if s.starts_on <= day and (s.ends_on is None or day < s.ends_on)), Decimal(0))
    return units + sum((s.after - s.before for s in made if s.effective_on <= day), Decimal(0))


@given(
    segments=held(),
    wanted=st.integers(0, 60),
    today_too=st.booleans(),
    one=st.booleans(),
    taken=st.sets(st.integers(0, 60).map(lambda n: TODAY + n * DAY), max_size=6),
    invoiced=st.none() | days,
    starts_on=st.integers(-300, 20).map(lambda n: TODAY + n * DAY),
    cycle=st.sampled_from([None, "month", "quarter", "year"]),
)
def test_the_steps_keep_every_rule(
    segments: tuple[Segment, ...],
    wanted: int,
    today_too: bool,
    one: bool,
    taken: set[date],
    invoiced: date | None,
    starts_on: date,
    cycle: str | None,
) -> None:
    contract = agreement(starts_on=starts_on, invoiced_through=invoiced, billing_period=cycle)
    rules = terms("today" if today_too else "next_period_start", one_change_a_day=one)
    found = decide(wanted, segments, agreement=contract, terms=rules, taken=taken)

    horizon = TODAY + 2000 * DAY
    assert shown(segments, found, horizon) == wanted
    dates = [s.effective_on for s in found]
    assert dates == sorted(set(dates), reverse=True)
    for n, step in enumerate(found):
        assert step.before == shown(segments, found[:n], step.effective_on)
        assert step.after >= 0
        assert step.effective_on >= TODAY
        assert step.effective_on >= starts_on
        assert invoiced is None or step.effective_on > invoiced
        assert not one or step.effective_on not in taken
        for day in run_of_days(step.effective_on, 400):
            assert shown(segments, found[: n + 1], day) >= 0
    if sum(s.after - s.before for s in found) < 0:
        assert len(found) == 1
        assert all(shown(segments, found, d) >= wanted for d in run_of_days(dates[0], 900))


@given(segments=held(), more=st.integers(1, 60))
def test_an_increase_gives_back_pending_decreases_and_only_the_rest_is_new_today(
    segments: tuple[Segment, ...], more: int
) -> None:
    final = shown(segments, [], TODAY + 2000 * DAY)
    found = decide(int(final) + more, segments)
    pending = max(shown(segments, [], d) for d in run_of_days(TODAY, 1000)) - final
    today = sum((s.after - s.before for s in found if s.effective_on == TODAY), Decimal(0))
    assert today == max(Decimal(0), more - pending)
    for step in found:
        if step.effective_on != TODAY:
            drop = shown(segments, [], step.effective_on - DAY) - shown(segments, [], step.effective_on)
            assert 0 < step.after - step.before <= drop


@given(segments=held(), wanted=st.integers(0, 60))
def test_a_second_look_finds_nothing_left(segments: tuple[Segment, ...], wanted: int) -> None:
    found = decide(wanted, segments)
    assume(found)
    edges = sorted(
        {TODAY, *(s.effective_on for s in found)} | {d for s in segments for d in (s.starts_on, s.ends_on) if d is not None}
    )
    after = tuple(
        Segment(start, end, shown(segments, found, start)) for start, end in zip(edges, [*edges[1:], None], strict=True)
    )
    assert decide(wanted, after) == []
