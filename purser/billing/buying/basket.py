"""What a person has put together and not bought yet: it stays until it is bought or taken out. In the partner's seat.

Source: acceptance CS-58, CS-62.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from purser.access.actors import Actor
from purser.billing.buying import packages, quotes
from purser.billing.models import Basket, Package, PriceList
from purser.kernel.errors import Refused


@dataclass(frozen=True)
class Line:
    """One package of the list in force, and how many of it are in the basket."""

    package: Package
    count: int

    @property
    def price(self) -> Decimal:
        return self.package.price * self.count


@dataclass(frozen=True)
class Filled:
    """The whole price list with counts. `gone` are codes that were chosen and are in the list no more."""

    price_list: PriceList
    lines: tuple[Line, ...]
    gone: tuple[str, ...]

    @property
    def chosen(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.count)

    @property
    def total(self) -> Decimal:
        return sum((line.price for line in self.lines), Decimal(0))

    @property
    def units(self) -> int:
        return sum(line.package.units * line.count for line in self.lines)

    @property
    def counts(self) -> dict[str, int]:
        return {line.package.code: line.count for line in self.chosen}


def filled(actor: Actor, now: datetime) -> Filled:
    """The actor's own basket at the prices of now. Raises Refused(code="prices") where there is no price list."""
    held = packages.in_force(now)
    row = Basket.objects.filter(person=_person(actor)).first()
    kept: dict[str, int] = dict(row.counts) if row else {}
    rows = packages.rows_of(held)
    gone = sorted(kept.keys() - {one.code for one in rows})
    return Filled(held, tuple(Line(one, kept.get(one.code, 0)) for one in rows), tuple(gone))


def step(actor: Actor, code: str, by: int, now: datetime) -> None:
    """ "+" and "-": one more or one less of a package, never below 0. Raises Refused(code="count") above 10,000."""
    packages.package(code, now)
    row = _locked(actor)
    _keep(row, {**row.counts, code: max(0, row.counts.get(code, 0) + by)}, now)


def put(actor: Actor, counts: Mapping[str, int], now: datetime) -> None:
    """So many of each, and nothing else. Raises Refused: code "count", or "package" for what the list does not have."""
    for code in counts:
        packages.package(code, now)
    _keep(_locked(actor), counts, now)


def bought(actor: Actor, counts: Mapping[str, int]) -> None:
    """What was bought is in it no more; a basket that was changed since stays as it is."""
    if actor.person is not None:
        Basket.objects.filter(person=actor.person, counts=dict(counts)).update(counts={})


def _keep(row: Basket, counts: Mapping[str, int], now: datetime) -> None:
    there = {one.code for one in packages.rows_of(packages.in_force(now))}
    row.counts = quotes.counted({code: count for code, count in counts.items() if code in there})
    row.save(update_fields=["counts"])


def _locked(actor: Actor) -> Basket:
    row: Basket
    Basket.objects.bulk_create([Basket(person_id=_person(actor))], ignore_conflicts=True)
    row = Basket.objects.select_for_update().get(person=_person(actor))
    return row


def _person(actor: Actor) -> UUID:
    if actor.person is None:
        raise Refused("Only a person has a basket.", code="person")
    return actor.person
