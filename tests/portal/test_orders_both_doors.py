"""Ordering and deciding through both doors, a page and a call each.

Source: acceptance CM-11, CM-12, CM-16, CM-17, CM-19, CM-21 to CM-23, CM-42 to CM-44.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from purser.access import people, verbs
from purser.access.models import Person
from purser.postgres import ids, tenancy
from purser.subscriptions.models import LineKind, Order, Subscription
from purser.subscriptions.wanted import Asked
from purser.tenants.models import Organisation
from tests.access import kit
from tests.access.kit import site as site
from tests.api.kit import Caller, code, data, token_of
from tests.portal.customers import inside
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import Shop

pytestmark = pytest.mark.usefixtures("site")
DOORS = pytest.mark.parametrize("door", ["page", "call"])


@dataclass(frozen=True)
class Hand:
    """One person in one organisation, who asks by page or by call."""

    where: Organisation
    client: Client
    api: Caller
    door: str

    def ask(self, kind: str, row: Subscription, quantity: int = 0, **more: str) -> HttpResponse:
        """Order a change of a subscription."""
        once = ids.new().hex
        if self.door == "call":
            of = more or {"subscription": str(row.pk)}
            lines = [{"kind": kind, "quantity": quantity, **of}]
            return self.api.post("/sales-orders", {**self.whose(row), "lines": lines, "once": once})
        there = kit.url(self.where, f"sales-orders/change/{row.pk}/?kind={kind}")
        sent = {"once": once, "quantity": str(quantity), "renews": str(quantity), **({"offer": more["offer"]} if more else {})}
        return self.client.post(there, sent)  # type: ignore[return-value]

    def page(self, path: str, **headers: str) -> str:
        answer = self.client.get(kit.url(self.where, path), headers=headers)
        assert answer.status_code == 200, path
        return answer.content.decode()

    def decide(self, order: Any, what: str, **more: str) -> HttpResponse:
        if self.door == "call":
            return self.api.post(f"/sales-orders/{order.pk}/{what}", more)
        return self.client.post(kit.url(self.where, f"sales-orders/{order.pk}/{what}/"), more)  # type: ignore[return-value]

    def whose(self, row: Subscription) -> dict[str, str]:
        return {} if self.where.pk == row.tenant_id else {"customer": str(row.tenant_id)}


def hand(where: Organisation, person: Person, door: str, role: str = verbs.OWNER) -> Hand:
    return Hand(where, inside(person), Caller(where.pk, person, kit.browser(), token_of(where, person, role)), door)


def done(answer: HttpResponse) -> bool:
    """Whether it was taken; else it was refused for what was asked, and nothing broke."""
    assert answer.status_code in (200, 201, 302, 422), (answer.status_code, answer.content.decode()[:2000])
    return answer.status_code != 422


def plain(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.fixture
def made() -> Shop:
    return shops.shop()


@pytest.fixture
def seller(made: Shop, door: str) -> Hand:
    return hand(made.reseller, made.chain.owner, door)


@pytest.fixture
def admin(made: Shop, door: str) -> Hand:
    return hand(made.customer, made.chain.admin, door, verbs.ADMINISTRATOR)


def now_of(made: Shop, row: Subscription) -> tuple[str, int, bool]:
    (held,) = [one for one in made.subscriptions() if one.pk == row.pk]
    return held.state, held.quantity, held.renews


def last(made: Shop) -> Any:
    with tenancy.acting_in(made.customer.pk):
        return Order.objects.order_by("raised_at", "number").last()


@DOORS
def test_each_trigger_stops_a_customers_change(made: Shop, admin: Hand) -> None:
    base, year = made.live(), made.live("YEAR", 5)
    made.place(made.owner(), made.new("ADD", 2, base=base.pk))
    extra = made.subscriptions()[-1]
    shops.approving(made)
    asked: list[tuple[str, str, Subscription, int, dict[str, str]]] = [
        ("quantity", "quantity", base, 8, {}),
        ("addon", "addon", base, 1, {"offer": str(made.offers["ADD"].pk)}),
        ("addon", "cancel", extra, 0, {}),
        ("addon_quantity", "quantity", extra, 9, {}),
        ("renewal", "renewal", year, 0, {}),
        ("ending", "cancel", base, 0, {}),
        ("ending", "quantity", base, 0, {}),
    ]
    before = [now_of(made, row) for row in (base, year, extra)]
    for trigger, kind, row, quantity, more in asked:
        assert done(admin.ask(kind, row, quantity, **more)), trigger
        assert (last(made).state, last(made).triggers) == ("new", [trigger])
    assert [now_of(made, row) for row in (base, year, extra)] == before, "nothing happens before it is approved"


@DOORS
@pytest.mark.parametrize(("kind", "quantity"), [("quantity", 8), ("cancel", 0), ("renewal", 0)])
def test_what_is_rejected_changes_nothing(made: Shop, admin: Hand, seller: Hand, kind: str, quantity: int) -> None:
    row = made.live("YEAR", 5)
    stood = now_of(made, row)
    shops.approving(made)
    assert done(admin.ask(kind, row, quantity))
    assert done(seller.decide(last(made), "reject", comment="Not now"))
    assert (last(made).state, now_of(made, row)) == ("rejected", stood)


@DOORS
def test_nobody_approves_or_rejects_their_own_nor_cancels_a_colleagues(made: Shop, door: str, seller: Hand) -> None:
    """Somebody who works for the customer and for its reseller."""
    shops.approving(made)
    both = kit.member(made.customer, verbs.ADMINISTRATOR)
    with tenancy.acting_in(made.reseller.pk):
        people.join(person=both, role=verbs.OWNER, organisation=made.reseller.name, now=kit.now())
    order = made.place(made.admin(both), made.new())
    at_the_reseller = hand(made.reseller, both, door)
    colleague = hand(made.customer, made.chain.admin, door, verbs.ADMINISTRATOR)
    for answer in (
        at_the_reseller.decide(order, "approve"),
        at_the_reseller.decide(order, "reject", comment="No"),
        colleague.decide(order, "cancel"),
    ):
        assert not done(answer)
        assert ("a colleague decides it" in answer.content.decode()) or ("can cancel" in answer.content.decode())
    assert last(made).state == "new"
    assert done(seller.decide(order, "approve"))


@DOORS
def test_suspending_and_lifting_hold_at_once_and_asking_alone_does_nothing(made: Shop, admin: Hand) -> None:
    row = made.live()
    shops.approving(made)  # neither ever waits
    form = admin.page(f"sales-orders/change/{row.pk}/?kind=suspend")
    assert re.search(r'<button class="btn btn-danger">.*?Suspend</button>', form, re.S)
    assert now_of(made, row)[0] == "active"
    for _ in range(2):
        assert done(admin.ask("suspend", row))
        assert now_of(made, row)[0] == "suspended"
        assert not done(admin.ask("suspend", row))
        assert done(admin.ask("resume", row))
        assert now_of(made, row)[0] == "active"


@DOORS
def test_fewer_than_are_in_use_are_refused_and_the_new_cost_comes_first(made: Shop, admin: Hand) -> None:
    row = made.live(quantity=9)
    with tenancy.acting_in(made.customer.pk):
        Subscription.objects.filter(pk=row.pk).update(consumed=6)
    if admin.door == "call":
        line = {"kind": "quantity", "subscription": str(row.pk)}
        told = data(admin.api.post("/sales-orders/review", {"lines": [{**line, "quantity": count} for count in (7, 5)]}))
        assert [told["lines"][0][name] for name in ("before", "after", "total")] == [9, 7, "59.5"]
        assert [(one["wrong"] or {}).get("code") for one in told["lines"]] == [None, "consumed"]
    else:
        part = {"HX-Request": "true", "HX-Target": "cost"}
        there = f"sales-orders/change/{row.pk}/?kind=quantity&quantity="
        assert "New cost: 59.50 EUR" in plain(admin.page(f"{there}7", **part))
        told = plain(admin.page(f"{there}5", **part))
        assert ("6 of 9 are in use; 5 would be too few" in told, "EUR" in told) == (True, False)
    refused = admin.ask("quantity", row, 5)
    assert (done(refused), "6 of 9 are in use; 5 would be too few" in refused.content.decode()) == (False, True)
    assert done(admin.ask("quantity", row, 7))
    assert now_of(made, row)[1] == 7


@DOORS
def test_history_says_whether_the_customer_or_its_partner_changed_it(made: Shop, admin: Hand, seller: Hand) -> None:
    row = made.live()
    assert done(admin.ask("quantity", row, 5))
    assert done(seller.ask("quantity", row, 6))
    if seller.door == "call":
        rows = data(seller.api.get(f"/subscriptions/{row.pk}/history"))["rows"]
        found = [(one["old"], one["new"], one["source"]) for one in rows if one["what"] == "quantity" and one["old"]]
        assert found == [("5", "6", "Partner"), ("3", "5", "Customer")]
    else:
        lines = plain(seller.page(f"services/{row.pk}/")).partition("History")[2]
        assert re.search(rf"{made.chain.admin}.{{0,80}}Customer|Customer.{{0,80}}{made.chain.admin}", lines)
        assert re.search(rf"{made.chain.owner}.{{0,80}}Partner|Partner.{{0,80}}{made.chain.owner}", lines)


@DOORS
def test_at_no_price_nothing_is_divided(made: Shop, seller: Hand) -> None:
    made.publish(made.reseller, {"BASE": Decimal(0)})
    if seller.door == "call":
        asked = {"customer": str(made.customer.pk), "lines": [{"offer": str(made.offers["BASE"].pk), "quantity": 3}]}
        (line,) = data(seller.api.post("/sales-orders/review", asked))["lines"]
        assert (line["price"], line["total"], line["margin_percent"], line["low"]["code"]) == ("0", "0", None, "floor")
        assert "below nought" in line["low"]["text"]
        assert code(seller.api.post("/sales-orders", {**asked, "once": "one"}), 422) == "floor"
    else:
        asked_for = f"offer={made.offers['BASE'].pk}&quantity=3"
        part = plain(seller.page(f"sales-orders/for/{made.customer.pk}/price/?{asked_for}"))
        assert ("0.00 EUR" in part, "Margin not known" in part) == (True, True)


def test_what_an_offer_is_called_how_long_it_runs_and_what_it_does(made: Shop) -> None:
    """By call; tests/portal/test_orders.py has it of the page."""
    api = hand(made.customer, made.chain.admin, "call", verbs.ADMINISTRATOR).api
    rows = {row["code"]: row for row in data(api.get(f"/sales-orders/for/{made.customer.pk}"))["rows"]}
    year = rows["YEAR"]
    assert (year["term_months"], year["cycle"], year["minimum"], year["maximum"]) == (12, "yearly", 5, 50)
    assert year["description"] == "What Office suite does."
    assert year["terms"] == "billed yearly per licence, for terms of 12 months"


@DOORS
def test_a_row_has_what_is_in_use_and_when_it_renews(made: Shop, seller: Hand, admin: Hand) -> None:
    row = made.live("YEAR", 5)
    with tenancy.acting_in(made.customer.pk):
        Subscription.objects.filter(pk=row.pk).update(consumed=4, term_ends_on="2031-05-17")
    for who in (seller, admin):
        if who.door == "call":
            (told,) = data(who.api.get("/subscriptions"))["rows"]
            assert (told["quantity"], told["consumed"], told["renewal"]) == ("5", "4", "2031-05-17")
        else:
            cells = dict(re.findall(r'<td[^>]*data-label="([^"]+)"[^>]*>(.*?)</td>', who.page("services/"), re.S))
            cells = {name: plain(cell) for name, cell in cells.items()}
            assert (cells["Purchased"], cells["Consumed"], cells["Renewal date"]) == ("5", "4", "2031-05-17")


# The icons of a row, by state, in the order of CM-17.
ICONS = {
    "active": ["Add-ons", "Change quantity", "Edit sales price", "History", "Suspend"],
    "suspended": ["Change quantity", "Edit sales price", "History", "Lift the suspension"],
    "cancelled": ["Edit sales price", "History", "Suspend", "Take the cancellation back"],
    "ended": ["History"],
}


@pytest.mark.parametrize("state", ICONS)
def test_a_row_has_the_icons_of_its_state(made: Shop, state: str) -> None:
    row = made.live("YEAR", 5)
    if state == "suspended":
        made.place(made.owner(), Asked(LineKind.SUSPEND, subscription=row.pk))
    elif state != "active":
        with tenancy.acting_in(made.customer.pk):
            Subscription.objects.filter(pk=row.pk).update(state=state, ends_on="2031-05-17")
    for who, role in ((made.chain.owner, "seller"), (made.chain.admin, "customer")):
        where = made.reseller if role == "seller" else made.customer
        html = inside(who).get(kit.url(where, "services/")).content.decode()
        found = re.findall(r'title="([^"]+)"[^>]*>.{0,400}?: Office suite yearly, Alder Dental', html, re.S)
        assert found == [one for one in ICONS[state] if role == "seller" or one != "Edit sales price"]
