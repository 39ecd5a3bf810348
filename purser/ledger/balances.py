"""What an account holds, held, and how it came to it. Run in the seat of the tenant whose books they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import OperationalError, connection
from django.db.models import Max, Q, QuerySet, Sum

from purser.kernel.errors import Busy
from purser.ledger import chart
from purser.ledger.chart import UNIT
from purser.ledger.models import Account, Posting
from purser.postgres import tenancy

PATIENCE = timedelta(seconds=10)
MOST_LINES = 1_000


def balance(*, account: str, of: UUID | None, unit: str = UNIT, as_of: date | None = None) -> Decimal:
    """The sum of all postings on one account, those dated after `as_of` left out; 0 where nothing was posted."""
    return _total(_postings(_id(account, of, unit), as_of))


def hold(*, account: str, of: UUID | None, unit: str) -> Decimal:
    """The balance, for a decision that must be taken once: whoever else holds it waits until this transaction ends.

    Call it before posting. Raises Busy after `PATIENCE`. Source: reliability P7.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{PATIENCE.total_seconds():.0f}s"])
        try:
            name = f"balance {tenancy.tenant()} {account} {of} {unit}"
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
        except OperationalError as late:
            raise Busy(f"The balance {account!r} was held by others for {PATIENCE}.", code="held") from late
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [before])
    return balance(account=account, of=of, unit=unit)


@dataclass(frozen=True)
class Line:
    """One posting, and what the account held after it."""

    posting: UUID
    entry: UUID
    on: date
    kind: str
    source: str
    text: str
    reverses: UUID | None
    amount: Decimal
    balance: Decimal


@dataclass(frozen=True)
class Statement:
    """`opening` + the amounts of `lines` = `closing`. `more`: there are lines after the last."""

    opening: Decimal
    lines: tuple[Line, ...]
    more: bool

    @property
    def closing(self) -> Decimal:
        return self.lines[-1].balance if self.lines else self.opening


def statement(
    *, account: str, of: UUID | None, unit: str, start: date, end: date, after: Line | None = None, most: int = MOST_LINES,
) -> Statement:  # fmt: skip
    """The postings from `start` to before `end`, by date and then as they were made; from the line `after` on for a page."""
    mine = _postings(_id(account, of, unit))
    if after is None:
        opening, rest = _total(mine.filter(on__lt=start)), mine.filter(on__gte=start)
    else:
        # two conditions, and not "later or equal": so it walks the index from there
        rest = mine.filter(on__gte=after.on).exclude(on=after.on, pk__lte=after.posting)
        opening = _total(mine.filter(Q(on__lt=after.on) | Q(on=after.on, pk__lte=after.posting)))
    most = min(most, MOST_LINES)
    found = list(rest.filter(on__lt=end).select_related("entry").order_by("on", "pk")[: most + 1])
    return Statement(opening, tuple(_running(opening, found[:most])), more=len(found) > most)


def _running(opening: Decimal, postings: list[Posting]) -> Iterator[Line]:
    held = opening
    for one in postings:
        held += one.amount
        entry = one.entry
        yield Line(
            one.pk, entry.pk, one.on, entry.kind, entry.source, entry.text, entry.reverses_id, one.amount, held
        )  # fmt: skip


@dataclass(frozen=True)
class Unsettled:
    """A clearing account that has not come to 0, and since when nothing was posted on it."""

    account: str
    of: UUID | None
    unit: str
    amount: Decimal
    since: date


def unsettled(*, before: date) -> list[Unsettled]:
    """Clearing accounts that are not 0 and had no posting dated `before` or later: somebody must look."""
    names = [kind.name for kind in chart.KINDS.values() if kind.clearing]
    found = (
        Account.objects.filter(name__in=names)
        .annotate(total=Sum("postings__amount"), last=Max("postings__on"))
        .filter(last__lt=before)
        .exclude(total=0)
        .order_by("last", "pk")
    )
    return [Unsettled(a.name, a.of, a.unit, a.total, a.last) for a in found]


def _id(account: str, of: UUID | None, unit: str) -> UUID | None:
    return Account.objects.filter(name=account, of=of, unit=unit).values_list("pk", flat=True).first()


def _postings(account: UUID | None, as_of: date | None = None) -> QuerySet[Posting]:
    found = Posting.objects.filter(account=account)
    return found if as_of is None else found.filter(on__lte=as_of)


def _total(postings: QuerySet[Posting]) -> Decimal:
    total: Decimal | None = postings.aggregate(total=Sum("amount"))["total"]
    return Decimal(0) if total is None else total
