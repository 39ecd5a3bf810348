"""What must hold of price lists, quotes and papers in one organisation's seat. Source: decision F-1; reliability P8, P42."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta

from purser.billing.buying import offers, packages, quotes
from purser.billing.models import (
    Document,
    DocumentKind,
    PriceList,
    Purchase,
    PurchaseState,
    Quote,
    Refund,
    RefundState,
    Series,
)
from purser.kernel.errors import Refused
from purser.kernel.problem import Problem

SERIES = ("Q-", "R-", "C-", "D-")
LAIN = timedelta(days=1)  # a paper is drawn within minutes, and looked for every hour
_NUMBER = re.compile(r"(?P<series>.+-\d{4})-(?P<count>\d{4,})")


def check(*, now: datetime | None = None) -> Iterator[Problem]:
    """Without `now` nothing is said of papers that are late."""
    yield from _lists()
    yield from _quotes()
    yield from _numbers()
    yield from _documents()
    if now is not None:
        yield from _late(now)


def _lists() -> Iterator[Problem]:
    for row in PriceList.objects.order_by("number"):
        try:
            offers.check(packages.as_offers(packages.rows_of(row)), row.currency)
        except Refused as refusal:
            yield Problem("price_list", f"{row.number}", refusal.text)


def _quotes() -> Iterator[Problem]:
    lists = {row.number: {one.code: one for one in packages.rows_of(row)} for row in PriceList.objects.all()}
    for quote in Quote.objects.order_by("made_at", "pk"):
        lines = quotes.lines_of(quote)
        total, units = sum(line.price * line.count for line in lines), sum(line.units * line.count for line in lines)
        if (total, units) != (quote.total, quote.units):
            told = f"{total:f} for {units} units by its lines, {quote.total:f} for {quote.units} by itself"
            yield Problem("quote_total", quote.number, f"It does not add up: {told}.")
        if quote.price_list not in lists:
            yield Problem("quote_prices", quote.number, f"There is no price list {quote.price_list} that it could be of.")
            continue
        for line in lines:
            sold = lists[quote.price_list].get(line.code)
            if sold is None or (sold.units, sold.unit_price, sold.price) != (line.units, line.unit_price, line.price):
                told = f"{line.units} x {line.unit_price:f} = {line.price:f}"
                yield Problem("quote_prices", quote.number, f"{line.code} at {told} is not of list {quote.price_list}.")


def _numbers() -> Iterator[Problem]:
    """Each series counts from 1 to its last without a gap."""
    given: dict[str, set[int]] = defaultdict(set)
    for number in [*Quote.objects.values_list("number", flat=True), *_of_papers()]:
        if found := _NUMBER.fullmatch(number):
            given[found["series"]].add(int(found["count"]))
    last = dict(Series.objects.values_list("name", "last"))
    for series in sorted(given.keys() | {name for name in last if name.startswith(SERIES)}):
        ours, stands = given[series], last.get(series, 0)
        for count in sorted(ours ^ set(range(1, stands + 1))):
            words = "was never given" if count in ours else "was given to nothing"
            yield Problem("number", f"{series}-{count:04d}", f"The number {words}; the series stands at {stands}.")


def _of_papers() -> Iterator[str]:
    yield from Document.objects.exclude(kind=DocumentKind.QUOTE).values_list("number", flat=True)


def _documents() -> Iterator[Problem]:
    credited = set(Document.objects.filter(kind=DocumentKind.CREDIT).values_list("of", flat=True))
    failed = set(Refund.objects.filter(state=RefundState.FAILED, pk__in=credited).values_list("pk", flat=True))
    settled = {
        DocumentKind.QUOTE: set(Quote.objects.values_list("pk", flat=True)),
        DocumentKind.RECEIPT: set(Purchase.objects.filter(state=PurchaseState.PAID).values_list("pk", flat=True)),
        DocumentKind.CREDIT: failed | set(Refund.objects.filter(state=RefundState.DONE).values_list("pk", flat=True)),
        DocumentKind.DEBIT: failed,
    }
    for row in Document.objects.order_by("made_at", "pk"):
        if hashlib.sha256(bytes(row.file)).hexdigest() != row.digest:
            yield Problem("document", row.number, "The file is not the one that was issued.")
        if row.of not in settled[DocumentKind(row.kind)]:
            yield Problem("document_of", row.number, f"There is nothing settled that this {row.get_kind_display()} is of.")


def _late(now: datetime) -> Iterator[Problem]:
    there = set(Document.objects.values_list("of", flat=True))
    paid = Purchase.objects.filter(state=PurchaseState.PAID, paid_at__lt=now - LAIN).order_by("paid_at")
    for purchase in paid:
        if purchase.pk not in there:
            yield Problem("no_receipt", purchase.number, f"Paid on {purchase.paid_at:%Y-%m-%d}, and there is no receipt.")
    for refund in Refund.objects.filter(state=RefundState.DONE, settled_at__lt=now - LAIN).order_by("settled_at"):
        if refund.pk not in there:
            yield Problem("no_credit", refund.number, f"Done on {refund.settled_at:%Y-%m-%d}, and there is no credit note.")
    notes = Document.objects.values_list("of", flat=True)
    credited, debited = (set(notes.filter(kind=kind)) for kind in (DocumentKind.CREDIT, DocumentKind.DEBIT))
    for refund in Refund.objects.filter(state=RefundState.FAILED, settled_at__lt=now - LAIN).order_by("settled_at"):
        if refund.pk in credited - debited:
            yield Problem("no_debit", refund.number, f"Failed on {refund.settled_at:%Y-%m-%d}, and its credit note stands.")
