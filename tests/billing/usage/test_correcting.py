"""Late knowledge, months closed in the books, and terms that change ahead of time. Source: reliability P3, P4."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from purser.access.models import Act
from purser.billing import models
from purser.billing.usage import charging, checks, closing, correcting, facts, programme, terms
from purser.kernel.errors import Missing, Refused
from purser.ledger import balances, export
from purser.ledger import checks as ledger_checks
from purser.ledger.chart import DSU
from purser.postgres import ids, tenancy
from purser.rating.policy import DSU as DAILY
from purser.rating.policy import Scope, Terms
from purser.tenants.models import Organisation
from tests.billing.usage import kit

JULY = date(2026, 7, 1)


def on(day: int) -> date:
    return JULY.replace(day=day)


def sound(partner: Organisation, now: datetime) -> None:
    with tenancy.acting_in(partner.pk):
        assert [p.text for p in (*checks.check(now=now), *ledger_checks.check(now=now))] == []


def used(partner: Organisation, as_of: date | None = None) -> int:
    with tenancy.acting_in(partner.pk):
        return int(balances.balance(account="used", of=None, unit=DSU, as_of=as_of))


def test_a_correction_is_the_next_version_and_what_follows_is_rated_anew() -> None:
    house = kit.house()
    partner = house.admitted(JULY)
    tenant = kit.customer(partner)
    kit.users(tenant, 10)
    kit.run(partner, on(4))
    now = kit.over(on(4)) + timedelta(hours=3)
    done = correcting.amend(house.desk, partner.pk, on=on(2), counts={tenant.pk: 14}, reason="Removed late", now=now)
    assert (done.posted, done.reversed, int(done.balance)) == (3, 3, programme.FREE - 52)
    assert kit.rated(partner) == [(on(1), 10, 10, 10), (on(2), 14, 14, 14), (on(3), 10, 14, 14), (on(4), 10, 14, 14)]
    with tenancy.acting_in(partner.pk):
        versions = list(models.Close.objects.filter(on=on(2)).order_by("version").values_list("version", "users", "text"))
        charges = list(
            models.Charge.objects.filter(on=on(3)).order_by("version").values_list("version", "close_version", "units")
        )
        act = Act.objects.get(verb=correcting.VERB)
        lines = balances.statement(account="used", of=None, unit=DSU, start=on(2), end=on(3)).lines
    assert versions == [(1, 10, ""), (2, 14, "Removed late")]
    assert charges == [(1, 1, 10), (2, 1, 14)]
    assert act.before == {str(tenant.pk): 10}
    assert act.after == {str(tenant.pk): 14}
    assert [(line.kind, int(line.amount)) for line in lines] == [("day", 10), ("reversal", -10), ("day", 14)]
    assert lines[1].text == "2026-07-02 was corrected: Removed late"
    sound(partner, now)


def test_a_correction_in_the_true_up_reaches_the_next_month() -> None:
    house = kit.house()
    partner = house.admitted(on(30))
    tenant = kit.customer(partner)
    kit.users(tenant, 10, until=kit.at(date(2026, 8, 1)))
    kit.run(partner, date(2026, 8, 2))
    now = kit.over(date(2026, 8, 2))
    correcting.amend(house.desk, partner.pk, on=on(31), counts={tenant.pk: 0}, reason="They had left", now=now)
    assert [row[1:] for row in kit.rated(partner)] == [(10, 10, 0), (0, 0, 0), (0, 0, 0), (0, 0, 0)]
    assert kit.balance(partner) == programme.FREE
    sound(partner, now)


def test_a_day_of_a_closed_month_is_corrected_on_the_first_open_day() -> None:
    """What was closed stays as it was, to the byte. Source: reliability P4."""
    house = kit.house()
    partner = house.admitted(JULY)
    tenant = kit.customer(partner)
    kit.users(tenant, 10)
    kit.run(partner, date(2026, 8, 5))
    now = kit.over(date(2026, 8, 5))
    assert charging.assert_month(partner.pk, now=now) == on(31)
    assert charging.assert_month(partner.pk, now=now) is None
    with tenancy.acting_in(partner.pk):
        before = [line for line in export.lines() if '"2026-07' in line]
    correcting.amend(house.desk, partner.pk, on=on(25), counts={tenant.pk: 12}, reason="Told late", now=now)
    with tenancy.acting_in(partner.pk):
        after = [line for line in export.lines() if '"date": "2026-07' in line]
        lines = balances.statement(account="used", of=None, unit=DSU, start=date(2026, 8, 1), end=date(2026, 8, 2)).lines
    assert after == [line for line in before if '"date": "2026-07' in line]
    assert [(line.kind, int(line.amount)) for line in lines] == [("day", 10), ("reversal", -10), ("day", 12)]
    assert used(partner, on(31)) == 250
    assert used(partner) == 302
    sound(partner, now)


def test_a_month_is_not_closed_before_it_is_settled_and_posted() -> None:
    house = kit.house()
    partner = house.admitted(JULY)
    kit.users(kit.customer(partner), 1)
    closing.close_due(kit.over(date(2026, 8, 6)))
    assert charging.assert_month(partner.pk, now=kit.over(date(2026, 8, 6))) is None  # nothing is posted
    charging.post(partner.pk, now=kit.over(date(2026, 8, 6)))
    assert charging.assert_month(partner.pk, now=kit.at(date(2026, 8, 3))) is None  # too early
    assert charging.assert_month(partner.pk, now=kit.at(date(2026, 8, 5))) == on(31)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"reason": "  "}, "reason"),
        ({"reason": "x" * 301}, "reason"),
        ({"users": -1}, "count"),
        ({"users": correcting.MOST + 1}, "count"),
        ({"users": 10}, "same"),
        ({"tenant": ids.new()}, "tenant"),
    ],
)
def test_it_refuses(change: dict[str, Any], code: str) -> None:
    house = kit.house()
    partner = house.admitted(JULY)
    tenant = kit.customer(partner)
    kit.users(tenant, 10)
    kit.run(partner, on(2))
    wanted = {"tenant": tenant.pk, "users": 11, "reason": "Told late", **change}
    with pytest.raises(Refused) as refused:
        correcting.amend(
            house.desk, partner.pk, on=on(1), counts={wanted["tenant"]: wanted["users"]}, reason=wanted["reason"],
            now=kit.over(on(2)),
        )  # fmt: skip
    assert refused.value.code == code
    assert kit.rated(partner) == [(on(1), 10, 10, 10), (on(2), 10, 10, 10)]


@pytest.mark.parametrize("day", [date(2026, 6, 30), on(3)])
def test_it_refuses_a_day_that_was_not_closed(day: date) -> None:
    house = kit.house()
    partner = house.admitted(JULY)
    tenant = kit.customer(partner)
    kit.run(partner, on(2))
    with pytest.raises(Missing):
        correcting.amend(house.desk, partner.pk, on=day, counts={tenant.pk: 1}, reason="Told late", now=kit.over(on(2)))


def test_another_operators_partner_is_missing() -> None:
    partner = kit.house().admitted(JULY)
    stranger = kit.house().desk
    with pytest.raises(Missing):
        correcting.amend(stranger, partner.pk, on=JULY, counts={}, reason="Told late", now=kit.over(JULY))
    with pytest.raises(Missing):
        programme.end(stranger, partner.pk, on=on(9), now=kit.at(on(2)))


def test_each_tenant_alone_is_charged_its_own_peak() -> None:
    """The scope of terms, through the tables: a fall at one tenant is not made up for by a rise at another."""
    house = kit.house()
    with tenancy.acting_in(house.operator.pk):
        alone = Terms(billable_days=25, ratchet=True, true_up=True, carry_over=True, scope=Scope.TENANT)
        terms.publish(house.desk, alone, from_on=date(2026, 8, 1), now=kit.at(JULY))
    partner = house.admitted(on(30))
    one, other = kit.customer(partner), kit.customer(partner)
    kit.users(one, 6, until=kit.at(date(2026, 8, 2)))
    kit.users(other, 6, since=kit.at(date(2026, 8, 2)))
    kit.run(partner, date(2026, 8, 3))
    assert [row[1:] for row in kit.rated(partner)] == [(6, 6, 0), (6, 6, 0), (6, 6, 6), (6, 12, 12), (6, 12, 12)]
    now = kit.over(date(2026, 8, 3))
    correcting.amend(house.desk, partner.pk, on=on(31), counts={other.pk: 2}, reason="Told late", now=now)
    assert [row[2] for row in kit.rated(partner)] == [6, 8, 8, 12, 12]
    sound(partner, now)


def test_terms_are_published_ahead_and_reach_every_partner() -> None:
    house = kit.house()
    partner = house.admitted(JULY)
    plain = Terms(billable_days=31, ratchet=False, true_up=False, carry_over=False, scope=Scope.PARTNER)
    with tenancy.acting_in(house.operator.pk):
        terms.publish(house.desk, plain, from_on=date(2026, 8, 1), now=kit.at(on(20)))
    assert terms.spread(house.operator.pk, now=kit.at(on(20))) == 1
    assert terms.spread(house.operator.pk, now=kit.at(on(20))) == 1
    with tenancy.acting_in(partner.pk):
        policy = terms.own()
    assert policy.on(on(31)) == DAILY.on(on(31))
    assert policy.on(date(2026, 8, 1)) == plain
    tenant = kit.customer(partner)
    kit.users(tenant, 4, until=kit.at(date(2026, 8, 2)))
    kit.run(partner, date(2026, 8, 31))
    units = {row[0]: row[3] for row in kit.rated(partner)}
    assert units[date(2026, 8, 1)] == 4
    assert sum(units.values()) == 25 * 4 + 4


@pytest.mark.parametrize(("from_on", "code"), [(on(1), "closed"), (date(2026, 8, 1), "closed"), (date(2026, 9, 2), "month")])
def test_terms_of_a_month_that_began_are_refused(from_on: date, code: str) -> None:
    """On 31 July at noon it is 1 August in Kiritimati already."""
    house = kit.house()
    with tenancy.acting_in(house.operator.pk), pytest.raises(Refused) as refused:
        terms.publish(house.desk, DAILY.on(JULY), from_on=from_on, now=kit.at(on(31)))
    assert refused.value.code == code


def test_admitting_refuses_what_overlaps_or_comes_too_early() -> None:
    house = kit.house()
    partner = house.partner(since=kit.at(on(5)))
    with pytest.raises(Refused) as refused:
        programme.admit(house.desk, partner.pk, on=on(4), now=kit.at(on(6)))
    assert refused.value.code == "early"
    programme.admit(house.desk, partner.pk, on=on(6), now=kit.at(on(6)))
    with pytest.raises(Refused) as refused:
        programme.admit(house.desk, partner.pk, on=on(8), now=kit.at(on(6)))
    assert refused.value.code == "stint"
    with pytest.raises(Refused) as refused:
        programme.end(house.desk, partner.pk, on=on(7), now=kit.at(on(8)))
    assert refused.value.code == "closed"
    programme.end(house.desk, partner.pk, on=on(9), now=kit.at(on(8)))
    with pytest.raises(Refused) as refused:
        programme.admit(house.desk, partner.pk, on=on(8), now=kit.at(on(8)))
    assert refused.value.code == "stint"
    with pytest.raises(Refused) as refused:
        programme.admit(house.desk, kit.customer(partner).pk, on=on(8), now=kit.at(on(8)))
    assert refused.value.code == "kind"


@pytest.mark.parametrize("years", [-3, 3, 900])
def test_admitting_refuses_a_date_of_another_age_with_the_dates_that_may_be(years: int) -> None:
    house = kit.house()
    partner = house.partner()
    with pytest.raises(Refused, match="2024-07-05 to 2028-07-06") as refused:
        programme.admit(house.desk, partner.pk, on=on(6).replace(year=2026 + years), now=kit.at(on(6)))
    assert refused.value.code == "far"
    programme.admit(house.desk, partner.pk, on=date(2024, 7, 5), now=kit.at(on(6)))


def test_the_carried_peak_of_the_facts_is_that_of_the_close() -> None:
    """rating_start goes back no further than it must."""
    assert facts.rating_start(date(2026, 9, 17), DAILY) == date(2026, 9, 1)
