"""How a person wants each kind of notice: at once by mail, in one mail a day, not by mail; silent until a date.

Not an act: it changes what reaches one person and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from purser.access.actors import Actor
from purser.kernel.errors import Refused
from purser.lists.saved import person_of
from purser.notices import kinds
from purser.notices.kinds import Kind
from purser.notices.models import Choice, Mail
from purser.tenants import organisations

LONGEST = timedelta(days=366)  # of silence


@dataclass(frozen=True)
class Chosen:
    """`silent_until`: the day, in the organisation's zone, on which it is heard again; None where it is not silent."""

    kind: Kind
    mail: str
    silent_until: date | None


def of(actor: Actor, *, now: datetime) -> list[Chosen]:
    """Every kind that can reach the actor here, as it stands."""
    zone = ZoneInfo(organisations.zone())
    rows = {row.kind: row for row in Choice.objects.filter(person_id=person_of(actor))}
    return [_shown(kind, rows.get(kind.name), zone, now) for kind in kinds.for_actor(actor)]


def _shown(kind: Kind, row: Choice | None, zone: ZoneInfo, now: datetime) -> Chosen:
    if row is None:
        return Chosen(kind, Mail.NOW, None)
    silent = row.silent_until if row.silent_until and row.silent_until > now else None
    return Chosen(kind, row.mail, silent.astimezone(zone).date() if silent else None)


def choose(actor: Actor, name: str, *, mail: str, silent_until: date | None, now: datetime) -> Chosen:
    """Keep the actor's choice for a kind. Raises Refused for an unknown one, for one that is always mailed at once, and for
    a day that is not one of the next 366.
    """
    kind = kinds.find(name)
    own = organisations.own()
    if kind not in kinds.for_actor(actor):
        raise Refused(f"Notices of the kind “{kind.words}” do not reach you here.", code="kind")
    if kind.always and (mail != Mail.NOW or silent_until is not None):
        raise Refused(f"“{kind.words}” is always mailed at once: nobody may look in unseen.", code="always")
    if mail not in Mail.values:
        raise Refused(f"{mail!r} is no way to be told; known are {', '.join(Mail.values)}.", code="mail")
    today = organisations.today(organisation=own, now=now)
    if silent_until is not None and not today < silent_until <= today + LONGEST:
        raise Refused(f"{silent_until} is not a day from tomorrow to {today + LONGEST}.", code="silent_until")
    zone = ZoneInfo(own.zone)
    until = datetime.combine(silent_until, time(), zone) if silent_until else None
    Choice.objects.update_or_create(person_id=person_of(actor), kind=name, defaults={"mail": mail, "silent_until": until})
    return Chosen(kind, mail, silent_until)
