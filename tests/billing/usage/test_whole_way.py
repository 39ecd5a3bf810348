"""From random licences to the books through the tables, against the oracle, which reads clocks on the wall.

Moves fall on the days that tell; the job comes when it comes, twice, and the removal that is told late is a correction.
Source: reliability P3.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from purser.billing.usage import charging, checks, closing, correcting, programme
from purser.ledger import checks as ledger_checks
from purser.postgres import tenancy
from purser.rating import days
from purser.tenants.models import Organisation
from tests.billing.usage import kit
from tests.rating import oracle

ZONES = ["Australia/Lord_Howe", "Africa/Cairo", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"]
LENGTH = 65
Span = tuple[int, datetime, datetime | None]  # whose (0: X, 1: Y, 2: Z), since, until

telling = st.sampled_from([0, 1, 11, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 54, 56, 60])
moments = st.tuples(telling, st.builds(time, st.sampled_from([0, 0, 3, 12, 23, 23]), st.sampled_from([0, 1, 59])))
people = st.tuples(st.integers(0, 2), moments, moments | st.none())


@settings(deadline=None, max_examples=12, phases=[Phase.explicit, Phase.generate])
@given(
    first=st.dates(date(2019, 1, 1), date(2032, 12, 31)).map(lambda day: day.replace(day=1)),
    joined=st.sampled_from([0, 0, 11, 25]),
    zone=st.sampled_from(ZONES),
    drawn=st.lists(people, max_size=10),
    moved=moments,
    comes=st.lists(st.integers(15, 300), min_size=1, max_size=8),
    late=st.integers(0, 9),
)
def test_every_licensed_day_is_in_the_books_once_where_it_belongs(
    first: date,
    joined: int,
    zone: str,
    drawn: list[tuple[int, tuple[int, time], tuple[int, time] | None]],
    moved: tuple[int, time],
    comes: list[int],
    late: int,
) -> None:
    """`joined`: days after `first` on which both partners join. `late`: whose removal is told after all was closed."""
    wall = ZoneInfo(zone)

    def instant(moment: tuple[int, time]) -> datetime:
        return datetime.combine(first + timedelta(days=moment[0]), moment[1], wall).astimezone(UTC)

    begin = first + timedelta(days=joined)
    since = datetime.combine(first, time(), wall).astimezone(UTC) - timedelta(days=3)
    house = kit.house()
    p, q = house.partner(zone, since=since), house.partner(zone, since=since)
    tenants = [kit.customer(owner, since=since) for owner in (p, p, q)]
    spans = [(n, instant(on), _later(instant(on), until and instant(until))) for n, on, until in drawn]
    spans = [span for span in spans if span[2] is None or span[2] > span[1]]
    for n, (whose, on, until) in enumerate(spans):
        kit.users(tenants[whose], 1, since=on, until=None if n == late else until)
    change = max(instant(moved), since)
    kit.move(tenants[0], q, now=change)
    for partner in (p, q):
        programme.admit(house.desk, partner.pk, on=begin, now=since)

    end = first + timedelta(days=LENGTH)
    now, closed, run = days.closes_at(begin - days.DAY, zone=wall), begin, 0
    while closed <= end:
        now += timedelta(hours=comes[run % len(comes)])
        open_ = min(days.day_at(now - closing.SETTLES, zone=wall), end + days.DAY)
        for on in oracle.dates(max(begin, closed - days.DAY), (open_ - closed).days + 1):  # the last one once more
            if on < open_:
                closing.close(zone, on, now=now)
        charging.post(p.pk, now=now)
        closed, run = max(closed, open_), run + 1
    for partner in (p, q):
        expected = {
            on: _on_the_wall(spans, change, on, partner is p, tenants, wall)
            for on in oracle.dates(begin, (end - begin).days + 1)
        }
        _correct(house, partner, expected, now=now)
        charging.post(partner.pk, now=now)
        totals = {on: sum(counts.values()) for on, counts in expected.items()}
        assert [(on, users, peak, units) for on, users, peak, units in kit.rated(partner)] == [
            (on, users, oracle.peak(totals, on), oracle.units(totals, on)) for on, users in totals.items()
        ]
        assert kit.balance(partner) == programme.FREE - sum(oracle.units(totals, on) for on in totals)
        with tenancy.acting_in(partner.pk):
            quiet = min(now, kit.over(end, zone))
            assert [found.text for found in (*checks.check(now=quiet), *ledger_checks.check(now=quiet))] == []
    kit.owner("UPDATE billing_stint SET until_on = from_on WHERE until_on IS NULL", {})


def _later(since: datetime, until: datetime | None) -> datetime | None:
    return None if until is None else max(since, until)


def _on_the_wall(
    spans: Sequence[Span], moved: datetime, on: date, is_p: bool, tenants: Sequence[Organisation], wall: ZoneInfo
) -> dict[UUID, int]:
    """Licensed at the end of the date, by tenant: begun on it or before, ended on a later date or never."""
    gone = moved.astimezone(wall).date() <= on
    mine = {0: not gone, 1: True, 2: False} if is_p else {0: gone, 1: False, 2: True}
    found: dict[UUID, int] = {}
    for whose, since, until in spans:
        begun = since.astimezone(wall).date() <= on
        if mine[whose] and begun and (until is None or until.astimezone(wall).date() > on):
            found[tenants[whose].pk] = found.get(tenants[whose].pk, 0) + 1
    return found


def _correct(house: kit.House, partner: Organisation, expected: dict[date, dict[UUID, int]], *, now: datetime) -> None:
    """Tell late what was not known when the days were closed; each day that is otherwise, in any order."""
    known = kit.counted(partner)
    for on in sorted(expected, reverse=True):
        right = {str(tenant): count for tenant, count in expected[on].items()}
        if known[on] != right:
            counts = {UUID(tenant): right.get(tenant, 0) for tenant in known[on].keys() | right.keys()}
            correcting.amend(house.desk, partner.pk, on=on, counts=counts, reason="Told late", now=now)
