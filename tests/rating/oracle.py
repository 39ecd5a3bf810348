"""The rules of the daily unit said once more, apart from the engine: by date, from the text, with nothing carried along."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


def peak(counts: Mapping[date, int], on: date, *, opening: int = 0) -> int:
    """P(on), of N by date without gaps. `opening` is what the close before the first date left.

    From the 26th the count itself; before, the highest of: the count that ended last month, and each count of this month so
    far. Source: acceptance CS-45, CS-47, F-4.
    """
    if on.day >= 26:
        return counts[on]
    month = [day for day in (on.replace(day=number) for number in range(1, on.day + 1)) if day in counts]
    before = min(month) - DAY
    return max(*(counts[day] for day in month), counts.get(before, opening))


def units(counts: Mapping[date, int], on: date, *, opening: int = 0) -> int:
    return 0 if on.day > 25 else peak(counts, on, opening=opening)


def is_fair(shares: Mapping[str, int], charge: int, weights: Mapping[str, int]) -> bool:
    """Whether shares are those of the largest remainder: they sum up, none is a whole unit off, and whoever got the unit
    more had no smaller remainder than whoever did not.
    """
    total = sum(weights.values())
    exact = {name: Fraction(charge * weight, total) for name, weight in weights.items()}
    more = [exact[name] % 1 for name in weights if shares[name] > exact[name]]
    fewer = [exact[name] % 1 for name in weights if shares[name] < exact[name]]
    near = all(abs(shares[name] - exact[name]) < 1 for name in weights)
    return sum(shares.values()) == charge and near and (not more or not fewer or min(more) >= max(fewer))


def last_minute(day: date, zone: ZoneInfo) -> datetime:
    """The last minute (UTC) at which clocks of the zone show `day` or an earlier date, looked for minute by minute."""
    near = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo("UTC"))
    minutes = (near + timedelta(minutes=n) for n in range(30 * 60, -40 * 60, -1))
    return next(at for at in minutes if at.astimezone(zone).date() <= day)


def dates(first: date, count: int) -> Sequence[date]:
    return [first + DAY * n for n in range(count)]
