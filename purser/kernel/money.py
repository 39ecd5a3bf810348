"""Money: exact decimals with a currency, rounded half-up once, at the line. Source: acceptance, conventions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

# ISO 4217 minor units that are not two.
MINOR = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "UYI": 0, "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip


class MixedCurrencies(TypeError):
    """Two currencies met in one sum. A defect."""


@dataclass(frozen=True)
class Money:
    amount: Decimal
    currency: str

    def __add__(self, other: Money) -> Money:
        if other.currency != self.currency:
            raise MixedCurrencies(f"{self.currency} and {other.currency} do not add up.")
        return Money(self.amount + other.amount, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __sub__(self, other: Money) -> Money:
        return self + -other

    def times(self, factor: Decimal | int) -> Money:
        """Exact: round when the line is complete."""
        return Money(self.amount * factor, self.currency)

    def rounded(self) -> Money:
        """Half-up (away from zero) to the currency's minor unit."""
        return Money(self.amount.quantize(_step(self.currency), rounding=ROUND_HALF_UP), self.currency)

    def split(self, weights: Sequence[Decimal | int]) -> list[Money]:
        """Parts in proportion to `weights` that sum to the rounded whole, by largest remainder."""
        total = sum((Decimal(w) for w in weights), Decimal(0))
        if total <= 0 or any(Decimal(w) < 0 for w in weights):
            raise ValueError("Weights must not be negative, and not all be nought.")
        step = _step(self.currency)
        whole = self.rounded().amount
        exact = [whole * Decimal(w) / total for w in weights]
        parts = [e.quantize(step, rounding=ROUND_DOWN) for e in exact]
        missing = int((whole - sum(parts, Decimal(0))) / step)
        by_remainder = sorted(range(len(parts)), key=lambda i: (-abs(exact[i] - parts[i]), i))
        for i in by_remainder[: abs(missing)]:
            parts[i] += step if missing > 0 else -step
        return [Money(p, self.currency) for p in parts]

    def __str__(self) -> str:
        return f"{self.amount:f} {self.currency}"


def _step(currency: str) -> Decimal:
    return Decimal(1).scaleb(-MINOR.get(currency, 2))
