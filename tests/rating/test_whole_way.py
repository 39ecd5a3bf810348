"""From licences to charges through every function on the way, in any zone, by a job that comes when it comes.

The oracle reads clocks on the wall: it asks of each date who was licensed on it when its last minute was shown, and of whom
the tenant then bought. Source: reliability P3.

Seen to fail on: a close an hour early, a removal at midnight not counted, a move whose end is not read, a day closed
twice, the true-up a day late.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from purser.rating import charges, closes, days, shares
from purser.rating.closes import Close, Licence, Selling
from purser.rating.policy import DSU
from tests.rating import oracle

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Pacific/Kiritimati"]
PARTNERS = ("p", "q")
# the days on which something happens when it matters, and the moments
telling = st.sampled_from([1, 2, 12, 24, 25, 26, 27, 28, 29, 30, 31])
moments = st.builds(
    lambda month, day, hour, minute: (month, day, time(hour, minute)),
    st.integers(0, 2), telling, st.sampled_from([0, 0, 1, 3, 12, 23, 23]), st.sampled_from([0, 1, 30, 59]),
)  # fmt: skip
people = st.tuples(st.sampled_from("XYZ"), st.sampled_from("abcdef"), moments, moments | st.none())


def instant(moment: tuple[int, int, time], first: date, zone: ZoneInfo) -> datetime:
    """So many months from `first`: a wall clock's time, on the day or the last of a month that is too short."""
    months, day, clock = moment
    start = date(first.year + (first.month - 1 + months) // 12, (first.month - 1 + months) % 12 + 1, 1)
    on = next(start.replace(day=n) for n in (day, 30, 29, 28) if n <= day and _exists(start, n))
    return datetime.combine(on, clock, zone).astimezone(UTC)


def _exists(month: date, day: int) -> bool:
    return (month + timedelta(days=day - 1)).month == month.month


@settings(deadline=None, max_examples=60)
@given(
    first=st.dates(date(2019, 1, 1), date(2032, 12, 31)).map(lambda day: day.replace(day=1)),
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    drawn=st.lists(people, max_size=14),
    moved=moments,
    comes=st.lists(st.integers(1, 400), min_size=1, max_size=12),
    late=st.integers(0, 13),
)
def test_every_licensed_day_is_charged_once_where_it_belongs(
    first: date,
    zone: ZoneInfo,
    drawn: list[tuple[str, str, tuple[int, int, time], tuple[int, int, time] | None]],
    moved: tuple[int, int, time],
    comes: list[int],
    late: int,
) -> None:
    """`comes`: hours between two runs of the job. `late`: whose removal is told only after everything was closed."""
    begun = [(tenant, person, instant(since, first, zone), until) for tenant, person, since, until in drawn]
    licences = [
        Licence(tenant, person, since, max(since, instant(until, first, zone)) if until else None)
        for tenant, person, since, until in begun
    ]
    told = [Licence(one.tenant, one.person, one.since) if n == late else one for n, one in enumerate(licences)]
    change = instant(moved, first, zone)
    ages = datetime(2000, 1, 1, tzinfo=UTC)
    selling = [Selling("X", "p", ages, change), Selling("X", "q", change), Selling("Y", "p", ages), Selling("Z", "q", ages)]

    known: dict[str, list[Close]] = {partner: [] for partner in PARTNERS}
    closed = first - days.DAY
    now = days.closes_at(closed, zone=zone)
    run = 0
    while closed < first + timedelta(days=85):
        now += timedelta(hours=comes[run % len(comes)])
        for on in days.due(after=closed, now=now, zone=zone):
            counts = closes.count(told, selling=selling, at=days.closes_at(on, zone=zone))
            for partner in PARTNERS:
                known[partner].append(closes.fix(partner=partner, on=on, users=counts.get(partner, {}), zone=zone, now=now))
            closed = on
        run += 1
    for partner in PARTNERS:
        for close in list(known[partner]):
            counts = closes.count(licences, selling=selling, at=days.closes_at(close.on, zone=zone)).get(partner, {})
            if counts != close.users:
                gone = dict.fromkeys(close.users, 0)
                known[partner].append(closes.amend(close, users={**gone, **counts}, now=now))

    for partner in PARTNERS:
        standing = closes.standing(known[partner])
        expected = {
            close.on: _on_the_wall(licences, change.astimezone(zone).date(), close.on, partner, zone) for close in standing
        }
        assert [close.on for close in standing] == oracle.dates(first, (closed - first).days + 1)
        wanted = charges.wanted(standing, policy=DSU)
        assert {charge.on: charge.units for charge in wanted} == {on: oracle.units(expected, on) for on in expected}
        for charge, one in zip(wanted, charges.rate(standing, policy=DSU), strict=True):
            assert sum(shares.split(one.day.units, one.weights).values()) == charge.units


def _on_the_wall(licences: list[Licence], moved: date, on: date, partner: str, zone: ZoneInfo) -> int:
    """Pairs of tenant and person: assigned on `on` or before, removed on a later date or never."""
    sold = {"p": {"Y"} | ({"X"} if moved > on else set()), "q": {"Z"} | ({"X"} if moved <= on else set())}[partner]
    return len({
        (one.tenant, one.person)
        for one in licences
        if one.tenant in sold
        and one.since.astimezone(zone).date() <= on
        and (one.until is None or one.until.astimezone(zone).date() > on)
    })  # fmt: skip
