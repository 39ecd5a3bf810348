"""The books as text, an entry a line, for others to check. Run in the seat of the tenant whose books they are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

from purser.kernel import digest
from purser.ledger.models import Posting


def lines() -> Iterator[str]:
    """Every entry by date, and within a day as made: JSON with id, date, kind, postings, reverses and source.

    A posting has account (its kind, and after a colon the id of what it is about), unit, and amount as text: it is exact.
    """
    rows = Posting.objects.order_by("entry__on", "entry", "pk").values_list(
        "entry", "entry__on", "entry__kind", "entry__reverses", "entry__source",
        "account__name", "account__of", "unit", "amount",
    )  # fmt: skip
    for (id, on, kind, reverses, source), group in groupby(rows.iterator(), key=lambda row: row[:5]):
        entry = {
            "id": str(id),
            "date": on.isoformat(),
            "kind": kind,
            "postings": [
                {"account": f"{name}:{of}" if of else name, "unit": unit, "amount": digest.units(amount)}
                for *_, name, of, unit, amount in group
            ],
            "reverses": str(reverses) if reverses else None,
            "source": source,
        }
        yield json.dumps(entry, ensure_ascii=False)
