"""Every change of a subscription: who, when, old, new, and as whom; and its quantity over time. Source: acceptance CM-21."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import zip_longest
from uuid import UUID

from purser.subscriptions.models import Event, Source, SubscriptionState

WHAT = {
    "state": "Status",
    "quantity": "Quantity",
    "price": "Sales price",
    "renews": "Renews",
    "renewed": "Term ends",
    "ends_on": "Ends on",
    "partner": "Seller",
}


@dataclass(frozen=True)
class Line:
    """One change, in words."""

    at: datetime
    on: date
    what: str
    label: str
    old: str
    new: str
    who: str
    source: str
    why: str


@dataclass(frozen=True)
class Stretch:
    """A value that holds from a day up to another (None: still)."""

    since: date
    until: date | None
    value: str


def events(subscription: UUID) -> list[Event]:
    """In the customer's seat: of one subscription, the oldest first."""
    return list(Event.objects.filter(subscription_id=subscription).order_by("at", "id"))


def lines(events: Sequence[Event]) -> list[Line]:
    """The newest first."""
    return [_line(event) for event in reversed(events)]


def _line(event: Event) -> Line:
    return Line(
        at=event.at,
        on=event.on,
        what=event.what,
        label=WHAT.get(event.what, event.what),
        old=_said(event.what, event.old),
        new=_said(event.what, event.new),
        who=event.by_name,
        source=str(Source(event.source).label),
        why=event.why,
    )


def _said(what: str, value: str) -> str:
    return str(SubscriptionState(value).label) if what == "state" and value in SubscriptionState.values else value


def quantities(events: Sequence[Event]) -> list[Stretch]:
    """The quantity's timeline, a stretch for each day on which it changed; of several on one day the last made holds."""
    held: dict[date, str] = {}
    for event in sorted((one for one in events if one.what == "quantity"), key=lambda one: (one.on, one.at)):
        held[event.on] = event.new
    days = sorted(held)
    found: list[Stretch] = []
    for day, until in zip_longest(days, days[1:]):
        if found and found[-1].value == held[day]:
            found[-1] = Stretch(found[-1].since, until, held[day])
        else:
            found.append(Stretch(day, until, held[day]))
    return found
