"""Posting and reversing. Nothing else writes the ledger's tables. Source: reliability P2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from purser.kernel.errors import Missing, Refused
from purser.ledger.models import Account, Entry, Posting

UNIT = "UNIT"


@dataclass(frozen=True)
class Leg:
    """One side of an entry: `account` (name and the thing it is about), and a signed amount in `unit`."""

    account: str
    of: UUID | None
    unit: str
    amount: Decimal


def post(*, kind: str, on: date, source: str, legs: Sequence[Leg], now: datetime, text: str = "") -> Entry:
    """Write one balanced entry in the caller's transaction. A second call with the same `source` returns the first entry."""
    totals: dict[str, Decimal] = {}
    for leg in legs:
        totals[leg.unit] = totals.get(leg.unit, Decimal(0)) + leg.amount
    off = {unit: total for unit, total in totals.items() if total}
    if off or not legs:
        raise Refused(f"The entry {source!r} does not balance: off by {off}.", code="unbalanced")
    entry, new = Entry.objects.get_or_create(source=source, defaults={"kind": kind, "on": on, "made_at": now, "text": text})
    if new:
        _write(entry, legs)
    return entry


def reverse(*, entry_id: UUID, reason: str, now: datetime, on: date) -> Entry:
    """Undo an entry by its mirror image, once. Raises Missing."""
    entry = Entry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise Missing("There is no such entry.")
    mirror, new = Entry.objects.get_or_create(
        reverses=entry,
        defaults={
            "kind": "reversal",
            "on": on,
            "made_at": now,
            "source": f"reversal:{entry.pk}",
            "text": reason,
        },
    )
    if new:
        legs = [
            Leg(p.account.name, p.account.of, p.unit, -p.amount)
            for p in Posting.objects.filter(entry=entry).select_related("account")
        ]
        _write(mirror, legs)
    return mirror


def balance(*, account: str, of: UUID | None, unit: str = UNIT) -> Decimal:
    """The sum of all postings on one account; 0 where nothing was posted."""
    total = Posting.objects.filter(account__name=account, account__of=of, unit=unit).aggregate(total=Sum("amount"))["total"]
    return total if total is not None else Decimal(0)


def _write(entry: Entry, legs: Sequence[Leg]) -> None:
    postings = []
    for leg in legs:
        account, _ = Account.objects.get_or_create(name=leg.account, of=leg.of, unit=leg.unit)
        postings.append(Posting(entry=entry, account=account, unit=leg.unit, amount=leg.amount))
    Posting.objects.bulk_create(postings)
