"""A second provider that is not ours: localstripe, an independent stand-in for Stripe, charged and refunded by our engine.

It is a test tool of its own licence and runs as its own process, from its own environment; without one this is left out. It
keeps no idempotency keys and knows an older API: no Checkout, no description of a payment, no list of a payer's payments.
"""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from django.test import override_settings

from purser.billing.models import Attempt
from purser.billing.paying import attempts, cards, provider, refunds
from purser.connectors.ports import payment as port
from purser.connectors.ports.payment import Payer
from purser.flows import ports
from purser.postgres import tenancy
from tests.billing.paying import kit
from tests.billing.paying.kit import Shop

HOME = Path(os.environ.get("PURSER_LOCALSTRIPE", Path(__file__).resolve().parents[3] / ".venv-foreign"))
PYTHON = HOME / "bin" / "python"
KEY = "sk_test_12345"
SERVE = (
    "import sys; from aiohttp import web; from localstripe.server import app; "
    "web.run_app(app, host='127.0.0.1', port=int(sys.argv[1]))"
)
pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="No localstripe: make tools")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    process = subprocess.Popen(
        [str(PYTHON), "-c", SERVE, str(number)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/tmp"
    )
    url = f"http://127.0.0.1:{number}"
    try:
        for _ in range(100):
            try:
                httpx2.get(f"{url}/v1/balance", auth=(KEY, ""), timeout=2)
                break
            except httpx2.HTTPError:
                time.sleep(0.2)
        yield url
    finally:
        process.terminate()
        process.wait(10)


class Untitled:
    """The port, without the words on the payer's statement."""

    def __init__(self, payments: Any) -> None:
        self._payments = payments

    def __getattr__(self, name: str) -> Any:
        return getattr(self._payments, name)

    def charge(self, *given: Any, title: str = "", **more: Any) -> Any:
        return self._payments.charge(*given, **more)


@pytest.fixture
def shop(address: str) -> Iterator[tuple[Shop, Any]]:
    with kit.shop() as made, override_settings(SANDBOX_HOSTS=frozenset({address.removeprefix("http://")})):
        with tenancy.acting_in(made.operator.pk):
            wanted = provider.Settings(address, False, KEY, None, 1)
            provider.configure(made.desk, wanted, admit=ports.payments, now=made.at)
        yield made, Untitled(made.port)


def stored(shop: Shop, payments: Any, address: str, number: str) -> None:
    """As a page of the provider's would: it has none."""
    payer = payments.payer(Payer(str(shop.tenant), "Harbour IT", "owner@harbour.example"), once=f"payer-{number}")
    made = _ask(f"{address}/v1/payment_methods", {
        "type": "card", "card[number]": number, "card[exp_month]": "9", "card[exp_year]": "2031", "card[cvc]": "123",
    })  # fmt: skip
    _ask(f"{address}/v1/payment_methods/{made['id']}/attach", {"customer": payer})
    found = port.Card(made["id"], made["card"]["brand"], made["card"]["last4"], 9, 2031)
    with tenancy.acting_in(shop.tenant):
        cards.store(payer, found, by="test", now=shop.at)


def _ask(url: str, form: dict[str, str]) -> dict[str, Any]:
    answer = httpx2.post(url, data=form, auth=(KEY, ""), timeout=10)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def charged(address: str, payer: str) -> list[dict[str, Any]]:
    answer = httpx2.get(f"{address}/v1/payment_intents", params={"limit": 100}, auth=(KEY, ""), timeout=10)
    return [one for one in answer.json()["data"] if (one["customer"], one["status"]) == (payer, "succeeded")]


def test_it_charges_a_stored_card_once_and_gives_back_a_part(shop: tuple[Shop, Any], address: str) -> None:
    made, payments = shop
    stored(made, payments, address, kit.VISA)
    row = made.place()
    assert attempts.carry(made.tenant, row.pk, payments, clock=made.now) == "paid"
    assert attempts.carry(made.tenant, row.pk, payments, clock=made.now) == "paid"
    (card,) = made.every(kit.Card)
    assert [one["amount"] for one in charged(address, card.payer)] == [4300]
    assert made.balance == 1000
    back = made.refund(row, 300)
    assert refunds.carry(made.tenant, back.pk, payments, clock=made.now) == "done"
    assert made.problems() == []


def test_it_sends_nothing_again_where_it_cannot_ask(
    shop: tuple[Shop, Any], address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies between the charge and its answer. This provider keeps no keys and lists no payer's payments: so the
    purchase waits for somebody to look, and the card is never charged a second time.
    """
    made, payments = shop
    stored(made, payments, address, kit.VISA)
    row = made.place()

    class Died(BaseException):
        """No code of ours may catch it."""

    with monkeypatch.context() as dying:
        dying.setattr(attempts, "_settle", lambda *_, **__: (_ for _ in ()).throw(Died()))
        with pytest.raises(Died):
            attempts.carry(made.tenant, row.pk, payments, clock=made.now)
    for _ in range(3):
        made.go(minutes=31)
        assert attempts.carry(made.tenant, row.pk, payments, clock=made.now) == "charging"
    (card,) = made.every(kit.Card)
    assert len(charged(address, card.payer)) == 1
    assert made.balance == 0


def test_a_decline_credits_nothing(shop: tuple[Shop, Any], address: str) -> None:
    made, payments = shop
    stored(made, payments, address, "4000000000000341")
    row = made.place()
    assert attempts.carry(made.tenant, row.pk, payments, clock=made.now) == "declined"
    assert (made.balance, [one.state for one in made.every(Attempt)]) == (0, ["declined"])
