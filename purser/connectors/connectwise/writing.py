"""The calls that change additions, each checked against what came back."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from purser.connectors.connectwise import change, wire
from purser.connectors.connectwise.client import Client
from purser.connectors.connectwise.wire import Addition
from purser.connectors.ports.psa import Adjustment
from purser.kernel.errors import Failure, Missing, Unsure


def additions_path(agreement_id: str) -> str:
    return f"{agreement_path(agreement_id)}/additions"


def agreement_path(agreement_id: str) -> str:
    """Nothing but digits goes into a path. Raises Missing for an id that has anything else."""
    if not (agreement_id.isascii() and agreement_id.isdigit()):
        raise Missing(f"{agreement_id[:40]!r} is no agreement of ConnectWise.", code="not_found")
    return f"/finance/agreements/{agreement_id}"


def take(client: Client, step: change.Step, adjustment: Adjustment, *, once: str) -> str:
    """Make one call. Returns the addition's id, or "" where the answer's id is not the one that can be read.

    Raises what the client raises; Unsure(code="malformed") when the answer is not the record that was sent.
    """
    path = additions_path(adjustment.agreement_id)
    if isinstance(step, change.Delete):
        client.write("DELETE", f"{path}/{step.addition.id}")
        return ""
    if isinstance(step, change.Add):
        made = _addition(client.write("POST", path, _added(step, adjustment, once)))
        ours = made.serial == change.mark(once) and made.starts_on == adjustment.effective_on
        _same(ours and made.quantity == step.quantity and made.product_id == step.like.product_id, made)
        return _confirmed(client, path, made)
    made = _addition(client.write("PATCH", f"{path}/{step.addition.id}", _patched(step, adjustment, once)))
    held = made.quantity == step.quantity if isinstance(step, change.Set) else made.ends_on == step.on
    _same(held and made.id == step.addition.id, made)
    return str(made.id)


def take_back(client: Client, taken: Sequence[change.Step], reference: str, adjustment: Adjustment) -> bool:
    """Delete a new addition whose predecessor could not be ended. True when with that nothing has changed."""
    if not (len(taken) == 1 and isinstance(taken[0], change.Add) and reference):
        return False
    try:
        client.write("DELETE", f"{additions_path(adjustment.agreement_id)}/{reference}")
    except Failure:
        return False
    return True


def double(value: Decimal | None) -> Decimal | None:
    """The number that ConnectWise will keep: the shortest that makes the same double."""
    return None if value is None else Decimal(repr(float(value)))


def _confirmed(client: Client, path: str, made: Addition) -> str:
    """An id is not taken on trust: it is ours if the addition read under it carries our mark."""
    try:
        row = client.get(f"{path}/{made.id}", record=True)
        seen = wire.read([row], wire.addition, "addition").items.get(made.id)
    except Failure:
        return ""
    return str(made.id) if seen is not None and seen.serial == made.serial else ""


def _added(step: change.Add, adjustment: Adjustment, once: str) -> dict[str, Any]:
    """The new addition: the terms of the one it is like, with the adjustment's prices where it gives them."""
    like = step.like
    price = like.unit_price if adjustment.unit_price is None else adjustment.unit_price
    cost = like.unit_cost if adjustment.unit_cost is None else adjustment.unit_cost
    body = {
        "product": {"id": like.product_id},
        "quantity": double(step.quantity),
        "lessIncluded": double(step.less_included),
        "unitPrice": double(price),
        "unitCost": double(cost),
        "billCustomer": like.billing,
        "taxableFlag": like.taxable,
        "effectiveDate": wire.stamp(adjustment.effective_on),
        "cancelledDate": wire.stamp(step.ends_on) if step.ends_on else None,
        "invoiceDescription": adjustment.invoice_text or like.invoice_text or None,
        "serialNumber": change.mark(once),
    }
    return {name: value for name, value in body.items() if value is not None}


def _patched(step: change.Set | change.End, adjustment: Adjustment, once: str) -> list[dict[str, Any]]:
    values: dict[str, Any] = {}
    if isinstance(step, change.End):
        values["cancelledDate"] = wire.stamp(step.on)
    else:
        values["quantity"] = double(step.quantity)
        if step.priced and adjustment.unit_price is not None:
            values["unitPrice"] = double(adjustment.unit_price)
        if step.priced and adjustment.unit_cost is not None:
            values["unitCost"] = double(adjustment.unit_cost)
        if step.priced and adjustment.invoice_text:
            values["invoiceDescription"] = adjustment.invoice_text
    if change.may_mark(step.addition):
        values["serialNumber"] = change.mark(once)
    return [{"op": "replace", "path": path, "value": value} for path, value in values.items()]


def _addition(row: Any) -> Addition:
    """The record a write answered with. Raises Unsure: it was accepted, but not by what came back."""
    rows = wire.read([row], wire.addition, "addition")
    for addition in rows.items.values():
        return addition
    raise Unsure(f"The answer to a write cannot be used: {'; '.join(rows.faults)}.", code="malformed")


def _same(claim: bool, made: Addition) -> None:
    if not claim:
        raise Unsure(f"The answer to a write is addition {made.id}, not the one that was sent.", code="malformed")
