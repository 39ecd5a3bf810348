"""A partner in the programme of daily units: admitted, in another zone, out of it again. Source: acceptance CS-51, CS-54."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from purser.access import actors, acts
from purser.access.actors import Actor
from purser.billing import models
from purser.billing.buying import packages
from purser.billing.usage import facts, terms
from purser.kernel import zones
from purser.kernel.errors import Missing, Refused
from purser.ledger import entries
from purser.ledger.chart import DSU
from purser.ledger.entries import Leg
from purser.postgres import tenancy
from purser.rating import days
from purser.rating.policy import Version
from purser.tenants import organisations
from purser.tenants.models import Organisation

VERB = "operator.programme.admit"
FREE = 2_000  # units at the start, once. Source: acceptance CS-54
FREE_SOURCE = "free:programme"
FARTHEST = timedelta(days=731)  # two years: another date is a slip of the pen, and each of its days would be charged


def admit(actor: Actor, partner: UUID, *, on: date, now: datetime, currency: str = "USD") -> models.Stint:
    """Count the partner's days from `on`, a date in its zone, and give it the free units the first time. Takes its seats.

    Raises Missing for an organisation that is not under the actor's, and Refused: no partner ("kind"), in the programme
    already or before its last stint ended ("stint"), before it was founded ("early"), more than FARTHEST from today ("far").
    """
    found = _partner(actor, partner)
    offer = terms.offered(actor.tenant)
    with tenancy.acting_in(partner):
        desk = _desk(actor, found)
        words = f"Admitted to daily units from {on} ({found.zone})"
        acts.record(desk, VERB, summary=words, of=("programme", partner), after={"from": on, "zone": found.zone}, now=now)
        stint = begin(on=on, zone=found.zone, since=found.created_at, offer=offer, currency=currency, now=now)
    packages.copy_to(partner, now)  # should this process die before, the hourly pass does it (jobs/papers.py)
    _told(actor, found, words, now)
    return stint


def begin(
    *, on: date, zone: str, since: datetime, now: datetime, offer: list[Version] | None = None, currency: str = "USD",
) -> models.Stint:  # fmt: skip
    """In the partner's seat: what admit does there. `since`: when the partner was founded."""
    facts.hold(zone)
    today = days.day_at(now, zone=ZoneInfo(zone))
    if abs(on - today) > FARTHEST:
        raise Refused(
            f"{on} is {abs((on - today).days):,} days {'ahead' if on > today else 'back'}; days are counted from at most "
            f"{FARTHEST.days} days ahead or back, {today - FARTHEST} to {today + FARTHEST}.",
            code="far",
        )  # fmt: skip
    if on < days.day_at(since, zone=ZoneInfo(zone)):
        raise Refused(f"The partner is here since {since.date()}; it has no users on {on}.", code="early")
    last = models.Stint.objects.order_by("-from_on").first()
    if last is not None:
        if last.until_on is None:
            raise Refused(f"The partner's days are counted since {last.from_on}.", code="stint")
        if on < last.until_on:
            raise Refused(f"The partner's days are counted up to before {last.until_on}; {on} is one of them.", code="stint")
        _follows(on, zone, last.zone)
    models.Programme.objects.get_or_create(defaults={"currency": currency, "created_at": now})
    terms.begin(on, offer or [])
    stint = models.Stint.objects.create(from_on=on, zone=zone)
    if entries.of_source(FREE_SOURCE) is None:
        legs = [Leg("balance", None, DSU, Decimal(FREE)), Leg("free", None, DSU, Decimal(-FREE))]
        entries.post(kind="free", on=on, source=FREE_SOURCE, legs=legs, text="Start of the programme", now=now)
    return stint


def end(actor: Actor, partner: UUID, *, on: date, now: datetime) -> models.Stint:
    """Count the partner's days up to before `on`. Units that are left stay. Takes its seats.

    Refused, code "stint": not in the programme; "closed": `on` is over, and what was counted stays counted.
    """
    found = _partner(actor, partner)
    with tenancy.acting_in(partner):
        stint = _open()
        facts.hold(stint.zone)
        today = days.day_at(now, zone=ZoneInfo(stint.zone))
        earliest = max(stint.from_on, today)
        if on < earliest:
            raise Refused(f"{on} is counted ({stint.zone}): the earliest day not to be counted is {earliest}.", code="closed")
        words = f"Ended daily units before {on}"
        acts.record(
            _desk(actor, found), VERB, summary=words, of=("programme", partner),
            before={"until": None}, after={"until": on}, now=now,
        )  # fmt: skip
        stint.until_on = on
        stint.save(update_fields=["until_on"])
    _told(actor, found, words, now)
    return stint


def move(actor: Actor, partner: UUID, *, zone: str, now: datetime) -> models.Stint:
    """Close the partner's days in another zone, from the day on that is open now. Takes its seats. Source: decision 0008.

    Refused, code "zone": no such zone, the same one, or the open day's close there would not come after the last close.
    """
    if zone not in zones.names():
        raise Refused(f"{zone!r} is no time zone.", code="zone", hint="Choose one like Europe/Berlin.")
    found = _partner(actor, partner)
    with tenancy.acting_in(partner):
        stint = _open()
        if stint.zone == zone:
            raise Refused(f"The partner's days close in {zone} already.", code="zone")
        for name in sorted((stint.zone, zone)):  # in one order everywhere
            facts.hold(name)
        on = max(stint.from_on, days.day_at(now, zone=ZoneInfo(stint.zone)))
        if on > stint.from_on:
            _follows(on, zone, stint.zone)
        words = f"Days close in {zone} from {on}"
        acts.record(
            _desk(actor, found), VERB, summary=words, of=("programme", partner),
            before={"zone": stint.zone}, after={"zone": zone, "from": on}, now=now,
        )  # fmt: skip
        if on == stint.from_on:  # nothing is counted yet
            stint.zone = zone
            stint.save(update_fields=["zone"])
        else:
            stint.until_on = on
            stint.save(update_fields=["until_on"])
            stint = models.Stint.objects.create(from_on=on, zone=zone)
    _told(actor, found, words, now)
    return stint


def stint_on(day: date) -> models.Stint | None:
    """In the partner's seat: the stint that holds on that day."""
    rows = models.Stint.objects.filter(Q(until_on=None) | Q(until_on__gt=day), from_on__lte=day)
    found: models.Stint | None = rows.order_by("-from_on").first()
    return found


def _follows(on: date, zone: str, before: str) -> None:
    """Refuse a close of `on` in `zone` that would not come after that of the day before in the zone `before`."""
    last, next_ = days.closes_at(on - days.DAY, zone=ZoneInfo(before)), days.closes_at(on, zone=ZoneInfo(zone))
    if next_ <= last:
        raise Refused(
            f"{on} would close at {next_:%Y-%m-%d %H:%M} UTC in {zone}, and the day before closes at "
            f"{last:%Y-%m-%d %H:%M} UTC in {before}.",
            code="zone",
            hint="Choose a zone that is not as far east.",
        )


def _partner(actor: Actor, partner: UUID) -> Organisation:
    found = organisations.below(actor.tenant, partner)
    if not found.sells:
        raise Refused(f"{found.name} is a {found.kind}; daily units are of partners.", code="kind")
    return found


def _open() -> models.Stint:
    stint = models.Stint.objects.filter(until_on=None).first()
    if stint is None:
        raise Missing("The partner's days are not counted.")
    return stint


def _desk(actor: Actor, found: Organisation) -> Actor:
    return actors.guest(actor, tenant=found.pk, organisation=found.name, kind=found.kind)


def _told(actor: Actor, found: Organisation, words: str, now: datetime) -> None:
    """The operator's own record of it."""
    with tenancy.acting_in(actor.tenant):
        acts.record(actor, VERB, summary=f"{found.name}: {words}", of=("organisation", found.pk), now=now)
