"""The payment port at Stripe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import stripe

from purser.connectors.ports.payment import Card, Declined, Event, Page, Payer, Payment, Refund, Visit
from purser.connectors.ports.tested import Tested
from purser.connectors.shared.answer import malformed
from purser.connectors.shared.http import Http
from purser.connectors.shared.pages import collect
from purser.connectors.stripe import amounts, refusals, signatures, wire
from purser.connectors.stripe.client import Client, StripeSecrets, StripeSettings
from purser.kernel.errors import Busy, Failure, Missing
from purser.kernel.money import Money

PAGE = 100
SKEW = timedelta(minutes=10)  # between our clock and Stripe's
SESSION_ID = "{CHECKOUT_SESSION_ID}"

T = TypeVar("T")


class StripeConnector:
    """One account at Stripe, as the port `Payments` says.

    What is made carries our reference and our key in its metadata, and is found by listing what its payer has: Stripe's
    search may lag for minutes, its lists do not.
    """

    def __init__(self, *, http: Http, settings: StripeSettings, secrets: StripeSecrets) -> None:
        self._client = Client(http=http, settings=settings, secrets=secrets)
        self._webhook_keys = secrets.webhook_keys
        self._cards_only = settings.cards_only

    def test(self) -> Tested:
        try:
            live = self._client.read(lambda s: s.v1.balance.retrieve()).get("livemode")
        except Failure as e:
            return Tested(False, f"{e.text} {e.hint}".strip(), e.code)
        if not isinstance(live, bool):
            return Tested(False, "Stripe does not say whether the key moves real money.", "malformed")
        return Tested(True, "Stripe: live mode, real money." if live else "Stripe: test mode, no real money.")

    # Payers and their cards

    def payer(self, payer: Payer, *, once: str) -> str:
        def found(after: str) -> dict[str, Any]:
            params: stripe.params.CustomerListParams = {"email": payer.email, "limit": PAGE}
            if after:
                params["starting_after"] = after
            return self._client.read(lambda s: s.v1.customers.list(params))

        for row in self._all(found):
            id, reference = self._as(wire.customer, row, effect=False)
            if reference == payer.reference:
                return id
        params: stripe.params.CustomerCreateParams = {
            "name": payer.name,
            "email": payer.email,
            "metadata": {wire.REFERENCE: payer.reference},
        }
        made = self._client.change(lambda s, o: s.v1.customers.create(params, o), once=once)
        return self._as(wire.customer, made, effect=True)[0]

    def card_page(self, payer: str, *, reference: str, done_url: str, back_url: str, once: str) -> Page:
        params: stripe.params.checkout.SessionCreateParams = {
            "mode": "setup",
            "customer": _id(payer),
            "success_url": done_url.replace("{page}", SESSION_ID),
            "cancel_url": back_url,
            "metadata": {wire.REFERENCE: reference},
        }
        return self._page(params, once)

    def pay_page(
        self, payer: str, money: Money, *, reference: str, title: str, done_url: str, back_url: str, once: str
    ) -> Page:
        ours = {wire.REFERENCE: reference, wire.ONCE: once}
        params: stripe.params.checkout.SessionCreateParams = {
            "mode": "payment",
            "customer": _id(payer),
            "line_items": [
                {
                    "quantity": 1,
                    "price_data": {
                        "currency": money.currency.lower(),
                        "unit_amount": amounts.minor(money),
                        "product_data": {"name": title},
                    },
                }
            ],
            "payment_intent_data": {"metadata": ours},
            "success_url": done_url.replace("{page}", SESSION_ID),
            "cancel_url": back_url,
            "metadata": {wire.REFERENCE: reference},
        }
        return self._page(params, once)

    def visit(self, page: str) -> Visit:
        params: stripe.params.checkout.SessionRetrieveParams = {"expand": ["setup_intent.payment_method"]}
        body = self._client.read(lambda s: s.v1.checkout.sessions.retrieve(_id(page), params))
        found = self._as(wire.visit, body, effect=False)
        self._same(page, found.id)
        return found

    def close(self, page: str, *, once: str) -> None:
        self._client.change(lambda s, o: s.v1.checkout.sessions.expire(_id(page), {}, o), once=once)

    def card(self, token: str) -> Card:
        body = self._client.read(lambda s: s.v1.payment_methods.retrieve(_id(token)))
        found = self._as(wire.card, body, effect=False)
        self._same(token, found.token)
        if not body.get("customer"):
            raise Missing("The card was taken away from its payer.", code="detached")
        return found

    def forget(self, token: str, *, once: str) -> None:
        self._client.change(lambda s, o: s.v1.payment_methods.detach(_id(token), {}, o), once=once)

    # Money

    def charge(self, payer: str, card: str, money: Money, *, reference: str, once: str, title: str = "") -> Payment:
        params: stripe.params.PaymentIntentCreateParams = {
            "amount": amounts.minor(money),
            "currency": money.currency.lower(),
            "customer": _id(payer),
            "payment_method": _id(card),
            "off_session": True,
            "confirm": True,
            "metadata": {wire.REFERENCE: reference, wire.ONCE: once},
        }
        if self._cards_only:
            params["allowed_payment_method_types"] = ["card"]
        if title:
            params["description"] = title
        body = self._client.change(lambda s, o: s.v1.payment_intents.create(params, o), once=once)
        made = self._as(wire.payment, body, effect=True)
        if (made.money, made.payer, made.reference, made.once) != (money, payer, reference, once):
            raise malformed("Stripe", "it is another payment than asked for", effect=True)
        if made.state in ("paid", "pending"):
            return made
        if made.decline is None and body.get("status") == "requires_action":
            # answered 200 by older versions of the API: no money moves until the holder confirms
            error = {"code": "authentication_required", "message": "The card's holder has to confirm the payment."}
            raise Declined(refusals.decline(error), payment=made.id)
        if made.decline is not None:
            raise Declined(made.decline, payment=made.id)
        raise malformed("Stripe", f"the payment is {made.state}", effect=True)

    def payment(self, id: str) -> Payment:
        body = self._client.read(lambda s: s.v1.payment_intents.retrieve(_id(id)))
        found = self._as(wire.payment, body, effect=False)
        self._same(id, found.id)
        return found

    def find(self, payer: str, *, reference: str, since: datetime) -> tuple[Payment, ...]:
        created: stripe.params.PaymentIntentListParamsCreated = {"gte": int((since - SKEW).timestamp())}

        def found(after: str) -> dict[str, Any]:
            params: stripe.params.PaymentIntentListParams = {"customer": _id(payer), "created": created, "limit": PAGE}
            if after:
                params["starting_after"] = after
            return self._client.read(lambda s: s.v1.payment_intents.list(params))

        payments = [self._as(wire.payment, row, effect=False) for row in self._all(found)]
        if any(p.payer != payer for p in payments):
            raise malformed("Stripe", "it lists payments of another payer", effect=False)
        return tuple(p for p in payments if p.reference == reference)

    def refund(self, payment: str, money: Money, *, once: str) -> Refund:
        params: stripe.params.RefundCreateParams = {
            "payment_intent": _id(payment),
            "amount": amounts.minor(money),
            "metadata": {wire.ONCE: once},
        }
        body = self._client.change(lambda s, o: s.v1.refunds.create(params, o), once=once)
        made = self._as(wire.refund, body, effect=True)
        if (made.payment, made.money) != (payment, money):
            raise malformed("Stripe", "it is another refund than asked for", effect=True)
        return made

    def refunds(self, payment: str) -> tuple[Refund, ...]:
        def found(after: str) -> dict[str, Any]:
            params: stripe.params.RefundListParams = {"payment_intent": _id(payment), "limit": PAGE}
            if after:
                params["starting_after"] = after
            return self._client.read(lambda s: s.v1.refunds.list(params))

        refunds = tuple(self._as(wire.refund, row, effect=False) for row in self._all(found))
        if any(r.payment != payment for r in refunds):
            raise malformed("Stripe", "it lists refunds of another payment", effect=False)
        return refunds

    # Webhooks

    def event(self, body: bytes, signature: str, *, now: datetime) -> Event:
        signatures.check(body, signature, secrets=self._webhook_keys, now=now)
        return wire.event(body)

    def _page(self, params: stripe.params.checkout.SessionCreateParams, once: str) -> Page:
        params["allowed_payment_method_types"] = ["card"]
        body = self._client.change(lambda s, o: s.v1.checkout.sessions.create(params, o), once=once)
        return self._as(wire.page, body, effect=True)

    def _as(self, read: Callable[[Mapping[str, Any]], T], body: Mapping[str, Any], *, effect: bool) -> T:
        try:
            return read(body)
        except wire.Malformed as e:
            raise malformed("Stripe", str(e), effect=effect) from None

    def _same(self, asked: str, found: str) -> None:
        if found != asked:
            raise malformed("Stripe", "it is another one than asked for", effect=False)

    def _all(self, ask: Callable[[str], dict[str, Any]]) -> tuple[Mapping[str, Any], ...]:
        """Every row of a list. Half a list is none: what was looked for may be in the other half."""

        def page(after: str) -> tuple[list[Mapping[str, Any]], str | None]:
            found, next = self._as(wire.rows, ask(after), effect=False)
            return found, next or None

        pages = collect("", page)
        if pages.cut:
            raise Busy(pages.cut, code="malformed")
        return pages.rows


def _id(text: str) -> str:
    if not wire.is_id(text):
        raise Missing(f"{text[:60]!r} is no id of Stripe's.", code="not_found")
    return text
