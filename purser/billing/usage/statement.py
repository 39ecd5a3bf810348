"""The statement: what a span of days opened with, what moved, and what it closed with; and the days of it, one by one.

In the partner's seat. A day is in the books under the source "day:<date>:<version>" of its standing charge. What is dated
on a day counts as that day's: a correction of a closed month stands where it was booked. Source: acceptance CS-68.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Exists,
    F,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Concat

from purser.billing.models import Charge, Close
from purser.billing.usage import rated
from purser.kernel.period import month_of, plus_months
from purser.ledger import balances
from purser.ledger.chart import DSU
from purser.ledger.models import Account, Entry, Posting
from purser.rating.days import DAY

BALANCE, USED = "balance", "used"
# What moves a balance, by the kind of the entry, in the order of the statement.
KINDS: Mapping[str, str] = {
    "opening": "Brought in",
    "free": "Free at the start of the programme",
    "purchase": "Bought",
    "refund": "Refunded",
    "day": "Days",
    "reversal": "Corrections",
    "adjustment": "Adjustments",
}
MONTHS = 13


@dataclass(frozen=True)
class Move:
    kind: str
    label: str
    units: int


@dataclass(frozen=True)
class Span:
    """`opening` and the units of `moves` are `closing`. `units`: what the standing charges of the days say; `waiting` of them
    are not in the books yet.
    """

    first: date
    last: date
    opening: int
    moves: tuple[Move, ...]
    closing: int
    users: int
    peak: int
    units: int
    waiting: int


def standing() -> QuerySet[Any]:
    """The highest version of each day's charge."""
    later = Charge.objects.filter(on=OuterRef("on"), version__gt=OuterRef("version"))
    rows: QuerySet[Any] = Charge.objects.filter(~Exists(later))
    return rows


def days() -> QuerySet[Any]:
    """The standing charges, each with the `balance` after its day and whether it is `booked`: yes, no, or free."""
    account = Account.objects.filter(name=BALANCE, of=None, unit=DSU).values_list("pk", flat=True).first()
    mine = Posting.objects.filter(account=account)
    after = mine.filter(on__lte=OuterRef("on")).order_by().values("account").annotate(sum=Sum("amount")).values("sum")
    start = Concat(Value("day:"), Cast("on", CharField()), Value(":"), output_field=CharField())
    # a corrected day that costs what it did keeps the entry of an earlier version
    undone = Entry.objects.filter(reverses=OuterRef("entry"))
    stands = mine.filter(~Exists(undone), entry__source__startswith=OuterRef("start"))
    first = mine.filter(entry__source=Concat(OuterRef("start"), Value("1"), output_field=CharField()))
    rows: QuerySet[Any] = (
        standing()
        .annotate(start=start, owed=-F("units"))
        .annotate(
            balance=Cast(Coalesce(Subquery(after), Value(Decimal(0))), BigIntegerField()),
            booked=Case(
                When(Q(version=1, units=0), then=Value("free")),
                When(Q(version=1) & Exists(first), then=Value("yes")),
                When(Q(version=1), then=Value("no")),
                When(Q(units=0) & ~Exists(stands), then=Value("free")),
                When(Exists(stands.filter(amount=OuterRef("owed"))), then=Value("yes")),
                default=Value("no"),
                output_field=CharField(),
            ),
        )
    )
    return rows


def every_charge() -> QuerySet[Any]:
    """All versions of all charges, each with whether it `stands`, and why its day was corrected."""
    later = Charge.objects.filter(on=OuterRef("on"), version__gt=OuterRef("version"))
    why = Close.objects.filter(on=OuterRef("on"), version=OuterRef("close_version")).values("text")
    stands = Case(When(Exists(later), then=Value("no")), default=Value("yes"), output_field=CharField())
    return Charge.objects.annotate(stands=stands, reason=Coalesce(Subquery(why), Value("")))


def lines() -> QuerySet[Any]:
    """All postings on the balance, with their entries, each with the whole units that it `moved`."""
    rows: QuerySet[Any] = Posting.objects.filter(account__name=BALANCE, account__of=None, account__unit=DSU)
    moved: QuerySet[Any] = rows.select_related("entry").annotate(moved=Cast("amount", BigIntegerField()))
    return moved


def balance(*, as_of: date | None = None) -> int:
    """The balance in the books, now or at the end of a day; below 0 is what the partner owes."""
    return int(balances.balance(account=BALANCE, of=None, unit=DSU, as_of=as_of))


def waiting() -> int:
    """Units of closed days that are not in the books yet: closed a moment ago, or held up."""
    charged = standing().aggregate(sum=Sum("units"))["sum"] or 0
    return int(charged - balances.balance(account=USED, of=None, unit=DSU))


def span(first: date, last: date) -> Span:
    """Both days included."""
    opening = balance(as_of=first - DAY)
    within = lines().filter(on__gte=first, on__lte=last).order_by()
    sums = {kind: int(sum_) for kind, sum_ in within.values_list("entry__kind").annotate(sum=Sum("amount"))}
    order = [*KINDS, *sorted(set(sums) - set(KINDS))]
    moves = tuple(Move(kind, KINDS.get(kind, kind), sums[kind]) for kind in order if kind in sums)
    charged = standing().filter(on__gte=first, on__lte=last)
    most = charged.aggregate(users=Max("users"), peak=Max("peak"), units=Sum("units"))
    return Span(
        first=first,
        last=last,
        opening=opening,
        moves=moves,
        closing=opening + sum(move.units for move in moves),
        users=most["users"] or 0,
        peak=most["peak"] or 0,
        units=most["units"] or 0,
        waiting=sum(days().filter(on__gte=first, on__lte=last, booked="no").values_list("units", flat=True)),
    )


def months(*, before: date | None = None) -> list[date]:
    """First days of the months with a closed day, newest first, up to 13 and only those earlier than `before`."""
    oldest, newest = rated.first_closed(), rated.last_closed()
    if oldest is None or newest is None:
        return []
    month = newest.replace(day=1)
    if before is not None:
        month = min(month, plus_months(before.replace(day=1), -1))
    found: list[date] = []
    while month >= oldest.replace(day=1) and len(found) < MONTHS:
        found.append(month)
        month = plus_months(month, -1)
    return found


def of_month(month: date) -> list[Any]:
    """The days of a month as `days` has them, oldest first."""
    period = month_of(month)
    return list(days().filter(on__gte=period.start, on__lt=period.end).order_by("on"))
