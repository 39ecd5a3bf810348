"""How a month of daily counts becomes units, as data: changing what is charged is a new version, never new code."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from purser.kernel.errors import Refused


class Scope(StrEnum):
    """What is counted together: all tenants of a partner, or each tenant alone."""

    PARTNER = "partner"
    TENANT = "tenant"


@dataclass(frozen=True)
class Terms:
    """What holds for one calendar month.

    billable_days: days 1 to this one cost units, later ones none; a shorter month has fewer.
    ratchet: a day costs the peak of the month so far; else what its own close counted.
    true_up: behind the billable days the peak follows the count, down too. Without it, or where a month is too short
        for such a day, nothing but a new month brings the peak down, and that only when it is not carried over.
    carry_over: a month opens with the peak of the last close before it; else with 0.
    """

    billable_days: int
    ratchet: bool
    true_up: bool
    carry_over: bool
    scope: Scope

    def __post_init__(self) -> None:
        if not 1 <= self.billable_days <= 31:
            raise Refused(f"A month has 1 to 31 billable days; these terms have {self.billable_days}.", code="terms")

    def follows(self, day: int) -> bool:
        """Whether the peak of this day of the month is its count, whatever came before."""
        return not self.ratchet or (self.true_up and day > self.billable_days)

    def keeps(self, day: int) -> bool:
        """Whether the peak at the close before this day of the month still stands on it."""
        return day > 1 or self.carry_over


@dataclass(frozen=True)
class Version:
    """Terms that hold from a first of a month on: a peak has no meaning across two rules within one month."""

    from_on: date
    terms: Terms

    def __post_init__(self) -> None:
        if self.from_on.day != 1:
            raise Refused(f"Terms change with a month; {self.from_on} is not the first of one.", code="terms")


@dataclass(frozen=True)
class Policy:
    """Versions in the order of their dates. A later version leaves every month before it as it was rated."""

    code: str
    versions: tuple[Version, ...]

    def __post_init__(self) -> None:
        dates = [version.from_on for version in self.versions]
        if not dates or dates != sorted(set(dates)):
            told = ", ".join(map(str, dates)) or "none"
            raise Refused(f"The versions of {self.code} must follow each other, at least one; got {told}.", code="terms")

    def on(self, day: date) -> Terms:
        place = bisect_right(self.versions, day, key=lambda version: version.from_on)
        if not place:
            raise Refused(f"{self.code} has no terms before {self.versions[0].from_on}; asked for {day}.", code="terms")
        return self.versions[place - 1].terms


def always(code: str, terms: Terms) -> Policy:
    """One version for all time."""
    return Policy(code, (Version(date.min, terms),))


# The daily subscription unit. Source: acceptance CS-43 to CS-48, F-4.
DSU = always("dsu", Terms(billable_days=25, ratchet=True, true_up=True, carry_over=True, scope=Scope.PARTNER))
