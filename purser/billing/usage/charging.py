"""Bring a partner's books in step with the charges of its days. Source: acceptance CS-42, F-2; reliability P1, P3, P4, P7."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from purser.billing import models
from purser.billing.usage import facts
from purser.kernel.period import month_of
from purser.ledger import assertions, balances, entries
from purser.ledger.chart import DSU
from purser.ledger.entries import Draft, Leg
from purser.postgres import tenancy
from purser.postgres.queue import defer
from purser.rating import charges, days
from purser.rating.charges import Charge, Posted

KIND = "day"
SETTLED = timedelta(days=3)  # after its end a month is closed for good
LONGEST = 300


@dataclass(frozen=True)
class Outcome:
    """What one call did to the books: entries made and reversed, and the balance then."""

    posted: int
    reversed: int
    balance: Decimal


def source(on: date, version: int) -> str:
    """What an entry of a day's charge is known by. `version` is the charge's."""
    return f"{KIND}:{on}:{version}"


def post(partner: UUID, *, now: datetime, reason: str = "") -> Outcome:
    """Post what is missing and reverse what is wrong, once, however often it is called. Takes the partner's seat.

    A day of a closed period is corrected on the first open day. The balance is held first: of all who post at once one
    takes it below 0, and asks for the purchase in the same transaction. Raises Busy. Source: decision F-2.
    """
    with tenancy.acting_in(partner):
        balances.hold(account="balance", of=None, unit=DSU)
        wanted = {row.on: row for row in facts.latest(models.Charge.objects.all())}
        posted = list(_posted(wanted.values()))
        steps = charges.settle(
            wanted=[Charge(str(partner), row.on, row.units) for row in wanted.values() if row.units or row.version > 1],
            posted=posted,
            open_from=_open_from(),
        )
        undone = [step for step in steps if step.reverses is not None]
        for step in undone:
            assert step.reverses is not None
            words = reason or _why(step.charge.on)
            entries.reverse(entry_id=UUID(step.reverses), reason=words, on=step.on, now=now)
        made = [_draft(wanted[step.charge.on], step.on) for step in steps if step.reverses is None and step.charge.units]
        entries.post_all(made, now=now)
        balance = balances.balance(account="balance", of=None, unit=DSU)
        if balance < 0 and (made or undone):
            defer("purser.buy", lock=f"buy:{partner}", merge=True, tenant=str(partner))
    return Outcome(len(made), len(undone), balance)


def assert_month(partner: UUID, *, now: datetime) -> date | None:
    """Close the partner's last month in its books, some days into the next: what was used and what was left stays so.

    None while days of it are not counted or not posted, and when there is nothing to close. Takes the partner's seat.
    """
    with tenancy.acting_in(partner):
        stint = models.Stint.objects.order_by("-from_on").first()
        if stint is None:
            return None
        zone = ZoneInfo(stint.zone)
        end = month_of(days.day_at(now - SETTLED, zone=zone)).start - days.DAY
        last = stint.until_on - days.DAY if stint.until_on is not None and stint.until_on <= end else end
        known = {row.on: row for row in facts.latest(models.Charge.objects.filter(on__lte=end))}
        if not known or max(known) < last or (closed := _open_from()) > end:
            return None
        posted = {one.charge.on: one.charge.units for one in _posted(known.values())}
        if any(row.units != posted.get(row.on, 0) for row in known.values() if row.on >= closed):
            return None
        for account in ("balance", "used"):
            held = balances.balance(account=account, of=None, unit=DSU, as_of=end)
            assertions.state(account=account, of=None, unit=DSU, on=end, amount=held, now=now, text="Month closed")
    return end


def _open_from() -> date:
    """The first day that nothing has closed in the books."""
    found = [assertions.until(account=account, of=None, unit=DSU) for account in ("balance", "used")]
    closed = [day for day in found if day is not None]
    return max(closed) + days.DAY if closed else date.min


def _posted(rows: Iterable[models.Charge]) -> Iterable[Posted]:
    """What the books hold of these days: the entries of any version that stand."""
    sources = {source(row.on, version): row for row in rows for version in range(1, row.version + 1)}
    for one in entries.standing(account="used", unit=DSU, sources=sources):
        row = sources[one.source]
        yield Posted(str(one.id), Charge(str(row.tenant_id), row.on, int(one.amount)))


def _draft(row: models.Charge, on: date) -> Draft:
    legs = [Leg("balance", None, DSU, Decimal(-row.units)), Leg("used", None, DSU, Decimal(row.units))]
    return Draft(KIND, on, source(row.on, row.version), legs, f"{row.users} users, peak {row.peak}")


def _why(on: date) -> str:
    """Why the charge of a day is another than it was: what its latest correction says, or that one before it did."""
    close = models.Close.objects.filter(on__lte=on, version__gt=1).order_by("-known_at", "-on").first()
    if close is None:
        return f"The day {on} was rated anew."
    return f"{close.on} was corrected: {close.text}"[:LONGEST]
