"""The Stripe connector against its sandbox, over HTTP: payers, cards by redirect, charges, declines, refunds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import override_settings

from purser.config import wiring
from purser.connectors.ports.payment import Card, Page, Payer, Payments
from purser.connectors.shared.addresses import HostRule
from purser.connectors.shared.http import Http, Timeouts
from purser.connectors.stripe import HOSTS, StripeConnector, StripeSecrets, StripeSettings
from purser.kernel.errors import Missing, Refused
from purser.kernel.money import Money
from sandboxes.kit import Fault, Request, Response, Server
from sandboxes.stripe import Stripe

NOW = datetime(2025, 7, 11, 9, 0, tzinfo=UTC)
KEY, HOOK = "sk_test_that-nobody-may-see", "whsec_nobody-either"
CUSTOMER, CARD = "cus_harbour", "pm_harbour"
VISA, HOLDER, MISSING_FUNDS = "4242424242424242", "4000002760003184", "4000008260003178"
HARBOUR = Payer("partner-7", "Harbour IT", "owner@harbour.example")


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


def seed() -> dict[str, Any]:
    return {
        "customers": [
            {"id": CUSTOMER, "name": "Harbour IT", "email": HARBOUR.email, "metadata": {"purser_reference": "partner-7"}},
            {"id": "cus_other", "name": "Other", "email": "o@other.example"},
        ],
        "cards": [
            {"id": CARD, "customer": CUSTOMER, "number": VISA, "exp_month": 9, "exp_year": 2031},
            {"id": "pm_other", "customer": "cus_other", "number": VISA},
        ],
        "settings": {"key": KEY, "events": "held"},
    }


@dataclass
class World:
    app: Stripe
    url: str
    doors: list[Http] = field(default_factory=list)

    def connector(self, *, key: str = KEY, hooks: tuple[str, ...] = (HOOK,)) -> StripeConnector:
        host = self.url.removeprefix("http://")
        http = Http(
            hosts=HostRule(patterns=HOSTS, sandbox=frozenset({host})),
            timeouts=Timeouts(connect=2.0, read=1.5, total=2.0),
        )
        self.doors.append(http)
        return StripeConnector(http=http, settings=StripeSettings(self.url), secrets=StripeSecrets(key, hooks))

    def tell(self, verb: str, **data: Any) -> Any:
        return self.app.control(verb, data)

    def fail(self, kind: str, **details: Any) -> None:
        self.app.faults.arm(Fault(kind, **details))

    def done(self, what: str) -> list[dict[str, Any]]:
        return [e for e in self.app.effects if e["what"] == what]

    def asked(self, path: str) -> int:
        return sum(path in r["path"] for r in self.app.requests)

    def type_card(self, page: Page | str, number: str = VISA, *, expiry: str = "09 / 31", code: str = "123") -> Response:
        return self.browse(page, {"number": number, "expiry": expiry, "code": code, "name": "Ada Stone"})

    def browse(self, page: Page | str, form: dict[str, str] | None = None) -> Response:
        """A browser at the provider's page."""
        id = page if isinstance(page, str) else page.id
        body = urlencode(form).encode() if form else b""
        return self.app.handle(Request("POST" if form else "GET", f"/c/pay/{id}", {}, {}, body))


@pytest.fixture
def world() -> Iterator[World]:
    app = Stripe()
    app.clock.set(NOW, frozen=True)
    app.load_seed(seed())
    app.effects.clear()
    with Server(app) as server:
        world = World(app, server.url)
        yield world
        for door in world.doors:
            door.close()


def card_page(stripe: Payments, once: str = "page-1") -> Page:
    return stripe.card_page(
        CUSTOMER,
        reference="partner-7",
        done_url="https://p.example/done?page={page}",
        back_url="https://p.example/back",
        once=once,
    )


def pay_page(stripe: Payments, once: str = "pay-1") -> Page:
    return stripe.pay_page(
        CUSTOMER, usd("43"), reference="order-1", title="CPP-DSU-1", done_url="https://p.example/done",
        back_url="https://p.example/back", once=once,
    )  # fmt: skip


# Payers and their cards


def test_it_knows_a_payer_by_our_reference_and_makes_one_once(world: World) -> None:
    stripe = world.connector()
    assert stripe.payer(HARBOUR, once="a") == CUSTOMER
    cedar = Payer("partner-8", "Cedar", HARBOUR.email)
    made = stripe.payer(cedar, once="b")
    assert made != CUSTOMER
    assert stripe.payer(cedar, once="c") == made
    assert len(world.done("customer")) == 1


def test_a_card_is_stored_on_the_providers_page_and_only_four_digits_of_it_reach_us(world: World) -> None:
    """Source: acceptance S-1, CS-60."""
    stripe = world.connector()
    page = card_page(stripe)
    assert stripe.visit(page.id).state == "open"
    assert stripe.visit(page.id).card is None
    away = world.type_card(page)
    assert (away.status, away.headers["Location"]) == (303, f"https://p.example/done?page={page.id}")
    visit = stripe.visit(page.id)
    assert (visit.state, visit.reference, visit.payer) == ("done", "partner-7", CUSTOMER)
    assert visit.card is not None
    assert visit.card == Card(visit.card.token, "visa", "4242", 9, 2031)
    assert stripe.card(visit.card.token) == visit.card
    assert stripe.charge(CUSTOMER, visit.card.token, usd("84"), reference="order-1", once="o1-1").state == "paid"


def test_a_card_that_its_holder_confirms_is_stored_and_one_he_does_not_is_not(world: World) -> None:
    stripe = world.connector()
    page = card_page(stripe)
    assert "Confirm with your bank" in world.type_card(page, HOLDER).body.decode()
    assert world.browse(page, {"answer": "fail"}).status == 402
    assert stripe.visit(page.id).state == "open"
    world.type_card(page, HOLDER)
    assert world.browse(page, {"answer": "complete"}).status == 303
    assert stripe.visit(page.id).state == "done"


def test_a_page_that_was_left_expires_or_is_closed(world: World) -> None:
    stripe = world.connector()
    left, closed = card_page(stripe, "a"), card_page(stripe, "b")
    stripe.close(closed.id, once="close-b")
    assert stripe.visit(closed.id).state == "expired"
    assert world.type_card(closed).status == 410
    world.app.clock.advance(timedelta(hours=25))
    assert stripe.visit(left.id).state == "expired"
    with pytest.raises(Refused) as e:
        stripe.close(left.id, once="close-a")
    assert e.value.code == "state"


def test_a_forgotten_card_is_not_charged_again(world: World) -> None:
    stripe = world.connector()
    stripe.forget(CARD, once="forget-1")
    with pytest.raises(Refused) as e:
        stripe.charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    assert (e.value.code, world.done("charge")) == ("state", [])


def test_a_card_that_was_taken_away_is_missing(world: World) -> None:
    world.tell("detach", card=CARD)
    with pytest.raises(Missing) as e:
        world.connector().card(CARD)
    assert e.value.code == "detached"


def test_it_sees_a_card_that_its_issuer_renewed(world: World) -> None:
    world.tell("renew", card=CARD, exp_year=2036)
    assert world.connector().card(CARD).expiry_year == 2036


# The account


def test_it_tells_a_test_key_from_one_that_moves_money(world: World) -> None:
    assert world.connector().test().text == "Stripe: test mode, no real money."
    world.tell("set", livemode=True)
    assert world.connector().test().text == "Stripe: live mode, real money."
    tested = world.connector(key="sk_test_wrong-key-0000").test()
    assert (tested.ok, tested.code) == (False, "credentials")
    assert "wrong-key" not in tested.text


def test_nothing_secret_is_in_what_is_shown(world: World) -> None:
    stripe = world.connector()
    page = pay_page(stripe)
    shown = repr((StripeSecrets(KEY, (HOOK,)), page))
    assert KEY not in shown
    assert HOOK not in shown
    assert page.url not in shown
    world.fail("status", status=400, body={"error": {"type": "invalid_request_error", "message": f"No {KEY} here"}})
    with pytest.raises(Refused) as e:
        stripe.charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    assert KEY not in f"{e.value.text}{e.value.hint}{e.value!r}"


def test_it_tells_stripe_nothing_about_this_machine_and_keeps_nothing_on_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))  # where the library would keep an id for its telemetry
    monkeypatch.setattr("stripe._telemetry_id._loaded", False, raising=False)
    sent: list[dict[str, str]] = []
    world.app.before = lambda request: sent.append(request.headers)  # type: ignore[method-assign]
    world.connector().charge(CUSTOMER, CARD, usd("84"), reference="order-1", once="o1-1")
    names = {name for headers in sent for name in headers}
    assert names == {
        "host", "accept", "user-agent", "accept-encoding", "authorization", "stripe-version", "idempotency-key",
        "content-type", "content-length",
    }  # fmt: skip
    assert {headers["user-agent"] for headers in sent} == {"Purser"}
    assert list(tmp_path.iterdir()) == []


def test_it_is_wired_to_an_address_that_may_be_called(world: World) -> None:
    host = world.url.removeprefix("http://")
    with override_settings(SANDBOX_HOSTS=frozenset({host})):
        port = wiring.payments_at(key=KEY, url=world.url)
        assert port.test().ok
        assert wiring.payments_at(key=KEY, url=world.url) is port
    with override_settings(SANDBOX_HOSTS=frozenset()), pytest.raises(Refused) as e:
        wiring.payments_at(key=KEY, url=world.url)
    assert e.value.code == "address"
