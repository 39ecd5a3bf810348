"""Price lists: published whole, never changed, exact, and below the floor only when confirmed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import Error
from hypothesis import given
from hypothesis import strategies as st

from purser.catalog import exact, price_lists, selling
from purser.catalog.models import Price, PriceVersion
from purser.catalog.price_lists import Row
from purser.kernel.errors import Missing, Refused
from purser.postgres import ids, tenancy
from tests.access import kit
from tests.catalog.kit import NOW, TODAY, Shop, shop, stocked


def price(made: Shop, on: date, offer: UUID) -> Decimal | None:
    found = selling.resolve(buyer=made.customer.pk, offers=[offer], on=on).get(offer)
    return found.price if found else None


def test_the_version_in_force_is_the_last_that_has_begun_and_of_one_day_the_later_published() -> None:
    made, offer = stocked()
    later = TODAY + timedelta(days=10)
    made.publish(made.reseller, {offer.pk: "14"}, from_on=later)
    made.publish(made.reseller, {offer.pk: "13"}, from_on=TODAY + timedelta(days=5))
    made.publish(made.reseller, {offer.pk: "15"}, from_on=later)
    days = [0, 4, 5, 9, 10, 400]
    assert [price(made, TODAY + timedelta(days=n), offer.pk) for n in days] == [12, 12, 13, 13, 15, 15]
    assert price(made, TODAY - timedelta(days=1), offer.pk) is None


def test_a_version_without_an_offer_takes_it_off_sale() -> None:
    made, offer = stocked()
    made.publish(made.reseller, {}, from_on=TODAY + timedelta(days=1))
    assert [price(made, TODAY, offer.pk), price(made, TODAY + timedelta(days=1), offer.pk)] == [12, None]


def test_it_keeps_six_decimals_as_they_were_given() -> None:
    made, offer = stocked()
    made.publish(made.reseller, {offer.pk: "12.345678"})
    assert price(made, TODAY, offer.pk) == Decimal("12.345678")


@pytest.mark.parametrize("amount", ["12.3456789", "-1", "10000000000", "NaN", "Infinity"])
def test_it_refuses_what_does_not_fit_and_names_row_and_number(amount: str) -> None:
    made, offer = stocked()
    second = made.offer("P-200")
    with pytest.raises(Refused) as refusal:
        made.publish(made.distributor, {offer.pk: "10", second.pk: amount})
    assert refusal.value.text.startswith("Row 2, P-200: ")
    assert amount.replace("-", "") in refusal.value.text.replace("-", "")
    with tenancy.acting_in(made.distributor.pk):
        assert PriceVersion.objects.filter(price_list=made_list(made)).count() == 1


def made_list(made: Shop) -> UUID:
    from purser.catalog.models import PriceList

    found: UUID = PriceList.objects.get(side="sell", buyer=None).pk
    return found


@given(st.decimals(min_value=0, max_value=exact.LARGEST, allow_nan=False, places=6))
def test_what_is_written_is_read_as_the_same_amount(amount: Decimal) -> None:
    for text in (f"{amount:f}", f"{amount:.6f}", f"{amount:.6f}".replace(".", ",")):
        assert exact.read(text, "Row 1") == amount


def test_it_does_not_guess_between_thousands_and_decimals() -> None:
    with pytest.raises(Refused) as refusal:
        exact.read("1,234", "Row 3")
    assert (refusal.value.text, refusal.value.hint) == ("Row 3: “1,234” can be read in two ways.", "Write 1234 or 1.234.")
    assert exact.read(" 1 234,5 ", "Row 3") == Decimal("1234.5")


def test_a_comma_is_the_decimal_mark_where_it_can_be_nothing_else_or_the_file_says_so() -> None:
    assert exact.read("0,125", "Row 3") == Decimal("0.125")
    assert exact.read("1,125", "Row 3", decimal=",") == Decimal("1.125")
    assert exact.read("12.50", "Row 3", decimal=",") == Decimal("12.5")
    for text, decimal, hint in (
        ("8.500", ",", "Write 8500 or 8,500."),
        ("1,234,567", "", "Write 1234567 or 1.234567."),
        ("12,5O", ",", "Write digits and one mark, like 12,50."),
    ):
        with pytest.raises(Refused) as refusal:
            exact.read(text, "Row 3", decimal=decimal)
        assert refusal.value.hint == hint


@pytest.mark.parametrize("text", ["", "abc", "1e3", "-1", "1.2.3", "٣"])
def test_it_refuses_a_text_that_is_no_price(text: str) -> None:
    with pytest.raises(Refused, match="Row 3"):
        exact.read(text, "Row 3")


def test_it_is_refused_when_somebody_published_meanwhile() -> None:
    made, offer = stocked()
    made.publish(made.reseller, {offer.pk: "13"})
    with pytest.raises(Refused) as refusal:
        made.publish(made.reseller, {offer.pk: "14"}, after=1)
    assert (refusal.value.code, refusal.value.text) == ("changed", "Somebody published version 2 meanwhile.")
    assert price(made, TODAY, offer.pk) == 13


def test_two_that_publish_at_once_make_one_version_and_one_refusal() -> None:
    made, offer = stocked()
    row = made.price_list(made.reseller)

    def publish(amount: str) -> Any:
        try:
            return made.publish(made.reseller, {offer.pk: amount}, after=1).number
        except Refused as refusal:
            return refusal.code

    found = kit.at_once(lambda: publish("13"), lambda: publish("14"))
    assert sorted(map(str, found)) == ["2", "changed"]
    with tenancy.acting_in(made.reseller.pk):
        assert price_lists.last(row.pk) == 2


@pytest.mark.parametrize("days", [-1, 1099])
def test_it_is_published_from_today_on_and_not_too_far_ahead(days: int) -> None:
    made, offer = stocked()
    with pytest.raises(Refused, match="Prices hold from today"):
        made.publish(made.reseller, {offer.pk: "13"}, from_on=TODAY + timedelta(days=days))


def test_below_the_floor_it_is_published_only_when_confirmed_and_the_act_says_so() -> None:
    made, offer = stocked()
    row = made.price_list(made.reseller)
    with tenancy.acting_in(made.reseller.pk):
        actor = made.actor(made.reseller)
        price_lists.change(actor, row.pk, name=row.name, floor_percent=Decimal("20"), version=1, now=NOW)
    made.publish(made.reseller, {offer.pk: "10"})  # exactly 20 %
    with pytest.raises(Refused) as refusal:
        made.publish(made.reseller, {offer.pk: "9.999999"})
    assert refusal.value.code == "floor"
    assert refusal.value.text == "Below the floor of 20 %: P-100 at 9.999999, cost 8."
    with pytest.raises(Refused):
        made.publish(made.reseller, {offer.pk: "0"})
    made.publish(made.reseller, {offer.pk: "9"}, confirmed=True)
    assert price(made, TODAY, offer.pk) == 9
    acts = kit.acts_of(made.reseller, "prices.publish")
    assert sum("1 below the floor, confirmed" in act.summary for act in acts) == 1
    found = selling.resolve(buyer=made.customer.pk, offers=[offer.pk], on=TODAY)[offer.pk]
    assert found.tiers[-1].low


def test_the_floor_is_held_against_what_it_will_cost_on_the_first_day() -> None:
    made, offer = stocked()
    with tenancy.acting_in(made.reseller.pk):
        row = price_lists.one(made_list(made))
        price_lists.change(made.actor(made.reseller), row.pk, name="All", floor_percent=Decimal(20), version=1, now=NOW)
    dearer = TODAY + timedelta(days=30)
    made.publish(made.distributor, {offer.pk: "9"}, buyer=made.reseller, from_on=dearer)
    made.publish(made.reseller, {offer.pk: "11"}, from_on=TODAY)
    with pytest.raises(Refused, match="cost 9"):
        made.publish(made.reseller, {offer.pk: "11"}, from_on=dearer)


def test_what_was_published_is_never_changed() -> None:
    made, offer = stocked()
    for change in (
        lambda: Price.objects.update(amount=1),
        lambda: PriceVersion.objects.update(from_on=TODAY),
        lambda: Price.objects.all().delete(),
    ):
        with pytest.raises(Error), tenancy.acting_in(made.reseller.pk):
            change()
    assert price(made, TODAY, offer.pk) == 12


def test_a_seller_puts_prices_only_on_what_it_has_or_buys_and_a_cost_only_on_its_own() -> None:
    made, offer = stocked()
    unsold = made.offer("P-900")
    for which, prices in (({}, {unsold.pk: "1"}), ({}, {ids.new(): "1"}), ({"side": "cost"}, {offer.pk: "1"})):
        with pytest.raises(Refused, match="Row 1: there is no such offer"):
            made.publish(made.reseller, prices, **which)


def test_a_list_is_for_somebody_right_below_and_one_of_a_kind() -> None:
    made, _ = stocked()
    actor = made.actor(made.distributor)
    with pytest.raises(Missing):  # its reseller's customer
        price_lists.make(actor, name="X", side="sell", currency="EUR", buyer=made.customer.pk, now=NOW)
    with pytest.raises(Refused) as refusal:
        price_lists.make(actor, name="Another", side="sell", currency="EUR", now=NOW)
    assert refusal.value.code == "taken"
    with pytest.raises(Refused, match="the same whoever buys"):
        price_lists.make(actor, name="Y", side="cost", currency="USD", buyer=made.reseller.pk, now=NOW)


def test_the_preview_shows_old_and_new_and_the_margin_of_each() -> None:
    made, offer = stocked()
    second = made.offer("P-200")
    made.publish(made.distributor, {offer.pk: "8", second.pk: "1"}, buyer=made.reseller)
    row = made.price_list(made.reseller)
    stands = price_lists.ground(made.actor(made.reseller), row.pk, from_on=None, now=NOW)
    found = stands.check([Row(second.pk, Decimal(0))])
    assert [(one.good.code, one.old, one.new, one.cost, one.margin) for one in found] == [
        ("P-100", 12, None, 8, None),
        ("P-200", None, 0, 1, None),
    ]


def test_nothing_of_it_is_in_anothers_seat() -> None:
    made, _ = stocked()
    row = made.price_list(made.distributor)
    for other in (made.reseller, made.customer, shop().distributor):
        with tenancy.acting_in(other.pk), pytest.raises(Missing):
            price_lists.one(row.pk)
