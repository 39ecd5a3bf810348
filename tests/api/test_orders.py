"""Ordering and approval by program. Source: acceptance CM-2, CM-10 to CM-15, CM-42 to CM-45."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from purser.access import verbs
from purser.postgres import ids
from tests.access.kit import site as site
from tests.api.kit import Caller, caller, code, data
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import SELLS, Shop

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def made() -> Shop:
    return shops.shop()


@pytest.fixture
def seller(made: Shop) -> Caller:
    return caller(made.reseller)


@pytest.fixture
def admin(made: Shop) -> Caller:
    return caller(made.customer, verbs.ADMINISTRATOR)


def line(made: Shop, name: str = "BASE", quantity: int = 3, **more: Any) -> dict[str, Any]:
    return {"offer": str(made.offers[name].pk), "quantity": quantity, **more}


def body(made: Shop, *lines: dict[str, Any], own: bool = False, **more: Any) -> dict[str, Any]:
    whose = {} if own else {"customer": str(made.customer.pk)}
    return {"lines": list(lines) or [line(made)], "once": ids.new().hex, **whose, **more}


def test_what_is_on_sale_has_its_price_and_the_readers_own_margin_alone(made: Shop, seller: Caller, admin: Caller) -> None:
    rows = data(seller.get(f"/sales-orders/for/{made.customer.pk}"))["rows"]
    (base,) = [row for row in rows if row["code"] == "BASE"]
    assert (base["price"], base["currency"], base["margin_percent"]) == ("8.5", "EUR", "37.98")
    rows = data(admin.get(f"/sales-orders/for/{made.customer.pk}"))["rows"]
    assert {row["margin_percent"] for row in rows} == {None}


def test_a_review_orders_nothing_and_says_what_stands_against_each_line(made: Shop, seller: Caller) -> None:
    asked = body(made, line(made), line(made, "YEAR", 4), line(made, price="8.00"), line(made, "ADD", 1))
    del asked["once"]
    told = data(seller.post("/sales-orders/review", asked))
    assert [(one["wrong"] or {}).get("code") for one in told["lines"]] == [None, "quantity", None, "no_base"]
    assert told["lines"][2]["moved"]["code"] == "price_moved"
    assert told["totals"] == [{"currency": "EUR", "cycle": "monthly", "total": "51"}]
    assert made.subscriptions() == []


def test_it_orders_once_under_one_key(made: Shop, seller: Caller) -> None:
    sent = body(made, line(made), line(made, "YEAR", 5))
    first = data(seller.post("/sales-orders", sent), 201)
    assert (first["state"], [one["offer_code"] for one in first["lines"]]) == ("approved", ["BASE", "YEAR"])
    assert data(seller.post("/sales-orders", sent), 201)["id"] == first["id"]
    assert len(made.subscriptions()) == 2
    assert data(seller.get(f"/sales-orders/{first['id']}")) == first


@pytest.mark.parametrize(
    ("name", "quantity", "more", "said"),
    [("BASE", 0, {}, "quantity"), ("BASE", -3, {}, "quantity"), ("YEAR", 51, {}, "quantity"), ("ADD", 1, {}, "no_base"),
     ("BASE", 3, {"price": "8.00"}, "price_moved"), ("BASE", 3, {"kind": "quantity"}, "line")],
)  # fmt: skip
def test_it_refuses_what_the_pages_refuse(
    made: Shop, seller: Caller, name: str, quantity: int, more: dict[str, Any], said: str
) -> None:
    assert code(seller.post("/sales-orders", body(made, line(made, name, quantity, **more))), 422) == said
    assert made.subscriptions() == []


def test_a_reseller_says_for_whom_and_not_for_anothers_customer(made: Shop, seller: Caller) -> None:
    assert code(seller.post("/sales-orders", body(made, own=True)), 422) == "customer"
    assert seller.post("/sales-orders", body(made) | {"customer": str(shops.shop().customer.pk)}).status_code == 404


def test_a_customers_order_waits_and_is_approved_or_rejected(made: Shop, seller: Caller, admin: Caller) -> None:
    asked = {"on": True, "triggers": ["create_paid"], "over": "0.00"}
    assert data(seller("PUT", "/approval-rules", asked))["rows"][0]["triggers"] == ["create_paid"]
    first, second, third = (data(admin.post("/sales-orders", body(made, own=True)), 201) for _ in range(3))
    assert (first["state"], first["triggers"], first["lines"][0]["subscription"]) == ("new", ["create_paid"], None)
    assert len(data(seller.get("/sales-orders/waiting"))["rows"]) == 3
    assert code(seller.post(f"/sales-orders/{first['id']}/reject", {"comment": ""}), 422) != ""
    assert data(seller.post(f"/sales-orders/{first['id']}/reject", {"comment": "No"}))["state"] == "rejected"
    assert data(admin.post(f"/sales-orders/{second['id']}/cancel"))["state"] == "cancelled"
    made.publish(made.reseller, {"BASE": Decimal("9.25")})
    assert code(seller.post(f"/sales-orders/{third['id']}/approve"), 422) == "moved"
    shown = data(seller.get(f"/sales-orders/{third['id']}"))
    assert shown["moved"] == ["Cyber Protect per workload: the price was 8.5 EUR and is now 9.25 EUR."]
    done = data(seller.post(f"/sales-orders/{third['id']}/approve", {"expect": shown["expect"], "comment": "Fine"}))
    assert (done["state"], done["comment"], done["lines"][0]["price"]) == ("approved", "Fine", "9.25")
    assert [one.price for one in made.subscriptions()] == [Decimal("9.25")]
    assert code(seller.post(f"/sales-orders/{third['id']}/approve"), 422) == "state"


def test_terms_that_moved_are_told_with_both_and_confirmed(made: Shop, seller: Caller, admin: Caller) -> None:
    """Between being shown and ordered, and between being asked for and approved."""
    rows = data(admin.get(f"/sales-orders/for/{made.customer.pk}"))["rows"]
    (terms,) = [row["terms"] for row in rows if row["code"] == "BASE"]
    shops.approving(made)
    asked = body(made, line(made, terms=terms), own=True)
    waits = data(admin.post("/sales-orders", asked), 201)
    assert waits["lines"][0]["terms"] == terms
    shops.change(made, "BASE", cycle="yearly", term_months=12)
    assert code(admin.post("/sales-orders", asked | {"once": ids.new().hex}), 422) == "terms_moved"
    review = data(admin.post("/sales-orders/review", {"lines": asked["lines"]}))["lines"][0]
    assert (review["moved"]["code"], review["terms"] != terms) == ("terms_moved", True)
    there = f"/sales-orders/{waits['id']}"
    assert code(seller.post(f"{there}/approve"), 422) == "moved"
    shown = data(seller.get(there))
    said = f"Cyber Protect per workload: the terms were “{terms}” and are now “{review['terms']}”."
    assert shown["moved"] == [said]
    assert "for terms of 12 months" in said
    done = data(seller.post(f"{there}/approve", {"expect": shown["expect"]}))
    assert (done["state"], done["lines"][0]["terms"]) == ("approved", review["terms"])


def test_several_are_approved_at_once_and_each_rule_is_taken_back(made: Shop, seller: Caller, admin: Caller) -> None:
    shops.approving(made)
    rule = {"customers": [str(made.customer.pk)], "on": True, "triggers": ["create_paid"], "over": "20.00"}
    assert data(seller("PUT", "/approval-rules", rule))["rows"][0]["over"] == "20"
    assert code(seller("PUT", "/approval-rules", rule), 422) == "version"
    read = [{name: one[name] for name in ("customer", "version")} for one in data(seller.get("/approval-rules"))["rows"]]
    assert data(seller("PUT", "/approval-rules", rule | {"seen": read}))["rows"][0]["version"] == 2
    small, large = (data(admin.post("/sales-orders", body(made, line(made, quantity=n), own=True)), 201) for n in (2, 3))
    assert (small["state"], large["state"]) == ("approved", "new")
    told = data(seller.post("/sales-orders/approve", {"orders": [large["id"], small["id"]]}))
    assert told["approved"] == [large["number"]]
    assert told["waiting"][small["number"]]["code"] == "state"
    assert seller.post("/sales-orders/approve", {"orders": [large["id"], str(ids.new())]}).status_code == 404
    read = [{name: one[name] for name in ("customer", "version")} for one in data(seller.get("/approval-rules"))["rows"]]
    all_of_them = {"everywhere": True, "on": False, "triggers": [], "seen": read}
    assert code(seller("PUT", "/approval-rules", all_of_them | {"customers": [str(made.customer.pk)]}), 422) == "everywhere"
    assert [row["customer"] for row in data(seller("PUT", "/approval-rules", all_of_them))["rows"]] == [None]
    assert len(data(seller.get("/approval-rules"))["rows"]) == 1
    assert data(seller("PUT", "/approval-rules", rule))["rows"][0]["version"] == 1
    assert seller("DELETE", f"/approval-rules/{made.customer.pk}").status_code == 204
    assert len(data(seller.get("/approval-rules"))["rows"]) == 1


def test_below_the_floor_the_seller_confirms(made: Shop, seller: Caller, admin: Caller) -> None:
    made.publish(made.reseller, {"BASE": Decimal("5.30")})
    asked = body(made)
    review = data(seller.post("/sales-orders/review", {name: asked[name] for name in ("customer", "lines")}))["lines"][0]
    assert (review["low"]["code"], review["margin_percent"]) == ("floor", "0.53")
    assert code(seller.post("/sales-orders", asked), 422) == "floor"
    assert data(seller.post("/sales-orders", asked | {"confirmed": ["floor"]}), 201)["state"] == "approved"
    waits = data(admin.post("/sales-orders", body(made, own=True)), 201)
    assert waits["state"] == "new"
    assert code(seller.post(f"/sales-orders/{waits['id']}/approve"), 422) == "floor"
    assert data(seller.post(f"/sales-orders/{waits['id']}/approve", {"confirmed": ["floor"]}))["state"] == "approved"


def test_what_an_order_brings_back_is_told_and_confirmed(made: Shop, seller: Caller) -> None:
    row = made.live()
    data(seller.post("/sales-orders", body(made, {"kind": "suspend", "subscription": str(row.pk)})), 201)
    asked = body(made)
    review = data(seller.post("/sales-orders/review", {name: asked[name] for name in ("customer", "lines")}))
    assert review["lines"][0]["enables"]["code"] == "enables"
    assert row.number in review["lines"][0]["enables"]["text"]
    assert code(seller.post("/sales-orders", asked), 422) == "enables"
    assert data(seller.post("/sales-orders", asked | {"confirmed": ["enables"]}), 201)["state"] == "approved"


def test_a_change_is_an_order_too(made: Shop, admin: Caller) -> None:
    row = made.live()
    sent = body(made, {"kind": "quantity", "subscription": str(row.pk), "quantity": 6}, own=True)
    told = data(admin.post("/sales-orders", sent), 201)
    assert (told["lines"][0]["before"], told["lines"][0]["after"], told["state"]) == (3, 6, "approved")
    assert made.subscriptions()[0].quantity == 6
    assert made.subscriptions()[0].price == SELLS


def test_a_reader_orders_nothing(made: Shop) -> None:
    reader = caller(made.customer, verbs.READER)
    assert reader.post("/sales-orders", body(made, own=True)).status_code == 403
    assert reader.get("/sales-orders").status_code == 200
    assert caller(made.reseller, verbs.READER).get("/sales-orders/waiting").status_code == 403
