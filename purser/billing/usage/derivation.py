"""Why this number? From a day's charge to the users at its close, and on to the entries that it made.

Source: acceptance CS-68 ("each number opens its derivation").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Q

from purser.access.actors import Actor
from purser.billing.models import Charge, Close, Terms
from purser.billing.usage import inside, named, programme, rated, statement
from purser.billing.usage.named import Named
from purser.billing.usage.rated import Rated
from purser.directory.models import Licence
from purser.kernel.errors import Missing
from purser.ledger.models import Entry
from purser.postgres import tenancy
from purser.rating import policy
from purser.rating.days import DAY
from purser.rating.policy import Scope

MOST_PEOPLE = 1_000


@dataclass(frozen=True)
class Count:
    """A tenant's licensed users at the close, and its share of the charge."""

    tenant: Named
    users: int
    units: int


@dataclass(frozen=True)
class Line:
    """An entry on the balance, dated this day or made for it."""

    entry: UUID
    on: date
    kind: str
    source: str
    text: str
    reverses: UUID | None
    units: int
    made_at: datetime


@dataclass(frozen=True)
class Derivation:
    """Everything behind one day's numbers.

    rule: carry, rise, true_up, count, or apart, and `why` the same in words. `terms_from`: since when the terms hold, None
    for the standard ones. `closes` and `charges` are all versions, the standing ones last. `lines`: what moved the balance on
    that date, `made`: the entries of this day's charges whenever they were booked.
    """

    on: date
    zone: str
    day: Rated
    counts: Sequence[Count]
    rule: str
    why: str
    cost: str
    terms_from: date | None
    closes: Sequence[Close]
    charges: Sequence[Charge]
    opening: int
    lines: Sequence[Line]
    made: Sequence[Line]

    @property
    def closing(self) -> int:
        return self.opening + sum(line.units for line in self.lines)

    @property
    def corrected(self) -> bool:
        return len(self.charges) > 1 or len(self.closes) > 1


@dataclass(frozen=True)
class Present:
    """Somebody who was licensed at the close."""

    name: str
    account: str
    since: datetime
    until: datetime | None
    cause: str


def of_day(partner: UUID, on: date, *, now: datetime) -> Derivation:
    """Takes the partner's seats. Raises Missing for a day that is not closed."""
    with tenancy.acting_in(partner):
        found = rated.days(on, on)
        if not found:
            raise Missing(f"{on} is not a closed day of yours.")
        day = found[-1]
        stint = programme.stint_on(on)
        row = Terms.objects.filter(from_on__lte=on).order_by("-from_on").first()
        span = statement.span(on, on)
        sources = [f"day:{on}:{version}" for version in range(1, day.charge.version + 1)]
        rule, why = _peak(day, before=_before(on))
        made = Q(entry__source__in=sources) | Q(entry__reverses__in=Entry.objects.filter(source__in=sources).values("pk"))
        closes = list(Close.objects.filter(on=on).order_by("version"))
        charges = list(Charge.objects.filter(on=on).order_by("version"))
        lines, booked = _lines(Q(on=on)), _lines(made)
    who = named.of(partner, {*day.close.users, *day.weights}, now=now)
    shares = day.shares
    counts = [Count(one, day.close.users.get(id, 0), shares.get(id, 0)) for id, one in who.items()]
    counts = [one for one in counts if one.users or one.units]
    counts.sort(key=lambda one: (-one.users, -one.units, one.tenant.name, one.tenant.id))
    zone = stint.zone if stint else "UTC"
    terms_from = row.from_on if row else None
    return Derivation(
        on, zone, day, counts, rule, why, _cost(day), terms_from, closes, charges, span.opening, lines, booked
    )  # fmt: skip


def people(actor: Actor, on: date, customer: UUID, *, now: datetime) -> tuple[Named, datetime, list[Present]]:
    """Who was licensed in a customer at the close of `on`, as this actor may see it there. Outside any seat.

    Raises Missing where the day is not closed, the customer is not the actor's, or no consent lets the actor in, and Denied
    for a consent without licences.
    """
    with tenancy.acting_in(actor.tenant):
        close = Close.objects.filter(on=on).order_by("-version").first()
    if close is None:
        raise Missing(f"{on} is not a closed day of yours.")
    one = named.of(actor.tenant, [str(customer)], now=now)[str(customer)]
    if not one.ours:
        raise Missing("There is no such customer.")
    at = close.closes_at
    with inside.entering(actor, customer=customer, verb="licences.read", now=now):
        rows = Licence.objects.filter(since__lt=at).filter(Q(until=None) | Q(until__gte=at)).select_related("user")
        rows = rows.order_by("user__display_name", "user_id")[:MOST_PEOPLE]
        present = [
            Present(row.user.display_name, row.user.principal_name, row.since, row.until, row.get_cause_display())
            for row in rows
        ]
    return one, at, present


def peaks(first: date, last: date) -> list[tuple[Rated, str, str]]:
    """Each closed day with the rule that made its peak, and the same in words. In the partner's seat."""
    found = rated.days(first, last)
    before = rated.charges(first - DAY, last)
    return [(day, *_peak(day, before=before.get(day.on - DAY))) for day in found]


def _before(on: date) -> Charge | None:
    return rated.charges(on - DAY, on - DAY).get(on - DAY)


def _peak(day: Rated, *, before: Charge | None) -> tuple[str, str]:
    on, terms, peak, users = day.on, day.terms, day.charge.peak, day.charge.users
    came = before.peak if before else 0
    if terms.scope is Scope.TENANT:
        return "apart", f"Each tenant has a peak of its own; they sum to {peak:,}."
    if not terms.ratchet:
        return "count", f"These terms know no peak that is kept: the day has what it counted, {users:,}."
    if terms.follows(on.day):
        told = f"Behind day {terms.billable_days} the peak follows the count, up and down: {users:,}."
        return "true_up", f"{told} It was {came:,} the day before."
    if day.set_on == on:
        kept = came if terms.keeps(on.day) else 0
        if on.day == 1 and kept:
            return "rise", f"This day counted {users:,}, more than the {kept:,} carried from the month before."
        return "rise", f"This day counted {users:,}, more than any before it in the month; the peak was {kept:,}."
    if day.set_on is not None and day.set_on >= on.replace(day=1):
        return "held", f"Set by {day.set_on}, which counted {peak:,}. A lower count does not lower it before the true-up."
    if peak:
        return "carry", f"Carried over: {peak:,} was the peak at the last close of the month before, and no day was higher."
    return "carry", "Nobody was licensed this month so far, and nothing was carried over."


def _cost(day: Rated) -> str:
    terms, units, peak = day.terms, day.charge.units, day.charge.peak
    if day.on.day > terms.billable_days:
        return f"Days 1 to {terms.billable_days} are billable; this is day {day.on.day}, and costs nothing."
    if not units:
        return "The peak is 0, so the day costs nothing."
    return f"Day {day.on.day} is billable (1 to {terms.billable_days}), and costs its peak: {peak:,}."


def described(terms: policy.Terms) -> str:
    """Terms in a line."""
    parts = [
        f"days 1 to {terms.billable_days} are billable",
        "the peak is kept" if terms.ratchet else "each day has its own count",
        "true-up behind them" if terms.true_up else "no true-up",
        "carried into the next month" if terms.carry_over else "not carried over",
        "all tenants together" if terms.scope is Scope.PARTNER else "each tenant alone",
    ]
    return "; ".join(parts)


def _lines(which: Q) -> list[Line]:
    rows = statement.lines().filter(which).order_by("on", "pk")
    return [
        Line(
            row.entry_id,
            row.on,
            statement.KINDS.get(row.entry.kind, row.entry.kind),
            row.entry.source,
            row.entry.text,
            row.entry.reverses_id,
            int(row.amount),
            row.entry.made_at,
        )
        for row in rows
    ]
