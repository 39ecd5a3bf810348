"""What is on sale to whom and for how much, and that nobody sees what another pays."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given, settings
from hypothesis import strategies as st

from purser.catalog import goods, offers, selling, why
from purser.kernel.errors import Missing
from purser.postgres import tenancy
from purser.tenants.models import Organisation
from tests.access import kit
from tests.catalog.kit import NOW, TODAY, Shop, shop, stocked


def resolved(made: Shop, buyer: Organisation, offer: UUID, on: date = TODAY) -> selling.Sellable | None:
    return selling.resolve(buyer=buyer.pk, offers=[offer], on=on).get(offer)


def test_it_asks_each_buyer_what_the_list_of_its_seller_says() -> None:
    made, offer = stocked()
    found = resolved(made, made.customer, offer.pk)
    assert found is not None
    assert (found.price, found.currency, found.provider) == (Decimal(12), "EUR", made.distributor.pk)
    assert [(one.seller, one.buyer, one.sell, one.cost, one.margin) for one in found.tiers] == [
        (made.distributor.pk, made.reseller.pk, Decimal(8), Decimal(5), Decimal("37.50")),
        (made.reseller.pk, made.customer.pk, Decimal(12), Decimal(8), Decimal("33.33")),
    ]
    direct = resolved(made, made.direct, offer.pk)
    assert direct is not None
    assert direct.price == 10
    assert [one.cost for one in direct.tiers] == [Decimal(5)]
    to_reseller = resolved(made, made.reseller, offer.pk)
    assert to_reseller is not None
    assert to_reseller.price == 8


def test_the_customers_own_list_comes_before_that_for_everybody_and_only_for_what_it_names() -> None:
    made, offer = stocked()
    second = made.offer("P-200")
    made.publish(made.distributor, {offer.pk: "10", second.pk: "20"})
    made.publish(made.reseller, {offer.pk: "12", second.pk: "30"})
    made.publish(made.reseller, {offer.pk: "11.5"}, buyer=made.customer)
    found = selling.resolve(buyer=made.customer.pk, offers=[offer.pk, second.pk], on=TODAY)
    assert {one.code: one.price for one in found.values()} == {"P-100": Decimal("11.5"), "P-200": Decimal(30)}
    assert found[offer.pk].listed == "sell Alder Dental EUR, version 1, from 2026-07-11"


def test_an_offer_that_one_seller_asks_nothing_for_is_not_on_sale() -> None:
    made, _ = stocked()
    lone = made.offer("P-300")
    made.publish(made.distributor, {lone.pk: "3"}, buyer=made.reseller)
    assert resolved(made, made.reseller, lone.pk) is not None
    assert resolved(made, made.customer, lone.pk) is None
    assert resolved(made, made.direct, lone.pk) is None


def test_a_withdrawn_offer_is_on_sale_to_nobody_until_it_is_put_back() -> None:
    made, offer = stocked()
    actor = made.actor(made.distributor)
    with tenancy.acting_in(made.distributor.pk):
        offers.withdraw(actor, offer.pk, version=1, now=NOW)
    assert resolved(made, made.customer, offer.pk) is None
    assert selling.shop(buyer=made.direct.pk, on=TODAY) == []
    with tenancy.acting_in(made.distributor.pk):
        offers.restore(actor, offer.pk, version=2, now=NOW)
    assert resolved(made, made.customer, offer.pk) is not None


def test_a_reseller_that_buys_from_a_vendor_itself_sells_that_beside_what_it_buys() -> None:
    made, offer = stocked()
    own = made.offer("OWN-1", of=made.reseller)
    made.publish(made.reseller, {own.pk: "4"}, side="cost")
    made.publish(made.reseller, {offer.pk: "12", own.pk: "6"})
    found = {one.code: one for one in selling.shop(buyer=made.customer.pk, on=TODAY)}
    assert {code: (one.provider, one.price, len(one.tiers)) for code, one in found.items()} == {
        "P-100": (made.distributor.pk, Decimal(12), 2),
        "OWN-1": (made.reseller.pk, Decimal(6), 1),
    }
    assert found["OWN-1"].tiers[0].cost == 4


def test_an_operator_that_buys_from_a_vendor_sells_through_every_tier() -> None:
    made = shop()
    top = made.offer("TOP-1", of=made.operator)
    for seller, price in ((made.operator, "2"), (made.distributor, "3"), (made.reseller, "5")):
        made.publish(seller, {top.pk: price})
    made.publish(made.operator, {top.pk: "1"}, side="cost")
    found = resolved(made, made.customer, top.pk)
    assert found is not None
    assert (found.provider, found.price) == (made.operator.pk, Decimal(5))
    assert [(one.seller, one.cost) for one in found.tiers] == [
        (made.operator.pk, Decimal(1)),
        (made.distributor.pk, Decimal(2)),
        (made.reseller.pk, Decimal(3)),
    ]


def test_a_cost_in_another_currency_is_not_known_and_gives_no_margin() -> None:
    made, offer = stocked()
    made.publish(made.reseller, {}, from_on=TODAY)  # ends the EUR prices
    made.publish(made.reseller, {offer.pk: "13"}, currency="USD")
    found = resolved(made, made.customer, offer.pk)
    assert found is not None
    assert (found.price, found.currency) == (Decimal(13), "USD")
    assert found.tiers[-1].cost is None
    assert found.tiers[-1].margin is None
    made.publish(made.reseller, {offer.pk: "12"})
    again = resolved(made, made.customer, offer.pk)
    assert again is not None
    assert again.currency == "EUR"


@pytest.mark.parametrize(
    ("sell", "cost", "percent"),
    [("12", "8", "33.33"), ("0", "5", None), ("0", "0", None), ("5", "8", "-60.00"), ("3", None, None), ("7", "0", "100.00")],
)
def test_the_margin_is_the_part_of_the_price_that_stays(sell: str, cost: str | None, percent: str | None) -> None:
    found = selling.margin_percent(sell=Decimal(sell), cost=Decimal(cost) if cost is not None else None)
    assert found == (Decimal(percent) if percent is not None else None)


def test_it_is_below_the_floor_by_the_exact_margin_and_what_is_given_away_at_a_cost_always_is() -> None:
    def low(sell: str, cost: str | None, floor: str | None = "20") -> bool:
        given = [Decimal(one) if one is not None else None for one in (cost, floor)]
        return selling.below_floor(sell=Decimal(sell), cost=given[0], floor=given[1])

    assert [low("10", "8"), low("10", "8.000001"), low("0", "1"), low("0", "0")] == [False, True, True, False]
    assert [low("1", None), low("1", "9", None)] == [False, False]


def test_a_basket_of_a_hundred_lines_costs_one_query_for_each_table_and_seller() -> None:
    made = shop()
    many = [made.offer(f"M-{number:03}") for number in range(100)]
    made.publish(made.distributor, {one.pk: "1" for one in many}, side="cost")
    made.publish(made.distributor, {one.pk: "2" for one in many})
    made.publish(made.reseller, {one.pk: "3" for one in many})
    made.publish(made.reseller, {one.pk: "2.5" for one in many[:50]}, buyer=made.customer)

    def queries(count: int) -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            found = selling.resolve(buyer=made.customer.pk, offers=[one.pk for one in many[:count]], on=TODAY)
        assert len(found) == count
        return [one["sql"] for one in seen if one["sql"].startswith("SELECT") and "set_config" not in one["sql"]]

    hundred = queries(100)
    assert len(hundred) == len(queries(1))
    # the buyer's card; of each of three sellers organisation, offers (joined to product and vendor) and versions; and prices,
    # where there are versions: the operator has none
    assert len(hundred) == 1 + 3 * 3 + 2, hundred
    asked = {table: sum(f'FROM "catalog_{table}"' in sql for sql in hundred) for table in ("offer", "priceversion", "price")}
    assert asked == {"offer": 3, "priceversion": 3, "price": 2}


def test_it_resolves_as_a_plain_reading_of_all_versions_does() -> None:
    """Random lists, versions and days, against an oracle that knows nothing of shelves."""
    dice = random.Random(5)
    made = shop()
    codes = [made.offer(f"R-{number}") for number in range(4)]
    sellers = {made.distributor: [None, made.reseller, made.direct], made.reseller: [None, made.customer]}
    published: list[tuple[Organisation, str, Organisation | None, str, date, int, dict[UUID, Decimal]]] = []
    numbers: dict[Any, int] = {}
    for _ in range(30):
        seller = dice.choice(list(sellers))
        side = dice.choice(["sell", "sell", "cost"]) if seller == made.distributor else "sell"
        buyer = dice.choice(sellers[seller]) if side == "sell" else None
        currency = dice.choice(["EUR", "EUR", "USD"])
        from_on = TODAY + timedelta(days=dice.randrange(6))
        known = goods.of(seller.pk, from_on)
        prices = {one.pk: Decimal(dice.randrange(1, 900)) / 100 for one in codes if dice.random() < 0.8 and one.pk in known}
        made.publish(
            seller, {offer: str(amount) for offer, amount in prices.items()}, side=side, buyer=buyer, currency=currency,
            from_on=from_on,
        )  # fmt: skip
        key = (seller, side, buyer, currency)
        numbers[key] = numbers.get(key, 0) + 1
        published.append((seller, side, buyer, currency, from_on, numbers[key], prices))

    def held(seller: Organisation, side: str, buyer: Organisation | None, offer: UUID, on: date) -> dict[str, Decimal]:
        """By currency: what the last version that has begun says."""
        found = {}
        for currency in ("EUR", "USD"):
            versions = [one for one in published if one[:4] == (seller, side, buyer, currency) and one[4] <= on]
            last = max(versions, key=lambda one: (one[4], one[5]), default=None)
            if last and offer in last[6]:
                found[currency] = last[6][offer]
        return found

    def asked(
        seller: Organisation, buyer: Organisation, offer: UUID, on: date, bought: set[str]
    ) -> tuple[str, Decimal] | None:
        for whom in (buyer, None):
            said = held(seller, "sell", whom, offer, on)
            if said:
                currency = next((one for one in sorted(said) if one in bought), min(said))
                return currency, said[currency]
        return None

    checked = 0
    for day in range(8):
        on = TODAY + timedelta(days=day - 1)
        for one in codes:
            costs = held(made.distributor, "cost", None, one.pk, on)
            to_reseller = asked(made.distributor, made.reseller, one.pk, on, set(costs))
            to_direct = asked(made.distributor, made.direct, one.pk, on, set(costs))
            to_customer = asked(made.reseller, made.customer, one.pk, on, {to_reseller[0]}) if to_reseller else None
            for buyer, wanted in ((made.reseller, to_reseller), (made.direct, to_direct), (made.customer, to_customer)):
                found = resolved(made, buyer, one.pk, on)
                assert (found and (found.currency, found.price)) == wanted, (on, one.code, buyer.name)
                if found:
                    checked += 1
                    top = found.tiers[0]
                    assert top.cost == costs.get(top.currency)
    assert checked > 50


def test_what_a_buyer_is_shown_holds_no_sellers_cost_and_a_sellers_own_view_no_others() -> None:
    made, offer = stocked()
    found = resolved(made, made.customer, offer.pk)
    assert found is not None
    assert found.public.tiers == ()
    assert found.public.price == 12
    seen = {one.pk: found.seen_by(one.pk) for one in (made.customer, made.reseller, made.distributor, made.operator)}
    assert [one.price for one in seen.values()] == [12, 12, 8, None]
    assert [one.tier and (one.tier.seller, one.tier.cost) for one in seen.values()] == [
        None, (made.reseller.pk, 8), (made.distributor.pk, 5), None,
    ]  # fmt: skip
    told = repr(goods.of(made.reseller.pk, TODAY)) + repr(
        why.price(seller=made.reseller.pk, kind="reseller", buyer=made.customer.pk, offer=offer.pk, on=TODAY)
    )
    assert "Decimal('8.000000')" in told
    assert "Decimal('5.000000')" not in told


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(100_001, 999_999), min_size=4, max_size=4, unique=True))
def test_no_sellers_view_holds_a_number_of_another_tier(secret: list[int]) -> None:
    """Four prices that cannot be mistaken for anything else; each seller's views are searched for those of the others."""
    cost, to_direct, to_reseller, to_customer = (f"1.{one}" for one in secret)
    made = shop()
    offer = made.offer("P-100")
    made.publish(made.distributor, {offer.pk: cost}, side="cost")
    made.publish(made.distributor, {offer.pk: to_direct})
    made.publish(made.distributor, {offer.pk: to_reseller}, buyer=made.reseller)
    made.publish(made.reseller, {offer.pk: to_customer})

    def views(seller: Organisation, buyer: Organisation) -> str:
        asked = why.price(seller=seller.pk, kind=str(seller.kind), buyer=buyer.pk, offer=offer.pk, on=TODAY)
        bought = [one.public for one in selling.shop(buyer=seller.pk, on=TODAY)]
        sold = [one.seen_by(seller.pk) for one in selling.shop(buyer=buyer.pk, on=TODAY)]
        return repr((asked, goods.of(seller.pk, TODAY), bought, sold if buyer.kind == "customer" else ()))

    reseller = views(made.reseller, made.customer)
    assert all(one in reseller for one in (to_reseller, to_customer))
    assert not [one for one in (cost, to_direct) if one in reseller]
    distributor = views(made.distributor, made.reseller)
    assert all(one in distributor for one in (cost, to_reseller))
    assert to_customer not in distributor
    customer = repr([one.public for one in selling.shop(buyer=made.customer.pk, on=TODAY)])
    assert to_customer in customer
    assert not [one for one in (cost, to_direct, to_reseller) if one in customer]


def test_why_this_price_names_the_list_that_holds_and_the_one_that_would_without_it() -> None:
    made, offer = stocked()
    made.publish(made.reseller, {offer.pk: "11"}, buyer=made.customer, from_on=TODAY + timedelta(days=3))

    def asked(on: date) -> why.Why:
        return why.price(seller=made.reseller.pk, kind="reseller", buyer=made.customer.pk, offer=offer.pk, on=on)

    today, later = asked(TODAY), asked(TODAY + timedelta(days=3))
    assert today.held is not None
    assert (today.held.special, today.held.amount, today.others) == (False, Decimal(12), ())
    assert later.held is not None
    assert (later.held.special, later.held.amount) == (True, Decimal(11))
    assert later.held.from_on == TODAY + timedelta(days=3)
    assert later.held.number == 1
    assert [(one.amount, one.number) for one in later.others] == [(Decimal(12), 1)]
    assert later.tier is not None
    assert later.tier.margin == Decimal("27.27")


def test_it_says_nothing_of_an_offer_or_a_customer_of_others() -> None:
    made, offer = stocked()
    other = kit.customer("Foreign", under=kit.reseller())
    for buyer, of in ((other.pk, offer.pk), (made.customer.pk, kit.reseller().pk)):
        with pytest.raises(Missing):
            why.price(seller=made.reseller.pk, kind="reseller", buyer=buyer, offer=of, on=TODAY)
    assert selling.resolve(buyer=other.pk, offers=[offer.pk], on=TODAY) == {}
