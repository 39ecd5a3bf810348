"""Webhooks at their door: only the provider's, once, and never more than a hint. Source: reliability P39, section 4."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from purser.billing.models import Event, Purchase, Visit
from purser.billing.paying import automatic, events, visits
from purser.connectors.ports.payment import WEBHOOK_MOST_BYTES
from purser.postgres import ids, tenancy
from sandboxes.stripe.events import signature
from tests.billing.paying import kit
from tests.billing.paying.kit import Shop
from tests.notices.kit import posted


@pytest.fixture
def shop() -> Iterator[Shop]:
    with kit.shop() as made:
        yield made


def tell(shop: Shop, body: bytes, *, secret: str = kit.HOOK, header: str | None = None, **more: Any) -> Any:
    """As the provider sends it: no cookie, no token of ours; a client that insists on CSRF."""
    at = more.pop("at", int(shop.at.timestamp()))
    signed = signature(body, secret, at=at) if header is None else header
    url = f"/webhooks/payments/{more.pop('operator', shop.operator.pk)}/"
    client = Client(enforce_csrf_checks=True)
    return client.generic(
        more.pop("method", "POST"), url, body, content_type="application/json", headers={"Stripe-Signature": signed}
    )  # fmt: skip


def told(shop: Shop, since: int = 0) -> list[bytes]:
    """Everything that the provider has to tell, as bytes, from the n-th event on."""
    return [json.dumps(row).encode() for row in list(shop.app.state["events"].values())[since:]]


def work(shop: Shop) -> None:
    shop.work(only="purser.payment_event")
    shop.work()


def kept(shop: Shop) -> list[Event]:
    with tenancy.acting_in(shop.operator.pk):
        return list(Event.objects.order_by("received_at", "pk"))


def pending(shop: Shop) -> Purchase:
    card = shop.card()
    shop.tell("issuer", card=card.token, does="processing")
    row = shop.place()
    assert shop.pay(row) == "charging"
    shop.work()  # what was asked for so far: from here on only a webhook leads on
    return row


def test_a_hint_leads_to_the_payment_and_settles_it(shop: Shop) -> None:
    row = pending(shop)
    shop.tell("settle", payment=shop.again(row).payment)
    (body,) = [one for one in told(shop) if b"payment_intent.succeeded" in one]
    answer = tell(shop, body)
    assert (answer.status_code, answer.content, shop.balance) == (200, b"kept", 0), "nothing but kept"
    assert tell(shop, body).content == b"known"
    work(shop)
    assert (shop.again(row).state, shop.balance) == ("paid", 1000)
    assert len(kept(shop)) == 1
    assert kept(shop)[0].handled_at is not None


def test_a_lie_in_a_signed_body_changes_nothing(shop: Shop) -> None:
    """It says paid; the provider, asked, says that it is under way."""
    row = pending(shop)
    lie = {
        "id": "evt_lie", "object": "event", "type": "payment_intent.succeeded", "created": int(shop.at.timestamp()),
        "data": {"object": {"id": shop.again(row).payment, "status": "succeeded", "amount": 9}},
    }  # fmt: skip
    assert tell(shop, json.dumps(lie).encode()).status_code == 200
    work(shop)
    assert (shop.again(row).state, shop.balance) == ("charging", 0)


@pytest.mark.parametrize("how", ["forged", "old", "future", "unsigned", "large", "other", "get", "body", "garbage"])
def test_what_is_not_the_providers_is_refused_and_keeps_nothing(shop: Shop, how: str) -> None:
    row = pending(shop)
    shop.tell("settle", payment=shop.again(row).payment)
    body = told(shop)[-1]
    at = int(shop.at.timestamp())
    answer = {
        "forged": lambda: tell(shop, body, secret="whsec_guessed-by-somebody"),
        "old": lambda: tell(shop, body, at=at - 301),
        "future": lambda: tell(shop, body, at=at + 301),
        "unsigned": lambda: tell(shop, body, header=""),
        "large": lambda: tell(shop, body + b" " * WEBHOOK_MOST_BYTES),
        "other": lambda: tell(shop, body, operator=ids.new()),
        "get": lambda: tell(shop, b"", method="GET"),
        "body": lambda: tell(shop, body.replace(b"pi_", b"pj_"), header=signature(body, kit.HOOK, at=at)),
        "garbage": lambda: tell(shop, b"{"),
    }[how]()
    wanted = {"large": 413, "other": 404, "get": 405}.get(how, 400)
    assert answer.status_code == wanted
    assert kit.HOOK.encode() not in answer.content
    assert kept(shop) == []
    work(shop)
    assert (shop.again(row).state, shop.balance) == ("charging", 0)


def test_one_operators_webhook_opens_nothing_of_anothers(shop: Shop) -> None:
    """Signed rightly by the other's provider, about a payment that names our purchase."""
    row = pending(shop)
    with kit.shop() as other:
        card = other.card()
        payer = card.payer
        reference = f"purchase:{shop.tenant}:{row.pk}"
        other.port.charge(payer, card.token, kit_money(row), reference=reference, once="x")
        body = next(one for one in told(other) if b"payment_intent.succeeded" in one)
        assert tell(other, body).status_code == 200
        work(other)
        assert kept(other)[0].text == "It is not of ours."
    assert (shop.again(row).state, shop.balance) == ("charging", 0)


def kit_money(row: Purchase) -> Any:
    from purser.kernel.money import Money

    return Money(row.total, row.currency)


def hint(shop: Shop, name: bytes) -> None:
    (body,) = [one for one in told(shop) if name in one]
    assert tell(shop, body).status_code == 200
    work(shop)


def test_a_card_that_its_issuer_renewed_is_followed_at_once(shop: Shop) -> None:
    card = shop.card()
    shop.work()
    shop.tell("renew", card=card.token, exp_month=12, exp_year=2033, last4="1881")
    hint(shop, b"payment_method.automatically_updated")
    now = shop.again(card)
    assert (now.last_four, now.expiry_month, now.expiry_year, now.removed_at) == ("1881", 12, 2033, None)
    assert kept(shop)[0].text == "The card is looked at."
    assert posted(shop.partner) == []


def test_a_card_that_was_taken_away_is_dropped_and_told_and_nothing_is_bought_by_itself(shop: Shop) -> None:
    card = shop.card()
    shop.automatic()
    shop.work()
    shop.tell("detach", card=card.token)
    hint(shop, b"payment_method.detached")
    assert shop.again(card).removed_at == shop.at
    (notice,) = posted(shop.partner)
    assert (notice.kind, "4242" in notice.lines[0], len(notice.lines)) == ("card_gone", True, 2)
    with tenancy.acting_in(shop.tenant):
        assert automatic.programme().auto_on is False
    shop.card()
    hint_again = [one for one in told(shop) if b"payment_method.detached" in one]
    assert tell(shop, hint_again[0].replace(b"evt_", b"evt_again_")).status_code == 200
    work(shop)
    assert len(posted(shop.partner)) == 1, "the next card stays"


def test_a_card_of_another_operators_partner_is_not_looked_at(shop: Shop) -> None:
    card = shop.card()
    shop.work()
    shop.tell("detach", card=card.token)
    (body,) = [one for one in told(shop) if b"payment_method.detached" in one]
    with kit.shop() as other:
        assert tell(other, body).status_code == 200
        work(other)
        assert kept(other)[0].text == "It is not of ours."
    assert shop.again(card).removed_at is None


def test_any_order_with_repeats_ends_alike(shop: Shop) -> None:
    """The same five events: a decline that asks for the holder, the page, the payment on it, its charge; thirty orders."""
    shop.card(kit.HOLDER)
    ends = set()
    orders = list(itertools.permutations(range(5)))[::4]
    for order in orders:
        before, charges, balance = len(shop.app.state["events"]), len(shop.done()), shop.balance
        row = shop.place()
        assert shop.pay(row) == "waits"
        page = visits.to_pay(shop.actor, shop.port, purchase=row.pk, now=shop.at)
        assert shop.type_card(page, kit.HOLDER).status == 303
        news = told(shop, before)
        news.append(news[-1].replace(b'"evt_', b'"evt_again'))  # the same thing, told under another id
        assert len(news) == 5, [json.loads(one)["type"] for one in news]
        for place in (*order, *order[:2]):
            assert tell(shop, news[place]).status_code == 200
            shop.work(only="purser.payment_event")
        shop.work()
        row = shop.again(row)
        left = len(shop.every(Visit, state="open"))
        ends.add((row.state, row.units, shop.balance - balance, len(shop.done()) - charges, left))
    assert ends == {("paid", 1000, 1000, 1, 0)}
    assert shop.problems() == []


def test_webhooks_that_are_lost_are_not_missed(shop: Shop) -> None:
    shop.card(kit.HOLDER)
    row = shop.place()
    shop.pay(row)
    page = visits.to_pay(shop.actor, shop.port, purchase=row.pk, now=shop.at)
    shop.type_card(page, kit.HOLDER)
    shop.go(minutes=11)
    kit.jobs.payments_due.func(timestamp=0)
    shop.work()
    assert (shop.again(row).state, shop.balance) == ("paid", 1000)


def test_a_card_page_is_taken_over_by_whoever_says_so_first(shop: Shop) -> None:
    """The webhook before the return, the return before the webhook, and neither."""
    for way in ("webhook", "return", "neither"):
        page = visits.to_store_a_card(shop.actor, shop.port, now=shop.at)
        (visit,) = shop.every(Visit, state="open")
        before = len(shop.app.state["events"])
        shop.type_card(page)
        if way == "webhook":
            for one in told(shop, before):
                tell(shop, one)
            work(shop)
        elif way == "neither":
            shop.go(minutes=11)
            shop.work()
        ended = visits.look(shop.tenant, visit.pk, shop.port, now=shop.at)
        assert (ended.state, ended.card) == ("done", True)
    with tenancy.acting_in(shop.tenant):
        cards = list(kit.Card.objects.order_by("removed_at"))
    assert [one.removed_at is None for one in cards].count(True) == 1
    assert len(cards) == 3


def test_money_without_a_purchase_is_told_to_the_operator(shop: Shop) -> None:
    row = shop.bought() if shop.card() else None
    assert row is not None
    card = shop.every(kit.Card)[0]
    before = len(shop.app.state["events"])
    shop.port.charge(card.payer, card.token, kit_money(row), reference=f"purchase:{shop.tenant}:{row.pk}", once="stray")
    tell(shop, next(one for one in told(shop, before) if b"payment_intent.succeeded" in one))
    work(shop)
    assert [one.kind for one in posted(shop.operator)] == ["payment_odd"]
    assert (shop.balance, len(shop.done())) == (1000, 2)


def test_a_refund_that_came_back_is_found_by_its_webhook(shop: Shop) -> None:
    shop.card()
    row = shop.bought()
    made = shop.refund(row, 100)
    shop.carry_refund(made)
    before = len(shop.app.state["events"])
    shop.tell("fail_refund", refund=shop.again(made).provider_id)
    tell(shop, told(shop, before)[0])
    work(shop)
    assert (shop.again(made).state, shop.balance) == ("failed", 1000)


def test_an_event_waits_for_a_provider_that_is_down(shop: Shop) -> None:
    row = pending(shop)
    shop.tell("settle", payment=shop.again(row).payment)
    tell(shop, next(one for one in told(shop) if b"payment_intent.succeeded" in one))
    shop.fail("status", method="GET", path="/v1/payment_intents", status=503)
    shop.work(only="purser.payment_event")
    assert kept(shop)[0].handled_at is None
    shop.go(minutes=6)
    work(shop)
    assert (kept(shop)[0].handled_at is not None, shop.again(row).state) == (True, "paid")


def test_a_body_is_not_parsed_before_its_signature_held(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    from purser.connectors.stripe import wire

    def never(body: bytes) -> None:
        raise AssertionError("it was read")

    monkeypatch.setattr(wire, "event", never)
    assert tell(shop, b'{"id": "evt_1"}', secret="whsec_guessed-by-somebody").status_code == 400
    with pytest.raises(AssertionError, match="it was read"):
        events.take(
            shop.operator.pk, shop.port, b"{}", signature(b"{}", kit.HOOK, at=int(shop.at.timestamp())), now=shop.at
        )  # fmt: skip
