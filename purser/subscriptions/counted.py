"""What a vendor counts is charged once: a customer has one subscription for each meter of a tenant. Source: decision 0011."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from purser.kernel.errors import Refused
from purser.postgres import tenancy
from purser.subscriptions.buyers import Buyer
from purser.subscriptions.models import LIVE, Subscription
from purser.subscriptions.wanted import NEW, Checked


def once(buyer: Buyer, lines: Sequence[Checked]) -> list[Checked]:
    """The lines; against one that would count again what is counted stands what does, in one query for all. Takes the buyer's
    seat.
    """
    if not any(_counts(one) for one in lines):
        return list(lines)
    with tenancy.acting_in(buyer.id):
        live = Subscription.objects.filter(metered=True, state__in=LIVE).order_by("ordered_at", "id")
        by: dict[tuple[UUID | None, str], str]
        by = {(row.instance, row.meter): f"{row.offer_name} ({row.number})" for row in live}
    found = []
    for one in lines:
        key = (one.instance, one.offer.meter) if one.offer is not None and _counts(one) else None
        if key is not None and key in by:
            text = f"{by[key]} is billed by the same usage; {one.name} beside it would charge it twice."
            hint = "Order it once that has ended, or take one of the two."
            one = replace(one, wrong=Refused(text, code="counted", hint=hint))
        elif key is not None:
            by[key] = one.name
        found.append(one)
    return found


def _counts(line: Checked) -> bool:
    return line.asked.kind in NEW and line.wrong is None and line.offer is not None and line.offer.metered
