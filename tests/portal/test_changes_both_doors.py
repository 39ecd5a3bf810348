"""What a reseller does with its customer's subscriptions, and the customer itself, by page and by call.

Source: acceptance AC-15, AC-34, AC-35; issue of vendors' tenants, bad input (an offer withdrawn between preview and placing).
"""

from __future__ import annotations

import re

import pytest

from purser.access import verbs
from purser.subscriptions.models import Subscription
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import code, data
from tests.portal.test_orders_both_doors import DOORS, Hand, done, hand
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop

pytestmark = pytest.mark.usefixtures("site")
BOTH = pytest.mark.parametrize("partner", [True, False], ids=["partner", "customer"])


@pytest.fixture
def made() -> Shop:
    return shops.shop()


def who(made: Shop, door: str, *, partner: bool) -> Hand:
    if partner:
        return hand(made.reseller, made.chain.owner, door)
    return hand(made.customer, made.chain.admin, door, verbs.ADMINISTRATOR)


def stands(made: Shop, row: Subscription) -> tuple[str, int]:
    (held,) = [one for one in made.subscriptions() if one.pk == row.pk]
    return held.state, held.quantity


@DOORS
@BOTH
def test_a_quantity_goes_to_one_and_to_nought_which_removes_it(made: Shop, door: str, partner: bool) -> None:
    """Source: acceptance AC-35."""
    asker, row = who(made, door, partner=partner), made.live()
    assert done(asker.ask("quantity", row, 1))
    assert stands(made, row) == ("active", 1)
    assert done(asker.ask("quantity", row, 0))
    assert stands(made, row) == ("ended", 0)


@DOORS
@BOTH
def test_it_is_suspended_lifted_renewed_no_more_and_cancelled(made: Shop, door: str, partner: bool) -> None:
    """A reseller does all of it for its customer. Source: acceptance AC-15, AC-34."""
    asker, row, year = who(made, door, partner=partner), made.live(), made.live("YEAR", 5)
    for kind, state in (("suspend", "suspended"), ("resume", "active")):
        assert done(asker.ask(kind, row))
        assert stands(made, row) == (state, 3)
    assert done(asker.ask("addon", row, 2, offer=addon(made, door)))
    assert [one.quantity for one in made.subscriptions() if one.base_id == row.pk] == [2]
    assert done(asker.ask("renewal", year, 0))
    assert [one.renews for one in made.subscriptions() if one.pk == year.pk] == [False]
    assert done(asker.ask("cancel", row))
    assert [(one.state, one.offer_code) for one in made.subscriptions()] == [
        ("ended", "BASE"), ("active", "YEAR"), ("ended", "ADD"),
    ]  # fmt: skip
    names = [act.summary for act in kit.acts_of(made.customer, "orders.place")]
    assert len(names) >= 5, "each is in the customer's own record"


def addon(made: Shop, door: str) -> str:
    return str(made.offers["ADD"].pk) if door == "call" else f"{made.offers['ADD'].pk} 8.50"


@DOORS
def test_an_offer_that_is_withdrawn_between_the_preview_and_the_order_is_not_ordered(made: Shop, door: str) -> None:
    asker = who(made, door, partner=True)
    offer, there = str(made.offers["BASE"].pk), f"sales-orders/for/{made.customer.pk}/"
    if door == "call":
        asked = {"customer": str(made.customer.pk), "lines": [{"offer": offer, "quantity": 3}]}
        (line,) = data(asker.api.post("/sales-orders/review", asked))["lines"]
        assert (line["wrong"], line["total"]) == (None, "25.5")
        shops.withdraw(made, "BASE")
        answer = asker.api.post("/sales-orders", {**asked, "once": "one"})
        assert code(answer, 422) == "withdrawn"
    else:
        sent = {"offer": offer, "quantity": "3", "price": "8.50", "terms": "", "name": "Cyber Protect per workload"}
        asker.client.post(kit.url(made.reseller, f"{there}basket/"), sent)
        form = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', asker.page(f"{there}check/"))
        shops.withdraw(made, "BASE")
        answer = asker.client.post(kit.url(made.reseller, f"{there}place/"), dict(form))
        assert answer.status_code == 422
        assert "is not on sale to Alder Dental any more" in answer.content.decode()
    assert made.subscriptions() == []


@BOTH
def test_who_is_not_synced_is_named_to_programs_by_its_ids(made: Shop, partner: bool) -> None:
    """In the review and in the refusal. Source: acceptance AC-25."""
    made.unsync(made.reseller)
    api = who(made, "call", partner=partner).api
    asked = {"lines": [{"offer": str(made.offers["BASE"].pk), "quantity": 3}]}
    asked |= {"customer": str(made.customer.pk)} if partner else {}
    ids = {"organisation": str(made.reseller.pk), "instance": str(made.instance.pk)}
    (line,) = data(api.post("/sales-orders/review", asked))["lines"]
    told = data(api.post("/sales-orders", {**asked, "once": "one"}), 422)["error"]
    for one in (line["wrong"], told):
        assert one["code"] == "not_synced"
        assert "Acme IT is not synced with Acronis EU." in one["text"]
        assert {name: one[name] for name in ids} == ids
