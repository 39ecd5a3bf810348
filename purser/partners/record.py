"""What the customer reads of consent: who asked, who agreed, until when, and how it ended. Source: acceptance UC-18."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from purser.tenants.models import Grant

ENDED = {
    "revoked": "Ended",
    "replaced": "Replaced",
    "refused": "Refused",
    "withdrawn": "Withdrawn",
    "lapsed": "Lapsed",
    "moved": "Ended by a move",
    "ended": "Ended",
}


def decisions() -> QuerySet[Grant]:
    """Every request and consent there ever was in the tenant acted in, newest first."""
    return Grant.objects.order_by("-asked_at", "-id")


def state(grant: Grant, now: datetime) -> str:
    """How it stands at a moment, in a word or two."""
    if grant.closed_at is not None:
        return ENDED.get(grant.closed_as, "Ended")
    if grant.approved_at is None:
        return "Waits" if grant.lapses_at is None or grant.lapses_at > now else "Lapsed"
    return "Holds" if grant.ends_at is not None and grant.ends_at > now else "Over"
