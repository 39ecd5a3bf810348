"""Payment: a partner's card, purchases and automatic purchase; the operator's provider, and refunds.

The purchases themselves are lists that the portal shows too (shared.py).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from purser.access.actors import Actor
from purser.api.doors import Routes
from purser.api.schemas import payments as out
from purser.billing.buying import quotes
from purser.billing.paying import automatic, cards, overview, provider, purchases, refunds, visits
from purser.connectors.ports.payment import Payments
from purser.flows import ports
from purser.postgres import tenancy

routes = Routes("Payments")


def _payments(actor: Actor) -> Payments:
    return ports.payments(provider.over(actor.tenant))


@routes.get("/card", "billing.read", answers=out.CardOnFile)
def card(actor: Actor, now: datetime) -> out.CardOnFile:
    """The card on file: its token, brand, last four digits and expiry, which is all that is known of it"""
    return out.card(purchases.card_on_file())


@routes.post("/card/page", "billing.card", answers=out.ProviderPage, seat=False)
def card_page(actor: Actor, now: datetime) -> out.ProviderPage:
    """A page of the payment provider's, to send a browser to: a card is typed there and nowhere else

    A sensitive call: only within five minutes after the password was entered, so not with a token.
    """
    return out.ProviderPage(url=visits.to_store_a_card(actor, _payments(actor), now=now).url)


@routes.delete("/card", "billing.card")
def remove_card(actor: Actor, now: datetime) -> None:
    """Take the card off file; automatic purchase is switched off with it

    A sensitive call, as above.
    """
    cards.remove(actor, now=now)


@routes.post("/purchases", "packages.buy", answers=out.PlacedPurchase, status=201, seat=False)
def buy(actor: Actor, now: datetime, body: out.PlacePurchase) -> out.PlacedPurchase:
    """Buy what a quote names with the card on file

    The card is charged by a worker: ask for the purchase until it is paid, declined, or waits for the card's holder. A quote
    that expired, or is of an older price list, is refused with 409, and a new one is there.
    """
    return out.purchase(purchases.place(actor, body.quote, key=body.key, now=now))


@routes.get("/purchases/{uuid:purchase}", "billing.read", answers=out.WholePurchase)
def purchase(actor: Actor, now: datetime, purchase: UUID) -> out.WholePurchase:
    """One purchase, with each attempt to charge and what was given back"""
    row = purchases.one(purchase)
    return out.whole(row, quotes.lines_of(row.quote), purchases.attempts_of(row), purchases.refunds_of(row))


@routes.post("/purchases/{uuid:purchase}/retry", "packages.buy", answers=out.PlacedPurchase)
def retry(actor: Actor, now: datetime, purchase: UUID) -> out.PlacedPurchase:
    """Ask the card on file again, after a decline"""
    return out.purchase(purchases.retry(actor, purchase, now=now))


@routes.post("/purchases/{uuid:purchase}/cancel", "packages.buy", answers=out.PlacedPurchase, seat=False)
def cancel(actor: Actor, now: datetime, purchase: UUID) -> out.PlacedPurchase:
    """Give up a purchase that is not being charged"""
    row = visits.give_up(actor, purchase, lambda: _payments(actor), now=now)
    with tenancy.acting_in(actor.tenant):
        return out.purchase(row)


@routes.post("/purchases/{uuid:purchase}/page", "packages.buy", answers=out.ProviderPage, seat=False)
def pay_page(actor: Actor, now: datetime, purchase: UUID) -> out.ProviderPage:
    """A page of the payment provider's where a purchase that waits for its card's holder is paid"""
    return out.ProviderPage(url=visits.to_pay(actor, _payments(actor), purchase=purchase, now=now).url)


@routes.get("/automatic-purchase", "billing.read", answers=out.AutomaticPurchase)
def standing(actor: Actor, now: datetime) -> out.AutomaticPurchase:
    """Whether packages are bought when the balance is below 0, and up to what a day"""
    return out.standing(automatic.standing(now))


@routes.put("/automatic-purchase", "billing.automate", answers=out.AutomaticPurchase)
def switch(actor: Actor, now: datetime, body: out.SwitchAutomatic) -> out.AutomaticPurchase:
    """Switch automatic purchase on or off, and set its daily cap

    On needs a card on file and a cap. A sensitive call, as above.
    """
    automatic.switch(actor, on=body.on, cap=body.cap, version=body.version, now=now)
    return out.standing(automatic.standing(now))


@routes.get("/payment-provider", "operator.payments.configure", answers=out.PaymentProvider)
def held(actor: Actor, now: datetime) -> out.PaymentProvider:
    """The account at the payment provider, and which of its keys are kept

    A sensitive call, as above.
    """
    return out.held(provider.own())


@routes.put("/payment-provider", "operator.payments.configure", answers=out.PaymentProvider)
def configure(actor: Actor, now: datetime, body: out.ConfigureProvider) -> out.PaymentProvider:
    """Set up the account at the payment provider

    A sensitive call, as above.
    """
    provider.configure(actor, out.settings(body), admit=ports.payments, now=now)
    return out.held(provider.own())


@routes.post("/payment-provider/test", "operator.payments.configure", answers=out.ProviderAnswer, seat=False)
def test(actor: Actor, now: datetime) -> out.ProviderAnswer:
    """Ask the payment provider whether the key is good, and whether it moves real money

    A sensitive call, as above.
    """
    told = provider.test(actor, ports.payments, now=now)
    return out.ProviderAnswer(ok=told.ok, text=told.text, code=told.code)


@routes.get("/payments/{uuid:partner}/{uuid:purchase}", "operator.prices.read", answers=out.PartnerPurchase, seat=False)
def theirs(actor: Actor, now: datetime, partner: UUID, purchase: UUID) -> out.PartnerPurchase:
    """A partner's purchase, and what was given back of it"""
    return out.theirs(overview.of_partner(actor.tenant, partner, purchase))


@routes.post(
    "/payments/{uuid:partner}/{uuid:purchase}/refunds",
    "operator.payments.refund",
    answers=out.RefundMade,
    status=201,
    seat=False,
)
def refund(actor: Actor, now: datetime, partner: UUID, purchase: UUID, body: out.GiveBack) -> out.RefundMade:
    """Give back money of a paid purchase, and take its units back from the balance

    The money is what those units cost. A sensitive call, as above.
    """
    made = refunds.ask(actor, partner, purchase, units=body.units, reason=body.reason, key=body.key, now=now)
    return out.refund(made)
