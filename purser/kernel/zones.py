"""The time zones that somebody can name."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def names() -> tuple[str, ...]:
    """In their order, read once a process: to find them is a walk through some 600 files."""
    return tuple(sorted(available_timezones()))
