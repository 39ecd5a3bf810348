"""A purchase by hand: one charge, credited once, and nothing where the card says no.

Source: acceptance CS-60 to CS-62, CS-66; reliability P7, P8.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from purser.billing.buying import packages
from purser.billing.models import Attempt, Purchase, Quote
from purser.billing.paying import purchases, visits
from purser.kernel.errors import Missing, Refused
from purser.postgres import ids, tenancy
from tests.access import kit as people
from tests.billing.paying import kit
from tests.billing.paying.kit import Shop
from tests.notices.kit import jobs


@pytest.fixture
def shop() -> Iterator[Shop]:
    with kit.shop() as made:
        yield made


def test_it_charges_what_the_quote_says_and_credits_its_units(shop: Shop) -> None:
    shop.card()
    row = shop.place(shop.quote({"CPP-DSU-1": 2, "CPP-DSU-5": 1}))
    assert (row.state, shop.balance, shop.done()) == ("begun", 0, [])
    assert shop.pay(row) == "paid"
    row = shop.again(row)
    assert [(e["amount"], e["currency"]) for e in shop.done()] == [(29100, "usd")]
    assert (row.total, row.units, shop.balance) == (Decimal("291"), 7000, 7000)
    assert (shop.money("paid"), shop.money("revenue"), shop.money("card", row.pk)) == (291, -291, 0)
    assert row.payment == shop.done()[0]["payment"]
    assert jobs("purser.papers", tenant=str(shop.tenant), of="purchase", id=str(row.pk))
    assert shop.problems() == []


def test_pressed_twice_sent_again_and_in_two_tabs_it_is_one_purchase_and_one_charge(shop: Shop) -> None:
    shop.card()
    quote, key = shop.quote(), ids.new()
    first = shop.place(quote, key)
    assert shop.place(quote, key).pk == first.pk  # pressed twice, or Back and again
    assert shop.place(quote).pk == first.pk  # another tab, with a key of its own
    shop.pay(first)
    assert shop.place(quote, key).pk == first.pk  # the answer was lost, and the form is sent again
    assert shop.place(quote).pk == first.pk
    assert shop.work()
    assert shop.pay(first) == "paid"
    assert (len(shop.done()), shop.balance, len(shop.every(Purchase))) == (1, 1000, 1)


def test_at_once_it_is_one_purchase_too(shop: Shop) -> None:
    shop.card()
    quote = shop.quote()
    made = people.at_once(*[lambda: shop.place(quote).pk] * 8)
    assert len(set(made)) == 1
    found = people.at_once(*[lambda: shop.pay(shop.every(Purchase)[0])] * 4)
    assert "paid" in found
    assert (len(shop.done()), shop.balance) == (1, 1000)


def test_a_key_that_was_of_another_quote_is_refused(shop: Shop) -> None:
    shop.card()
    key = ids.new()
    shop.pay(shop.place(key=key))
    with pytest.raises(Refused) as e:
        shop.place(shop.quote(), key)
    assert e.value.code == "key"


def test_without_a_card_nothing_is_placed(shop: Shop) -> None:
    with pytest.raises(Refused) as e:
        shop.place()
    assert e.value.code == "card"
    assert shop.every(Purchase) == []


def test_while_one_is_open_no_other_is_charged(shop: Shop) -> None:
    shop.card()
    first = shop.place()
    with pytest.raises(Refused) as e:
        shop.place()
    assert e.value.code == "open"
    assert first.number in e.value.text
    shop.pay(first)
    assert shop.pay(shop.place()) == "paid"
    assert len(shop.done()) == 2


@pytest.mark.parametrize("why", ["expired", "price_list"])
def test_a_quote_that_no_longer_holds_is_refused_with_a_new_one(shop: Shop, why: str) -> None:
    """P8: and what was shown in the meantime is charged by the new one only."""
    shop.card()
    quote = shop.quote({"CPP-DSU-2": 3})
    if why == "expired":
        shop.go(days=30)
    else:
        dearer(shop)
    with pytest.raises(purchases.Stale) as e:
        shop.place(quote)
    assert e.value.code == why
    new = e.value.quote
    assert new is not None
    assert shop.every(Quote, pk=new.pk), "the new one is committed"
    assert new.total == (Decimal(252) if why == "expired" else Decimal(504))
    assert (shop.every(Purchase), shop.done()) == ([], [])
    assert shop.pay(shop.place(new)) == "paid"
    assert shop.done()[0]["amount"] == new.total * 100


def dearer(shop: Shop) -> None:
    rows = [packages.offers.Offer(o.code, o.units, o.unit_price * 2, o.price * 2) for o in packages.standard()]
    with tenancy.acting_in(shop.operator.pk):
        packages.publish(shop.desk, rows, currency="USD", from_at=shop.at, now=shop.at)
    packages.copy_to(shop.tenant, shop.at)


def test_another_partners_quote_is_none(shop: Shop) -> None:
    shop.card()
    with kit.shop() as other:
        foreign = other.quote()
        with pytest.raises(Missing):
            shop.place(foreign)


# The card says no


def test_a_decline_is_shown_and_credits_nothing(shop: Shop) -> None:
    shop.card(kit.LATER_DECLINED)
    row = shop.place()
    assert shop.pay(row) == "declined"
    row = shop.again(row)
    assert (row.code, "declined" in row.text) == ("generic_decline", True)
    assert (shop.balance, shop.entries(), shop.done(), row.next_at) == (0, [], [], None)
    assert shop.pay(row) == "declined"  # by hand it is not tried again by itself
    assert [one.state for one in shop.every(Attempt)] == ["declined"]
    assert shop.problems() == []


def test_it_is_tried_again_with_another_card_under_a_key_of_its_own(shop: Shop) -> None:
    shop.card(kit.LATER_DECLINED)
    row = shop.place()
    shop.pay(row)
    shop.card()
    with tenancy.acting_in(shop.tenant):
        purchases.retry(shop.actor, row.pk, now=shop.at)
    assert shop.pay(row) == "paid"
    tried = shop.every(Attempt)
    assert [one.state for one in tried] == ["declined", "paid"]
    assert len({one.once for one in tried}) == 2
    assert (len(shop.done()), shop.balance) == (1, 1000)


def test_a_declined_one_makes_room_for_another(shop: Shop) -> None:
    shop.card(kit.LATER_DECLINED)
    row = shop.place()
    shop.pay(row)
    shop.card()
    assert shop.pay(shop.place()) == "paid"
    assert shop.again(row).state == "cancelled"
    assert len(shop.done()) == 1


def test_what_is_being_charged_cannot_be_cancelled_and_a_declined_one_can(shop: Shop) -> None:
    card = shop.card()
    shop.tell("issuer", card=card.token, does="processing")
    row = shop.place()
    assert shop.pay(row) == "charging"
    with tenancy.acting_in(shop.tenant), pytest.raises(Refused) as e:
        purchases.cancel(shop.actor, row.pk, now=shop.at)
    assert e.value.code == "state"
    shop.tell("settle", payment=shop.every(Attempt)[0].payment, declined="insufficient_funds")
    assert shop.pay(row) == "declined"
    with tenancy.acting_in(shop.tenant):
        assert purchases.cancel(shop.actor, row.pk, now=shop.at).state == "cancelled"
    assert shop.pay(row) == "cancelled"
    assert (shop.done(), shop.problems()) == ([], [])


def test_one_that_is_under_way_at_the_provider_is_credited_when_it_is_paid(shop: Shop) -> None:
    card = shop.card()
    shop.tell("issuer", card=card.token, does="processing")
    row = shop.place()
    assert [shop.pay(row), shop.pay(row)] == ["charging", "charging"]
    assert (shop.balance, len(shop.every(Attempt))) == (0, 1)
    shop.tell("settle", payment=shop.again(row).payment)
    shop.go(minutes=6)
    jobs_due()
    assert "purser.pay" in shop.work()
    assert (shop.again(row).state, shop.balance, len(shop.done())) == ("paid", 1000, 1)


def jobs_due() -> None:
    kit.jobs.payments_due.func(timestamp=0)


# The answer is lost


@pytest.mark.parametrize(
    ("fault", "applied"),
    [("timeout_after", True), ("half_closed", True), ("body_cut", True), ("wrong_type", True), ("garbage", False),
     ("timeout_before", False), ("status", False), ("status", True), ("ok_error_body", False), ("reset", False)],
)  # fmt: skip
def test_a_lost_answer_is_looked_for_before_anything_is_sent_again(shop: Shop, fault: str, applied: bool) -> None:
    shop.card()
    row = shop.place()
    more = {"applied": applied} if fault in ("half_closed", "status") else {}
    body = {"body": {"error": {"type": "api_error"}}} if fault in ("status", "ok_error_body") else {}
    shop.fail(fault, method="POST", path="/v1/payment_intents", seconds=4.0 if "timeout" in fault else 0.1, **more, **body)
    state = shop.pay(row)
    assert state in ("unsure", "charging")
    assert shop.balance == 0
    assert len(shop.done()) == (1 if applied else 0)
    shop.app.requests.clear()
    shop.go(minutes=2)
    asked_first = shop.pay(row)
    assert asked_first == "paid"
    assert next(r["method"] for r in shop.app.requests) == "GET"
    assert (len(shop.done()), shop.balance, len(shop.every(Attempt))) == (1, 1000, 1)
    assert shop.problems() == []


def test_a_day_later_with_nothing_found_it_is_over_and_may_be_tried_anew(shop: Shop) -> None:
    shop.card()
    row = shop.place()
    shop.fail("status", method="POST", path="/v1/payment_intents", times=1)
    assert shop.pay(row) == "unsure"
    shop.go(hours=2)
    assert shop.pay(row) == "declined"
    assert shop.again(row).code == "no_payment"
    with tenancy.acting_in(shop.tenant):
        purchases.retry(shop.actor, row.pk, now=shop.at)
    assert shop.pay(row) == "paid"
    assert (len(shop.done()), shop.balance) == (1, 1000)
    assert shop.problems() == []


# The card asks for its holder


def test_a_card_that_asks_for_its_holder_waits_with_a_link_and_is_never_tried_again(shop: Shop) -> None:
    shop.card(kit.HOLDER)
    row = shop.place()
    assert shop.pay(row) == "waits"
    for _ in range(5):
        shop.go(hours=7)
        jobs_due()
        shop.work()
    assert len(shop.every(Attempt)) == 1
    page = visits.to_pay(shop.actor, shop.port, purchase=row.pk, now=shop.at)
    assert visits.to_pay(shop.actor, shop.port, purchase=row.pk, now=shop.at).id == page.id, "one page at a time"
    assert shop.type_card(page, kit.HOLDER).status == 303
    assert shop.balance == 0, "nobody has looked yet"
    assert shop.pay(row) == "paid"
    assert (len(shop.done()), shop.balance) == (1, 1000)
    with pytest.raises(Refused):
        visits.to_pay(shop.actor, shop.port, purchase=row.pk, now=shop.at)
    assert shop.problems() == []


def test_a_new_card_ends_the_page_and_is_charged_instead(shop: Shop) -> None:
    shop.card(kit.HOLDER)
    row = shop.place()
    shop.pay(row)
    page = visits.to_pay(shop.actor, shop.port, purchase=row.pk, now=shop.at)
    shop.card(kit.OTHER_VISA)
    assert shop.pay(row) == "paid"
    assert shop.type_card(page).status == 410, "nobody can pay a second time"
    assert len(shop.done()) == 1


def test_a_purchase_paid_on_its_page_cannot_be_cancelled_afterwards(shop: Shop) -> None:
    shop.card(kit.HOLDER)
    row = shop.place()
    shop.pay(row)
    page = visits.to_pay(shop.actor, shop.port, purchase=row.pk, now=shop.at)
    shop.type_card(page)
    visits.close_each(shop.tenant, row.pk, shop.port, now=shop.at)
    with tenancy.acting_in(shop.tenant), pytest.raises(Refused):
        purchases.cancel(shop.actor, row.pk, now=shop.at)
    assert (shop.again(row).state, shop.balance) == ("paid", 1000)


def test_an_old_page_gives_way_to_a_new_one(shop: Shop) -> None:
    shop.card(kit.HOLDER)
    row = shop.place()
    shop.pay(row)
    old = visits.to_pay(shop.actor, shop.port, purchase=row.pk, now=shop.at)
    shop.go(hours=21)
    new = visits.to_pay(shop.actor, shop.port, purchase=row.pk, now=shop.at)
    assert new.id != old.id
    assert shop.browse(old).status == 410
    assert shop.type_card(new, kit.HOLDER).status == 303
    assert shop.pay(row) == "paid"


def test_it_waits_for_a_provider_that_is_down(shop: Shop) -> None:
    shop.card()
    row = shop.place()
    shop.fail("throttle", method="POST", path="/v1/payment_intents")
    assert shop.pay(row) == "charging"
    assert shop.again(row).next_at <= shop.at + timedelta(minutes=1)
    shop.go(minutes=2)
    time.sleep(1.1)  # the provider asked for a second, by the clock on the wall
    assert shop.pay(row) == "paid"
    assert (len(shop.done()), len(shop.every(Attempt))) == (1, 1)
