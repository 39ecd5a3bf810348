"""Where a purchase and a refund may go from where they are. Whatever is not in the tables is a defect or a race, and refused.

Source: architecture, Style 6; acceptance CS-62, CS-66.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from purser.billing.models import Purchase, PurchaseState, Refund, RefundState
from purser.billing.models.paying import OPEN as OPEN
from purser.kernel.errors import Refused
from purser.lists.model import Sign

P, R = PurchaseState, RefundState
PURCHASE: Mapping[PurchaseState, frozenset[PurchaseState]] = {
    P.BEGUN: frozenset({P.CHARGING, P.DECLINED, P.CANCELLED}),
    P.CHARGING: frozenset({P.PAID, P.DECLINED, P.WAITS, P.UNSURE}),
    P.UNSURE: frozenset({P.PAID, P.DECLINED, P.WAITS, P.CHARGING}),  # CHARGING: the provider has it, and is at it
    P.WAITS: frozenset({P.PAID, P.CHARGING, P.CANCELLED}),  # CHARGING: by another card
    P.DECLINED: frozenset({P.CHARGING, P.CANCELLED}),
    P.PAID: frozenset(),
    P.CANCELLED: frozenset(),
}
REFUND: Mapping[RefundState, frozenset[RefundState]] = {
    R.INTENDED: frozenset({R.PENDING, R.DONE, R.FAILED, R.UNSURE}),
    R.UNSURE: frozenset({R.PENDING, R.DONE, R.FAILED}),
    R.PENDING: frozenset({R.DONE, R.FAILED}),
    R.DONE: frozenset({R.FAILED}),  # the payer's bank sent it back, days later
    R.FAILED: frozenset(),
}
# Nobody may take these back: money may be on its way.
UNDER_WAY = frozenset({P.CHARGING, P.UNSURE})

SIGNS = {
    P.BEGUN.value: Sign("Begun", "note", "progress"),
    P.CHARGING.value: Sign("Asked of the card", "note", "progress"),
    P.UNSURE.value: Sign("Answer lost", "warn", "hourglass"),
    P.WAITS.value: Sign("Waits for the card's holder", "warn", "hourglass"),
    P.DECLINED.value: Sign("Declined", "bad", "alert-triangle"),
    P.PAID.value: Sign("Paid", "good", "circle-check"),
    P.CANCELLED.value: Sign("Cancelled", "plain", "ban"),
}
REFUND_SIGNS = {
    R.INTENDED.value: Sign("Begun", "note", "progress"),
    R.UNSURE.value: Sign("Answer lost", "warn", "hourglass"),
    R.PENDING.value: Sign("Under way", "note", "progress"),
    R.DONE.value: Sign("Done", "good", "circle-check"),
    R.FAILED.value: Sign("Failed", "bad", "alert-triangle"),
}


def step(row: Purchase | Refund, to: PurchaseState | RefundState, **fields: Any) -> None:
    """Take a locked row to another state and save it, with these fields. Raises Refused(code="state")."""
    table: Mapping[Any, frozenset[Any]] = PURCHASE if isinstance(row, Purchase) else REFUND
    if to not in table[type(to)(row.state)]:
        raise Refused(f"{row.number} is {row.state} and cannot become {to.value}.", code="state", hint="Reload the page.")
    keep(row, state=to.value, **fields)


def keep(row: Purchase | Refund, **fields: Any) -> None:
    """Save these fields of a locked row; a purchase's version counts on."""
    if isinstance(row, Purchase):
        fields["version"] = row.version + 1
    for name, value in fields.items():
        setattr(row, name, value)
    row.save(update_fields=list(fields))
