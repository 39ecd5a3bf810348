"""What an entry says, and one digest for all of it: a repeat is known by it, and a row edited behind the walls."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quoted
from uuid import UUID

from purser.kernel import digest


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of an entry: `account` (its kind and the thing it is about), and a signed amount in `unit`."""

    account: str
    of: UUID | None
    unit: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to be made. `source` names its cause: what is posted twice under one source is posted once."""

    kind: str
    on: date
    source: str
    legs: Sequence[Leg]
    text: str = ""


def of(*, kind: str, on: date, source: str, text: str, reverses: UUID | None, legs: Iterable[Leg]) -> str:
    """SHA-256 in hex; the order of the legs, and how an amount is spelt, make no difference."""
    said = [kind, on.isoformat(), source, text, str(reverses or "")]
    said += sorted([f"{leg.account} {leg.of or ''} {leg.unit} {digest.units(leg.amount)}" for leg in legs])
    # as json.dumps writes a list of texts; an encoder for each would take longer than the digest
    return hashlib.sha256(f"[{', '.join(map(quoted, said))}]".encode()).hexdigest()
