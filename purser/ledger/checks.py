"""What must hold in the ledger of one tenant. Run in its seat."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, F, Sum

from purser.kernel.problem import Problem
from purser.ledger.models import Entry, Posting


def check() -> Iterator[Problem]:
    sums = Posting.objects.values("entry", "unit").annotate(total=Sum("amount")).exclude(total=0)
    for row in sums.order_by("entry"):
        yield Problem("unbalanced", str(row["entry"]), f"The entry is off by {row['total']:f} {row['unit']}.")
    for entry in Entry.objects.annotate(n=Count("postings")).filter(n=0).order_by("pk"):
        yield Problem("empty_entry", str(entry.pk), "The entry has no postings.")
    for posting in Posting.objects.exclude(unit=F("account__unit")).order_by("pk"):
        yield Problem("unit", str(posting.pk), f"A posting in {posting.unit} stands on an account of another unit.")
