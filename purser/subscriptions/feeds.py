"""The private address of a person's calendar: made, revoked, and opened without a sign-in.

The address bears its tenant, because a seat must be taken before anything of a tenant can be read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from purser.access import actors, acts, once, permit
from purser.access.actors import Actor
from purser.access.models import Person
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.subscriptions import calendar, ical, keeping
from purser.subscriptions.calendar import Entry
from purser.subscriptions.models import CalendarFeed

VERB = "subscriptions.export"
MOST = 5  # addresses of one person
BACK, AHEAD = timedelta(days=31), timedelta(days=396)
_FORM = re.compile(r"([0-9a-f]{32})-([A-Za-z0-9_-]{43})")


@dataclass(frozen=True)
class Made:
    """The only moment the key is known."""

    row: CalendarFeed
    key: str

    def __repr__(self) -> str:
        return f"Made(row={self.row.pk})"


def make(actor: Actor, *, now: datetime) -> Made:
    """A new address of the acting person's. Raises Refused for nobody of the organisation, and beyond MOST."""
    if actor.person is None or actor.on_behalf:
        raise Refused("Only a person of the organisation can have a calendar's address.", code="person")
    if len(own(actor)) >= MOST:
        raise Refused(f"You have {MOST} addresses.", code="many", hint="Revoke one that no calendar reads.")
    secret = once.token()
    row = CalendarFeed(person_id=actor.person, key_hash=once.hashed(secret), made_at=now)
    acts.record(actor, VERB, summary="Made a calendar's address", of=("calendar feed", row.pk), now=now)
    row.save(force_insert=True)
    return Made(row, f"{actor.tenant.hex}-{secret}")


def own(actor: Actor) -> list[CalendarFeed]:
    """The person's own that work, the newest first; none without a person."""
    if actor.person is None:
        return []
    return list(CalendarFeed.objects.filter(person_id=actor.person, revoked_at=None).order_by("-made_at", "-id"))


def revoke(actor: Actor, id: UUID, *, now: datetime) -> None:
    """End an address of one's own at once. Raises Missing."""
    row = CalendarFeed.objects.select_for_update().filter(pk=id, revoked_at=None).first()
    if row is None or row.person_id != actor.person:
        raise Missing("There is no such address, or it was revoked already.")
    acts.record(actor, VERB, summary="Revoked a calendar's address", of=("calendar feed", row.pk), now=now)
    row.revoked_at = now
    row.save(update_fields=["revoked_at"])


def opened(key: str, *, now: datetime) -> Actor:
    """Whose calendar reads, as they may by now. Takes its seats itself.

    Raises Missing, the same for an address that never was, was revoked, or whose person left or may not any more.
    """
    form = _FORM.fullmatch(key)
    if form is None:
        raise _missing()
    tenant = UUID(form.group(1))
    with tenancy.acting_in(tenant):
        row = CalendarFeed.objects.filter(key_hash=once.hashed(form.group(2)), revoked_at=None).first()
    person = Person.objects.filter(pk=row.person_id, is_active=True).first() if row is not None else None
    if person is None:
        raise _missing()
    with actors.entering(person, tenant=tenant, request=actors.nowhere(person), now=now, via=tenant) as actor:
        if not permit.allows(actor, VERB):
            raise _missing()
        return actor


def _missing() -> Missing:
    return Missing("This calendar's address does not work (any more).")


def file(actor: Actor, *, now: datetime) -> str:
    """The calendar as a file: from a month ago to thirteen months on. Takes its seats itself."""
    today = keeping.day_of(actor.tenant, now)
    found = calendar.entries(actor, first=today - BACK, last=today + AHEAD, today=today)
    return ical.write(f"Commitments of {actor.organisation}", (_event(one) for one in found), now=now)


def _event(one: Entry) -> ical.Event:
    stake = f"At stake: {one.amount}" if one.amount is not None else ""
    whose = f"{one.name}, {one.customer}" if one.customer else one.name
    return ical.Event(
        uid=f"{one.key}@purser",
        on=one.on,
        summary=f"{calendar.KINDS[one.kind]}: {whose}",
        description="\n".join(filter(None, (one.words, stake))),
        category=calendar.KINDS[one.kind],
    )
