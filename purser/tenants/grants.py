"""Who may act in a tenant from outside, and until when. Only the clock and the row decide: no job has to run.

The verbs that ask for, give and end a grant are in `purser/consent/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from purser.tenants.models import Grant

LONGEST = timedelta(days=730)  # Source: decision S-4
LAPSES = timedelta(days=90)  # a request nobody answered. Source: reliability P17
BREAK_GLASS = timedelta(minutes=60)  # Source: reliability P20

# The parts of a customer's administration that a consent may name. Source: acceptance UC-15, CS-13 to CS-16.
AREAS: Mapping[str, str] = MappingProxyType(
    {
        "domain": "Domain",
        "users": "Users",
        "rooms": "Meeting Rooms",
        "telephony": "Telephony",
        "conferences": "Conferences",
        "integrations": "Integrations",
        "apps": "Apps and Plug-ins",
        "licensing": "Licences",
        "contacts": "Contacts",
    }
)


def live(now: datetime) -> QuerySet[Grant]:
    """The grants of the tenant acted in that hold at this moment: given, not ended, not over."""
    return Grant.objects.filter(_holds(now))


def live_of_partner(now: datetime | Now) -> QuerySet[Grant]:
    """In a partner's seat: the consents that its customers give it at this moment."""
    rows: QuerySet[Grant] = Grant.across.filter(_holds(now))
    return rows


def _holds(now: datetime | Now) -> Q:
    return Q(approved_at__lte=now, closed_at=None, ends_at__gt=now)


def open_requests(now: datetime) -> QuerySet[Grant]:
    """Asked for, not answered, not lapsed."""
    return Grant.objects.filter(approved_at=None, closed_at=None).filter(Q(lapses_at=None) | Q(lapses_at__gt=now))


def close(rows: QuerySet[Grant], *, as_: str, by: str, why: str, now: datetime) -> int:
    """End grants and requests in the tenant acted in; how many."""
    return rows.filter(closed_at=None).update(closed_at=now, closed_as=as_, closed_by_name=by[:254], closed_why=why[:500])
