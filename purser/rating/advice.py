"""The true-up adviser: whom to unlicense before the month's last midnight, and what exactly that saves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from purser.kernel.errors import Refused
from purser.kernel.period import month_of
from purser.rating import days, spending
from purser.rating.metering import Counts, meter
from purser.rating.policy import Policy

OPENS = 20  # day of the month from which there is advice: earlier, who is idle may well come back


@dataclass(frozen=True)
class Candidate:
    """A licensed person who seems not to need it, and `reason` why, in words for a reader."""

    tenant: str
    person: str
    reason: str


@dataclass(frozen=True)
class Advice:
    """Unlicense these people before `before`: to the end of next month that costs `units` less, a moment later `late` less.

    carry, carry_then: the peak that next month opens with as things are, and with the advice followed.
    """

    candidates: Sequence[Candidate]
    before: datetime
    units: int
    late: int
    carry: int
    carry_then: int


def advise(
    candidates: Sequence[Candidate], *, users: Counts, peaks: Counts, now: datetime, zone: ZoneInfo, policy: Policy,
    changes: Mapping[date, Counts] | None = None,
) -> Advice | None:  # fmt: skip
    """None before the 20th, and when there is nothing to save.

    users, peaks: by tenant at the last close; `changes` are counts known in advance, as for spending.outlook. What is saved
    is the rest of this month and the next, rated with and without these people: a licence removed on the last day costs
    nobody a day of service that is paid, and a day later it costs another month.
    """
    today = days.day_at(now, zone=zone)
    if today.day < OPENS:
        return None
    fewer = _by_tenant(candidates, users)
    this = month_of(today)
    end = this.end - days.DAY
    until = month_of(this.end).end - days.DAY
    as_is = spending.expected(users, first=today, through=until, changes=changes or {})
    last = (end - today).days

    def rated(since: int) -> tuple[int, int]:
        """Units to the end of next month and the peak it opens with, without the candidates from the close `since` on."""
        closes = [*as_is[:since], *(_less(counts, fewer) for counts in as_is[since:])]
        metered = [one.day for one in meter(closes, first=today, policy=policy, opening=peaks)]
        return sum(day.units for day in metered), metered[last].peak if policy.on(this.end).keeps(1) else 0

    keep, carry = rated(len(as_is))
    then, carry_then = rated(last)
    late, _ = rated(last + 1)
    if then >= keep:
        return None
    return Advice(candidates, days.closes_at(end, zone=zone), keep - then, keep - late, carry, carry_then)


def _by_tenant(candidates: Sequence[Candidate], users: Counts) -> Counter[str]:
    people = {(one.tenant, one.person) for one in candidates}
    if len(people) < len(candidates):
        raise Refused(f"{len(candidates)} candidates are {len(people)} people: each goes once.", code="twice")
    fewer = Counter(tenant for tenant, _ in people)
    for tenant, count in sorted(fewer.items()):
        if count > users.get(tenant, 0):
            raise Refused(f"Tenant {tenant} has {users.get(tenant, 0)} users, not {count} to unlicense.", code="count")
    return fewer


def _less(counts: Counts, fewer: Counts) -> Counts:
    return {tenant: max(0, users - fewer.get(tenant, 0)) for tenant, users in counts.items()}
