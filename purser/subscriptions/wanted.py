"""Lines of an order: as they are asked for, and as they stand after a look. Source: acceptance CM-12, CM-45, CM-64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from purser.catalog.selling import Sellable, Tier
from purser.kernel import digest
from purser.kernel.errors import Refused
from purser.kernel.money import Money
from purser.subscriptions.models import LineKind, Subscription

NEW = (LineKind.CREATE, LineKind.ADDON)


@dataclass(frozen=True)
class Asked:
    """A line as it is asked for. A new one names an `offer`, any other the `subscription` that it changes.

    `quantity`: units; for a renewal setting 1 or 0. `price`, in `currency`, is what was shown for a unit and cycle: another is
    refused. `base` and `instance` are needed only where there is a choice.
    """

    kind: LineKind
    quantity: int = 0
    offer: UUID | None = None
    subscription: UUID | None = None
    base: UUID | None = None
    instance: UUID | None = None
    price: Decimal | None = None
    currency: str = ""

    @property
    def wants(self) -> int:
        """The quantity, nought or more; 0 or 1 for a renewal setting."""
        return min(max(self.quantity, 0), 1) if self.kind == LineKind.RENEWAL else max(self.quantity, 0)


@dataclass(frozen=True)
class Checked:
    """A line after the look. `wrong` stands against it; `moved` is a price that is not the one shown. `tier` is what the actor
    itself makes of it, None for a customer and for what it does not sell; `below`: a customer asks for it, and its seller's
    margin is below its floor, of which the customer never hears. `choices` are instances, and `bases` subscriptions, by id,
    to choose from.
    """

    asked: Asked
    name: str = ""
    code: str = ""
    cycle: str = ""
    unit: str = ""
    listed: str = ""
    currency: str = ""
    price: Decimal = Decimal(0)
    before: int = 0
    after: int = 0
    offer: Sellable | None = None
    subscription: Subscription | None = None
    base: Subscription | None = None
    account: UUID | None = None
    instance: UUID | None = None
    instance_name: str = ""
    choices: Mapping[UUID, str] = field(default_factory=dict)
    bases: Mapping[UUID, str] = field(default_factory=dict)
    tier: Tier | None = None
    below: bool = False
    wrong: Refused | None = None
    moved: Refused | None = None

    @property
    def total(self) -> Decimal:
        """What it costs for a cycle, rounded once."""
        return Money(self.price, self.currency).times(self.after).rounded().amount

    @property
    def at_stake(self) -> Decimal:
        """What a threshold is compared with: for what ends or stays as it is, what it costs now."""
        kind = self.asked.kind
        count = self.after if kind in (*NEW, LineKind.QUANTITY) and self.after else self.before
        return Money(self.price, self.currency).times(count).rounded().amount

    @property
    def metered(self) -> bool:
        return bool(self.offer.metered if self.offer is not None else self.subscription and self.subscription.metered)

    @property
    def grows(self) -> bool:
        """Whether there is more of it afterwards: it is new, lifted, or of a higher quantity."""
        kind = self.asked.kind
        return kind in (*NEW, LineKind.RESUME) or (kind == LineKind.QUANTITY and self.after > self.before)

    @property
    def low(self) -> Refused | None:
        """That the actor's own margin is below the floor of its list; None where it is not. Source: acceptance CM-64."""
        if self.tier is None or not self.tier.low:
            return None
        at = f"{self.tier.sell.normalize():f} {self.tier.currency}"
        return Refused(
            f"{self.name}: at {at} your margin is {self.tier.margin} %, below the floor of {self.tier.floor_percent} % of "
            f"{self.tier.listed}.",
            code="floor",
            hint="Confirm it, or publish another price first.",
        )


def totals(lines: Sequence[Checked]) -> dict[str, Decimal]:
    """What the lines cost for a cycle, by currency and cycle: "EUR monthly"."""
    found: dict[str, Decimal] = {}
    for line in lines:
        if line.wrong is None and line.asked.kind in (*NEW, LineKind.QUANTITY):
            key = f"{line.currency} {line.cycle}"
            found[key] = found.get(key, Decimal(0)) + line.total
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Added:
    """What an order would add at one instance: the name of each offer, and what the vendor switches on for it."""

    instance: UUID
    name: str
    offers: tuple[tuple[str, Mapping[str, Any]], ...]


def added(lines: Sequence[Checked]) -> list[Added]:
    """By instance, of the new lines against which nothing stands."""
    found: dict[UUID, list[Checked]] = {}
    for line in lines:
        if line.asked.kind in NEW and line.wrong is None and line.instance is not None:
            found.setdefault(line.instance, []).append(line)
    return [
        Added(at, rows[0].instance_name, tuple((row.name, row.offer.provides) for row in rows if row.offer))
        for at, rows in found.items()
    ]


def facts(lines: Sequence[Checked]) -> str:
    """A digest of what an approver saw: prices, quantities and margins as they stand."""
    return digest.of([[one.code, one.price, one.currency, one.before, one.after, one.low is not None] for one in lines])
