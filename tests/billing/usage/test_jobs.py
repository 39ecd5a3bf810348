"""The jobs of a day, one asking for the next: closed, posted, and the month closed in the books."""

from __future__ import annotations

import json
from datetime import date, timedelta

from django.db import connection

from purser.billing.usage import charging, programme, terms
from purser.jobs import usage
from purser.ledger import assertions
from purser.ledger.chart import DSU
from purser.postgres import tenancy
from purser.rating.policy import DSU as DAILY
from tests.access import kit as access
from tests.billing.usage import kit

ZONE = "Antarctica/Troll"  # of these tests alone, as a day is closed for a zone


def waiting(task: str) -> list[dict[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = %s AND status = 'todo' ORDER BY id", [task])
        return [args if isinstance(args, dict) else json.loads(args) for (args,) in cursor.fetchall()]


def test_a_day_goes_from_the_close_to_the_books_and_a_purchase_is_asked_for() -> None:
    begun = access.now() - timedelta(days=4)
    house = kit.house()
    partner = house.partner(ZONE, since=begun)
    programme.admit(house.desk, partner.pk, on=begun.date() + timedelta(days=1), now=begun)
    kit.users(kit.customer(partner, since=begun), 1500, since=begun)
    usage.close_days(timestamp=0)
    closed = [args for args in waiting("purser.post_days") if args["zone"] == ZONE]
    assert [args["on"] for args in closed] == [str(row[0]) for row in kit.rated(partner)]
    for args in closed:
        usage.post_days(**args)
    mine = {"tenant": str(partner.pk)}
    assert waiting("purser.charge").count(mine) == 1
    assert kit.balance(partner) == programme.FREE
    for _ in range(2):
        usage.charge(**mine)
    units = sum(row[3] for row in kit.rated(partner))
    assert kit.balance(partner) == programme.FREE - units
    assert waiting("purser.buy").count(mine) == (1 if units > programme.FREE else 0)


def test_a_month_that_is_over_is_closed_by_the_charge_of_a_later_day() -> None:
    house = kit.house()
    first = (access.now().replace(day=1) - timedelta(days=1)).date().replace(day=1)
    begun = kit.at(first - timedelta(days=2))
    partner = house.partner(ZONE, since=begun)
    programme.admit(house.desk, partner.pk, on=first, now=begun)
    kit.users(kit.customer(partner, since=begun), 2, since=begun)
    usage.close_days(timestamp=0)
    usage.charge(tenant=str(partner.pk))
    end = access.now().date().replace(day=1) - timedelta(days=1)
    settled = access.now() > kit.over(end, ZONE) + charging.SETTLED
    with tenancy.acting_in(partner.pk):
        assert assertions.until(account="balance", of=None, unit=DSU) == (end if settled else None)


def test_terms_reach_partners_by_a_job() -> None:
    house = kit.house()
    partner = house.admitted(date(2026, 7, 1))
    with tenancy.acting_in(house.operator.pk):
        terms.publish(house.desk, DAILY.on(date(2026, 7, 1)), from_on=date(2099, 1, 1), now=access.now())
    mine = {"operator": str(house.operator.pk)}
    assert mine in waiting("purser.terms")
    usage.spread_terms(**mine)
    with tenancy.acting_in(partner.pk):
        assert terms.own().versions[-1].from_on == date(2099, 1, 1)


def test_terms_that_missed_a_partner_are_asked_for_again_within_the_hour() -> None:
    house = kit.house()
    ahead = date(2099, 1, 1)
    with tenancy.acting_in(house.operator.pk):
        terms.publish(house.desk, DAILY.on(ahead), from_on=ahead, now=access.now())
    usage.spread_terms(operator=str(house.operator.pk))
    kit.owner("DELETE FROM procrastinate_jobs WHERE task_name = 'purser.terms'", {})
    usage.terms_due(timestamp=0)
    mine = {"operator": str(house.operator.pk)}
    assert mine not in waiting("purser.terms"), "nobody misses them"
    partner = house.admitted(access.now().date())
    missed = "UPDATE billing_terms SET billable_days = 3 WHERE from_on = '2099-01-01' AND tenant_id = %(partner)s"
    assert kit.owner(missed, {"partner": partner.pk}) == 1
    for _ in range(2):
        usage.terms_due(timestamp=0)
    assert waiting("purser.terms").count(mine) == 1
    usage.spread_terms(**mine)
    with tenancy.acting_in(partner.pk):
        assert terms.own().versions[-1].terms == DAILY.on(ahead)
    assert house.operator.pk not in terms.behind(now=access.now())
