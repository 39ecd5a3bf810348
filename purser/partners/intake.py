"""What operations took in: each order is kept before anything is done for it, so that one which was cut off between the
customer's record and the operator's is found, and completed or undone. All in the operator's seat. Source: reliability P19.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from purser.kernel.errors import Missing, Refused
from purser.partners.models import OrderState, OrderTaken

STEPS: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.BEGUN: frozenset({OrderState.DONE, OrderState.UNDONE}),
    OrderState.UNDONE: frozenset({OrderState.BEGUN}),  # the same order comes again
    OrderState.DONE: frozenset(),
}
MOST = 200  # shown: there are a few in a bad year


def begin(
    number: str, content: dict[str, Any], *, target: UUID, name: str, by: str, now: datetime
) -> tuple[OrderTaken, OrderState | None]:
    """The order's row, and the state it was in; None where this call made it. Raises Refused for a number that was taken
    with other content.
    """
    values = {"content": content, "target": target, "customer_name": name[:200], "taken_by_name": by[:254], "tried_at": now}
    row, made = OrderTaken.objects.select_for_update().get_or_create(number=number, defaults=values)
    if made:
        return row, None
    was = OrderState(row.state)
    if was == OrderState.UNDONE:
        for field, value in values.items():
            setattr(row, field, value)
        row.save(update_fields=list(values))
        step(row, OrderState.BEGUN)
    elif row.content != content:
        raise Refused(f"The order {number} was taken with other content.", code="order_number", hint="Give it a new number.")
    elif was == OrderState.BEGUN:
        again(row, now)
    return row, was


def again(row: OrderTaken, now: datetime) -> None:
    """Note that somebody is at it."""
    row.tried_at = now
    row.save(update_fields=["tried_at"])


def half_done() -> list[OrderTaken]:
    """The orders that were begun and are neither done nor undone, the oldest first. One under way is among them."""
    return list(OrderTaken.objects.filter(state=OrderState.BEGUN).order_by("tried_at", "id")[:MOST])


def one(id: UUID) -> OrderTaken:
    """A half-done order, locked. Raises Missing."""
    row = OrderTaken.objects.select_for_update().filter(pk=id, state=OrderState.BEGUN).first()
    if row is None:
        raise Missing("There is no such half-done order.")
    return row


def step(row: OrderTaken, to: OrderState) -> None:
    """Raises Refused for a step that there is not."""
    if to not in STEPS[OrderState(row.state)]:
        raise Refused(f"The order {row.number} is {row.state}; it cannot become {to.value}.", code="state")
    row.state = to
    row.save(update_fields=["state"])


def settle(id: UUID, to: OrderState) -> bool:
    """Done or undone; False where it is so already, by another call of the same order."""
    row = OrderTaken.objects.select_for_update().get(pk=id)
    if row.state == to:
        return False
    step(row, to)
    return True


def refused(id: UUID, was: OrderState | None) -> None:
    """The order was refused: it is again what it was before this try, and nothing is kept of a new one."""
    if was is None:
        OrderTaken.objects.filter(pk=id, state=OrderState.BEGUN).delete()
    elif was == OrderState.UNDONE:
        settle(id, OrderState.UNDONE)
