"""Calls about subscriptions after they are ordered."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from purser.access import verbs
from purser.postgres import tenancy
from purser.subscriptions import keeping, lifecycle
from purser.subscriptions.models import Order, Subscription
from tests.access import kit
from tests.api.kit import caller, code, data
from tests.subscriptions.held import Shop, at, days

TODAY = datetime.now(UTC).date()
SINCE = TODAY - days(70)
VENDOR, ABOVE, ASKED = "611.31", "823.47", "1009.53"


@pytest.fixture(scope="module")
def shop() -> Shop:
    made = Shop(start=SINCE)
    made.offer("CP", prices=(VENDOR, ABOVE, ASKED))
    return made


@pytest.fixture(scope="module")
def row(shop: Shop) -> Subscription:
    return shop.active("CP", 3, on=SINCE)


def test_it_lists_and_opens_what_each_may_see(shop: Shop, row: Subscription) -> None:
    for organisation, role in (
        (shop.chain.reseller, verbs.READER),
        (shop.chain.distributor, verbs.READER),
        (shop.chain.operator, verbs.OWNER),
        (shop.chain.customer, verbs.ADMINISTRATOR),
    ):
        call = caller(organisation, role)
        asked = ASKED if organisation in (shop.chain.reseller, shop.chain.customer) else None
        listed = data(call.get(f"/subscriptions?number.is={row.number}"))["rows"]
        assert [(one["name"], one["offer_id"], one["quantity"]) for one in listed] == [("Protect CP", "CP", "3")]
        assert (listed[0]["price"] or {}).get("amount") == asked
        one = data(call.get(f"/subscriptions/{row.pk}"))
        assert (one["state"], one["quantity"], one["price"]) == ("active", 3, asked)
        assert [(each["what"], each["source"]) for each in data(call.get(f"/subscriptions/{row.pk}/history"))["rows"]] == [
            ("state", "Partner"), ("state", "Partner"), ("quantity", "Partner"), ("state", "Partner"),
        ]  # fmt: skip
    assert code(caller(kit.reseller("Stranger IT")).get(f"/subscriptions/{row.pk}"), 404) is not None


def test_a_vendors_own_words_are_for_who_can_see_to_it(shop: Shop) -> None:
    made = shop.order("CP", 1, on=TODAY)
    words = "User: 400 from https://eu-cloud.vendor.example/api/2/users: login taken"
    with tenancy.acting_in(shop.customer):
        lifecycle.step(made, "waiting", text=words, by=keeping.PURSER, now=kit.now())
    for organisation, role, sees in (
        (shop.chain.reseller, verbs.OWNER, True),
        (shop.chain.distributor, verbs.OWNER, True),
        (shop.chain.operator, verbs.OWNER, True),
        (shop.chain.customer, verbs.ADMINISTRATOR, False),
    ):
        call = caller(organisation, role)
        told = data(call.get(f"/subscriptions/{made.pk}"))["state_text"]
        why = [one["why"] for one in data(call.get(f"/subscriptions/{made.pk}/history"))["rows"] if one["new"] == "Waiting"]
        plain = "The vendor does not have it yet; your partner sees to it."
        assert (told, why) == ((words, [words]) if sees else (plain, [""]))
        page = kit.sign_in(kit.member(organisation, role)).get(f"/t/{organisation.pk}/services/{made.pk}/").content.decode()
        assert ("vendor.example" in page, "does not have it yet" in page) == (sees, not sees)


def test_the_customer_gets_no_cost_in_any_answer(shop: Shop, row: Subscription) -> None:
    call = caller(shop.chain.customer, verbs.ADMINISTRATOR)
    paths = ("/subscriptions", f"/subscriptions/{row.pk}", f"/subscriptions/{row.pk}/history", "/commitments")
    file = b"".join(call.get("/subscriptions", Accept="text/csv").streaming_content)  # type: ignore[arg-type]
    assert ASKED.encode() in file
    told = file.decode() + "".join(call.get(path).content.decode() for path in paths)
    assert ASKED in told
    assert VENDOR not in told
    assert ABOVE not in told
    assert code(call.get(f"/subscriptions/{row.pk}/margin"), 403)
    assert code(call.get("/margins"), 403)


def test_who_sells_through_another_gets_its_own_prices_and_nobody_elses(shop: Shop) -> None:
    """Source: decision 0010. By the digits of the price, in every answer about one with a price of its own and one to come."""
    row = shop.active("CP", 3, on=SINCE)
    own, to_come = "997.19", "887.23"
    call = caller(shop.chain.reseller)
    for amount, on in ((own, TODAY), (to_come, TODAY + days(9))):
        data(call("PUT", f"/subscriptions/{row.pk}/price", {"price": amount, "from_on": on.isoformat()}))
    with tenancy.acting_in(shop.customer):
        order = Order.objects.order_by("id").last().pk
    paths = ("/subscriptions", "/subscriptions?sort=-price", f"/subscriptions/{row.pk}", f"/subscriptions/{row.pk}/history",
             f"/sales-orders/{order}", "/commitments", "/margins")  # fmt: skip
    for organisation, seen in (
        (shop.chain.reseller, {ASKED, own, to_come}), (shop.chain.distributor, set()), (shop.chain.operator, set()),
    ):  # fmt: skip
        call = caller(organisation)
        told = "".join(call.get(path).content.decode() for path in paths)
        told += b"".join(call.get("/subscriptions", Accept="text/csv").streaming_content).decode()  # type: ignore[arg-type]
        assert {one for one in (ASKED, own, to_come) if one in told} == seen, organisation.kind
        for amount in (Decimal(one) * 3 for one in (ASKED, own, to_come)):
            assert seen or str(amount) not in told
    one = data(caller(shop.chain.distributor).get(f"/subscriptions/{row.pk}"))
    assert [(each["price"], each["by"]) for each in one["prices"]] == [(ABOVE, "")]
    none = caller(shop.chain.distributor).get("/subscriptions?price.min=0")
    assert data(none)["rows"] == []


def test_each_tier_gets_its_own_part_of_the_margin(shop: Shop, row: Subscription) -> None:
    def part(organisation: Any) -> tuple[str, str, str, str]:
        one = data(caller(organisation).get(f"/subscriptions/{row.pk}/margin"))
        return one["sells"]["amount"], one["buys"]["amount"], one["margin"]["amount"], one["percent"]

    assert part(shop.chain.reseller) == ("3028.59", "2470.41", "558.18", "18.43")
    assert part(shop.chain.distributor) == ("2470.41", "1833.93", "636.48", "25.76")
    assert code(caller(shop.chain.operator).get(f"/subscriptions/{row.pk}/margin"), 404)
    of_distributor = data(caller(shop.chain.distributor).get("/margins"))["rows"]
    assert [(one["currency"], [each["name"] for each in one["rows"]]) for one in of_distributor] == [("EUR", ["Acme IT"])]
    of_reseller = data(caller(shop.chain.reseller).get("/margins"))["rows"]
    assert [each["name"] for each in of_reseller[0]["rows"]] == ["Alder Dental"]


def test_a_price_is_previewed_set_and_refused(shop: Shop) -> None:
    row = shop.active("CP", 3, on=SINCE)
    call, path = caller(shop.chain.reseller, verbs.BOOKKEEPER), f"/subscriptions/{row.pk}/price"
    body = {"price": "900.5", "from_on": (SINCE + days(1)).isoformat()}
    effect = data(call.post(f"{path}/preview", body))
    assert effect["closed"]
    assert all(one["correction"]["amount"].startswith("-") for one in effect["closed"])
    assert effect["margin"] == "8.55"
    done = data(call("PUT", path, body))
    assert (done["price"], [one["listed"] for one in done["prices"]][-1]) == ("900.5", "By hand")
    assert code(call("PUT", path, {**body, "from_on": (SINCE - days(1)).isoformat()}), 422) == "from_on"
    assert code(caller(shop.chain.distributor)("PUT", path, body), 422) == "seller"


def test_below_the_floor_a_price_must_be_confirmed(shop: Shop) -> None:
    from purser.catalog.models import PriceList

    row = shop.active("CP", 3, on=SINCE)
    with tenancy.acting_in(shop.chain.reseller.pk):
        PriceList.objects.update(floor_percent=10)
    call, path = caller(shop.chain.reseller), f"/subscriptions/{row.pk}/price"
    body = {"price": "900", "from_on": TODAY.isoformat()}
    assert "8.50 %" in data(call.post(f"{path}/preview", body))["below_floor"]
    assert code(call("PUT", path, body), 422) == "floor"
    assert data(call("PUT", path, {**body, "confirmed": True}))["price"] == "900"
    assert data(call("PUT", path, {**body, "price": "1000", "confirmed": True}))["price"] == "1000"
    for organisation, kept in ((shop.chain.reseller, [["floor"], None]), (shop.chain.customer, [None, None])):
        acts = [act for act in kit.acts_of(organisation, "subscriptions.price") if act.of_id == str(row.pk)]
        assert [act.after.get("confirmed") for act in acts] == kept, "on record with its seller alone, and where it had to be"


def test_the_floor_holds_as_well_when_the_offer_is_withdrawn_or_has_no_price_any_more(shop: Shop) -> None:
    """By what the seller paid when it was last on sale; only confirmed it is taken, and the seller's part follows."""
    from purser.catalog.models import Offer, PriceList

    shop.offer("GONE", prices=("600", "823.47", "1009.53"))
    row = shop.active("GONE", 3, on=SINCE)
    with tenancy.acting_in(shop.chain.reseller.pk):
        PriceList.objects.update(floor_percent=10)
    with tenancy.acting_in(shop.provider):
        Offer.objects.filter(pk=shop.offers["GONE"]).update(withdrawn_at=at(TODAY))
    call, path = caller(shop.chain.reseller), f"/subscriptions/{row.pk}/price"
    body = {"price": "900", "from_on": TODAY.isoformat()}
    seen = data(call.post(f"{path}/preview", body))
    assert (seen["margin"], seen["below_floor"]) == ("8.5", "The margin would be 8.50 %, less than the floor of 10.00 %.")
    assert code(call("PUT", path, body), 422) == "floor"
    assert data(call("PUT", path, {**body, "confirmed": True}))["price"] == "900"
    assert data(call.get(f"/subscriptions/{row.pk}/margin"))["percent"] == "8.5"
    assert data(call("PUT", path, {**body, "price": "1000"}))["price"] == "1000"


def test_a_change_is_planned_and_taken_back(shop: Shop, row: Subscription) -> None:
    call = caller(shop.chain.reseller)
    body = {"what": "quantity", "value": "7", "on": (TODAY + days(9)).isoformat()}
    made = data(call.post(f"/subscriptions/{row.pk}/plans", body), 201)
    assert made["state"] == "planned"
    assert code(call.post(f"/subscriptions/{row.pk}/plans", body), 422) == "planned"
    dropped = data(call.post(f"/subscriptions/{row.pk}/plans/{made['id']}/drop"))
    assert [one["state"] for one in dropped["plans"]] == ["cancelled"]
    customer = caller(shop.chain.customer, verbs.ADMINISTRATOR)
    assert code(customer.post(f"/subscriptions/{row.pk}/plans", body), 422) == "seller"


@pytest.mark.parametrize("day", ["9999-12-31", "9999-01-01", "0001-01-01"])
def test_a_day_out_of_reach_is_refused(shop: Shop, row: Subscription, day: str) -> None:
    call = caller(shop.chain.reseller)
    assert code(call.get(f"/commitments?first={day}"), 422) == "span"
    price = {"price": "2000", "from_on": day}
    assert code(call("PUT", f"/subscriptions/{row.pk}/price", price), 422) == "from_on"
    assert code(call.post(f"/subscriptions/{row.pk}/price/preview", price), 422) == "from_on"
    for what, value in (("quantity", "7"), ("end", "")):
        assert code(call.post(f"/subscriptions/{row.pk}/plans", {"what": what, "value": value, "on": day}), 422) == "on"
