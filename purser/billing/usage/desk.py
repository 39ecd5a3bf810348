"""What the operator sees of a partner's daily units before it changes something. Takes the partner's seat."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q

from purser.billing import models
from purser.billing.usage import facts
from purser.kernel.errors import Missing
from purser.ledger import balances
from purser.ledger.chart import DSU
from purser.postgres import tenancy
from purser.rating import days
from purser.tenants import organisations
from purser.tenants.models import Kind, Organisation

SHOWN = 31


@dataclass(frozen=True)
class Day:
    """A closed day; `version` of its close, from 2 on with the reason in `text`."""

    on: date
    users: int
    peak: int
    units: int
    version: int
    text: str


@dataclass(frozen=True)
class Standing:
    """`stints` and `days` newest first. `today`: the day that is open; None for a partner that was never admitted."""

    partner: Organisation
    stints: list[models.Stint]
    today: date | None
    days: list[Day]
    balance: int

    @property
    def stint(self) -> models.Stint | None:
        """The one without an end."""
        return next((one for one in self.stints if one.until_on is None), None)


@dataclass(frozen=True)
class Count:
    """How many licensed users a tenant had at a close."""

    tenant: UUID
    name: str
    users: int


def standing(operator: UUID, partner: UUID, *, now: datetime) -> Standing:
    """Raises Missing for an organisation that is not below this operator."""
    found = organisations.below(operator, partner)
    with tenancy.acting_in(partner):
        stints = list(models.Stint.objects.order_by("-from_on"))
        closes = models.Close.objects.order_by("-on", "-version").distinct("on")[:SHOWN]
        charges = {row.on: row for row in models.Charge.objects.order_by("-on", "-version").distinct("on")[:SHOWN]}
        listed = [
            Day(row.on, row.users, charges[row.on].peak, charges[row.on].units, row.version, row.text)
            for row in closes
            if row.on in charges
        ]
        balance = int(balances.balance(account="balance", of=None, unit=DSU))
    today = days.day_at(now, zone=ZoneInfo(stints[0].zone)) if stints else None
    return Standing(found, stints, today, listed, balance)


def counts(operator: UUID, partner: UUID, on: date) -> list[Count]:
    """Who had how many at the close of a day, as it is known now, and the customers of today with 0, by name.

    Raises Missing where the day was not closed.
    """
    organisations.below(operator, partner)
    with tenancy.acting_in(partner):
        row = facts.latest(models.Close.objects.filter(on=on)).first()
    if row is None:
        raise Missing(f"{on} is not closed for this partner.")
    users = dict(zip(row.tenants, row.counts, strict=True))
    with tenancy.listing_all():
        named = organisations.of_operator(operator).filter(Q(pk__in=row.tenants) | Q(parent=partner, kind=Kind.CUSTOMER))
        return [Count(one.pk, one.name, users.get(one.pk, 0)) for one in named.order_by("name", "id")]
