"""The chart: what kinds of account there are, which units each may hold, and how fine an amount of a unit can be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from purser.kernel.errors import Refused
from purser.kernel.money import MINOR

UNIT = "UNIT"  # units of a linked service, whole or not
DSU = "DSU"  # daily service units
MONEY = "money"  # any currency, by its ISO 4217 code

PLACES = {UNIT: 6, DSU: 0}
LARGEST = Decimal(10) ** 17
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True)
class Kind:
    """`holds` are units, or MONEY. `clearing`: on its way, so each (`of` tells of what) must come to 0."""

    name: str
    holds: tuple[str, ...]
    clearing: bool = False


ANY = (UNIT, DSU, MONEY)
# An amount above 0 is what the owner of the books has, below 0 where it came from.
KINDS = {
    kind.name: kind
    for kind in (
        Kind("psa", (UNIT,)),  # units billed by the PSA, of a link
        Kind("marketplace", (UNIT,)),  # units that the marketplace sold, of a link
        Kind("hand", (UNIT,)),  # units that somebody changed in the PSA by hand, of a link
        Kind("balance", (DSU,)),  # what the partner may still use; below 0 it owes
        Kind("used", (DSU,)),  # what its days have cost
        Kind("sold", (DSU,)),  # what came in packages
        Kind("free", (DSU,)),  # what came at the start of the programme, at no price
        Kind("card", (MONEY,), clearing=True),  # asked of a card, of a payment, until the provider has paid
        Kind("paid", (MONEY,)),  # what the provider has paid
        Kind("revenue", (MONEY,)),
        Kind("tax", (MONEY,)),
        Kind("opening", ANY),  # what was there before these books
        Kind("adjustments", ANY),
        Kind("suspense", ANY, clearing=True),  # what nobody can assign yet
    )
}


def kind(name: str) -> Kind:
    """Raises Refused: a kind that the chart does not name cannot be posted to."""
    if name not in KINDS:
        raise Refused(f"There is no kind of account {name!r}; the chart has {', '.join(KINDS)}.", code="account")
    return KINDS[name]


def check(*, account: str, unit: str, amount: Decimal) -> None:
    """Refuse an amount that the account cannot hold: code "account", "unit" or "amount"."""
    if (wrong := wrong_unit(account=account, unit=unit)) is not None:
        raise Refused(wrong, code="unit")
    if not amount or not amount.is_finite() or abs(amount) >= LARGEST:
        raise Refused(f"{amount} {unit} on {account}: an amount is not 0, and less than {LARGEST:f}.", code="amount")
    if too_fine(unit=unit, amount=amount):
        raise Refused(f"{amount} {unit} on {account}: {unit} has {places(unit)} decimals at most.", code="amount")


def wrong_unit(*, account: str, unit: str) -> str | None:
    """Why an account of this kind cannot be in `unit`; None where it can."""
    holds = kind(account).holds
    if unit in holds or (MONEY in holds and unit not in PLACES and _CURRENCY.fullmatch(unit)):
        return None
    return f"An account {account!r} holds {' or '.join(holds)}, not {unit!r}."


def places(unit: str) -> int:
    return PLACES[unit] if unit in PLACES else MINOR.get(unit, 2)


def too_fine(*, unit: str, amount: Decimal) -> bool:
    """Whether the amount has decimals that its unit has not, nought or not."""
    return amount % 1 != 0 and amount != round(amount, places(unit))
