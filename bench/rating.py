"""What the ratchet costs beside the plainest loop over the same counts, and a year of one large partner rated anew."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime

from bench.figures import Figure, ratio, seconds
from purser.rating import charges, closes, ratchet, shares
from purser.rating.closes import Close
from purser.rating.policy import DSU

PARTNERS = 10_000
YEAR = 365
TENANTS = 1_000
FIRST = date(2025, 1, 1)
MONTHS_13 = (date(2026, 2, 1) - FIRST).days
KNOWN_AT = datetime(2026, 2, 1, tzinfo=UTC)


def figures() -> Iterator[Figure]:
    chance = random.Random(7)
    counts = [_walk(chance, YEAR) for _ in range(PARTNERS)]
    if [day.users for day in ratchet.history(counts[0], first=FIRST, policy=DSU)] != counts[0]:
        raise RuntimeError("history() does not rate the counts it is given")
    yield Figure("rate_vs_max", ratio(lambda: rate(counts), lambda: plain(counts), rounds=5), 10.0)
    known = large(chance)
    yield Figure("rerate_13_months_s", min(seconds(lambda: rerate(known)) for _ in range(3)), 3.0)


def rate(counts: list[list[int]]) -> None:
    for users in counts:
        ratchet.history(users, first=FIRST, policy=DSU)


def plain(counts: list[list[int]]) -> None:
    """The highest count so far, of each partner: no month, no date, nothing kept."""
    for users in counts:
        peak = 0
        for count in users:
            peak = max(peak, count)


def rerate(known: list[Close]) -> None:
    """All there is to it: what stands, the charges, what the books lack, and each tenant's share of each day."""
    standing = closes.standing(known)
    wanted = charges.wanted(standing, policy=DSU)
    postings = charges.settle(wanted=wanted, posted=[], open_from=FIRST)
    parts = [shares.split(one.day.units, one.weights) for one in charges.rate(standing, policy=DSU)]
    if sum(one.units for one in postings) != sum(sum(part.values()) for part in parts):
        raise RuntimeError("the shares do not sum to the charges")


def large(chance: random.Random) -> list[Close]:
    """13 months of one partner with 1,000 tenants, each tenth day corrected once."""
    walks = {f"tenant-{number:04}": _walk(chance, MONTHS_13) for number in range(TENANTS)}
    known = []
    for number in range(MONTHS_13):
        on = date.fromordinal(FIRST.toordinal() + number)
        close = Close("partner", on, {tenant: users[number] for tenant, users in walks.items()}, KNOWN_AT)
        known.append(close)
        if not number % 10:
            known.append(closes.amend(close, users={"tenant-0000": number}, now=KNOWN_AT))
    return known


def _walk(chance: random.Random, length: int) -> list[int]:
    """Counts as companies have them: the same for days, then a few more or fewer."""
    users, found = chance.randint(5, 300), []
    for _ in range(length):
        if chance.random() < 0.1:
            users = max(0, users + chance.randint(-5, 5))
        found.append(users)
    return found
