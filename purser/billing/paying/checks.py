"""What must hold of purchases and refunds in the seat of one partner. Source: reliability P1, P7, P42."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db.models import Count, Sum

from purser.billing.models import Attempt, AttemptState, Purchase, PurchaseState, QuoteLine, Refund, RefundState
from purser.billing.paying import refunds, settling, states
from purser.kernel.problem import Problem
from purser.ledger import balances
from purser.ledger.entries import Leg
from purser.ledger.models import Entry, Posting

LAIN = timedelta(days=2)  # a provider knows by then what became of it
_SOURCES = {"purchase": "purchase:", "payment": "paid:", "refund": "refund:"}


def check(*, now: datetime | None = None) -> Iterator[Problem]:
    """Without `now` nothing is said of what has lain too long."""
    entries = dict(Entry.objects.filter(kind__in=_SOURCES).values_list("source", "pk"))
    undone = set(Entry.objects.exclude(reverses=None).values_list("reverses_id", flat=True))
    books = _Books(entries, undone)
    yield from _purchases(books)
    yield from _refunds(books)
    for source in sorted(entries.keys() - books.known):
        yield Problem("payment_entry", source, "It stands in the books, and there is no purchase or refund for it.")
    yield from _attempts(now)
    if now is not None:
        yield from _lain(now)


class _Books:
    """The entries of purchases and refunds by their source, and which of them somebody accounts for."""

    def __init__(self, entries: dict[str, UUID], undone: set[UUID]) -> None:
        self._entries, self._undone = entries, undone
        self.known: set[str] = set()

    def compare(self, source: str, legs: list[Leg] | None, what: str, *, reversed_: bool = False) -> Iterator[Problem]:
        """`legs` None: there is no such entry; `reversed_`: if there is one, it stands no more."""
        self.known.add(source)
        id = self._entries.get(source)
        if id is None:
            if legs is not None:
                yield Problem("payment_entry", what, f"There is no entry {source!r} in the books.")
        elif legs is None and not reversed_:
            yield Problem("payment_entry", what, f"The entry {source!r} stands in the books, and must not.")
        elif reversed_ != (id in self._undone):
            yield Problem("payment_entry", what, f"The entry {source!r} is {'not ' if reversed_ else ''}reversed.")
        elif legs is not None and _legs(id) != sorted(_told(leg) for leg in legs):
            yield Problem("payment_entry", what, f"The entry {source!r} has other amounts than it was sold for.")


def _legs(entry: UUID) -> list[tuple[str, str, str, Decimal]]:
    rows = Posting.objects.filter(entry=entry).values_list("account__name", "account__of", "unit", "amount")
    return sorted((name, str(of), unit, amount) for name, of, unit, amount in rows)


def _told(leg: Leg) -> tuple[str, str, str, Decimal]:
    return leg.account, str(leg.of), leg.unit, leg.amount


def _purchases(books: _Books) -> Iterator[Problem]:
    """Paid, and in the books exactly once, as it was quoted; and nothing else is in the books."""
    for row in Purchase.objects.select_related("quote").order_by("made_at", "id"):
        paid = row.state == PurchaseState.PAID
        for _, source, legs in settling.drafts(row):
            yield from books.compare(source, legs if paid else None, row.number)
        quote = row.quote
        if (row.total, row.units, row.currency) != (quote.total, quote.units, quote.currency):
            told = f"{row.total} for {row.units} units; quoted were {quote.total} for {quote.units}"
            yield Problem("purchase_quote", row.number, f"{told}.")
        lines = QuoteLine.objects.filter(quote=quote)
        if (found := sum((line.price * line.count for line in lines), Decimal(0))) != quote.total:
            yield Problem("quote_total", quote.number, f"Its lines are {found} together, and not {quote.total}.")
    named = Purchase.objects.exclude(payment="").order_by("payment").values("payment").annotate(times=Count("id"))
    for payment in named.filter(times__gt=1).values_list("payment", flat=True):
        yield Problem("payment_twice", payment, "Two purchases name it.")


def _refunds(books: _Books) -> Iterator[Problem]:
    """Each in the books as far as it went, and all together no more than was paid."""
    for made in Refund.objects.select_related("purchase").order_by("made_at", "id"):
        failed, done = made.state == RefundState.FAILED, made.state == RefundState.DONE
        begun = refunds.intended(made, made.purchase, on=made.made_at.date())
        ended = refunds.repaid(made, made.purchase, on=made.made_at.date())
        yield from books.compare(begun.source, list(begun.legs), made.number, reversed_=failed)
        yield from books.compare(ended.source, list(ended.legs) if done else None, made.number, reversed_=failed)
        if made.purchase.state != PurchaseState.PAID:
            yield Problem("refund_unpaid", made.number, f"{made.purchase.number} is {made.purchase.state}.")
    stand = Refund.objects.exclude(state=RefundState.FAILED).order_by()
    for row in stand.values("purchase__number", "purchase__total", "purchase__units").annotate(m=Sum("money"), u=Sum("units")):
        if row["m"] > row["purchase__total"] or row["u"] > row["purchase__units"]:
            told = f"{row['m']} of {row['purchase__total']}, {row['u']} of {row['purchase__units']} units"
            yield Problem("refund_over", row["purchase__number"], f"More was given back than paid: {told}.")


def _attempts(now: datetime | None) -> Iterator[Problem]:
    """Numbered from 1 without a gap; at most one was paid; none is open on what is settled."""
    for row in Purchase.objects.order_by("made_at", "id"):
        every = list(Attempt.objects.filter(purchase=row).order_by("number"))
        if [one.number for one in every] != list(range(1, row.tries + 1)):
            yield Problem("attempts", row.number, f"Attempts {[one.number for one in every]}, and {row.tries} were made.")
        paid = [one for one in every if one.state == AttemptState.PAID]
        if len(paid) > 1 or (paid and (row.state != PurchaseState.PAID or paid[0].payment != row.payment)):
            yield Problem("attempt_paid", row.number, f"{len(paid)} attempts are paid, and the purchase is {row.state}.")
        hanging = [one for one in every if one.settled_at is None]
        if hanging and row.state not in states.UNDER_WAY:
            yield Problem("attempt_open", row.number, f"Attempt {hanging[0].number} has no outcome, and it is {row.state}.")


def _lain(now: datetime) -> Iterator[Problem]:
    for row in Purchase.objects.filter(state__in=states.UNDER_WAY, made_at__lt=now - LAIN).order_by("made_at", "id"):
        yield Problem("payment_open", row.number, f"It is {row.state} since {row.made_at:%Y-%m-%d}.")
    under_way = (RefundState.INTENDED, RefundState.UNSURE)
    for made in Refund.objects.filter(state__in=under_way, made_at__lt=now - LAIN).order_by("made_at", "id"):
        yield Problem("refund_open", made.number, f"It is {made.state} since {made.made_at:%Y-%m-%d}.")
    for one in balances.unsettled(before=(now - LAIN).date()):
        if one.account == "card":
            yield Problem("card_clearing", str(one.of), f"{one.amount} {one.unit} are on their way since {one.since}.")
