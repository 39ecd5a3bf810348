"""What something costs is said before it is ordered, and nothing where it would be refused; what is billed by usage is in no
total. Source: acceptance CM-10 to CM-12, CM-18, CM-19, CM-64."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from purser.access import verbs
from purser.catalog.models import Offer
from purser.postgres import tenancy
from purser.subscriptions import tiers
from purser.subscriptions.models import Subscription
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import caller, data
from tests.portal.customers import inside
from tests.portal.orders import at, page, put, shop, words
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import BUYS, SELLS, Shop

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def made() -> Shop:
    return shops.shop()


@pytest.fixture
def seller(made: Shop) -> Client:
    return inside(made.chain.owner)


def cost(client: Client, there: str, **asked: Any) -> str:
    """The part of a form that follows what is typed."""
    return words(client.get(there, asked, headers={"HX-Request": "true", "HX-Target": "div#cost"}).content.decode())


def test_a_quantity_that_would_be_refused_has_no_cost(made: Shop, seller: Client) -> None:
    row = made.live("YEAR", 8)
    with tenancy.acting_in(made.customer.pk):
        Subscription.objects.filter(pk=row.pk).update(consumed=6)
    there = at(made, f"sales-orders/change/{row.pk}/?kind=quantity")
    for asked, said in (("5", "6 of 8 are in use; 5 would be too few."), ("51", "5 to 50; not 51"), ("-3", "5 to 50; not -3")):
        told = cost(seller, there, kind="quantity", quantity=asked)
        assert said in told, told
        assert "EUR" not in told
    assert "76.50 EUR yearly" in cost(seller, there, kind="quantity", quantity="9")
    assert "68.00 EUR yearly" in cost(seller, there, kind="quantity", quantity="8"), "as it is"


def test_an_add_on_says_what_it_is_what_it_costs_and_what_its_seller_makes_of_it(made: Shop, seller: Client) -> None:
    row = made.live()
    with tenancy.acting_in(made.chain.distributor.pk):
        Offer.objects.filter(code="ADD").update(minimum=2)
    ask: dict[str, Any] = {"kind": "addon", "offer": f"{made.offers['ADD'].pk} 8.50 EUR"}
    there, own = (at(made, f"sales-orders/change/{row.pk}/?kind=addon", own=own) for own in (False, True))
    form = words(page(seller, there))
    for one in ("Show details", "Item code ADD", "Subscription period", "2 or more", "What Advanced Security does."):
        assert one in form, one
    assert "17.00 EUR monthly Margin 37.98 %" in cost(seller, there, quantity="2", **ask)
    assert "at least 2; not 1" in cost(seller, there, quantity="1", **ask)
    told = cost(inside(made.chain.admin), own, quantity="2", **ask)
    assert "17.00 EUR" in told
    assert "argin" not in told


def test_the_cycle_tells_apart_what_one_group_has_in_two(made: Shop, seller: Client) -> None:
    with tenancy.acting_in(made.chain.distributor.pk):
        Offer.objects.filter(code="YEAR").update(product=made.offers["BASE"].product)
    group = "?category=Backup&group=Workloads&cycle="
    found = {cycle: page(seller, shop(made, more=f"{group}{cycle}")) for cycle in ("monthly", "yearly", "")}
    listed = {cycle: sorted(re.findall(r'<dd class="mono">(\w+)</dd>', html)) for cycle, html in found.items()}
    assert listed == {"monthly": ["BASE", "METER", "TRY"], "yearly": ["YEAR"], "": []}
    call = caller(made.reseller)
    for cycle in ("monthly", "yearly"):
        rows = data(call.get(f"/sales-orders/for/{made.customer.pk}{group}{cycle}"))["rows"]
        assert sorted(one["code"] for one in rows) == listed[cycle]


def test_what_is_billed_by_usage_is_in_no_total(made: Shop, seller: Client) -> None:
    put(seller, made)
    put(seller, made, "METER", "1")
    told = words(page(seller, shop(made, more="check/")))
    assert "by usage" in told
    assert "Total Monthly 25.50 EUR" in told
    asked = [{"offer": str(made.offers[code].pk), "quantity": count} for code, count in (("BASE", 3), ("METER", 1))]
    review = data(caller(made.reseller).post("/sales-orders/review", {"customer": str(made.customer.pk), "lines": asked}))
    assert [one["total"] for one in review["lines"]] == ["25.5", None]
    assert [one["total"] for one in review["totals"]] == ["25.5"]


def test_margins_count_what_is_billed_by_usage_and_add_nothing_for_it(made: Shop, seller: Client) -> None:
    licences, metered = made.live(), made.live("METER", 1)
    (told,) = tiers.waterfall(made.owner(), on=kit.now().date())
    assert (told.sold.amount, told.known.buys and told.known.buys.amount) == (SELLS * 3, (BUYS * 3).quantize(Decimal("0.01")))
    assert (told.rows[0].subscriptions, told.rows[0].by_usage, told.by_usage) == (2, 1, 1)
    assert tiers.part(made.owner(), metered, kit.now().date()) is None
    assert tiers.part(made.owner(), licences, kit.now().date()) is not None
    assert "Subscriptions that are billed by usage are counted" in page(seller, at(made, "services/margins/"))
    (row,) = data(caller(made.reseller).get("/margins"))["rows"]
    assert (row["sold"]["amount"], row["by_usage"], row["rows"][0]["by_usage"]) == ("25.5", 1, 1)


def test_at_a_price_of_nought_the_refusal_says_where_the_margin_is(made: Shop, seller: Client) -> None:
    made.publish(made.reseller, dict.fromkeys(made.offers, Decimal(0)), floor=Decimal(20), from_on=kit.now().date())
    put(seller, made, price="0")
    told = words(page(seller, shop(made, more="check/")))
    assert "at 0 EUR your margin is below nought, below the floor of 20" in told
    assert "None" not in told


def test_the_call_narrows_as_the_page_does_and_says_which_add_ons_fit(made: Shop) -> None:
    row = made.live()
    call = caller(made.customer, verbs.ADMINISTRATOR)

    def shown(query: str = "") -> list[dict[str, Any]]:
        return list(data(call.get(f"/sales-orders/for/{made.customer.pk}{query}"))["rows"])

    assert {one["code"] for one in shown("?category=Backup&cycle=monthly&group=Workloads")} == {"BASE", "TRY", "METER"}
    assert {one["code"] for one in shown("?cycle=yearly")} == {"YEAR"}
    assert shown("?cycle=yearly&category=Backup") == []
    base = data(call.get(f"/subscriptions/{row.pk}"))
    assert [one["code"] for one in shown() if one["addon_of"] == base["product_id"]] == ["ADD"]


def test_who_approves_sees_what_the_vendor_will_be_asked_and_nobody_else(made: Shop, seller: Client) -> None:
    shops.approving(made)
    order = made.place(made.admin(), made.new())
    there = f"sales-orders/{order.pk}/"
    assert f'hx-get="{at(made, there)}calls/"' in page(seller, at(made, there))
    assert "Acronis EU" in page(seller, at(made, f"{there}calls/"))
    (row,) = data(caller(made.reseller).get(f"/sales-orders/{order.pk}/calls"))["rows"]
    assert row["instance_name"] == "Acronis EU"
    assert inside(made.chain.admin).get(at(made, f"{there}calls/", own=True)).status_code in (403, 404)
    assert caller(made.chain.distributor).get(f"/sales-orders/{order.pk}/calls").status_code == 404
