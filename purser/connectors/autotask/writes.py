"""Our values as what Autotask takes, and our ids of its services."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from purser.connectors.autotask.wire import INT32, KINDS, SERVICE, Kind
from purser.connectors.ports.psa import Adjustment
from purser.kernel.errors import Refused


def day(on: date) -> str:
    return f"{on.isoformat()}T00:00:00"


def line_of(service_id: str) -> tuple[Kind, int] | None:
    """`service:12` or `bundle:7` as kind and id of the line, None for anything else."""
    word, _, number = service_id.partition(":")
    kind = next((k for k in KINDS if k.word == word), None)
    return (kind, int(number)) if kind and whole(number) else None


def whole(text: str) -> bool:
    """Whether a text is an id as Autotask has them."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def adjustment(a: Adjustment) -> tuple[str, dict[str, Any]]:
    """Path and body of the POST. Raises Refused for what Autotask cannot hold."""
    found = line_of(a.service_id)
    if found is None or not whole(a.agreement_id):
        raise Refused(
            f"{a.service_id!r} on contract {a.agreement_id!r} is not a service of Autotask.",
            code="not_found",
            hint="Link the resource to a service of the contract again.",
        )
    kind, number = found
    if not a.delta.is_finite() or a.delta != a.delta.to_integral_value():
        raise Refused(
            f"Autotask counts whole units: {a.units_before} cannot change to {a.units_after}.",
            code="whole_units",
            hint="Link a resource that is counted in whole units.",
        )
    if not -INT32 <= a.delta < INT32:
        raise Refused(
            f"A change of {a.delta} units is more than the {INT32 - 1} that Autotask takes.",
            code="limit",
            hint="Check the count at the marketplace.",
        )
    body = {
        "contractID": int(a.agreement_id),
        kind.line_id: number,
        "unitChange": int(a.delta),
        "effectiveDate": day(a.effective_on),
    }
    prices = {"adjustedUnitPrice": a.unit_price, "adjustedUnitCost": a.unit_cost}
    if kind is SERVICE:  # a bundle's adjustment changes its count only
        body |= {name: _price(name, price) for name, price in prices.items() if price is not None}
    if not a.delta and "adjustedUnitPrice" not in body and "adjustedUnitCost" not in body:
        raise Refused("There is neither a change of units nor a price to send.", code="validation")
    return f"Contracts/{a.agreement_id}/{kind.adjustments}", body


def _price(name: str, price: Decimal) -> Decimal:
    if not price.is_finite() or Decimal(repr(float(price))) != price:
        raise Refused(
            f"{name} {price} has more digits than Autotask keeps.",
            code="validation",
            hint="Round the price on the link.",
        )
    return price
