"""Lines of an order: as they are asked for, and as they stand after a look. Source: acceptance CM-12, CM-45, CM-64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from uuid import UUID

from purser.catalog.selling import UNSEEN, Seen, Sellable
from purser.kernel import digest
from purser.kernel.errors import Refused
from purser.kernel.money import Money
from purser.subscriptions.models import LineKind, Subscription

NEW = (LineKind.CREATE, LineKind.ADDON)
HEARD = (*NEW, LineKind.SUSPEND, LineKind.RESUME)


@dataclass(frozen=True)
class Asked:
    """A line as it is asked for. A new one names an `offer`, any other the `subscription` that it changes.

    `quantity`: units; for a renewal setting 1 or 0. `price`, in `currency`, is what the actor was shown for a unit and
    cycle, and `terms` what it was shown under: others are refused. `name`: what its offer was called, as far as known. `base`
    and `instance` are needed only where there is a choice.
    """

    kind: LineKind
    quantity: int = 0
    offer: UUID | None = None
    subscription: UUID | None = None
    base: UUID | None = None
    instance: UUID | None = None
    price: Decimal | None = None
    currency: str = ""
    terms: str = ""
    name: str = ""

    @property
    def wants(self) -> int:
        """The quantity, nought or more; 0 or 1 for a renewal setting."""
        return min(max(self.quantity, 0), 1) if self.kind == LineKind.RENEWAL else max(self.quantity, 0)


@dataclass(frozen=True)
class Checked:
    """A line after the look. `price`, in `currency`, is what the customer is asked, and ordered at; only `seen` is for the
    actor's eyes. `wrong` stands against it; `moved`: what the actor sees is not what it was shown. `below`: a customer asks
    for it, and its seller's margin is below its floor, of which the customer never hears. `enables`: what is suspended beside
    it at the vendor comes back with it, in words; `guarded`: its seller suspended that, and a customer asks. `choices` are
    instances, and `bases` subscriptions, by id, to choose from.
    """

    asked: Asked
    name: str = ""
    code: str = ""
    cycle: str = ""
    terms: str = ""
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
    seen: Seen = UNSEEN
    below: bool = False
    enables: Refused | None = None
    guarded: bool = False
    wrong: Refused | None = None
    moved: Refused | None = None

    @property
    def total(self) -> Decimal | None:
        """What it costs for a cycle at the price that the actor sees."""
        return cost(self.seen, self.after, metered=self.metered)

    @property
    def at_stake(self) -> Decimal:
        """What a threshold is compared with: what it costs for a cycle, now or afterwards, whichever is more."""
        count = max(self.after, self.subscription.quantity if self.subscription else 0)
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
        tier = self.seen.tier
        if tier is None or not tier.low:
            return None
        at = f"{tier.sell.normalize():f} {tier.currency}"
        margin = f"{tier.margin} %" if tier.margin is not None else "below nought"
        return Refused(
            f"{self.name}: at {at} your margin is {margin}, below the floor of {tier.floor_percent} % of {tier.listed}.",
            code="floor",
            hint="Confirm it, or publish another price first.",
        )


def other_terms(name: str, was: str, is_: str) -> str:
    return f"{name}: the terms were “{was}” and are now “{is_}”."


def cost(seen: Seen, quantity: int, *, metered: bool) -> Decimal | None:
    """What so many cost for a cycle, rounded once; None of a price that is not the reader's to know, and by usage."""
    if seen.price is None or metered:
        return None
    return Money(seen.price, seen.currency).times(quantity).rounded().amount


def totals(lines: Sequence[Checked]) -> dict[str, Decimal]:
    """What the lines cost for a cycle at the prices that the actor sees, by currency and cycle: "EUR monthly"."""
    found: dict[str, Decimal] = {}
    for line in lines:
        if line.wrong is None and line.total is not None and line.asked.kind in (*NEW, LineKind.QUANTITY):
            key = f"{line.seen.currency} {line.cycle}"
            found[key] = found.get(key, Decimal(0)) + line.total
    return dict(sorted(found.items()))


@dataclass(frozen=True)
class Asking:
    """What an order would ask of one instance: `adding`, the name of each new offer and what the vendor switches on for it;
    `turning`, the subscriptions that it suspends (True) or lifts.
    """

    instance: UUID
    name: str
    adding: tuple[tuple[str, Mapping[str, Any]], ...]
    turning: Mapping[UUID, bool]


def by_instance(lines: Sequence[Checked]) -> list[Asking]:
    """Of the lines against which nothing stands, those that the vendor hears of at once."""
    found: dict[UUID, list[Checked]] = {}
    for line in lines:
        if line.asked.kind in HEARD and line.wrong is None and line.instance is not None:
            found.setdefault(line.instance, []).append(line)
    return [
        Asking(
            instance,
            next((row.instance_name for row in rows if row.instance_name), ""),
            tuple((row.name, row.offer.provides) for row in rows if row.offer),
            {row.subscription.pk: row.asked.kind == LineKind.SUSPEND for row in rows if row.subscription},
        )
        for instance, rows in found.items()
    ]


def facts(lines: Sequence[Checked]) -> str:
    """A digest of what an approver saw: terms, prices, quantities and margins as they stand."""
    return digest.of(
        [[one.code, one.terms, one.price, one.currency, one.before, one.after, one.low is not None] for one in lines]
    )
