"""One digest for all that an entry says: a repeat is known by it, and a row edited behind the walls."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from purser.kernel import digest


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of an entry: `account` (its kind and the thing it is about), and a signed amount in `unit`."""

    account: str
    of: UUID | None
    unit: str
    amount: Decimal


def of(*, kind: str, on: date, source: str, text: str, reverses: UUID | None, legs: Iterable[Leg]) -> str:
    """SHA-256 in hex; the order of the legs, and how an amount is spelt, make no difference."""
    said = [kind, on.isoformat(), source, text, str(reverses or "")]
    said += sorted(f"{leg.account} {leg.of or ''} {leg.unit} {digest.units(leg.amount)}" for leg in legs)
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
