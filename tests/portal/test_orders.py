"""The pages of ordering and approval, for who sells and in self-service. Source: acceptance CM-2, CM-10 to CM-15, CM-42 to
CM-45, CM-64, AC-25."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from purser.access import verbs
from purser.postgres import tenancy
from purser.subscriptions.models import LIVE, ApprovalRule, LineKind, Order, Subscription
from purser.subscriptions.wanted import Asked
from tests.access import kit
from tests.access.kit import site as site
from tests.portal.customers import inside
from tests.subscriptions import shop as shops
from tests.subscriptions.shop import SELLS, Shop

pytestmark = pytest.mark.usefixtures("site")


@pytest.fixture
def made() -> Shop:
    return shops.shop()


@pytest.fixture
def seller(made: Shop) -> Client:
    return inside(made.chain.owner)


@pytest.fixture
def admin(made: Shop) -> Client:
    return inside(made.chain.admin)


def at(made: Shop, path: str, *, own: bool = False) -> str:
    """A page of the reseller, or (own) of the customer."""
    return kit.url(made.customer if own else made.reseller, path)


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, kit.text(answer)[-1500:]
    return re.sub(r"\s+", " ", answer.content.decode())


def words(html: str) -> str:
    main = html.partition("<main")[2] or html
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))


def shop(made: Shop, *, own: bool = False, more: str = "") -> str:
    return at(made, f"sales-orders/for/{made.customer.pk}/{more}", own=own)


def put(
    client: Client,
    made: Shop,
    code: str = "BASE",
    quantity: str = "3",
    *,
    own: bool = False,
    price: str = "8.50",
    terms: str = "",
) -> Any:
    sent = {"offer": str(made.offers[code].pk), "quantity": quantity, "price": price, "terms": terms}
    sent["name"] = made.offers[code].name
    return client.post(shop(made, own=own, more="basket/"), sent)


def fields(html: str) -> dict[str, list[str]]:
    """What the form that orders would send."""
    form = re.search(r'<form method="post" action="[^"]*/place/".*?</form>', html)
    assert form
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form.group()):
        found.setdefault(name, []).append(value)
    del found["csrfmiddlewaretoken"]
    return found


def order(client: Client, made: Shop, *, own: bool = False, status: int = 302, **more: Any) -> Any:
    sent = fields(page(client, shop(made, own=own, more="check/"))) | more
    answer = client.post(shop(made, own=own, more="place/"), sent)
    assert answer.status_code == status, kit.text(answer)[-1500:]
    return answer


def placed(made: Shop) -> list[Order]:
    with tenancy.acting_in(made.customer.pk):
        return list(Order.objects.order_by("raised_at"))


@pytest.mark.parametrize("own", [False, True])
def test_it_narrows_by_category_then_cycle_then_group_to_exactly_the_products_that_match(
    made: Shop, seller: Client, admin: Client, own: bool
) -> None:
    client = admin if own else seller
    shops.change(made, "TRY", cycle="yearly", term_months=12)  # of the same group as what is monthly
    first = page(client, shop(made, own=own))
    assert [one in first for one in (">Backup<", ">Productivity<", "per workload")] == [True, True, False]
    second = page(client, shop(made, own=own, more="?category=Backup"))
    assert (">Monthly<" in second, ">Yearly<" in second) == (True, True)
    other = page(client, shop(made, own=own, more="?category=Productivity"))
    assert (">Monthly<" in other, ">Yearly<" in other) == (False, True)

    def shown(cycle: str, group: str) -> list[str]:
        html = page(client, shop(made, own=own, more=f"?category=Backup&cycle={cycle}&group={group}"))
        return re.findall(r'<h2 class="h3 mb-1" id="[^"]*">([^<]+)<', html)

    assert shown("monthly", "Add-ons") == ["Advanced Security pack"]
    assert shown("monthly", "Workloads") == ["Cloud storage", "Cyber Protect per workload"]
    assert shown("yearly", "Workloads") == ["Cyber Protect trial"]


def test_it_shows_item_code_period_and_what_the_product_is(made: Shop, admin: Client) -> None:
    html = page(admin, shop(made, own=True, more="?category=Productivity"))
    assert re.search(r'<dt>Item code</dt><dd class="mono">YEAR</dd>', html)
    assert "12 months, then it renews" in html
    assert re.search(r'aria-describedby="about-[^"]+".*role="tooltip"[^>]*>What Office suite does.<', html)


def test_a_quantity_recalculates_price_and_margin_for_who_sells_alone(made: Shop, seller: Client, admin: Client) -> None:
    ask = f"price/?offer={made.offers['BASE'].pk}&quantity=4"
    told = words(page(seller, shop(made, more=ask)))
    assert "34.00 EUR" in told
    assert "Margin 37.98 %" in told
    told = words(page(admin, shop(made, own=True, more=ask)))
    assert "34.00 EUR" in told
    assert "argin" not in told
    ask = f"price/?offer={made.offers['YEAR'].pk}&quantity=51"
    assert "5 to 50; not 51" in page(seller, shop(made, more=ask))


def test_it_orders_what_was_checked_and_shows_the_order(made: Shop, seller: Client) -> None:
    assert put(seller, made).status_code == 302
    put(seller, made, "YEAR", "5")
    told = words(page(seller, shop(made, more="check/")))
    for one in ("Alder Dental", "8.50 EUR", "25.50 EUR", "42.50 EUR", "sell all EUR, version 1", "by Acronis EU", "Change"):
        assert one in told, one
    answer = order(seller, made)
    (row,) = placed(made)
    assert answer.headers["Location"] == at(made, f"sales-orders/{row.pk}/")
    assert "Approved" in words(page(seller, answer.headers["Location"]))
    assert [one.offer_code for one in made.subscriptions()] == ["BASE", "YEAR"]
    assert "Nothing is in the order" in page(seller, shop(made, more="check/"))


def test_what_comes_back_with_an_order_is_said_and_confirmed_before(made: Shop, seller: Client) -> None:
    row, other = made.live(), made.live("YEAR", 5)
    for one in (row, other):
        made.place(made.owner(), Asked(LineKind.SUSPEND, subscription=one.pk))
    put(seller, made)
    html = page(seller, shop(made, more="check/"))
    assert f"enables its tenant again, also for {row.offer_name} ({row.number})" in words(html)
    assert 'name="confirmed" value="enables" required' in html
    assert "enables its tenant again" in kit.text(order(seller, made, status=422))
    lift = at(made, f"sales-orders/change/{row.pk}/?kind=resume")
    answer = seller.post(lift, {"once": "lift"})
    assert (answer.status_code, 'name="confirmed" value="enables"' in answer.content.decode()) == (422, True)
    assert seller.post(lift, {"once": "lift", "confirmed": "enables"}).status_code == 302
    assert [one.state for one in made.subscriptions()] == ["active", "suspended"]


def test_what_is_cancelled_is_suspended_or_taken_back_from_its_row(made: Shop, seller: Client) -> None:
    """Who does not pay in the notice period gets no service in it."""
    row = made.live("YEAR", 5)
    ends = kit.now().date() + timedelta(days=90)
    with tenancy.acting_in(made.customer.pk):
        Subscription.objects.filter(pk=row.pk).update(state="cancelled", ends_on=ends, term_ends_on=ends)
    shown = words(page(seller, at(made, f"services/{row.pk}/")))
    assert ("Suspend" in shown, "Take the cancellation back" in shown) == (True, True)
    change = at(made, f"sales-orders/change/{row.pk}/?kind=")
    assert "Take the cancellation back" in words(page(seller, f"{change}resume"))
    assert seller.post(f"{change}suspend", {"once": "off"}).status_code == 302
    assert [(one.state, one.ends_on) for one in made.subscriptions()] == [("suspended", ends)]
    shown = words(page(seller, at(made, f"services/{row.pk}/")))
    assert (f"It ends on {ends}" in shown, "Lift the suspension" in shown) == (True, True)
    assert seller.post(f"{change}resume", {"once": "on"}).status_code == 302
    assert [(one.state, one.ends_on) for one in made.subscriptions()] == [("cancelled", ends)]


def test_an_approver_is_told_what_comes_back_and_confirms_it(made: Shop, seller: Client) -> None:
    row = made.live()
    made.place(made.owner(), Asked(LineKind.SUSPEND, subscription=row.pk))
    waiting = made.place(made.admin(), made.new(), confirmed=["enables"])
    there = at(made, f"sales-orders/{waiting.pk}/")
    html = page(seller, there)
    assert "The tenant is enabled again" in words(html)
    assert row.number in words(html)
    assert seller.post(f"{there}approve/").status_code == 422
    assert seller.post(f"{there}approve/", {"confirmed": "enables"}).status_code == 302
    assert [one.state for one in made.subscriptions()] == ["suspended", "ordered"]


def test_double_click_back_button_and_second_tab_order_once(made: Shop, seller: Client) -> None:
    put(seller, made)
    sent = fields(page(seller, shop(made, more="check/")))
    assert fields(page(seller, shop(made, more="check/"))) == sent, "a second tab has the same key"
    answers = [seller.post(shop(made, more="place/"), sent).headers["Location"] for _ in range(3)]
    assert len(set(answers)) == 1
    assert len(made.subscriptions()) == 1


def test_a_price_that_moved_is_shown_with_both_and_confirmed_by_the_button(made: Shop, admin: Client) -> None:
    put(admin, made, own=True)
    seen = fields(page(admin, shop(made, own=True, more="check/")))
    made.publish(made.reseller, {"BASE": Decimal("9.25")})
    answer = admin.post(shop(made, own=True, more="place/"), seen)
    assert answer.status_code == 422
    told = words(answer.content.decode())
    assert "was 8.5 EUR and is now 9.25 EUR" in told
    assert "Order as it is now" in told
    assert placed(made) == []
    order(admin, made, own=True)
    assert made.subscriptions()[0].price == Decimal("9.25")


def test_what_cannot_be_ordered_is_said_at_its_line_and_the_button_is_off(made: Shop, seller: Client) -> None:
    put(seller, made, "BASE", "0")
    put(seller, made, "ADD", "1")
    put(seller, made, "YEAR", "5")
    shops.withdraw(made, "YEAR")
    html = page(seller, shop(made, more="check/"))
    gone = "Office suite yearly is not on sale to Alder Dental any more"
    for one in ("at least 1; not 0", "is an add-on, and Alder Dental has no live", gone):
        assert one in html, one
    assert re.search(r'<button class="btn btn-primary" disabled>', html)
    order(seller, made, status=422)
    assert made.subscriptions() == []
    seller.post(shop(made, more="basket/"), {"line": "0", "quantity": "2"})
    seller.post(shop(made, more="basket/"), {"drop": "1"})
    seller.post(shop(made, more="basket/"), {"drop": "1"})
    order(seller, made)
    assert made.subscriptions()[0].quantity == 2


@pytest.mark.parametrize("odd", ["", "x", "1.5", "9999999999", "１"])
def test_a_quantity_that_is_none_is_refused(made: Shop, seller: Client, odd: str) -> None:
    assert put(seller, made, quantity=odd).status_code == 422


def test_who_is_not_synced_is_named_with_a_link_to_the_sync_options(made: Shop, seller: Client, admin: Client) -> None:
    made.unsync(made.reseller)
    put(seller, made)
    html = page(seller, shop(made, more="check/"))
    assert "Acme IT is not synced with Acronis EU." in html
    assert f'href="/t/{made.reseller.pk}/vendor-accounts/of/{made.reseller.pk}/{made.instance.pk}/options/"' in html
    put(admin, made, own=True)
    html = page(admin, shop(made, own=True, more="check/"))
    assert "Acme IT is not synced with Acronis EU." in html
    assert "Open Sync Options</a>" not in html


def test_below_the_floor_the_seller_confirms(made: Shop, seller: Client) -> None:
    made.publish(made.reseller, {"BASE": Decimal("5.30")})
    put(seller, made, price="5.30")
    html = page(seller, shop(made, more="check/"))
    assert "I confirm the margin below the floor" in html
    assert "below the floor of 20.00 %" in html
    order(seller, made, status=422)
    order(seller, made, confirmed="floor")
    assert len(made.subscriptions()) == 1


def test_an_add_on_below_the_floor_is_confirmed_in_its_form(made: Shop, seller: Client) -> None:
    row = made.live()
    made.publish(made.reseller, {"BASE": SELLS, "ADD": Decimal("5.30")})
    there = at(made, f"sales-orders/change/{row.pk}/?kind=addon")
    assert 'name="confirmed"' not in page(seller, there)
    sent = {"once": "one", "offer": f"{made.offers['ADD'].pk} 5.30", "quantity": "2"}
    answer = seller.post(there, sent)
    assert answer.status_code == 422
    assert "I confirm the margin below the floor" in answer.content.decode()
    assert seller.post(there, {**sent, "confirmed": "floor"}).status_code == 302
    assert made.subscriptions()[-1].base == row


# Approval.


def test_a_customers_order_waits_is_seen_at_the_desk_and_approved(made: Shop, seller: Client, admin: Client) -> None:
    shops.approving(made)
    put(admin, made, own=True)
    order(admin, made, own=True)
    (row,) = placed(made)
    assert (row.state, made.subscriptions()) == ("new", [])
    assert "New" in words(page(admin, at(made, "my-services/", own=True)))
    assert "O-00001" in page(seller, at(made, "sales-orders/waiting/"))
    html = page(seller, at(made, f"sales-orders/{row.pk}/"))
    assert "A new paid subscription" in html
    assert "margin 37.98 %" in html
    expect = re.search(r'name="expect" value="(\w+)"', html)
    assert expect
    answer = seller.post(at(made, f"sales-orders/{row.pk}/approve/"), {"expect": expect.group(1), "comment": "Fine"})
    assert answer.status_code == 302
    assert placed(made)[0].comment == "Fine"
    assert [one.state for one in made.subscriptions()] == ["ordered"]
    assert seller.post(at(made, f"sales-orders/{row.pk}/approve/"), {}).status_code == 422
    assert len(made.subscriptions()) == 1


def test_the_desk_approves_many_and_names_those_that_need_a_look(made: Shop, seller: Client) -> None:
    shops.approving(made)
    for price, code in (("8.50", "BASE"), ("8.50", "YEAR"), ("8.50", "TRY")):
        made.place(made.admin(), made.new(code, 5, price=Decimal(price)))
    made.publish(made.reseller, {"BASE": SELLS, "YEAR": SELLS, "TRY": Decimal("9.25")})
    ticked = {"row": [str(one.pk) for one in placed(made)]}
    answer = seller.post(at(made, "sales-orders/waiting/approve/"), ticked, follow=True)
    told = words(answer.content.decode())
    assert "2 approved and carried out" in told
    assert "O-00003 waits: Cyber Protect trial: the price was 8.5 EUR and is now 9.25 EUR." in told
    assert [one.state for one in placed(made)] == ["approved", "approved", "new"]


def test_a_price_that_moved_since_it_was_asked_is_confirmed_by_the_approver(made: Shop, seller: Client) -> None:
    shops.approving(made)
    row = made.place(made.admin(), made.new())
    stale = seller.post(at(made, f"sales-orders/{row.pk}/approve/"), {"expect": "0" * 64})
    assert stale.status_code == 302, "nothing had moved"
    row = made.place(made.admin(), made.new())
    made.publish(made.reseller, {"BASE": Decimal("9.25")})
    answer = seller.post(at(made, f"sales-orders/{row.pk}/approve/"), {"expect": "0" * 64})
    assert answer.status_code == 422
    assert "was 8.5 EUR and is now 9.25 EUR" in answer.content.decode()
    expect = re.search(r'name="expect" value="(\w+)"', answer.content.decode())
    assert expect
    assert seller.post(at(made, f"sales-orders/{row.pk}/approve/"), {"expect": expect.group(1)}).status_code == 302
    assert made.subscriptions()[-1].price == Decimal("9.25")


def test_a_rejection_needs_a_comment_and_changes_nothing(made: Shop, seller: Client) -> None:
    shops.approving(made)
    row = made.place(made.admin(), made.new())
    assert seller.post(at(made, f"sales-orders/{row.pk}/reject/"), {"comment": " "}).status_code == 422
    assert seller.post(at(made, f"sales-orders/{row.pk}/reject/"), {"comment": "Too dear"}).status_code == 302
    assert (placed(made)[0].state, placed(made)[0].comment, made.subscriptions()) == ("rejected", "Too dear", [])


def test_only_who_raised_it_cancels(made: Shop, admin: Client) -> None:
    shops.approving(made)
    row = made.place(made.admin(), made.new())
    other = inside(kit.member(made.customer, verbs.ADMINISTRATOR, factor=False))
    there = at(made, f"sales-orders/{row.pk}/", own=True)
    assert "Cancel the order" not in page(other, there)
    answer = other.post(f"{there}cancel/")
    assert (answer.status_code, placed(made)[0].state) == (422, "new")
    assert "Cancel the order" in page(admin, there)
    assert admin.post(f"{there}cancel/").status_code == 302
    assert placed(made)[0].state == "cancelled"


def test_a_rule_is_kept_for_all_for_some_and_taken_back(made: Shop, seller: Client) -> None:
    other = kit.customer("Birch Law", under=made.reseller)
    rules = at(made, "sales-orders/rules/")

    def seen() -> list[str]:
        return re.findall(r'name="seen" value="([^"]*)"', page(seller, rules))

    assert "Nothing needs approval" in words(page(seller, rules))
    sent = {"whom": "all", "on": "1", "trigger": ["create_paid", "quantity"], "over": "0.00", "seen": seen()}
    assert seller.post(rules, sent).status_code == 302
    answer = seller.post(rules, sent)
    shown = answer.content.decode()
    assert (answer.status_code, "Somebody changed the default meanwhile" in shown) == (422, True)
    typed = {**sent, "whom": "some", "customer": [str(other.pk)], "trigger": ["renewal"], "over": "12.345"}
    shown = seller.post(rules, typed).content.decode()
    assert re.findall(r'name="trigger" value="(\w+)" checked', shown) == ["renewal"], "what was typed stays"
    assert re.findall(r'<option value="([^"]+)" selected', shown) == [str(other.pk)]
    assert ('value="some" checked' in shown, 'value="12.345"' in shown) == (True, True)
    sent["seen"] = seen()
    many = {**sent, "whom": "some", "customer": [str(made.customer.pk), str(other.pk)], "over": "100.00"}
    assert seller.post(rules, many).status_code == 302
    told = words(page(seller, rules))
    assert "A new paid subscription, A change of quantity; from 100.00 a cycle on" in told
    with tenancy.acting_in(made.reseller.pk):
        assert ApprovalRule.objects.count() == 3
    assert seller.post(at(made, f"sales-orders/rules/{other.pk}/drop/")).status_code == 302
    assert seller.post(rules, {**sent, "whom": "some"}).status_code == 422
    assert seller.post(rules, {**sent, "over": "1.234"}).status_code == 422
    assert seller.post(rules, {**sent, "trigger": "everything"}).status_code == 422
    with tenancy.acting_in(made.reseller.pk):
        assert ApprovalRule.objects.count() == 2
    assert "everybody; what holds for 1 customer instead is dropped" in words(page(seller, rules))
    answer = seller.post(rules, {**sent, "whom": "every", "seen": seen()}, follow=True)
    assert "For everybody this holds from the next order on" in words(answer.content.decode())
    assert "instead is dropped" not in page(seller, rules)
    with tenancy.acting_in(made.reseller.pk):
        assert [one.customer for one in ApprovalRule.objects.all()] == [None]


# What is asked of a subscription.


def test_a_change_of_quantity_shows_its_cost_before_it_is_ordered(made: Shop, admin: Client) -> None:
    row = made.live()
    there = at(made, f"sales-orders/change/{row.pk}/?kind=quantity", own=True)
    assert "25.50 EUR" in words(page(admin, there))
    headers = {"HX-Request": "true", "HX-Target": "div#cost"}
    part = admin.get(f"{there}&quantity=7", headers=headers).content.decode()
    assert "59.50 EUR" in part
    assert "<html" not in part
    once = re.search(r'name="once" value="(\w+)"', page(admin, there))
    assert once
    sent = {"once": once.group(1), "quantity": "7", "price": "8.50"}
    assert [admin.post(there, sent).status_code for _ in range(2)] == [302, 302]
    assert made.subscriptions()[0].quantity == 7
    assert len(placed(made)) == 2
    assert admin.post(there, {**sent, "once": "another", "quantity": "-1"}).status_code == 422


@pytest.mark.parametrize(
    ("kind", "code", "state"), [("suspend", "BASE", "suspended"), ("cancel", "BASE", "ended"), ("renewal", "YEAR", "active")]
)
def test_each_change_is_asked_for_by_a_form(made: Shop, admin: Client, kind: str, code: str, state: str) -> None:
    row = made.live(code, 5)
    there = at(made, f"sales-orders/change/{row.pk}/?kind={kind}", own=True)
    page(admin, there)
    answer = admin.post(there, {"once": "one", "renews": "0"})
    assert answer.status_code == 302, kit.text(answer)[-800:]
    assert made.subscriptions()[0].state == state


def test_only_the_add_ons_valid_for_it_are_offered(made: Shop, seller: Client) -> None:
    row, other = made.live(), made.live("YEAR", 5)
    there = at(made, f"sales-orders/change/{row.pk}/?kind=addon")
    assert "Advanced Security pack" in page(seller, there)
    assert "No add-ons" in page(seller, at(made, f"sales-orders/change/{other.pk}/?kind=addon"))
    sent = {"once": "one", "offer": f"{made.offers['ADD'].pk} 8.50", "quantity": "2"}
    assert seller.post(there, sent).status_code == 302
    assert made.subscriptions()[-1].base == row


def test_my_services_are_the_live_subscriptions_and_the_orders(made: Shop, admin: Client) -> None:
    made.live()
    told = words(page(admin, at(made, "my-services/", own=True)))
    for one in ("Cyber Protect per workload", "BASE", "8.50 EUR", "Active", "O-00001"):
        assert one in told, one
    with tenancy.acting_in(made.customer.pk):
        assert Subscription.objects.filter(state__in=LIVE).count() == 1


def test_a_foreign_order_or_customer_is_not_there(made: Shop, seller: Client) -> None:
    other = shops.shop()
    row = other.place(other.owner(), other.new())
    page(seller, at(made, f"sales-orders/{row.pk}/"), 404)
    page(seller, at(made, f"sales-orders/for/{other.customer.pk}/"), 404)
    page(seller, at(made, f"sales-orders/change/{other.subscriptions()[0].pk}/?kind=quantity"), 404)
    assert seller.post(at(made, f"sales-orders/{row.pk}/approve/")).status_code == 404
