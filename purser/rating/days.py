"""When a day closes: a date in the partner's own time zone, to the instant. Source: acceptance, conventions; CS-48."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


def closes_at(day: date, *, zone: ZoneInfo) -> datetime:
    """The instant (UTC) that ends `day`: from then on the clocks of the zone never show it again.

    That is local midnight, except where clocks are moved there: a midnight that comes twice counts when the day is really
    over, and one that is left out (or a whole date, as when Samoa changed sides) counts at the change. So the closes of
    all dates follow each other, and every instant lies in exactly one day.
    """
    midnight = datetime.combine(day + DAY, time(), zone)
    early, late = sorted(midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    if _date(early, zone) > day or late == early:  # midnight exists; shown twice, it may be the second that ends the day
        return late if _date(late - TICK, zone) <= day else early
    while late - early > TICK:  # left out: clocks jumped over it somewhere between the two
        middle = early + (late - early) / 2
        early, late = (early, middle) if _date(middle, zone) > day else (middle, late)
    return late


def day_at(at: datetime, *, zone: ZoneInfo) -> date:
    """The day that `at` belongs to; it has not closed yet."""
    day = _date(at, zone)
    return day if at >= closes_at(day - DAY, zone=zone) else day - DAY


def due(*, after: date, now: datetime, zone: ZoneInfo) -> list[date]:
    """The days after `after` that have closed, oldest first: what a close that comes days late has to make up for."""
    count = (day_at(now, zone=zone) - after).days - 1
    return [after + DAY * n for n in range(1, count + 1)]


def _date(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
