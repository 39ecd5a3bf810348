"""Units bought in advance, by the package."""

from __future__ import annotations

from dataclasses import dataclass

from purser.kernel.errors import Refused
from purser.kernel.money import Money


@dataclass(frozen=True)
class Package:
    """`units` at `unit_price` each for `price`. Refused where that does not multiply out. Source: acceptance F-1."""

    code: str
    units: int
    unit_price: Money
    price: Money

    def __post_init__(self) -> None:
        if self.units < 1:
            raise Refused(f"Package {self.code} has {self.units} units; it takes at least 1.", code="package")
        product = self.unit_price.times(self.units)
        if product != self.price:
            told = f"{self.units} x {self.unit_price} = {product}, not {self.price}"
            raise Refused(f"Package {self.code} does not multiply out: {told}.", code="package")


def needed(*, balance: int, package: Package) -> int:
    """How many packages bring a balance below 0 back to 0 or more, and no more than that. Source: acceptance F-2, F-3."""
    return -(balance // package.units) if balance < 0 else 0
