"""What each tenant has of a partner's units, for a bill of the partner's own. Shares sum to the charge, always."""

from __future__ import annotations

from collections.abc import Mapping

from purser.kernel.errors import Refused


def split(units: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Whole units in proportion to the weights, by largest remainder; of equal remainders the first name goes first.

    With Metered.day.units and Metered.weights: what each tenant has of a day. Source: acceptance CS-69.
    """
    total = sum(weights.values())
    if not total:
        if units:
            raise Refused(f"{units} units and nobody they could be shared by: every weight is 0.", code="shares")
        return dict.fromkeys(weights, 0)
    if units == total:
        return dict(weights)
    parts = {name: units * weight // total for name, weight in weights.items()}
    missing = units - sum(parts.values())
    for name in sorted(weights, key=lambda name: (-(units * weights[name] % total), name))[:missing]:
        parts[name] += 1
    return parts
