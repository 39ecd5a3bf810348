"""What must hold in the ledger of one tenant. Run in its seat. Source: reliability P2, P42."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby

from django.db.models import Count, Exists, F, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce, Round

from purser.kernel import digest
from purser.kernel.problem import Problem
from purser.ledger import balances, chart, seal
from purser.ledger.models import Account, Assertion, Entry, Posting

# A card's money is with the provider for days, and never for this long.
UNSETTLED = timedelta(days=14)


def check(*, now: datetime | None = None) -> Iterator[Problem]:
    """Without `now` nothing is said of what has lain too long."""
    yield from _entries()
    yield from _strays()
    yield from _seals()
    yield from _postings()
    yield from _accounts()
    yield from _reversals()
    yield from _assertions()
    if now is not None:
        for one in balances.unsettled(before=(now - UNSETTLED).date()):
            told = f"{digest.units(one.amount)} {one.unit} since {one.since}"
            yield Problem("clearing", f"{one.account} {one.of or ''}".strip(), f"It has not come to 0: {told}.")


def _entries() -> Iterator[Problem]:
    sums = Posting.objects.values("entry", "unit").annotate(total=Sum("amount")).exclude(total=0)
    for row in sums.order_by("entry", "unit"):
        yield Problem("unbalanced", str(row["entry"]), f"The entry is off by {row['total']:f} {row['unit']}.")
    for entry in Entry.objects.annotate(n=Count("postings")).exclude(n=F("lines")).order_by("pk"):
        if entry.n:
            yield Problem("lines", str(entry.pk), f"The entry has {entry.n} postings, and says {entry.lines}.")
        else:
            yield Problem("empty_entry", str(entry.pk), "The entry has no postings.")


def _strays() -> Iterator[Problem]:
    there = Entry.objects.filter(pk=OuterRef("entry_id"))
    for posting in Posting.objects.filter(~Exists(there)).order_by("pk"):
        yield Problem("no_entry", str(posting.pk), f"A posting of {posting.on} stands in no entry.")


def _seals() -> Iterator[Problem]:
    """The rows are the ones that were written: each entry's digest, made anew."""
    rows = Posting.objects.order_by("entry", "pk").values_list(
        "entry", "account__name", "account__of", "unit", "amount",
        "entry__kind", "entry__on", "entry__source", "entry__text", "entry__reverses", "entry__digest",
    )  # fmt: skip
    for id, group in groupby(rows.iterator(), key=lambda row: row[0]):
        found = list(group)
        kind, on, source, text, reverses, told = found[0][5:]
        if told is None or told != seal.of(
            kind=kind, on=on, source=source, text=text, reverses=reverses, legs=[seal.Leg(*row[1:5]) for row in found]
        ):
            yield Problem("seal", str(id), f"The entry {source!r} does not say what it said when it was made.")


def _postings() -> Iterator[Problem]:
    for posting in Posting.objects.exclude(unit=F("account__unit")).order_by("pk"):
        yield Problem("unit", str(posting.pk), f"A posting in {posting.unit} stands on an account of another unit.")
    for posting in Posting.objects.exclude(on=F("entry__on")).select_related("entry").order_by("pk"):
        yield Problem("posting_date", str(posting.pk), f"A posting of {posting.on} stands in an entry of {posting.entry.on}.")
    for unit in Account.objects.order_by("unit").values_list("unit", flat=True).distinct():
        fine = Posting.objects.filter(unit=unit).exclude(amount=Round("amount", chart.places(unit)))
        for posting in fine.order_by("pk"):
            told = f"{digest.units(posting.amount)} {unit}; {unit} has {chart.places(unit)} decimals"
            yield Problem("too_fine", str(posting.pk), f"A posting of {told}.")


def _accounts() -> Iterator[Problem]:
    """Accounts are opened for a kind that the chart names, and for a unit that it holds."""
    for account in Account.objects.order_by("pk"):
        if account.name not in chart.KINDS:
            yield Problem("account", str(account.pk), f"The chart has no kind of account {account.name!r}.")
        elif (wrong := chart.wrong_unit(account=account.name, unit=account.unit)) is not None:
            yield Problem("account", str(account.pk), wrong)


def _reversals() -> Iterator[Problem]:
    """A reversal mirrors its entry on each account, and is no reversal's."""
    mirrors = Entry.objects.exclude(reverses=None).order_by("pk")
    for id, reverses in mirrors.values_list("pk", "reverses_id").iterator():
        entry = Entry.objects.filter(pk=reverses).first()
        pair = Posting.objects.filter(entry__in=(id, reverses)).values("account").annotate(total=Sum("amount"))
        if entry is None:
            yield Problem("reversal", str(id), f"It reverses {reverses}, which is not there.")
        elif entry.reverses_id is not None:
            yield Problem("reversal", str(id), f"It reverses {reverses}, which is a reversal itself.")
        elif pair.exclude(total=0).exists():
            yield Problem("reversal", str(id), f"It does not mirror the entry {reverses}.")


def _assertions() -> Iterator[Problem]:
    """What was asserted is still so: an entry that came late, or went, shows here."""
    upto = Posting.objects.filter(account=OuterRef("account"), on__lte=OuterRef("on")).order_by()
    held = Coalesce(Subquery(upto.values("account").annotate(total=Sum("amount")).values("total")), Decimal(0))
    found = Assertion.objects.annotate(held=held).exclude(held=F("amount")).select_related("account")
    for one in found.order_by("on", "pk"):
        told = f"{digest.units(one.held)} {one.account.unit}, asserted were {digest.units(one.amount)}"
        yield Problem("assertion", str(one.pk), f"At the end of {one.on} the account {one.account.name!r} held {told}.")
