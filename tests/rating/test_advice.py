"""The true-up adviser: what it promises to save is what next month then costs less."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.kernel.errors import Refused
from purser.rating import advice, policy
from purser.rating.advice import Advice, Candidate
from purser.rating.metering import Counts
from purser.rating.policy import DSU, Policy, Scope
from tests.rating import oracle

BERLIN = ZoneInfo("Europe/Berlin")
USERS = {"X": 60, "Y": 40}
JANUARY = date(2026, 1, 1)
APART = policy.always("apart", replace(DSU.on(JANUARY), scope=Scope.TENANT))


def idle(tenant: str, count: int) -> list[Candidate]:
    return [Candidate(tenant, f"{tenant}{number}", "no sync for 60 days") for number in range(count)]


def advise(
    candidates: list[Candidate],
    now: datetime = datetime(2026, 1, 20, 12, tzinfo=UTC),
    *,
    users: Counts = USERS,
    policy: Policy = DSU,
    changes: dict[date, Counts] | None = None,
) -> Advice | None:
    peaks = {tenant: count + 10 for tenant, count in users.items()}
    return advice.advise(candidates, users=users, peaks=peaks, now=now, zone=BERLIN, policy=policy, changes=changes)


def test_it_names_the_last_midnight_of_the_partners_zone_and_what_it_is_worth() -> None:
    """Eight fewer at the last midnight are eight fewer on 25 days; a minute later the peak of 100 stands all month."""
    candidates = [*idle("X", 5), *idle("Y", 3)]
    found = advise(candidates)
    assert found == Advice(candidates, datetime(2026, 1, 31, 23, tzinfo=UTC), units=200, late=0, carry=100, carry_then=92)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        (datetime(2026, 1, 19, 22, 59, tzinfo=UTC), False),
        (datetime(2026, 1, 19, 23, 0, tzinfo=UTC), True),  # the 20th has begun in Berlin
        (datetime(2026, 1, 31, 22, 59, tzinfo=UTC), True),
        (datetime(2026, 1, 31, 23, 0, tzinfo=UTC), False),
    ],
)
def test_it_advises_from_the_20th_to_the_last_midnight(now: datetime, opens: bool) -> None:
    found = advise(idle("X", 1), now)
    assert (found is not None) == opens
    assert found is None or found.units == 25


def test_there_is_no_advice_where_nothing_would_be_saved() -> None:
    assert advise([]) is None
    gone = {date(2026, 1, 31): {"X": 0, "Y": 0}}
    assert advise(idle("X", 5), changes=gone) is None


def test_a_peak_that_no_close_brings_down_is_not_worth_a_licence() -> None:
    """Without a true-up the 120 of this month stand whoever is gone tonight."""
    stands = policy.always("stands", replace(DSU.on(JANUARY), true_up=False))
    tonight = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert advise(idle("X", 8), tonight, policy=stands) is None
    assert advise(idle("X", 8), tonight) is not None


def test_who_comes_next_month_is_reckoned_with() -> None:
    """Ten join on 3 February: the peak is 100 for two days and 110 for 23; with five gone, 95 and 105."""
    found = advise(idle("X", 5), changes={date(2026, 2, 3): {"X": 70}})
    assert found is not None
    assert (found.units, found.late) == (25 * 5, 23 * 5)
    assert (found.carry, found.carry_then) == (100, 95)


def test_a_price_by_the_days_count_saves_from_the_day_it_is_done() -> None:
    """31 billable days and no peak: the last close of January is saved as well, and a day late costs one day."""
    each = policy.always("each", replace(DSU.on(JANUARY), billable_days=31, ratchet=False, carry_over=False))
    found = advise(idle("X", 2), policy=each)
    assert found is not None
    assert (found.units, found.late, found.carry, found.carry_then) == (2 * 29, 2 * 28, 0, 0)


@given(
    users=st.fixed_dictionaries({"X": st.integers(3, 90), "Y": st.integers(3, 90)}),
    gone=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    today=st.dates(date(2019, 1, 1), date(2032, 12, 31)).map(lambda day: day.replace(day=20)),
    wait=st.integers(0, 8),
    comes=st.dictionaries(st.integers(1, 40), st.integers(3, 120), max_size=4),
)
def test_the_saving_is_what_the_bill_is_less_by_the_rules(
    users: dict[str, int], gone: tuple[int, int], today: date, wait: int, comes: dict[int, int]
) -> None:
    """The oracle bills the days from the one before to the end of next month twice: all kept, and the candidates gone
    from the last close of this month on.
    """
    today += timedelta(days=wait)
    changes = {today + timedelta(days=ahead): {"Y": count} for ahead, count in comes.items()}
    now = datetime(today.year, today.month, today.day, 12, tzinfo=UTC)
    found = advise([*idle("X", gone[0]), *idle("Y", gone[1])], now, users=users, changes=changes)
    peak = sum(users.values()) + 20
    bills = []
    for fewer in (0, sum(gone)):
        counts, y, on = {}, users["Y"], today
        while (on.year, on.month) <= ((today + timedelta(days=20)).year, (today + timedelta(days=20)).month):
            y = changes.get(on, {"Y": y})["Y"]
            last = (on + oracle.DAY).month != today.month
            counts[on] = users["X"] + y - (fewer if last else 0)
            on += oracle.DAY
        bills.append(sum(oracle.units(counts, day, opening=peak) for day in counts))
    assert (found.units if found else 0) == bills[0] - bills[1]


def test_tenants_apart_are_advised_apart() -> None:
    found = advise([*idle("X", 5), *idle("Y", 3)], policy=APART)
    assert found is not None
    assert (found.units, found.carry, found.carry_then) == (200, 100, 92)


def test_it_refuses_more_people_than_are_licensed_and_one_twice() -> None:
    with pytest.raises(Refused, match="Tenant Y has 2 users, not 3"):
        advise(idle("Y", 3), users={"X": 60, "Y": 2})
    with pytest.raises(Refused, match="2 candidates are 1 people"):
        advise(idle("X", 1) * 2)
