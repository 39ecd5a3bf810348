"""Charges with nobody present, declines, refunds, and finding them, at the Stripe sandbox over HTTP."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from purser.connectors.ports.payment import Declined, matching
from purser.kernel.errors import Missing, Refused
from tests.connectors.test_stripe import CARD, CUSTOMER, HOLDER, NOW, World, pay_page, usd, world

__all__ = ["world"]  # the fixture

# Charges


def test_a_charge_is_made_once_however_often_it_is_asked_for(world: World) -> None:
    """Source: acceptance CS-62; P7."""
    stripe = world.connector()
    paid = [stripe.charge(CUSTOMER, CARD, usd("84.50"), reference="order-1", once="o1-1", title="Units") for _ in range(3)]
    assert paid[0].state == "paid"
    assert (paid[0].money, paid[0].reference, paid[0].once) == (usd("84.50"), "order-1", "o1-1")
    assert (paid[0].payer, paid[0].card, paid[0].made_at) == (CUSTOMER, CARD, NOW)
    assert paid == [paid[0]] * 3
    assert [(e["amount"], e["currency"]) for e in world.done("charge")] == [(8450, "usd")]
    assert stripe.payment(paid[0].id) == paid[0]


def test_a_key_used_for_other_words_is_refused(world: World) -> None:
    stripe = world.connector()
    stripe.charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    with pytest.raises(Refused) as e:
        stripe.charge(CUSTOMER, CARD, usd("85"), reference="order-1", once="o1-1")
    assert (e.value.code, len(world.done("charge"))) == ("idempotency", 1)


@pytest.mark.parametrize("once", ["", " ", "a b", "é", "x" * 256, "a\nb"])
def test_a_key_that_no_header_carries_is_refused_before_the_call(world: World, once: str) -> None:
    with pytest.raises(Refused, match="1 to 255"):
        world.connector().charge(CUSTOMER, CARD, usd("84"), reference="order-1", once=once)
    assert world.asked("/v1/") == 0


@pytest.mark.parametrize(
    ("issuer", "kind", "code"),
    [
        ("insufficient_funds", "soft", "insufficient_funds"),
        ("generic_decline", "soft", "generic_decline"),
        ("processing_error", "soft", "processing_error"),
        ("issuer_not_available", "soft", "issuer_not_available"),
        ("a_code_of_next_year", "soft", "a_code_of_next_year"),
        ("lost_card", "hard", "lost_card"),
        ("stolen_card", "hard", "stolen_card"),
        ("expired_card", "hard", "expired_card"),
        ("authentication_required", "authentication_required", "authentication_required"),
    ],
)
@pytest.mark.parametrize("advice", [True, False])
def test_a_decline_says_what_can_be_done(world: World, issuer: str, kind: str, code: str, advice: bool) -> None:
    """Source: acceptance CS-66; vendors/stripe.md 1, the split, with and without the issuer's advice."""
    world.tell("set", advice=advice)
    world.tell("issuer", card=CARD, does=issuer)
    stripe = world.connector()
    with pytest.raises(Declined) as e:
        stripe.charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    assert (e.value.code, e.value.decline.kind, e.value.decline.code) == ("declined", kind, code)
    assert e.value.text.startswith(("Your card", "An error occurred"))
    assert e.value.hint
    kept = stripe.payment(e.value.payment)
    assert (kept.state, kept.decline, kept.once) == ("declined", e.value.decline, "o1-1")
    assert world.done("charge") == []


def test_the_issuers_advice_goes_before_the_code(world: World) -> None:
    world.tell("issuer", card=CARD, does="insufficient_funds")
    world.fail("mangle", path="intents$", body={"error": {"advice_code": "do_not_try_again"}})
    with pytest.raises(Declined) as e:
        world.connector().charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    assert e.value.decline.kind == "hard"


def test_a_declined_attempt_stays_declined_and_another_attempt_needs_another_key(world: World) -> None:
    stripe = world.connector()
    world.tell("issuer", card=CARD, does="insufficient_funds")
    with pytest.raises(Declined):
        stripe.charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    world.tell("issuer", card=CARD, does="")
    with pytest.raises(Declined):
        stripe.charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    assert stripe.charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-2").state == "paid"
    found = stripe.find(CUSTOMER, reference="order-1", since=NOW)
    assert [(p.state, p.once) for p in found] == [("paid", "o1-2"), ("declined", "o1-1")]


def test_a_card_that_asks_for_its_holder_is_paid_by_link(world: World) -> None:
    stripe = world.connector()
    world.tell("issuer", card=CARD, does="authentication_required")
    with pytest.raises(Declined) as e:
        stripe.charge(CUSTOMER, CARD, usd("43"), reference="order-1", once="o1-1")
    assert "link" in e.value.hint
    page = pay_page(stripe)
    world.type_card(page, HOLDER)
    assert world.browse(page, {"answer": "complete"}).status == 303
    visit = stripe.visit(page.id)
    paid = stripe.payment(visit.payment)
    assert (visit.state, visit.card, paid.state, paid.money, paid.reference) == ("done", None, "paid", usd("43"), "order-1")
    assert matching(stripe.find(CUSTOMER, reference="order-1", since=NOW), "pay-1") == paid


def test_a_pay_link_that_is_opened_twice_is_paid_once(world: World) -> None:
    stripe = world.connector()
    page = pay_page(stripe)
    assert [world.type_card(page).status for _ in range(2)] == [303, 303]
    assert len(world.done("charge")) == 1


def test_a_payment_in_processing_is_pending_until_it_settles(world: World) -> None:
    stripe = world.connector()
    for once, declined, state in (("a", "", "paid"), ("b", "insufficient_funds", "declined")):
        world.tell("issuer", card=CARD, does="processing")
        pending = stripe.charge(CUSTOMER, CARD, usd("84"), reference="order-1", once=once)
        assert pending.state == "pending"
        world.tell("settle", payment=pending.id, declined=declined)
        assert stripe.payment(pending.id).state == state


def test_an_answer_that_only_asks_for_the_holder_is_a_decline(world: World) -> None:
    """Older versions of the API, and what stands in for Stripe, answer 200."""
    world.fail("mangle", path="intents$", body={"status": "requires_action"})
    with pytest.raises(Declined) as e:
        world.connector().charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    assert e.value.decline.kind == "authentication_required"


def test_another_ones_card_or_payer_is_refused(world: World) -> None:
    stripe = world.connector()
    with pytest.raises(Refused):
        stripe.charge(CUSTOMER, "pm_other", usd("84"), reference="order-1", once="a")
    with pytest.raises(Missing):
        stripe.charge("cus_nobody", CARD, usd("84"), reference="order-1", once="b")
    for id in ("", "../balance", "pm_a/b", "pm_é", "pm a"):
        with pytest.raises(Missing):
            stripe.card(id)
    assert world.done("charge") == []


# Refunds


def test_a_payment_is_given_back_in_parts_each_once_and_never_more_than_it_was(world: World) -> None:
    stripe = world.connector()
    paid = stripe.charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    first = stripe.refund(paid.id, usd("30"), once="r1")
    assert (first.state, first.payment, first.money, first.once) == ("done", paid.id, usd("30"), "r1")
    assert stripe.refund(paid.id, usd("30"), once="r1") == first
    with pytest.raises(Refused, match="greater than") as e:
        stripe.refund(paid.id, usd("54.01"), once="r2")
    assert e.value.code == "refund"
    second = stripe.refund(paid.id, usd("54"), once="r3")
    with pytest.raises(Refused, match="already been refunded") as e:
        stripe.refund(paid.id, usd("0.50"), once="r4")
    assert e.value.code == "refund"
    assert stripe.refunds(paid.id) == (second, first)
    assert [r["amount"] for r in world.done("refund")] == [3000, 5400]


def test_a_refund_that_did_not_arrive_has_failed(world: World) -> None:
    stripe = world.connector()
    paid = stripe.charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    refund = stripe.refund(paid.id, usd("84"), once="r1")
    world.tell("fail_refund", refund=refund.id)
    assert stripe.refunds(paid.id) == (replace(refund, state="failed"),)


# Finding


def test_it_finds_every_attempt_of_a_payer_over_pages(world: World) -> None:
    stripe = world.connector()
    made = [stripe.charge(CUSTOMER, CARD, usd("1"), reference=f"order-{n % 2}", once=f"o-{n}") for n in range(4)]
    made += [stripe.charge(CUSTOMER, CARD, usd("1"), reference="order-0", once=f"p-{n}") for n in range(101)]
    found = stripe.find(CUSTOMER, reference="order-0", since=NOW)
    assert [p.once for p in found] == [p.once for p in reversed(made) if p.reference == "order-0"]
    assert stripe.find(CUSTOMER, reference="order-0", since=NOW + timedelta(minutes=11)) == ()
    assert stripe.find("cus_other", reference="order-0", since=NOW) == ()
