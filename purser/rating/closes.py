"""The count at the close of each day: a dated fact, whole or absent, and never edited.

What is learned later (a licence removed in time that was told days after, a tenant that had moved) is the next version of
that day's close, beside the earlier ones: what was known on any day stays known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from purser.kernel.errors import Refused
from purser.rating import days


@dataclass(frozen=True)
class Licence:
    """One person of a tenant was licensed from `since` up to `until` (None: still is)."""

    tenant: str
    person: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Selling:
    """`partner` sold to a tenant from `since` up to `until`. A tenant has one partner at a time."""

    tenant: str
    partner: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True)
class Close:
    """What one partner had at the end of one day: licensed `users` by tenant. `version` counts from 1."""

    partner: str
    on: date
    users: Mapping[str, int]
    known_at: datetime
    version: int = 1

    def __post_init__(self) -> None:
        for tenant, users in self.users.items():
            if users < 0:
                raise Refused(f"{self}: tenant {tenant} has {users} users; a count is never below 0.", code="count")

    @property
    def total(self) -> int:
        return sum(self.users.values())

    def __str__(self) -> str:
        return f"Close of {self.on} for partner {self.partner}"


def count(licences: Iterable[Licence], *, selling: Iterable[Selling], at: datetime) -> dict[str, dict[str, int]]:
    """Licensed users by partner and tenant at the close `at`.

    A person counts once in a tenant however many licences say so. Removed at 24:00 or later is counted, a moment earlier is
    not; and whoever sells at the close has all of the tenant's day. Source: acceptance CS-42, CS-48, F-5.
    """
    sellers: dict[str, str] = {}
    for term in selling:
        if _holds(term, at) and sellers.setdefault(term.tenant, term.partner) != term.partner:
            two = f"{sellers[term.tenant]} and {term.partner}"
            raise Refused(f"Tenant {term.tenant} has two partners at {at.isoformat()}: {two}.", code="seller")
    found: dict[str, dict[str, int]] = {}
    for tenant, _ in {(one.tenant, one.person) for one in licences if _holds(one, at)}:
        if tenant not in sellers:
            raise Refused(f"Nobody sells to tenant {tenant} at {at.isoformat()}, but it has licences.", code="seller")
        counts = found.setdefault(sellers[tenant], {})
        counts[tenant] = counts.get(tenant, 0) + 1
    return found


def fix(*, partner: str, on: date, users: Mapping[str, int], zone: ZoneInfo, now: datetime) -> Close:
    """The first knowledge of a day, which must be over in the partner's zone. Once fixed it is only ever amended."""
    ends = days.closes_at(on, zone=zone)
    if now < ends:
        local = ends.astimezone(zone).isoformat(timespec="minutes")
        raise Refused(f"{on} closes at {local} ({zone.key}): it cannot be counted before.", code="open")
    return Close(partner, on, dict(users), now)


def amend(close: Close, *, users: Mapping[str, int], now: datetime) -> Close:
    """The next version: the counts of the tenants in `users` as they are known now, all others as before."""
    if now < close.known_at:
        raise Refused(f"{close} is known since {close.known_at.isoformat()}; nothing earlier amends it.", code="order")
    return replace(close, users={**close.users, **users}, known_at=now, version=close.version + 1)


def standing(closes: Iterable[Close], *, known_at: datetime | None = None) -> list[Close]:
    """What one partner's days are known to be (at `known_at`: were known to be then), oldest first, no day left out.

    Refused: closes of two partners, a version twice or missing, and a day without a close between two with one, since what
    comes after it cannot be rated.
    """
    seen = sorted(closes, key=lambda close: (close.on, close.version))
    if len(partners := sorted({close.partner for close in seen})) > 1:
        raise Refused(f"Closes of {len(partners)} partners, {', '.join(partners)}: each is rated alone.", code="partners")
    latest: list[Close] = []
    for on, group in groupby(seen, key=lambda close: close.on):
        versions = list(group)
        _in_order(versions)
        known = [close for close in versions if known_at is None or close.known_at <= known_at]
        if not known:
            continue
        if latest and latest[-1].on + days.DAY != on:
            gap = f"{latest[-1]} is followed by that of {on}"
            raise Refused(f"{gap}: close {latest[-1].on + days.DAY} first.", code="missing")
        latest.append(known[-1])
    return latest


def _holds(one: Licence | Selling, at: datetime) -> bool:
    return one.since < at and (one.until is None or one.until >= at)


def _in_order(versions: Sequence[Close]) -> None:
    got = [close.version for close in versions]
    if got != list(range(1, len(got) + 1)):
        told = ", ".join(map(str, got))
        raise Refused(f"{versions[0]} has versions {told}; each from 1 on comes once.", code="versions")
