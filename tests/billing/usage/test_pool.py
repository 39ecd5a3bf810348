"""One pool for all tenants of a partner, from the day that each joined, for as long as there is something in it.

Source: acceptance CS-9, CS-52, CS-53.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.utils import timezone

from purser.billing.usage import programme
from purser.partners import joining
from purser.postgres import tenancy
from purser.rating import days
from tests.access import kit as people
from tests.billing.usage import kit
from tests.partners.kit import chain
from tests.partners.test_joining import accept


def test_a_tenant_that_accepted_draws_on_the_pool_from_that_day() -> None:
    made, now = chain(), timezone.now()
    with tenancy.acting_in(made.reseller.pk):
        issued = joining.invite(people.actor(made.reseller, made.owner), email=made.admin.email, now=now)
    accept(made, issued.token, made.admin, now)
    desk = people.actor(made.operator, people.member(made.operator, factor=False))
    programme.admit(desk, made.reseller.pk, on=now.date(), now=now)
    kit.users(made.customer, 3, since=now + timedelta(seconds=1))
    done = kit.run(made.reseller, now.date())
    billable = now.date().day <= 25
    assert kit.counted(made.reseller) == {now.date(): {str(made.customer.pk): 3}}
    assert done.balance == programme.FREE - (3 if billable else 0)


def test_any_number_of_tenants_spends_from_one_balance_without_a_purchase() -> None:
    first = date(2025, 3, 3)
    partner = kit.house().admitted(first)
    for place in range(4):
        tenant = kit.customer(partner, name=f"Tenant {place}")
        kit.users(tenant, 10, since=kit.at(first + place * days.DAY))
        kit.run(partner, first + place * days.DAY)
    assert kit.balance(partner) == programme.FREE - 10 - 20 - 30 - 40


def test_units_of_five_years_ago_are_spent_as_any_other() -> None:
    house, then = kit.house(), date(2020, 1, 2)
    partner = house.admitted(then)
    programme.end(house.desk, partner.pk, on=then, now=kit.at(then))
    today = date(2025, 1, 7)
    programme.admit(house.desk, partner.pk, on=today, now=kit.at(today))
    kit.users(kit.customer(partner), 7)
    kit.run(partner, today)
    assert kit.balance(partner) == programme.FREE - 7
