"""The charges that ought to exist, and what brings those that do in step with them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from purser.kernel.errors import Refused
from purser.rating.closes import Close
from purser.rating.metering import Counts, Metered, meter
from purser.rating.policy import Policy


@dataclass(frozen=True)
class Charge:
    """What one partner's day costs, in units; 0 on a day that is free. Its key is (partner, on)."""

    partner: str
    on: date
    units: int

    @property
    def key(self) -> tuple[str, date]:
        return self.partner, self.on

    def __str__(self) -> str:
        return f"partner {self.partner}, {self.on}"


@dataclass(frozen=True)
class Posted:
    """A charge in the books that no entry has reversed; `entry` is the one that posted it."""

    entry: str
    charge: Charge


@dataclass(frozen=True)
class Posting:
    """One entry to make: `charge` posted or, with `reverses`, that entry reversed. It is dated `on`."""

    charge: Charge
    on: date
    reverses: str | None = None

    @property
    def units(self) -> int:
        """What the posting takes from the balance; below 0 it gives back."""
        return -self.charge.units if self.reverses else self.charge.units


def wanted(closes: Sequence[Close], *, policy: Policy, opening: Counts | None = None) -> list[Charge]:
    """One charge for each close, by the policy. `closes` as closes.standing gives them: a partner's days, none left out."""
    rated = rate(closes, policy=policy, opening=opening)
    return [Charge(close.partner, close.on, one.day.units) for close, one in zip(closes, rated, strict=True)]


def rate(closes: Sequence[Close], *, policy: Policy, opening: Counts | None = None) -> list[Metered]:
    """The closes rated: what each charge is derived from."""
    return meter([close.users for close in closes], first=closes[0].on, policy=policy, opening=opening) if closes else []


def settle(*, wanted: Iterable[Charge], posted: Iterable[Posted], open_from: date) -> list[Posting]:
    """The postings that make the books say what ought to be: none where they do.

    A missing charge is posted, a different one reversed and posted anew; about a day in a closed period (before
    `open_from`) both are dated the first open day, so that nothing closed ever changes. A posted charge of a day that
    `wanted` does not speak of is left alone: days not rated are no days without a charge.
    Source: reliability P1, P3, P4.
    """
    held: dict[tuple[str, date], Posted] = {}
    for one in posted:
        if (other := held.setdefault(one.charge.key, one)) is not one:
            entries = f"{other.entry} ({other.charge.units} units) and {one.entry} ({one.charge.units} units)"
            raise Refused(f"Two charges stand for {one.charge}: entries {entries}. Reverse one.", code="twice")
    postings: list[Posting] = []
    asked: set[tuple[str, date]] = set()
    for charge in sorted(wanted, key=lambda charge: charge.key):
        if charge.key in asked:
            raise Refused(f"Two charges are wanted for {charge}: a day is rated once.", code="twice")
        asked.add(charge.key)
        on = max(charge.on, open_from)
        before = held.get(charge.key)
        if before is not None and before.charge == charge:
            continue
        if before is not None:
            postings.append(Posting(before.charge, on, reverses=before.entry))
        postings.append(Posting(charge, on))
    return postings
