"""Placing a purchase, trying it again, giving it up. Run in the partner's seat; the provider is asked in jobs (attempts.py).

What is charged is what the quote says, and nothing that anybody sends along. Source: acceptance CS-61, CS-62, CS-66;
reliability P8.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from purser.access import acts
from purser.access.actors import Actor
from purser.billing.buying import basket, numbers, profile, quotes
from purser.billing.models import Attempt, Card, Purchase, PurchaseState, Quote, Refund, Visit, VisitState
from purser.billing.paying import states
from purser.kernel.errors import Missing, Refused
from purser.ledger import balances, chart
from purser.postgres import queue, tenancy
from purser.tenants import organisations

SOON = timedelta(minutes=1)  # until the periodic job looks, should the one deferred here be lost


class Stale(Refused):
    """The quote no longer holds. `quote` is a new one for the same packages, at the prices of now; None where they are not
    sold any more. Source: reliability P8.
    """

    def __init__(self, why: Refused, quote: Quote | None = None) -> None:
        told = f" A new quote is {quote.number}: {quote.total:f} {quote.currency}." if quote else ""
        super().__init__(f"{why.text}{told}", code=why.code, hint="Look at the new quote, then buy." if quote else why.hint)
        self.why = why
        self.quote = quote


def one(id: UUID) -> Purchase:
    """Raises Missing."""
    row: Purchase | None = Purchase.objects.select_related("card", "quote").filter(pk=id).first()
    if row is None:
        raise Missing("There is no such purchase.")
    return row


def open_one(*, locked: bool = False) -> Purchase | None:
    """The purchase that is not paid and not given up, of which there is one at most. Hold the balance before locking it."""
    rows = Purchase.objects.filter(state__in=[state.value for state in states.OPEN])
    found: Purchase | None = (rows.select_for_update() if locked else rows).first()
    return found


def attempts_of(row: Purchase) -> list[Attempt]:
    return list(Attempt.objects.filter(purchase=row).order_by("number"))


def refunds_of(row: Purchase) -> list[Refund]:
    return list(Refund.objects.filter(purchase=row).order_by("made_at", "id"))


def visits_of(row: Purchase) -> list[Visit]:
    return list(Visit.objects.filter(purchase=row).order_by("opened_at", "id"))


def hold() -> int:
    """The balance of units, for a decision that is taken once: whoever else buys or charges waits until this transaction
    ends. Source: reliability P7.
    """
    return int(balances.hold(account="balance", of=None, unit=chart.DSU))


def balance() -> int:
    """What the partner may still use; below 0 it owes."""
    return int(balances.balance(account="balance", of=None, unit=chart.DSU))


def card_on_file() -> Card | None:
    found: Card | None = Card.objects.filter(removed_at=None).first()
    return found


def place(actor: Actor, quote: UUID, *, key: UUID, now: datetime) -> Purchase:
    """Buy what a quote names with the card on file. Pressed twice, in two tabs, or sent again after a time-out, it is one
    purchase: the same key, or the same quote, gives the one that is there. Takes the partner's seat.

    Raises Missing for the quote; Stale, and the new quote is there; Refused: "key" (it was of another quote), "card" (none on
    file), "profile" (nobody to bill), "open" (another is not finished).
    """
    try:
        with tenancy.acting_in(actor.tenant):
            return _place(actor, quote, key=key, now=now)
    except Stale as stale:
        why = stale.why
    with tenancy.acting_in(actor.tenant):
        made = _anew(actor, quotes.of(quote), now=now)
    raise Stale(why, made)


def _place(actor: Actor, quote_id: UUID, *, key: UUID, now: datetime) -> Purchase:
    hold()
    if (made := Purchase.objects.filter(key=key).first()) is not None:
        if made.quote_id != quote_id:
            raise Refused(f"This form was sent before, for {made.number}.", code="key", hint="Open the quote again.")
        return made
    quote = quotes.of(quote_id)
    made = Purchase.objects.filter(quote=quote).exclude(state=PurchaseState.CANCELLED).first()
    if made is not None:
        return made
    if (why := quotes.still_good(quote, now)) is not None:
        raise Stale(why)
    card = card_on_file()
    if card is None:
        raise Refused("There is no card on file.", code="card", hint="Store a card first.")
    profile.needed()
    if quote.billed_to != profile.snapshot():
        raise Stale(Refused(f"Quote {quote.number} is billed as you were then.", code="billed", hint="Get a new one."))
    _clear_the_way(actor, now)
    row = new(quote, card=card, key=key, cause="hand", made_by_name=actor.name, now=now)
    after = {"number": row.number, "quote": quote.number, "total": row.total, "currency": row.currency, "units": row.units}
    acts.record(actor, "packages.buy", summary=f"Purchase {row.number}", of=("purchase", row.pk), after=after, now=now)
    basket.bought(actor, quotes.counts_of(quote))
    return begin(row)


def _anew(actor: Actor, quote: Quote, *, now: datetime) -> Quote | None:
    try:
        with transaction.atomic():
            return quotes.ask(actor, quotes.counts_of(quote), now=now)
    except Refused:
        return None


def _clear_the_way(actor: Actor, now: datetime) -> None:
    """A declined purchase makes room for another; one that is under way, or waits for its holder, does not."""
    other = open_one(locked=True)
    if other is None:
        return
    if other.state != PurchaseState.DECLINED:
        words = states.SIGNS[other.state].words
        raise Refused(
            f"Purchase {other.number} is not finished ({words.lower()}).", code="open", hint="Finish or cancel it first."
        )
    acts.record(actor, "packages.buy", summary=f"{other.number} makes room", of=("purchase", other.pk), now=now)
    text = f"{other.text} Another purchase took its place.".strip()[:500]
    states.step(other, PurchaseState.CANCELLED, next_at=None, text=text)


def new(quote: Quote, *, card: Card, key: UUID, cause: str, made_by_name: str, now: datetime) -> Purchase:
    """The row, not kept yet: an act comes before it."""
    return Purchase(
        number=numbers.next("P", now), key=key, quote=quote, cause=cause, card=card, currency=quote.currency,
        on=organisations.today(organisation=organisations.own(), now=now),
        total=quote.total, units=quote.units, next_at=now + SOON, made_at=now, made_by_name=made_by_name,
    )  # fmt: skip


def begin(row: Purchase) -> Purchase:
    row.save(force_insert=True)
    ask(row)
    return row


def ask(row: Purchase) -> None:
    """Have a worker take a turn at it, once for however many ask."""
    queue.defer("purser.pay", lock=f"pay:{row.pk}", merge=True, tenant=str(row.tenant_id), purchase=str(row.pk))


def _locked(id: UUID) -> Purchase:
    row: Purchase | None = Purchase.objects.select_for_update().filter(pk=id).first()
    if row is None:
        raise Missing("There is no such purchase.")
    return row


def retry(actor: Actor, id: UUID, *, now: datetime) -> Purchase:
    """Ask the card on file again, after a decline. Raises Missing; Refused: "state", "card"."""
    row = _locked(id)
    if row.state != PurchaseState.DECLINED:
        raise Refused(f"{row.number} is not declined.", code="state", hint="Reload the page.")
    if card_on_file() is None:
        raise Refused("There is no card on file.", code="card", hint="Store a card first.")
    acts.record(actor, "packages.buy", summary=f"Tried {row.number} again", of=("purchase", row.pk), now=now)
    states.keep(row, next_at=now)
    ask(row)
    return row


def cancel(actor: Actor, id: UUID, *, now: datetime) -> Purchase:
    """Give up a purchase on which no money is on its way. Its pages at the provider must be closed before (visits.close_each).

    Raises Missing; Refused(code="state").
    """
    row = _locked(id)
    if row.state in states.UNDER_WAY:
        raise Refused(f"{row.number} is being charged, and cannot be cancelled.", code="state", hint="Wait for the answer.")
    if Visit.objects.filter(purchase=row, state=VisitState.OPEN).exists():
        raise Refused(f"A page to pay {row.number} was opened meanwhile.", code="state", hint="Try again.")
    acts.record(actor, "packages.buy", summary=f"Cancelled {row.number}", of=("purchase", row.pk), now=now)
    states.step(row, PurchaseState.CANCELLED, next_at=None)
    return row


def pass_on(tenant: UUID, id: UUID) -> None:
    """From outside any seat: have a worker look at a purchase; nothing where there is none."""
    with tenancy.acting_in(tenant):
        row = Purchase.objects.filter(pk=id).first()
        if row is not None:
            ask(row)
