"""What is read of consent: how a customer stands, who asked, who agreed, until when, and how it ended.

Every state has one word, one sign and one colour, the same on every page, in every list and in the API.
Source: acceptance UC-14, UC-18.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from django.db.models import QuerySet

from purser.lists.model import Sign
from purser.tenants.models import Grant, GrantKind

SOON = timedelta(days=30)  # before its end, a consent is shown as ending: time enough to ask anew

# How a customer stands to its partner. By name they sort as by their words.
STANDINGS: Mapping[str, Sign] = MappingProxyType(
    {
        "asked": Sign("Asked", "note", "mail"),
        "ended": Sign("Ended", "plain", "ban"),
        "ending": Sign("Ending soon", "warn", "hourglass"),
        "expired": Sign("Expired", "warn", "clock"),
        "given": Sign("Given", "good", "circle-check"),
        "none": Sign("Never asked", "plain", "dots"),
        "refused": Sign("Refused", "bad", "circle-x"),
        "suspended": Sign("Suspended", "bad", "lock"),
    }
)
# A row of the ledger may also have made room for another one, or be taken back before it was answered.
SIGNS: Mapping[str, Sign] = MappingProxyType(
    {**STANDINGS, "replaced": Sign("Replaced", "plain", "refresh"), "withdrawn": Sign("Withdrawn", "plain", "arrow-back-up")}
)
# From `Grant.closed_as`. Whatever else closes one is an end.
CLOSED = MappingProxyType({"refused": "refused", "lapsed": "expired", "replaced": "replaced", "withdrawn": "withdrawn"})


def decisions() -> QuerySet[Grant]:
    """Every request and consent there ever was in the tenant acted in, newest first."""
    return Grant.objects.order_by("-asked_at", "-id")


def state(grant: Grant, now: datetime) -> str:
    """How a request or consent stands at a moment: a name of SIGNS."""
    if grant.closed_at is not None:
        return CLOSED.get(grant.closed_as, "ended")
    if grant.approved_at is None:
        return "asked" if grant.lapses_at is None or grant.lapses_at > now else "expired"
    if grant.ends_at is None or grant.ends_at <= now:
        return "expired"
    soon = grant.kind == GrantKind.CONSENT and grant.ends_at <= now + SOON
    return "ending" if soon else "given"


def sign(grant: Grant, now: datetime) -> Sign:
    return SIGNS[state(grant, now)]
