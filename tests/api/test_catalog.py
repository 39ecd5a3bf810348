"""The catalog through the API: the same as the pages do."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest

from purser.access import verbs
from purser.catalog import selling
from purser.catalog.models import Offer, PriceList
from purser.postgres import tenancy
from tests.access import kit
from tests.api.kit import caller, code, data
from tests.catalog.kit import Shop, shop, stocked
from tests.catalog.test_catalog import FILE
from tests.subscriptions import held


@pytest.fixture
def sold() -> tuple[Shop, Offer]:
    return stocked(kit.now())


def test_a_provider_makes_its_catalog_and_sells_from_it() -> None:
    made = shop(kit.now())
    call = caller(made.distributor)
    vendor = data(call.post("/catalog/vendors", {"name": "Acronis", "kind": "acronis"}), 201)
    said = {"name": "Cyber Protect", "category": "Backup", "group": "Workloads"}
    product = data(call.post("/catalog/products", {"vendor": vendor["id"], **said}), 201)
    terms = {"code": "P-1", "name": "Protect", "cycle": "yearly", "term_months": 12}
    terms |= {"services": ["backup"], "mode": "per_gigabyte"}
    offer = data(call.post("/catalog/offers", {"product": product["id"], **terms}), 201)
    assert (offer["term_months"], offer["services"], offer["mode"], offer["on_sale"]) == (12, ["backup"], "per_gigabyte", True)
    listed = data(call.post("/catalog/price-lists", {"name": "All", "currency": "EUR", "floor_percent": "12.5"}), 201)
    path = f"/catalog/price-lists/{listed['id']}"
    rows = [{"offer": offer["id"], "amount": "10.123456"}]
    looked = data(call.post(f"{path}/preview", {"prices": rows}))
    (row,) = looked["rows"]
    assert (row["code"], row["old"], row["new"], row["margin"]) == ("P-1", None, "10.123456", None)
    made_version = data(call.post(f"{path}/versions", {"prices": rows, "after": looked["after"], "note": "first"}), 201)
    assert made_version["number"] == 1
    assert code(call.post(f"{path}/versions", {"prices": rows, "after": 0}), 422) == "changed"
    assert data(call.get(f"{path}/prices"))["prices"] == [{"offer": offer["id"], "code": "P-1", "amount": "10.123456"}]
    assert [one["number"] for one in data(call.get(f"{path}/versions"))["rows"]] == [1]
    assert data(call.get(f"{path}/versions/{made_version['id']}"))["rows"][0]["amount"] == "10.123456"
    assert [one["newest"] for one in data(call.get("/catalog/price-lists"))["rows"]] == ["1"]
    sold_to = selling.shop(buyer=made.direct.pk, on=kit.now().date())
    assert [one.code for one in sold_to] == ["P-1"]
    off = data(call.post(f"/catalog/offers/{offer['id']}/withdraw", {"version": 1}))
    assert (off["on_sale"], off["version"]) == (False, 2)
    assert data(call.get("/catalog/offers?state.is=withdrawn&vendor.is=Acronis"))["rows"][0]["code"] == "P-1"


def test_a_reseller_sees_what_is_on_sale_to_it_and_why_a_price_is_asked(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    call = caller(made.reseller)
    rows = data(call.get("/catalog/on-sale"))["rows"]
    assert [(one["code"], one["price"]) for one in rows] == [("P-100", "8")]
    found = data(call.get(f"/catalog/why?offer={offer.pk}&buyer={made.customer.pk}"))
    assert (found["held"]["amount"], found["cost"], found["margin"], found["others"]) == ("12", "8", "33.33", [])
    told = json.dumps([rows, found])
    assert '"5"' not in told
    assert not re.search(r"(?<!\d:)37\.5", told), "no margin of another, which is no second of a time either"
    assert code(call.get(f"/catalog/why?offer={offer.pk}&buyer={made.direct.pk}"), 404) == "missing"


def test_below_the_floor_it_must_be_confirmed(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    call = caller(made.reseller)
    with tenancy.acting_in(made.reseller.pk):
        path = f"/catalog/price-lists/{PriceList.objects.get().pk}"
    data(call("PUT", path, {"name": "Ours", "floor_percent": "25", "version": 1}))
    body = {"prices": [{"offer": str(offer.pk), "amount": "9"}], "after": 1}
    assert data(call.post(f"{path}/preview", {"prices": body["prices"]}))["rows"][0]["low"] is True
    assert code(call.post(f"{path}/versions", body), 422) == "floor"
    assert data(call.post(f"{path}/versions", {**body, "confirmed": True}), 201)["number"] == 2


def test_offers_are_written_as_they_were_shown(sold: tuple[Shop, Offer]) -> None:
    made, _ = sold
    call = caller(made.distributor)
    looked = data(call.post("/catalog/offers/file", {"table": FILE}))
    assert (looked["new"], looked["changed"], looked["applied"]) == (2, 1, False)
    assert code(call.post("/catalog/offers/file", {"table": FILE, "digest": "0" * 64}), 422) == "changed"
    done = data(call.post("/catalog/offers/file", {"table": FILE, "digest": looked["digest"]}))
    assert done["applied"]
    assert data(call.post("/catalog/offers/file", {"table": FILE}))["same"] == 3


def test_the_offers_on_sale_come_as_the_file_that_is_taken_back(sold: tuple[Shop, Offer]) -> None:
    made, _ = sold
    call = caller(made.distributor)
    made.offer("=1+1", services=("backup", "antivirus"), name="With, comma")
    told = data(call.get("/catalog/offers/file"))
    assert told["offers"] == 2
    back = data(call.post("/catalog/offers/file", {"table": told["table"]}))
    assert (back["same"], back["changed"], back["new"]) == (2, 0, 0)
    assert code(caller(made.customer, verbs.ADMINISTRATOR).get("/catalog/offers/file"), 403) == "denied"


def test_a_list_for_one_customer_bears_its_name(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    made.publish(made.reseller, {offer.pk: "11"}, buyer=made.customer)
    call = caller(made.reseller)
    rows = {row["name"]: row for row in data(call.get("/catalog/price-lists"))["rows"]}
    own = rows[f"sell {made.customer.name} EUR"]
    assert (own["whose"], own["buyer"]) == ("one", made.customer.name)
    one = data(call.get(f"/catalog/price-lists/{own['id']}"))
    assert (one["buyer"], one["buyer_name"]) == (str(made.customer.pk), made.customer.name)


def test_a_customer_reads_nothing_of_it(sold: tuple[Shop, Offer]) -> None:
    made, offer = sold
    call = caller(made.customer, verbs.ADMINISTRATOR)
    why = f"/catalog/why?offer={offer.pk}&buyer={offer.pk}"
    for path in ("/catalog/on-sale", "/catalog/offers", "/catalog/price-lists", why):
        assert code(call.get(path), 403) == "denied"


def test_a_price_change_is_simulated_over_live_subscriptions() -> None:
    made = held.Shop()
    made.offer("CP")
    row = made.active("CP", on=kit.now().date() - timedelta(days=3))
    call = caller(made.chain.reseller)
    with tenancy.acting_in(made.chain.reseller.pk):
        path = f"/catalog/price-lists/{PriceList.objects.get().pk}/simulation"
    found = data(call.post(path, {"prices": [{"offer": str(made.offers["CP"]), "amount": "12.5"}]}))
    assert (found["changed"], found["found"], found["following"]) == (1, 1, 1)
    assert found["totals"] == [{"currency": "EUR", "subscriptions": 1, "was": "50", "becomes": "62.5", "more": "12.5"}]
    (one,) = found["rows"]
    assert (one["subscription"], one["was"], one["becomes"]) == (str(row.pk), "10", "12.5")
    assert code(call.post(path, {"prices": [{"offer": str(made.product), "amount": "1"}]}), 422) == "offer"
