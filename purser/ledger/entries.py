"""Posting and reversing. Nothing else writes the ledger's tables. Source: reliability P2."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from purser.ledger.seal import Draft as Draft
from purser.ledger.seal import Leg as Leg
from purser.ledger.writing import Key, Sealed
from purser.postgres import ids

REVERSAL = "reversal"
MOST_LEGS = 1_000
BATCH = 5_000
_LONGEST = {"kind": 30, "source": 120, "text": 300}


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
    by_source: dict[str, Draft] = {}
    for draft in drafts:
        _check(draft)
        if (first := by_source.setdefault(draft.source, draft)) is not draft:
            _same(draft, _digest(draft), _digest(first))
    # In one order everywhere: two batches with the same sources wait for each other, never in a ring.
    ordered = [by_source[source] for source in sorted(by_source)]
    with transaction.atomic():
        found = _write(ordered, now=now)
    return [found[draft.source] for draft in drafts]


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
    mirrored = Draft(REVERSAL, on, f"reversal:{entry.pk}", legs, reason.strip())
    with transaction.atomic():
        assertions.refuse_closed([mirrored])
        known = writing.accounts([mirrored])
        sealed = Sealed(ids.new(), mirrored, _digest(mirrored, reverses=entry.pk), entry.pk)
        writing.book(writing.columns([sealed], known), now=now)
    return Entry.objects.get(reverses=entry)


def _check(draft: Draft) -> None:
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


def _digest(draft: Draft, reverses: UUID | None = None) -> str:
    return seal.of(
        kind=draft.kind, on=draft.on, source=draft.source, text=draft.text, reverses=reverses, legs=draft.legs
    )  # fmt: skip


def _write(ordered: list[Draft], *, now: datetime) -> dict[str, UUID]:
    """The ids by source."""
    found: dict[str, UUID] = {}
    if not ordered:
        return found
    assertions.refuse_closed(ordered)
    for rows, told in _ready(ordered, writing.accounts(ordered)):
        found |= {row.draft.source: row.id for row in rows}
        if writing.book(told, now=now) < len(rows):
            mine = {row.draft.source: row for row in rows}
            for source, id, digest in Entry.objects.filter(source__in=mine).values_list("source", "pk", "digest"):
                _same(mine[source].draft, mine[source].digest, digest)
                found[source] = id
    return found


def _ready(drafts: list[Draft], known: Mapping[Key, UUID]) -> Iterator[tuple[list[Sealed], dict[str, str]]]:
    """Batches, sealed, and what is written of them. The next one is made ready while the database writes one."""

    def ready(start: int) -> tuple[list[Sealed], dict[str, str]]:
        batch = drafts[start : start + BATCH]
        rows = [Sealed(id, draft, _digest(draft)) for id, draft in zip(ids.many(len(batch)), batch, strict=True)]
        return rows, writing.columns(rows, known)

    if len(drafts) <= BATCH:
        yield ready(0)
        return
    with ThreadPoolExecutor(1) as ahead:
        next_ = ahead.submit(ready, 0)
        for start in range(BATCH, len(drafts), BATCH):
            made, next_ = next_.result(), ahead.submit(ready, start)
            yield made
        yield next_.result()


def _same(draft: Draft, mine: str, told: str) -> None:
    if mine != told:
        raise Refused(
            f"{draft.source!r} was posted before and said something else than {draft.kind} of {draft.on} "
            f"with {len(draft.legs)} legs.",
            code="source",
            hint="Reverse the entry that stands, and post the other under a source of its own.",
        )
