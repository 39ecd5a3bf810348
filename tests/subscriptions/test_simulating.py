"""A price change simulated over what is live: it says what publishing it then does, and to each tier its own part alone."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from purser.catalog import price_lists
from purser.catalog.models import Offer, Price, PriceList, PriceVersion
from purser.catalog.price_lists import Row
from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.subscriptions import daily, lifecycle, pricing, simulating, tiers
from purser.subscriptions.models import Subscription
from purser.subscriptions.simulating import Simulation
from purser.tenants.models import Organisation
from tests.access import kit
from tests.subscriptions.held import START, US, Shop, at, days

TODAY = date(2026, 3, 10)


@pytest.fixture
def shop() -> Shop:
    made = Shop()
    made.offer("CP")
    made.offer("YEAR", cycle="yearly", term_months=12, cancel_days=7)
    made.offer("GB", metered=True, meter="storage")
    return made


def list_of(seller: Organisation, buyer: UUID | None = None) -> UUID:
    with tenancy.acting_in(seller.pk):
        found: UUID = PriceList.objects.get(side="sell", buyer=buyer).pk
    return found


def simulated(shop: Shop, seller: Organisation, *, from_on: date = TODAY, of: UUID | None = None, **prices: str) -> Simulation:
    rows = [Row(shop.offers[code], Decimal(price)) for code, price in prices.items()]
    actor = kit.actor(seller)
    return simulating.price_change(actor, of or list_of(seller), rows, from_on=from_on, now=at(TODAY))


def told(found: Simulation) -> dict[str, tuple[str, str | None, date | None, str]]:
    def plain(value: Decimal | None) -> str | None:
        return None if value is None else f"{value.normalize():f}"

    return {one.offer_code: (plain(one.was) or "", plain(one.becomes), one.on, one.keeps) for one in found.effects}


def test_each_follows_from_its_next_cycle_or_the_end_of_its_term(shop: Shop) -> None:
    for code, quantity in (("CP", 5), ("YEAR", 5), ("GB", 1)):
        shop.active(code, quantity)
    found = simulated(shop, shop.chain.reseller, CP="12", YEAR="24", GB="11")
    assert told(found) == {
        "CP": ("10", "12", date(2026, 3, 31), ""),
        "YEAR": ("10", "24", date(2027, 1, 31), ""),
        "GB": ("10", "11", date(2026, 4, 1), ""),  # its cycles are its vendor's months
    }
    (total,) = found.totals  # a month: 5 x 10 and 5 x 10 / 12, and nothing of what usage decides
    assert (total.currency, total.subscriptions) == ("EUR", 2)
    assert (total.was.amount, total.becomes.amount, total.more.amount) == (
        Decimal("54.17"), Decimal("70.00"), Decimal("15.83"),
    )  # fmt: skip


def test_it_says_what_publishing_it_then_does(shop: Shop) -> None:
    """Against the daily run itself: the price on the day before, and on the day."""
    held = {code: shop.active(code) for code in ("CP", "YEAR")}
    later = date(2026, 4, 15)
    found = simulated(shop, shop.chain.reseller, from_on=later, CP="12", YEAR="24")
    rows = [Row(shop.offers[code], Decimal(price)) for code, price in (("CP", "12"), ("YEAR", "24"))]
    price_lists.publish(
        kit.actor(shop.chain.reseller), list_of(shop.chain.reseller), rows, from_on=later, after=3, now=at(TODAY)
    )
    checked = 0
    for one in sorted(found.effects, key=lambda effect: effect.on or TODAY):
        assert one.on is not None
        assert one.becomes is not None
        for day, price in ((one.on - days(1), one.was), (one.on, one.becomes)):
            daily.carry_out(shop.customer, shop.chain.reseller.pk, now=at(day))
            assert shop.read(held[one.offer_code]).price == price, (one.offer_code, day)
            checked += 1
    assert checked == 4


def test_one_priced_by_hand_or_ending_or_not_begun_keeps_its_price(shop: Shop) -> None:
    by_hand, ending, ordered = shop.active("CP"), shop.active("YEAR"), shop.order("GB", 1)
    with tenancy.acting_in(shop.customer):
        pricing.set_price(by_hand.pk, price=Decimal(7), from_on=TODAY, by=US, now=at(TODAY))
        lifecycle.set_renews(ending.pk, False, by=US, now=at(TODAY))
    found = simulated(shop, shop.chain.reseller, CP="12", YEAR="24", GB="11")
    assert {code: (was, becomes, keeps) for code, (was, becomes, _, keeps) in told(found).items()} == {
        "CP": ("7", None, "hand"),
        "YEAR": ("10", None, "ends"),
        "GB": ("10", None, "begins"),
    }
    assert found.totals == ()
    assert found.following == 0
    assert ordered.started_on is None


def special(shop: Shop, code: str, amount: str, on: date = START) -> None:
    with tenancy.acting_in(shop.chain.reseller.pk):
        own = PriceList.objects.create(name="Alder", buyer=shop.customer, currency="EUR", created_at=at(START))
        PriceVersion.objects.create(price_list=own, number=1, from_on=START, published_at=at(START), published_by_name="x")
    rows = [Row(shop.offers[code], Decimal(amount))]
    price_lists.publish(kit.actor(shop.chain.reseller), own.pk, rows, from_on=on, after=1, now=at(on))


def test_the_buyers_own_list_holds_for_it_and_only_for_what_it_names(shop: Shop) -> None:
    shop.active("CP")
    shop.active("YEAR")
    special(shop, "CP", "9")
    found = simulated(shop, shop.chain.reseller, CP="12", YEAR="24")
    assert told(found)["CP"] == ("10", None, None, "list")
    assert told(found)["YEAR"][1] == "24"
    own = simulated(shop, shop.chain.reseller, of=list_of(shop.chain.reseller, shop.customer), CP="8.5")
    assert told(own) == {"CP": ("10", "8.5", date(2026, 3, 31), "")}


def test_a_version_that_is_published_for_later_holds_before_the_one_simulated(shop: Shop) -> None:
    shop.active("YEAR")
    shop.publish(shop.chain.reseller.pk, "YEAR", "30", on=date(2026, 6, 1))
    found = simulated(shop, shop.chain.reseller, YEAR="24")
    assert told(found)["YEAR"] == ("10", None, None, "list")


def test_the_provider_sees_what_the_reseller_would_pay_and_nothing_of_what_the_customer_pays(shop: Shop) -> None:
    shop.active("CP")
    with tenancy.acting_in(shop.customer):  # by the reseller's hand: not the distributor's matter
        row = Subscription.objects.get()
        pricing.set_price(row.pk, price=Decimal("71.2345"), from_on=TODAY, by=US, now=at(TODAY))
    found = simulated(shop, shop.chain.distributor, CP="8.8")
    assert told(found) == {"CP": ("8", "8.8", date(2026, 3, 31), "")}
    (total,) = found.totals
    assert (total.was.amount, total.becomes.amount) == (Decimal("40.00"), Decimal("44.00"))
    assert "71.2345" not in repr(found)
    assert found.effects[0].buyer == shop.chain.reseller.pk


def test_only_what_changes_is_simulated_and_a_cost_changes_no_price(shop: Shop) -> None:
    shop.active("CP")
    shop.active("YEAR")
    found = simulated(shop, shop.chain.reseller, CP="10", YEAR="24", GB="10")
    assert (found.changed, list(told(found))) == (1, ["YEAR"])
    gone = simulated(shop, shop.chain.reseller, YEAR="10", GB="10")
    assert told(gone)["CP"] == ("10", None, None, "none")
    with tenancy.acting_in(shop.provider):
        costs = PriceList.objects.get(side="cost").pk
    with pytest.raises(Refused, match="changes no subscription's price"):
        simulated(shop, shop.chain.distributor, of=costs, CP="7")


def test_what_is_withdrawn_keeps_its_price_and_is_not_counted_as_following(shop: Shop) -> None:
    """As the daily run does: an offer that nobody sells asks no new price."""
    held = shop.active("CP")
    with tenancy.acting_in(shop.provider):
        Offer.objects.filter(pk=shop.offers["CP"]).update(withdrawn_at=at(TODAY))
    found = simulated(shop, shop.chain.distributor, CP="8.8")
    assert told(found) == {"CP": ("8", None, None, "withdrawn")}
    assert (found.following, found.totals) == (0, ())
    shop.publish(shop.provider, "CP", "8.8", on=TODAY)
    daily.carry_out(shop.customer, shop.chain.reseller.pk, now=at(date(2026, 4, 1)))
    assert tiers.timeline(shop.provider, held.pk)[-1].sell == 8


def in_dollars(shop: Shop, seller: Organisation, amount: str) -> UUID:
    """A list of this seller in another currency, with a price for CP."""
    with tenancy.acting_in(seller.pk):
        own = PriceList.objects.create(name="Dollars", currency="USD", created_at=at(START))
        version = PriceVersion.objects.create(
            price_list=own, number=1, from_on=START, published_at=at(START), published_by_name="x"
        )
        Price.objects.create(price_version=version, offer=shop.offers["CP"], code="CP", amount=Decimal(amount))
    return own.pk


def test_each_tier_is_compared_in_the_currency_that_its_own_buyer_pays(shop: Shop) -> None:
    """The reseller asks dollars of its customer and pays euros; a change in euros is for the reseller to follow."""
    with tenancy.acting_in(shop.chain.reseller.pk):
        PriceList.objects.filter(buyer=None).update(currency="USD")
    held = shop.active("CP")
    assert held.currency == "USD"
    found = simulated(shop, shop.chain.distributor, CP="8.8")
    assert told(found) == {"CP": ("8", "8.8", date(2026, 3, 31), "")}
    assert [total.currency for total in found.totals] == ["EUR"]
    shop.publish(shop.provider, "CP", "8.8", on=TODAY)
    daily.carry_out(shop.customer, shop.chain.reseller.pk, now=at(date(2026, 4, 1)))
    assert [(one.sell, one.currency) for one in tiers.timeline(shop.provider, held.pk)][-1] == (Decimal("8.8"), "EUR")


def test_who_pays_in_one_currency_goes_on_in_it(shop: Shop) -> None:
    held = shop.active("CP")
    dollars = in_dollars(shop, shop.chain.distributor, "9")
    with tenancy.acting_in(shop.provider):
        euros = PriceList.objects.get(side="sell", currency="EUR").pk
    without = [Row(shop.offers["YEAR"], Decimal(8))]
    price_lists.publish(kit.actor(shop.chain.distributor), euros, without, from_on=TODAY, after=3, now=at(TODAY))
    found = simulated(shop, shop.chain.distributor, of=dollars, CP="9.9")
    assert told(found) == {"CP": ("8", None, None, "currency")}
    daily.carry_out(shop.customer, shop.chain.reseller.pk, now=at(date(2026, 4, 1)))
    assert [(one.sell, one.currency) for one in tiers.timeline(shop.provider, held.pk)] == [(8, "EUR")]


def test_another_sellers_subscriptions_are_none_of_it(shop: Shop) -> None:
    shop.active("CP")
    other = kit.reseller("Other", under=shop.chain.distributor)
    listed = price_lists.make(kit.actor(other), name="All", side="sell", currency="EUR", now=at(TODAY))
    found = simulated(shop, other, of=listed.pk, CP="12")
    assert found.changed == 1
    assert found.effects == ()
