"""The value that is kept in step: the units of one service from one date on."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from purser.kernel import digest
from purser.reconcile.model import Change, Key


@dataclass(frozen=True)
class Standing:
    """Two standings are equal when the units are: prices and notes travel with a change but do not cause one.

    A service without units holds nothing: there is no standing of 0, the key is absent. So bringing units to nought is a
    removal and starting from nought a creation, and law 2 guards both.
    """

    link: UUID
    agreement_id: str
    service_id: str
    effective_on: date
    units: Decimal
    unit_price: Decimal | None = field(default=None, compare=False)
    unit_cost: Decimal | None = field(default=None, compare=False)
    note: str = field(default="", compare=False)


def key(link: UUID, day: date | None = None) -> Key:
    return str(link) if day is None else f"{link}@{day.isoformat()}"


def link_of(key: Key) -> str:
    """The link of a key: steps of one link keep their order (acceptance ID-42)."""
    return key.partition("@")[0]


def describe(standing: Standing) -> object:
    """What a digest is made of: what would be posted, without the words about it."""
    return [
        standing.agreement_id,
        standing.service_id,
        standing.effective_on.isoformat(),
        digest.units(standing.units),
        None if standing.unit_price is None else digest.units(standing.unit_price),
        None if standing.unit_cost is None else digest.units(standing.unit_cost),
    ]


def mark(change: Change[Standing]) -> str:
    """What makes two postings the same posting: link, date, from and to."""
    before = "-" if change.before is None else digest.units(change.before.units)
    after = "0" if change.after is None else digest.units(change.after.units)
    return f"{change.key}:{before}>{after}"
