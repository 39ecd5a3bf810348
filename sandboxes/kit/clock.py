"""A clock that tests and demos may move."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta


class Clock:
    """Runs at the speed of the real one, from an offset, or stands still when `frozen`."""

    def __init__(self) -> None:
        self.offset = timedelta(0)
        self.frozen: datetime | None = None

    def now(self) -> datetime:
        return self.frozen if self.frozen is not None else datetime.now(UTC) + self.offset

    def today(self) -> date:
        return self.now().date()

    def set(self, at: datetime, *, frozen: bool = False) -> None:
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        self.offset = at - datetime.now(UTC)
        self.frozen = at if frozen else None

    def advance(self, by: timedelta) -> None:
        self.offset += by
        if self.frozen is not None:
            self.frozen += by
