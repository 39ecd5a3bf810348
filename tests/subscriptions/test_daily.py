"""What becomes of subscriptions by itself: renewals, prices, ends and planned changes, in time, late, and twice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from purser.access import verbs
from purser.catalog.models import PriceList
from purser.kernel.errors import Refused
from purser.notices import outbox
from purser.postgres import tenancy
from purser.subscriptions import daily, history, lifecycle, planned, pricing, tiers
from purser.subscriptions.models import PlannedState, Subscription, TierPrice
from purser.tenants.models import Organisation
from tests.access import kit
from tests.notices.kit import posted, told
from tests.subscriptions.held import START, US, Shop, at, days


@pytest.fixture
def shop() -> Shop:
    made = Shop()
    made.offer("CP")
    made.offer("MONTH", term_months=1)
    made.offer("YEAR", term_months=12, cancel_days=7)
    return made


def night(shop: Shop, on: date | datetime) -> int:
    now = on if isinstance(on, datetime) else at(on)
    return daily.carry_out(shop.customer, shop.chain.reseller.pk, now=now)


def prices(shop: Shop, row: Subscription) -> list[tuple[date, str]]:
    with tenancy.acting_in(shop.customer):
        return [(one.from_on, f"{one.price.normalize():f}") for one in pricing.timeline(row.pk)]


def test_a_term_renews_at_the_end_of_months_and_comes_back(shop: Shop) -> None:
    row = shop.active("MONTH")
    ends = []
    for on in (date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)):
        assert shop.read(row).term_ends_on == on
        assert night(shop, on - days(1)) == 0
        assert night(shop, on) == 1
        assert night(shop, on) == 0  # twice is once
        ends.append(shop.read(row).term_ends_on)
    assert ends == [date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31), date(2026, 6, 30)]


def test_a_price_list_changes_what_it_costs_at_the_renewal_and_not_before(shop: Shop) -> None:
    row = shop.active("YEAR")
    shop.publish(shop.chain.reseller.pk, "YEAR", "12", on=date(2026, 6, 1))
    night(shop, date(2026, 12, 31))
    assert shop.read(row).price == 10
    night(shop, date(2027, 1, 31))
    assert shop.read(row).price == 12
    assert prices(shop, row) == [(START, "10"), (date(2027, 1, 31), "12")]


def test_without_a_term_the_price_follows_the_list_from_the_next_cycle(shop: Shop) -> None:
    row = shop.active("CP")
    shop.publish(shop.chain.reseller.pk, "CP", "11", on=date(2026, 2, 10))
    night(shop, date(2026, 2, 15))
    assert shop.read(row).price == 10
    shop.publish(shop.chain.reseller.pk, "CP", "13", on=date(2026, 3, 5))
    night(shop, date(2026, 4, 1))  # late: two cycles began meanwhile, each at the list of its day
    assert prices(shop, row) == [(START, "10"), (date(2026, 2, 28), "11"), (date(2026, 3, 31), "13")]
    assert (shop.read(row).price, shop.read(row).due_on) == (13, date(2026, 4, 30))


def test_a_price_of_its_own_stays_over_renewals(shop: Shop) -> None:
    row = shop.active("YEAR")
    with tenancy.acting_in(shop.customer):
        price = {"price": Decimal("9.5"), "listed": lifecycle.BY_HAND}
        lifecycle.set_price(row.pk, **price, from_on=date(2026, 3, 1), by=US, now=at(START))
    assert shop.read(row).price == 10
    night(shop, date(2026, 3, 1))
    assert shop.read(row).price == Decimal("9.5")
    shop.publish(shop.chain.reseller.pk, "YEAR", "12", on=date(2026, 6, 1))
    night(shop, date(2027, 1, 31))
    assert (shop.read(row).price, shop.read(row).term_ends_on) == (Decimal("9.5"), date(2028, 1, 31))


def test_within_a_term_only_what_was_said_for_it_changes_its_price(shop: Shop) -> None:
    row = shop.active("YEAR")
    with tenancy.acting_in(shop.customer):
        price = {"price": Decimal(11), "listed": "List sell, version 9"}
        lifecycle.set_price(row.pk, **price, from_on=date(2026, 3, 1), by=US, now=at(START))
    shop.publish(shop.chain.reseller.pk, "YEAR", "12", on=date(2026, 2, 1))
    night(shop, date(2026, 3, 1))
    assert shop.read(row).price == 11
    night(shop, date(2027, 1, 31))
    assert shop.read(row).price == 12


def test_an_offer_that_is_on_sale_no_more_renews_at_its_price(shop: Shop) -> None:
    from purser.catalog.models import Offer

    row = shop.active("YEAR")
    with tenancy.acting_in(shop.provider):
        Offer.objects.filter(code="YEAR").update(withdrawn_at=at(START))
    night(shop, date(2027, 1, 31))
    assert (shop.read(row).price, shop.read(row).term_ends_on) == (10, date(2028, 1, 31))


def test_each_tier_keeps_what_it_costs_from_the_renewal_on(shop: Shop) -> None:
    row = shop.active("YEAR")
    shop.publish(shop.provider, "YEAR", "9", on=date(2026, 6, 1))  # what the distributor asks the reseller
    for _ in range(2):
        night(shop, date(2027, 1, 31))
    with tenancy.acting_in(shop.chain.reseller.pk):
        held = [(one.from_on, one.sell, one.cost) for one in TierPrice.objects.filter(subscription=row.pk).order_by("from_on")]
        assert tiers.in_force(date(2026, 12, 31))[row.pk].cost == 8
    assert held == [(START, 10, 8), (date(2027, 1, 31), 10, 9)]


def test_who_falls_below_its_floor_by_a_renewal_hears_of_it_once_and_nobody_else_does(shop: Shop) -> None:
    """Nobody is there to confirm it, so the seller is told. Source: acceptance CM-64."""
    row, chain = shop.active("YEAR"), shop.chain
    with tenancy.acting_in(chain.reseller.pk):
        PriceList.objects.update(floor_percent=15)
    night(shop, date(2026, 2, 28))
    shop.publish(shop.provider, "YEAR", "9", on=date(2026, 6, 1))  # what the distributor asks the reseller
    for _ in range(2):
        night(shop, date(2027, 1, 31))
    (notice,) = posted(chain.reseller)
    outbox.deliver(chain.reseller.pk, notice.pk, now=kit.now())
    (heard,) = told(chain.reseller, chain.owner)
    assert heard.subject == "Below your floor from 2027-01-31 on: Protect YEAR for Alder Dental"
    assert "sold at 10 EUR and bought at 9 EUR, a margin of 10.00 %, below the floor of 15.00 % of List sell" in heard.text
    assert heard.path == f"/t/{chain.reseller.pk}/services/{row.pk}/"
    assert told(chain.reseller, kit.member(chain.reseller, verbs.READER)) == []
    night(shop, date(2028, 1, 31))
    assert len(posted(chain.reseller)) == 1, "it was below before"
    assert posted(chain.customer) == posted(chain.distributor) == []


def test_it_ends_where_it_does_not_renew_and_as_of_that_day(shop: Shop) -> None:
    row, cancelled = shop.active("YEAR"), shop.active("YEAR")
    with tenancy.acting_in(shop.customer):
        lifecycle.set_renews(row.pk, False, by=US, now=at(START))
        lifecycle.cancel(cancelled.pk, on=None, by=US, now=at(START + days(30)))
    night(shop, date(2027, 2, 5))
    for one in (row, cancelled):
        assert (shop.read(one).state, shop.read(one).ends_on, shop.read(one).due_on) == ("ended", date(2027, 1, 31), None)


def test_the_day_is_that_of_the_partner(shop: Shop) -> None:
    with tenancy.acting_in(shop.chain.reseller.pk):
        Organisation.objects.update(zone="Pacific/Auckland")
    row = shop.active("MONTH")
    assert night(shop, datetime(2026, 2, 27, 10, 59, tzinfo=UTC)) == 0
    assert night(shop, datetime(2026, 2, 27, 11, 0, tzinfo=UTC)) == 1  # midnight there
    assert shop.read(row).term_ends_on == date(2026, 3, 31)


def test_a_planned_quantity_holds_from_its_day_late_or_twice(shop: Shop) -> None:
    row = shop.active("CP", 5)
    with tenancy.acting_in(shop.customer):
        plan = planned.plan(row.pk, what="quantity", value="8", on=date(2026, 2, 10), by=US, now=at(START))
        with pytest.raises(Refused, match="planned already"):
            planned.plan(row.pk, what="quantity", value="9", on=date(2026, 2, 11), by=US, now=at(START))
        with pytest.raises(Refused, match="has come"):
            planned.plan(row.pk, what="end", value="", on=START, by=US, now=at(START))
    night(shop, date(2026, 2, 9))
    assert shop.read(row).quantity == 5
    for _ in range(2):
        night(shop, date(2026, 2, 14))
    assert shop.read(row).quantity == 8
    with tenancy.acting_in(shop.customer):
        events = history.events(row.pk)
        assert [(one.since, one.value) for one in history.quantities(events)] == [(START, "5"), (date(2026, 2, 10), "8")]
        assert type(plan).objects.get(pk=plan.pk).state == PlannedState.DONE
    assert [one.by_name for one in events if one.what == "quantity"] == [US.name] * 2


def test_what_cannot_be_done_any_more_says_so(shop: Shop) -> None:
    row = shop.active("CP", 5)
    with tenancy.acting_in(shop.customer):
        plan = planned.plan(row.pk, what="quantity", value="3", on=date(2026, 2, 10), by=US, now=at(START))
        lifecycle.set_consumed(row.pk, 4, now=at(START))
    night(shop, date(2026, 2, 10))
    with tenancy.acting_in(shop.customer):
        plan = type(plan).objects.get(pk=plan.pk)
    assert (plan.state, shop.read(row).quantity) == (PlannedState.REFUSED, 5)
    assert "4 of 5 are in use" in plan.text


def test_customer_and_seller_hear_of_a_plan_that_was_not_done_once(shop: Shop) -> None:
    row = shop.active("CP", 5)
    chain = shop.chain
    with tenancy.acting_in(shop.customer):
        planned.plan(row.pk, what="quantity", value="3", on=date(2026, 2, 10), by=US, now=at(START))
        planned.plan(row.pk, what="end", value="", on=date(2026, 2, 11), by=US, now=at(START))
        lifecycle.set_consumed(row.pk, 4, now=at(START))
    for _ in range(2):
        night(shop, date(2026, 2, 10))
    for notice in posted(chain.customer):
        outbox.deliver(chain.customer.pk, notice.pk, now=kit.now())
    for organisation, who in ((chain.customer, chain.admin), (chain.reseller, chain.owner)):
        (heard,) = told(organisation, who)
        assert heard.subject == "Not done: quantity 3 from 2026-02-10 of Protect CP for Alder Dental"
        for words in (f"{US.name} planned it for 2026-02-10", "4 of 5 are in use; 3 would be too few", "Plan it again"):
            assert words in heard.text
        assert heard.path == f"/t/{organisation.pk}/services/{row.pk}/"
    reader = kit.member(chain.customer, verbs.READER)
    assert told(chain.customer, reader) == []
    night(shop, date(2026, 2, 11))
    assert shop.read(row).state == "ended"
    assert len(posted(chain.customer)) == 2, "of what is done nobody hears"


def test_a_plan_not_to_renew_counts_for_the_renewal_of_its_day(shop: Shop) -> None:
    row = shop.active("MONTH")
    with tenancy.acting_in(shop.customer):
        planned.plan(row.pk, what="renews", value="no", on=date(2026, 2, 28), by=US, now=at(START))
    night(shop, date(2026, 3, 2))
    assert (shop.read(row).state, shop.read(row).ends_on) == ("ended", date(2026, 2, 28))


def test_a_planned_end_is_a_day_the_term_allows_and_can_be_taken_back(shop: Shop) -> None:
    row, kept = shop.active("MONTH"), shop.active("MONTH")
    with tenancy.acting_in(shop.customer):
        with pytest.raises(Refused, match="cannot end on"):
            planned.plan(row.pk, what="end", value="", on=date(2026, 3, 15), by=US, now=at(START))
        planned.plan(row.pk, what="end", value="", on=date(2026, 3, 31), by=US, now=at(START))
        plan = planned.plan(kept.pk, what="end", value="", on=date(2026, 3, 31), by=US, now=at(START))
        planned.drop(plan.pk, of=kept.pk, now=at(START))
    night(shop, date(2026, 3, 31))
    assert (shop.read(row).state, shop.read(kept).state) == ("ended", "active")


def test_the_job_finds_who_has_something_due(shop: Shop) -> None:
    shop.active("MONTH")
    mine = (shop.customer, shop.chain.reseller.pk)
    assert mine not in daily.waiting(at(date(2026, 2, 20)))
    assert mine in daily.waiting(at(date(2026, 2, 28)))
