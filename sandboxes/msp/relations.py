"""Which resource is linked to which service, and for every other one the reason that it is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sandboxes.msp.billed import USAGE_DIVISOR, Billed
from sandboxes.msp.book import Book, Resource, Subscription

PENDING = "The order is still pending at the marketplace."
IN_BUNDLE = "It is part of a bundle that is billed by another resource's count."
NO_COMPANY = "The PSA has no company for this customer."
NO_SERVICE = "No service for it is on the customer's contract."


def settled(items: Sequence[Billed]) -> tuple[list[Billed], str]:
    """All items, those of pending subscriptions unlinked but for one; and the id of that one, which the story activates."""
    kept = next(
        i.subscription.id
        for i in items
        if i.context == "autotask" and i.subscription.status == "pending" and not i.unlinked and not i.metered
    )
    waits = (i.subscription.status == "pending" and i.subscription.id != kept for i in items)
    return [replace(i, unlinked=PENDING) if w else i for i, w in zip(items, waits, strict=True)], kept


def links(items: Iterable[Billed]) -> list[dict[str, Any]]:
    return [
        {
            "context": i.context,
            "resource": i.resource.key,
            "service": i.key,
            "usage_divisor": str(USAGE_DIVISOR) if i.metered else None,
        }
        for i in items
        if not i.unlinked
    ]


def left_out(book: Book, items: Iterable[Billed], covered: frozenset[str]) -> list[dict[str, Any]]:
    reasons = {i.resource.key: i.unlinked for i in items}
    return [
        {"context": s.customer.context, "resource": r.key, "reason": reason}
        for s in book.subscriptions
        for r in s.lines
        if (reason := reasons.get(r.key, _without_service(s, r, covered)))
    ]


def _without_service(subscription: Subscription, resource: Resource, covered: frozenset[str]) -> str:
    if not subscription.customer.context:
        return NO_COMPANY
    return IN_BUNDLE if resource.key in covered else NO_SERVICE
