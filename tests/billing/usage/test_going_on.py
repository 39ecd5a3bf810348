"""What one day goes on from, and what one failure must not stop. Source: decision 0008; acceptance CS-44 to CS-47."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from purser.billing.usage import closing, facts, programme
from purser.jobs import usage
from purser.kernel.period import plus_months
from purser.notices.models import Notice
from purser.postgres import tenancy
from purser.rating.closes import Close
from purser.rating.policy import Policy, Scope, Terms, Version
from tests.access import kit as access
from tests.billing.usage import kit

FIRST, DAYS = date(2026, 1, 1), 110
KNOWN = datetime(2030, 1, 1, tzinfo=UTC)
TERMS = st.builds(
    Terms, st.integers(1, 31), ratchet=st.booleans(), true_up=st.booleans(), carry_over=st.booleans(),
    scope=st.sampled_from(Scope),
)  # fmt: skip


@given(
    months=st.lists(TERMS, min_size=4, max_size=4),
    counts=st.binary(min_size=DAYS, max_size=DAYS),
    out=st.sets(st.integers(0, DAYS - 1), max_size=6) | st.just(set(range(20, 65))),
)
def test_rated_day_by_day_it_is_what_the_whole_history_says(months: list[Terms], counts: bytes, out: set[int]) -> None:
    """`counts`: of two tenants in each byte. `out`: days on which the partner was out of the programme."""
    policy = Policy("dsu", tuple(Version(plus_months(FIRST, n), terms) for n, terms in enumerate(months)))
    closes = [
        Close("p", FIRST + timedelta(days=n), {"a": two % 7, "b": two // 7 % 7}, KNOWN)
        for n, two in enumerate(counts)
        if n not in out
    ]
    last: tuple[date | None, int] = (None, 0)
    for whole in facts.rate(closes, policy):
        day, terms = whole.day, policy.on(whole.day.on)
        if terms.scope is Scope.PARTNER:
            assert facts.next_day(day.users, on=day.on, terms=terms, last=last[0], peak=last[1]) == day
        last = day.on, day.peak


def test_a_partner_that_cannot_be_rated_does_not_keep_the_others_open() -> None:
    house, now = kit.house(), access.now()
    begun = now - timedelta(days=3)
    fine, broken = (house.partner("Antarctica/Vostok", since=begun) for _ in range(2))
    for partner in (fine, broken):
        programme.admit(house.desk, partner.pk, on=begun.date(), now=begun)
        kit.users(kit.customer(partner, since=begun), 2, since=begun)
    values = {"partner": broken.pk, "on": (begun.date().replace(day=1) - timedelta(days=9)).replace(day=2)}
    # a month that does not begin on its first: no rule of ours writes it, and rating refuses it
    assert kit.owner("UPDATE billing_terms SET scope = 'tenant', from_on = %(on)s WHERE tenant_id = %(partner)s", values)
    for _ in range(2):
        usage.close_days(timestamp=0)
    assert [row[1] for row in kit.rated(fine)][:2] == [2, 2]
    assert kit.counted(broken) == {}
    (told,) = notices(house)
    assert broken.name in told.subject
    assert "is not the first of" in told.lines[0]
    assert kit.owner("UPDATE billing_terms SET from_on = %(on)s WHERE tenant_id = %(partner)s", {**values, "on": FIRST})
    usage.close_days(timestamp=0)
    assert [row[1] for row in kit.rated(broken)] == [2] * len(kit.rated(fine)), "made up for"


def test_a_zone_that_cannot_be_closed_does_not_keep_the_others_open() -> None:
    house, now = kit.house(), access.now()
    begun = now - timedelta(days=2)
    fine, lost = house.partner("Antarctica/Vostok", since=begun), house.partner("Antarctica/Mawson", since=begun)
    for partner in (fine, lost):
        programme.admit(house.desk, partner.pk, on=begun.date(), now=begun)
    # a zone that its keepers have given up
    kit.owner("UPDATE billing_stint SET zone = 'Aaa/Atlantis' WHERE tenant_id = %(partner)s", {"partner": lost.pk})
    usage.close_days(timestamp=0)
    usage.close_days(timestamp=0)
    assert len(kit.rated(fine)) >= 1
    (told,) = notices(house)
    assert "Aaa/Atlantis" in told.subject


def notices(house: kit.House) -> list[Notice]:
    with tenancy.acting_in(house.operator.pk):
        return list(Notice.objects.filter(kind="job_failed").order_by("at"))


def test_who_moved_to_another_zone_is_not_closed_there_before_the_days_it_left() -> None:
    """Else its peak would begin anew: July's 9 users would open August as 2."""
    house = kit.house()
    partner = house.admitted(date(2026, 7, 20), "Europe/Berlin")
    tenant = kit.customer(partner)
    kit.users(tenant, 2)
    kit.users(tenant, 7, until=kit.at(date(2026, 8, 1), time(9), "Europe/Berlin"))
    kit.run(partner, date(2026, 7, 30), "Europe/Berlin")
    moved = kit.at(date(2026, 8, 1), time(9), "Europe/Berlin")
    stint = programme.move(house.desk, partner.pk, zone="America/New_York", now=moved)
    later = kit.over(stint.from_on, stint.zone)
    assert closing.close(stint.zone, stint.from_on, now=later) == 0, "the 31st of July is open in Berlin"
    kit.run(partner, stint.from_on, stint.zone)
    assert kit.rated(partner)[-1] == (date(2026, 8, 1), 2, 9, 9)
