"""The simulator: two policies or two price lists over a partner's own closed days."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import Field

from purser.api.schemas.common import Given, Out, Sent
from purser.api.schemas.sides import Money
from purser.billing.usage import comparing
from purser.kernel import money


class SimulatedTerms(Sent):
    billable_days: int = Field(25, ge=1, le=31)
    ratchet: bool = True
    true_up: bool = True
    carry_over: bool = True
    scope: Literal["partner", "tenant"] = "partner"


class OwnPackage(Sent):
    units: int = Field(ge=1, le=1_000_000_000)
    unit_price: Given


class Side(Sent):
    """Without `terms` yours, without a package your default one. `package`: `<number of the price list>:<code>`."""

    terms: SimulatedTerms | None = None
    package: str = Field("", max_length=60)
    own: OwnPackage | None = None


class Simulate(Sent):
    a: Side
    b: Side
    months: int = Field(13, ge=1, le=13)


class SimulatedMonth(Out):
    month: date
    users: int
    peak: int
    units: int
    worth: Money
    bought: int
    paid: Money
    balance: int


class Simulated(Out):
    """`worth` are the units at the price for one, `paid` the packages bought."""

    package: str
    units: int
    worth: Money
    bought: int
    paid: Money
    months: list[SimulatedMonth]


class Simulation(Out):
    first: date
    last: date
    opening: int
    a: Simulated
    b: Simulated


def choice(side: Side) -> comparing.Choice:
    """As the simulator takes it. Raises Refused."""
    held = side.terms
    rule = comparing.terms_of(**held.model_dump()) if held else None
    if side.own is not None:
        return comparing.Choice(rule, "own", side.own.units, side.own.unit_price)
    return comparing.Choice(rule, side.package)


def simulation(found: comparing.Comparison) -> Simulation:
    a, b = (_simulated(side) for side in found.sides)
    return Simulation(first=found.first, last=found.last, opening=found.opening, a=a, b=b)


def _simulated(side: comparing.Side) -> Simulated:
    return Simulated(
        package=side.package.code,
        units=side.total.units,
        worth=_money(side.total.used),
        bought=side.total.bought,
        paid=_money(side.total.paid),
        months=[
            SimulatedMonth(
                month=one.first,
                users=one.users,
                peak=one.peak,
                units=one.units,
                worth=_money(one.used),
                bought=one.bought,
                paid=_money(one.paid),
                balance=one.balance,
            )
            for one in side.months
        ],
    )


def _money(one: money.Money) -> Money:
    return Money(amount=one.amount, currency=one.currency)
