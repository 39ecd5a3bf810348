"""Posting and reversing. Nothing else writes the ledger's tables. Source: reliability P2."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, Sum

from purser.kernel.errors import Missing, Refused
from purser.ledger import assertions, chart, seal, writing
from purser.ledger.balances import balance as balance
from purser.ledger.chart import UNIT as UNIT
from purser.ledger.models import Entry, Posting
from purser.ledger.seal import Leg as Leg
from purser.ledger.writing import Sealed
from purser.postgres import ids

REVERSAL = "reversal"
MOST_LEGS = 1_000
BATCH = 5_000
_LONGEST = {"kind": 30, "source": 120, "text": 300}


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to be made. `source` names its cause: what is posted twice under one source is posted once."""

    kind: str
    on: date
    source: str
    legs: Sequence[Leg]
    text: str = ""


def post(*, kind: str, on: date, source: str, legs: Sequence[Leg], now: datetime, text: str = "") -> Entry:
    """Write one balanced entry in the caller's transaction; see post_all."""
    (id,) = post_all([Draft(kind, on, source, legs, text)], now=now)
    return Entry.objects.get(pk=id)


def post_all(drafts: Iterable[Draft], *, now: datetime) -> list[UUID]:
    """Write balanced entries in the caller's transaction, all or none; their ids in the order given.

    A second call with the same source gives the first entry; one that says something else under it is Refused, code
    "source". Refused too: "unbalanced", what the chart does not allow ("account", "unit", "amount"), what is longer than
    its column ("text"), and a date up to which a balance was asserted ("asserted").
    """
    drafts = list(drafts)
    rows = [_sealed(draft, id) for draft, id in zip(drafts, ids.many(len(drafts)), strict=True)]
    with transaction.atomic():
        return _write(rows, now=now)


@dataclass(frozen=True, slots=True)
class Standing:
    """An entry that none has reversed, and what it moved on one account."""

    id: UUID
    source: str
    on: date
    amount: Decimal


def of_source(source: str) -> UUID | None:
    """The entry that was posted under this source, reversed or not; None where nothing was."""
    id: UUID | None = Entry.objects.filter(source=source).values_list("pk", flat=True).first()
    return id


def standing(*, account: str, unit: str, sources: Collection[str] | None = None, kind: str = "") -> list[Standing]:
    """The entries that stand, by source: those of these sources, or all of a kind. The account is of None."""
    rows = Posting.objects.filter(account__name=account, account__of=None, account__unit=unit)
    rows = rows.filter(entry__kind=kind) if sources is None else rows.filter(entry__source__in=sources)
    rows = rows.exclude(Exists(Entry.objects.filter(reverses=OuterRef("entry"))))
    summed = rows.values_list("entry", "entry__source", "entry__on").annotate(amount=Sum("amount"))
    return [Standing(*row) for row in summed.order_by("entry__source")]


def reverse(*, entry_id: UUID, reason: str, now: datetime, on: date) -> Entry:
    """Undo an entry by its mirror image, once: a second call gives the first mirror, whatever its reason.

    Raises Missing, and Refused: without a reason ("reason"), for a reversal, or before the entry's own date ("reversal").
    """
    entry = Entry.objects.filter(pk=entry_id).first()
    if entry is None:
        raise Missing("There is no such entry.")
    if not reason.strip():
        raise Refused(f"Why is the entry {entry.source!r} reversed? A reversal says so.", code="reason")
    if entry.reverses_id is not None:
        raise Refused(
            f"The entry {entry.source!r} is a reversal itself, and is not reversed.",
            code="reversal",
            hint="Post what is right under a source of its own.",
        )
    if on < entry.on:
        raise Refused(f"The entry {entry.source!r} is of {entry.on}; it cannot be reversed on {on}.", code="reversal")
    if (mirror := Entry.objects.filter(reverses=entry).first()) is not None:
        return mirror
    postings = Posting.objects.filter(entry=entry).select_related("account").order_by("pk")
    legs = [Leg(p.account.name, p.account.of, p.unit, -p.amount) for p in postings]
    sealed = _seal(Draft(REVERSAL, on, f"reversal:{entry.pk}", legs, reason.strip()), ids.new(), reverses=entry.pk)
    with transaction.atomic():
        if writing.entries([sealed], now=now):
            _legs([sealed])
    return Entry.objects.get(reverses=entry)


def _sealed(draft: Draft, id: UUID) -> Sealed:
    for name, most in _LONGEST.items():
        said = getattr(draft, name)
        if len(said) > most or not (said or name == "text"):
            raise Refused(f"An entry's {name} has 1 to {most} letters; {said[:40]!r} has {len(said)}.", code="text")
    if draft.kind == REVERSAL:
        raise Refused("A reversal is made by reversing an entry.", code="reversal")
    if len(draft.legs) > MOST_LEGS:
        raise Refused(f"The entry {draft.source!r} has {len(draft.legs)} legs, more than {MOST_LEGS}.", code="unbalanced")
    totals: dict[str, Decimal] = {}
    for leg in draft.legs:
        chart.check(account=leg.account, unit=leg.unit, amount=leg.amount)
        totals[leg.unit] = totals.get(leg.unit, Decimal(0)) + leg.amount
    if any(totals.values()) or not totals:
        off = ", ".join(f"{total:f} {unit}" for unit, total in totals.items() if total) or "nothing, as it has no legs"
        raise Refused(f"The entry {draft.source!r} does not balance: off by {off}.", code="unbalanced")
    return _seal(draft, id)


def _seal(draft: Draft, id: UUID, reverses: UUID | None = None) -> Sealed:
    told = seal.of(
        kind=draft.kind, on=draft.on, source=draft.source, text=draft.text, reverses=reverses, legs=draft.legs
    )  # fmt: skip
    return Sealed(id, draft.kind, draft.on, draft.source, draft.text, reverses, told, draft.legs)


def _write(rows: list[Sealed], *, now: datetime) -> list[UUID]:
    by_source: dict[str, Sealed] = {}
    for row in rows:
        _same(row, by_source.setdefault(row.source, row).digest)
    found: dict[str, UUID] = {source: row.id for source, row in by_source.items()}
    # In one order everywhere: two batches with the same sources wait for each other, never in a ring.
    ordered = sorted(by_source.values(), key=lambda row: row.source)
    for start in range(0, len(ordered), BATCH):
        batch = ordered[start : start + BATCH]
        if writing.entries(batch, now=now) < len(batch):
            there = Entry.objects.filter(source__in=[row.source for row in batch])
            for source, id, told in there.values_list("source", "pk", "digest"):
                _same(by_source[source], told)
                found[source] = id
            batch = [row for row in batch if found[row.source] == row.id]
        if batch:
            _legs(batch)
    return [found[row.source] for row in rows]


def _same(row: Sealed, told: str) -> None:
    if row.digest != told:
        raise Refused(
            f"{row.source!r} was posted before and said something else than {row.kind} of {row.on} with {len(row.legs)} legs.",
            code="source",
            hint="Reverse the entry that stands, and post the other under a source of its own.",
        )


def _legs(rows: list[Sealed]) -> None:
    assertions.refuse_closed(rows)
    writing.postings(rows)
