"""What must hold between licences, closes, charges and books of one organisation. Run in its seat. Source: reliability P42."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby, pairwise
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from purser.billing import models
from purser.billing.usage import charging, facts, programme, terms
from purser.kernel.errors import Refused
from purser.kernel.problem import Problem
from purser.ledger import balances, entries
from purser.ledger.chart import DSU
from purser.postgres import tenancy
from purser.rating import days

LATE = timedelta(hours=1)  # a day is closed, and a charge in the books, within


def check(*, now: datetime) -> Iterator[Problem]:
    yield from _selling()
    yield from _licences()
    stints = list(models.Stint.objects.order_by("from_on"))
    closes = list(models.Close.objects.order_by("on", "version"))
    rows = list(models.Charge.objects.order_by("on", "version"))
    yield from _stints(stints)
    yield from _closes(closes)
    yield from _days(stints, closes, now)
    yield from _versions("close_version", closes)
    yield from _versions("charge_version", rows)
    yield from _rated(closes, rows)
    yield from _books(rows, now)
    yield from _sums(rows)
    yield from _free(stints)


def _stints(stints: Sequence[models.Stint]) -> Iterator[Problem]:
    for one, next_ in pairwise(stints):
        if one.until_on is None or one.until_on > next_.from_on:
            yield Problem("stint", str(next_.pk), f"It begins on {next_.from_on}; the one before is up to {one.until_on}.")


def _closes(closes: Sequence[models.Close]) -> Iterator[Problem]:
    for row in closes:
        if row.tenants != sorted(set(row.tenants)):
            yield Problem("close_tenants", str(row.pk), f"The close of {row.on} names a tenant twice, or out of order.")
        if len(row.tenants) != len(row.counts) or sum(row.counts) != row.users or min(row.counts, default=1) < 1:
            told = f"{row.users} users, but its tenants have {sum(row.counts)}, each at least one"
            yield Problem("close_sum", str(row.pk), f"The close of {row.on} says {told}.")


def _days(stints: Sequence[models.Stint], closes: Sequence[models.Close], now: datetime) -> Iterator[Problem]:
    """Every day of a stint that is over was closed, at the instant when it ended, and no other day."""
    found = {row.on: row for row in reversed(closes)}
    for stint in stints:
        zone = ZoneInfo(stint.zone)
        due = days.due(after=stint.from_on - days.DAY, now=now - LATE, zone=zone)
        for on in due:
            if stint.until_on is None or on < stint.until_on:
                row = found.pop(on, None)
                if row is None:
                    yield Problem("close_missing", str(stint.pk), f"{on} is over and was not closed.")
                elif row.closes_at != days.closes_at(on, zone=zone):
                    yield Problem("close_instant", str(row.pk), f"{on} ended at another moment than {row.closes_at}.")
        early = days.due(after=stint.from_on - days.DAY, now=now, zone=zone)
        for on in early[len(due) :]:
            found.pop(on, None)
    for on, row in found.items():
        yield Problem("close_stray", str(row.pk), f"{on} was closed and is not of the programme, or not over.")


def _versions(code: str, rows: Sequence[Any]) -> Iterator[Problem]:
    for on, group in groupby(rows, key=lambda row: row.on):
        got = [row.version for row in group]
        if got != list(range(1, len(got) + 1)):
            yield Problem(code, str(on), f"{on} has versions {', '.join(map(str, got))}; each from 1 on comes once.")


def _rated(closes: Sequence[models.Close], rows: Sequence[models.Charge]) -> Iterator[Problem]:
    """Each charge that stands is what the closes that stand make of the day."""
    known = {row.on: facts.value(row) for row in closes if len(row.tenants) == len(row.counts)}
    charged = {row.on: row for row in rows}
    for on in sorted(known.keys() ^ charged.keys()):
        told = "was closed and not rated" if on in known else "is charged and was not closed"
        yield Problem("charge_close", str(on), f"{on} {told}.")
    if not known:
        return
    try:
        rated = facts.rate([known[on] for on in sorted(known)], terms.own())
    except Refused as refusal:
        yield Problem("rating", str(tenancy.tenant()), refusal.text)
        return
    for one in rated:
        row = charged.get(one.day.on)
        if row is not None and (row.users, row.peak, row.units) != one.day[1:]:
            says = f"{row.users} users, peak {row.peak}, {row.units} units"
            told = f"{one.day.users} users, peak {one.day.peak}, {one.day.units} units"
            yield Problem("charge", str(row.pk), f"{row.on} is charged {says}; its closes make it {told}.")
        if row is not None and row.close_version > known[one.day.on].version:
            yield Problem("charge", str(row.pk), f"{row.on} is rated from version {row.close_version} of its close.")


def _books(rows: Sequence[models.Charge], now: datetime) -> Iterator[Problem]:
    """The books hold each charge that stands once, nothing for a day that is free, and no charge that was never made."""
    made = {charging.source(row.on, row.version): row for row in rows}
    stand = {row.on: row for row in rows}
    held: dict[date, int] = {}
    for one in entries.standing(kind=charging.KIND, account="used", unit=DSU):
        row = made.get(one.source)
        if row is None:
            yield Problem("entry_charge", str(one.id), f"{one.source!r} is in the books, and no charge says so.")
            continue
        if one.amount != row.units:
            yield Problem("charge_entry", str(one.id), f"{one.source!r} took {one.amount:f} units; the charge is {row.units}.")
        if one.on < row.on:
            yield Problem("charge_entry", str(one.id), f"{one.source!r} is dated {one.on}, before its day.")
        if row.on in held:
            yield Problem("charge_twice", str(one.id), f"{row.on} is in the books more than once.")
        held[row.on] = int(one.amount)
    for on, row in stand.items():
        if held.get(on, 0) != row.units and now - row.made_at > LATE:
            told = f"{on} costs {row.units} units, and the books hold {held.get(on, 0)}"
            yield Problem("charge_posted", str(row.pk), f"{told}.")


def _sums(rows: Sequence[models.Charge]) -> Iterator[Problem]:
    """What is left is what came less what was used; what was used is what the days in the books cost."""
    if not rows:
        return
    total = sum((one.amount for one in entries.standing(kind=charging.KIND, account="used", unit=DSU)), Decimal(0))
    sums = {name: balances.balance(account=name, of=None, unit=DSU) for name in ("balance", "used", "sold", "free")}
    if sums["used"] != total:
        yield Problem("used", "used", f"{sums['used']:f} units are used, but the days cost {total:f}.")
    others = sum(
        (balances.balance(account=name, of=None, unit=DSU) for name in ("opening", "adjustments", "suspense")), Decimal(0)
    )
    if sums["balance"] != -(sums["sold"] + sums["free"] + others) - total:
        told = f"{-sums['sold']:f} bought and {-sums['free']:f} free less {total:f} used is not {sums['balance']:f}"
        yield Problem("balance", "balance", f"{told}.")


def _free(stints: Sequence[models.Stint]) -> Iterator[Problem]:
    given = entries.of_source(programme.FREE_SOURCE) is not None
    if given != bool(stints):
        told = "has its free units and no part in the programme" if given else "is in the programme without its free units"
        yield Problem("free", str(tenancy.tenant()), f"The partner {told}.")


def _selling() -> Iterator[Problem]:
    """One seller at a time, and one while somebody is licensed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT b.id, b.since FROM tenants_selling a JOIN tenants_selling b ON b.id <> a.id AND a.tenant_id = b.tenant_id "
            "AND a.since <= b.since AND (a.until IS NULL OR a.until > b.since) AND (b.until IS NULL OR b.until > b.since) "
            "ORDER BY b.since, b.id"
        )
        for id, since in cursor.fetchall():
            yield Problem("two_sellers", str(id), f"Somebody else sold to this tenant at {since}.")
        cursor.execute(
            "SELECT l.id, l.since FROM directory_licence l WHERE NOT EXISTS (SELECT FROM tenants_selling s "
            "WHERE s.since <= l.since AND (s.until IS NULL OR s.until >= l.since)) OR (l.until IS NULL AND NOT EXISTS ("
            "SELECT FROM tenants_selling s WHERE s.until IS NULL)) ORDER BY l.id LIMIT 10"
        )
        for id, since in cursor.fetchall():
            yield Problem("no_seller", str(id), f"Licensed since {since}, and nobody sells to this tenant.")


def _licences() -> Iterator[Problem]:
    """One licence a user at a time: the close counts rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, since FROM (SELECT id, since, max(coalesce(until, 'infinity')) OVER (PARTITION BY user_id "
            "ORDER BY since, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM directory_licence) l "
            "WHERE before > since ORDER BY since, id"
        )
        for id, since in cursor.fetchall():
            yield Problem("licence_twice", str(id), f"Licensed again since {since} while licensed already.")
