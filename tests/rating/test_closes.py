"""Counts at the close: what is counted, what is never edited, and what cannot be fixed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purser.kernel.errors import Refused
from purser.rating import closes, days
from purser.rating.closes import Close, Licence, Selling

BERLIN = ZoneInfo("Europe/Berlin")
DAY = date(2026, 1, 31)
MIDNIGHT = days.closes_at(DAY, zone=BERLIN)
EARLY = datetime(2025, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SOLD = [Selling("X", "p", EARLY), Selling("Y", "p", EARLY), Selling("Z", "q", EARLY)]


def fixed(on: date = DAY, **users: int) -> Close:
    return closes.fix(partner="p", on=on, users=users, zone=BERLIN, now=days.closes_at(on, zone=BERLIN))


def test_one_licensed_user_of_one_day_is_one_however_many_licences_say_so() -> None:
    """CS-42."""
    licences = [Licence("X", "ann", EARLY), Licence("X", "ann", EARLY, MIDNIGHT), Licence("Y", "ann", EARLY)]
    assert closes.count(licences, selling=SOLD, at=MIDNIGHT) == {"p": {"X": 1, "Y": 1}}


@pytest.mark.parametrize(
    ("removed", "users"), [(MIDNIGHT - MINUTE, {}), (MIDNIGHT, {"p": {"X": 1}}), (MIDNIGHT + MINUTE, {"p": {"X": 1}})]
)
def test_removed_at_23_59_is_not_counted_and_at_00_01_it_is(removed: datetime, users: dict[str, dict[str, int]]) -> None:
    """CS-48, by clocks in Berlin: 23:59 there is 22:59 UTC."""
    assert closes.count([Licence("X", "ann", EARLY, removed)], selling=SOLD, at=MIDNIGHT) == users


@pytest.mark.parametrize(("moved", "partner"), [(MIDNIGHT - MINUTE, "q"), (MIDNIGHT, "p"), (MIDNIGHT + MINUTE, "p")])
def test_whoever_sells_at_the_close_has_the_day(moved: datetime, partner: str) -> None:
    selling = [Selling("X", "p", EARLY, moved), Selling("X", "q", moved)]
    assert closes.count([Licence("X", "ann", EARLY)], selling=selling, at=MIDNIGHT) == {partner: {"X": 1}}


def test_a_tenant_that_two_sell_to_or_nobody_is_refused_and_named() -> None:
    with pytest.raises(Refused, match=r"Tenant X has two partners .*: p and q"):
        closes.count([], selling=[*SOLD, Selling("X", "q", EARLY)], at=MIDNIGHT)
    with pytest.raises(Refused, match="Nobody sells to tenant W"):
        closes.count([Licence("W", "ann", EARLY)], selling=SOLD, at=MIDNIGHT)


spans = st.tuples(st.integers(-99, 99), st.integers(0, 99) | st.none())
licences = st.lists(st.tuples(st.sampled_from("XYZ"), st.sampled_from("abc"), spans), max_size=20)


@given(drawn=licences)
def test_it_counts_who_is_licensed_in_the_last_instant_of_the_day(
    drawn: list[tuple[str, str, tuple[int, int | None]]],
) -> None:
    """The oracle walks people and asks of each: is there a licence that began before and did not end before?"""
    held = []
    for tenant, person, (begun, length) in drawn:
        since = MIDNIGHT + MINUTE * begun
        held.append(Licence(tenant, person, since, None if length is None else since + MINUTE * length))
    found = closes.count(held, selling=SOLD, at=MIDNIGHT)
    for tenant, partner in (("X", "p"), ("Y", "p"), ("Z", "q")):
        last = MIDNIGHT - days.TICK
        people = [
            person
            for person in "abc"
            if any(
                one.since <= last and (one.until is None or last < one.until)
                for one in held
                if (one.tenant, one.person) == (tenant, person)
            )
        ]
        assert found.get(partner, {}).get(tenant, 0) == len(people)


@pytest.mark.parametrize("ahead", [days.TICK, days.DAY, 40 * days.DAY])
def test_a_day_that_is_not_over_in_the_partners_zone_cannot_be_fixed(ahead: timedelta) -> None:
    with pytest.raises(Refused, match=r"2026-01-31 closes at 2026-02-01T00:00\+01:00 \(Europe/Berlin\)"):
        closes.fix(partner="p", on=DAY, users={}, zone=BERLIN, now=MIDNIGHT - ahead)
    assert closes.fix(partner="p", on=DAY, users={}, zone=BERLIN, now=MIDNIGHT).total == 0


def test_late_knowledge_is_a_version_beside_the_first_and_what_was_known_stays_known() -> None:
    first = fixed(X=10, Y=5)
    second = closes.amend(first, users={"Y": 3, "Z": 1}, now=MIDNIGHT + days.DAY)
    assert (first.total, first.version) == (15, 1)
    assert (dict(second.users), second.version) == ({"X": 10, "Y": 3, "Z": 1}, 2)
    assert closes.standing([second, first]) == [second]
    assert closes.standing([second, first], known_at=MIDNIGHT + days.DAY) == [second]
    assert closes.standing([second, first], known_at=MIDNIGHT + days.DAY - days.TICK) == [first]
    assert closes.standing([second, first], known_at=MIDNIGHT - days.TICK) == []
    with pytest.raises(Refused, match="nothing earlier amends it"):
        closes.amend(second, users={}, now=MIDNIGHT)


def test_the_caller_cannot_change_a_close_through_what_it_was_made_of() -> None:
    users = {"X": 1}
    close = closes.fix(partner="p", on=DAY, users=users, zone=BERLIN, now=MIDNIGHT)
    users["X"] = 2
    assert close.total == 1


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        pytest.param(lambda: [fixed(X=1), fixed(X=1)], "Close of 2026-01-31 for partner p has versions 1, 1", id="twice"),
        pytest.param(
            lambda: [closes.amend(fixed(X=1), users={}, now=MIDNIGHT)], "has versions 2; each from 1 on", id="a lost version"
        ),
        pytest.param(
            lambda: [fixed(date(2026, 1, 28)), fixed()],
            "Close of 2026-01-28 for partner p is followed by that of 2026-01-31: close 2026-01-29 first",
            id="a day left out",
        ),
        pytest.param(lambda: [fixed(), Close("q", DAY, {}, MIDNIGHT)], "2 partners, p, q", id="another's"),
        pytest.param(lambda: [fixed(X=-1)], "tenant X has -1 users", id="below 0"),
        pytest.param(lambda: [closes.amend(fixed(X=1), users={"Y": -2}, now=MIDNIGHT)], "tenant Y has -2", id="amended so"),
    ],
)
def test_it_refuses_days_that_are_not_whole(broken: Callable[[], list[Close]], told: str) -> None:
    with pytest.raises(Refused, match=told):
        closes.standing(broken())


def test_days_stand_in_order_however_they_come() -> None:
    four = [fixed(day) for day in (date(2026, 1, 28), date(2026, 1, 29), date(2026, 1, 30), DAY)]
    assert closes.standing([four[2], four[0], four[3], four[1]]) == four
