"""A partner's closed days as they stand: what was counted, what it was charged, and by which weights tenants share it.

Read in the partner's own seat. The numbers of a day are those of its charge; whose count set its peak is rated from the
closes again, which is what its derivation and its shares stand on. Source: acceptance CS-68, CS-69.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db.models import TextField
from django.db.models.functions import Cast

from purser.billing import models
from purser.billing.usage import facts, terms
from purser.postgres import tenancy
from purser.rating import shares
from purser.rating.closes import Close
from purser.rating.days import DAY
from purser.rating.metering import Counts
from purser.rating.policy import Terms


@dataclass(frozen=True)
class Rated:
    """A closed day. `set_on`: the day whose count its peak is, None where it was brought in from before or is a sum."""

    close: Close
    charge: models.Charge
    terms: Terms
    set_on: date | None
    weights: Counts

    @property
    def on(self) -> date:
        return self.close.on

    @property
    def shares(self) -> dict[str, int]:
        """The charge by tenant; they sum to it."""
        return shares.split(self.charge.units, self.weights)


def closes(first: date, last: date) -> list[Close]:
    """The standing closes of these days, oldest first; a day that was not counted is left out.

    As text and without rows: a year of a partner with a thousand tenants has 400,000 counts.
    """
    rows = (
        facts.latest(models.Close.objects.filter(on__gte=first, on__lte=last))
        .annotate(names=Cast("tenants", ArrayField(TextField())))
        .values_list("on", "names", "counts", "known_at", "version")
    )
    partner = str(tenancy.tenant())
    return [
        Close(partner, on, dict(zip(names, counts, strict=True)), known_at, version)
        for on, names, counts, known_at, version in rows
    ]


def charges(first: date, last: date) -> dict[date, models.Charge]:
    """The standing charge of each of these days."""
    return {row.on: row for row in facts.latest(models.Charge.objects.filter(on__gte=first, on__lte=last))}


def last_closed() -> date | None:
    return models.Charge.objects.order_by("-on").values_list("on", flat=True).first()


def first_closed() -> date | None:
    return models.Charge.objects.order_by("on").values_list("on", flat=True).first()


def days(first: date, last: date) -> list[Rated]:
    """The closed days from `first` to `last`, oldest first, those not counted left out."""
    found = charges(first, last)
    if not found:
        return []
    policy = terms.own()
    start = facts.rating_start(first, policy)
    known = closes(start - DAY, last)
    by_day = {close.on: close for close in known}
    return [
        Rated(by_day[one.day.on], found[one.day.on], policy.on(one.day.on), one.set_on, one.weights)
        for one in facts.rate(known, policy, start=start)
        if one.day.on in found
    ]


def peaks_after(day: date) -> Counts:
    """The peak at the close of `day` by tenant: what the next day goes on from. Empty where nothing was closed then."""
    found = days(day, day)
    return shares.split(found[0].charge.peak, found[0].weights) if found else {}


def unbroken(first: date, last: date) -> list[Close]:
    """The last of these closes that follow each other without a gap."""
    runs = list(facts.runs(closes(first, last)))
    return runs[-1] if runs else []
