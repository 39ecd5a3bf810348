"""Days as a calendar file: iCalendar 2.0, whole-day events. Source: RFC 5545, sections 3.1 (folding), 3.3.11 (text), 3.6.1.

Written by hand: of the whole format it needs ten lines an event, and no recurrence or zone.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

OCTETS = 75  # of a line, without its end
DAY = timedelta(days=1)
_ESCAPED = {"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"}


@dataclass(frozen=True)
class Event:
    """`uid` is the same for the same thing at every reading, so that a calendar moves it and does not double it."""

    uid: str
    on: date
    summary: str
    description: str = ""
    category: str = ""


def write(name: str, events: Iterable[Event], *, now: datetime) -> str:
    """The file, lines ending as the format wants."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Purser//Commitments//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    lines.append(f"X-WR-CALNAME:{text(name)}")
    for event in events:
        lines += _event(event, f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines)


def _event(event: Event, stamp: str) -> list[str]:
    lines = [
        "BEGIN:VEVENT",
        f"UID:{event.uid}",
        f"DTSTAMP:{stamp}",
        f"DTSTART;VALUE=DATE:{event.on:%Y%m%d}",
        f"DTEND;VALUE=DATE:{event.on + DAY:%Y%m%d}",
        f"SUMMARY:{text(event.summary)}",
        "TRANSP:TRANSPARENT",
    ]
    if event.description:
        lines.append(f"DESCRIPTION:{text(event.description)}")
    if event.category:
        lines.append(f"CATEGORIES:{text(event.category)}")
    return [*lines, "END:VEVENT"]


def text(value: str) -> str:
    """As a property of type TEXT; other ends of lines and characters that no text has become spaces."""
    plain = value.replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(one if one == "\n" or one.isprintable() else " " for one in plain)
    return "".join(_ESCAPED.get(one, one) for one in kept)


def folded(line: str) -> str:
    """In lines of at most 75 octets, none cut within a character."""
    parts, held, size = [], "", 0
    for one in line:
        octets = len(one.encode())
        if size + octets > OCTETS:
            parts.append(held)
            held, size = " ", 1
        held, size = held + one, size + octets
    return "\r\n".join([*parts, held])
