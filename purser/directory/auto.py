"""Auto-License: which collections licences follow, when and how far without a person. Source: acceptance CS-25 to CS-28."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, OuterRef, Subquery
from django.db.models.functions import Coalesce

from purser.access import acts
from purser.access.actors import Actor
from purser.directory.models import AutoLicensing, Chosen, Collection, Licence, LicensingRun, RunState
from purser.kernel.errors import Missing, Refused
from purser.postgres import tenancy
from purser.tenants import organisations
from purser.tenants.models import Organisation

MOST = 50  # collections chosen


@dataclass(frozen=True)
class Rules:
    """As AutoLicensing has them: `hour` of the day in the tenant's zone, the limits in percent and users."""

    on: bool = False
    take_back: bool = False
    clear_synced: bool = False
    hour: int = 2
    limit_percent: int = 20
    limit_least: int = 5


def settings() -> AutoLicensing:
    """Those of the tenant acted in; before anybody saved any, those it begins with, of version 0."""
    return AutoLicensing.objects.first() or AutoLicensing(version=0)


def rules_of(row: AutoLicensing) -> Rules:
    return Rules(**{name: getattr(row, name) for name in Rules.__dataclass_fields__})


def chosen() -> list[Collection]:
    """The collections that licences follow, by name."""
    return list(Collection.objects.filter(chosen__isnull=False).order_by("name", "id"))


@dataclass(frozen=True)
class Shown:
    """Auto-License as the overview shows it: the rules, names of what is chosen, users licensed, the run that waits."""

    on: bool
    hour: int
    next_at: datetime | None
    take_back: bool
    chosen: tuple[str, ...]
    licensed: int
    waits: UUID | None


def shown() -> Shown:
    """In one statement, for the page that everybody opens first."""
    mine = {"tenant_id": OuterRef("pk")}
    rules = AutoLicensing.objects.filter(**mine)
    held = Licence.objects.filter(**mine, until=None).order_by().values("tenant_id")
    names = Chosen.objects.filter(**mine).order_by("collection__name", "id")
    waiting = LicensingRun.objects.filter(**mine, state=RunState.WAITS).order_by("-started_at", "-id")
    found: Any = Organisation.objects.values(
        on=Coalesce(Subquery(rules.values("on")), Rules.on),
        hour=Coalesce(Subquery(rules.values("hour")), Rules.hour),
        next_at=Subquery(rules.values("next_at")),
        take_back=Coalesce(Subquery(rules.values("take_back")), Rules.take_back),
        chosen=ArraySubquery(names.values("collection__name")),
        licensed=Coalesce(Subquery(held.annotate(n=Count("id")).values("n")), 0),
        waits=Subquery(waiting.values("id")[:1]),
    ).get()
    return Shown(**{**found, "chosen": tuple(found["chosen"])})


def save(actor: Actor, rules: Rules, collections: Iterable[UUID], *, version: int, now: datetime) -> AutoLicensing:
    """Keep how licences follow the directory from now on; nothing is given or taken yet. The next scheduled run is at the
    hour asked for. Raises Refused for what is out of bounds, for another `version`, Missing for a collection of nobody here.
    """
    _check(rules)
    wanted = set(collections)
    rows = list(Collection.objects.filter(pk__in=wanted).order_by("name", "id"))
    if len(rows) < len(wanted):
        raise Missing("There is no such collection.")
    if len(wanted) > MOST:
        raise Refused(f"{len(wanted)} collections are chosen; at most {MOST} can be.", code="many")
    row = AutoLicensing.objects.select_for_update().first() or AutoLicensing(version=0)
    if row.version != version:
        raise Refused("Somebody changed Auto-License meanwhile.", code="version", hint="Open it again.")
    names = [one.name for one in rows]
    before = {**asdict(rules_of(row)), "collections": [one.name for one in chosen()]}
    acts.record(
        actor, "auto_licence.write", summary=f"Auto-License follows {', '.join(names) or 'no collection'}",
        of=("auto_licence", actor.tenant), before=before, after={**asdict(rules), "collections": names}, now=now,
    )  # fmt: skip
    for name, value in asdict(rules).items():
        setattr(row, name, value)
    row.version = version + 1
    row.next_at = next_at(rules.hour, organisations.zone(), now=now) if rules.on else None
    row.save()
    there = set(Chosen.objects.values_list("collection_id", flat=True))
    Chosen.objects.filter(collection__in=there - wanted).delete()
    Chosen.objects.bulk_create(Chosen(collection=one) for one in rows if one.pk not in there)
    return row


def next_at(hour: int, zone: str, *, now: datetime) -> datetime:
    """The next time it is that hour in the zone, after `now`. An hour that a day leaves out comes when the clock goes on."""
    there = now.astimezone(ZoneInfo(zone))
    first = there.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0)
    at = first.astimezone(UTC)
    return at if at > now else (first + timedelta(days=1)).astimezone(UTC)


def due(*, now: datetime) -> list[UUID]:
    """Tenants whose scheduled run has come, the longest waiting first. Takes the operator's seat."""
    with tenancy.listing_all():
        rows = AutoLicensing.across.filter(on=True, next_at__lte=now).order_by("next_at", "pk")
        return list(rows.values_list("tenant_id", flat=True))


def take_turn(*, now: datetime) -> bool:
    """Whether the scheduled run of the tenant acted in is due; it is set to the next day then, so that of two who ask at
    once only one is told so.
    """
    row = AutoLicensing.objects.select_for_update().filter(on=True, next_at__lte=now).first()
    if row is None:
        return False
    AutoLicensing.objects.filter(pk=row.pk).update(next_at=next_at(row.hour, organisations.zone(), now=now))
    return True


def _check(rules: Rules) -> None:
    bounds = {"hour": (0, 23), "limit_percent": (0, 100), "limit_least": (1, 100_000)}
    for name, (least, most) in bounds.items():
        value = getattr(rules, name)
        if not least <= value <= most:
            raise Refused(f"{name.replace('_', ' ').capitalize()} is {value}; it goes from {least} to {most}.", code="bounds")
