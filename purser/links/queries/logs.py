"""The logs of postings and of what the marketplace changed. Source: acceptance ID-28 to ID-44.

`context` is "autotask", "connectwise" or "" for both; the functions need the tenant's seat.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db.models import Case, CharField, Exists, F, OuterRef, Q, QuerySet, Value, When

from purser.kernel.errors import Missing
from purser.links.models import Link, Movement, Receipt
from purser.links.models.runs import FAILED_RECEIPTS, POSTED_RECEIPTS, ReceiptState
from purser.links.queries import pairs
from purser.links.queries.reports import Trimmed

# What became of a change at the marketplace. Source: acceptance ID-28, ID-29.
BECAME: Mapping[str, str] = MappingProxyType(
    {
        "posted": "Posted",
        "netted": "Cancelled out before posting",
        "due": "Waits to be posted",
        "unlinked": "Not linked, not posted",
        "accepted": "Accepted as it is",
    }
)


def posted(context: str = "") -> QuerySet[Receipt, Any]:
    """Success log: what the PSA accepted, confirmed or not yet."""
    return _receipts(context).filter(state__in=POSTED_RECEIPTS)


def failed(context: str = "") -> QuerySet[Receipt, Any]:
    """Failure log: postings that are due and did not succeed. One that does succeed leaves it for the success log."""
    return _receipts(context).filter(state__in=FAILED_RECEIPTS).select_related("link__service__agreement")


def open_failures(context: str = "") -> int:
    return failed(context).count()


def receipt(receipt_id: UUID) -> Receipt:
    """One posting with its relation's both ends. Raises Missing."""
    found: Receipt | None = (
        Receipt.objects.select_related(
            "link__resource__customer",
            "link__resource__subscription",
            "link__service__agreement__account",
            "link__sync__source",
            "link__sync__target",
            "run",
            "plan",
            "settled_by",
        )
        .filter(pk=receipt_id)
        .first()
    )
    if found is None:
        raise Missing("There is no such posting.")
    return found


def tryable(found: Receipt) -> bool:
    return found.state in (ReceiptState.REFUSED, ReceiptState.BUSY)


def movements(context: str = "") -> QuerySet[Movement, Any]:
    """Each change of a count seen at the marketplace; `became` is a key of BECAME."""
    syncs = pairs.ids(context)
    # open ones only: those have an index by resource
    relation = Exists(Link.objects.filter(resource=OuterRef("resource"), sync_id__in=syncs, cleared_at=None))
    found = Movement.objects.select_related("resource__customer", "resource__subscription", "receipt")
    if context:
        found = found.filter(Q(receipt__link__sync_id__in=syncs) | relation)
    return found.annotate(
        became=Case(
            When(receipt__isnull=False, then=Value("posted")),
            When(how__gt="", then=F("how")),
            When(relation, then=Value("due")),
            default=Value("unlinked"),
            output_field=CharField(max_length=20),
        )
    )


def change() -> Trimmed:
    return Trimmed(F("after") - F("before"))


def _receipts(context: str) -> QuerySet[Receipt, Any]:
    # without a context no join is needed: the log walks its own index
    return Receipt.objects.filter(link__sync_id__in=pairs.ids(context)) if context else Receipt.objects.all()
