"""Partners in the programme, with customers and licensed users, at any time and in any zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connections

from purser.access import actors
from purser.access.actors import Actor
from purser.billing import models
from purser.billing.usage import charging, closing, facts, programme
from purser.directory.models import Cause, Licence, User
from purser.ledger import balances
from purser.ledger.chart import DSU
from purser.postgres import ids, tenancy
from purser.rating import days
from purser.tenants import organisations, tree
from purser.tenants.models import Kind, Organisation

LONG_AGO = datetime(2018, 1, 1, tzinfo=UTC)


@dataclass
class House:
    """An operator and its partners; `desk` acts for the operator."""

    operator: Organisation
    partners: list[Organisation] = field(default_factory=list)

    @property
    def desk(self) -> Actor:
        return actors.system("The desk", tenant=self.operator.pk, organisation=self.operator.name)

    def partner(self, zone: str = "UTC", *, name: str = "Harbour IT", since: datetime = LONG_AGO) -> Organisation:
        made = organisations.found(kind=Kind.RESELLER, name=name, parent=self.operator, now=since, zone=zone)
        self.partners.append(made)
        return made

    def admitted(self, on: date, zone: str = "UTC", *, now: datetime | None = None) -> Organisation:
        made = self.partner(zone)
        programme.admit(self.desk, made.pk, on=on, now=now or at(on, zone=zone))
        return made


def house() -> House:
    return House(organisations.found(kind=Kind.OPERATOR, name="Operator", parent=None, now=LONG_AGO))


def customer(partner: Organisation, *, since: datetime = LONG_AGO, name: str = "Alder Dental") -> Organisation:
    return organisations.found(kind=Kind.CUSTOMER, name=name, parent=partner, now=since)


def move(tenant: Organisation, to: Organisation, *, now: datetime) -> None:
    with tenancy.acting_in(tenant.pk):
        tree.move(to, by="The desk", now=now)


def users(tenant: Organisation, count: int, *, since: datetime = LONG_AGO, until: datetime | None = None) -> None:
    """So many more people of a tenant, licensed between these instants."""
    with tenancy.acting_in(tenant.pk):
        people = [
            User(key=str(ids.new()), principal_name=f"{n}@alder.example", display_name=f"Person {n}", seen_at=since)
            for n in range(count)
        ]
        User.objects.bulk_create(people)
        Licence.objects.bulk_create(Licence(user=one, since=since, until=until, cause=Cause.HAND) for one in people)


def at(on: date, clock: time = time(12), zone: str = "UTC") -> datetime:
    return datetime.combine(on, clock, ZoneInfo(zone)).astimezone(UTC)


def over(on: date, zone: str = "UTC") -> datetime:
    """A moment at which the day is over and can be closed."""
    return days.closes_at(on, zone=ZoneInfo(zone)) + closing.SETTLES


def run(partner: Organisation, through: date, zone: str = "UTC") -> charging.Outcome:
    """Close every day up to `through`, and post."""
    now = over(through, zone)
    closing.close_due(now)
    return charging.post(partner.pk, now=now)


def rated(partner: Organisation) -> list[tuple[date, int, int, int]]:
    """(on, users, peak, units) of the charges that stand."""
    with tenancy.acting_in(partner.pk):
        return [(row.on, row.users, row.peak, row.units) for row in facts.charged().values()]


def balance(partner: Organisation) -> int:
    with tenancy.acting_in(partner.pk):
        return int(balances.balance(account="balance", of=None, unit=DSU))


def counted(partner: Organisation) -> dict[date, dict[str, int]]:
    with tenancy.acting_in(partner.pk):
        return {close.on: dict(close.users) for close in facts.standing()}


def plant(partner: Organisation, first: date, counts: Sequence[Mapping[UUID, int]], *, zone: str = "UTC") -> None:
    """Closes and charges of consecutive days as the daily close would have left them, without licences behind them."""
    from purser.billing.usage import terms

    with tenancy.acting_in(partner.pk):
        for n, users_ in enumerate(counts):
            on = first + timedelta(days=n)
            ordered = sorted(users_.items())
            models.Close.objects.create(
                on=on, closes_at=days.closes_at(on, zone=ZoneInfo(zone)), known_at=over(on, zone), users=sum(users_.values()),
                tenants=[tenant for tenant, _ in ordered], counts=[count for _, count in ordered],
            )  # fmt: skip
        known = facts.standing(since=first)
        rows = [
            facts.charge(one.day, version=1, close_version=1, now=over(one.day.on, zone), tenant=partner.pk)
            for one in facts.rate(known, terms.own())
        ]
        models.Charge.objects.bulk_create(rows)


def owner(statement: str, values: Mapping[str, object]) -> int:
    """Behind every wall: as the database's owner, triggers off. How many rows."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("SET row_security = off")
        try:
            cursor.execute(statement, values)
            return int(cursor.rowcount)
        finally:
            cursor.execute("RESET session_replication_role")


ZERO = Decimal(0)
