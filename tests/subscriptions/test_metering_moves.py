"""A metered subscription that moves to another seller, and months as they come: what each part is charged, against a plain
reckoning.

`plain` walks day by day over what the vendor told, in fractions, and shares nothing with the engine: of a sum a part has what
the parts before it in the month did not have; of a level each seller has its highest for its days.
Source: acceptance AC-37; decision 0011.

Seen to fail on: cycles by the day it started, the whole month for who sells it last, the highest where the vendor adds up,
and a part whose beginning is forgotten.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import pytest

from purser.access import verbs
from purser.kernel.errors import Missing
from purser.postgres import tenancy
from purser.subscriptions import cycles, lifecycle, metered, metering, pricing
from purser.subscriptions.models import CycleCharge, MeterReading, Subscription
from purser.tenants import tree
from purser.tenants.models import Organisation
from tests.access import kit
from tests.subscriptions.held import US, Shop, at, days

START = date(2026, 1, 1)


@pytest.fixture
def shop() -> Shop:
    made = Shop(start=START)
    made.offer("GB", prices=("1", "2", "3"), metered=True, meter="storage", unit="GB")
    return made


@pytest.fixture
def sellers(shop: Shop) -> list[Organisation]:
    """Resellers of one distributor; the first has the customer."""
    return [shop.chain.reseller, kit.reseller("Birch IT", under=shop.chain.distributor)]


def move(shop: Shop, to: Organisation, now: datetime) -> None:
    with tenancy.acting_in(shop.customer):
        tree.move(to, by="Ada", now=now)


def read(shop: Shop, row: Subscription, value: object, now: datetime, counts: str) -> MeterReading | None:
    since = now.replace(day=1, hour=0, minute=0)
    with tenancy.acting_in(shop.customer):
        return metering.keep(row.pk, value=Decimal(str(value)), since=since, counts=counts, now=now)


def close(shop: Shop, row: Subscription, on: date) -> None:
    with tenancy.acting_in(shop.customer):
        metering.close(row.pk, today=on, now=at(on))


def charged(shop: Shop, row: Subscription) -> list[CycleCharge]:
    with tenancy.acting_in(shop.customer):
        return list(CycleCharge.objects.filter(subscription=row).order_by("from_on", "made_at"))


def test_a_month_in_which_it_moves_is_cut_at_the_day(shop: Shop, sellers: list[Organisation]) -> None:
    row = shop.active("GB", 1, on=START)
    for value, day in ((10, 5), (42, 10), (45, 11)):
        read(shop, row, value, at(START + days(day - 1), 2), "sum")
    move(shop, sellers[1], at(START + days(10), 15))
    with tenancy.acting_in(shop.customer):
        then = at(START + days(12))
        pricing.set_price(row.pk, price=Decimal(5), from_on=START, by=US, now=then)  # nothing of what was before the move
    read(shop, row, 80, at(START + days(30), 23), "sum")
    close(shop, row, date(2026, 2, 3))
    told = [(one.from_on, one.to_on, one.partner_id, one.quantity, one.price, one.amount) for one in charged(shop, row)]
    with tenancy.acting_in(shop.customer):
        words = [cycles.how(one, "GB") for one in metering.of(lifecycle.of(row.pk), date(2026, 1, 31))]
    assert words == [
        "45 GB counted from 2026-01-01 up to 2026-01-11, at 3 EUR is 135.00 EUR. Read last on 2026-01-11 02:00 UTC.",
        "80 GB counted from 2026-01-01 up to 2026-01-31, less 45 GB counted before 2026-01-11: 35 GB, at 5 EUR is 175.00 EUR. "
        "Read last on 2026-01-31 23:00 UTC.",
    ]
    assert told == [
        (START, date(2026, 1, 11), sellers[0].pk, 45, 3, 135),
        (date(2026, 1, 11), date(2026, 2, 1), sellers[1].pk, 35, 5, 175),
    ]


def test_each_seller_sees_its_own_part_and_the_preview_is_what_is_charged(shop: Shop, sellers: list[Organisation]) -> None:
    row = shop.active("GB", 1, on=START)
    read(shop, row, 42, at(START + days(9), 2), "sum")
    move(shop, sellers[1], at(START + days(10), 15))
    read(shop, row, 80, at(START + days(30), 23), "sum")
    now = at(date(2026, 2, 3))

    def seen(organisation: Organisation, role: str = verbs.OWNER) -> list[tuple[date, str, str, str]]:
        actor = kit.actor(organisation, kit.member(organisation, role, factor=False))
        found = metered.shown(actor, row.pk, now=now)
        return [
            (one.period.start, f"{one.used}", f"{one.worth}", "less 42 GB counted before" if one.told.before else "")
            for one in reversed(found.cycles)
            if one.told is not None
        ]

    second = (date(2026, 1, 11), "38.000000000", "114.00 EUR", "less 42 GB counted before")
    assert seen(sellers[1]) == [second]
    assert seen(shop.chain.customer, verbs.ADMINISTRATOR) == [(START, "42.000000000", "126.00 EUR", ""), second]
    with pytest.raises(Missing):
        seen(sellers[0])
    close(shop, row, date(2026, 2, 3))
    assert [f"{one.amount:.2f}" for one in charged(shop, row)] == ["126.00", "114.00"]
    with tenancy.listing_customers_of(sellers[0].pk):
        assert list(CycleCharge.across.filter(subscription_id=row.pk).values_list("amount", flat=True)) == [126]


def test_the_job_charges_the_part_of_who_sold_it_before(shop: Shop, sellers: list[Organisation]) -> None:
    row = shop.active("GB", 1, on=START)
    read(shop, row, 31, at(START + days(3), 2), "level")
    move(shop, sellers[1], at(START + days(10), 15))
    metered.run(at(START + days(12)), failed=lambda customer, failure: pytest.fail(f"{failure}"))
    assert [(one.partner_id, one.quantity) for one in charged(shop, row)] == [(sellers[0].pk, 10)]  # 31 for 10 of 31 days


def test_nobody_charges_nothing_for_the_part_of_another_seller(shop: Shop, sellers: list[Organisation]) -> None:
    row = shop.active("GB", 1, on=START)
    move(shop, sellers[1], at(START + days(10), 15))
    actor = kit.actor(sellers[1], kit.member(sellers[1], factor=False))
    with pytest.raises(Missing, match="No cycle"):
        metered.say_nought(actor, row.pk, from_on=START, why="Nothing was read", now=at(date(2026, 2, 3)))
    metered.say_nought(actor, row.pk, from_on=START + days(10), why="Nothing was read", now=at(date(2026, 2, 3)))


def test_a_level_and_an_average_say_for_which_days_they_count(shop: Shop, sellers: list[Organisation]) -> None:
    rows = [shop.active("GB", 1, on=START) for _ in range(2)]
    for row, counts in zip(rows, ("level", "average"), strict=True):
        for value, day in ((31, 3), (24.8, 9)):
            read(shop, row, value, at(START + days(day), 2), counts)
    move(shop, sellers[1], at(START + days(10), 15))
    with tenancy.acting_in(shop.customer):
        words = [cycles.how(metering.of(lifecycle.of(row.pk), date(2026, 1, 31))[0], "GB").split(", at 3")[0] for row in rows]
    assert words == [
        "31 GB on 2026-01-04, the highest of 2 readings, for 10 of 31 days: 10 GB",
        "24.8 GB on average from 2026-01-01 up to 2026-01-10, for 10 of 31 days: 8 GB",
    ]


# Months as they come


@dataclass
class Life:
    """What happens by day: `told` to us in the morning (None: nothing), moves in the afternoon, and the end."""

    counts: str
    first: date
    last: date
    ends: date | None
    moves: dict[date, int]
    told: dict[date, Decimal | None] = field(default_factory=dict)


def life(seed: int) -> Life:
    chance = random.Random(seed)
    first = START + days(chance.randrange(60))
    last = first + days(chance.randrange(3, 80))
    ends = last - days(chance.randrange(3)) if chance.random() < 0.5 and last > first + days(4) else None
    until = ends or last
    moves = {first + days(chance.randrange(1, max(2, (until - first).days))): 0 for _ in range(chance.randrange(4))}
    made = Life(("level", "sum", "average")[seed % 3], first, last, ends, {})
    seller = 0
    for day in sorted(moves):
        if first < day < until:
            seller = 1 - seller
            made.moves[day] = seller
    value = Decimal(0)
    for day in (first + days(n) for n in range((last - first).days + 8)):
        if day.day == 1 and made.counts == "sum":
            value = Decimal(0)
        if made.counts == "sum":
            value += Decimal(chance.randrange(0, 500)) / 100
        else:
            value = Decimal(chance.randrange(0, 9000)) / 100
        made.told[day] = value if chance.random() < 0.8 else None
    return made


def length(day: date) -> int:
    return ((day.replace(day=1) + days(32)).replace(day=1) - day.replace(day=1)).days


def plain(one: Life, until: date) -> dict[date, tuple[int, Fraction]]:
    """By the first day of each part that was read: whose it is, and what was used in it."""
    parts: dict[date, list[date]] = {}
    owner, start, seller = {}, one.first, 0
    for n in range((until - one.first).days):
        day = one.first + days(n)
        if one.ends is not None and day >= one.ends:
            break
        if day in one.moves:
            start, seller = day, one.moves[day]
        elif day.day == 1:
            start = day
        parts.setdefault(start, []).append(day)
        owner[start] = seller
    found: dict[date, tuple[int, Fraction]] = {}
    for start, held in parts.items():
        after = held[-1] + days(1)
        mine = [day for day in held if day not in one.moves or day.day == 1]  # in the morning of a move it is the one before
        mine += [after] if after in one.moves and after.day != 1 else []
        heard = [Fraction(said) for day in mine if (said := one.told.get(day)) is not None]
        if one.ends is not None and after == one.ends and after.day != 1:  # the day it ends, and the first that answers then
            late = [one.ends + days(n) for n in range(8) if (one.ends + days(n)).month == start.month]
            heard += [Fraction(one.told[late[0]])] if late and one.told.get(late[0]) is not None else []  # type: ignore[arg-type]
            heard += [Fraction(said) for day in late[1:] if day <= until and (said := one.told.get(day)) is not None][:1]
        if not heard:
            continue
        month = [s for s in parts if (s.year, s.month) == (start.year, start.month) and s < start]
        if one.counts == "level":
            used = max(heard) * len(held) / length(start)
        elif one.counts == "sum":
            used = heard[-1] - sum((found[s][1] for s in month if s in found), Fraction(0))
        else:
            whole = heard[-1] * ((after - start.replace(day=1)).days) / length(start)
            used = max(Fraction(0), whole - (_area(one, parts, start) if month else 0))
        found[start] = (owner[start], used)
    return found


def _area(one: Life, parts: dict[date, list[date]], start: date) -> Fraction:
    """What an average had come to by the day `start`: the last word before it, for the days gone by."""
    before = [
        said
        for held in parts.values()
        for day in held
        if (day.year, day.month) == (start.year, start.month) and day <= start and (said := one.told.get(day)) is not None
    ]
    return Fraction(before[-1]) * (start.day - 1) / length(start) if before else Fraction(0)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_charged_is_what_a_plain_reckoning_says(shop: Shop, sellers: list[Organisation], seed: int) -> None:
    one = life(seed)
    row = shop.active("GB", 1, on=one.first)
    for day, value in one.told.items():
        if value is not None:
            read(shop, row, value, at(day, 2) + timedelta(minutes=23), one.counts)
        if day in one.moves:
            move(shop, sellers[one.moves[day]], at(day, 15))
        if day == one.ends:
            with tenancy.acting_in(shop.customer):
                lifecycle.cancel(row.pk, on=None, by=US, now=at(day, 16))
        if random.Random(f"{seed}{day}").random() < 0.2:
            close(shop, row, day)
    until = max(one.told) + days(1)
    for _ in range(2):
        close(shop, row, until + days(40))
    expected = plain(one, until + days(40))
    whose: dict[UUID | None, int] = {sellers[0].pk: 0, sellers[1].pk: 1}
    got: dict[date, tuple[int, Fraction, Decimal]] = {}
    for line in charged(shop, row):
        was = got[line.from_on][2] if line.from_on in got else Decimal(0)
        got[line.from_on] = (whose[line.partner_id], Fraction(line.quantity), was + line.amount)
    assert {start: seller for start, (seller, _, _) in got.items()} == {s: seller for s, (seller, _) in expected.items()}
    for start, (_, used, amount) in got.items():
        assert abs(used - expected[start][1]) < Fraction(1, 10**8), (start, one)
        assert abs(Fraction(amount) - expected[start][1] * 3) <= Fraction(1, 200) + Fraction(1, 10**6), (start, one)
