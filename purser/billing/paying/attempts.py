"""Charging the card: one turn at a purchase, by a worker. The intention is committed before the call, the outcome after it.

Each attempt has a key of its own at the provider. After an answer that was lost, the provider is asked what became of it
before anything is sent again, and then it is the same key: so a card is charged once. A card that asks for its holder waits
for them, with a page to pay on; it is never tried again by itself. Source: reliability P1, P7, P9; acceptance CS-62, CS-66.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db import connection

from purser.access import acts
from purser.billing.models import Attempt, AttemptState, Card, Purchase, PurchaseState, Visit, VisitState
from purser.billing.paying import automatic, purchases, settling, states, told, visits
from purser.connectors.ports.payment import Decline, Declined, Payment, Payments, matching
from purser.kernel import points
from purser.kernel.errors import Busy, Failure, Missing, Refused, Unsure
from purser.kernel.money import Money
from purser.postgres import locks, tenancy

Clock = Callable[[], datetime]
LOOK_AGAIN = timedelta(minutes=1)
LONGEST_LOOK = timedelta(minutes=30)
NOT_THE_CARD = frozenset({"credentials", "permission", "address"})  # refusals of the operator's account
SAME_KEY = timedelta(hours=23)  # a provider knows a key for a day
ANSWERED = timedelta(hours=1)  # a failure that did arrive says that nothing is still on its way
# After the first, second and third refusal that may pass; then daily. Source: acceptance CS-66.
BACK_OFF = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))


@contextmanager
def alone(tenant: UUID) -> Iterator[None]:
    """Only one process asks the provider for money of a tenant, or gives it back. Raises Busy."""
    with locks.hold(connection, f"payment:{tenant}") as mine:
        if not mine:
            raise Busy("Another process is at this tenant's payments.", code="held", retry_after=timedelta(seconds=5))
        yield


@dataclass(frozen=True)
class Turn:
    """An attempt whose row is committed. `fresh`: in this turn, so that nothing can have been sent for it yet."""

    purchase: UUID
    attempt: UUID
    once: str
    payer: str
    card: str
    money: Money
    reference: str
    title: str
    since: datetime
    payment: str
    code: str
    fresh: bool


@dataclass(frozen=True)
class Answer:
    """What became of an attempt. "later": nothing is known, or nothing was sent; look again at `again`."""

    kind: Literal["paid", "pending", "declined", "refused", "unsure", "later"]
    payment: str = ""
    decline: Decline | None = None
    failure: Failure | None = field(default=None)


def carry(tenant: UUID, purchase: UUID, payments: Payments, *, clock: Clock) -> str:
    """Take a purchase as far as it goes now; its state afterwards. Takes its seats, and leaves them for each call. May be
    called again at any time. Raises Missing; Busy while another process is at it.
    """
    with alone(tenant):
        with tenancy.acting_in(tenant):
            row = purchases.one(purchase)
        if row.state == PurchaseState.WAITS:
            visits.look_each(tenant, purchase, payments, now=clock())
            if not _changes_card(tenant, purchase, now=clock()):
                return _state(tenant, purchase)
            visits.close_each(tenant, purchase, payments, now=clock())
        points.reach("pay:before-intend")
        turn = _begin(tenant, purchase, now=clock())
        points.reach("pay:intended")
        if turn is not None:
            answer = _asked(turn, payments, now=clock())
            points.reach("pay:answered")
            _settle(tenant, turn, answer, now=clock())
            points.reach("pay:settled")
        return _state(tenant, purchase)


def _state(tenant: UUID, purchase: UUID) -> str:
    with tenancy.acting_in(tenant):
        return str(purchases.one(purchase).state)


def _changes_card(tenant: UUID, purchase: UUID, *, now: datetime) -> bool:
    """Whether a purchase that waits for its card's holder goes on by another card; if not, it is looked at again later."""
    with tenancy.acting_in(tenant):
        row = Purchase.objects.select_for_update().get(pk=purchase)
        if row.state != PurchaseState.WAITS:
            return False
        card = purchases.card_on_file()
        if card is not None and card.pk != row.card_id:
            return True
        states.keep(row, next_at=now + LONGEST_LOOK)
        return False


def _begin(tenant: UUID, purchase: UUID, *, now: datetime) -> Turn | None:
    """The attempt that is under way, or a new one where it is time; None where there is nothing to do."""
    with tenancy.acting_in(tenant):
        purchases.hold()  # before the row, as everywhere
        row = Purchase.objects.select_for_update().filter(pk=purchase).first()
        if row is None:
            raise Missing("There is no such purchase.")
        if row.state in states.UNDER_WAY:
            last = Attempt.objects.select_related("purchase__card").filter(purchase=row).order_by("-number")[0]
            return _turn(row, last, fresh=False)
        due = row.state == PurchaseState.DECLINED and row.next_at is not None and row.next_at <= now
        if row.state not in (PurchaseState.BEGUN, PurchaseState.WAITS) and not due:
            return None
        if row.state == PurchaseState.WAITS and Visit.objects.filter(purchase=row, state=VisitState.OPEN).exists():
            return None  # somebody may be paying on that page at this moment
        return _intend(row, now)


def _intend(row: Purchase, now: datetime) -> Turn | None:
    card = purchases.card_on_file()
    if card is None:
        if row.state == PurchaseState.DECLINED:
            states.keep(row, next_at=None)
        else:
            _fall(row, "card", "There is no card on file any more.", next_at=None, now=now)
        return None
    if row.cause == "auto" and (why := automatic.forbids(row, now=now)) is not None:
        automatic.hold_back(row, why, now=now)
        return None
    number = row.tries + 1
    made = Attempt.objects.create(purchase=row, number=number, once=f"purser-{row.pk}-{number}", intended_at=now)
    row.card = card
    states.step(row, PurchaseState.CHARGING, card=card, tries=number, next_at=now + LOOK_AGAIN, code="", text="")
    return _turn(row, made, fresh=True)


def _turn(row: Purchase, attempt: Attempt, *, fresh: bool) -> Turn:
    assert row.card_id is not None  # set with the attempt
    card = Card.objects.get(pk=row.card_id)
    return Turn(
        row.pk, attempt.pk, attempt.once, card.payer, card.token, Money(row.total, row.currency), settling.reference(row),
        f"{row.units} daily units, {row.number}", attempt.intended_at, attempt.payment, attempt.code, fresh,
    )  # fmt: skip


# Asking, outside of any seat


def _asked(turn: Turn, payments: Payments, *, now: datetime) -> Answer:
    if not turn.fresh:
        try:
            found = payments.payment(turn.payment) if turn.payment else _found(turn, payments)
        except Missing as failure:
            if turn.payment:
                return Answer("later", failure=failure)
            found = None  # the provider does not know the payer, so it has no payment of theirs
        except Failure as failure:
            return Answer("later", failure=failure)
        if found is not None:
            return _read(found, turn)
        if now - turn.since > (ANSWERED if turn.code == "server" else SAME_KEY):
            told = f"No answer came, and the provider knows of no payment since {turn.since:%Y-%m-%d %H:%M} UTC."
            return Answer("refused", failure=Refused(told, code="no_payment"))
    try:
        return _read(
            payments.charge(
                turn.payer, turn.card, turn.money, reference=turn.reference, once=turn.once, title=turn.title
            ),
            turn,
        )  # fmt: skip
    except Declined as no:
        return Answer("declined", no.payment, no.decline)
    except Busy as failure:
        return Answer("later", failure=failure)
    except Unsure as failure:
        return Answer("unsure", failure=failure)
    except (Refused, Missing) as failure:
        if failure.code in NOT_THE_CARD:
            return Answer("later", failure=failure)  # nothing was done; the operator sets it right, and it goes on
        # the key was used for other words: by us, before, and what became of that is not known
        return Answer("unsure" if failure.code == "idempotency" else "refused", failure=failure)


def _found(turn: Turn, payments: Payments) -> Payment | None:
    """What became of the attempt, by its key; or a payment of this purchase that went through by whatever way."""
    every = payments.find(turn.payer, reference=turn.reference, since=turn.since)
    return matching(every, turn.once) or next((one for one in every if one.state == "paid"), None)


def _read(payment: Payment, turn: Turn) -> Answer:
    if payment.money != turn.money or payment.reference != turn.reference:
        told = f"The provider's payment {payment.id} is of {payment.money}, and not of {turn.money} for this purchase."
        return Answer("later", failure=Unsure(told, code="mismatch"))
    if payment.state == "paid":
        return Answer("paid", payment.id)
    if payment.state == "pending":
        return Answer("pending", payment.id)
    if payment.state == "declined" and payment.decline is not None:
        return Answer("declined", payment.id, payment.decline)
    if payment.state == "open":
        held = Decline("authentication_required", "authentication_required", "The card's holder has to confirm the payment.")
        return Answer("declined", payment.id, held)
    return Answer("declined", payment.id, Decline("soft", payment.state, "The payment was ended at the provider."))


# Settling


def _settle(tenant: UUID, turn: Turn, answer: Answer, *, now: datetime) -> None:
    with tenancy.acting_in(tenant):
        row = Purchase.objects.select_for_update().get(pk=turn.purchase)
        attempt = Attempt.objects.select_for_update().get(pk=turn.attempt)
        if row.state not in states.UNDER_WAY:
            return  # somebody else learned of it first
        if answer.kind == "later":
            _look_later(row, answer.failure, turn.since, now)
        elif answer.kind == "paid":
            _note(attempt, AttemptState.PAID, answer, now)
            settling.paid(row, answer.payment, now=now)
        elif answer.kind == "pending":
            _note(attempt, AttemptState.PENDING, answer, None)
            _open_still(row, PurchaseState.CHARGING, now + timedelta(minutes=5), payment=answer.payment)
        elif answer.kind == "unsure":
            _note(attempt, AttemptState.UNSURE, answer, None)
            _open_still(row, PurchaseState.UNSURE, now + LOOK_AGAIN, text=_text(answer))
        else:
            _note(attempt, AttemptState.DECLINED if answer.decline else AttemptState.REFUSED, answer, now)
            _refused(row, answer, now)


def _note(attempt: Attempt, state: AttemptState, answer: Answer, settled_at: datetime | None) -> None:
    attempt.state, attempt.settled_at = state, settled_at
    attempt.payment = answer.payment or attempt.payment
    attempt.code, attempt.text = _code(answer), _text(answer)
    attempt.save(update_fields=["state", "settled_at", "payment", "code", "text"])


def _open_still(row: Purchase, to: PurchaseState, next_at: datetime, **more: str) -> None:
    if row.state == to:
        states.keep(row, next_at=next_at, **more)
    else:
        states.step(row, to, next_at=next_at, **more)


def _look_later(row: Purchase, failure: Failure | None, since: datetime, now: datetime) -> None:
    """Less and less often: after as long again as it has lain."""
    wait = failure.retry_after if isinstance(failure, Busy) and failure.retry_after else LOOK_AGAIN
    next_at = now + min(max(wait, now - since), LONGEST_LOOK)
    states.keep(row, next_at=next_at, text=failure.text[:500] if failure else "")


def _refused(row: Purchase, answer: Answer, now: datetime) -> None:
    code, text = _code(answer), _text(answer)
    if answer.decline is not None and answer.decline.kind == "authentication_required":
        _act(row, "Waits for the card's holder", PurchaseState.WAITS, text, now)
        states.step(row, PurchaseState.WAITS, next_at=now + LONGEST_LOOK, code=code, text=text)
        told.of_purchase(
            "purchase_waits", row, subject=f"Confirm the payment of {row.total:f} {row.currency}",
            lines=[f"The card on file asks its holder to confirm purchase {row.number}.",
                   "Open the page below and pay there. Until then nothing is charged, and the service goes on."],
            contact=True, now=now,
        )  # fmt: skip
        return
    hard = isinstance(answer.failure, Missing) or (answer.decline is not None and answer.decline.kind == "hard")
    again = None if hard or row.cause != "auto" else now + BACK_OFF[min(row.tries, len(BACK_OFF)) - 1]
    _fall(row, code, text, next_at=again, now=now)


def _fall(row: Purchase, code: str, text: str, *, next_at: datetime | None, now: datetime) -> None:
    """Declined: nothing is credited, and the reason is told."""
    _act(row, "Declined", PurchaseState.DECLINED, text, now)
    states.step(row, PurchaseState.DECLINED, next_at=next_at, code=code, text=text)
    then = f"It is tried again on {next_at:%Y-%m-%d %H:%M} UTC." if next_at else "Store another card, or try again."
    told.of_purchase(
        "purchase_declined", row, subject=f"The card was declined: {row.total:f} {row.currency}",
        lines=[f"Purchase {row.number}: {text}", then, f"The balance is {purchases.balance():,} units.", GOES_ON],
        contact=True, now=now,
    )  # fmt: skip


GOES_ON = "No customer loses its service by this."


def _act(row: Purchase, what: str, to: PurchaseState, text: str, now: datetime) -> None:
    acts.record(
        settling.worker(), "packages.buy", summary=f"{what}: {row.number}. {text}", of=("purchase", row.pk),
        before={"state": row.state}, after={"state": to.value}, now=now,
    )  # fmt: skip


def _code(answer: Answer) -> str:
    if answer.decline is not None:
        return answer.decline.code[:60]
    return answer.failure.code[:60] if answer.failure else ""


def _text(answer: Answer) -> str:
    if answer.decline is not None:
        return answer.decline.text[:500]
    return answer.failure.text[:500] if answer.failure else ""
